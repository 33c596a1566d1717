# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Shoppers note what cannot be right, and nothing else: shops in place of the applications, which lose something on demand."""

from __future__ import annotations

import json
import random
import sys
import threading
import urllib.parse
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

import shoppers
import wars

PAGES = 3


class Shop(BaseHTTPRequestHandler):
    """Both applications, for one user. What the server's faults name goes wrong from the second page on."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *_arguments):
        """Be quiet."""

    def do_GET(self):
        self._serve({})

    def do_POST(self):
        text = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self._serve(dict(urllib.parse.parse_qsl(text)))

    def _serve(self, form):
        shop = self.server
        with shop.lock:
            if self.path in ("/spring/", "/faces/index.xhtml") and not form:
                shop.pages += 1
            fault = shop.fault if shop.pages > 5 else ""
            status, text = getattr(self, "_" + self.path.split("/")[1])(form, fault)
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _kept(self, fault):
        if fault == "forgets":
            self.server.entries[:] = []
        return self.server.entries

    def _spring(self, form, fault):
        token = '<input name="_csrf" type="hidden" value="abc">'
        if self.path == "/spring/login":
            return (302, "") if form else (200, token)
        if fault in ("302", "500", "502"):
            return int(fault), ""
        if self.path == "/spring/":
            return 200, token
        if form and fault == "403":
            return 403, ""
        if form:
            self.server.entries.append(form["entry"])
        entries = self._kept(fault)
        return 200, json.dumps({"user": "one", "instance": "app1", "entries": entries, "notes": entries})

    def _faces(self, form, fault):
        shop = self.server
        user = "" if fault == "302" else shop.user
        if self.path == "/faces/visit":
            return 200, f"user={user}\ninstance=app1\nentries={','.join(self._kept(fault))}\n"
        if form and fault == "expires":
            return 500, "jakarta.faces.application.ViewExpiredException"
        view = form.get("jakarta.faces.ViewState", f"view{shop.pages}")
        if "form:login" in form:
            user = shop.user = form["form:text"]
        elif form:
            shop.entries.append(form["form:text"])
            shop.clicks[view] = 1 if fault == "new view" else shop.clicks.get(view, 0) + 1
        seen = f"user={user} clicks={shop.clicks.get(view, 0)} entries={len(self._kept(fault))} instance=app1"
        if "jakarta.faces.partial.ajax" in form:
            return 200, f'{seen}<update id="j_id1:jakarta.faces.ViewState:0"><![CDATA[{view}]]></update>'
        return 200, f'{seen}<input name="jakarta.faces.ViewState" id="v" value="{view}" />'


@pytest.fixture
def visit():
    """Let a shopper use some pages of a shop with this fault; return it."""
    shop = ThreadingHTTPServer(("127.0.0.1", 0), Shop)
    shop.lock, shop.entries, shop.clicks, shop.user, shop.pages = threading.Lock(), [], {}, "", 0
    thread = threading.Thread(target=shop.serve_forever)
    thread.start()

    def go(kind, fault=""):
        shop.fault = fault
        shopper = kind("one", [shop.server_address], random.Random(1))
        ended = threading.Event()
        timer = threading.Timer(1, ended.set)
        timer.start()
        shopper.PAUSE = (0, 0)
        shopper.work(ended)
        return shopper

    yield go
    shop.shutdown()
    thread.join()
    shop.server_close()


BOTH = (shoppers.SpringShopper, shoppers.FacesShopper)


@pytest.mark.parametrize("kind", BOTH)
def test_all_is_well(visit, kind):
    shopper = visit(kind)
    assert (shopper.faults, shopper.failures) == ([], [])
    assert len(shopper.added) > PAGES


@pytest.mark.parametrize(
    "kind, fault, seen",
    [
        (shoppers.SpringShopper, "302", {shoppers.LOGGED_OUT}),
        (shoppers.SpringShopper, "403", {shoppers.CSRF}),
        (shoppers.SpringShopper, "500", {shoppers.ERROR}),
        (shoppers.SpringShopper, "forgets", {shoppers.MISSING, shoppers.LOST}),
        (shoppers.FacesShopper, "302", {shoppers.LOGGED_OUT}),
        (shoppers.FacesShopper, "expires", {shoppers.EXPIRED}),
        (shoppers.FacesShopper, "new view", {shoppers.VIEW}),
        (shoppers.FacesShopper, "forgets", {shoppers.MISSING, shoppers.LOST}),
    ],
)
def test_each_fault_is_noted(visit, kind, fault, seen):
    assert {fault.kind for fault in visit(kind, fault).faults} == seen


def test_an_answer_of_httpd_is_none(visit):
    shopper = visit(shoppers.SpringShopper, "502")
    assert shopper.faults == []
    assert set(shopper.failures) == {"502"}


def test_a_release_depends_on_its_version_alone(tmp_path, monkeypatch):
    with zipfile.ZipFile(tmp_path / "built.war", "w") as archive:
        archive.writestr("index.html", "hello")
    monkeypatch.setattr(wars, "built", lambda name: tmp_path / "built.war")
    one, same, other = (
        wars.release("spring", version, tmp_path / name).read_bytes()
        for name, version in (("a", "1"), ("b", "1"), ("c", "2"))
    )
    assert one == same != other
    with zipfile.ZipFile(tmp_path / "c") as archive:
        assert archive.read("WEB-INF/release.properties") == b"version=2\n"
