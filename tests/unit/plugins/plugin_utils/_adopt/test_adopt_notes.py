# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._adopt.notes import Notes, Secrets, Template


def test_each_thing_once_on_one_line_without_secrets():
    notes = Notes()
    for _again in range(2):
        notes.add("app1", ("/etc/httpd.conf", 3), "BalancerMember\n  ajp://a secret=s3cr3t", "Add it.")
    assert list(map(str, notes.found)) == [
        "app1: /etc/httpd.conf:3: BalancerMember ajp://a secret=********\n    Add it."
    ]


def test_a_long_line_is_cut():
    notes = Notes()
    notes.add("app1", ("", 0), "x" * 1000, "Add it.")
    assert str(notes.found[0]) == f"app1: {'x' * 157}...\n    Add it."


def test_secrets_get_names_of_their_own():
    secrets = Secrets()
    assert secrets.keep("jdbc/shop password", "one") == "{{ vault_jdbc_shop_password }}"
    assert secrets.keep("jdbc/shop password", "one") == "{{ vault_jdbc_shop_password }}"
    assert secrets.keep("jdbc/shop password", "two") == "{{ vault_jdbc_shop_password_2 }}"
    assert secrets.values == {"vault_jdbc_shop_password": "one", "vault_jdbc_shop_password_2": "two"}


@pytest.mark.parametrize(
    ("name", "value", "secret"),
    [
        ("password", "x", True),
        ("url", "jdbc:postgresql://db/shop", False),
        ("url", "jdbc:postgresql://db/shop?user=a&password=b", True),
        ("username", "shop", False),
    ],
)
def test_what_may_be_shown(name, value, secret):
    shown = Secrets().unless_plain("a thing", name, value)
    assert isinstance(shown, Template) == secret
    assert (shown == value) != secret
