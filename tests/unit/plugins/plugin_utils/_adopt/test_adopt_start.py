# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._adopt.notes import Notes, Secrets
from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._adopt.start import NO_OPTIONS, read_start

BASE = "/opt/tomcat1"


@pytest.fixture
def read():
    def _read(setenv="", unit="", environment="", **found):
        files = {f"{BASE}/bin/setenv.sh": setenv, "/etc/u.service": unit, "/etc/default/t": environment}
        facts = {
            "base": BASE,
            "home": BASE,
            "user": "",
            "group": "",
            "unit": "tomcat@one.service",
            "unit_files": ["/etc/u.service"],
            "environment_files": ["/etc/default/t"],
            **found,
        }
        notes, secrets = Notes(), Secrets()
        start = read_start("app1", facts, files, notes, secrets)
        return (
            start.variables,
            [(note.file.rpartition("/")[2], note.line, note.says) for note in notes.found],
            secrets.values,
        )

    return _read


@pytest.mark.parametrize(
    ("setenv", "options"),
    [
        ("", NO_OPTIONS),
        ('CATALINA_OPTS="-Xmx1g -Dshop.stage=live"', ["-Xmx1g", "-Dshop.stage=live"]),
        (
            'export CATALINA_OPTS="$CATALINA_OPTS -Xms1g"\nexport CATALINA_OPTS="${CATALINA_OPTS} -Xmx1g"',
            ["-Xms1g", "-Xmx1g"],
        ),
        ("JAVA_OPTS=-Da=b\nCATALINA_OPTS=-Dc=d\nexport JAVA_OPTS CATALINA_OPTS", ["-Da=b", "-Dc=d"]),
        ("#!/bin/sh\n# -Xmx9g\nCATALINA_OPTS=\"-Xmx1g \\\n  -Dx='a b'\"", ["-Xmx1g", "-Dx=a b"]),
        ('CATALINA_OPTS="-Xmx1g\n  -Xms1g"', ["-Xmx1g", "-Xms1g"]),
        ('HEAP=2g\nCATALINA_OPTS="-Xmx$HEAP"', ["-Xmx2g"]),
        ("CATALINA_OPTS='-Dprice=$5'", ["-Dprice=$5"]),
    ],
)
def test_options_of_the_jvm(read, setenv, options):
    variables, told, secrets = read(setenv)
    assert variables == {"tomcat_instance_java_opts": options}
    assert (told, secrets) == ([], {})


@pytest.mark.parametrize(
    ("setenv", "line", "says"),
    [
        ("\nCATALINA_OPTS=-Xmx$(free -m)m", 2, "CATALINA_OPTS=-Xmx$(free -m)m"),
        ("X=`date`", 1, "X=`date`"),
        (". /etc/java.conf", 1, ". /etc/java.conf"),
        ('if [ -r /x ]; then\n  CATALINA_OPTS="-Dx"\nfi\nA=1', 1, "if [ -r /x ]; then"),
        ("A=1; B=2", 1, "A=1; B=2"),
        ('CATALINA_OPTS="-Dx=$UNKNOWN"', 1, 'CATALINA_OPTS="-Dx=$UNKNOWN"'),
        ("DB_PASSWORD=`cat /x`", 1, "DB_PASSWORD"),
        ("CATALINA_OPTS=-Dcom.sun.management.jmxremote.port=9999", 1, "-Dcom.sun.management.jmxremote.port=9999"),
        ('CATALINA_OPTS="-Xmx\'1g"', 1, "CATALINA_OPTS has a ' without its end"),
    ],
)
def test_what_is_not_understood_is_left_out(read, setenv, line, says):
    variables, told, _secrets = read(setenv)
    assert told == [("setenv.sh", line, says)]
    assert variables == {"tomcat_instance_java_opts": NO_OPTIONS}


def test_the_environment_of_a_unit(read):
    unit = """
[Unit]
Description=ignored
[Service]
User=shop
Environment="JAVA_OPTS=-Xmx1g -Da=%i" SHOP_STAGE=live
Environment=LANG=de_DE.UTF-8
EnvironmentFile=/etc/default/t
ReadWritePaths=/srv/uploads /home/shop /opt/tomcat1/work
ExecStart=/opt/tomcat1/bin/catalina.sh run
MemoryMax=2G
"""
    environment = "# set by hand\nDB_PASSWORD='s3cr3t'\nJAVA_HOME=/opt/jdk\nCATALINA_PID=/run/t.pid\n"
    variables, told, secrets = read("export SHOP_REGION=eu", unit, environment)
    assert variables == {
        "tomcat_instance_writable_paths": ["/srv/uploads"],
        "tomcat_instance_user": "shop",
        "tomcat_instance_group": "shop",
        "tomcat_instance_java_opts": ["-Xmx1g", "-Da=one"],
        "tomcat_instance_java_home": "/opt/jdk",
        "tomcat_instance_java_package": "",
        "tomcat_instance_locale": "de_DE.UTF-8",
        "tomcat_instance_environment": {
            "DB_PASSWORD": "{{ vault_environment_db_password }}",
            "SHOP_REGION": "eu",
            "SHOP_STAGE": "live",
        },
    }
    assert secrets == {"vault_environment_db_password": "s3cr3t"}
    assert told == [("u.service", 9, "/home/shop"), ("u.service", 11, "MemoryMax=2G")]


def test_a_secret_among_the_options(read):
    variables, _told, secrets = read('CATALINA_OPTS="-Ddb.password=s3cr3t -Da=b"')
    assert variables["tomcat_instance_java_opts"] == ["-Ddb.password={{ vault_option_db_password }}", "-Da=b"]
    assert secrets == {"vault_option_db_password": "s3cr3t"}


def test_what_names_the_old_tomcat_is_carried_over_and_told(read):
    variables, told, _secrets = read('CATALINA_OPTS="-Dconf=$CATALINA_BASE/shop.conf"')
    assert variables["tomcat_instance_java_opts"] == ["-Dconf=/opt/tomcat1/shop.conf"]
    assert told == [("setenv.sh", 1, "-Dconf=/opt/tomcat1/shop.conf")]


def test_root_becomes_the_user_of_the_role(read):
    variables, told, _secrets = read(user="root", group="root")
    assert "tomcat_instance_user" not in variables
    assert told == [("tomcat1", 0, "runs as root")]


def test_a_script_of_ones_own(read):
    _variables, told, _secrets = read(unit="[Service]\nExecStart=/usr/libexec/tomcat-start.sh\n")
    assert told == [("u.service", 2, "ExecStart=/usr/libexec/tomcat-start.sh")]
