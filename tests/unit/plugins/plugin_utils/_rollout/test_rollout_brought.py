# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an application brings along: each kind as a WAR has it, or an administrator, and what the plan says to it."""

from __future__ import annotations

import zipfile

import pytest

from ansible_collections.roundrobin.tomcat.plugins.module_utils._releases.descriptors import of_instance, of_one
from ansible_collections.roundrobin.tomcat.plugins.module_utils._releases.war import inspect_war, read_descriptors

APPLICATIONS = [{"path": "/"}, {"path": "/shop"}]
CONTEXT, WEB = "META-INF/context.xml", "WEB-INF/web.xml"
DEFAULT = "conf/Catalina/localhost/context.xml.default"
MANAGER = '<Context><Manager pathname=""/></Context>'
STANDARD = "org.apache.catalina.session.StandardManager"
IN_NO_STORE = "the sessions of shop would be in no store (tomcat_instance_session_store is memcached)."
ELSEWHERE = "the users of shop would not stay with their member."


def cookie_config(below):
    return f"<web-app><session-config><cookie-config>{below}</cookie-config></session-config></web-app>"


class Brought:
    """A chain whose application shop is to be released, and what is brought along."""

    def __init__(self, chain, directory):
        self.chain, self.directory = chain, directory

    def war(self, **files):
        """Make a WAR of these files, context and web, and read it as the controller does."""
        path = str(self.directory / "shop.war")
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("WEB-INF/classes/x", b"")
            for name, text in files.items():
                archive.writestr({"context": CONTEXT, "web": WEB}[name], text)
        descriptors = read_descriptors(path, inspect_war(path, max_unpacked_bytes=2**20))
        for host in self.chain.hosts:
            self.chain.readings["staging"][host] = {"changed": True, "descriptors": descriptors}
            self.chain.readings["releases"][host]["applications"]["shop"]["descriptors"] = descriptors
        return self

    def on(self, host, path, text):
        """An administrator's file on an instance."""
        base = self.directory / host
        (base / path).parent.mkdir(parents=True, exist_ok=True)
        (base / path).write_text(text)
        self.chain.readings["releases"][host]["descriptors"] = of_instance(str(base))
        return self

    def plan(self, kind="deploy", **settings):
        application = {} if kind == "restart" else {"application": "shop"}
        return self.chain.plan(kind, **application, **settings)

    def refusal(self, **settings):
        plan = self.plan(**settings)
        assert plan["batches"] and not plan["begins"]
        (problem,) = plan["problems"]
        return problem

    def warnings(self, **settings):
        plan = self.plan(**settings)
        assert plan["problems"] == []
        return plan["warnings"]


@pytest.fixture
def brought(read_chain, tmp_path):
    return Brought(read_chain(2, applications=APPLICATIONS), tmp_path)


def test_what_says_nothing_of_sessions_is_no_matter(brought):
    brought.war(
        context="<Context/>",
        web="<web-app><session-config><session-timeout>30</session-timeout></session-config></web-app>",
    )
    plan = brought.on("app1", "conf/context.xml", MANAGER).plan()
    assert (plan["problems"], plan["warnings"]) == ([], [])
    assert plan["proves_sessions"] is True


def test_a_manager_of_its_own_is_refused(brought):
    assert brought.war(context=MANAGER).refusal() == (
        f"app1, app2: META-INF/context.xml has a <Manager> ({STANDARD}): {IN_NO_STORE} Remove the element, or accept it with "
        "rolling_deploy_accept=[store]."
    )


def test_override_is_refused(brought):
    assert brought.war(context='<Context override="true"/>').refusal() == (
        f'app1, app2: META-INF/context.xml has override="true", so Tomcat does not read conf/context.xml: {IN_NO_STORE} '
        "Remove the attribute, or accept it with rolling_deploy_accept=[store]."
    )


