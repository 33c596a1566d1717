// Copyright (c) 2026, roundrobin.tomcat contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later
package org.roundrobin.tomcat;

import java.io.File;
import java.io.IOException;
import java.util.UUID;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.apache.catalina.LifecycleException;
import org.apache.catalina.LifecycleState;
import org.apache.catalina.Pipeline;
import org.apache.catalina.Session;
import org.apache.catalina.connector.Request;
import org.apache.catalina.connector.Response;
import org.apache.catalina.session.ManagerBase;
import org.apache.catalina.valves.ValveBase;
import org.apache.juli.logging.Log;
import org.apache.juli.logging.LogFactory;
import org.redisson.config.Config;

/**
 * Sessions of Tomcat 9.0, 10.1 and 11.0 in Redis, which is asked through Redisson 3.39.0.
 *
 * <p>A Tomcat owns a session while requests of it are in flight there. They share one object in memory, as they would without Redis, and
 * when one of them ends, what it changed is stored before its answer goes out. Another Tomcat waits until the session is free. Then it reads
 * what is new since it had the session itself.
 *
 * <p>An owner says every second that it still is one; whoever says nothing for {@link RedisSession#LEASE_MS} is dead, and owns nothing.
 * A request that takes longer than {@link RedisSession#PATIENCE_MS} is not waited for: what it has changed is stored and the session is
 * free. What it changes later is stored at its end, but for what somebody else has changed by then.
 *
 * <p>In Redis a session is a hash. It has a field for each attribute, named "=" and the attribute's name; "login": who is logged in; "version",
 * which grows with each change of these; "created", "accessed" and "timeout"; "owner", and "until" when. The key has host and context path,
 * without a version (ROOT##000001): parallel releases share their sessions, and two applications have none in common.
 *
 * <p>{@link RedisSession} is a session, {@link RedisClient} asks the server.
 *
 * <p>They use no servlet API and compile to Java 8, so that the same sources fit all three Tomcats.
 */
public class RedisSessionManager extends ManagerBase {
    private static final Log LOG = LogFactory.getLog(RedisSessionManager.class);
    private static final int RENEWAL_MS = 1000;

    /** This Tomcat, as an owner. */
    final String me = UUID.randomUUID().toString();
    final ThreadLocal<Request> current = new ThreadLocal<>();
    private final AtomicLong refused = new AtomicLong();
    private String configPath;
    private RedisClient redis;
    private EndOfRequest valve;
    private ScheduledExecutorService renewal;

    public String getConfigPath() {
        return configPath;
    }

    public void setConfigPath(String path) {
        configPath = path;
    }

    /**
     * What is lost when this Tomcat stops, for the status and the preflight of a rollout: three numbers, as MemcachedSessionManager has them.
     * Nothing is too large for Redis, so that only the last of them is ever above 0: sessions that Redis has without some of their attributes.
     * A fourth number is how often something was not read since the application's start because jdk.serialFilter refuses it.
     */
    public String getNotStored() {
        int incomplete = 0;
        for (Session session : findSessions()) {
            incomplete += ((RedisSession) session).notWritten.isEmpty() ? 0 : 1;
        }
        return "0 0 " + incomplete + " " + refused;
    }

    @Override
    public String getName() {
        return "RedisSessionManager";
    }

    // Tomcat's own way to keep sessions over a restart.

    @Override
    public void load() {}

    @Override
    public void unload() {}

    @Override
    protected void startInternal() throws LifecycleException {
        super.startInternal();
        try {
            Config config = Config.fromYAML(new File(configPath), getClass().getClassLoader());
            redis = new RedisClient(getContext(), config);
        } catch (IOException | RuntimeException e) {
            throw new LifecycleException(e);
        }
        Pipeline ofAllApplications = getContext().getParent().getPipeline();
        valve = new EndOfRequest();
        valve.setNext(ofAllApplications.getBasic()); // which addValve() does when requests already come here
        ofAllApplications.addValve(valve);
        renewal = Executors.newSingleThreadScheduledExecutor(work -> {
            Thread thread = new Thread(work, "sessions in Redis " + getContext().getName());
            thread.setDaemon(true);
            return thread;
        });
        renewal.scheduleWithFixedDelay(() -> ofAll(RedisSession::renew), RENEWAL_MS, RENEWAL_MS, TimeUnit.MILLISECONDS);
        setState(LifecycleState.STARTING);
    }

    @Override
    protected void stopInternal() throws LifecycleException {
        setState(LifecycleState.STOPPING);
        if (redis != null) {
            renewal.shutdown();
            getContext().getParent().getPipeline().removeValve(valve);
            ofAll(RedisSession::release);
            redis.shutdown();
        }
        // What they hold is of classes that the application will not have when it starts again.
        sessions.clear();
        super.stopInternal();
    }

    private void ofAll(Consumer<RedisSession> action) {
        for (Session session : findSessions()) {
            try {
                action.accept((RedisSession) session);
            } catch (RuntimeException | Error e) { // which would be the end of all renewals
                warn("Session " + session.getIdInternal() + " cannot be stored", e);
            }
        }
    }

    RedisClient redis() {
        return redis;
    }

    void forget(String id, RedisSession session) {
        sessions.remove(id, session);
    }

    /** An object that Redis has, and that is counted if its class is refused. */
    Object object(byte[] bytes) {
        try {
            return redis.object(bytes);
        } catch (RuntimeException e) {
            if (ApplicationObjects.isRefused(e.getCause())) {
                refused.incrementAndGet();
            }
            throw e;
        }
    }

    static void warn(String what, Throwable why) {
        LOG.warn(why == null ? what : what + ": " + why);
    }

    // ---- Finding a session

    @Override
    public Session createEmptySession() {
        return new RedisSession(this);
    }

    /** If Redis cannot be asked, that is an error: with "no" the user would be given a new session in the place of his own. */
    @Override
    public Session findSession(String id) {
        if (id == null) {
            return null;
        }
        // All requests that look for it at the same time get the same object.
        RedisSession session = (RedisSession) sessions.get(id);
        if (session == null) {
            RedisSession empty = new RedisSession(this, id);
            session = (RedisSession) sessions.putIfAbsent(id, empty);
            session = session == null ? empty : session;
        }
        return session.begin() ? session : null;
    }

    /** In the host, not in the context: there the authenticators come first, and listeners and error pages come last. */
    private final class EndOfRequest extends ValveBase {
        EndOfRequest() {
            super(true);
        }

        @Override
        public void invoke(Request request, Response response) throws IOException {
            boolean ours = request.getContext() == RedisSessionManager.this.getContext();
            if (ours) {
                current.set(request);
            }
            try {
                getNext().invoke(request, response);
            } catch (IOException | RuntimeException e) {
                throw e;
            } catch (Exception e) {
                throw new IOException(e); // ServletException, in the package of this Tomcat
            } finally {
                if (ours) {
                    current.remove();
                    store((RedisSession) request.getNote(RedisSession.OF_REQUEST), request, response);
                }
            }
        }

        private void store(RedisSession session, Request request, Response response) throws IOException {
            try {
                if (session != null) {
                    session.answered(request);
                }
            } catch (RuntimeException e) {
                LOG.error("Session " + session.getIdInternal() + " cannot be stored", e);
                if (!response.isCommitted()) {
                    response.reset();
                    response.sendError(500);
                }
            }
        }
    }
}
