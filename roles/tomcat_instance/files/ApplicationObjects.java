// Copyright (c) 2026, roundrobin.tomcat contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later
package org.roundrobin.tomcat;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InvalidClassException;
import java.io.ObjectInputStream;
import java.io.ObjectStreamClass;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.lang.reflect.Proxy;

/**
 * Reads objects of an application, whatever store they come from. One of a class that the application does not have, or no more as it was,
 * or that this Java refuses, is skipped: who reads several reads the next one.
 */
final class ApplicationObjects extends ObjectInputStream {
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
        Filter.check(found);
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
            Filter.check(found[i]);
            loader = Modifier.isPublic(found[i].getModifiers()) ? loader : found[i].getClassLoader();
        }
        try {
            return Proxy.getProxyClass(loader, found);
        } catch (IllegalArgumentException e) {
            throw new ClassNotFoundException(null, e);
        }
    }

    /** Whether something was not read because this Java refuses its class, or because it is deeper, larger or more than Java is to read. */
    static boolean isRefused(Throwable why) {
        return why instanceof RefusedException || why instanceof InvalidClassException && String.valueOf(why.getMessage()).startsWith("filter status");
    }

    /** The class is one that jdk.serialFilter refuses. */
    private static final class RefusedException extends ClassNotFoundException {
        private static final long serialVersionUID = 1L;

        RefusedException(Class<?> refused) {
            super("jdk.serialFilter refuses " + refused.getName());
        }
    }

    /**
     * What jdk.serialFilter says of a class, before Java itself asks it: Java's own refusal ends the reading, and does not name the class.
     * In Java 8 the filter is of another package than later.
     */
    private static final class Filter {
        private static final Object OF_JAVA;
        private static final Method CHECK;

        static {
            try {
                String name = isThere("java.io.ObjectInputFilter") ? "java.io.ObjectInputFilter" : "sun.misc.ObjectInputFilter";
                OF_JAVA = Class.forName(name + "$Config").getMethod("getSerialFilter").invoke(null);
                CHECK = Class.forName(name).getMethod("checkInput", Class.forName(name + "$FilterInfo"));
            } catch (ReflectiveOperationException e) {
                throw new ExceptionInInitializerError(e);
            }
        }

        private static boolean isThere(String name) {
            try {
                Class.forName(name);
                return true;
            } catch (ClassNotFoundException e) {
                return false;
            }
        }

        static void check(Class<?> found) throws RefusedException {
            if (OF_JAVA != null && answer(found).equals("REJECTED")) {
                throw new RefusedException(found);
            }
        }

        private static String answer(Class<?> found) {
            try {
                return CHECK.invoke(OF_JAVA, about(found)).toString();
            } catch (ReflectiveOperationException e) {
                throw new IllegalStateException(e);
            }
        }

        /** Of a class alone: its limits Java sees to. */
        private static Object about(Class<?> found) {
            Class<?>[] info = CHECK.getParameterTypes();
            return Proxy.newProxyInstance(info[0].getClassLoader(), info,
                (self, method, arguments) -> method.getReturnType() == long.class ? (Object) 0L : found);
        }
    }
}
