# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tomcats that keep the sessions of two small applications in a real Redis."""

from __future__ import annotations

import contextlib
import http.client
import json
import shutil
import urllib.parse
from concurrent.futures import ThreadPoolExecutor

import loopback_store
import loopback_tomcat
from loopback import ROOT

ANN = {"j_username": "ann", "j_password": "a-password"}
USERS = '<tomcat-users><user username="ann" password="a-password" roles="user"/></tomcat-users>'
WEB_XML = """<web-app>
  <listener><listener-class>SessionPage</listener-class></listener>
  <servlet><servlet-name>page</servlet-name><servlet-class>SessionPage</servlet-class></servlet>
  <servlet-mapping>
    <servlet-name>page</servlet-name><url-pattern>/page</url-pattern><url-pattern>/account</url-pattern><url-pattern>/login</url-pattern>
  </servlet-mapping>
  <security-constraint>
    <web-resource-collection><web-resource-name>account</web-resource-name><url-pattern>/account</url-pattern></web-resource-collection>
    <auth-constraint><role-name>user</role-name></auth-constraint>
  </security-constraint>
  <login-config>
    <auth-method>FORM</auth-method>
    <form-login-config><form-login-page>/login</form-login-page><form-error-page>/login</form-error-page></form-login-config>
  </login-config>
  <security-role><role-name>user</role-name></security-role>
</web-app>
"""


def make_application(version, home, directory, *others, changed=lambda page: page, web_xml=WEB_XML):
    """The application to serve, as a directory: its page, and other classes of these tests, for this Tomcat's servlet API."""
    sources = [directory.with_name(f"{directory.name}-source") / f"{name}.java" for name in ("SessionPage", *others)]
    sources[0].parent.mkdir(parents=True)
    for source in sources:
        text = changed((ROOT / "tests/loopback" / source.name).read_text())
        source.write_text(text.replace("jakarta.", "javax.") if version.startswith("9.") else text)
    loopback_store.compiled(home, sources, directory / "WEB-INF/classes")
    (directory / "WEB-INF/web.xml").write_text(web_xml)
    return directory


class Tomcats:
    """Running Tomcats that keep their sessions in one Redis, with the same application at / and at /shop."""

    def __init__(self, version, home, directory, port, count=3):
        page = make_application(version, home, directory / "page")
        settings = loopback_store.settings_of_redis(port, directory)
        self.instances = [loopback_tomcat.Instance(version, home, directory, f"jvm{n}") for n in range(count)]
        for instance in self.instances:
            for application in ("ROOT", "shop"):
                shutil.copytree(page, instance.base / "webapps" / application)
            loopback_store.bring(instance, "redis", processExpiresFrequency="1", **settings)
            loopback_store.start_quickly(instance)
            server = instance.base / "conf/server.xml"
            server.write_text(server.read_text().replace(' jvmRoute="', ' backgroundProcessorDelay="1" jvmRoute="'))
            (instance.base / "conf/tomcat-users.xml").write_text(USERS)
        self.stack = contextlib.ExitStack()
        self.processes = [None] * count

    def start(self, *numbers):
        with ThreadPoolExecutor(len(numbers)) as pool:
            for number, process in zip(numbers, pool.map(self._start, numbers), strict=True):
                self.processes[number] = process

    def _start(self, number):
        return self.stack.enter_context(self.instances[number].running())

    def kill(self, number):
        self.processes[number].kill()
        self.processes[number].wait()


class User:
    """A browser: it keeps the last cookie that it was given."""

    def __init__(self, tomcats):
        self.tomcats = tomcats
        self.cookie = None
        self.pool = ThreadPoolExecutor(6)

    def ask(self, number, do="show", path="/page", **parameters):
        """What the page says when this Tomcat is asked: its status, where it is not 200."""
        query = urllib.parse.urlencode({"do": do, **parameters})
        connection = http.client.HTTPConnection("127.0.0.1", self.tomcats.instances[number].http, timeout=60)
        headers = {"Cookie": f"JSESSIONID={self.cookie}"} if self.cookie else {}
        if path.endswith("j_security_check"):
            connection.request("POST", path, query, {**headers, "Content-Type": "application/x-www-form-urlencoded"})
        else:
            connection.request("GET", f"{path}?{query}", headers=headers)
        with contextlib.closing(connection), connection.getresponse() as answer:
            body = answer.read()
            for header in answer.headers.get_all("Set-Cookie", ()):
                if header.startswith("JSESSIONID="):
                    self.cookie = header.split(";")[0].partition("=")[2]
            return json.loads(body) if answer.status == 200 else answer.status

    def ask_later(self, number, do="show", **parameters):
        """Ask and go on: what is returned has the answer."""
        return self.pool.submit(self.ask, number, do, **parameters)

    def ask_at_once(self, numbers, do, names="abcdef"):
        """As many requests as names, with the cookie of before, to these Tomcats in turn."""
        asked = [self.ask_later(numbers[i % len(numbers)], do, name=name) for i, name in enumerate(names)]
        return [answer.result() for answer in asked]
