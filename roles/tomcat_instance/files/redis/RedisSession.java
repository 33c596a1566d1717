// Copyright (c) 2026, roundrobin.tomcat contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later
package org.roundrobin.tomcat;

import static org.roundrobin.tomcat.RedisClient.bytes;
import static org.roundrobin.tomcat.RedisClient.serialized;
import static org.roundrobin.tomcat.RedisClient.sha1;
import static org.roundrobin.tomcat.RedisClient.text;
import static org.roundrobin.tomcat.RedisSessionManager.warn;

import java.io.IOException;
import java.io.Serializable;
import java.security.Principal;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Enumeration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import org.apache.catalina.connector.Request;
import org.apache.catalina.session.StandardSession;
import org.redisson.client.codec.ByteArrayCodec;
import org.redisson.client.codec.StringCodec;

/** A session in memory, for all requests of this Tomcat. */
final class RedisSession extends StandardSession {
    static final int LEASE_MS = 3000;
    static final int PATIENCE_MS = 5000;
    /** The session that a request uses, and the era in which it began. */
    static final String OF_REQUEST = "org.roundrobin.tomcat.SESSION";
    private static final String ERA = "org.roundrobin.tomcat.ERA";
    private static final int POLL_MS = 5;
    private static final int ATTEMPTS = 10;
    private static final byte[] NONE = {};
    /** A session stays in Redis for so long after its end: a Tomcat has to see that it is over, and to run the listeners. */
    private static final int SECONDS_FOR_LISTENERS = 300;
    private static final long serialVersionUID = 1L;
    private static final String LOGIN = "login";
    private static final String LOGIN_SESSION_ID = "org.apache.catalina.authenticator.SESSION_ID";
    private static final String LOGIN_REQUEST = "org.apache.catalina.authenticator.REQUEST";

    private final transient RedisSessionManager tomcat;
    private final transient ReentrantLock lock = new ReentrantLock();
    private transient int requests;
    /** Of these, the ones that others wait for. */
    private transient int waitedFor;
    /** Grows when all that are in flight have taken too long: nobody waits for a request of a former era. */
    private transient int era;
    private transient volatile boolean owned;
    /** When this Tomcat last said so. */
    private transient long said;
    private transient long lastRequestBegan;
    private transient String version = "";
    /** The SHA-1 of each field that Redis has. */
    private final transient Map<String, String> stored = new ConcurrentHashMap<>();
    /** Attributes that nobody has asked for yet are not made to objects: one of a class that is gone does not harm the others. */
    private final transient Map<String, byte[]> unread = new ConcurrentHashMap<>();
    /** What could not be stored, as it is now. */
    final transient Set<String> notWritten = ConcurrentHashMap.newKeySet();

    RedisSession(RedisSessionManager manager) {
        super(manager);
        this.tomcat = manager;
        // Applications lock what this answers. Tomcat makes it for the first that asks, and may make two for two that ask at once.
        getSession();
    }

    /** One that has yet to be read. */
    RedisSession(RedisSessionManager manager, String id) {
        this(manager);
        this.id = id;
    }

    // ---- Owning it

    /** @return whether there still is such a session */
    boolean begin() {
        lock.lock();
        try {
            if (!owns()) {
                isValid = own();
            }
            return isValid;
        } finally {
            if (!isValid) {
                tomcat.forget(id, this);
            }
            lock.unlock();
        }
    }

    /** A process that stood still has not noticed that its lease ended. */
    private boolean owns() {
        return owned && System.nanoTime() - said < TimeUnit.MILLISECONDS.toNanos(LEASE_MS);
    }

