// Copyright (c) 2026, roundrobin.tomcat contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later
package org.roundrobin.tomcat;

import de.javakaffee.web.msm.MemcachedBackupSession;
import de.javakaffee.web.msm.MemcachedBackupSessionManager;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.catalina.Container;
import org.apache.catalina.Context;
import org.apache.catalina.Manager;
import org.apache.catalina.Session;

/**
 * memcached-session-manager (MSM) 2.3.2 on Tomcat 9.0, 10.1 and 11.0, without the ways in which it loses sessions or serves old ones.
 *
 * <p>A session id is RANDOM-NODE.ROUTE: the memcached node that holds the session and the Tomcat that works on it, which also has it in
 * memory. With sticky="true" this is the protocol:
 *
 * <ul>
 *   <li>Each session has a record in memcached, under a key without the route: who owns the session, and how many requests the owner is
 *       serving with it. It is one number (see {@link SessionRecord}), so that every change of it is one atomic operation.
 *   <li>A request at the owner adds 1 to it when it begins, and waits for the answer, which says who the owner is. It subtracts 1 when it
 *       has stored the session, and waits for nothing.
 *   <li>A request elsewhere waits until the record says 0 requests, and replaces it by "mine, 1 request" if nobody has changed it meanwhile.
 *       It loads what the former owner has stored, gives the session its own route, and goes on. So it does not matter how old the cookie
 *       of a request is, and which Tomcats the requests of a page meet.
 *   <li>A former owner still has the session in memory. The answer to its next "add 1" names another owner: it takes the 1 back, forgets its
 *       copy, and does as a request elsewhere.
 *   <li>A record that has not changed for {@link SessionOwners#PATIENCE_MS} is replaced whatever it says: the owner is dead, or
 *       all of its requests are older than that. What such a request stores later is under a key that nobody reads any more.
 *   <li>The record of a session that ended says so. Where there is no record (memcached threw it away) the cookie's route counts.
 * </ul>
 *
 * <p>With sticky="false" a session is in memory only while requests work on it, and MSM counts them; {@link #hold} is about its miscounts.
 * docs/sessions.md lists what is lost without this class and what remains with it.
 *
 * <p>{@link MemcachedStore} is what MSM calls, {@link SessionOwners} is the protocol, {@link MemcachedSession} a session and
 * {@link SessionAttributes} its attributes as bytes.
 *
 * <p>They use no servlet API and compile to Java 8, so that the same sources fit all three Tomcats.
 */
public class MemcachedSessionManager extends MemcachedBackupSessionManager {
    private final AtomicLong sessionsCreated = new AtomicLong();
    private final MemcachedStore store = new MemcachedStore(this);

    public MemcachedSessionManager() {
        _msm = store;
    }

    /**
     * Whether sessions that MSM's own manager has stored are taken over, as when a chain that was set up by hand is replaced. MSM has the
     * same keys for all applications: meanwhile one may find the session of another, as it did before.
     */
    public void setTakesOverFromMsm(boolean takesOver) {
        store.takesOverFromMsm = takesOver;
    }

    // ---- What Tomcat changed since MSM was written

    /** Called for changeSessionId() and at logins. MSM knows only its predecessor and would not store the session under its new id. */
    @Override
    public String rotateSessionId(Session session) {
        String before = session.getIdInternal();
        String now = super.rotateSessionId(session);
        ((MemcachedBackupSession) session).setSessionIdChanged(true);
        store.followRename(before, (MemcachedSession) session);
        return now;
    }

    /** Tomcat 11 has no field sessionCounter any more, which MSM counts in. */
    @Override
    public void incrementSessionCounter() {
        sessionsCreated.incrementAndGet();
    }

    @Override
    public long getSessionCounter() {
        return sessionsCreated.get();
    }

