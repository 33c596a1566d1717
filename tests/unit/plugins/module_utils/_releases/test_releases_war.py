# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import contextlib
import os
import random
import stat
import zipfile

import pytest

from ansible_collections.roundrobin.tomcat.plugins.module_utils._errors import CollectionError
from ansible_collections.roundrobin.tomcat.plugins.module_utils._releases import war as _war

GIB = 2**30
SEED = 7


def make_war(path, members, compress=zipfile.ZIP_DEFLATED):
    """Write an archive of (name or ZipInfo, content) pairs."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members:
            info = name if isinstance(name, zipfile.ZipInfo) else zipfile.ZipInfo(name, (2020, 2, 3, 4, 5, 6))
            info.compress_type = compress
            archive.writestr(info, content)
    return str(path)


GOOD = [("index.jsp", b"hello"), ("WEB-INF/web.xml", b"<web-app/>"), ("WEB-INF/lib/a.jar", b"x" * 5000)]


def special(name, mode):
    info = zipfile.ZipInfo(name)
    info.external_attr = mode << 16
    return info


def unpack(path, target, limit=GIB):
    report = _war.inspect_war(path, max_unpacked_bytes=limit)
    _war.unpack_war(path, report, str(target), directory_mode=0o750, file_mode=0o640, own=lambda dummy: None)
    return report


@pytest.mark.parametrize("name", ["ROOT", "app", "a#b", "a#b#c", "shop-2.0_x", "..a"])
def test_context_names(name):
    assert _war.check_context_name(name) == name


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("", "base name"),
        ("/app", "base name"),
        ("a/b", "base name"),
        ("../x", "base name"),
        ("..", "base name"),
        ("a#..#b", "base name"),
        ("a#", "base name"),
        ("#a", "base name"),
        ("a b", "base name"),
        ("a\n", "base name"),
        ("app##1", "'##'"),
        ("app.war", "without .war"),
        ("\u00e9", "base name"),
    ],
)
def test_bad_context_names(name, words):
    with pytest.raises(CollectionError, match=words) as caught:
        _war.check_context_name(name)
    assert repr(name) in caught.value.message


@pytest.mark.parametrize("text", ["a" * 64, "sha256:" + "A" * 64, " sha256:" + "a" * 64 + "\n"])
def test_checksum(text):
    assert _war.parse_checksum(text) == "a" * 64


@pytest.mark.parametrize("text", ["", "a" * 63, "g" * 64, "md5:" + "a" * 32, "sha512:" + "a" * 128])
def test_bad_checksum(text):
    with pytest.raises(CollectionError, match="64 hexadecimal digits"):
        _war.parse_checksum(text)


def test_other_checksum_names_both(tmp_path):
    with pytest.raises(CollectionError) as caught:
        _war.check_sha256("x.war", "a" * 64, "b" * 64)
    assert "a" * 64 in caught.value.message
    assert "b" * 64 in caught.value.message


def test_good_war_unpacks_as_it_is(tmp_path):
    war = make_war(tmp_path / "x.war", [*GOOD, ("META-INF/", b""), ("empty.txt", b"")])
    report = unpack(war, tmp_path / "out")
    assert (report.files, report.unpacked_bytes) == (4, 5015)
    # Blocks: index 1, web.xml 1, a.jar 2; directories: root, WEB-INF, WEB-INF/lib, META-INF.
    assert report.disk_bytes == 8 * 4096
    assert (tmp_path / "out/WEB-INF/lib/a.jar").read_bytes() == b"x" * 5000
    assert (tmp_path / "out/META-INF").is_dir()
    assert stat.S_IMODE((tmp_path / "out/index.jsp").stat().st_mode) == 0o640
    assert stat.S_IMODE((tmp_path / "out/WEB-INF").stat().st_mode) == 0o750
    assert _war.summarize_tree(str(tmp_path / "out")) == _war.TreeSummary(4, 5015)


def test_times_are_those_of_the_archive(tmp_path):
    unpack(make_war(tmp_path / "x.war", GOOD), tmp_path / "out")
    assert (tmp_path / "out/index.jsp").stat().st_mtime == 1580702706


def test_member_without_a_time(tmp_path):
    path = tmp_path / "x.war"
    make_war(path, GOOD)
    path.write_bytes(path.read_bytes().replace(b"\xa3\x20\x43\x50", bytes(4)))
    unpack(str(path), tmp_path / "out")
    assert (tmp_path / "out/index.jsp").stat().st_mtime == 315532800


@pytest.mark.parametrize(
    ("member", "words"),
    [
        ("../evil", "leaves the archive"),
        ("a/../../evil", "leaves the archive"),
        ("/../evil", "leaves the archive"),
        ("./../evil", "leaves the archive"),
        ("a//b", "leaves the archive"),
        ("a\\..\\b", "relative path"),
        ("C:evil", "relative path"),
        ("a\nb", "control character"),
        ("a" * 256, "255 bytes"),
        (special("link", stat.S_IFLNK | 0o777), "symbolic link"),
        (special("fifo", stat.S_IFIFO | 0o644), "special file"),
        (special("device", stat.S_IFCHR | 0o644), "special file"),
    ],
)
def test_refused_members(tmp_path, member, words):
    war = make_war(tmp_path / "x.war", [*GOOD, (member, b"evil")])
    with pytest.raises(CollectionError, match=words) as caught:
        _war.inspect_war(war, max_unpacked_bytes=GIB)
    assert war in caught.value.message


def test_encrypted_member_is_refused():
    info = zipfile.ZipInfo("secret")
    info.flag_bits |= 1
    with pytest.raises(CollectionError, match="encrypted"):
        _war.judge_members("x.war", [info], max_unpacked_bytes=GIB)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_member_twice(tmp_path):
    war = make_war(tmp_path / "x.war", [*GOOD, ("index.jsp", b"other")])
    with pytest.raises(CollectionError, match="'index.jsp' twice"):
        _war.inspect_war(war, max_unpacked_bytes=GIB)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_the_same_member_twice_is_one(tmp_path):
    """As Gradle and others write it where a file is named in two places."""
    report = unpack(
        make_war(tmp_path / "x.war", [*GOOD, GOOD[0], ("WEB-INF/", b""), ("WEB-INF/", b"")]), tmp_path / "out"
    )
    assert (report.files, report.unpacked_bytes) == (3, 5015)
    assert (tmp_path / "out/index.jsp").read_bytes() == b"hello"


@pytest.mark.parametrize("prefix", ["./", "/", ".//./"])
def test_a_leading_dot_or_slash_says_nothing(tmp_path, prefix):
    """As tools write it that pack a directory by its path."""
    members = [(prefix, b""), *((prefix + name, content) for name, content in GOOD)]
    report = unpack(make_war(tmp_path / "x.war", members), tmp_path / "out")
    assert report.files == 3
    assert (tmp_path / "out/WEB-INF/lib/a.jar").read_bytes() == b"x" * 5000
    assert set(_war.read_descriptors(str(tmp_path / "x.war"), report)) == {"META-INF/context.xml", "WEB-INF/web.xml"}


def without_the_flag(path, name):
    """An archive whose name is UTF-8 without a word about it, as Info-ZIP writes it."""
    stand_in = "q" * len(name.encode())
    make_war(path, [*GOOD, (stand_in, b"page")])
    path.write_bytes(path.read_bytes().replace(stand_in.encode(), name.encode()))
    return str(path)


@pytest.mark.parametrize("name", ["übersicht.html", "日本.html", "a€.txt"])
def test_names_in_utf_8_without_the_flag(tmp_path, name):
    unpack(without_the_flag(tmp_path / "x.war", name), tmp_path / "out")
    assert (tmp_path / "out" / name).read_bytes() == b"page"


def test_names_that_are_no_utf_8_are_those_of_dos(tmp_path):
    path = tmp_path / "x.war"
    make_war(path, [*GOOD, ("qqq.html", b"page")])
    path.write_bytes(path.read_bytes().replace(b"qqq.html", b"\x81bq.html"))
    unpack(str(path), tmp_path / "out")
    assert (tmp_path / "out/übq.html").read_bytes() == b"page"


def test_file_that_is_also_a_directory(tmp_path):
    war = make_war(tmp_path / "x.war", [*GOOD, ("index.jsp/more", b"")])
    with pytest.raises(CollectionError, match="both as a file and as a directory"):
        _war.inspect_war(war, max_unpacked_bytes=GIB)


def test_pages_alone_need_no_web_inf(tmp_path):
    report = unpack(make_war(tmp_path / "x.war", [("index.html", b"pages"), ("js/app.js", b"")]), tmp_path / "out")
    assert report.files == 2


def test_packed_one_directory_too_high(tmp_path):
    war = make_war(tmp_path / "x.war", [("shop/" + name, content) for name, content in GOOD])
    with pytest.raises(
        CollectionError, match="'shop/WEB-INF' and no WEB-INF of its own, so it was packed one directory too high"
    ):
        _war.inspect_war(war, max_unpacked_bytes=GIB)


def test_a_file_called_web_inf_is_not_enough(tmp_path):
    with pytest.raises(CollectionError, match="its WEB-INF is a file"):
        _war.inspect_war(make_war(tmp_path / "x.war", [("WEB-INF", b"")]), max_unpacked_bytes=GIB)


def test_unpacked_size_is_capped(tmp_path):
    war = make_war(tmp_path / "x.war", [*GOOD, ("zeros", bytes(3 * 2**20))])
    assert os.path.getsize(war) < 10_000
    with pytest.raises(CollectionError, match=r"max_unpacked_mb allows \(2 MiB\)"):
        _war.inspect_war(war, max_unpacked_bytes=2 * 2**20)


def test_too_many_members(monkeypatch, tmp_path):
    monkeypatch.setattr(_war, "MAX_MEMBERS", 2)
    with pytest.raises(CollectionError, match="3 members, more than the 2"):
        _war.inspect_war(make_war(tmp_path / "x.war", GOOD), max_unpacked_bytes=GIB)


@pytest.mark.parametrize("content", [b"", b"hello", b"PK\x03\x04" + b"\0" * 100, b"PK\x05\x06" + b"\xff" * 18])
def test_not_a_zip(tmp_path, content):
    path = tmp_path / "x.war"
    path.write_bytes(content)
    with pytest.raises(CollectionError, match="is not a WAR"):
        _war.inspect_war(str(path), max_unpacked_bytes=GIB)


def test_truncated_zip(tmp_path):
    path = tmp_path / "x.war"
    make_war(path, GOOD)
    whole = path.read_bytes()
    path.write_bytes(whole[:-30])
    with pytest.raises(CollectionError, match="cannot be read as a zip"):
        _war.inspect_war(str(path), max_unpacked_bytes=GIB)


def test_missing_and_directory(tmp_path):
    with pytest.raises(CollectionError, match="does not exist"):
        _war.inspect_war(str(tmp_path / "no.war"), max_unpacked_bytes=GIB)
    with pytest.raises(CollectionError, match="is not a file"):
        _war.inspect_war(str(tmp_path), max_unpacked_bytes=GIB)
    os.mkfifo(tmp_path / "fifo")
    with pytest.raises(CollectionError, match="is not a file"):
        _war.inspect_war(str(tmp_path / "fifo"), max_unpacked_bytes=GIB)


def test_flipped_byte_in_a_member_is_found_by_its_crc(tmp_path):
    path = tmp_path / "x.war"
    make_war(path, GOOD, compress=zipfile.ZIP_STORED)
    data = path.read_bytes().replace(b"hello", b"jello")
    path.write_bytes(data)
    with pytest.raises(CollectionError, match="damaged"):
        unpack(str(path), tmp_path / "out")


def test_header_that_lies_about_the_size(tmp_path):
    path = tmp_path / "x.war"
    make_war(path, [*GOOD, ("zeros", bytes(1000))])
    data = bytearray(path.read_bytes())
    at = data.rindex(b"PK\x01\x02", 0, data.rindex(b"zeros"))
    data[at + 24 : at + 28] = (5000).to_bytes(4, "little")
    path.write_bytes(data)
    with pytest.raises(CollectionError, match="damaged"):
        unpack(str(path), tmp_path / "out")


def test_any_damage_is_a_clean_refusal_or_harmless(tmp_path):
    """Whatever bytes are flipped: the one error class, or the same files as before; never anything outside."""
    path = tmp_path / "x.war"
    make_war(path, GOOD)
    whole = path.read_bytes()
    dice = random.Random(SEED)
    for turn in range(300):
        data = bytearray(whole)
        for _dummy in range(dice.randint(1, 4)):
            data[dice.randrange(len(data))] = dice.randrange(256)
        path.write_bytes(data)
        inside = tmp_path / f"turn{turn}"
        inside.mkdir()
        with contextlib.suppress(CollectionError):
            unpack(str(path), inside / "out")
        assert os.listdir(inside) in ([], ["out"])


def test_unreadable_file(tmp_path, monkeypatch):
    war = make_war(tmp_path / "x.war", GOOD)

    def refuse(*dummy, **dummies):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("builtins.open", refuse)
    with pytest.raises(CollectionError, match="cannot be read: Permission denied"):
        _war.inspect_war(war, max_unpacked_bytes=GIB)


# -- what it says of sessions --------------------------------------------------


def descriptors(path):
    return _war.read_descriptors(path, _war.inspect_war(path, max_unpacked_bytes=GIB))


def test_descriptors(tmp_path):
    members = [*GOOD, ("META-INF/context.xml", b"<Context><Manager/></Context>"), ("x/META-INF/context.xml", b"<")]
    found = descriptors(make_war(tmp_path / "a.war", members))
    assert found["META-INF/context.xml"]["manager"] == "org.apache.catalina.session.StandardManager"
    assert found["WEB-INF/web.xml"]["timeout"] is None


def test_a_war_without_them(tmp_path):
    found = descriptors(make_war(tmp_path / "a.war", [("WEB-INF/classes/a", b"")]))
    assert found == {"META-INF/context.xml": {}, "WEB-INF/web.xml": {}}


@pytest.mark.parametrize("name", ["META-INF/context.xml", "WEB-INF/web.xml"])
def test_a_descriptor_that_tomcat_would_not_read_is_refused(tmp_path, name):
    war = make_war(tmp_path / "a.war", [("WEB-INF/a", b""), (name, b"<Context>")])
    with pytest.raises(CollectionError, match=rf"a\.war: {name} is not well-formed XML"):
        descriptors(war)


def test_a_descriptor_that_is_a_bomb_is_refused_before_it_is_unpacked(tmp_path, monkeypatch):
    war = make_war(tmp_path / "a.war", [("WEB-INF/web.xml", b" " * (9 * 2**20))])
    monkeypatch.setattr(_war, "_read_member", None)
    with pytest.raises(CollectionError, match="WEB-INF/web.xml would unpack to 9437184 bytes"):
        descriptors(war)


def test_a_descriptor_that_is_longer_than_its_header_says_is_cut_and_refused(tmp_path):
    war = make_war(tmp_path / "a.war", [("WEB-INF/web.xml", b"<web-app>" + b" " * 5000 + b"</web-app>")])
    data = bytearray((tmp_path / "a.war").read_bytes())
    place = data.index(b"PK\x01\x02") + 24
    assert int.from_bytes(data[place : place + 4], "little") == 5019
    data[place : place + 4] = (100).to_bytes(4, "little")
    (tmp_path / "a.war").write_bytes(data)
    with pytest.raises(CollectionError, match="is damaged|not well-formed"):
        descriptors(war)