    private boolean own() {
        long began = System.nanoTime();
        while (true) {
            said = System.nanoTime();
            // An owner lets go in time. Should others always be quicker than this request, it is not held up for ever.
            boolean force = said - began > TimeUnit.MILLISECONDS.toNanos(2 * PATIENCE_MS);
            try {
                List<byte[]> found = tomcat.redis().run(RedisClient.BEGIN, id,
                    Arrays.asList(bytes(tomcat.me), bytes(LEASE_MS), bytes(version), bytes(force ? 1 : 0)));
                if (found.size() != 1) {
                    owned = !found.isEmpty();
                    if (owned) {
                        read(found);
                    }
                    return owned;
                }
            } catch (RuntimeException e) {
                if (!isBroken(e)) {
                    throw e;
                }
                warn("What Redis has of session " + id + " is none, and counts as ended", e);
                owned = false;
                return false;
            }
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(POLL_MS));
        }
    }

    /** Not a time that is one, not a hash at all: asking again would not help. */
    private boolean isBroken(RuntimeException e) {
        return e instanceof NumberFormatException || String.valueOf(e.getMessage()).contains("WRONGTYPE");
    }

    void renew() {
        if (owned && lock.tryLock()) {
            try {
                boolean patient = System.nanoTime() - lastRequestBegan < TimeUnit.MILLISECONDS.toNanos(PATIENCE_MS);
                if (owned && requests > 0 && patient) {
                    send(false, false, Collections.emptyMap());
                } else {
                    waitedFor = 0;
                    era++;
                    release();
                }
            } finally {
                lock.unlock();
            }
        }
    }

    void release() {
        if (owned) {
            store(false, true);
        }
    }

    @Override
    public void access() {
        Request request = tomcat.current.get();
        lock.lock();
        try {
            requests++;
            lastRequestBegan = System.nanoTime();
            if (request != null) {
                waitedFor++;
                request.setNote(OF_REQUEST, this);
                request.setNote(ERA, era);
            }
            begin();
        } finally {
            lock.unlock();
        }
        super.access();
    }

    /** Before the answer goes out. An asynchronous request may still change something. */
    void answered(Request request) {
        lock.lock();
        try {
            if (!request.isAsync() && request.getNote(ERA).equals(era)) {
                waitedFor--;
            }
            store(false, waitedFor == 0);
        } finally {
            lock.unlock();
        }
    }

    /** After the answer has gone out. What asynchronous requests have changed is not stored yet. */
    @Override
    public void endAccess() {
        super.endAccess();
        lock.lock();
        try {
            requests--;
            if (requests == 0) {
                waitedFor = 0;
                release();
            }
        } finally {
            lock.unlock();
        }
    }

    // ---- What Redis has

    /** From fields and values; without a version: nothing but the times. */
    private void read(List<byte[]> found) {
        Map<String, byte[]> fields = new HashMap<>();
        for (int i = 0; i < found.size(); i += 2) {
            fields.put(text(found.get(i)), found.get(i + 1));
        }
        readTimes(text(fields.get("accessed")), text(fields.get("timeout")));
        creationTime = Long.parseLong(text(fields.get("created")));
        if (!fields.containsKey("version")) {
            return;
        }
        version = text(fields.get("version"));
        Long.parseLong(version);
        fields.keySet().removeIf(field -> !field.startsWith("=") && !field.equals(LOGIN));
        Set<String> changed = new HashSet<>(stored.keySet());
        changed.addAll(fields.keySet());
        for (String field : changed) {
            byte[] value = fields.getOrDefault(field, NONE);
            String before = stored.getOrDefault(field, "");
            note(field, value);
            if (!before.equals(stored.getOrDefault(field, ""))) {
                readField(field, value);
            }
        }
    }

    private void note(String field, byte[] value) {
        if (value.length == 0) {
            stored.remove(field);
        } else {
            stored.put(field, sha1(value));
        }
    }

    private void readField(String field, byte[] value) {
        if (field.equals(LOGIN)) {
            readLogin(value);
            return;
        }
        String name = field.substring(1);
        if (value.length == 0) {
            unread.remove(name);
        } else {
            unread.put(name, value);
        }
        attributes.remove(name);
    }

    private void readTimes(String accessed, String timeout) {
        long time = Long.parseLong(accessed);
        if (time > thisAccessedTime) {
            thisAccessedTime = time;
            lastAccessedTime = time;
        }
        maxInactiveInterval = Integer.parseInt(timeout);
    }

    private void readLogin(byte[] value) {
        Object[] login = {null, null, null};
        try {
            login = (Object[]) tomcat.object(value);
            authType = (String) login[0];
            principal = (Principal) login[1];
        } catch (RuntimeException e) {
            warn("Session " + id + " goes on without its login", e);
            login = new Object[3];
            authType = null;
            principal = null;
        }
        if (login[2] == null) {
            removeNote(LOGIN_REQUEST);
        } else {
            setNote(LOGIN_REQUEST, login[2]);
        }
    }

    /** Every attribute is compared, as one may have been changed in place. */
    private void store(boolean create, boolean release) {
        if (!isValid) {
            return;
        }
        Map<String, Object> values = new HashMap<>();
        values.put(LOGIN, new Object[] {authType, principal, getNote(LOGIN_REQUEST)});
        unread.keySet().removeIf(attributes::containsKey);
        Map<String, byte[]> asTheyWere = new HashMap<>();
        unread.forEach((name, value) -> asTheyWere.put("=" + name, value));
        attributes.forEach((name, value) -> values.put("=" + name, value));

        notWritten.retainAll(values.keySet());
        Map<String, byte[]> changes = new HashMap<>(create ? asTheyWere : Collections.emptyMap());
        for (String field : stored.keySet()) {
            if (!values.containsKey(field) && !asTheyWere.containsKey(field)) {
                changes.put(field, NONE);
            }
        }
        values.forEach((field, value) -> {
            byte[] bytes = field.startsWith("=") && exclude(field.substring(1), value) ? NONE : serializedNow(field, value);
            if (bytes != NONE && !sha1(bytes).equals(stored.get(field))) {
                changes.put(field, bytes);
            }
        });
        send(create, release, changes);
    }

    /** Another request may be changing it just now. What cannot be stored here that one stores at its own end. */
    private byte[] serializedNow(String field, Object value) {
        Throwable why = null;
        for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
            try {
                byte[] bytes = serialized(value);
                notWritten.remove(field);
                return bytes;
            } catch (IOException | LinkageError | StackOverflowError e) {
                why = e;
                break;
            } catch (RuntimeException e) {
                why = e;
                LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(1));
            }
        }
        // The log says it once, until it can be stored.
        if (notWritten.add(field)) {
            warn("Session " + id + ": not stored, " + field, why);
        }
        return NONE;
    }

    private void send(boolean create, boolean release, Map<String, byte[]> changes) {
        int keep = maxInactiveInterval > 0 ? maxInactiveInterval + SECONDS_FOR_LISTENERS : 0;
        List<Object> values = new ArrayList<>(Arrays.asList(bytes(tomcat.me), bytes(create ? 1 : 0), bytes(release ? 1 : 0), bytes(LEASE_MS),
            bytes(keep), bytes(creationTime), bytes(thisAccessedTime), bytes(maxInactiveInterval)));
        changes.forEach((field, value) -> values.addAll(Arrays.asList(bytes(field), bytes(stored.getOrDefault(field, "")), value)));
        said = System.nanoTime();
        List<byte[]> now = tomcat.redis().run(RedisClient.STORE, id, values);
        if (now.isEmpty()) {
            // It ended elsewhere.
            isValid = false;
            tomcat.forget(id, this);
            return;
        }
        changes.forEach((field, value) -> note(field, value));
        for (byte[] field : now.subList(2, now.size())) {
            warn("Session " + id + ": not stored, as somebody else has changed it meanwhile, " + text(field), null);
        }
        boolean mine = text(now.get(1)).equals("1");
        owned = mine && !release;
        // What others stored meanwhile has not been read.
        version = mine ? text(now.get(0)) : "";
    }

    // ---- What Tomcat and the application do with it

    /** Called for a new session, for changeSessionId() and at logins. Other Tomcats can have it before the request ends. */
    @Override
    public void setId(String id, boolean notify) {
        lock.lock();
        try {
            String before = this.id;
            super.setId(id, false);
            stored.clear();
            store(true, false);
            if (before != null) {
                delete(before);
            }
        } finally {
            lock.unlock();
        }
        if (notify) {
            tellNew();
        }
    }

    /** @return whether it was there */
    private boolean delete(String id) {
        return tomcat.redis().ask(redis -> redis.getBucket(tomcat.redis().key(id), ByteArrayCodec.INSTANCE).delete());
    }

    /** Of all Tomcats that have it in memory one runs the listeners. */
    @Override
    public void expire(boolean notify) {
        synchronized (this) {
            if (isValid && !expiring) {
                super.expire(delete(id) && notify);
            }
        }
    }

    /** It may be in use elsewhere. */
    @Override
    public long getIdleTimeInternal() {
        if (!owned && maxInactiveInterval > 0 && super.getIdleTimeInternal() >= maxInactiveInterval * 1000L) {
            try {
                Map<String, String> now = tomcat.redis().ask(redis -> redis.<String, String>getMap(tomcat.redis().key(id), StringCodec.INSTANCE)
                    .getAll(new HashSet<>(Arrays.asList("accessed", "timeout"))));
                if (now.size() == 2) {
                    readTimes(now.get("accessed"), now.get("timeout"));
                }
            } catch (RuntimeException e) {
                if (!isBroken(e)) {
                    throw e;
                }
                // Then it ends here in its time, and the others do so too.
            }
        }
        return super.getIdleTimeInternal();
    }

    /** Make the attribute an object, if it is none yet. */
    private void read(String name) {
        if (unread.containsKey(name)) {
            attributes.computeIfAbsent(name, any -> {
                byte[] value = unread.get(name);
                try {
                    return value == null ? null : tomcat.object(value);
                } catch (RuntimeException e) {
                    warn("Session " + id + ": not readable, " + name, e.getCause());
                    throw e;
                }
            });
        }
    }

    /** For what replaces or removes it: the application is told of the former value, if that can be read. */
    private void readIfPossible(String name) {
        try {
            read(name);
        } catch (RuntimeException e) {
            // The log has it.
        }
    }

    @Override
    public Object getAttribute(String name) {
        Object value = super.getAttribute(name);
        if (value == null && name != null) {
            read(name);
            value = super.getAttribute(name);
        }
        return value;
    }

    @Override
    public Enumeration<String> getAttributeNames() {
        super.getAttributeNames();
        return Collections.enumeration(Arrays.asList(keys()));
    }

    @Override
    protected String[] keys() {
        Set<String> names = new HashSet<>(unread.keySet());
        names.addAll(attributes.keySet());
        return names.toArray(new String[0]);
    }

    @Override
    public void setAttribute(String name, Object value, boolean notify) {
        if (value != null && !(value instanceof Serializable) && !exclude(name, value)) {
            throw new IllegalArgumentException("Attribute " + name + " is not Serializable: " + value.getClass().getName());
        }
        if (name != null) {
            readIfPossible(name);
        }
        super.setAttribute(name, value, notify);
    }

    @Override
    protected void removeAttributeInternal(String name, boolean notify) {
        if (name != null) {
            readIfPossible(name);
            unread.remove(name);
        }
        super.removeAttributeInternal(name, notify);
    }

    /**
     * FORM login: Tomcat notes in the session which id the login page was shown for. Answering the present id keeps what the note is for:
     * the page was shown for this very session.
     */
    @Override
    public Object getNote(String name) {
        Object note = super.getNote(name);
        boolean missing = note == null && LOGIN_SESSION_ID.equals(name) && super.getNote(LOGIN_REQUEST) != null;
        return missing ? getIdInternal() : note;
    }
}