    /**
     * What is lost when this Tomcat stops, for the status and the preflight of a rollout: three numbers. How many sessions memcached has
     * nothing of, the bytes of the largest of these where they are known, and how many sessions it has without some of their attributes.
     * A fourth number is how often something was not read since the application's start because jdk.serialFilter refuses it.
     */
    public String getNotStored() {
        int sessions = 0;
        int largest = 0;
        int incomplete = 0;
        for (Session each : findSessions()) {
            MemcachedSession session = (MemcachedSession) each;
            sessions += session.isNotStored ? 1 : 0;
            largest = Math.max(largest, session.tooLarge);
            incomplete += session.isNotStored || session.notWritten.isEmpty() ? 0 : 1;
        }
        return sessions + " " + largest + " " + incomplete + " " + store.refused;
    }

    /** A connection that nobody uses is not known to be broken, as after a restart of memcached: each node is asked something now and then. */
    @Override
    public void backgroundProcess() {
        super.backgroundProcess();
        store.touchNodes();
        if (store.isOwned()) {
            store.fillNodes();
        }
    }

    // ---- Finding a session

    @Override
    public MemcachedBackupSession newMemcachedBackupSession() {
        return new MemcachedSession(store);
    }

    @Override
    public Session findSession(String id) throws IOException {
        if (id == null) {
            return null;
        }
        if (store.isLeftAlone() && !isLoggedIn(id)) {
            return null;
        }
        if (store.isOwned()) {
            return store.inRequest() ? store.owners.use(id) : look(id);
        }
        Session found = super.findSession(id);
        return store.isSticky() || !store.inRequest() ? found : hold(id, found);
    }

    /** Through Tomcat, which looks for that with every request, the application's own pictures too. */
    private boolean isLoggedIn(String id) {
        Session known = store.isOwned() ? look(id) : null;
        return known != null && known.getPrincipal() != null;
    }

    /** Sticky: somebody looks who will not store. He gets what is in memory, or a copy of what memcached has. */
    private Session look(String id) {
        Session inMemory = getSessionInternal(id);
        return inMemory != null || !store.inRequest() && !otherVersions().isEmpty() ? inMemory : store.owners.copy(id);
    }

    /** Not sticky: keep the session in memory until this request ends. */
    private Session hold(String id, Session found) throws IOException {
        if (found == null) {
            id = store.moveFromDeadNode(id);
            found = id == null ? null : super.findSession(id);
        }
        if (found == null) {
            return null;
        }
        // MSM counts no reference when it is an authenticator that looks. Another request that ends now would take the session out of
        // memory, and what this one changes would not be stored.
        synchronized (getSessionsInternal()) {
            MemcachedBackupSession session = getSessionInternal(id);
            if (session == null) {
                session = (MemcachedBackupSession) found;
                if (session.isValidInternal()) {
                    add(session);
                }
            }
            session.registerReference();
            return session;
        }
    }

    /**
     * The managers of the other versions of this application, while Tomcat serves several side by side (ROOT and ROOT##000001).
     *
     * <p>Before a request begins, Tomcat asks each of them, the newest first, whether it has the session, and serves the version that has.
     * All of them would find it in memcached, and users could not stay on the version they began with: so it is to be in memory.
     */
    List<MemcachedSessionManager> otherVersions() {
        List<MemcachedSessionManager> found = new ArrayList<>();
        for (Container child : getContext().getParent().findChildren()) {
            Context other = (Context) child;
            Manager manager = other.getManager();
            if (other != getContext() && other.getPath().equals(getContext().getPath()) && manager instanceof MemcachedSessionManager) {
                found.add((MemcachedSessionManager) manager);
            }
        }
        return found;
    }

    /** Out of memory, not out of memcached. */
    void forgetLocally(Session session) {
        getSessionsInternal().remove(session.getIdInternal(), session);
    }

    void forgetCopy(String id) {
        Session copy = getSessionInternal(id);
        if (copy != null) {
            forgetLocally(copy);
        }
    }
}
