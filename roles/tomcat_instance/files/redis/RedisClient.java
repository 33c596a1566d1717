// Copyright (c) 2026, roundrobin.tomcat contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later
package org.roundrobin.tomcat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Collections;
import java.util.List;
import java.util.function.Function;
import org.apache.catalina.Context;
import org.redisson.Redisson;
import org.redisson.api.RScript;
import org.redisson.api.RedissonClient;
import org.redisson.client.codec.ByteArrayCodec;
import org.redisson.config.Config;

/** Asks Redis for sessions: one script when a request begins with one, one when it ends; and makes bytes of objects. */
final class RedisClient {
    /** Own the session and read it: nothing if there is none, one word if another owns it, else fields and values. */
    static final String BEGIN = String.join("\n",
        "local me, lease, version, force = ARGV[1], ARGV[2], ARGV[3], ARGV[4]",
        "local is = redis.call('hmget', KEYS[1], 'version', 'owner', 'until', 'created', 'accessed', 'timeout')",
        "if not is[1] then return {} end",
        "local time = redis.call('time')",
        "local now = time[1] * 1000 + math.floor(time[2] / 1000)",
        "if is[2] and is[2] ~= me and tonumber(is[3]) > now and force == '0' then return {'owned'} end",
        "redis.call('hset', KEYS[1], 'owner', me, 'until', string.format('%.0f', now + lease))",
        "if is[1] == version then return {'created', is[4], 'accessed', is[5], 'timeout', is[6]} end",
        "return redis.call('hgetall', KEYS[1])");

    /**
     * Store fields, each with the SHA-1 of what it replaces and its value ('': none any more). Says the version, whether this Tomcat owned the
     * session, and which fields somebody else has changed, if not; nothing if the session is gone.
     */
    static final String STORE = String.join("\n",
        "local me, create, release, lease, keep = ARGV[1], ARGV[2] == '1', ARGV[3] == '1', ARGV[4], tonumber(ARGV[5])",
        "local created, accessed, timeout = ARGV[6], ARGV[7], ARGV[8]",
        "local is = redis.call('hmget', KEYS[1], 'version', 'owner', 'accessed')",
        "if not is[1] and not create then return {} end",
        "local mine, answer = create or is[2] == me, {'', ''}",
        "local function replaces(field, sum)",
        "  local now = redis.call('hget', KEYS[1], field)",
        "  return (now and redis.sha1hex(now) or '') == sum",
        "end",
        "for i = 9, #ARGV, 3 do",
        "  if not mine and not replaces(ARGV[i], ARGV[i + 1]) then table.insert(answer, ARGV[i])",
        "  elseif ARGV[i + 2] == '' then redis.call('hdel', KEYS[1], ARGV[i])",
        "  else redis.call('hset', KEYS[1], ARGV[i], ARGV[i + 2]) end",
        "end",
        "local version = is[1] or '0'",
        "if create or #ARGV > 8 then version = redis.call('hincrby', KEYS[1], 'version', 1) end",
        "if tonumber(accessed) < tonumber(is[3] or '0') then accessed = is[3] end",
        "redis.call('hset', KEYS[1], 'created', created, 'accessed', accessed, 'timeout', timeout)",
        "if mine and release then redis.call('hdel', KEYS[1], 'owner', 'until')",
        "elseif mine then",
        "  local time = redis.call('time')",
        "  redis.call('hset', KEYS[1], 'owner', me, 'until', string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000) + lease))",
        "end",
        "if keep > 0 then redis.call('expire', KEYS[1], keep) else redis.call('persist', KEYS[1]) end",
        "answer[1], answer[2] = tostring(version), mine and '1' or '0'",
        "return answer");

    private final RedissonClient redisson;
    private final Context context;

    RedisClient(Context context, Config config) {
        this.context = context;
        redisson = Redisson.create(config.setUseScriptCache(true));
    }

    void shutdown() {
        redisson.shutdown();
    }

    String key(String id) {
        return "tomcat:session:" + context.getParent().getName() + context.getPath() + ":" + id;
    }

    List<byte[]> run(String script, String id, List<Object> values) {
        return ask(redis -> redis.getScript(ByteArrayCodec.INSTANCE)
            .eval(RScript.Mode.READ_WRITE, script, RScript.ReturnType.MULTI, Collections.singletonList(key(id)), values.toArray()));
    }

    /** A thread that Redisson starts meanwhile has the class loader of the one that asks: it is not to be that of the application. */
    <T> T ask(Function<RedissonClient, T> question) {
        Thread thread = Thread.currentThread();
        ClassLoader ofApplication = thread.getContextClassLoader();
        thread.setContextClassLoader(getClass().getClassLoader());
        try {
            return question.apply(redisson);
        } finally {
            thread.setContextClassLoader(ofApplication);
        }
    }

    static byte[] bytes(Object text) {
        return text.toString().getBytes(StandardCharsets.UTF_8);
    }

    static String text(byte[] bytes) {
        return new String(bytes, StandardCharsets.UTF_8);
    }

    static String sha1(byte[] bytes) {
        try {
            return String.format("%040x", new BigInteger(1, MessageDigest.getInstance("SHA-1").digest(bytes)));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    static byte[] serialized(Object value) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
            out.writeObject(value);
        }
        return bytes.toByteArray();
    }

    Object object(byte[] bytes) {
        ClassLoader application = context.getLoader().getClassLoader();
        try (ObjectInputStream in = new ApplicationObjects(bytes, application)) {
            return in.readObject();
        } catch (Exception | LinkageError | VirtualMachineError e) { // the bytes may be any
            throw new IllegalStateException(e);
        }
    }
}