def test_an_administrators_file_for_the_application_is_refused(brought):
    said = brought.war().on("app2", of_one("shop"), MANAGER).refusal()
    assert said.startswith(f"app2: conf/Catalina/localhost/shop.xml has a <Manager> ({STANDARD}): {IN_NO_STORE}")


def test_an_administrators_file_for_all_applications_is_refused(brought):
    said = brought.war().on("app1", DEFAULT, MANAGER).refusal()
    assert said.startswith(f"app1: {DEFAULT} has a <Manager> ({STANDARD}): {IN_NO_STORE}")


def test_where_an_administrator_has_a_file_the_one_of_the_war_is_not_read_by_tomcat(brought):
    brought.war(context=MANAGER)
    for host in brought.chain.hosts:
        brought.on(host, of_one("shop"), "<Context/>")
    assert brought.warnings() == []
    # Beside the release before it is another context, which that file is not for.
    assert "META-INF/context.xml has a <Manager>" in brought.refusal(strategy="parallel")


def test_the_file_of_another_application_is_no_matter(brought):
    brought.war().on("app1", of_one("other"), MANAGER)
    assert brought.warnings() == []


def test_a_manager_is_accepted_by_name_and_has_to_prove_itself(brought):
    plan = brought.war(context=MANAGER).plan(accept=["store"])
    assert (plan["problems"], plan["proves_sessions"]) == ([], True)
    plan = brought.plan(accept="store,proof")
    assert (plan["problems"], plan["proves_sessions"]) == ([], False)
    assert "has a <Manager>" in brought.refusal(accept=["cookie"])


def test_without_a_store_a_manager_harms_nothing(brought):
    brought.chain.topology["session_store"] = "none"
    plan = brought.war(context='<Context override="true"><Manager/></Context>').plan()
    assert (plan["problems"], plan["proves_sessions"]) == ([], False)
    # A user loses the session with the member all the more.
    assert ELSEWHERE in brought.war(web=cookie_config("<name>S</name>")).refusal()


@pytest.mark.parametrize(
    ("files", "at"),
    [
        ({"web": cookie_config("<name>SHOP</name>")}, "WEB-INF/web.xml has <cookie-config><name> SHOP"),
        ({"context": '<Context sessionCookieName="SHOP"/>'}, "META-INF/context.xml has sessionCookieName SHOP"),
        # A context.xml has the last say.
        (
            {"context": '<Context sessionCookieName="SHOP"/>', "web": cookie_config("<name>JSESSIONID</name>")},
            "META-INF/context.xml has sessionCookieName SHOP",
        ),
    ],
)
def test_a_session_cookie_with_another_name_is_refused(brought, files, at):
    assert brought.war(**files).refusal() == (
        f"app1, app2: {at}, and httpd looks for the session cookie JSESSIONID: {ELSEWHERE} Remove it, or set "
        "apache_balancer_sticky_cookie to SHOP and run site.yml, or accept it with rolling_deploy_accept=[cookie]."
    )
    assert brought.plan(accept=["cookie"])["problems"] == []


def test_the_name_that_httpd_looks_for_is_no_matter(brought):
    for httpd in brought.chain.topology["balancers"]:
        httpd["sticky_cookie"] = "SHOP"
    assert brought.war(web=cookie_config("<name>SHOP</name>")).warnings() == []
    # In conf/context.xml it goes for all applications.
    for host in brought.chain.hosts:
        brought.war().on(host, "conf/context.xml", '<Context sessionCookieName="SHOP"/>')
    assert brought.warnings() == []


def test_a_name_that_no_file_has_is_told(brought):
    for httpd in brought.chain.topology["balancers"]:
        httpd["sticky_cookie"] = "SHOP"
    assert brought.war().warnings() == [
        "app1, app2: apache_balancer_sticky_cookie is SHOP, and no file of shop names its session cookie so; Tomcat's own name is JSESSIONID."
    ]


