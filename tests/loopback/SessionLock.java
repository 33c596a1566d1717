// Copyright (c) 2026, roundrobin.tomcat contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

import java.util.concurrent.atomic.AtomicInteger;
import org.apache.catalina.Manager;
import org.apache.catalina.Session;

/** Two requests at once ask each of many new sessions for the object that an application locks. Prints how often it was not the same. */
public class SessionLock {
    private static final int SESSIONS = 20_000;

    private final Session[] sessions = new Session[SESSIONS];
    private final AtomicInteger arrived = new AtomicInteger();

    private Object[] locks() {
        Object[] locks = new Object[SESSIONS];
        for (int index = 0; index < SESSIONS; index++) {
            // Both go on within some nanoseconds, as neither sleeps.
            arrived.incrementAndGet();
            while (arrived.get() < 2 * (index + 1)) {
                Thread.yield();
            }
            locks[index] = sessions[index].getSession();
        }
        return locks;
    }

    public static void main(String[] arguments) throws Exception {
        Manager manager = (Manager) Class.forName(arguments[0]).getConstructor().newInstance();
        SessionLock test = new SessionLock();
        for (int index = 0; index < SESSIONS; index++) {
            test.sessions[index] = manager.createEmptySession();
        }
        Object[][] theirs = new Object[1][];
        Thread other = new Thread(() -> theirs[0] = test.locks());
        other.start();
        Object[] ours = test.locks();
        other.join();
        int different = 0;
        for (int index = 0; index < SESSIONS; index++) {
            different += ours[index] == theirs[0][index] ? 0 : 1;
        }
        System.out.println("different locks: " + different);
    }
}
