// Copyright (c) 2026, roundrobin.tomcat contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later
package org.roundrobin.tomcat;

import java.io.IOException;
import java.util.Map;
import org.apache.catalina.Session;
import org.redisson.tomcat.RedissonSession;
import org.redisson.tomcat.RedissonSessionManager;

/**
 * Redisson 3.39.0 on Tomcat 9.0, 10.1 and 11.0, without the ways in which its session manager serves what is not in Redis any more.
 *
 * <p>The attributes of a session are read from Redis and written to it at once. What else belongs to it (whether it is valid, who is logged
 * in) each Tomcat also has in an object of its own, which Redisson does not compare with Redis again. Most of this file does that.
 * docs/sessions.md lists what is lost without this class and what remains with it.
 *
 * <p>It uses no servlet API and compiles to Java 8, so that one source fits all three Tomcats.
 */
public class RedisSessionManager extends RedissonSessionManager {
    // Fields of a session in Redis, by the names that Redisson has for them.
    private static final String VALID = "session:isValid";
    private static final String PRINCIPAL = "session:principal";

    private final Object[] locks = new Object[64];

    public RedisSessionManager() {
        for (int i = 0; i < locks.length; i++) {
            locks[i] = new Object();
        }
    }

    @Override
    public Session createEmptySession() {
        return new StoredSession(this);
    }

    /**
     * Redis knows whether there is such a session. If it cannot be asked, that is an error: Redisson takes it for "no", and the user would be
     * given a new session in the place of his own.
     */
    @Override
    public Session findSession(String id) throws IOException {
        if (id == null) {
            return null;
        }
        Map<String, Object> stored = getMap(id).getAll(RedissonSession.ATTRS);
        StoredSession copy = (StoredSession) sessions.get(id);
        // A request that was still running when the session ended elsewhere has left some fields, but not this one.
        if (!Boolean.TRUE.equals(stored.get(VALID))) {
            if (copy != null) {
                superRemove(copy);
            }
            return null;
        }
        if (copy != null) {
            copy.comparedWith(stored);
            return super.findSession(id);
        }
        // Parallel requests that arrive after a move share one object: what synchronizes them is the session itself.
        synchronized (locks[id.hashCode() & locks.length - 1]) {
            return super.findSession(id);
        }
    }

    /** A session whose object in memory follows Redis. */
    private static final class StoredSession extends RedissonSession {
        private static final long serialVersionUID = 1L;
        private static final String LOGIN_SESSION_ID = "org.apache.catalina.authenticator.SESSION_ID";
        private static final String LOGIN_REQUEST = "org.apache.catalina.authenticator.REQUEST";

        private final transient RedisSessionManager redis;

        StoredSession(RedisSessionManager manager) {
            super(manager, ReadMode.REDIS, UpdateMode.DEFAULT, false, false);
            redis = manager;
        }

        void comparedWith(Map<String, Object> stored) {
            // Logged out elsewhere, with a session that goes on.
            if (principal != null && !stored.containsKey(PRINCIPAL)) {
                setPrincipal(null);
                setAuthType(null);
            }
            endUsage();
        }

        /**
         * Redisson remembers the attributes that it has read until no request uses the session any more. One slow request would keep them for
         * all that follow, also after a visit to another Tomcat: not counted, they are forgotten with every request.
         */
        @Override
        public void startUsage() {
            endUsage();
        }

        // ---- FORM login: Tomcat notes in the session for which request and which id it has shown the login page

        @Override
        public void setNote(String name, Object value) {
            super.setNote(name, value);
            if (LOGIN_REQUEST.equals(name)) {
                redis.getMap(getIdInternal()).fastPut(name, value);
            }
        }

        @Override
        public void removeNote(String name) {
            super.removeNote(name);
            if (LOGIN_REQUEST.equals(name)) {
                redis.getMap(getIdInternal()).fastRemove(name);
            }
        }

        @Override
        public Object getNote(String name) {
            Object note = super.getNote(name);
            if (note == null && LOGIN_REQUEST.equals(name)) {
                return redis.getMap(getIdInternal()).get(name);
            }
            // Answering the present id keeps what the note is for: the page was shown for this very session.
            boolean missing = note == null && LOGIN_SESSION_ID.equals(name) && getNote(LOGIN_REQUEST) != null;
            return missing ? getIdInternal() : note;
        }
    }
}
