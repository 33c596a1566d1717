# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import concurrent.futures
import os
import pathlib

import pytest

from ansible_collections.roundrobin.tomcat.plugins.module_utils._errors import CollectionError
from ansible_collections.roundrobin.tomcat.plugins.module_utils._xml.run import edit_file, hiding, secret_values
from ansible_collections.roundrobin.tomcat.plugins.module_utils._xml.server import ServerXml

STOCK = (pathlib.Path(__file__).resolve().parents[3] / "fixtures" / "server.xml").read_bytes()


class World:
    """What the module would do, written down."""

    def __init__(self, path, code=0):
        self.path = path
        self.code = code
        self.done = []

    def run_command(self, command):
        self.done.append(command.replace(command.split(".server.xml.")[-1], "X"))
        return self.code, "", 'bad <Connector secret="hush"/>'

    def move(self, source, target):
        self.done.append("move")
        os.rename(source, target)

    def backup(self, path):
        self.done.append("backup")
        return path + "~"

    def edit(self, check_mode=False, **options):
        return edit_file(
            {"path": str(self.path), **options},
            ServerXml,
            check_mode=check_mode,
            diff_mode=True,
            run_command=self.run_command,
            atomic_move=self.move,
            backup=self.backup,
        )


@pytest.fixture
def world(tmp_path):
    path = tmp_path / "server.xml"
    path.write_bytes(STOCK)
    return World(path)


def test_check_mode_says_what_the_run_then_does(world):
    predicted = world.edit(check_mode=True, jvm_route="a", backup=True)
    assert world.path.read_bytes() == STOCK
    assert world.done == []
    done, _warnings = world.edit(jvm_route="a", backup=True)
    assert done.pop("backup_file") == f"{world.path}~"
    assert (done, []) == predicted
    assert world.done == ["backup", "move"]
    assert world.path.read_bytes() != STOCK


def test_writers_at_the_same_time_lose_nothing(world):
    names = [f"a.L{number}" for number in range(8)]

    def add(name):
        world.edit(listeners=[{"class_name": name, "attributes": {"x": 1}}])

    with concurrent.futures.ThreadPoolExecutor(len(names)) as pool:
        list(pool.map(add, names))
    text = world.path.read_text()
    assert [name for name in names if f'<Listener className="{name}" x="1" />' not in text] == []
    assert os.listdir(world.path.parent) == ["server.xml"]


def test_nothing_is_written_where_nothing_changes(world):
    before = os.stat(world.path)
    result, _warnings = world.edit(shutdown_port="8005", backup=True, validate="false %s")
    assert (result["changed"], result["changes"], world.done) == (False, [], [])
    assert os.stat(world.path) == before


def test_validate(world):
    world.edit(jvm_route="a", validate="xmllint %s")
    assert world.done == [f"xmllint {world.path.parent}/.server.xml.X", "move"]
    world.code = 3
    with pytest.raises(CollectionError, match=r"validate refused the new file \(exit status 3\)") as caught:
        world.edit(jvm_route="b", validate="xmllint %s")
    assert "hush" not in str(caught.value)
    assert b'jvmRoute="a"' in world.path.read_bytes()
    with pytest.raises(CollectionError, match="holds no %s"):
        world.edit(jvm_route="b", validate="xmllint")


def test_the_diff_hides_secrets(world):
    world.path.write_bytes(STOCK.replace(b'connectionTimeout="20000"', b'secret="hush-hush"'))
    connector = {"protocol": "http", "port": "8080", "attributes": {"secret": "quiet-quiet"}}
    result, _warnings = world.edit(connectors=[connector])
    assert result["changed"]
    assert "hush-hush" not in str(result)
    assert "quiet-quiet" not in str(result)
    assert "changeit" not in str(result)
    (diff,) = result["diff"]
    assert diff["before"] != diff["after"]


def test_the_diff_hides_the_secrets_that_the_user_names(world):
    children = [{"tag": "Pin", "text": "hush1"}, {"tag": "X", "identify_by": {"pin": "hush2"}, "text": "seen"}]
    for number in (1, 2):
        host = {"children": [*children, {"tag": "Y", "identify_by": {"a": 1}, "text": f"seen{number}"}]}
        result, _warnings = world.edit(hosts=[host], secret_attributes=["PIN"])
        assert "hush" not in str(result)
        assert "seen" in str(result["diff"])
    assert world.path.read_text().count("hush") == 2


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"<Server>", "server.xml:1:9: is not well-formed"),
        (b"", "is empty"),
        (b"<Context/>", "the root element is Context"),
        (b'<Server port="8005" port="1"/>', r"server.xml:1:\d+: is not well-formed"),
        (STOCK.replace(b'"8005"', b'"8080"'), None),
    ],
)
def test_bad_files_are_left_alone(world, data, message):
    world.path.write_bytes(data)
    if message is None:
        _result, warnings = world.edit(jvm_route="a")
        assert "port 8080 is used twice" in warnings[0]
        return
    with pytest.raises(CollectionError, match=message):
        world.edit(jvm_route="a")
    assert world.path.read_bytes() == data
    assert world.done == []


def test_the_secrets_of_the_options():
    options = {
        "path": "/p",
        "connectors": [{"attributes": {"secret": "a", "keyPass": 7, "secretRequired": "no", "passphrase": ""}}],
        "x": {"password": None, "token": True, "mine": "b"},
        "elements": [
            {
                "tag": "Mine",
                "text": "c",
                "identify_by": {"mine": "d"},
                "children": [{"tag": "X", "text": "seen", "children": [{"tag": "passWord", "text": 8}]}],
            }
        ],
    }
    assert sorted(secret_values(options, ["mine"])) == ["7", "8", "a", "b", "c", "d"]


def test_the_value_of_an_option_with_a_telling_name_is_a_secret():
    options = {
        "parameters": [
            {"name": "smtpPassword", "attributes": {"value": "a", "override": False}, "children": [{"value": "seen"}]},
            {"name": "smtpHost", "attributes": {"value": "seen"}},
        ],
        "elements": [{"identify_by": {"name": "mail.token"}, "attributes": {"value": "b"}}],
    }
    assert sorted(secret_values(options)) == ["a", "b"]


@pytest.mark.parametrize("also", [["mine"], "mine, other", None])
def test_secrets_are_known_before_the_options_are_checked(also):
    """Ansible's own AnsibleModule fails for a wrong option before it hands any of them to the module."""

    class Checking:
        def __init__(self):
            self.no_log_values = set()
            self._load_params()

        def _load_params(self):
            self.params = {"connectors": {"password": "a", "mine": "b"}, "no_such_option": 1, "secret_attributes": also}

    assert hiding(Checking)().no_log_values == ({"a", "b"} if also else {"a"})


def test_a_password_in_a_url_is_a_secret():
    urls = [
        "jdbc:oracle:thin:scott/a@db:1521/x",
        "jdbc:x://joe:b@db/x",
        "jdbc:x://db/x?user=joe&password=c",
        "http://seen/x",
    ]
    assert sorted(secret_values({"resources": [{"attributes": {"url": url}} for url in urls]})) == ["a", "b", "c"]
