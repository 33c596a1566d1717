# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._chain.beside_httpd import beside_httpd

WANTED = {
    "unit": "apache2.service",
    "server_name": "www.example.com",
    "vhost": True,
    "listen_port": 80,
    "tls": False,
    "tls_port": 443,
    "manager_address": "127.0.0.1",
    "manager_port": 9080,
    "default_site": "/etc/apache2/sites-enabled/000-default.conf",
    "disable_default_site": True,
    "is_there": False,
}
NGINX = {"address": "0.0.0.0", "port": 80, "process": "nginx", "unit": "nginx.service", "ours": False}


def listen(port=80, address="*", protocol=""):
    return {"address": address, "port": port, "protocol": protocol, "file": "ports.conf", "line": 5}


def site(name="shop", *, names=("shop.example.com",), places=(("*", 80),), **different):
    return {
        "file": f"/etc/apache2/sites-enabled/{name}.conf",
        "line": 1,
        "names": list(names),
        "addresses": [{"address": address, "port": port} for address, port in places],
        "document_root": "/srv/shop",
        "documents": ["index.html"],
        "directives": ["documentroot", "servername"],
        **different,
    }


DEFAULT = site(
    "000-default", names=(), document_root="/var/www/html", documents=[], directives=["documentroot", "serveradmin"]
)


def decide(listens=(), sites=(), sockets=(), *, httpd=None, **wanted):
    found = {
        "httpd": {
            "listens": list(listens),
            "virtual_hosts": list(sites),
            "document_root": "",
            "documents": [],
            "server_name": "",
            "directives": ["listen"],
            "forwards": [],
            **(httpd or {}),
        },
        "listening": list(sockets),
        "fqdn": "web1.example.com",
    }
    decision = beside_httpd("lb", found, {**WANTED, **wanted})
    assert all(problem.startswith("lb: ") for problem in decision["problems"])
    return decision


def test_a_host_without_httpd():
    found = {"httpd": None, "listening": [], "fqdn": "lb"}
    assert beside_httpd("lb", found, {**WANTED, "tls": True, "server_name": "lb"}) == {
        "problems": [],
        "listens": [80, 443],
        "addresses": {"80": [], "443": []},
        "last": False,
        "default_site": True,
        "port_80": False,
    }


def test_debians_httpd_as_it_is_installed():
    decision = decide(
        [listen()],
        [DEFAULT],
        [{**NGINX, "address": "::", "process": "apache2", "unit": "apache2.service"}],
        server_name="lb",
    )
    assert decision == {
        "problems": [],
        "listens": [],
        "addresses": {"80": []},
        "last": False,
        "default_site": True,
        "port_80": False,
    }


def test_the_distributions_port_is_closed_where_nobody_uses_it():
    assert decide([listen()], [DEFAULT], listen_port=8000)["port_80"]
    assert decide([listen()], listen_port=8000)["port_80"]
    assert not decide([listen()], [DEFAULT], listen_port=8000, disable_default_site=False)["port_80"]
    assert not decide([listen()], [site()], listen_port=8000)["port_80"]
    assert not decide([listen()], httpd={"documents": ["a.html"]}, listen_port=8000)["port_80"]
    # The lines of the article, outside of a virtual host.
    assert not decide([listen()], [DEFAULT], httpd={"directives": ["listen", "proxypass"]}, listen_port=8000)["port_80"]


@pytest.mark.parametrize("address", ["*", "0.0.0.0", "::", "192.0.2.10", "127.0.0.1"])
def test_a_port_that_httpd_has_is_not_opened_again(address):
    decision = decide([listen(address=address)], [site()], [{**NGINX, "address": "192.0.2.99"}])
    assert (decision["problems"], decision["listens"]) == ([], [])


@pytest.mark.parametrize(
    "used", [site(), {**DEFAULT, "documents": ["shop.html"]}, {**DEFAULT, "directives": ["documentroot", "proxypass"]}]
)
def test_what_the_default_site_is_used_for_stays(used):
    decision = decide([listen()], [DEFAULT, used] if used["names"] else [used])
    assert decision["problems"] == []
    assert (decision["default_site"], decision["last"]) == (False, True)


def test_a_site_on_another_port_is_no_matter():
    decision = decide([listen(), listen(8081)], [DEFAULT, site(places=[("*", 8081)])], server_name="lb")
    assert decision["problems"] == []
    assert (decision["default_site"], decision["last"]) == (True, False)


