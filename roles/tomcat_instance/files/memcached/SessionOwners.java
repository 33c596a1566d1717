// Copyright (c) 2026, roundrobin.tomcat contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later
package org.roundrobin.tomcat;

import de.javakaffee.web.msm.storage.MemcachedStorageClient;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import net.spy.memcached.CASResponse;
import net.spy.memcached.CASValue;
import net.spy.memcached.transcoders.Transcoder;
import org.apache.catalina.Session;
import org.apache.catalina.connector.Request;
import org.apache.juli.logging.Log;
import org.apache.juli.logging.LogFactory;

/**
 * With sticky="true": finds out who owns a session, and takes it over. {@link MemcachedSessionManager} describes how.
 *
 * <p>A request notes which sessions it uses, so that it counts in the record of each until it has stored it.
 */
final class SessionOwners {
    static final long PATIENCE_MS = 5000;
    static final Transcoder<byte[]> BYTES = MemcachedStorageClient.ByteArrayTranscoder.INSTANCE;
    private static final Log LOG = LogFactory.getLog(SessionOwners.class);
    private static final long POLL_MS = 5;
    private static final String IN_USE = "org.roundrobin.tomcat.IN_USE";
    private static final String NOT_FOUND = "org.roundrobin.tomcat.NOT_FOUND";

    private final MemcachedStore store;
    private final ConcurrentMap<String, Object> locks = new ConcurrentHashMap<>();
    /** This Tomcat, as an owner. */
    long self;

    SessionOwners(MemcachedStore store) {
        this.store = store;
    }

    /** The session of this id, which stays here until the current request ends, or null. */
    MemcachedSession use(String id) {
        Request request = store.currentRequest.get();
        for (Use use : usesOf(request)) {
            if (use.session.getIdInternal().equals(id)) {
                return use.session.isValidInternal() ? use.session : null;
            }
        }
        if (id.equals(request.getNote(NOT_FOUND))) {
            return null;
        }
        Use use = null;
        try {
            use = exclusively(id, () -> begin(id));
        } catch (RuntimeException e) {
            LOG.warn("Session " + id + " cannot be read from memcached.", e);
        }
        if (use == null) {
            request.setNote(NOT_FOUND, id);
            return null;
        }
        usesOf(request).add(use);
        String now = use.session.getIdInternal();
        if (!now.equals(id)) {
            request.changeSessionId(now);
        }
        return use.session.isValid() ? use.session : null;
    }

    @SuppressWarnings("unchecked")
    List<Use> usesOf(Request request) {
        List<Use> uses = (List<Use>) request.getNote(IN_USE);
        if (uses == null) {
            uses = new ArrayList<>();
            request.setNote(IN_USE, uses);
        }
        return uses;
    }

    /** One request of this Tomcat at a time for all ids of a session, whatever their node and route. */
    <T> T exclusively(String id, Supplier<T> action) {
        String session = id.split("[-.]", 2)[0];
        while (true) {
            Object lock = locks.computeIfAbsent(session, name -> new Object());
            synchronized (lock) {
                if (locks.get(session) == lock) {
                    try {
                        return action.get();
                    } finally {
                        locks.remove(session);
                    }
                }
            }
        }
    }

    private Use begin(String id) {
        for (String known : withEachNode(store.nodes.getSessionIdFormat().changeJvmRoute(id, store.manager.getJvmRoute()))) {
            MemcachedSession inMemory = (MemcachedSession) store.manager.getSessionInternal(known);
            if (inMemory != null) {
                Use use = !known.equals(id) && isElsewhere(id) ? null : inMemory.begin(id);
                if (use != null) {
                    return use;
                }
                store.manager.forgetLocally(inMemory);
            }
        }
        return take(id);
    }

    private Use take(String id) {
        SessionRecord record = readRecord(id);
        long waitingSince = System.nanoTime();
        while (record == null ? store.nodes.canHitMemcached(id) : record.owner() != SessionRecord.ENDED) {
            boolean nobodyHasIt = false;
            if (record == null || record.isIdle() || record.owner() == self || isOver(waitingSince)) {
                String whose = record == null ? id : record.id;
                String from = record == null ? keyOf(id) : keyOf(record);
                byte[] data = store.memcached.get(from, BYTES);
                if (data == null && record == null && store.takesOverFromMsm) {
                    from = store.keyOfMsm(id);
                    data = store.memcached.get(from, BYTES);
                }
                MemcachedSession session = data == null ? null : store.deserialize(id, data);
                if (session != null && claim(whose, record, session)) {
                    return moveHere(whose, session, from, data);
                }
                nobodyHasIt = session == null;
            } else {
                pause();
            }
            SessionRecord now = readRecord(id);
            // If the record is another one, somebody was quicker, and may have deleted what was to be loaded.
            if (nobodyHasIt && (record == null ? now == null : now != null && now.cas == record.cas)) {
                return null;
            }
            if (record == null || now == null || now.cas != record.cas) {
                waitingSince = System.nanoTime();
            }
            record = now;
        }
        return null;
    }

