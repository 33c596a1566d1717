# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What httpd answers, from pages in fixtures/balancer_manager that were recorded from httpd 2.4.71."""

from __future__ import annotations

import pathlib
import re
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from ansible_collections.roundrobin.tomcat.plugins.module_utils._balancer import connections
from ansible_collections.roundrobin.tomcat.plugins.module_utils._balancer.change import WantedMember, apply, result
from ansible_collections.roundrobin.tomcat.plugins.module_utils._balancer.manager import BalancerManager, Response

PAGES = pathlib.Path(__file__).resolve().parents[3] / "fixtures" / "balancer_manager"
URL = "http://127.0.0.1:9080/balancer-manager"


def _page(name):
    return (PAGES / name).read_text()


class Httpd:
    """Answers like httpd, from a recorded page; obedient unless told otherwise."""

    WORDS = {"D": "Dis", "N": "Drn", "S": "Stop", "H": "Stby", "R": "Spar", "I": "Ign"}
    TAGS = {"w_lf": "loadfactor", "w_ls": "lbset", "w_wr": "route"}

    def __init__(self, text, obeys=True, on_read=None, on_post=None):
        self.text = text
        self.obeys = obeys
        self.on_read = on_read
        self.on_post = on_post
        self.reads = 0
        self.posts = []

    def __call__(self, method, url, headers, body):
        if method == "POST":
            assert headers["Referer"] == "http://127.0.0.1:9080/"
            form = {name: values[0] for name, values in parse_qs(body).items()}
            self.posts.append(form)
            if self.obeys:
                self.set_flags(form["w"], {k[-1]: v == "1" for k, v in form.items() if k.startswith("w_status_")})
                for name in self.TAGS.keys() & form.keys():
                    self.set_text(
                        form["w"], self.TAGS[name], unquote(form[name]).removesuffix("5" if name == "w_lf" else "")
                    )
            if self.on_post:
                self.on_post(self)
            return Response(200, f"<h3>Edit worker settings for {form['w']}</h3></html>")
        if "?b=" in url:
            return Response(200, f"<h3>Edit worker settings for {parse_qs(urlsplit(url).query)['w'][0]}</h3></html>")
        if url.endswith("?xml=1"):
            self.reads += 1
            if self.on_read:
                self.on_read(self)
            return Response(200, self.text)
        return Response(200, _page("no_referer.html"))

    def _sub(self, worker, tag, change):
        pattern = rf"(<httpd:name>{re.escape(worker.replace('%25', '%'))}</httpd:name>.*?<httpd:{tag}>)([^<]*)"
        self.text = re.sub(pattern, lambda m: m.group(1) + change(m.group(2)), self.text, count=1, flags=re.S)

    def set_flags(self, worker, flags):
        def change(status):
            words = [word for word in status.split() if word != "Ok"]
            for flag, on in flags.items():
                words = [word for word in words if word != self.WORDS[flag]] + ([self.WORDS[flag]] if on else [])
            out = {"Dis", "Stop", "Err"} & set(words)
            return " ".join(words + ([] if out else ["Ok"])) + " "

        self._sub(worker, "status", change)

    def set_text(self, worker, tag, value):
        self._sub(worker, tag, lambda _old: str(value))


def _wanted(**options):
    defaults = {
        "balancer": None,
        "worker": None,
        "route": None,
        "state": None,
        "standby": None,
        "spare": None,
        "ignore_errors": None,
        "load_factor": None,
        "lbset": None,
        "new_route": None,
        "keep_usable": 0,
        "wait": None,
        "timeout": 10.0,
        "interval": 0.5,
        "stable_reads": 3,
        "on_timeout": "fail",
    }
    return WantedMember(**{**defaults, **options})


@pytest.fixture(scope="session")
def page():
    """Read a recorded page."""
    return _page


@pytest.fixture(scope="session")
def new_httpd():
    """Make an httpd that answers with a page."""
    return Httpd


@pytest.fixture(scope="session")
def wanted():
    """What a task wants, where it says nothing else."""
    return _wanted


@pytest.fixture(scope="session")
def run(new_clock):
    """Do a task, and return what its module returns."""

    def call(fetch, check_mode=False, clock=None, watch=None, **options):
        want = _wanted(**options)
        change = apply(
            BalancerManager(fetch, URL),
            want,
            check_mode=check_mode,
            clock=clock or new_clock(),
            watch=watch or connections.watch,
        )
        return result(change, want)

    return call
