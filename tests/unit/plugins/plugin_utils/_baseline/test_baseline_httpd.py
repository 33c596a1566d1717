# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import copy

import pytest

from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._baseline.httpd import LINES

WANTS = {"secret_file": "/etc/secret.conf", "manager_port": 9080, "tls": True}
GOOD = {
    "httpd_version": "2.4.65",
    "trees": {"/etc/secret.conf": {"exists": True, "for_everybody": [], "written_by_user": []}},
    "listening": [
        {"unit": "apache2.service", "address": "::", "port": 443},
        {"unit": "apache2.service", "address": "127.0.0.1", "port": 9080},
    ],
    "answers": {
        "page": {
            "status": 200,
            "reason": "",
            "headers": {"server": "Apache", "strict-transport-security": "max-age=1"},
            "body": "",
        },
        "trace": {"status": 405, "reason": "", "headers": {}, "body": ""},
        "manager": {"status": 403, "reason": "", "headers": {}, "body": ""},
    },
    "open_proxy": False,
    "old_tls": False,
}


def told(tag, found, **wants):
    (line,) = [line for line in LINES if tag in line.ids]
    verdict = line.told(found, {**WANTS, **wants})
    return verdict["state"], verdict["evidence"]


def test_as_it_is_set_up_everything_passes():
    assert {line.told(GOOD, WANTS)["state"] for line in LINES} == {"PASS"}


@pytest.mark.parametrize(
    ("tag", "fault", "evidence"),
    [
        ("CVE-2022-36760", lambda f: f.update(httpd_version="2.4.54"), "2.4.54"),
        (
            "httpd-version-hidden",
            lambda f: f["answers"]["page"]["headers"].update(server="Apache/2.4.65"),
            "ServerTokens",
        ),
        (
            "httpd-version-hidden",
            lambda f: f["answers"]["manager"].update(body="Apache/2.4.65 Server"),
            "ServerSignature",
        ),
        ("CIS-2.6", lambda f: f["answers"]["trace"].update(status=200), "TraceEnable Off"),
        ("CIS-2.6", lambda f: f["answers"]["trace"].update(status=None, reason="refused"), "refused"),
        ("balancer-manager", lambda f: f["answers"]["manager"].update(status=200), "answers 200"),
        ("balancer-manager", lambda f: f["listening"][1].update(address="0.0.0.0"), "port 9080 is open on 0.0.0.0"),
        ("open-proxy", lambda f: f.update(open_proxy=True), "ProxyRequests Off"),
        ("open-proxy", lambda f: f.update(open_proxy=None), "does not answer"),
        (
            "httpd-secret",
            lambda f: f["trees"]["/etc/secret.conf"].update(for_everybody=["/etc/secret.conf 0644"]),
            "0644",
        ),
        ("TCAT-AS-000040", lambda f: f.update(old_tls=True), "SSLProtocol"),
        ("TCAT-AS-000030", lambda f: f["answers"]["page"]["headers"].pop("strict-transport-security"), "hsts_max_age"),
    ],
)
def test_a_fault_fails_its_line(tag, fault, evidence):
    found = copy.deepcopy(GOOD)
    fault(found)
    state, said = told(tag, found)
    assert state == "FAIL"
    assert evidence in said


def test_without_tls_its_lines_do_not_apply():
    for tag in ("TCAT-AS-000030", "TCAT-AS-000040"):
        assert told(tag, GOOD, tls=False)[0] == "N/A"
    assert told("TCAT-AS-000040", {**GOOD, "old_tls": None}) == ("N/A", "this machine's own TLS cannot ask for 1.1")
