# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the manager is asked and how its answers are understood; what a real one says is in tests/loopback/test_releases_taken_up.py."""

from __future__ import annotations

import base64
from urllib.parse import parse_qsl

import pytest

from ansible_collections.roundrobin.tomcat.plugins.module_utils._errors import CollectionError
from ansible_collections.roundrobin.tomcat.plugins.module_utils._tomcat import manager as _manager
from ansible_collections.roundrobin.tomcat.plugins.module_utils._tomcat.health import Answer
from ansible_collections.roundrobin.tomcat.plugins.module_utils._tomcat.manager import (
    Listed,
    TomcatManager,
    connect,
    context_path,
)

URL = "http://198.18.0.3:8080/roundrobin-manager"


def answering(*lines, status=200, error=None):
    """A manager that says this, whatever it is asked, and what it was asked."""
    asked = []

    def ask(path, query):
        asked.append((path, parse_qsl(query, keep_blank_values=True)))
        return Answer(0.0, status=status, body="\n".join(lines), error=error)

    return TomcatManager(URL, ask), asked


@pytest.mark.parametrize(("name", "path"), [("ROOT", "/"), ("shop", "/shop"), ("a#b#c", "/a/b/c")])
def test_the_path_of_a_context(name, path):
    assert context_path(name) == path


def test_contexts_are_listed_with_the_directory_that_each_serves():
    manager, asked = answering(
        "OK - Listed applications for virtual host [localhost]",
        "/:running:0:/srv/releases/ROOT/1.0/exploded",
        "/a/b:stopped:12:C:/has a colon",
    )
    assert manager.listed() == [
        Listed("/", True, "/srv/releases/ROOT/1.0/exploded"),
        Listed("/a/b", False, "C:/has a colon"),
    ]
    assert asked == [("/text/list", [])]


@pytest.mark.parametrize("line", ["", "/shop:running", "shop:running:0:x", "/shop:running:many:x"])
def test_a_line_that_is_no_context_is_not_passed_over(line):
    manager, _asked = answering("OK - Listed", line, "/:running:0:x")
    with pytest.raises(CollectionError) as caught:
        manager.listed()
    assert caught.value.message == f"{URL} lists {line!r}, where PATH:STATE:SESSIONS:DIRECTORY was expected"


def test_sessions_are_counted_over_all_ages():
    manager, asked = answering(
        "OK - Session information for application at context path [/shop]",
        "Default maximum session inactive interval is [30] minutes",
        "Inactive for [<1] minutes: [3] sessions",
        "Inactive for [29 - <30] minutes: [14] sessions",
    )
    assert manager.sessions("/shop", "000002") == 17
    assert asked == [("/text/sessions", [("path", "/shop"), ("version", "000002")])]


def test_the_plain_name_is_asked_for_without_a_version():
    manager, asked = answering("OK - Sessions")
    assert manager.sessions("/shop", "") == 0
    assert asked == [("/text/sessions", [("path", "/shop")])]


def test_there_is_such_a_context_or_not():
    assert answering("OK - Sessions")[0].has("/shop", "") is True
    assert answering("FAIL - No context exists named [/shop]")[0].has("/shop", "") is False


def test_to_look_again_deploys_an_empty_war_and_whatever_it_says_is_returned():
    manager, asked = answering("FAIL - Failed to deploy application at context path [/shop]", "twice")
    assert manager.look_again("/shop", "") == "FAIL - Failed to deploy application at context path [/shop] twice"
    assert manager.look_again("/shop", "000001")
    # An empty war copies nothing, and without it deploy would.
    assert asked == [
        ("/text/deploy", [("path", "/shop"), ("war", ""), ("update", "true")]),
        ("/text/deploy", [("path", "/shop"), ("version", "000001"), ("war", ""), ("update", "true")]),
    ]


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ({"error": "Connection refused"}, "cannot be asked: Connection refused"),
        ({"status": 401}, "answers list with status 401: user name or password is not accepted"),
        ({"status": 403}, "answers list with status 403: this address, the AJP secret or the user's role"),
        ({"status": 404}, "answers list with status 404: there is no manager: set tomcat_instance_manager_enabled"),
        ({"status": 500, "lines": ["<p>out of <b>memory</b></p>"]}, "answers list with status 500: "),
        ({"lines": ["FAIL - Encountered exception"]}, "answers list with 'FAIL - Encountered exception'"),
        ({"lines": ["<html>Welcome</html>"]}, "is no manager of Tomcat's: it answers "),
        ({"lines": [""]}, "is no manager of Tomcat's: it answers ''"),
        ({"lines": ["", "not OK"]}, "is no manager of Tomcat's: it answers 'not OK'"),
    ],
)
def test_what_is_no_good_answer(answer, message):
    manager, _asked = answering(*answer.pop("lines", ()), **answer)
    with pytest.raises(CollectionError) as caught:
        manager.listed()
    assert caught.value.message.startswith(f"{URL} {message}")


def options_of(url, secret, password="p"):
    """As the modules that ask the manager have them."""
    login = {"url_username": "r", "url_password": password}
    return {"manager_url": url, "ajp_secret": secret, "request_timeout": 7, **login}


@pytest.mark.parametrize("name", ["ask_http", "ask_ajp"])
def test_a_connection_knows_where_to_ask_and_who_asks(monkeypatch, name):
    calls = []

    def ask(*arguments, **options):
        calls.append((arguments[-1], options))
        return Answer(0.0, 200, "OK - Sessions")

    monkeypatch.setattr(_manager, name, ask)
    url, secret = (URL + "/", None) if name == "ask_http" else ("ajp://[::1]/roundrobin-manager", "hush")
    manager = connect(options_of(url, secret, password="p\u00e4:w"))
    assert manager.has("/a", "000001")
    ((target, options),) = calls
    query = "path=%2Fa&version=000001"
    assert target.url == f"{url.rstrip('/')}/text/sessions?{query}"
    assert (target.path, target.query) == ("/roundrobin-manager/text/sessions", query)
    assert (target.host, target.port) == (("198.18.0.3", 8080) if secret is None else ("::1", 8009))
    assert (options["method"], options["timeout"], options.get("secret")) == ("GET", 7, secret)
    kind, _space, login = options["headers"]["Authorization"].partition(" ")
    assert (kind, base64.b64decode(login).decode()) == ("Basic", "r:p\u00e4:w")
    # Its answers are understood in this language alone.
    assert options["headers"]["Accept-Language"] == "en"


@pytest.mark.parametrize(
    ("url", "secret", "message"),
    [
        ("h:8080", None, "url 'h:8080' is not accepted"),
        (URL, "hush", f"ajp_secret is given, but manager_url '{URL}' is not ajp://"),
    ],
)
def test_what_cannot_be_connected_to(url, secret, message):
    with pytest.raises(CollectionError) as caught:
        connect(options_of(url, secret))
    assert caught.value.message.startswith(message)
    assert "hush" not in caught.value.message
