// Copyright (c) 2026, roundrobin.tomcat contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later
package org.roundrobin.tomcat;

import de.javakaffee.web.msm.CurrentRequest;
import de.javakaffee.web.msm.JavaSerializationTranscoderFactory;
import de.javakaffee.web.msm.MemcachedBackupSession;
import de.javakaffee.web.msm.MemcachedNodesManager;
import de.javakaffee.web.msm.MemcachedSessionService;
import de.javakaffee.web.msm.RequestTrackingContextValve;
import de.javakaffee.web.msm.RequestTrackingHostValve;
import de.javakaffee.web.msm.Statistics;
import de.javakaffee.web.msm.StorageKeyFormat;
import de.javakaffee.web.msm.TranscoderFactory;
import de.javakaffee.web.msm.storage.MemcachedStorageClient;
import de.javakaffee.web.msm.storage.StorageClient;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.regex.Pattern;
import net.spy.memcached.MemcachedClient;
import org.apache.catalina.Session;
import org.apache.catalina.connector.Request;

/** What MSM keeps behind its manager: the work with memcached. */
final class MemcachedStore extends MemcachedSessionService {
    private static final int LONGEST_TIME = 30 * 24 * 3600;
    /** After that all sessions are looked for once more. */
    private static final int FILLED_SECONDS = 24 * 3600;

    final MemcachedSessionManager manager;
    final SessionOwners owners = new SessionOwners(this);
    /** The session that this thread reads. */
    final ThreadLocal<String> reading = new ThreadLocal<>();
    /** How often something was not read because jdk.serialFilter refuses it. */
    final AtomicLong refused = new AtomicLong();
    MemcachedNodesManager nodes;
    MemcachedClient memcached;
    CurrentRequest currentRequest;
    boolean takesOverFromMsm;
    private boolean hasKeysOfItsOwn;
    private Pattern ignored;
    private RequestTrackingContextValve valve;

    MemcachedStore(MemcachedSessionManager manager) {
        super(manager);
        this.manager = manager;
    }

    // MSM's own manager lets asynchronous requests through its valves in the same way.

    @Override
    protected RequestTrackingContextValve createRequestTrackingContextValve(String cookie) {
        valve = super.createRequestTrackingContextValve(cookie);
        valve.setAsyncSupported(true);
        return valve;
    }

    @Override
    protected RequestTrackingHostValve createRequestTrackingHostValve(String cookie, CurrentRequest current) {
        currentRequest = current;
        RequestTrackingHostValve ofHost = super.createRequestTrackingHostValve(cookie, current);
        ofHost.setAsyncSupported(true);
        return ofHost;
    }

    /** An application has its own keys, the same for all of its versions. MSM would have them by version, or by name and version. */
    @Override
    protected MemcachedNodesManager createMemcachedNodesManager(String memcachedNodes, String failoverNodes) {
        if (StorageKeyFormat.WEBAPP_VERSION.equals(getStorageKeyPrefix())) {
            long application = SessionRecord.checksum(manager.getContext().getParent().getName() + manager.getContext().getPath());
            setStorageKeyPrefix("static:" + Long.toHexString(application));
            hasKeysOfItsOwn = true;
        }
        nodes = super.createMemcachedNodesManager(memcachedNodes, failoverNodes);
        return nodes;
    }

    @Override
    protected StorageClient createStorageClient(MemcachedNodesManager nodesManager, Statistics statistics) {
        MemcachedStorageClient client = (MemcachedStorageClient) super.createStorageClient(nodesManager, statistics);
        if (client == null) {
            return null;
        }
        memcached = client.getMemcachedClient();
        owners.self = SessionRecord.newOwner(String.valueOf(manager.getJvmRoute()));
        return new Sessions(memcached);
    }

    @Override
    protected TranscoderFactory getTranscoderFactory() {
        TranscoderFactory given = super.getTranscoderFactory();
        return given instanceof JavaSerializationTranscoderFactory ? new SessionAttributes(this) : given;
    }

    /** Sessions are stored under the checksum of a route: the record of a session has that of its owner. */
    String key(String ofMsm) {
        int route = ofMsm.lastIndexOf('.') + 1;
        return route == 0 || !isSticky() ? ofMsm : ofMsm.substring(0, route) + SessionRecord.checksum(ofMsm.substring(route));
    }

    /** Where MSM's own manager has a session. */
    String keyOfMsm(String id) {
        return hasKeysOfItsOwn ? id : nodes.getStorageKeyFormat().format(id);
    }

    /** Asks memcached for sessions, and sends it those that are not too large. */
    private final class Sessions extends MemcachedStorageClient {
        private static final int SURELY_NOT_TOO_LARGE = 256 * 1024;
        /** Key and header, and some more. */
        private static final int ITEM_OVERHEAD = 512;

        private long largest = Long.MAX_VALUE;
        private long askAgain = System.nanoTime();

        Sessions(MemcachedClient client) {
            super(client);
        }

