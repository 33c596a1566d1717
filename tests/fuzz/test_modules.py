# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever an option of a module is: the module does its work, or it fails with one message and has changed nothing.

The modules run in this process, on files of the test and ports where nobody listens. The clock alone is not real.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import shutil
import traceback
import typing as t
import zipfile
from pathlib import Path

import odd
import pytest
from ansible.module_utils.testing import patch_module_args
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.roundrobin.tomcat.plugins.module_utils import _wait

MODULES = "ansible_collections.roundrobin.tomcat.plugins.modules"
FIXTURES = Path(__file__).resolve().parents[1] / "unit" / "fixtures"
# Nobody listens there: the port belongs to nothing that is installed.
NOBODY = "http://127.0.0.1:9"
HTTPD = {"manager_url": f"{NOBODY}/balancer-manager"}
MANAGER = {"manager_url": f"{NOBODY}/manager", "url_password": "twelve-signs-or-more"}
# At nothing, before a test has seen enough.
LOOKS = 50
CHECK = {"application": "shop", "url": f"{NOBODY}/shop/"}
# What each module is called with, beside the odd value. {0} is the directory of the test.
CALLS: dict[str, dict[str, t.Any]] = {
    "files": {"files": [{"path": "{0}/conf/new.txt", "content": "text"}]},
    "host_info": {"paths": ["{0}"]},
    "http_health": {"url": f"{NOBODY}/", "timeout": 0.1, "interval": 0.05},
    "httpd_balancer_info": HTTPD,
    "httpd_balancer_member": {**HTTPD, "balancer": "tomcat", "route": "app1", "state": "disabled"},
    "memcached_info": {"nodes": ["127.0.0.1:9"], "timeout": 0.1},
    "redis_info": {"servers": ["redis://127.0.0.1:9"], "timeout": 0.1},
    "rollout_httpd": {
        "members": [
            {**HTTPD, "httpd": "web1", "balancer": "tomcat", "worker": "ajp://127.0.0.1:9", "state": "disabled"}
        ]
    },
    "rollout_info": {"directory": "{0}/record"},
    "rollout_instance": {"base": "{0}/base", "service": "tomcat@none.service", "checks": [CHECK], "timeout": 0.1},
    "rollout_lock": {"directory": "{0}/record", "id": "20261124T051500Z-shop-1.0", "record": {"kind": "deploy"}},
    "tomcat_context": {**MANAGER, "base": "{0}/base", "name": "shop"},
    "tomcat_context_xml": {"path": "{0}/conf/context.xml", "manager": {"className": "com.example.Manager"}},
    "tomcat_context_xml_info": {"path": "{0}/conf/context.xml"},
    "tomcat_server_xml": {"path": "{0}/conf/server.xml", "jvm_route": "app1"},
    "tomcat_server_xml_info": {"path": "{0}/conf/server.xml"},
    "tomcat_session_info": MANAGER,
    "tomcat_store_info": {"base": "{0}/base", "url": NOBODY},
    "tomcat_webapp": {"base": "{0}/base", "name": "shop", "version": "1.0", "src": "{0}/shop.war", "remote_src": True},
    "tomcat_webapp_info": {"base": "{0}/base"},
}


class StillWaitingError(BaseException):
    """A module waits for as long as it was asked to: nobody needs to see the end. No handler of it may catch this."""


