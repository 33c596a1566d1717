// Copyright (c) 2026, roundrobin.tomcat contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later
package org.roundrobin.tomcat;

import de.javakaffee.web.msm.JavaSerializationTranscoderFactory;
import de.javakaffee.web.msm.MemcachedBackupSession;
import de.javakaffee.web.msm.MemcachedSessionService;
import de.javakaffee.web.msm.SessionAttributesTranscoder;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
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
                    count(e);
                    LOG.warn("Session " + store.reading.get() + " goes on without its attribute " + name + ": " + e);
                }
            }
            return attributes;
        } catch (Exception | LinkageError | VirtualMachineError e) { // the bytes may be any
            count(e);
            throw new IllegalStateException(e);
        }
    }

    private void count(Throwable why) {
        if (ApplicationObjects.isRefused(why)) {
            store.refused.incrementAndGet();
        }
    }
}
