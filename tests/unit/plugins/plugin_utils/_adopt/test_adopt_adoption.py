# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pathlib

import pytest
import yaml

from ansible_collections.roundrobin.tomcat.plugins.module_utils._errors import CollectionError
from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._adopt.adoption import DEFAULT_VERSION, VERSIONS

ROLES = pathlib.Path(__file__).resolve().parents[5] / "roles"


def notes_of(adopted):
    return "\n".join(map(str, adopted.notes.found))


def test_the_articles_pair(the_articles_pair, as_ansible_reads_it):
    adopted = the_articles_pair.adopt(port_shift=0)
    topology, hostvars = as_ansible_reads_it(adopted)
    assert hostvars["jvm1"]["tomcat_instance_memcached_options"] == {"takesOverFromMsm": True}
    assert [(one["inventory_host"], one["route"], one["worker"]) for one in topology["instances"]] == [
        ("jvm1", "jvm1", "ajp://127.0.0.1:8009"),
        ("jvm2", "jvm2", "ajp://127.0.0.1:8109"),
    ]
    assert topology["msm_memcached_nodes"] == "n1:localhost:11211"
    assert topology["session_store"] == "memcached"
    assert [one["path"] for one in topology["applications"]] == ["/"]
    assert [one["sticky_cookie"] for one in topology["balancers"]] == ["JSESSIONID"]
    assert adopted.secrets == {}


def test_the_new_ones_run_beside_the_old_ones(the_articles_pair, as_ansible_reads_it):
    topology, _hostvars = as_ansible_reads_it(the_articles_pair.adopt())
    assert [one["ports"]["ajp"] for one in topology["instances"]] == [10009, 10109]


def test_what_the_article_has_otherwise_is_told(the_articles_pair):
    notes = notes_of(the_articles_pair.adopt())
    server = the_articles_pair.directory / "tomcat1/conf/server.xml"
    assert f'app1: {server}:3: <Server port="8005">\n' in notes
    assert f'app1: {server}:18: <Connector port="8009" protocol="AJP/1.3"> has no secret\n' in notes
    assert "sessionBackupAsync is not set" in notes
    assert "there is one memcached node" in notes


def test_nothing_else_is_told_of_it(the_articles_pair):
    """Tomcat's own files have much that is in the new instance, too."""
    said = [note.says.split()[0] for note in the_articles_pair.adopt().notes.found]
    assert said == [
        *["<Server", "the", "sessionBackupAsync", "sessions"] * 2,
        "<Connector",
        "there",
        "the",
        "conf/web.xml,",
        "directories",
    ]


@pytest.mark.parametrize("secret", ['secret="s3cr3t-of-httpd"', 'requiredSecret="s3cr3t-of-httpd"'])
def test_a_secret_is_nowhere_but_in_its_file(hand_made, server, context, as_ansible_reads_it, secret):
    hand_made.tomcat("t1", server(1, 8009, secret=secret), context()).tomcat(
        "t2", server(2, 8109, secret=secret), context()
    )
    adopted = hand_made.httpd().machine().adopt()
    assert adopted.secrets == {"vault_tomcat_instance_ajp_secret": "s3cr3t-of-httpd"}
    assert "s3cr3t" not in repr(adopted.inventory) + notes_of(adopted)
    _topology, hostvars = as_ansible_reads_it(adopted)
    assert hostvars["jvm1"]["tomcat_instance_ajp_secret"] == "s3cr3t-of-httpd"


def test_secrets_that_differ_or_are_too_short_are_replaced(hand_made, server, context, as_ansible_reads_it):
    hand_made.tomcat("t1", server(1, 8009, secret='secret="short"'), context())
    hand_made.tomcat("t2", server(2, 8109, secret='secret="another-s3cr3t"'), context())
    adopted = hand_made.httpd().machine().adopt()
    as_ansible_reads_it(adopted)
    assert "short" not in notes_of(adopted)
    assert notes_of(adopted).count("a secret that cannot be used here") == 2


