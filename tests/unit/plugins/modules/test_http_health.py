# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import socket
from datetime import datetime

import pytest

from ansible_collections.roundrobin.tomcat.plugins.modules import http_health


@pytest.fixture
def run(run_module):
    def call(**options):
        return run_module(http_health, **{"interval": 0.01, "timeout": 20, "request_timeout": 10, **options})

    return call


def test_healthy_over_http(run, web):
    told = run(url=web + "/health", pattern="^version={version} ", version="1.4.2", successes=3)
    assert not told.get("failed")
    assert (told["changed"], told["status"], told["tries"]) == (False, 200, 3)
    assert told["latency_ms"] > 0
    assert [(item["outcome"], item["count"]) for item in told["evidence"]] == [("status 200, good", 3)]


def test_held(run, web):
    told = run(url=web + "/health", hold=1)
    assert not told.get("failed")
    assert 1 <= told["held"] < 20
    assert told["tries"] > 4


def test_not_held(answered_by, run, web, monkeypatch):
    asked = []

    def sick_later(self):
        asked.append(self.path)
        if len(asked) > 5:
            self.path = "/sick"
        answer(self)

    answer = answered_by.do_GET
    monkeypatch.setattr(answered_by, "do_GET", sick_later)
    told = run(url=web + "/health", hold=60)
    assert (told["failed"], told["tries"], told["status"]) == (True, 6, 503)
    assert "into the 60 s that it must hold, the last answer: status 503 instead of 200" in told["msg"]
    assert told["held"] < 20


def test_check_mode_asks_too(run, web):
    assert run(url=web + "/health", check=True)["status"] == 200


def test_headers_and_head(run, web):
    assert run(url=web + "/health", headers={"Host": "shop"})["body"] == "version=1.4.2 host=shop"
    assert run(url=web + "/health", method="HEAD")["body"] == ""


def test_statuses_of_a_single_number_or_a_list(run, web):
    assert run(url=web + "/sick", status=503)["status"] == 503
    assert run(url=web + "/sick", status=[200, 503])["status"] == 503


def test_sick_tells_the_body(run, web):
    told = run(url=web + "/sick", timeout=0.05)
    assert told["failed"]
    assert "the last answer: status 503 instead of 200, body 'database is down'" in told["msg"]
    assert told["status"] == 503


def test_redirects_are_not_followed(run, web):
    assert "status 302 instead of 200" in run(url=web + "/login", timeout=0.05)["msg"]


def test_proxies_of_the_environment_are_not_used(run, web, monkeypatch, silent):
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{silent}")
    assert run(url=web + "/health")["status"] == 200


@pytest.mark.parametrize("scheme", ["http", "https", "ajp"])
def test_nobody_there(run, scheme):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    told = run(url=f"{scheme}://127.0.0.1:{port}/", timeout=0.05)
    assert told["msg"].endswith("tries): the last answer: Connection refused")
    assert told["status"] is None


@pytest.mark.parametrize("scheme", ["http", "https", "ajp"])
def test_somebody_silent(run, scheme, silent):
    told = run(url=f"{scheme}://127.0.0.1:{silent}/", request_timeout=0.2, timeout=0.05)
    assert "(1 tries): the last answer: no complete answer within 0.2 s" in told["msg"]


def test_ajp(ajp_secret, run, ajp):
    told = run(url=ajp + "/health", ajp_secret=ajp_secret, pattern="version={version}", version="1.4.2")
    assert (told["status"], told["body"]) == (200, "version=1.4.2")
    assert ajp_secret not in json.dumps(told)


def test_ajp_with_a_wrong_secret(run, ajp):
    told = run(url=ajp + "/health", ajp_secret="no-good", timeout=0.05)
    assert "status 403 instead of 200" in told["msg"]
    assert "missing ajp_secret" in told["msg"]
    assert "no-good" not in json.dumps(told)


def test_http_port_asked_over_ajp(run, web):
    assert "the answer is not AJP: it begins with" in run(url=web.replace("http", "ajp") + "/", timeout=0.05)["msg"]


def test_logs_are_shown(run, web, tmp_path):
    now = datetime.now().strftime("%d-%b-%Y %H:%M:%S.000")
    (tmp_path / "catalina.log").write_text(f"01-Jan-2020 00:00:00.0 SEVERE [main] old\n{now} SEVERE [main] new\n")
    (tmp_path / "quiet.log").write_text(f"{now} INFO [main] fine\n")
    told = run(
        url=web + "/sick", timeout=0.05, log_files=[str(tmp_path / "cat*.log"), str(tmp_path / "quiet.log"), "/no/log"]
    )
    assert told["log_lines"] == [
        f"{tmp_path}/catalina.log:",
        f"{now} SEVERE [main] new",
        "/no/log: no such file",
    ]
    assert "log_lines" not in run(url=web + "/health", log_files=[str(tmp_path / "cat*.log")])


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"url": "h:80"}, "url 'h:80' is not accepted"),
        ({"url": "http://h/", "ajp_secret": "x"}, "is not ajp://"),
        ({"url": "http://h/", "method": "HEAD", "pattern": "x"}, "HEAD brings no body"),
        ({"url": "http://h/", "successes": 0}, "successes 0 is not accepted: give 1 to 1000"),
        ({"url": "http://h/", "timeout": -1}, "timeout -1 is not accepted"),
        ({"url": "http://h/", "timeout": 1e9}, "timeout 1e+09 is not accepted"),
        ({"url": "http://h/", "hold": -1}, "hold -1 is not accepted: give 0 to 86400"),
        ({"url": "http://h/", "interval": 0}, "interval 0 is not accepted"),
        ({"url": "http://h/", "pattern": "{version}"}, "no version is given"),
        ({"url": "http://h/", "status": [700]}, "status 700 is not accepted"),
        ({"url": "http://h/", "status": []}, "status is empty"),
        ({"url": "https://h/", "ca_path": "/no/such.pem"}, "/no/such.pem holds no certificates to trust: No such file"),
    ],
)
def test_bad_input(run, options, words):
    assert words in run(**options)["msg"]
