# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import zipfile
from types import SimpleNamespace

import pytest
from ansible.errors import AnsibleActionFail, AnsibleFileNotFound

from ansible_collections.roundrobin.tomcat.plugins.action import tomcat_webapp
from ansible_collections.roundrobin.tomcat.plugins.module_utils._releases.war import sha256_of


class Action(tomcat_webapp.ActionModule):
    """The action with its hands tied: it notes what it would do to the host."""

    def __init__(self, arguments, answers):
        self._task = SimpleNamespace(args=arguments, async_val=0)
        self._connection = SimpleNamespace(_shell=SimpleNamespace(join_path=lambda *parts: "/".join(parts)))
        self.answers = answers
        self.done = []

    def _find_needle(self, dummy, needle):
        if "nowhere" in needle:
            raise AnsibleFileNotFound(file_name=needle)
        return needle

    def _execute_module(self, module_name, module_args, task_vars):
        assert module_name == "roundrobin.tomcat.tomcat_webapp"
        self.done.append(("module", dict(module_args)))
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def _make_tmp_path(self):
        return "/remote/tmp"

    def _transfer_file(self, local_path, remote_path):
        self.done.append(("transfer", local_path, remote_path))
        return remote_path

    def _fixup_perms2(self, paths, execute):
        self.done.append(("readable", paths))

    def _remove_tmp_path(self, tmp_path, force=False):
        self.done.append(("remove", tmp_path))


# What the WAR says of sessions.
SAYS = {
    "META-INF/context.xml": {},
    "WEB-INF/web.xml": {"cookie_name": None, "cookie_path": None, "tracking_modes": [], "timeout": None},
}


@pytest.fixture(autouse=True)
def no_parent_run(monkeypatch):
    monkeypatch.setattr("ansible.plugins.action.ActionBase.run", lambda *dummy: {})


@pytest.fixture
def war(tmp_path):
    path = tmp_path / "shop.war"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("WEB-INF/web.xml", "<web-app/>")
    return path


def test_release_that_is_there_costs_one_call(war):
    action = Action({"src": str(war), "version": "1.0"}, [{"changed": False}])
    assert action.run() == {"changed": False, "descriptors": SAYS}
    ((_dummy, arguments),) = action.done
    assert "src" not in arguments
    assert arguments["src_info"] == {
        "label": str(war),
        "sha256": sha256_of(str(war)),
        "war_bytes": war.stat().st_size,
        "disk_bytes": 3 * 4096,
    }
    assert "@" in arguments["actor"]


def test_release_that_is_not_there_gets_its_war(war):
    action = Action({"src": str(war), "actor": "ann"}, [{"needs_source": True, "changed": False}, {"changed": True}])
    assert action.run() == {"changed": True, "descriptors": SAYS}
    assert [step[0] for step in action.done] == ["module", "transfer", "readable", "module", "remove"]
    assert action.done[1] == ("transfer", str(war), "/remote/tmp/release.war")
    assert action.done[3][1]["src"] == "/remote/tmp/release.war"
    assert action.done[3][1]["actor"] == "ann"


def test_the_copy_is_removed_whatever_happens(war):
    action = Action({"src": str(war)}, [{"needs_source": True}, ConnectionError("gone")])
    with pytest.raises(ConnectionError):
        action.run()
    assert action.done[-1] == ("remove", "/remote/tmp")


@pytest.mark.parametrize(
    "arguments", [{}, {"src": "/on/the/host.war", "remote_src": True}, {"src": "/x", "remote_src": "yes"}]
)
def test_nothing_to_carry(arguments):
    action = Action(dict(arguments), [{"changed": False}])
    action.run()
    ((_dummy, passed),) = action.done
    assert {name: passed[name] for name in arguments} == arguments


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"src": "nowhere.war"}, "src 'nowhere.war' does not exist on the controller"),
        ({"src": "text"}, "is not a WAR"),
        ({"checksum": "0" * 64}, "but checksum says"),
        ({"checksum": "md5"}, "is not a sha256"),
        ({"max_unpacked_mb": "many"}, "max_unpacked_mb 'many' is not a number"),
        ({"max_unpacked_mb": "-1"}, "more than max_unpacked_mb allows"),
    ],
)
def test_a_bad_war_never_reaches_a_host(war, tmp_path, options, words):
    (tmp_path / "text").write_text("no zip")
    options = {
        name: str(tmp_path / value) if name == "src" and value == "text" else value for name, value in options.items()
    }
    action = Action({"src": str(war), **options}, [])
    with pytest.raises(AnsibleActionFail, match=words):
        action.run()
    assert action.done == []


def test_a_war_that_tomcat_would_not_start_goes_to_no_host(war):
    with zipfile.ZipFile(war, "a") as archive:
        archive.writestr("META-INF/context.xml", "<Context>")
    action = Action({"src": str(war)}, [])
    with pytest.raises(AnsibleActionFail, match="META-INF/context.xml is not well-formed XML"):
        action.run()
    assert action.done == []
