# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._adopt.notes import Notes, Secrets
from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._adopt.sessions import read_sessions

MSM = 'className="de.javakaffee.web.msm.MemcachedBackupSessionManager" sessionBackupAsync="false"'
TOLD = "sessions in memcached"
PATTERN = r'requestUriIgnorePattern=".*\.(ico|png|gif|jpg|css|js)$"'


@pytest.fixture
def read(read_one, context, server):
    def _read(inside, of_engine=""):
        text = server().replace("</Engine>", f"{of_engine}</Engine>")
        tomcat, _notes = read_one(text, context(inside))
        notes, secrets = Notes(), Secrets()
        found = read_sessions(tomcat, notes, secrets)
        variables = {name.removeprefix("tomcat_instance_"): value for name, value in found.variables.items()}
        return found.store, found.nodes, variables, [note.says for note in notes.found], secrets.values

    return _read


@pytest.mark.parametrize(
    ("attributes", "nodes", "variables"),
    [
        ('memcachedNodes="n1:localhost:11211"', [("n1", "localhost", 11211)], {}),
        ('memcachedNodes="cache:11211"', [("n1", "cache", 11211)], {}),
        (
            'memcachedNodes="n1:a:1, n2:b:2" failoverNodes="n1"',
            [("n1", "a", 1), ("n2", "b", 2)],
            {"memcached_failover_nodes": "n1"},
        ),
        (
            'memcachedNodes="n1:a:1" sticky="false" lockingMode="all"',
            [("n1", "a", 1)],
            {"memcached_sticky": False, "memcached_options": {"lockingMode": "all"}},
        ),
        (
            'memcachedNodes="n1:a:1" memcachedProtocol="binary" username="u" password="s3cr3t"',
            [("n1", "a", 1)],
            {
                "memcached_options": {
                    "memcachedProtocol": "binary",
                    "username": "u",
                    "password": "{{ vault_memcached_password }}",
                }
            },
        ),
    ],
)
def test_memcached(read, attributes, nodes, variables):
    store, found_nodes, found, told, secrets = read(f"<Manager {MSM} {PATTERN} {attributes}/>")
    take_over = {"takesOverFromMsm": True} if 'sticky="false"' not in attributes else {}
    options = {**variables.pop("memcached_options", {}), **take_over}
    wanted = {**variables, **({"memcached_options": options} if options else {})}
    assert (store, found_nodes, found, told) == ("memcached", nodes, wanted, [TOLD])
    assert list(secrets.values()) == (["s3cr3t"] if "password" in attributes else [])


def test_an_ignore_pattern_of_ones_own_and_none(read):
    for attribute, wanted in (('requestUriIgnorePattern=".*png"', ".*png"), ("", "")):
        _store, _nodes, variables, _told, _secrets = read(f'<Manager {MSM} memcachedNodes="n1:a:1" {attribute}/>')
        assert variables["request_uri_ignore_pattern"] == wanted


@pytest.mark.parametrize(
    ("attribute", "says"),
    [
        (
            'transcoderFactoryClass="x.KryoTranscoderFactory"',
            '<Manager transcoderFactoryClass="x.KryoTranscoderFactory">',
        ),
        ('sticky="false" lockingMode="none"', '<Manager lockingMode="none">'),
        ('sessionBackupTimeout="100"', '<Manager sessionBackupTimeout="100">'),
    ],
)
def test_what_is_otherwise_here(read, attribute, says):
    _store, _nodes, _variables, told, _secrets = read(f'<Manager {MSM} {PATTERN} memcachedNodes="n1:a:1" {attribute}/>')
    assert told == [says, TOLD]


@pytest.mark.parametrize(
    "inside", ["", '<Manager pathname=""/>', '<Manager className="org.apache.catalina.session.StandardManager"/>']
)
def test_sessions_of_each_instance_alone(read, inside):
    assert read(inside) == ("none", [], {}, [], {})


@pytest.mark.parametrize(
    ("manager", "store"),
    [("", "delta"), ('<Manager className="org.apache.catalina.ha.session.BackupManager"/>', "backup")],
)
def test_tomcats_own_cluster(read, manager, store):
    cluster = f'<Cluster className="org.apache.catalina.ha.tcp.SimpleTcpCluster">{manager}</Cluster>'
    found, _nodes, _variables, told, _secrets = read("", cluster)
    assert found == store
    assert told == ['<Cluster className="org.apache.catalina.ha.tcp.SimpleTcpCluster">']


@pytest.mark.parametrize(
    "manager",
    [
        f'<Manager {MSM} memcachedNodes="redis://a:6379"/>',
        '<Manager className="org.redisson.tomcat.RedissonSessionManager" configPath="x"/>',
    ],
)
def test_a_store_that_is_not_understood_is_none_and_told(read, manager):
    store, nodes, _variables, told, _secrets = read(manager)
    assert (store, nodes, len(told)) == ("none", [], 1)
