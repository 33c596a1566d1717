# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.roundrobin.tomcat.plugins.module_utils._httpd_config import read_lines
from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._adopt.httpd import read_site
from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._adopt.notes import Notes

BALANCER = """
<Proxy balancer://c>
BalancerMember ajp://a:8009 route=a {options}
</Proxy>
{more}
ProxyPass / balancer://c/ {of_balancer}
"""


@pytest.fixture
def read(tmp_path):
    def _read(text):
        path = tmp_path / "httpd.conf"
        path.write_text(text)
        notes = Notes()
        return read_site("web", read_lines(str(path)), notes), [(note.line, note.says) for note in notes.found]

    return _read


def balancer(options="", more="", of_balancer=""):
    return BALANCER.format(options=options, more=more, of_balancer=of_balancer)


@pytest.mark.parametrize(
    ("text", "variables"),
    [
        (balancer(), {}),
        (balancer(of_balancer="stickysession=JSESSIONID|jsessionid lbmethod=byrequests nofailover=Off"), {}),
        (balancer(of_balancer="stickysession=SID|sid"), {"sticky_cookie": "SID", "sticky_path_parameter": "sid"}),
        (balancer(of_balancer="lbmethod=bytraffic failontimeout=On"), {"lbmethod": "bytraffic", "failontimeout": True}),
        (balancer(more="ProxySet balancer://c lbmethod=bybusyness"), {"lbmethod": "bybusyness"}),
        (balancer("timeout=20 ping=3 max=40"), {"timeout": 20, "ping": 3, "max": 40}),
        (
            balancer("hcmethod=cping hcinterval=5 hcuri=/up"),
            {"hcheck_method": "CPING", "hcheck_interval": 5, "hcheck_uri": "/up"},
        ),
        (balancer(more="ServerName shop.example.com"), {"server_name": "shop.example.com"}),
        (balancer(more="Listen 0.0.0.0:8080"), {"listen_port": 8080}),
        (
            balancer(more="RemoteIPTrustedProxy 192.0.2.0/24 198.51.100.1"),
            {"trusted_proxies": ["192.0.2.0/24", "198.51.100.1"]},
        ),
    ],
)
def test_settings_become_variables(read, text, variables):
    site, told = read(text)
    assert site.variables == {f"apache_balancer_{name}": value for name, value in variables.items()}
    assert told == []


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        (balancer("retry=30"), 3, "ajp://a:8009 retry=30"),
        (balancer(of_balancer="maxattempts=2"), 6, "maxattempts=2"),
        (balancer("timeout=5min"), 3, "ajp://a:8009 timeout=5min"),
        (balancer(more="BalancerMember balancer://c https://b:8443"), 5, "BalancerMember balancer://c https://b:8443"),
        (balancer(more="ProxyPassMatch ^/x/(.*)$ balancer://c/y/$1"), 5, "ProxyPassMatch ^/x/(.*)$ balancer://c/y/$1"),
        (balancer(more="ProxyPass /x balancer://c/y"), 5, "ProxyPass /x balancer://c/y"),
        (balancer(more="ProxyPass /x ajp://localhost:8009/x"), 5, "ProxyPass /x ajp://localhost:8009/x"),
        (balancer(more="RewriteRule ^/(.*) balancer://c/$1 [P]"), 5, "RewriteRule ^/(.*) balancer://c/$1 [P]"),
        (balancer(more="JkMount /* worker"), 5, "JkMount /* worker"),
        (
            balancer(more="<VirtualHost *:81>\nServerName other\nProxyPass / balancer://c/\n</VirtualHost>"),
            9,
            "ProxyPass / balancer://c/",
        ),
        (
            balancer(more="BalancerMember balancer://c fcgi://b secret=s3cr3t"),
            5,
            "BalancerMember balancer://c fcgi://b secret=********",
        ),
    ],
)
def test_what_is_not_understood_is_told_with_its_line(read, text, line, says):
    _site, told = read(text)
    assert told == [(line, says)]


def test_lines_of_the_virtual_host_are_told_and_those_of_all_of_httpd_are_not(read):
    inner = (
        "<VirtualHost *:80>\nServerName s.example.com\nHeader set X-A b\nProxyPass / balancer://c/\n</VirtualHost>\n"
    )
    text = "Header set X-All c\n<Proxy balancer://c>\nRequire all granted\nBalancerMember ajp://a\n</Proxy>\n" + inner
    site, told = read(text)
    assert told == [(8, "Header set X-A b")]
    assert [(member.port, member.route) for member in site.members] == [(8009, "")]


def test_balancer_manager_is_ones_own_affair(read):
    manager = "<Location /balancer-manager>\nSetHandler balancer-manager\nRequire ip 192.0.2.1\n</Location>\nProxyPass /balancer-manager !"
    site, told = read(balancer(more=manager))
    assert site.excluded == {}
    assert [line for line, _says in told] == [6]


def test_websockets(read):
    site, _told = read(balancer("upgrade=websocket"))
    assert site.websockets == {"c"}


def test_an_httpd_without_a_balancer(read):
    assert read("Listen 80\nDocumentRoot /srv\n") == (None, [])
