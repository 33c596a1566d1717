# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.roundrobin.tomcat.plugins.module_utils import _httpd_config
from ansible_collections.roundrobin.tomcat.plugins.module_utils._errors import CollectionError

DEBIAN = {
    "apache2.conf": """
        # Listen 9999
        Include ports.conf
        IncludeOptional mods-enabled/*.load
        IncludeOptional sites-enabled/*.conf
    """,
    "envvars": "export APACHE_LOG_DIR=/var/log/apache2$SUFFIX\nexport SHOP_PORT='8081' # the shop\n",
    "ports.conf": """
        Listen 80
        <IfModule ssl_module>
            Listen 443
        </IfModule>
        <IfModule mod_gnutls.c>
            Listen 444
        </IfModule>
    """,
    "mods-enabled/proxy.load": "LoadModule proxy_module /usr/lib/apache2/modules/mod_proxy.so\n",
    "sites-enabled/000-default.conf": """
        <VirtualHost *:80>
            ServerAdmin webmaster@localhost
            DocumentRoot {root}/html
            ErrorLog ${APACHE_LOG_DIR}/error.log
        </VirtualHost>
    """,
    "sites-enabled/shop.conf": """
        listen ${SHOP_PORT}
        <virtualhost 192.0.2.10:80 [2001:DB8::1]:${SHOP_PORT}>
            ServerName http://Shop.example.com:80
            ServerAlias www.shop.example.com *.shop.example.com
            <Location "/">
                ProxyPass http://127.0.0.1:8080/
            </Location>
        </virtualhost>
    """,
}


@pytest.fixture
def root(tmp_path):
    def write(files):
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text.replace("{root}", str(tmp_path)))
        return tmp_path

    return write


def places(found):
    return [(listen["address"], listen["port"], listen["protocol"]) for listen in found["listens"]]


def test_debians_httpd_with_a_site_beside_the_default_one(root):
    place = root({**DEBIAN, "html/index.html": "<title>Apache2 Debian Default Page: It works</title>"})
    found = _httpd_config.read(str(place / "apache2.conf"))
    assert places(found) == [("*", 80, ""), ("*", 8081, "")]
    default, shop = found["virtual_hosts"]
    assert default == {
        "addresses": [{"address": "*", "port": 80}],
        "names": [],
        "document_root": str(place / "html"),
        "documents": [],
        "directives": ["documentroot", "errorlog", "serveradmin"],
        "file": str(place / "sites-enabled/000-default.conf"),
        "line": 2,
    }
    assert shop["addresses"] == [{"address": "192.0.2.10", "port": 80}, {"address": "2001:db8::1", "port": 8081}]
    assert shop["names"] == ["shop.example.com", "www.shop.example.com", "*.shop.example.com"]
    assert "proxypass" in shop["directives"]


def test_documents_of_the_user_in_the_default_site(root):
    place = root({**DEBIAN, "html/index.html": "<title>My shop</title>"})
    assert _httpd_config.read(str(place / "apache2.conf"))["virtual_hosts"][0]["documents"] == ["index.html"]


def test_ones_own_files_are_left_out(root):
    place = root({**DEBIAN, "sites-enabled/mine.conf": "Listen 9080\nLoadModule ssl_module mod_ssl.so\n"})
    assert ("*", 9080, "") in places(_httpd_config.read(str(place / "apache2.conf")))
    assert ("*", 9080, "") not in places(_httpd_config.read(str(place / "apache2.conf"), ["*/mine.conf"]))


def test_a_module_counts_from_where_it_is_loaded(root):
    place = root(
        {
            **DEBIAN,
            "sites-enabled/tls.conf": "LoadModule ssl_module modules/mod_ssl.so\n<IfModule mod_ssl.c>\nListen 8443\n</IfModule>\n",
        }
    )
    # 443 stands before that.
    assert places(_httpd_config.read(str(place / "apache2.conf"))) == [("*", 80, ""), ("*", 8081, ""), ("*", 8443, "")]


