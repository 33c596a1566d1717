# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._chain import beside

WANTED = {
    "unit": "tomcat@app1.service",
    "user": "tomcat",
    "group": "tomcat",
    "home_root": "/opt/tomcat",
    "home": "/opt/tomcat/apache-tomcat-9.0.117",
    "base_root": "/var/opt/tomcat",
    "base": "/var/opt/tomcat/app1",
    "address": "198.18.0.3",
    "ports": {"tomcat_instance_ajp_port": 8009, "tomcat_instance_shutdown_port": 8005},
    "far": ["lb"],
}
FRESH = {
    "python": {"executable": "/usr/bin/python3", "distribution": True, "missing": ["lxml"]},
    "users": {},
    "groups": [],
    "units": {},
    "entries": [],
    "resolved": {},
    "listening": [],
}
LEGACY = {"port": 8009, "process": "java", "unit": "tomcat@legacy.service", "ours": False}


def entry(path, *, kind="directory", mode="0755", owner="root", group="root"):
    return {"path": path, "type": kind, "mode": mode, "owner": owner, "group": group}


def unit(**different):
    return {
        "file": "/etc/systemd/system/tomcat@.service",
        "drop_ins": [],
        "active": False,
        "enabled": False,
        "ours": False,
        **different,
    }


def problems(found=None, wanted=None):
    lines = beside.instance_problems("app1", {**FRESH, **(found or {})}, {**WANTED, **(wanted or {})})
    assert all(line.startswith("app1: ") for line in lines)
    return [line[len("app1: ") :] for line in lines]


def test_a_fresh_host():
    assert problems() == []


@pytest.mark.parametrize(
    "found",
    [
        # Of the usual tutorial: a user with a home, another Tomcat, a template.
        {
            "users": {"tomcat": {"home": "/opt/tomcat", "shell": "/bin/false", "group": "tomcat", "groups": []}},
            "entries": [entry("/opt/tomcat", owner="tomcat", group="tomcat", mode="0750"), entry("/opt/tomcat/bin")],
            "units": {"tomcat@app1.service": unit()},
            "listening": [{**LEGACY, "address": "198.18.0.3", "port": 8080}],
        },
        # Of a run before.
        {
            "entries": [
                entry("/opt/tomcat"),
                entry("/opt/tomcat/apache-tomcat-9.0.117"),
                entry("/opt/tomcat/apache-tomcat-9.0.117/lib"),
                entry("/var/opt/tomcat/app1/releases"),
                entry("/var/opt/tomcat/app1/conf"),
                entry("/var/opt/tomcat/app1/conf/tomcat.env", kind="file"),
            ],
            "units": {"tomcat@app1.service": unit(ours=True, active=True, enabled=True)},
            "listening": [{**LEGACY, "address": "198.18.0.3", "unit": "tomcat@app1.service", "ours": True}],
        },
        # A run that broke off; another instance that has the port until its turn; the port on another address.
        {
            "entries": [entry("/var/opt/tomcat/app1/conf/server.xml"), entry("/var/opt/tomcat/app1/releases")],
            "listening": [
                {**LEGACY, "address": "198.18.0.3", "unit": "tomcat@app2.service", "ours": True},
                {**LEGACY, "address": "127.0.0.1"},
                {**LEGACY, "address": "198.18.0.3", "port": 8005},
            ],
        },
        {"entries": [entry("/var/opt/tomcat/app1/webapps")]},
        {"entries": [entry("/opt/tomcat", kind="link"), entry("/opt/tomcat/apache-tomcat-9.0.117")]},
    ],
)
def test_what_can_be_worked_with(found):
    assert problems(found) == []


