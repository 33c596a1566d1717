// Copyright (c) 2026, roundrobin.tomcat contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later
package org.roundrobin.tomcat;

import java.nio.charset.StandardCharsets;
import java.util.concurrent.ThreadLocalRandom;
import java.util.zip.CRC32;
import net.spy.memcached.CASValue;

/** Who owns a session and how many requests he is serving with it, as memcached has it: OWNER * 10000 + 5000 + REQUESTS. */
final class SessionRecord {
    private static final long OWNER = 10_000;
    /** In the middle: a former owner may subtract 1 before he knows, and puts it back. */
    private static final long NO_REQUESTS = 5_000;
    /** An owner is the checksum of a route, which finds what he stored, and a number for each start of a manager with this route. */
    private static final long ROUTE = 100_000;
    static final long ENDED = 0;

    final String id;
    final long number;
    final long cas;

    SessionRecord(String id, CASValue<byte[]> read) {
        this.id = id;
        this.number = Long.parseLong(new String(read.getValue(), StandardCharsets.US_ASCII).trim());
        this.cas = read.getCas();
    }

    static byte[] bytes(long owner, int requests) {
        return Long.toString(owner * OWNER + NO_REQUESTS + requests).getBytes(StandardCharsets.US_ASCII);
    }

    static long owner(long number) {
        return number / OWNER;
    }

    static long newOwner(String route) {
        return checksum(route) * ROUTE + ThreadLocalRandom.current().nextLong(1, ROUTE);
    }

    static long route(long owner) {
        return owner / ROUTE;
    }

    long owner() {
        return owner(number);
    }

    boolean isIdle() {
        return number % OWNER <= NO_REQUESTS;
    }

    static long checksum(String text) {
        CRC32 sum = new CRC32();
        sum.update(text.getBytes(StandardCharsets.UTF_8));
        return sum.getValue();
    }
}
