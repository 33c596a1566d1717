# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._machines import in_the_way, packages, unprepared


def look(*missing, family="Debian"):
    return {"packages_missing": list(missing), "distribution": {"family": family}}


def test_the_first_host_of_a_machine_installs_for_all_of_them():
    hostvars = {
        "app1": {"ansible_host": "198.18.0.1", "__tomcat_instance_host": look("lxml", "java")},
        "app2": {"ansible_host": "198.18.0.1", "__tomcat_instance_host": look("lxml", "java")},
        "web": {"ansible_host": "198.18.0.1", "__apache_balancer_host": look("httpd", "lxml")},
        "cache": {"ansible_host": "198.18.0.2", "__memcached_host": look("memcached", family="RedHat")},
        "done": {"ansible_host": "198.18.0.3", "__memcached_host": look()},
    }
    assert packages(hostvars, list(hostvars)) == {
        "app1": {"packages": ["lxml", "java", "httpd"], "family": "Debian"},
        "cache": {"packages": ["memcached"], "family": "RedHat"},
    }


def test_a_host_of_two_groups():
    hostvars = {"both": {"__tomcat_instance_host": look("java"), "__memcached_host": look("memcached")}}
    assert packages(hostvars, ["both"]) == {"both": {"packages": ["memcached", "java"], "family": "Debian"}}


def test_the_machine_itself_has_several_names():
    hostvars = {
        "app1": {"ansible_connection": "local", "__tomcat_instance_host": look("java")},
        "app2": {"ansible_host": "localhost", "__tomcat_instance_host": look("java")},
        "app3": {"ansible_host": "127.0.0.1", "__tomcat_instance_host": look("java")},
    }
    assert list(packages(hostvars, list(hostvars))) == ["app1"]


def test_only_hosts_that_were_asked_for():
    hostvars = {name: {"__tomcat_instance_host": look("java")} for name in ("app1", "app2")}
    assert list(packages(hostvars, ["app2"])) == ["app2"]


def test_hosts_that_lack_something():
    hostvars = {
        "web": {"__apache_balancer_host": look("httpd")},
        "app1": {"__tomcat_instance_host": look(), "__tomcat_instance_plan": {"unprepared": True}},
        "app2": {"__tomcat_instance_host": look(), "__tomcat_instance_plan": {"unprepared": False}},
        "cache": {"__memcached_host": look()},
        "not-asked": {},
    }
    assert unprepared(hostvars, list(hostvars)) == ["web", "app1"]


def test_what_is_in_the_way_of_all_roles():
    hostvars = {
        "app1": {"__tomcat_instance_in_the_way": ["app1: a", "app1: b"], "__memcached_in_the_way": ["app1: c"]},
        "app2": {},
        "lb": {"__apache_balancer_in_the_way": ["lb: d"]},
        "other": {"__redis_in_the_way": ["other: e"]},
    }
    assert in_the_way(hostvars, ["app1", "app2", "lb"]) == ["app1: c", "app1: a", "app1: b", "lb: d"]
