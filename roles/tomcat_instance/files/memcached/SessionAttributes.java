// Copyright (c) 2026, roundrobin.tomcat contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later
package org.roundrobin.tomcat;

import de.javakaffee.web.msm.JavaSerializationTranscoderFactory;
import de.javakaffee.web.msm.MemcachedBackupSession;
import de.javakaffee.web.msm.MemcachedSessionService;
import de.javakaffee.web.msm.SessionAttributesTranscoder;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.io.ObjectStreamClass;
import java.lang.reflect.Modifier;
import java.lang.reflect.Proxy;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.apache.juli.logging.Log;
import org.apache.juli.logging.LogFactory;

/**
 * The attributes of a session as bytes, in the format of MSM's own class. Of one that cannot be written or read all others are kept:
 * MSM's class leaves bytes that nobody can read, or reads none.
 */
final class SessionAttributes extends JavaSerializationTranscoderFactory implements SessionAttributesTranscoder {
    private static final Log LOG = LogFactory.getLog(SessionAttributes.class);
    private static final int ATTEMPTS = 10;

    private final MemcachedStore store;

    SessionAttributes(MemcachedStore store) {
        this.store = store;
    }

    @Override
    public SessionAttributesTranscoder createTranscoder(MemcachedSessionService.SessionManager manager) {
        return this;
    }

    @Override
    public byte[] serializeAttributes(MemcachedBackupSession session, ConcurrentMap<String, Object> attributes) {
        Map<String, String> notWritten = new HashMap<>();
        Map<String, Object> values = ((MemcachedSession) session).writable(attributes, notWritten);
        String name = null;
        int attempt = 1;
        while (true) {
            ByteArrayOutputStream bytes = new ByteArrayOutputStream();
            try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
                out.writeObject(values.size());
                for (Map.Entry<String, Object> attribute : values.entrySet()) {
                    name = attribute.getKey();
                    out.writeObject(name);
                    out.writeObject(attribute.getValue());
                }
                out.flush();
                ((MemcachedSession) session).notWritten(notWritten);
                return bytes.toByteArray();
            } catch (RuntimeException e) {
                // Another request may be changing it just now. Memcached keeps what it has: that request stores the session at its end.
                if (attempt++ == ATTEMPTS) {
                    throw new IllegalStateException("Attribute " + name + " cannot be written", e);
                }
                LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(1));
            } catch (IOException | LinkageError | StackOverflowError e) {
                notWritten.put(name, e.toString());
                values.remove(name);
            }
        }
    }

    @Override
    public ConcurrentMap<String, Object> deserializeAttributes(byte[] data) {
        ConcurrentMap<String, Object> attributes = new ConcurrentHashMap<>();
        try (ObjectInputStream in = new ApplicationObjects(data, store.manager.getContext().getLoader().getClassLoader())) {
            for (int left = (Integer) in.readObject(); left > 0; left--) {
                String name = (String) in.readObject();
                try {
                    attributes.put(name, in.readObject());
                } catch (ClassNotFoundException e) {
                    LOG.warn("Session " + store.reading.get() + " goes on without its attribute " + name + ": " + e);
                }
            }
            return attributes;
        } catch (Exception | LinkageError | VirtualMachineError e) { // the bytes may be any
            throw new IllegalStateException(e);
        }
    }

    /** Objects of the application. What is of a class that the application does not have, or no more as it was, is skipped when it is read. */
    private static final class ApplicationObjects extends ObjectInputStream {
        private final ClassLoader application;

        ApplicationObjects(byte[] data, ClassLoader application) throws IOException {
            super(new ByteArrayInputStream(data));
            this.application = application;
        }

        @Override
        protected Class<?> resolveClass(ObjectStreamClass written) throws IOException, ClassNotFoundException {
            Class<?> found;
            try {
                found = Class.forName(written.getName(), false, application);
            } catch (ClassNotFoundException e) {
                return super.resolveClass(written); // int and the like
            }
            ObjectStreamClass here = ObjectStreamClass.lookup(found);
            if (here != null && here.getSerialVersionUID() != written.getSerialVersionUID() && !mayDiffer(found)) {
                // Java's own exception would end the reading.
                throw new ClassNotFoundException(written + " is now " + here);
            }
            return found;
        }

        private static boolean mayDiffer(Class<?> found) {
            return found.isArray() || found.getSuperclass() != null && found.getSuperclass().getName().equals("java.lang.Record");
        }

        /** As Tomcat's CustomObjectInputStream finds it, which is final. */
        @Override
        @SuppressWarnings("deprecation") // there is no other way in Java 8
        protected Class<?> resolveProxyClass(String[] interfaces) throws ClassNotFoundException {
            Class<?>[] found = new Class<?>[interfaces.length];
            ClassLoader loader = application;
            for (int i = 0; i < interfaces.length; i++) {
                found[i] = Class.forName(interfaces[i], false, application);
                loader = Modifier.isPublic(found[i].getModifiers()) ? loader : found[i].getClassLoader();
            }
            try {
                return Proxy.getProxyClass(loader, found);
            } catch (IllegalArgumentException e) {
                throw new ClassNotFoundException(null, e);
            }
        }
    }
}