        @Override
        public byte[] get(String key) {
            reading.set(key);
            return super.get(key(key));
        }

        @Override
        public Future<Boolean> delete(String key) {
            return super.delete(key(key));
        }

        /** What is too large is not sent: the node would refuse it and cut the connection, which others have their sessions through. */
        @Override
        public Future<Boolean> set(String key, int expiration, byte[] data) {
            boolean tooLarge = data.length > SURELY_NOT_TOO_LARGE && data.length + ITEM_OVERHEAD > largestItem();
            MemcachedSession session = (MemcachedSession) manager.getSessionInternal(key.substring(nodes.getStorageKeyFormat().format("").length()));
            if (session != null) {
                session.tooLarge = tooLarge ? data.length : 0;
            }
            if (tooLarge) {
                _log.warn("Session " + key + " of " + data.length + " bytes is in this Tomcat alone: object too large for cache.");
                delete(key);
                return CompletableFuture.completedFuture(false);
            }
            // A longer time than that is a date.
            long seconds = expiration > LONGEST_TIME ? expiration - System.currentTimeMillis() / 1000 : expiration;
            return super.set(key(key), isOwned() && expiration > 0 ? twice(seconds) : expiration, data);
        }

        /** Asked anew once in a minute, and not while a node is down: all are asked, and the answer would take its time. */
        private synchronized long largestItem() {
            if (System.nanoTime() > askAgain && memcached.getUnavailableServers().isEmpty()) {
                askAgain = System.nanoTime() + TimeUnit.MINUTES.toNanos(1);
                largest = Long.MAX_VALUE;
                for (Map<String, String> settings : memcached.getStats("settings").values()) {
                    largest = Math.min(largest, Long.parseLong(settings.getOrDefault("item_size_max", "" + Long.MAX_VALUE)));
                }
            }
            return largest;
        }
    }

    /** Within a request to this application. */
    boolean inRequest() {
        return currentRequest != null && currentRequest.get() != null;
    }

    /** MSM would also ignore what such a request does to the session. Here it uses the session only if the application asks for it. */
    @Override
    public void setRequestUriIgnorePattern(String pattern) {
        ignored = pattern == null ? null : Pattern.compile(pattern);
    }

    private boolean isIgnored(Request request) {
        return ignored != null && ignored.matcher(request.getDecodedRequestURI()).matches();
    }

    /** Within such a request, and neither the application looks for a session nor an authenticator that protects what is asked for. */
    boolean isLeftAlone() {
        Request request = inRequest() ? currentRequest.get() : null;
        return request != null && isIgnored(request) && !valve.wasInvokedWith(request)
                && manager.getContext().getRealm().findSecurityConstraints(request, manager.getContext()) == null;
    }

    void followRename(String before, MemcachedSession session) {
        // MSM notes the id of a new session on the request, and at its end stores what has that id: it must not be the former one.
        Request request = currentRequest == null ? null : currentRequest.get();
        if (request != null && before.equals(request.getNote(NEW_SESSION_ID))) {
            request.setNote(NEW_SESSION_ID, session.getIdInternal());
        }
        if (isOwned()) {
            session.writeRecord();
        }
    }

    byte[] read(String id) {
        return getStorageClient().get(nodes.getStorageKeyFormat().format(id));
    }

    // ---- Sticky

    boolean isOwned() {
        return isSticky() && isEnabled() && manager.getJvmRoute() != null;
    }

    MemcachedSession deserialize(String id, byte[] data) {
        reading.set(id);
        try {
            MemcachedSession session = (MemcachedSession) _transcoderService.deserialize(data, manager);
            if (session == null) {
                throw new IllegalStateException("it is in a format of another version");
            }
            session.setSticky(true);
            return session;
        } catch (RuntimeException e) {
            _log.warn("Session " + id + " cannot be read here, and stays where it is.", e);
            return null;
        }
    }

    void touchNodes() {
        owners.withEachNode("any").forEach(nodes::canHitMemcached);
    }

    /** Memcached takes a time of more than 30 days for a date. */
    int twice(long seconds) {
        long kept = 2 * seconds <= LONGEST_TIME ? 2 * seconds : System.currentTimeMillis() / 1000 + 2 * seconds;
        return (int) Math.min(kept, Integer.MAX_VALUE);
    }

    // ---- Sticky: what happens to a session

    /** MSM would store sessions that are only read once more before they expire, beside requests that store them, and overwrite these. */
    @Override
    protected void updateExpirationInMemcached() {
        if (!isOwned()) {
            super.updateExpirationInMemcached();
        }
    }

    @Override
    public MemcachedBackupSession createSession(String id) {
        MemcachedBackupSession session = super.createSession(id);
        if (isOwned()) {
            if (inRequest()) {
                owners.usesOf(currentRequest.get()).add(((MemcachedSession) session).begun());
            }
            ((MemcachedSession) session).writeRecord();
        }
        return session;
    }