    /** Of several that try, one succeeds. */
    private boolean claim(String id, SessionRecord record, MemcachedSession session) {
        byte[] mine = SessionRecord.bytes(self, 1);
        return record == null
                ? success(store.memcached.add(recordKey(id), session.expiration(), mine, BYTES))
                : store.memcached.cas(recordKey(id), record.cas, session.expiration(), mine, BYTES) == CASResponse.OK;
    }

    private Use moveHere(String id, MemcachedSession session, String from, byte[] data) {
        // MSM also moves it to another node here if the present one is to be used only when there is no other.
        String now = store.nodes.changeSessionIdForTomcatFailover(id, store.manager.getJvmRoute());
        session.movedTo(now);
        if (!keyOf(now).equals(from)) {
            if (success(store.memcached.set(keyOf(now), session.expiration(), data, BYTES))) {
                store.memcached.delete(from);
            } else {
                session.setSessionIdChanged(true);
            }
        }
        // Others find the record on either node, at any time.
        if (!recordKey(now).equals(recordKey(id)) && success(session.writeRecord())) {
            store.memcached.delete(recordKey(id));
        }
        store.manager.otherVersions().forEach(other -> other.forgetCopy(now));
        store.manager.add(session);
        session.activate();
        session.access();
        session.endAccess();
        return new Use(session, null);
    }

    /** What memcached has, for somebody who does not use it. */
    Session copy(String id) {
        try {
            SessionRecord record = readRecord(id);
            byte[] data = record == null ? store.memcached.get(keyOf(id), BYTES) : store.memcached.get(keyOf(record), BYTES);
            MemcachedSession session = data == null ? null : store.deserialize(id, data);
            if (session != null) {
                session.movedTo(id);
            }
            return session;
        } catch (RuntimeException e) {
            LOG.warn("Session " + id + " cannot be read from memcached.", e);
            return null;
        }
    }

    private boolean isOver(long waitingSince) {
        return System.nanoTime() - waitingSince > TimeUnit.MILLISECONDS.toNanos(PATIENCE_MS);
    }

    private void pause() {
        try {
            Thread.sleep(POLL_MS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    private boolean success(Future<Boolean> answer) {
        try {
            return answer.get(store.getOperationTimeout(), TimeUnit.MILLISECONDS);
        } catch (Exception e) {
            LOG.warn("memcached did not answer.", e);
            return false;
        }
    }

    // ---- Records and keys

    /** The id, and what it would be with another node: a session moves to another one when its own is dead. */
    Set<String> withEachNode(String id) {
        Set<String> ids = new LinkedHashSet<>();
        ids.add(id);
        if (store.nodes.isEncodeNodeIdInSessionId()) {
            store.nodes.getPrimaryNodeIds().forEach(node -> ids.add(store.nodes.getSessionIdFormat().createNewSessionId(id, node)));
            store.nodes.getFailoverNodeIds().forEach(node -> ids.add(store.nodes.getSessionIdFormat().createNewSessionId(id, node)));
        }
        return ids;
    }

    String recordKey(String id) {
        return store.nodes.getStorageKeyFormat().format("owner:" + store.nodes.getSessionIdFormat().stripJvmRoute(id));
    }

    String keyOf(String id) {
        return store.key(store.nodes.getStorageKeyFormat().format(id));
    }

    private String keyOf(SessionRecord record) {
        String id = store.nodes.getSessionIdFormat().stripJvmRoute(record.id);
        return store.nodes.getStorageKeyFormat().format(id + "." + SessionRecord.route(record.owner()));
    }

    SessionRecord readRecord(String id) {
        for (String candidate : withEachNode(id)) {
            try {
                CASValue<byte[]> read = store.nodes.canHitMemcached(candidate) ? store.memcached.gets(recordKey(candidate), BYTES) : null;
                if (read != null) {
                    return new SessionRecord(candidate, read);
                }
            } catch (NumberFormatException e) {
                LOG.warn("The record of session " + candidate + " is none, and goes: " + e.getMessage());
                success(store.memcached.delete(recordKey(candidate)));
            } catch (RuntimeException e) {
                LOG.warn("memcached cannot be asked who has session " + candidate + ".", e);
            }
        }
        return null;
    }

    boolean isElsewhere(String id) {
        SessionRecord record = readRecord(id);
        return record != null && record.owner() != self;
    }

    /** A request that uses a session. */
    static final class Use {
        final MemcachedSession session;
        /** The id of the session when memcached could not count this request, or null. */
        final String notCountedAs;
        private final long began = System.nanoTime();

        Use(MemcachedSession session, String notCountedAs) {
            this.session = session;
            this.notCountedAs = notCountedAs;
        }

        /** Another Tomcat may have taken the session in spite of this request: never in the first {@link SessionOwners#PATIENCE_MS} of it. */
        boolean mayBeOverdue() {
            return System.nanoTime() - began > TimeUnit.MILLISECONDS.toNanos(PATIENCE_MS / 2);
        }
    }
}
