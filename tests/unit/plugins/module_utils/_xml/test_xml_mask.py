# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.roundrobin.tomcat.plugins.module_utils._xml.mask import (
    is_secret,
    mask_text,
    mask_value,
    secrets_in,
)


@pytest.mark.parametrize(
    "name",
    [
        "secret",
        "requiredSecret",
        "password",
        "keystorePass",
        "truststorePass",
        "keyPass",
        "certificateKeyPassword",
        "connectionPassword",
    ],
)
def test_secret_names(name):
    assert is_secret(name)
    assert is_secret(name.upper())
    assert mask_text(f"<a {name}='hush'/>") == f"<a {name}='********'/>"


@pytest.mark.parametrize(
    "name", ["secretRequired", "passwordFile", "port", "protocol", "className", "maxThreads", "passing"]
)
def test_other_names(name):
    assert not is_secret(name)
    assert mask_text(f'<a {name}="seen"/>') == f'<a {name}="seen"/>'


def test_names_that_the_user_gives():
    assert mask_value("apiKey", "hush", ["APIKEY"]) == "********"
    assert mask_text('<a apiKey="hush" myapiKey="seen"/>', ["apikey"]) == '<a apiKey="********" myapiKey="seen"/>'


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('<!-- <Connector secret = "hu\nsh" /> -->', '<!-- <Connector secret = "********" /> -->'),
        ("<a secret='say \"hush\"' b='1'/>", "<a secret='********' b='1'/>"),
        ('<a secret=""/>', '<a secret=""/>'),
        (
            '<a url="jdbc:x://joe:hush@db/x?password=hush&amp;b=1"/>',
            '<a url="jdbc:x://joe:********@db/x?password=********&amp;b=1"/>',
        ),
        ('<a b="http://x/y"/>', '<a b="http://x/y"/>'),
        ("<passWord a='1'>hu\nsh</passWord >", "<passWord a='1'>********</passWord >"),
        ("<token><![CDATA[hush]]></token><token/>", "<token>********</token><token/>"),
        ("<token> </token>", "<token> </token>"),
        ("<password/><a>seen</a><b>seen</b>", "<password/><a>seen</a><b>seen</b>"),
    ],
)
def test_text(before, after):
    assert mask_text(before) == after


def test_a_changed_secret_shows_as_changed():
    old, new = '<a secret="hush1" keyPass="p"/>', '<a secret="hush2" keyPass="p"/>'
    assert mask_text(new, (), secrets_in(old)) == '<a secret="******** (new)" keyPass="********"/>'
    assert mask_text("<pin>1</pin>", ["pin"], secrets_in("<pin>2</pin>", ["pin"])) == "<pin>******** (new)</pin>"
    assert mask_text(old, (), secrets_in(old)) == '<a secret="********" keyPass="********"/>'