@pytest.mark.parametrize(
    ("files", "at"),
    [
        ({"web": cookie_config("<path>/other</path>")}, "WEB-INF/web.xml has <cookie-config><path> /other"),
        ({"context": '<Context sessionCookiePath="/other"/>'}, "META-INF/context.xml has sessionCookiePath /other"),
    ],
)
def test_a_cookie_path_that_does_not_bring_the_cookie_back_is_refused(brought, files, at):
    assert brought.war(**files).refusal() == (
        f"app1, app2: {at}, so no browser sends the session cookie to /shop: {ELSEWHERE} Remove it, or accept it with "
        "rolling_deploy_accept=[cookie]."
    )


def test_a_cookie_path_that_another_application_has_too_is_refused(brought, read_chain, tmp_path):
    said = brought.war(web=cookie_config("<path>/</path>")).refusal()
    assert said.startswith(
        "app1, app2: WEB-INF/web.xml has <cookie-config><path> /, where another application's session cookie"
    )
    alone = Brought(read_chain(2, applications=[{"path": "/shop"}]), tmp_path)
    assert alone.war(web=cookie_config("<path>/</path>")).warnings() == []


def test_sessions_of_tls_are_refused(brought):
    web = "<web-app><session-config><tracking-mode>SSL</tracking-mode></session-config></web-app>"
    assert brought.war(web=web).refusal() == (
        f"app1, app2: WEB-INF/web.xml has <tracking-mode> SSL, and the id of a TLS session names no member: {ELSEWHERE} Use COOKIE, or accept "
        "it with rolling_deploy_accept=[cookie]."
    )


@pytest.mark.parametrize(
    ("files", "at"),
    [
        (
            {"web": "<web-app><session-config><tracking-mode>URL</tracking-mode></session-config></web-app>"},
            "WEB-INF/web.xml has <tracking-mode> URL",
        ),
        ({"context": '<Context cookies="false"/>'}, 'META-INF/context.xml has cookies="false"'),
    ],
)
def test_sessions_without_a_cookie_are_told(brought, files, at):
    assert brought.war(**files).warnings() == [
        f"app1, app2: {at}: sessions of shop are in its links alone, and a link from before a move leads to none."
    ]


@pytest.mark.parametrize("timeout", ["-1", "0"])
def test_sessions_that_never_end_are_told(brought, timeout):
    web = f"<web-app><session-config><session-timeout>{timeout}</session-timeout></session-config></web-app>"
    assert brought.war(web=web).warnings() == [
        f"app1, app2: WEB-INF/web.xml of shop has <session-timeout> {timeout}: its sessions never end, in memory and in their store."
    ]


def test_a_file_that_was_not_read_is_told(brought):
    web = '<!DOCTYPE web-app [<!ENTITY more SYSTEM "more.xml">]><web-app>&more;</web-app>'
    brought.war(web=web).on("app1", of_one("shop"), "<Context")
    assert brought.warnings() == [
        (
            "app1: conf/Catalina/localhost/shop.xml was not read, so what it says of sessions is not known: conf/Catalina/localhost/shop.xml is not "
            "well-formed XML (unclosed token: line 1, column 0): Tomcat would not start the application. Mend the file."
        ),
        "app1, app2: WEB-INF/web.xml was not read, so what it says of sessions is not known: it declares entities.",
    ]


def test_a_restart_only_tells_it_and_asks_for_no_proof(brought):
    plan = brought.war(context=MANAGER).plan("restart")
    assert plan["warnings"] == [
        f"app1, app2: META-INF/context.xml has a <Manager> ({STANDARD}): {IN_NO_STORE} Remove the element."
    ]
    assert (plan["problems"], plan["proves_sessions"]) == ([], False)
    assert brought.plan("restart", accept=["store"])["warnings"] == []


@pytest.mark.parametrize("kind", ["rollback", "repair"])
def test_the_way_back_is_never_barred(brought, kind):
    plan = brought.war(context=MANAGER).plan(kind)
    assert (plan["problems"], plan["warnings"], plan["proves_sessions"]) == ([], [], False)
