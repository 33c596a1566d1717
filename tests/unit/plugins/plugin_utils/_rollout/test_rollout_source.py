# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A release is a file, a URL or Maven coordinates."""

from __future__ import annotations

import os

import pytest

from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._rollout.source import release_source

SHA256 = "0123456789abcdef" * 4


def test_a_file_is_meant_from_where_the_user_stands(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    found = release_source("shop-1.4.2.war", "", "/cache")
    assert found == {"kind": "file", "path": os.path.realpath(tmp_path / "shop-1.4.2.war"), "problem": ""}
    monkeypatch.setenv("HOME", "/home/deployer")
    assert release_source("~/shop.war", SHA256, "/cache")["path"] == "/home/deployer/shop.war"


def test_a_url_needs_its_checksum():
    url = "https://artifacts.example.com/shop/shop-1.4.2.war?token=x"
    found = release_source(url, f"sha256:{SHA256.upper()}", "/cache")
    assert (found["kind"], found["url"], found["sha256"], found["problem"]) == ("url", url, SHA256, "")
    assert os.path.dirname(found["path"]) == found["directory"]
    assert os.path.basename(found["path"]) == "shop-1.4.2.war"
    assert "release_sha256" in release_source(url, "", "/cache")["problem"]


@pytest.mark.parametrize(
    ("war", "artifact", "name"),
    [
        ("com.example:shop:1.4.2", "com.example:shop:1.4.2:war", "shop-1.4.2.war"),
        ("com.example:shop:1.4.2:war:jdk17", "com.example:shop:1.4.2:war:jdk17", "shop-1.4.2-jdk17.war"),
        ("com.example:shop:1.5-SNAPSHOT", "com.example:shop:1.5-SNAPSHOT:war", "shop-1.5-SNAPSHOT.war"),
    ],
)
def test_coordinates_are_for_mvn(war, artifact, name):
    found = release_source(war, "", "/cache")
    assert (found["kind"], found["artifact"], found["problem"]) == ("maven", artifact, "")
    assert os.path.basename(found["path"]) == name


def test_coordinates_in_a_repository_that_is_named():
    found = release_source("com.example:shop:1.4.2", "", "/cache", "https://maven.example.com/releases/")
    assert (found["kind"], found["problem"]) == ("url", "")
    assert found["url"] == "https://maven.example.com/releases/com/example/shop/1.4.2/shop-1.4.2.war"
    assert "snapshot" in release_source("a:b:1-SNAPSHOT", "", "/cache", "https://maven.example.com")["problem"]


def test_files_of_one_name_do_not_stand_for_each_other():
    urls = [f"https://{name}.example.com/shop.war" for name in ("a", "b")]
    assert len({release_source(url, SHA256, "/cache")["path"] for url in urls}) == 2


def test_a_checksum_that_is_none_is_told():
    assert "release_sha256 is 'abc'" in release_source("shop.war", "abc", "/cache")["problem"]