def test_http_members_with_standby_and_load_factors(hand_made, server, context, as_ansible_reads_it):
    httpd = """
    Listen 8080
    <VirtualHost *:8080>
        ServerName shop.example.com
        ServerAlias www.shop.example.com
        ProxyPreserveHost On
        <Proxy "balancer://Shop">
            BalancerMember http://app1.example.com:8080 route=a loadfactor=3 timeout=30
            BalancerMember http://192.0.2.12:8080 route=b status=+H timeout=30
            ProxySet stickysession=JSESSIONID lbmethod=bybusyness nofailover=On
        </Proxy>
        ProxyPass /shop balancer://shop/shop
    </VirtualHost>
    """
    hand_made.tomcat("t1", server(1, None, 8080, route="a"), context(""), webapps=["shop", "ROOT"])
    hand_made.machine("app1", ansible_host="192.0.2.11")
    hand_made.tomcat("t2", server(1, None, 8080, route="b"), context(""), webapps=["shop"])
    hand_made.machine("app2", ansible_host="192.0.2.12")
    hand_made.httpd(httpd).machine("web", resolved={"app1.example.com": ["192.0.2.11"]}, ansible_host="192.0.2.31")
    adopted = hand_made.adopt(port_shift=0)
    topology, hostvars = as_ansible_reads_it(adopted)
    assert [
        (one["inventory_host"], one["worker"], one["load_factor"], one["standby"]) for one in topology["instances"]
    ] == [("a", "http://192.0.2.11:8080", 3.0, False), ("b", "http://192.0.2.12:8080", 1.0, True)]
    assert [one["path"] for one in topology["applications"]] == ["/shop"]
    assert topology["session_store"] == "none"
    web = hostvars["web"]
    assert web["apache_balancer_server_name"] == "shop.example.com"
    assert web["apache_balancer_server_aliases"] == ["www.shop.example.com"]
    assert web["apache_balancer_listen_port"] == 8080
    assert web["apache_balancer_lbmethod"] == "bybusyness"
    assert web["apache_balancer_timeout"] == 30
    assert "nofailover=On" in notes_of(adopted)


def test_two_applications_on_instances_of_their_own(hand_made, server, context, as_ansible_reads_it):
    httpd = """
    Listen 80
    <Proxy balancer://shop>
        BalancerMember ajp://127.0.0.1:8009 route=jvm1
        BalancerMember ajp://127.0.0.1:8109 route=jvm2
    </Proxy>
    <Proxy balancer://admin>
        BalancerMember ajp://127.0.0.1:8109 route=jvm2
        BalancerMember ajp://127.0.0.1:8209 route=jvm3
    </Proxy>
    Alias /shop/static /srv/static
    ProxyPass /shop/static !
    ProxyPass /shop/ balancer://shop/shop/ stickysession=JSESSIONID|jsessionid
    <Location /admin>
        ProxyPass balancer://admin/admin
    </Location>
    """
    for number, apps in ((1, ["shop"]), (2, ["shop", "shop#reports", "admin##7"]), (3, ["admin", "docs"])):
        hand_made.tomcat(f"t{number}", server(number, 8009 + 100 * (number - 1)), context(), webapps=apps)
    topology, hostvars = as_ansible_reads_it(hand_made.httpd(httpd).machine().adopt())
    assert [(one["path"], one["instances"]) for one in topology["applications"]] == [
        ("/shop", ["jvm1", "jvm2"]),
        ("/shop/reports", ["jvm1", "jvm2"]),
        ("/admin", ["jvm2", "jvm3"]),
    ]
    assert topology["applications"][0]["excluded_paths"] == [{"path": "/shop/static", "directory": "/srv/static"}]
    assert hostvars["jvm3"]["tomcat_instance_port_offset"] == 2200


def test_names_that_are_taken_on_the_machine(hand_made, server, context, as_ansible_reads_it):
    hand_made.tomcat("t1", server(1, 8009), context()).tomcat("t2", server(2, 8109), context())
    unit = "[Service]\nUser=shop\nExecStart=/opt/t1/bin/catalina.sh run\n"
    hand_made.httpd().machine(units=[("tomcat@jvm1.service", unit)])
    topology, hostvars = as_ansible_reads_it(hand_made.adopt())
    assert [one["name"] for one in topology["instances"]] == ["roundrobin-jvm1", "jvm2"]
    assert [one["route"] for one in topology["instances"]] == ["jvm1", "jvm2"]
    assert (hostvars["jvm1"]["tomcat_instance_user"], hostvars["jvm1"]["tomcat_instance_group"]) == ("shop", "shop")


def test_a_route_with_a_dot(hand_made, server, context, as_ansible_reads_it):
    hand_made.tomcat("t1", server(1, 8009, route="node.1"), context())
    hand_made.httpd(
        "<Proxy balancer://c>\nBalancerMember ajp://localhost:8009 route=node.1\n</Proxy>\nProxyPass / balancer://c/\n"
    )
    adopted = hand_made.machine().adopt()
    topology, _hostvars = as_ansible_reads_it(adopted)
    assert [one["route"] for one in topology["instances"]] == ["node_1"]
    assert "a dot loses the session" in notes_of(adopted)