    /** Before a request with this id reaches the application. MSM gives it the id that it returns; {@link SessionOwners#use} has done so already. */
    @Override
    public String changeSessionIdOnTomcatFailover(String id) {
        if (!isOwned()) {
            return super.changeSessionIdOnTomcatFailover(id);
        }
        if (!isIgnored(currentRequest.get())) {
            owners.use(id);
        }
        return null;
    }

    @Override
    public String changeSessionIdOnMemcachedFailover(String id) {
        if (!isOwned()) {
            return super.changeSessionIdOnMemcachedFailover(id);
        }
        return owners.exclusively(id, () -> {
            String now = super.changeSessionIdOnMemcachedFailover(id);
            if (now != null) {
                ((MemcachedSession) manager.getSessionInternal(now)).writeRecord();
            }
            return now;
        });
    }

    @Override
    protected void deleteFromMemcached(String id) {
        MemcachedSession session = (MemcachedSession) manager.getSessionInternal(id);
        if (!isOwned() || session == null) {
            super.deleteFromMemcached(id);
        } else if (!session.isElsewhere) {
            super.deleteFromMemcached(id);
            session.writeEnd();
        }
    }

    @Override
    @SuppressWarnings({"rawtypes", "unchecked"}) // what the Future is of cannot be seen from this package
    public Future backupSession(String id, boolean idChanged, String requestId) {
        Request request = currentRequest.get();
        List<SessionOwners.Use> uses = new ArrayList<>(owners.usesOf(request));
        boolean isUsed = isOwned() ? !uses.isEmpty() : manager.getSessionInternal(id) != null;
        if (!isUsed && isIgnored(request)) {
            return CompletableFuture.completedFuture(null);
        }
        if (!isOwned()) {
            MemcachedSession session = (MemcachedSession) manager.getSessionInternal(id);
            if (session != null) {
                session.mayHaveChanged();
            }
            return super.backupSession(id, idChanged, requestId);
        }
        try {
            for (SessionOwners.Use use : uses) {
                // Another request may have given the session a new id meanwhile.
                id = use.session.isValidInternal() ? use.session.getIdInternal() : id;
            }
            return backup(request, id, idChanged, requestId);
        } finally {
            owners.usesOf(request).clear();
            uses.forEach(use -> use.session.end(use));
        }
    }

    @SuppressWarnings("rawtypes")
    private Future backup(Request request, String id, boolean idChanged, String requestId) {
        MemcachedSession session = (MemcachedSession) manager.getSessionInternal(id);
        if (session == null) {
            return super.backupSession(id, idChanged, requestId);
        }
        // MSM marks on the session what is to be stored, and one request that has stored it wipes the marks of all that are under way.
        // So these store it in any case, and one after the other, as the last one has to be the last in memcached too.
        synchronized (session.storing) {
            return store(session, id, idChanged || session.wasStoredSince(request) || !id.equals(session.storedAs), requestId);
        }
    }

    @SuppressWarnings("rawtypes")
    private Future store(MemcachedSession session, String id, boolean inAnyCase, String requestId) {
        session.beingStoredAs = id;
        session.mayHaveChanged();
        Future result = super.backupSession(id, inAnyCase, requestId);
        session.timesStored++;
        if (!nodes.isValidForMemcached(id) || result.isDone() && hasFailed(result)) {
            session.isNotStored = true;
        }
        return result;
    }

    /**
     * A node that was restarted has nothing. What it had of this Tomcat's sessions is stored there again, so that another Tomcat can go on with them.
     *
     * <p>That is seen by a mark on each node. No record is written: a session that went on elsewhere is in memory here too, and nobody knows it
     * here. Where there is no record, the cookie's route counts, and so the right one of both copies.
     */
    void fillNodes() {
        for (String mark : owners.withEachNode("filled" + owners.self)) {
            String key = owners.recordKey(mark);
            if (nodes.canHitMemcached(mark) && memcached.get(key, SessionOwners.BYTES) == null) {
                for (Session each : manager.findSessions()) {
                    fill((MemcachedSession) each, node(mark));
                }
                memcached.set(key, FILLED_SECONDS, new byte[0], SessionOwners.BYTES);
            }
        }
    }

    private void fill(MemcachedSession session, String node) {
        synchronized (session.storing) {
            String id = session.getIdInternal();
            if (session.isValidInternal() && node.equals(node(id)) && owners.readRecord(id) == null) {
                store(session, id, true, null);
            }
        }
    }

    private String node(String id) {
        return String.valueOf(nodes.getSessionIdFormat().extractMemcachedId(id));
    }

    private boolean hasFailed(Future<?> done) {
        try {
            done.get();
            return false;
        } catch (Exception e) {
            return true; // MSM has logged it
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
                manager.getSessionInternal(moved).setSessionIdChanged(true);
                currentRequest.get().changeSessionId(moved);
            }
            return moved;
        }
    }
}
