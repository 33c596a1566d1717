// Copyright (c) 2026, roundrobin.tomcat contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later
package org.roundrobin.tomcat;

import java.io.File;
import java.io.IOException;
import java.net.URL;
import java.net.URLClassLoader;
import java.util.LinkedHashMap;
import java.util.Map;
import org.apache.catalina.Context;
import org.apache.catalina.Lifecycle;
import org.apache.catalina.LifecycleEvent;
import org.apache.catalina.LifecycleException;
import org.apache.catalina.LifecycleListener;
import org.apache.catalina.Manager;
import org.apache.juli.logging.Log;
import org.apache.juli.logging.LogFactory;
import org.apache.tomcat.util.IntrospectionUtils;

/**
 * Gives an application the session manager of a store, and keeps the classes of that store out of the application's sight.
 *
 * <p>Whatever lies in lib can be seen by every application: it would find the libraries of the store there, of other versions than its own.
 * So the jars of the store lie in session-store, beside lib, and have a class loader of their own. Its parent is Tomcat's: the store sees
 * Tomcat, and neither Tomcat nor an application sees the store. This class alone is in lib, with nothing but Tomcat and the JDK in it.
 *
 * <p>In context.xml it stands in the place of a Manager: the attribute "manager" is the class of the session manager, all others are its
 * settings. An application that has a Manager in a context.xml of its own keeps that one.
 */
public class SessionStore implements LifecycleListener {
    private static final Log log = LogFactory.getLog(SessionStore.class);
    // One for all applications: it stays when one of them is replaced, and managers of several versions of one know each other.
    private static ClassLoader classes;

    private final Map<String, String> settings = new LinkedHashMap<>();
    private String className;
    private Manager manager;

    public void setManager(String name) {
        className = name;
    }

    /** Tomcat calls this for each attribute that has no method of its own. */
    public boolean setProperty(String name, String value) {
        settings.put(name, value);
        return true;
    }

    /** All files context.xml have been read, and Tomcat has not given the application a manager of its own yet. */
    @Override
    public void lifecycleEvent(LifecycleEvent event) {
        if (!Lifecycle.BEFORE_START_EVENT.equals(event.getType())) {
            return;
        }
        Context context = (Context) event.getLifecycle();
        Manager before = context.getManager();
        if (before != null && before != manager) {
            log.warn(context.getBaseName() + " has a Manager of its own, so its sessions are not in the store: "
                + before.getClass().getName());
            return;
        }
        // One for each start, also for a reload: what a manager closes when the application is stopped, it does not open again.
        manager = newManager();
        context.setManager(manager);
        if (before != null) {
            destroy(before);
        }
    }

    private Manager newManager() {
        try {
            Manager made = (Manager) classes().loadClass(className).getConstructor().newInstance();
            settings.forEach((name, value) -> {
                if (!IntrospectionUtils.setProperty(made, name, value)) {
                    log.warn(className + " has no setting " + name);
                }
            });
            ((Lifecycle) made).addLifecycleListener(new OwnThreads());
            return made;
        } catch (ReflectiveOperationException | ClassCastException | LinkageError | IOException e) {
            // The application does not start: without the store its sessions would be lost.
            throw new IllegalStateException("The session manager " + className + " cannot be made from the jars in " + directory(), e);
        }
    }

    private static void destroy(Manager stopped) {
        try {
            ((Lifecycle) stopped).destroy();
        } catch (LifecycleException e) {
            throw new IllegalStateException(e);
        }
    }

    private static File directory() {
        return new File(System.getProperty("catalina.base"), "session-store");
    }

    private static synchronized ClassLoader classes() throws IOException {
        if (classes == null) {
            File[] jars = directory().listFiles((parent, name) -> name.endsWith(".jar"));
            if (jars == null) {
                throw new IOException(directory() + " cannot be read");
            }
            URL[] urls = new URL[jars.length];
            for (int i = 0; i < jars.length; i++) {
                urls[i] = jars[i].toURI().toURL();
            }
            classes = new OwnClassesFirst(urls, SessionStore.class.getClassLoader());
        }
        return classes;
    }

    /** What an administrator has put into lib goes for the applications, not for the store. */
    private static final class OwnClassesFirst extends URLClassLoader {
        static {
            registerAsParallelCapable();
        }

        OwnClassesFirst(URL[] jars, ClassLoader parent) {
            super(jars, parent);
        }

        @Override
        protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
            synchronized (getClassLoadingLock(name)) {
                if (findLoadedClass(name) == null && findResource(name.replace('.', '/') + ".class") != null) {
                    findClass(name);
                }
                return super.loadClass(name, resolve);
            }
        }
    }

    /** The threads that the manager starts outlive the application for a moment: they are the store's, not of the application's loader. */
    private static final class OwnThreads implements LifecycleListener {
        private ClassLoader before;

        @Override
        public void lifecycleEvent(LifecycleEvent event) {
            Thread thread = Thread.currentThread();
            if (Lifecycle.BEFORE_START_EVENT.equals(event.getType())) {
                before = thread.getContextClassLoader();
                thread.setContextClassLoader(event.getLifecycle().getClass().getClassLoader());
            } else if (Lifecycle.AFTER_START_EVENT.equals(event.getType())) {
                thread.setContextClassLoader(before);
            }
        }
    }
}