@pytest.mark.parametrize(
    ("found", "problem"),
    [
        (
            {"python": {"executable": "/usr/local/bin/python3", "distribution": False, "missing": ["lxml"]}},
            (
                "/usr/local/bin/python3 has no lxml, and the packages of the distribution bring it to /usr/bin/python3 alone. "
                "Set ansible_python_interpreter to /usr/bin/python3."
            ),
        ),
        (
            {"units": {"tomcat@app1.service": unit(file="/etc/systemd/system/tomcat@app1.service")}},
            (
                "tomcat@app1.service is there already (/etc/systemd/system/tomcat@app1.service), and it is none of this collection's. "
                "Set tomcat_instance_name."
            ),
        ),
        (
            {"units": {"tomcat@app1.service": unit(file="", active=True)}},
            "tomcat@app1.service is there already (without a file), and it is none of this collection's. Set tomcat_instance_name.",
        ),
        (
            {"units": {"tomcat@app1.service": unit(active=True, enabled=True)}},
            "tomcat@app1.service runs already, from /etc/systemd/system/tomcat@.service. Set tomcat_instance_name.",
        ),
        (
            {"units": {"tomcat@app1.service": unit(enabled=True)}},
            "tomcat@app1.service is enabled already, from /etc/systemd/system/tomcat@.service. Set tomcat_instance_name.",
        ),
        (
            {
                "units": {
                    "tomcat@app1.service": unit(
                        drop_ins=["/etc/systemd/system/tomcat@.service.d/heap.conf", "/x/tomcat@app1.service.d/a.conf"]
                    )
                }
            },
            (
                "/etc/systemd/system/tomcat@.service.d/heap.conf changes every unit tomcat@, this one too. Move it to the directory of the unit that "
                "it is for, such as tomcat@NAME.service.d."
            ),
        ),
        (
            {"entries": [entry("/opt/tomcat", kind="link"), entry("/opt/tomcat/bin")]},
            (
                "/opt/tomcat is a link to another Tomcat, and what is put there is gone when the link leads to the next one. "
                "Set tomcat_instance_home_root."
            ),
        ),
        (
            {"entries": [entry("/var/opt/tomcat", kind="file")]},
            "/var/opt/tomcat is no directory. Set tomcat_instance_base_root.",
        ),
        (
            {"entries": [entry("/opt/tomcat", owner="legacy", group="legacy", mode="0750")]},
            (
                "/opt/tomcat belongs to legacy:legacy with mode 0750 and is left so, but the user tomcat cannot enter it. "
                "Set tomcat_instance_home_root, tomcat_instance_user or tomcat_instance_group."
            ),
        ),
        (
            {"entries": [entry("/opt/tomcat/apache-tomcat-9.0.117/webapps")]},
            "/opt/tomcat/apache-tomcat-9.0.117 is a Tomcat that somebody else unpacked. Set tomcat_instance_home_root.",
        ),
        (
            {
                "entries": [
                    entry("/var/opt/tomcat/app1/conf"),
                    entry("/var/opt/tomcat/app1/conf/server.xml", kind="file"),
                ]
            },
            "/var/opt/tomcat/app1 is an instance that somebody else has set up. Set tomcat_instance_name or tomcat_instance_base_root.",
        ),
        (
            {"listening": [{**LEGACY, "address": "::"}]},
            "port 8009 of :: is taken by java (tomcat@legacy.service). Stop that, or set tomcat_instance_port_offset or tomcat_instance_ajp_port.",
        ),
        (
            {"listening": [{**LEGACY, "address": "127.0.0.1", "port": 8005, "process": "", "unit": ""}]},
            (
                "port 8005 of 127.0.0.1 is taken by a process that cannot be seen. Stop that, or set tomcat_instance_port_offset or "
                "tomcat_instance_shutdown_port."
            ),
        ),
    ],
)
def test_what_is_in_the_way(found, problem):
    assert problems(found) == [problem]


def test_the_name_of_the_instance_is_no_excuse():
    # Of the instance that is refused for its name.
    found = {"listening": [{**LEGACY, "address": "198.18.0.3", "unit": "tomcat@app1.service"}]}
    assert len(problems(found)) == 1


def test_all_at_once():
    found = {
        "units": {"tomcat@app1.service": unit(active=True)},
        "entries": [entry("/opt/tomcat", owner="legacy", mode="0700"), entry("/var/opt/tomcat/app1/conf/server.xml")],
        "listening": [{**LEGACY, "address": "0.0.0.0"}, {**LEGACY, "address": "0.0.0.0", "port": 8005}],
    }
    assert len(problems(found)) == 5


