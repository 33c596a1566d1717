# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real Tomcat on loopback, with its manager as the role puts it there, and releases of a small application."""

from __future__ import annotations

import contextlib
import http.cookies
import json
import os
import shutil
import subprocess
import urllib.error
import urllib.request
import zipfile

import jinja2
import pytest
import yaml
from ansible.module_utils.testing import patch_module_args
from loopback import ROOT, free_ports, wait_until

START_SECONDS = 120
CONF = ["catalina.properties", "logging.properties", "tomcat-users.xml", "web.xml", "server.xml", "context.xml"]
PASSWORD = "not-a-password-in-a-test"
SECRET = "not-a-secret-in-a-test"
TEMPLATES = ROOT / "roles/tomcat_instance/templates"
FILES = ROOT / "roles/tomcat_instance/files"

# Release, META-INF/context.xml, session id, and the release that the session began on.
PAGE = """<%@ page session="false" contentType="text/plain; charset=UTF-8" %><%
javax.servlet.http.HttpSession s = request.getSession(request.getParameter("begin") != null);
if (s != null && s.getAttribute("began") == null) s.setAttribute("began", "RELEASE");
if (request.getParameter("end") != null) s.invalidate();
else if (s != null) { Integer n = (Integer) s.getAttribute("n"); s.setAttribute("n", n == null ? 1 : n + 1); }
%>{"release": "RELEASE", "parameter": "<%= application.getInitParameter("release") %>"<%
if (s != null && request.getParameter("end") == null) {
%>, "id": "<%= s.getId() %>", "began": "<%= s.getAttribute("began") %>", "n": <%= s.getAttribute("n") %><% } %>}
"""


def serial_filter(store="memcached"):
    """The option that the role gives to Java for what is not to be read."""
    from ansible.template import Templar, trust_as_template

    role = ROOT / "roles/tomcat_instance"
    settings = yaml.safe_load((role / "defaults/main.yml").read_text()) | yaml.safe_load(
        (role / "vars/main.yml").read_text()
    )
    names = ("__tomcat_instance_serial_option", "__tomcat_instance_serial_limits", "tomcat_instance_serial_filter")
    variables = {name: trust_as_template(settings[name]) for name in names if isinstance(settings[name], str)}
    variables |= {"tomcat_instance_serial_filter": settings[names[2]], "tomcat_instance_session_store": store}
    # In quotes, as catalina.sh has a shell read it.
    return " ".join(f"'{option}'" for option in Templar(variables=variables).template(variables[names[0]]))


@contextlib.contextmanager
def running(home, base, log, more="", environment=None):
    """Tomcat in the foreground; whoever leaves has stopped it, or it is killed."""
    # C1 alone: nothing here runs long enough for more to pay. A port that is in use ends Tomcat, as with the role.
    options = f"-XX:TieredStopAtLevel=1 -Dorg.apache.catalina.startup.EXIT_ON_INIT_FAILURE=true {more}"
    java = {"CATALINA_OPTS": options, "LC_ALL": "C.UTF-8"}
    java |= {"CATALINA_HOME": str(home), "CATALINA_BASE": str(base), **(environment or {})}
    with log.open("w") as output:
        tomcat = subprocess.Popen(
            [home / "bin/catalina.sh", "run"], env={**os.environ, **java}, stdout=output, stderr=subprocess.STDOUT
        )
    try:
        # Also when it has ended: then it is not waited for in vain.
        wait_until(
            lambda: "Server startup in" in log.read_text() or tomcat.poll() is not None, START_SECONDS, log.read_text
        )
        assert tomcat.poll() is None, log.read_text()
        yield tomcat
    finally:
        if tomcat.poll() is None:
            tomcat.kill()
            tomcat.wait()


def war(path, version, release, broken=False, context=None):
    """A release that says which one it is, on its page and by its META-INF/context.xml, unless that is given."""
    page = PAGE.replace("RELEASE", release)
    listener = "<listener><listener-class>no.such.Class</listener-class></listener>" if broken else ""
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("index.jsp", page if version.startswith("9.") else page.replace("javax.", "jakarta."))
        archive.writestr("WEB-INF/web.xml", f"<web-app>{listener}</web-app>")
        said = f'<Context><Parameter name="release" value="{release}"/></Context>'
        archive.writestr("META-INF/context.xml", said if context is None else context)
    return path


