# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._machines import packages


def look(*missing, family="Debian"):
    return {"packages_missing": list(missing), "distribution": {"family": family}}


def test_the_first_host_of_a_machine_installs_for_all_of_them():
    hostvars = {
        "app1": {"ansible_host": "198.18.0.1", "tomcat": look("lxml", "java")},
        "app2": {"ansible_host": "198.18.0.1", "tomcat": look("lxml", "java")},
        "web": {"ansible_host": "198.18.0.1", "balancer": look("httpd", "lxml")},
        "cache": {"ansible_host": "198.18.0.2", "memcached": look("memcached", family="RedHat")},
        "done": {"ansible_host": "198.18.0.3", "memcached": look()},
    }
    assert packages(hostvars, list(hostvars), ["tomcat", "balancer", "memcached"]) == {
        "app1": {"packages": ["lxml", "java", "httpd"], "family": "Debian"},
        "cache": {"packages": ["memcached"], "family": "RedHat"},
    }


def test_a_host_of_two_groups():
    hostvars = {"both": {"tomcat": look("java"), "memcached": look("memcached")}}
    assert packages(hostvars, ["both"], ["tomcat", "memcached"]) == {
        "both": {"packages": ["java", "memcached"], "family": "Debian"}
    }


def test_the_machine_itself_has_several_names():
    hostvars = {
        "app1": {"ansible_connection": "local", "tomcat": look("java")},
        "app2": {"ansible_host": "localhost", "tomcat": look("java")},
        "app3": {"ansible_host": "127.0.0.1", "tomcat": look("java")},
    }
    assert list(packages(hostvars, list(hostvars), ["tomcat"])) == ["app1"]


def test_only_hosts_that_were_asked_for():
    hostvars = {name: {"tomcat": look("java")} for name in ("app1", "app2")}
    assert list(packages(hostvars, ["app2"], ["tomcat"])) == ["app2"]
