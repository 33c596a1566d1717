# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs on a balancer: reads its manager again and again, 1 ms apart, and prints what it saw once its input ends.

With a member's route as argument it also sends that member's sessions requests, and tells who answered them.
"""

from __future__ import annotations

import collections
import http.client
import json
import re
import sys
import threading
import time

ROUTE = sys.argv[1]
over = threading.Event()


def ask(port: int, path: str, headers: dict[str, str]) -> tuple[http.client.HTTPResponse, str]:
    """One request with a connection of its own."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request("GET", path, headers=headers)
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    return answer, text


def read_states(seen: collections.Counter[str]) -> None:
    """Count each status of the member, with the configuration that httpd told it under."""
    while not over.is_set():
        answer, text = ask(9080, "/balancer-manager?xml=1", {"Referer": "http://127.0.0.1:9080/balancer-manager"})
        pool = text.partition("balancer://tomcat<")[2].partition("</httpd:balancer>")[0]
        worker = next(part for part in pool.split("<httpd:worker>") if f"<httpd:route>{ROUTE}<" in part)
        (status,) = re.findall("<httpd:status>(.*?) *</httpd:status>", worker)
        seen[f"{answer.headers['X-Roundrobin-Configuration']} {status}"] += 1
        time.sleep(0.001)


def send_requests(served: collections.Counter[str]) -> None:
    """Count who answers the member's sessions."""
    while not over.is_set():
        answer, text = ask(80, "/", {"Cookie": f"JSESSIONID=0.{ROUTE}"})
        served[f"{answer.status} {text.split()[0]}"] += 1
        time.sleep(0.001)


seen, served = collections.Counter(), collections.Counter()
threads = [threading.Thread(target=read_states, args=(seen,)), threading.Thread(target=send_requests, args=(served,))]
for thread in threads:
    thread.start()
sys.stdin.read()
over.set()
for thread in threads:
    thread.join()
print(json.dumps({"seen": seen, "served": served}))
