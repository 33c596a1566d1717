# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is demanded of httpd."""

# Private to this collection.

from __future__ import annotations

import re

from .lines import Facts, Line, Verdict, all_right, closed_to_others, failed, left_out, passed

# Smuggling by AJP: fixed in 2.4.54 and 2.4.55.
LEAST = (2, 4, 55)
VERSION = re.compile(r"Apache/[0-9]")
REFUSED = (403, 404)
TLS_IS_OFF = "the site has no TLS: set apache_balancer_tls_certificate, or have TLS in front of it"


def version(found: Facts, _wants: Facts) -> Verdict:
    """As the program itself says it."""
    shown = found["httpd_version"]
    if tuple(int(part) for part in shown.split(".")) < LEAST:
        return failed(f"httpd is {shown}: 2.4.55 is wanted, or a distribution's own that has the fixes")
    return passed(f"httpd is {shown}")


def tells_nothing(found: Facts, _wants: Facts) -> Verdict:
    """Headers and error pages."""
    wrong = []
    for answer in found["answers"].values():
        if VERSION.search(answer["headers"].get("server", "")):
            wrong.append(f"the header Server is {answer['headers']['server']!r}: ServerTokens Prod is wanted")
        if VERSION.search(answer["body"]):
            wrong.append(f"the page of an answer {answer['status']} has its version: ServerSignature Off is wanted")
    return all_right(sorted(set(wrong)), "neither headers nor pages have a version")


def trace(found: Facts, _wants: Facts) -> Verdict:
    """The running httpd."""
    answer = found["answers"]["trace"]
    if answer["status"] is None:
        return failed(f"it does not answer to TRACE: {answer['reason']}")
    if answer["status"] < 400:
        return failed(f"it answers {answer['status']} to TRACE: TraceEnable Off is wanted")
    return passed(f"it answers {answer['status']}")


def manager(found: Facts, wants: Facts) -> Verdict:
    """On a port of its own, for the machine itself."""
    wrong = []
    answer = found["answers"]["manager"]
    if answer["status"] not in REFUSED:
        wrong.append(f"the public port answers {answer['status'] or answer['reason']} to its path: 403 is wanted")
    wrong += [
        f"its port {one['port']} is open on {one['address']}: set apache_balancer_manager_address"
        for one in found["listening"]
        if one["port"] == wants["manager_port"] and not one["address"].startswith("127.") and one["address"] != "::1"
    ]
    return all_right(wrong, f"the public port answers {answer['status']}, its own is for the machine itself")


def proxy(found: Facts, _wants: Facts) -> Verdict:
    """It must not go where strangers send it."""
    if found["open_proxy"] is None:
        return failed("it does not answer")
    return (
        failed("it is an open proxy: ProxyRequests Off is wanted") if found["open_proxy"] else passed("it went nowhere")
    )


def tls(found: Facts, wants: Facts) -> Verdict:
    """1.2 or newer."""
    if not wants["tls"]:
        return left_out(TLS_IS_OFF)
    if found["old_tls"] is None:
        return left_out("this machine's own TLS cannot ask for 1.1")
    return (
        failed("it speaks TLS 1.1: SSLProtocol -all +TLSv1.2 +TLSv1.3")
        if found["old_tls"]
        else passed("it refuses TLS 1.1")
    )


def hsts(found: Facts, wants: Facts) -> Verdict:
    """Browsers come by TLS alone."""
    if not wants["tls"]:
        return left_out(TLS_IS_OFF)
    header = found["answers"]["page"]["headers"].get("strict-transport-security")
    return passed(header) if header else failed("there is no such header: set apache_balancer_tls_hsts_max_age")


LINES = (
    Line(("CVE-2022-26377", "CVE-2022-36760"), "httpd 2.4.55 or newer", version),
    Line(("httpd-version-hidden",), "httpd tells no version", tells_nothing),
    Line(("CIS-2.6",), "no TRACE", trace),
    Line(("balancer-manager",), "balancer-manager is for the machine itself", manager),
    Line(("open-proxy",), "no open proxy", proxy),
    Line(("httpd-secret",), "the AJP secret is not for everybody", closed_to_others(("secret_file",))),
    Line(("TCAT-AS-000020", "TCAT-AS-000040"), "TLS 1.2 or newer", tls),
    Line(("TCAT-AS-000030",), "Strict-Transport-Security", hsts),
)
