# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the tests of modules run one, and what several of them work on."""

from __future__ import annotations

import http.server
import json
import os
import pathlib
import stat
import threading
import zipfile
from types import SimpleNamespace
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from ansible.module_utils.testing import patch_module_args

from ansible_collections.roundrobin.tomcat.plugins.module_utils._tomcat.manager import TomcatManager

FIXTURES = pathlib.Path(__file__).resolve().parents[2] / "fixtures"


@pytest.fixture
def run_module(capsys):
    """Run a module as Ansible does and return what it prints."""

    def run(module, check=False, **options):
        with patch_module_args({"_ansible_check_mode": check, **options}), pytest.raises(SystemExit):
            module.main()
        return json.loads(capsys.readouterr().out.splitlines()[-1])

    return run


@pytest.fixture
def run_for_result(run_module):
    """Run a module and return what it found, without the options that it was given."""

    def run(module, check=False, **options):
        result = run_module(module, check, **options)
        result.pop("invocation", None)  # whether it is there depends on ansible-core
        return result

    return run


# -- XML files -------------------------------------------------------------


@pytest.fixture
def edit(run_module, tmp_path):
    """Run a module on a file of its kind, which is Tomcat's own unless another is given; what it prints, and the path."""

    def run(module, options, check=False, data=None):
        name = "context.xml" if "context" in module.__name__.rpartition(".")[2] else "server.xml"
        path = tmp_path / name
        if not path.exists():
            path.write_bytes(data or (FIXTURES / name).read_bytes())
        return run_module(module, check, **{"path": str(path), "_ansible_diff": True, **options}), path

    return run


@pytest.fixture
def edit_thrice(edit):
    """Check mode, run, run again: foretold and done are one, the original is kept, no secret is told."""

    def run(module, options):
        predicted, path = edit(module, options, check=True)
        original = path.read_bytes()
        done, path = edit(module, {**options, "backup": True, "mode": "0640"})
        again, path = edit(module, {**options, "backup": True, "mode": "0640"})
        assert [predicted["changed"], done["changed"], again["changed"]] == [True, True, False]
        assert predicted["changes"] == done["changes"]
        assert predicted["diff"][0] == done["diff"][0]
        assert again["changes"] == []
        assert b"hush-hush" in path.read_bytes()
        assert "hush" not in json.dumps([predicted, done, again])
        assert pathlib.Path(done["backup_file"]).read_bytes() == original
        assert stat.S_IMODE(path.stat().st_mode) == 0o640
        assert len(os.listdir(path.parent)) == 2

    return run


@pytest.fixture
def warned(monkeypatch):
    """The warnings of the modules that run."""
    # Where a warning goes from there depends on what else this process has loaded of Ansible.
    warnings = []
    monkeypatch.setattr("ansible.module_utils.basic.AnsibleModule.warn", lambda self, warning: warnings.append(warning))
    return warnings


# -- releases --------------------------------------------------------------


@pytest.fixture
def base(tmp_path):
    """A CATALINA_BASE without releases."""
    (tmp_path / "base/webapps").mkdir(parents=True)
    return tmp_path / "base"


@pytest.fixture
def war(tmp_path):
    """Make a WAR that holds its version."""

    def make(version):
        path = tmp_path / f"{version}.war"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr(zipfile.ZipInfo("WEB-INF/version"), version)
        return str(path)

    return make


@pytest.fixture
def run_on_base(run_for_result, base):
    """Run a module of the releases."""
    return lambda module, check=False, **options: run_for_result(module, check, **{"base": str(base), **options})


# -- rollouts --------------------------------------------------------------

HOLDER = {"by": "ann@ctl", "controller": "ctl", "boot_id": "b", "pid_namespace": "n", "pid": 10, "pid_started": 77}


@pytest.fixture
def holder():
    """Who has the lock, if nobody else is given."""
    return dict(HOLDER)


@pytest.fixture
def directory(tmp_path):
    """Where the record of a rollout is kept."""
    return tmp_path / "lib" / "roundrobin.tomcat"


@pytest.fixture
def run_on_record(run_for_result, directory):
    """Run a module of the rollout's record."""
    return lambda module, check=False, **options: run_for_result(
        module, check, **{"directory": str(directory), **options}
    )


# -- a Tomcat's manager ----------------------------------------------------


@pytest.fixture
def run_on_tomcat(run_module, tomcat, monkeypatch):
    """Run a module that asks the manager of tomcat."""

    def run(module, check=False, **options):
        given = {
            "base": str(tomcat.base),
            "name": "app",
            "manager_url": "http://198.18.0.3:8080/roundrobin-manager",
            "url_password": "not-a-password-in-a-test",
        }
        monkeypatch.setattr(module, "connect", lambda options: TomcatManager(options["manager_url"], tomcat.ask))
        return run_module(module, check, **{**given, **options})

    return run


# -- httpd -----------------------------------------------------------------


class Recorded(http.server.BaseHTTPRequestHandler):
    """A balancer-manager that shows what was recorded, and ignores what it is sent."""

    def do_GET(self):
        asked = parse_qs(urlsplit(self.path).query)
        if "w" in asked:
            body = f"<h3>Edit worker settings for {asked['w'][0]}</h3></html>".encode()
        else:
            body = (FIXTURES / "balancer_manager" / ("fresh.xml" if "xml" in asked else "no_referer.html")).read_bytes()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self):
        form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        self.server.manager.posts += 1
        self.path = f"?{urlencode({'w': form['w'][0]})}"
        self.do_GET()

    def log_message(self, *_arguments):
        """Stay quiet."""


@pytest.fixture
def recorded():
    """The address of a balancer-manager, and how many forms were sent to it."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Recorded)
    server.manager = SimpleNamespace(url=f"http://127.0.0.1:{server.server_port}/balancer-manager", posts=0)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    yield server.manager
    server.shutdown()
    server.server_close()
