# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import types

import pytest

from ansible_collections.roundrobin.tomcat.plugins.module_utils._balancer_http import requests_fetch
from ansible_collections.roundrobin.tomcat.plugins.module_utils._balancer_manager import ManagerError

OPTIONS = {
    "manager_url": "http://h/m",
    "url_username": None,
    "url_password": None,
    "validate_certs": True,
    "ca_path": None,
    "request_timeout": 5.0,
}


class Refused(Exception):
    """Stands for requests' own error."""


def library(answer):
    """Make a library in the shape of requests whose sessions call answer(); they are kept in `sessions`."""
    sessions = []

    class Session:
        trust_env = True
        verify = True
        auth = None

        def __init__(self):
            sessions.append(self)

        def request(self, method, url, **options):
            return answer(method, url, **options)

    exceptions = types.SimpleNamespace(RequestException=Refused)
    return types.SimpleNamespace(Session=Session, exceptions=exceptions, sessions=sessions)


def test_sends_and_decodes():
    sent = {}

    def answer(method, url, **options):
        sent.update(options, method=method, url=url)
        return types.SimpleNamespace(status_code=200, content="gr\u00fcn \ufffd".encode())

    reply = requests_fetch(library(answer), OPTIONS)("POST", "http://h/m", {"Referer": "http://h/"}, "a=b")
    assert (reply.status, reply.text) == (200, "gr\u00fcn \ufffd")
    assert sent == {
        "method": "POST",
        "url": "http://h/m",
        "headers": {"Referer": "http://h/"},
        "data": "a=b",
        "timeout": 5.0,
        "allow_redirects": False,
    }


@pytest.mark.parametrize(
    "options, verify, auth",
    [
        ({}, True, None),
        ({"ca_path": "/etc/ca.pem"}, "/etc/ca.pem", None),
        ({"ca_path": "/etc/ca.pem", "validate_certs": False}, False, None),
        ({"url_username": "u", "url_password": "p"}, True, ("u", "p")),
        ({"url_username": "u"}, True, ("u", "")),
    ],
)
def test_the_session(options, verify, auth):
    requests = library(None)
    requests_fetch(requests, {**OPTIONS, **options})
    (session,) = requests.sessions
    assert (session.trust_env, session.verify, session.auth) == (False, verify, auth)


@pytest.mark.parametrize(
    "error, reason",
    [
        (Refused("HTTPConnectionPool(host='h', port=80): Read timed out. (read timeout=5.0)"), "Read timed out."),
        (Refused(types.SimpleNamespace(reason="<urllib3.connection.HTTPConnection object at 0x7f>: no way")), "no way"),
        (Refused(), ""),
        (OSError(2, "No such file", "/etc/ca.pem"), "No such file"),
    ],
)
def test_no_answer(error, reason):
    def answer(*_arguments, **_options):
        raise error

    with pytest.raises(ManagerError, match="http://h/m cannot be reached: .*" + reason):
        requests_fetch(library(answer), OPTIONS)("GET", "http://h/m?xml=1", {}, None)
