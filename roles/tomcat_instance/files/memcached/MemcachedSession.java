// Copyright (c) 2026, roundrobin.tomcat contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later
package org.roundrobin.tomcat;

import de.javakaffee.web.msm.MemcachedBackupSession;
import java.io.Serializable;
import java.lang.reflect.Field;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import net.spy.memcached.internal.OperationFuture;
import net.spy.memcached.ops.OperationException;
import org.apache.catalina.connector.Request;
import org.apache.juli.logging.Log;
import org.apache.juli.logging.LogFactory;

/** A session that has a record in memcached, and notes what MSM does not store with it, or loses when requests of it run at the same time. */
final class MemcachedSession extends MemcachedBackupSession {
    private static final Log LOG = LogFactory.getLog(MemcachedSession.class);
    private static final long serialVersionUID = 1L;
    private static final String TIMES_STORED = "org.roundrobin.tomcat.TIMES_STORED";
    private static final String LOGIN_SESSION_ID = "org.apache.catalina.authenticator.SESSION_ID";
    private static final String LOGIN_REQUEST = "org.apache.catalina.authenticator.REQUEST";

    private static final Field TIME_OF_LAST_LOOK = ofMsm("_thisAccessedTimeFromLastBackupCheck");

    private final transient MemcachedStore store;
    /** What is sent to memcached of its record is to arrive there in the order of this lock. */
    private final transient Object recording = new Object();
    private transient int requests;
    private transient volatile long recordIsOldAt;
    transient volatile boolean isElsewhere;

    final transient Object storing = new Object();
    transient volatile int timesStored;
    transient volatile String beingStoredAs;
    transient volatile String storedAs;
    /** Memcached has nothing of it, or what it was before; then its size, where that is why. */
    transient volatile boolean isNotStored;
    transient volatile int tooLarge;
    /** Attributes that memcached does not have. */
    transient volatile Set<String> notWritten = Collections.emptySet();

    MemcachedSession(MemcachedStore store) {
        super(store.manager);
        this.store = store;
        // Applications lock what this answers. Tomcat makes it for the first that asks, and may make two for two that ask at once.
        getSession();
    }

    private static Field ofMsm(String name) {
        try {
            Field field = MemcachedBackupSession.class.getDeclaredField(name);
            field.setAccessible(true);
            return field;
        } catch (NoSuchFieldException e) {
            throw new IllegalStateException(e);
        }
    }

    // ---- Its record

    /** Memcached is to keep the record, and a copy of the session, for longer than the session can live without another request. */
    int expiration() {
        return Math.max(0, store.twice(getMaxInactiveInterval()));
    }

    private boolean canBeRecorded() {
        return store.nodes.canHitMemcached(getIdInternal());
    }

    /** From half of the timeout on a request has memcached keep everything for longer; where there is no timeout, nothing has to. */
    private void recordIsNew() {
        int seconds = getMaxInactiveInterval();
        recordIsOldAt = seconds > 0 ? System.currentTimeMillis() + 500L * seconds : Long.MAX_VALUE;
    }

    /** MSM stores nothing if this is all that a request changes. */
    @Override
    public void setMaxInactiveInterval(int seconds) {
        // A session that is just being made has no id yet.
        boolean isChanged = getIdInternal() != null && seconds != getMaxInactiveInterval();
        super.setMaxInactiveInterval(seconds);
        if (isChanged) {
            setSessionIdChanged(true);
            recordIsOldAt = 0;
        }
    }

    Future<Boolean> writeRecord() {
        synchronized (recording) {
            recordIsNew();
            byte[] mine = SessionRecord.bytes(store.owners.self, requests);
            return canBeRecorded()
                    ? store.memcached.set(store.owners.recordKey(getIdInternal()), expiration(), mine, SessionOwners.BYTES)
                    : CompletableFuture.completedFuture(false);
        }
    }

    /** On each node: a session that ended must not begin again with a copy in some memory, because one node lost what it had. */
    void writeEnd() {
        for (String id : store.owners.withEachNode(getIdInternal())) {
            if (store.nodes.canHitMemcached(id)) {
                store.memcached.set(store.owners.recordKey(id), expiration(), SessionRecord.bytes(SessionRecord.ENDED, 0), SessionOwners.BYTES);
            }
        }
    }

    /** A new session: its record is written with this request. */
    SessionOwners.Use begun() {
        synchronized (recording) {
            requests++;
        }
        return new SessionOwners.Use(this, null);
    }

    void movedTo(String now) {
        id = now;
        storedAs = now;
        recordIsNew();
        synchronized (recording) {
            requests = 1;
        }
    }