def test_members_and_tomcats_without_one_another(hand_made, server, context, as_ansible_reads_it):
    hand_made.tomcat("t1", server(1, 8009), context()).tomcat("t3", server(3, 8209), context())
    adopted = hand_made.httpd().machine().adopt()
    topology, _hostvars = as_ansible_reads_it(adopted)
    assert [one["inventory_host"] for one in topology["instances"]] == ["jvm1"]
    notes = notes_of(adopted)
    assert "ajp://localhost:8109 route=jvm2\n    The Tomcat of this member was not found" in notes
    assert f"no balancer leads to the Tomcat in {hand_made.directory}/t3" in notes


def test_memcached_on_the_localhost_of_each_of_several_machines(hand_made, server, context, as_ansible_reads_it):
    hand_made.tomcat("t1", server(1, 8009), context()).machine("app1", ansible_host="192.0.2.11")
    hand_made.tomcat("t2", server(2, 8009), context()).machine("app2", ansible_host="192.0.2.12")
    members = HTTPD.replace("localhost:8009", "192.0.2.11:8009").replace("localhost:8109", "192.0.2.12:8009")
    hand_made.httpd(members).machine("web", ansible_host="192.0.2.31")
    adopted = hand_made.adopt()
    topology, _hostvars = as_ansible_reads_it(adopted)
    assert topology["msm_memcached_nodes"] == "n1:192.0.2.11:11311,n2:192.0.2.12:11311"
    assert "the Tomcats are on several machines" in notes_of(adopted)
    assert "takesOverFromMsm" not in str(adopted.inventory)


HTTPD = """
Listen 80
<Proxy balancer://cluster>
    BalancerMember ajp://localhost:8009 route=jvm1
    BalancerMember ajp://localhost:8109 route=jvm2
</Proxy>
ProxyPass / balancer://cluster/
"""


def test_tls_and_a_cookie_of_another_name(hand_made, server, context, as_ansible_reads_it):
    httpd = HTTPD.partition("ProxyPass")[0] + (
        "Listen 443\nLoadModule ssl_module mod_ssl.so\n"
        "<VirtualHost *:80>\nServerName shop.example.com\nRewriteEngine On\nRewriteRule ^ https://shop.example.com%{REQUEST_URI}\n</VirtualHost>\n"
        "<VirtualHost *:443>\nServerName shop.example.com\nSSLEngine On\nSSLCertificateFile /etc/ssl/shop.pem\n"
        "SSLCertificateKeyFile /etc/ssl/shop.key\nRequestHeader set X-Api-Token t0ken\n"
        "ProxyPass / balancer://cluster/ stickysession=SHOPSESSION\n</VirtualHost>\n"
    )
    named = context().replace("<Context>", '<Context sessionCookieName="SHOPSESSION">')
    hand_made.tomcat("t1", server(1, 8009), named).tomcat("t2", server(2, 8109), named)
    adopted = hand_made.httpd(httpd).machine("web").adopt()
    topology, hostvars = as_ansible_reads_it(adopted)
    assert topology["balancers"][0]["sticky_cookie"] == "SHOPSESSION"
    web = hostvars["web"]
    assert (web["apache_balancer_tls_certificate"], web["apache_balancer_tls_key"]) == (
        "/etc/ssl/shop.pem",
        "/etc/ssl/shop.key",
    )
    assert web["apache_balancer_tls_hsts_max_age"] == 0
    assert "apache_balancer_sticky_cookie" not in web
    notes = notes_of(adopted)
    assert "RequestHeader set X-Api-Token ********" in notes
    assert "t0ken" not in notes
    assert "RewriteRule" not in notes


def test_without_httpd_or_without_tomcats(hand_made, server, context):
    hand_made.tomcat("t1", server(1, 8009), context()).machine("app1")
    with pytest.raises(CollectionError, match="no httpd with a ProxyPass to a balancer .* was found on app1"):
        hand_made.adopt()
    hand_made.httpd(HTTPD.replace("localhost:8", "192.0.2.99:9")).machine("web")
    with pytest.raises(CollectionError, match="none of their members is a Tomcat that was found on app1, web"):
        hand_made.adopt()


def test_versions_are_those_of_the_role():
    known = yaml.safe_load((ROLES / "tomcat_instance/vars/artifacts.yml").read_text())["__tomcat_instance_releases"]
    assert sorted(VERSIONS.values()) == sorted(map(str, known))
    assert all(version.startswith(branch + ".") for branch, version in VERSIONS.items())
    defaults = yaml.safe_load((ROLES / "tomcat_instance/defaults/main.yml").read_text())
    assert VERSIONS[DEFAULT_VERSION] == defaults["tomcat_instance_version"]