def test_addresses_that_another_site_has_for_itself():
    places = [
        ("192.0.2.10", 80),
        ("2001:db8::1", 80),
        ("192.0.2.11", 0),
        ("192.0.2.12", 8081),
        ("0.0.0.0", 80),
        ("::", 80),
    ]
    decision = decide([listen()], [site(places=places), site("b", names=["b.example.com"])])
    assert decision["problems"] == []
    assert decision["addresses"] == {"80": ["192.0.2.10:80", "[2001:db8::1]:80", "192.0.2.11:*"]}


def test_red_hats_site_with_tls_is_the_distributions():
    mod_ssl = site("ssl", names=(), places=[("*", 443)], document_root="", documents=[], directives=["sslengine"])
    decision = decide([listen(), listen(443, protocol="https")], [mod_ssl], tls=True, server_name="lb")
    assert (decision["problems"], decision["listens"], decision["last"]) == ([], [], False)


@pytest.mark.parametrize(
    ("arguments", "says", "variable"),
    [
        ({"sockets": [NGINX]}, "port 80 of 0.0.0.0 is taken by nginx (nginx.service)", "apache_balancer_listen_port"),
        (
            {"sockets": [{**NGINX, "address": "127.0.0.1"}]},
            "port 80 of 127.0.0.1 is taken",
            "apache_balancer_listen_port",
        ),
        (
            {"sockets": [{**NGINX, "address": "::", "port": 443}], "tls": True},
            "port 443 of :: is taken",
            "apache_balancer_tls_port",
        ),
        (
            {"listens": [listen(protocol="https")]},
            "ports.conf:5: httpd listens on port 80 for TLS",
            "apache_balancer_listen_port",
        ),
        (
            {"listens": [listen(443)], "listen_port": 443},
            "httpd listens on port 443 for TLS",
            "apache_balancer_listen_port",
        ),
        (
            {"listens": [listen(9080, "192.0.2.1")]},
            "httpd listens on port 9080 for something else",
            "apache_balancer_manager_port",
        ),
        (
            {"sockets": [{**NGINX, "port": 9080}]},
            "port 9080 of 0.0.0.0 is taken by nginx",
            "apache_balancer_manager_port",
        ),
        ({"sites": [site()], "vhost": False}, "would get what is written for all of httpd", "apache_balancer_vhost"),
        ({"sites": [site()], "server_name": "lb"}, "'lb' is no name that users ask for", "apache_balancer_server_name"),
        (
            {"sites": [site(names=["a", "www.example.com"])]},
            "a site for www.example.com is there already",
            "apache_balancer_server_name",
        ),
        (
            {"sites": [site(names=["*.example.com"])]},
            "a site for www.example.com is there already",
            "apache_balancer_server_name",
        ),
        (
            {"sites": [site(names=[])], "server_name": "web1.example.com"},
            "the machine's own name",
            "apache_balancer_server_name",
        ),
        (
            {"sites": [site(names=[])], "httpd": {"server_name": "www.example.com"}},
            "the machine's own name",
            "apache_balancer_server_name",
        ),
        (
            {"listens": [listen()], "httpd": {"document_root": "/var/www/html", "documents": ["a.html"]}},
            "httpd serves /var/www/html (a.html) on port 80 without a virtual host",
            "apache_balancer_listen_port",
        ),
    ],
)
def test_what_is_in_the_way(arguments, says, variable):
    (problem,) = decide(**arguments)["problems"]
    assert says in problem
    assert variable in problem


def test_httpds_own_sockets_are_in_nobodys_way():
    sockets = [{**NGINX, "port": port, "unit": "apache2.service", "process": "apache2"} for port in (80, 9080)]
    assert decide(sockets=sockets)["problems"] == []


def test_once_the_site_is_there_what_httpd_serves_beside_it_is_no_question():
    httpd = {"document_root": "/var/www/html", "documents": ["a.html"]}
    assert decide([listen()], httpd=httpd, is_there=True)["problems"] == []


def test_all_at_once():
    decision = decide([listen(9080)], [site(names=["www.example.com"])], [NGINX], vhost=False)
    assert len(decision["problems"]) == 4


def test_a_proxy_pass_outside_of_virtual_hosts_would_win():
    forward = {"text": "ProxyPass / balancer://cluster/", "file": "/etc/httpd.conf", "line": 7}
    (problem,) = decide([listen()], httpd={"forwards": [forward]})["problems"]
    assert "/etc/httpd.conf:7: ProxyPass / balancer://cluster/ stands outside of virtual hosts" in problem
    assert decide([listen()], httpd={"forwards": [forward]}, vhost=False)["problems"] == []