@pytest.mark.parametrize(
    ("text", "listens"),
    [
        ("Listen 0.0.0.0:80", [("0.0.0.0", 80, "")]),
        ("LISTEN [::]:443", [("::", 443, "")]),
        ("  Listen\t8443   https", [("*", 8443, "https")]),
        ('Listen "*:80"', [("*", 80, "")]),
        ("Listen 192.0.2.1:80 http", [("192.0.2.1", 80, "http")]),
        ("Listen \\\n  80", [("*", 80, "")]),
        ("#Listen 80", []),
        (
            "Define PORT 82\nListen ${PORT}\nUnDefine PORT\nListen 10.0.0.1:${PORT}",
            [("*", 82, ""), ("10.0.0.1", 0, "")],
        ),
        ("<IfDefine A>\nListen 1\n</IfDefine>\n<IfDefine !A>\nListen 2\n</IfDefine>", [("*", 2, "")]),
        ("Define A\n<IfDefine A>\n<IfModule no_module>\nListen 1\n</IfModule>\nListen 2\n</IfDefine>", [("*", 2, "")]),
        ("<IfFile httpd.conf>\nListen 1\n</IfFile>\n<IfFile none>\nListen 2\n</IfFile>", [("*", 1, "")]),
        ("<IfVersion >= 2.4>\nListen 1\n</IfVersion>", [("*", 1, "")]),
        ("<Macro site $port>\nListen $port\n</Macro>", []),
        (
            "Include more/*.conf\nInclude more",
            [("*", 91, ""), ("*", 92, ""), ("*", 90, ""), ("*", 91, ""), ("*", 92, "")],
        ),
        ("ServerRoot {root}/more\nInclude a.conf", [("*", 91, "")]),
    ],
)
def test_forms_of_listen(root, text, listens):
    more = {"more/a.conf": "Listen 91\n", "more/b.conf": "Listen 92\n", "more/0": "Listen 90\n"}
    place = root({"httpd.conf": text, **more})
    assert places(_httpd_config.read(str(place / "httpd.conf"))) == listens


def test_what_httpd_serves_without_a_virtual_host(root):
    text = "ServerName www.example.com:80\nDocumentRoot html\n<VirtualHost *>\nDocumentRoot other\n</VirtualHost>\n"
    place = root({"conf/httpd.conf": text, "html/a.html": "", "html/b.html": "", "other/c.html": ""})
    found = _httpd_config.read(str(place / "conf/httpd.conf"))
    assert found["server_name"] == "www.example.com"
    assert (found["document_root"], found["documents"]) == (str(place / "html"), ["a.html", "b.html"])
    assert found["virtual_hosts"][0]["addresses"] == [{"address": "*", "port": 0}]
    assert found["virtual_hosts"][0]["documents"] == ["c.html"]


def test_no_httpd(tmp_path):
    assert _httpd_config.read(str(tmp_path / "apache2.conf")) is None


def test_files_that_include_one_another(root):
    place = root({"httpd.conf": "Include httpd.conf\n"})
    with pytest.raises(CollectionError, match="include one another"):
        _httpd_config.read(str(place / "httpd.conf"))


def test_a_file_that_cannot_be_read(root):
    place = root({"httpd.conf": "Include gone.conf\n"})
    (place / "gone.conf").symlink_to("nowhere")
    with pytest.raises(CollectionError, match="gone.conf: cannot be read"):
        _httpd_config.read(str(place / "httpd.conf"))


def test_every_line_that_counts_with_its_place_and_sections(root):
    place = root(
        {
            "httpd.conf": """
                ServerName main.example.com
                <IfModule none>
                    ProxyPass /no http://a/
                </IfModule>
                <Proxy "balancer://shop">
                    BalancerMember ajp://app1:8009 route=a
                    BalancerMember http://[2001:db8::1]:8080 \\
                        route=b
                </Proxy>
                <VirtualHost *:80>
                    ServerName Shop.example.com
                    <Location /shop>
                        ProxyPass balancer://shop/shop
                    </Location>
                </VirtualHost>
                Include more.conf
            """,
            "more.conf": "<VirtualHost *:81>\nDefine A b\nHeader set X ${A}\n</VirtualHost>\n",
        }
    )
    found = _httpd_config.read_lines(str(place / "httpd.conf"))
    assert [(line["name"], line["words"], line["host"], line["sections"], line["line"]) for line in found["lines"]] == [
        ("servername", ["main.example.com"], None, [], 2),
        ("balancermember", ["ajp://app1:8009", "route=a"], None, [["proxy", "balancer://shop"]], 7),
        ("balancermember", ["http://[2001:db8::1]:8080", "route=b"], None, [["proxy", "balancer://shop"]], 8),
        ("servername", ["Shop.example.com"], 0, [], 12),
        ("proxypass", ["balancer://shop/shop"], 0, [["location", "/shop"]], 14),
        ("include", ["more.conf"], None, [], 17),
        ("define", ["A", "b"], 1, [], 2),
        ("header", ["set", "X", "b"], 1, [], 3),
    ]
    assert found["lines"][-1]["text"] == "Header set X ${A}"
    assert [host["names"] for host in found["virtual_hosts"]] == [["shop.example.com"], []]
    assert _httpd_config.member_hosts(found["lines"]) == ["app1", "2001:db8::1"]
    assert _httpd_config.read(str(place / "httpd.conf"))["directives"] == ["balancermember", "include", "servername"]
    assert _httpd_config.read_lines(str(place / "none.conf")) is None


def test_what_all_virtual_hosts_inherit(root):
    text = "ProxyPass /x http://a/\nProxyPass / !\nProxyPass / balancer://c/\n<VirtualHost *>\nProxyPass / http://b/\n</VirtualHost>\n"
    place = root({"httpd.conf": text})
    found = _httpd_config.read(str(place / "httpd.conf"))["forwards"]
    assert found == [{"text": "ProxyPass / balancer://c/", "file": str(place / "httpd.conf"), "line": 3}]
