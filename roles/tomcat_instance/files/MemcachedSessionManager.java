// Copyright (c) 2026, roundrobin.tomcat contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later
package org.roundrobin.tomcat;

import de.javakaffee.web.msm.CurrentRequest;
import de.javakaffee.web.msm.MemcachedBackupSession;
import de.javakaffee.web.msm.MemcachedBackupSessionManager;
import de.javakaffee.web.msm.MemcachedNodesManager;
import de.javakaffee.web.msm.MemcachedSessionService;
import de.javakaffee.web.msm.RequestTrackingContextValve;
import de.javakaffee.web.msm.RequestTrackingHostValve;
import de.javakaffee.web.msm.SessionIdFormat;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.catalina.Container;
import org.apache.catalina.Context;
import org.apache.catalina.Manager;
import org.apache.catalina.Session;
import org.apache.catalina.connector.Request;

/**
 * memcached-session-manager (MSM) 2.3.2 on Tomcat 9.0, 10.1 and 11.0, without the ways in which it loses sessions or serves old ones.
 *
 * <p>A session id is RANDOM-NODE.ROUTE: the memcached node that holds the session and the Tomcat that works on it, which also has it in
 * memory. With sticky="true", a Tomcat that is asked for an id with another's route, a foreign one, takes the session over: it loads what
 * memcached has, gives it an id with its own route, and deletes the other key. The other Tomcat is not told, and keeps its copy in memory.
 * MSM uses that copy when the user comes back, whatever happened meanwhile. Most of this file is about not doing so.
 *
 * <p>With sticky="false" a session is in memory only while requests work on it, and MSM counts them; the rest of this file is about its
 * miscounts. docs/sessions.md lists what is lost without this class and what remains with it.
 *
 * <p>It uses no servlet API and compiles to Java 8, so that one source fits all three Tomcats.
 */
public class MemcachedSessionManager extends MemcachedBackupSessionManager {
    private final AtomicLong sessionsCreated = new AtomicLong();
    private final Store store = new Store(this);

    public MemcachedSessionManager() {
        _msm = store;
    }

    // ---- What Tomcat changed since MSM was written