class Clock:
    """Seconds pass at once; what the real sleep does not take, it does not take either."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.looks = 0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        if not 0 <= seconds < 2**53:
            raise ValueError(f"sleep({seconds})")
        self.now += seconds
        self.looks += 1
        if self.looks > LOOKS:
            raise StillWaitingError


class AskedError(Exception):
    """The spec of a module is known."""


def spec_of(name: str) -> dict[str, t.Any]:
    """What the module hands to AnsibleModule."""

    def take(_self: object, argument_spec: dict[str, t.Any], **_more: object) -> None:
        raise AskedError(argument_spec)

    with pytest.MonkeyPatch.context() as patch, pytest.raises(AskedError) as asked:
        module = importlib.import_module(f"{MODULES}.{name}")
        patch.setattr(module.AnsibleModule, "__init__", take)
        module.main()
    return dict(asked.value.args[0])


SPECS = {name: spec_of(name) for name in CALLS}
CASES = [pytest.param(name, option, id=f"{name}-{option}") for name, spec in SPECS.items() for option in spec]


def run(name: str, options: dict[str, t.Any]) -> dict[str, t.Any]:
    """What the module prints."""
    module = importlib.import_module(f"{MODULES}.{name}")
    printed = io.StringIO()
    clock = Clock()
    with pytest.MonkeyPatch.context() as patch, patch_module_args(options), contextlib.redirect_stdout(printed):
        patch.setattr(_wait.SystemClock, "monotonic", clock.monotonic)
        patch.setattr(_wait.SystemClock, "sleep", clock.sleep)
        with pytest.raises(SystemExit):
            module.main()
    answer: dict[str, t.Any] = json.loads(printed.getvalue().strip().splitlines()[-1])
    return answer


def prepare(place: Path) -> None:
    shutil.rmtree(place, ignore_errors=True)
    (place / "conf").mkdir(parents=True)
    for name in ("server.xml", "context.xml"):
        shutil.copyfile(FIXTURES / name, place / "conf" / name)
    (place / "base" / "webapps").mkdir(parents=True)
    (place / "record").mkdir()
    with zipfile.ZipFile(place / "shop.war", "w") as war:
        war.writestr("WEB-INF/web.xml", "<web-app/>")


def snapshot(place: Path) -> dict[str, t.Any]:
    return {
        str(path): (path.lstat().st_mode, path.read_bytes() if path.is_file() else b"")
        for path in sorted(place.rglob("*"))
    }


def filled_in(value: t.Any, place: Path) -> t.Any:
    if isinstance(value, dict):
        return {key: filled_in(one, place) for key, one in value.items()}
    if isinstance(value, list):
        return [filled_in(one, place) for one in value]
    return value.replace("{0}", str(place)) if isinstance(value, str) else value


@pytest.fixture(autouse=True)
def somewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    # A path may be a relative one.
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")


def keys_of(option: dict[str, t.Any]) -> list[str]:
    return list(option.get("options") or {})


@pytest.mark.parametrize("name, option", CASES)
@odd.EXAMPLES
@given(data=st.data())
def test_an_option(name: str, option: str, data: st.DataObject, tmp_path: Path) -> None:
    value = data.draw(odd.values(keys_of(SPECS[name][option])))
    place = tmp_path / "place"
    prepare(place)
    before = snapshot(place)
    try:
        answer = run(name, {**filled_in(CALLS[name], place), option: value})
    except StillWaitingError:
        return
    except TypeError as error:
        # ansible-core looks for suboptions in what is no dictionary, before the module has begun.
        if traceback.extract_tb(error.__traceback__)[-1].name == "set_fallbacks":
            return
        raise
    if answer.get("failed"):
        assert answer["msg"].strip()
        assert "Error(" not in answer["msg"]
        assert not answer.get("exception"), answer["exception"]
        assert snapshot(place) == before
    # Whatever was decided, no secret is shown.
    assert "twelve-signs-or-more" not in json.dumps({key: one for key, one in answer.items() if key != "invocation"})


@pytest.mark.parametrize("seconds", ["nan", "inf", "-inf", "-1", "0", "1e-9", "1e10", "1e308"])
@pytest.mark.parametrize(
    "name, option", [case for case in CASES if SPECS[case.values[0]][case.values[1]].get("type") == "float"]
)
def test_a_time(name: str, option: str, seconds: str, tmp_path: Path) -> None:
    prepare(tmp_path / "place")
    with contextlib.suppress(StillWaitingError):
        answer = run(name, {**filled_in(CALLS[name], tmp_path / "place"), option: seconds})
        assert "nan" not in seconds or answer.get("failed")
