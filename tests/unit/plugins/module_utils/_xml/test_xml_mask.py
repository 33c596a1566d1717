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
        "apiKey",
        "secret_key",
        "encryptionKey",
    ],
)
def test_secret_names(name):
    assert is_secret(name)
    assert is_secret(name.upper())
    assert mask_text(f"<a {name}='hush'/>") == f"<a {name}='********'/>"


@pytest.mark.parametrize(
    "name",
    [
        "secretRequired",
        "passwordFile",
        "port",
        "protocol",
        "className",
        "maxThreads",
        "passing",
        "certificateKeyAlias",
        "monkey",
    ],
)
def test_other_names(name):
    assert not is_secret(name)
    assert mask_text(f'<a {name}="seen"/>') == f'<a {name}="seen"/>'


def test_names_that_the_user_gives():
    assert mask_value("licence", "hush", ["LICENCE"]) == "********"
    assert mask_text('<a licence="hush" mylicence="seen"/>', ["Licence"]) == '<a licence="********" mylicence="seen"/>'


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
        ('<a b="jdbc:oracle:thin:scott/hush@db:1521/x"/>', '<a b="jdbc:oracle:thin:scott/********@db:1521/x"/>'),
        ('<a b="jdbc:oracle:thin:@db:1521/x"/>', '<a b="jdbc:oracle:thin:@db:1521/x"/>'),
        (
            '<Environment name="db.password" type="t" value="hush"/><Environment name="b" value="seen"/>',
            '<Environment name="db.password" type="t" value="********"/><Environment name="b" value="seen"/>',
        ),
        (
            "<Parameter value='hu&quot;sh' override=\"false\" name='smtpPassword'/><b name='x' value='seen'/>",
            "<Parameter value='********' override=\"false\" name='smtpPassword'/><b name='x' value='seen'/>",
        ),
        ('<a name="x.password"/><b value="seen"/>', '<a name="x.password"/><b value="seen"/>'),
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


def test_a_value_is_as_secret_as_its_name():
    assert mask_value("value", "hush", beside={"name": "db.password"}) == "********"
    assert mask_value("value", "seen", beside={"name": "db.pool"}) == "seen"
    assert mask_value("type", "seen", beside={"name": "db.password"}) == "seen"