    /** A request that asks for this id begins to use it. Null: somebody else has taken the session, or ended it. */
    SessionOwners.Use begin(String asked) {
        String now = getIdInternal();
        try {
            if (!canBeRecorded()) {
                begun();
                return new SessionOwners.Use(this, now);
            }
            OperationFuture<Long> answer;
            synchronized (recording) {
                requests++;
                answer = store.memcached.asyncIncr(store.owners.recordKey(now), 1);
            }
            long number = numberOf(answer);
            if (number < 0 ? isOwnedWithoutRecord(asked) : SessionRecord.owner(number) == store.owners.self) {
                return new SessionOwners.Use(this, null);
            }
            synchronized (recording) {
                requests--;
            }
            if (number >= 0) {
                store.memcached.asyncDecr(store.owners.recordKey(now), 1);
            }
            return null;
        } catch (Exception e) {
            LOG.warn("memcached cannot be asked, so session " + now + " goes on as it is in memory here.", e);
            // So that this request moves the session to another node.
            store.nodes.setNodeAvailableForSessionId(now, false);
            return new SessionOwners.Use(this, now);
        }
    }

    /** What the record says, or -1 if there is none, or something that is none. */
    private long numberOf(OperationFuture<Long> answer) throws Exception {
        try {
            return answer.get(store.getOperationTimeout(), TimeUnit.MILLISECONDS);
        } catch (ExecutionException e) {
            if (e.getCause() instanceof OperationException) {
                return -1;
            }
            throw e;
        }
    }

    /** Memcached has lost the record. A cookie of another Tomcat says that the session was there, before or after it was here. */
    private boolean isOwnedWithoutRecord(String asked) throws Exception {
        boolean foreign = !asked.endsWith("." + store.manager.getJvmRoute());
        if (store.owners.readRecord(getIdInternal()) != null || foreign && store.read(getIdInternal()) == null) {
            return false;
        }
        byte[] mine;
        synchronized (recording) {
            mine = SessionRecord.bytes(store.owners.self, requests);
        }
        setSessionIdChanged(true);
        return store.memcached.add(store.owners.recordKey(getIdInternal()), expiration(), mine, SessionOwners.BYTES).get();
    }

    void end(SessionOwners.Use use) {
        try {
            OperationFuture<Long> answer;
            String key = store.owners.recordKey(getIdInternal());
            synchronized (recording) {
                requests--;
                if (getIdInternal().equals(use.notCountedAs)) {
                    return;
                }
                answer = store.memcached.asyncDecr(key, 1);
            }
            if (use.mayBeOverdue()) {
                long number = answer.get(store.getOperationTimeout(), TimeUnit.MILLISECONDS);
                if (number >= 0 && SessionRecord.owner(number) != store.owners.self) {
                    store.memcached.asyncIncr(key, 1);
                    store.manager.forgetLocally(this);
                }
            }
            if (isValidInternal() && System.currentTimeMillis() > recordIsOldAt) {
                recordIsNew();
                store.memcached.touch(key, expiration());
                store.memcached.touch(store.owners.keyOf(getIdInternal()), expiration());
            }
        } catch (Exception e) {
            LOG.warn("memcached cannot be told that a request of session " + getIdInternal() + " ended.", e);
        }
    }

    /** A copy of a session that goes on elsewhere leaves in silence. */
    @Override
    public void expire(boolean notify) {
        isElsewhere = isValidInternal() && store.isOwned() && store.owners.isElsewhere(getIdInternal());
        super.expire(notify && !isElsewhere);
    }

    // ---- What MSM does with it

    @Override
    public void access() {
        super.access();
        Request request = store.currentRequest.get();
        if (request != null) {
            request.setNote(TIMES_STORED, timesStored);
        }
    }

    /**
     * MSM looks for changes only if the time of the last access is another one than when it looked before. But the end of any request sets this
     * time, and several requests fit into one millisecond: so it has to look always.
     */
    void mayHaveChanged() {
        try {
            TIME_OF_LAST_LOOK.setLong(this, 0);
        } catch (IllegalAccessException e) {
            throw new IllegalStateException(e);
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
        isNotStored = tooLarge > 0;
    }

    @Override
    public void backupFailed() {
        super.backupFailed();
        isNotStored = true;
    }

    /** Attributes that can be written, as far as their classes say so. */
    Map<String, Object> writable(Map<String, Object> attributes, Map<String, String> notWritable) {
        Map<String, Object> writable = new LinkedHashMap<>();
        attributes.forEach((name, value) -> {
            if (exclude(name, value)) {
                return;
            }
            if (value instanceof Serializable) {
                writable.put(name, value);
            } else {
                notWritable.put(name, value.getClass().getName() + " is not Serializable");
            }
        });
        return writable;
    }

    /** The log says it once of each attribute, until memcached has it. */
    void notWritten(Map<String, String> why) {
        why.forEach((name, reason) -> {
            if (!notWritten.contains(name)) {
                LOG.warn("Session " + getIdInternal() + ": attribute " + name + " is in this Tomcat alone: " + reason);
            }
        });
        notWritten = why.keySet();
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