@pytest.mark.parametrize(
    ("owner", "group", "mode", "groups", "may"),
    [
        ("tomcat", "x", "0700", [], True),
        ("tomcat", "x", "0077", [], False),
        ("x", "tomcat", "0710", [], True),
        ("x", "web", "0710", ["web"], True),
        ("x", "web", "0710", [], False),
        ("x", "web", "0711", [], True),
        ("x", "tomcat", "0701", [], False),
        ("x", "web", "1777", [], True),
    ],
)
def test_who_may_enter(owner, group, mode, groups, may):
    found = {
        "users": {"tomcat": {"groups": groups}},
        "entries": [entry("/opt/tomcat", owner=owner, group=group, mode=mode)],
    }
    assert (problems(found) == []) is may


NAMED = {"address": "app1.example.com"}


@pytest.mark.parametrize(
    ("addresses", "far", "says"),
    [
        (
            ["127.0.1.1"],
            ["lb"],
            "is 127.0.1.1 on the host itself (see its /etc/hosts), where lb on another machine cannot reach it",
        ),
        (["127.0.1.1"], [], None),
        (["127.0.1.1", "198.18.0.3"], ["lb"], None),
        (["198.18.0.3"], ["lb"], None),
        ([], [], "is no name that the host itself knows"),
    ],
)
def test_a_name_that_is_an_address(addresses, far, says):
    said = problems({"resolved": {"app1.example.com": addresses}}, {**NAMED, "far": far})
    assert [says in line and "tomcat_instance_address" in line for line in said] == ([True] if says else [])


def test_ports_of_a_name():
    found = {"resolved": {"app1.example.com": ["127.0.1.1"]}, "listening": [{**LEGACY, "address": "127.0.1.1"}]}
    assert len(problems(found, {**NAMED, "far": []})) == 1


@pytest.mark.parametrize(
    ("here", "there", "together"),
    [
        ("0.0.0.0", "192.0.2.1", True),
        ("0.0.0.0", "2001:db8::1", False),
        ("::", "192.0.2.1", True),
        ("*", "::1", True),
        ("192.0.2.1", "192.0.2.2", False),
        ("192.0.2.1", "192.0.2.1", True),
        ("::1", "127.0.0.1", False),
    ],
)
def test_sockets_that_exclude_each_other(here, there, together):
    assert beside.meet(here, there) is together
    assert beside.meet(there, here) is together


@pytest.mark.parametrize(
    ("unit", "address", "says"),
    [
        ("memcached-node@11211.service", "198.18.0.3", ""),
        ("memcached.service", "127.0.0.1", ""),
        (
            "memcached.service",
            "0.0.0.0",
            "port 11211 of 0.0.0.0 is taken by memcached (memcached.service). Stop that, or set memcached_ports.",
        ),
    ],
)
def test_a_service(unit, address, says):
    socket = {"address": address, "port": 11211, "process": "memcached", "unit": unit, "ours": False}
    wanted = {
        "variable": "memcached_address",
        "address": "198.18.0.3",
        "far": [],
        "port_variable": "memcached_ports",
        "ports": ["11211", 11212],
        "units": ["memcached-node@*.service"],
    }
    said = beside.service_problems("cache", {"resolved": {}, "listening": [socket]}, wanted)
    assert said == ([f"cache: {says}"] if says else [])


def test_a_service_by_the_name_of_the_machine():
    wanted = {
        "variable": "redis_address",
        "address": "db",
        "far": ["app1"],
        "port_variable": "redis_port",
        "ports": [6379],
        "units": [],
    }
    found = {"resolved": {"db": ["127.0.1.1"]}, "listening": [{**LEGACY, "address": "127.0.1.1", "port": 6379}]}
    assert [
        "redis_address" in line or "redis_port" in line for line in beside.service_problems("db", found, wanted)
    ] == [True, True]