    /** Called for changeSessionId() and at logins. MSM knows only its predecessor and would not store the session under its new id. */
    @Override
    public String rotateSessionId(Session session) {
        String before = session.getIdInternal();
        String now = super.rotateSessionId(session);
        ((MemcachedBackupSession) session).setSessionIdChanged(true);
        store.followRename(before, now);
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

    // ---- Finding a session

    @Override
    public MemcachedBackupSession newMemcachedBackupSession() {
        return new StoredSession();
    }

    @Override
    public Session findSession(String id) throws IOException {
        if (id != null && store.isSticky() && !store.inRequest() && !otherVersions().isEmpty()) {
            return getSessionInternal(id);
        }
        if (store.isForeign(id)) {
            return findForeign(id);
        }
        Session found = super.findSession(id);
        return store.isSticky() || id == null || !store.inStoredRequest() ? found : hold(id, found);
    }

    /** Sticky: parallel requests that arrive after a move share one object, or the updates of all but one would be lost. */
    private Session findForeign(String id) throws IOException {
        synchronized (store.lock(id)) {
            StoredSession copy = (StoredSession) getSessionInternal(id);
            if (copy != null && copy.isOld()) {
                forgetLocally(copy);
            }
            return super.findSession(id);
        }
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
    private List<MemcachedSessionManager> otherVersions() {
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
    private void forgetLocally(Session session) {
        removeInternal(session, false);
    }

    private void forgetCopy(String id) {
        Session copy = getSessionInternal(id);
        if (copy != null) {
            forgetLocally(copy);
        }
    }

    /** What MSM keeps behind its manager: the work with memcached. */
    private final class Store extends MemcachedSessionService {
        private final Object[] locks = new Object[64];
        private MemcachedNodesManager nodes;
        private CurrentRequest currentRequest;

        Store(MemcachedBackupSessionManager manager) {
            super(manager);
            for (int i = 0; i < locks.length; i++) {
                locks[i] = new Object();
            }
        }

        // MSM's own manager lets asynchronous requests through its valves in the same way.

        @Override
        protected RequestTrackingContextValve createRequestTrackingContextValve(String cookie) {
            RequestTrackingContextValve valve = super.createRequestTrackingContextValve(cookie);
            valve.setAsyncSupported(true);
            return valve;
        }

        @Override
        protected RequestTrackingHostValve createRequestTrackingHostValve(String cookie, CurrentRequest current) {
            currentRequest = current;
            RequestTrackingHostValve valve = super.createRequestTrackingHostValve(cookie, current);
            valve.setAsyncSupported(true);
            return valve;
        }

        @Override
        protected MemcachedNodesManager createMemcachedNodesManager(String memcachedNodes, String failoverNodes) {
            nodes = super.createMemcachedNodesManager(memcachedNodes, failoverNodes);
            return nodes;
        }

        /** One lock for all ids of a session, whatever its node and route. */
        Object lock(String id) {
            return locks[id.split("[-.]", 2)[0].hashCode() & locks.length - 1];
        }

        /** Sticky, and the id names another Tomcat. */
        boolean isForeign(String id) {
            String own = getJvmRoute();
            return id != null && own != null && isSticky() && isEnabled() && !id.endsWith("." + own) && nodes.canHitMemcached(id);
        }

        /** Within a request to this application. */
        boolean inRequest() {
            return currentRequest != null && currentRequest.get() != null;
        }

        /** Within a request at whose end MSM stores the session. */
        boolean inStoredRequest() {
            return inRequest() && !getTrackingHostValve().isIgnoredRequest();
        }

        /** MSM notes the id of a new session on the request, and at its end stores what has that id: it must not be the former one. */
        void followRename(String before, String now) {
            Request request = currentRequest == null ? null : currentRequest.get();
            if (request != null && before.equals(request.getNote(NEW_SESSION_ID))) {
                request.setNote(NEW_SESSION_ID, now);
            }
        }

        private byte[] read(String id) {
            return getStorageClient().get(nodes.getStorageKeyFormat().format(id));
        }

        // ---- Sticky: taking a session over

        /** Before a request with this id reaches the application. The result is the id that the session has here from now on. */
        @Override
        public String changeSessionIdOnTomcatFailover(String id) {
            if (!isForeign(id)) {
                return super.changeSessionIdOnTomcatFailover(id);
            }
            synchronized (lock(id)) {
                boolean kept = keepsOwnCopy(id);
                // An authenticator may have loaded the session already. That object is the one to take over, as this request holds it.
                Request request = currentRequest.get();
                Session held = kept || request == null ? null : request.getSessionInternal(false);
                if (held != null && id.equals(held.getIdInternal())) {
                    add(held);
                }
                String own = super.changeSessionIdOnTomcatFailover(id);
                StoredSession session = own == null ? null : (StoredSession) getSessionInternal(own);
                // A copy that another version has of an earlier visit would take the session out of memcached when it expires.
                if (own != null) {
                    otherVersions().forEach(other -> other.forgetCopy(own));
                }
                if (session != null && !kept) {
                    session.awaitsItsFirstStore = true;
                }
                return own;
            }
        }

        /** Whether the copy in memory from an earlier visit of this session is the newest state; if not, it is forgotten. */
        private boolean keepsOwnCopy(String foreignId) {
            SessionIdFormat format = nodes.getSessionIdFormat();
            String own = format.changeJvmRoute(foreignId, getJvmRoute());
            if (!nodes.isEncodeNodeIdInSessionId()) {
                return keeps(own, foreignId);
            }
            // The node in the id may have changed since that visit.
            List<String> nodeIds = new ArrayList<>(nodes.getPrimaryNodeIds());
            nodeIds.addAll(nodes.getFailoverNodeIds());
            boolean kept = false;
            for (String nodeId : nodeIds) {
                kept |= keeps(format.createNewSessionId(own, nodeId), foreignId);
            }
            return kept;
        }

        private boolean keeps(String ownId, String foreignId) {
            StoredSession copy = (StoredSession) getSessionInternal(ownId);
            if (copy == null) {
                return false;
            }
            boolean keep;
            try {
                keep = isNewer(copy, ownId, foreignId);
            } catch (RuntimeException e) {
                _log.warn("memcached cannot be read, so session " + ownId + " goes on as it is in memory here.", e);
                keep = true;
            }
            if (!keep) {
                forgetLocally(copy);
            }
            return keep;
        }

        /**
         * Memcached knows: who takes a session over deletes the former key.
         *
         * <p>Neither key is there: the session ended elsewhere, by a logout perhaps. Only the own: this Tomcat took over, and the request is
         * a late one with the former cookie. Only the foreign: the other Tomcat took over. Both: a slow request of the Tomcat that lost the
         * session stored it again; the one whose last request began later is right, the only place where clocks are compared.
         */
        private boolean isNewer(StoredSession copy, String ownId, String foreignId) {
            boolean own = copy.awaitsItsFirstStore || read(ownId) != null;
            if (!own || read(foreignId) == null) {
                return own;
            }
            MemcachedBackupSession foreign = loadFromMemcachedWithCheck(foreignId);
            return foreign != null && copy.lastRequestBegan >= foreign.getThisAccessedTimeInternal();
        }

        // ---- Sticky: the end of a request

        // A request that does not take the session over (its URI is an ignored one, or an authenticator answered it) must leave no copy
        // under the foreign id: at its expiry MSM would overwrite or delete what the other Tomcat has in memcached under that key.

        @Override
        public void requestFinished(String id, String requestId) {
            super.requestFinished(id, requestId);
            forgetForeign(id);
        }

        @Override
        @SuppressWarnings({"rawtypes", "unchecked"}) // what the Future is of cannot be seen from this package
        public Future backupSession(String id, boolean idChanged, String requestId) {
            StoredSession session = (StoredSession) getSessionInternal(id);
            if (session == null || !isSticky() || isForeign(id)) {
                Future result = super.backupSession(id, idChanged, requestId);
                forgetForeign(id);
                return result;
            }
            // MSM marks on the session what is to be stored, and one request that has stored it wipes the marks of all that are under way.
            // So these store it in any case, and one after the other, as the last one has to be the last in memcached too.
            synchronized (session.storing) {
                boolean marksAreLost = session.wasStoredSince(currentRequest.get()) || !id.equals(session.storedAs);
                session.beingStoredAs = id;
                Future result = super.backupSession(id, idChanged || marksAreLost, requestId);
                session.timesStored++;
                return result;
            }
        }

        private void forgetForeign(String id) {
            if (isForeign(id)) {
                synchronized (lock(id)) {
                    getSessionsInternal().remove(id);
                }
            }
        }

        // ---- Not sticky: a memcached node that died

        /**
         * MSM asks for the state of a node once in a second, and until then takes "cannot be read" for "no such session".
         *
         * @return the id of the session's second copy, now in memory, if the node of this id is dead
         */
        String moveFromDeadNode(String id) {
            if (!nodes.isValidForMemcached(id)) {
                return null;
            }
            try {
                read(id);
                return null;
            } catch (RuntimeException nodeIsDead) {
                nodes.setNodeAvailableForSessionId(id, false);
                String moved = changeSessionIdOnMemcachedFailover(id);
                if (moved != null) {
                    getSessionInternal(moved).setSessionIdChanged(true);
                    currentRequest.get().changeSessionId(moved);
                }
                return moved;
            }
        }
    }

    /** A session that knows what the decisions above need. */
    private final class StoredSession extends MemcachedBackupSession {
        private static final long serialVersionUID = 1L;
        private static final long OLD_MS = 1000;
        private static final String TIMES_STORED = "org.roundrobin.tomcat.TIMES_STORED";
        private static final String LOGIN_SESSION_ID = "org.apache.catalina.authenticator.SESSION_ID";
        private static final String LOGIN_REQUEST = "org.apache.catalina.authenticator.REQUEST";

        private final transient long loaded = System.currentTimeMillis();
        private transient volatile long lastRequestBegan;
        /** Taken over, so its former key is deleted, and not yet stored under its new one. */
        private transient volatile boolean awaitsItsFirstStore;
        private final transient Object storing = new Object();
        private transient volatile int timesStored;
        private transient volatile String beingStoredAs;
        private transient volatile String storedAs;

        StoredSession() {
            super(MemcachedSessionManager.this);
        }

        /** Loaded by an earlier request than those that are under way after a move. */
        boolean isOld() {
            return System.currentTimeMillis() - loaded > OLD_MS;
        }

        /** MSM stores nothing if two requests of a session begin in the same millisecond: each gets a time of its own. */
        @Override
        public void access() {
            super.access();
            lastRequestBegan = Math.max(thisAccessedTime, lastRequestBegan + 1);
            thisAccessedTime = lastRequestBegan;
            Request request = store.currentRequest.get();
            if (request != null) {
                request.setNote(TIMES_STORED, timesStored);
            }
        }

        /** Whether another request stored this session after the given one had begun to use it. */
        boolean wasStoredSince(Request request) {
            Object then = request.getNote(TIMES_STORED);
            return then != null && !then.equals(timesStored);
        }

        @Override
        public void backupFinished() {
            super.backupFinished();
            storedAs = beingStoredAs;
            awaitsItsFirstStore = false;
        }

        /**
         * FORM login: Tomcat notes in the session which id the login page was shown for, and MSM does not store this note; the saved request
         * it does. Answering the present id keeps what the note is for: the page was shown for this very session.
         */
        @Override
        public Object getNote(String name) {
            Object note = super.getNote(name);
            boolean missing = note == null && LOGIN_SESSION_ID.equals(name) && super.getNote(LOGIN_REQUEST) != null;
            return missing ? getIdInternal() : note;
        }
    }
}