class Instance:
    """A CATALINA_BASE of one version, with HTTP and AJP on loopback, not started yet."""

    def __init__(self, version, home, directory, name="jvm1"):
        self.version, self.home = version, home
        self.base = directory / name
        self.directory = directory
        self.options = serial_filter()
        self.http, self.ajp = free_ports(2)
        for folder in ("conf/Catalina/localhost", "logs", "temp", "work", "webapps", "lib"):
            (self.base / folder).mkdir(parents=True)
        for conf in CONF:
            shutil.copy(home / "conf" / conf, self.base / "conf")
        server = self.base / "conf/server.xml"
        ajp = f'<Connector protocol="AJP/1.3" address="127.0.0.1" port="{self.ajp}" secret="{SECRET}"/>\n'
        server.write_text(
            server.read_text()
            .replace('port="8005"', 'port="-1"')
            .replace('port="8080"', f'address="127.0.0.1" port="{self.http}"')
            .replace('autoDeploy="true"', 'autoDeploy="false"')
            .replace('defaultHost="localhost">', f'defaultHost="localhost" jvmRoute="{name}">')
            .replace("<Engine", ajp + "<Engine")
        )
        variables = {
            "ansible_managed": "a test",
            "tomcat_instance_manager_password": PASSWORD,
            "tomcat_instance_address": "127.0.0.1",
        }
        for template, path in (
            ("roundrobin-manager.xml.j2", "conf/Catalina/localhost/roundrobin-manager.xml"),
            ("roundrobin-sessions.xml.j2", "conf/Catalina/localhost/roundrobin-sessions.xml"),
            ("manager-users.xml.j2", "conf/manager-users.xml"),
        ):
            (self.base / path).write_text(render(template, variables))
        (self.base / "conf/roundrobin-manager/WEB-INF").mkdir(parents=True)
        shutil.copy(FILES / "roundrobin-manager.web.xml", self.base / "conf/roundrobin-manager/WEB-INF/web.xml")
        (self.base / "conf/roundrobin-sessions/WEB-INF").mkdir(parents=True)
        for name in ("web.xml", "rewrite.config"):
            shutil.copy(FILES / f"roundrobin-sessions.{name}", self.base / "conf/roundrobin-sessions/WEB-INF" / name)

    def manager(self, over="http"):
        """The options of the modules that ask the manager."""
        port = self.http if over == "http" else self.ajp
        options = {
            "base": str(self.base),
            "manager_url": f"{over}://127.0.0.1:{port}/roundrobin-manager",
            "url_password": PASSWORD,
        }
        return options if over == "http" else {**options, "ajp_secret": SECRET}

    @contextlib.contextmanager
    def running(self, environment=None):
        log = self.directory / f"{self.base.name}.out"
        with running(self.home, self.base, log, self.options, environment) as process:
            yield process
            process.terminate()
            process.wait(timeout=30)

    def get(self, path="/", session=None, **headers):
        """What the application says of itself, or the status of a refusal."""
        request = urllib.request.Request(f"http://127.0.0.1:{self.http}{path}", headers=headers)
        if session:
            request.add_header("Cookie", f"JSESSIONID={session}")
        try:
            with urllib.request.urlopen(request, timeout=START_SECONDS) as answer:
                page = json.loads(answer.read())
                # A session that was taken over has another id from now on.
                cookie = http.cookies.SimpleCookie(answer.headers.get("Set-Cookie", ""))
                return {**page, "id": cookie["JSESSIONID"].value} if "JSESSIONID" in cookie else page
        except urllib.error.HTTPError as refused:
            refused.read()
            return refused.code

    def log(self):
        return (self.directory / f"{self.base.name}.out").read_text()

    def release_files(self):
        """Every file of every release, to see that nobody touches them."""
        found = (self.base / "releases").rglob("exploded/**/*")
        return {str(path): path.read_bytes() for path in found if path.is_file()}


def render(template, variables):
    """A template of the role, with the filters that it uses."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES), trim_blocks=True, undefined=jinja2.StrictUndefined
    )
    from ansible.plugins.filter.core import FilterModule

    environment.filters.update(FilterModule().filters())
    return environment.get_template(template).render(variables)


def run(capsys, module, check=False, **options):
    """A module's answer, run as Ansible runs it."""
    with patch_module_args({"_ansible_check_mode": check, **options}), pytest.raises(SystemExit):
        module.main()
    answer = json.loads(capsys.readouterr().out.splitlines()[-1])
    answer.pop("invocation", None)
    return answer
