# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""No run shows a secret, however much it is asked to say: with -vvv --diff, in check mode, and where a module or a playbook fails early.

Every secret of these tests begins alike, and nothing else does.
"""

from __future__ import annotations

import json
import re
import shutil
import sys

import archives
import pytest
from loopback import ROOT, run_playbook

MARK = "hush-"
LOCAL = ("-i", "localhost,", "-c", "local", "-vvv", "--diff")
#: Dozens of tasks on a busy machine.
SECONDS = 900
#: A Python that has no lxml and no requests, as a host without the packages of the role.
MISSING = 'raise ImportError("not on this host")\n'
PLAYBOOKS = sorted(path.stem for path in (ROOT / "playbooks").glob("*.yml") if path.stem != "rollout")


def secret(name):
    return f"{MARK}{name}-0123456789abcdef"


def shown(result):
    return result.stdout + result.stderr


def secrets_in(result):
    """The lines that a user would see a secret in."""
    return sorted({line.strip()[:300] for line in shown(result).splitlines() if MARK in line})


def connector(**more):
    return {"protocol": "AJP/1.3", "match": "protocol", "port": 8009, "attributes": {"secret": secret("ajp"), **more}}


SERVER = {
    "connectors": [connector()],
    "clusters": [{"attributes": {"encryptionKey": secret("cluster")}}],
    "secret_attributes": ["myOwn"],
    "global_resources": [
        {
            "name": "jdbc/one",
            "attributes": {"password": secret("resource"), "myOwn": secret("own"), "apiKey": secret("api")},
        },
        {"name": "jdbc/two", "attributes": {"url": f"jdbc:oracle:thin:scott/{secret('tiger')}@db:1521/x"}},
        {"name": "jdbc/three", "attributes": {"url": f"jdbc:postgresql://db/x?user=a&password={secret('parameter')}"}},
        {
            "tag": "Environment",
            "name": "db.password",
            "attributes": {"value": secret("environment"), "type": "java.lang.String"},
        },
    ],
}
CONTEXT = {
    "manager": {"class_name": "a.Manager", "attributes": {"username": "a", "password": secret("manager")}},
    "parameters": [{"name": "smtpPassword", "attributes": {"value": secret("smtp")}}],
    "elements": [
        {
            "parent": "/Context",
            "tag": "Environment",
            "identify_by": {"name": "mail.token"},
            "attributes": {"value": secret("token"), "type": "java.lang.String"},
        }
    ],
}
MANAGER = {"url_username": "ops", "url_password": secret("url")}


def calls(base):
    """A call of every module that is given a secret; the files are those that Tomcat has."""
    tomcat = {
        "manager_url": "http://127.0.0.1:1/roundrobin-manager",
        "base": str(base),
        **MANAGER,
        "ajp_secret": secret("ajp"),
    }
    stores = {"username": "a", "password": secret("store")}
    httpd = {"manager_url": "http://127.0.0.1:1/balancer-manager", **MANAGER}
    asked = {"module": "roundrobin.tomcat.memcached_info", "options": {"nodes": ["127.0.0.1:1"], **stores}}
    return {
        "tomcat_server_xml": {"path": f"{base}/conf/server.xml", **SERVER},
        "tomcat_server_xml_info": {"path": f"{base}/conf/server.xml", "secret_attributes": ["myOwn"]},
        "tomcat_context_xml": {"path": f"{base}/conf/context.xml", **CONTEXT},
        "tomcat_context_xml_info": {"path": f"{base}/conf/context.xml"},
        "files": {"files": [{"path": f"{base}/secret", "secret_content": secret("file"), "mode": "0600"}]},
        "http_health": {"url": "ajp://127.0.0.1:1/", "ajp_secret": secret("ajp"), "timeout": 0.5},
        "memcached_info": {"nodes": ["127.0.0.1:1"], **stores},
        "redis_info": {"servers": ["redis://127.0.0.1:1"], **stores},
        "httpd_balancer_info": httpd,
        "httpd_balancer_member": {**httpd, "balancer": "tomcat", "route": "a", "state": "enabled"},
        "rollout_read": {"calls": {"stores": asked}, "ajp_secret": secret("ajp")},
        "tomcat_context": {**tomcat, "name": "ROOT", "state": "reloaded"},
        "tomcat_session_info": tomcat,
        "tomcat_store_info": {"base": str(base), "url": "ajp://127.0.0.1:1", "ajp_secret": secret("ajp")},
    }


def play(tmp_path, tasks):
    path = tmp_path / "play.yml"
    path.write_text(
        json.dumps(
            [
                {
                    "hosts": "localhost",
                    "gather_facts": False,
                    "vars": {"ansible_python_interpreter": sys.executable},
                    "tasks": tasks,
                }
            ]
        )
    )
    return path


def task(module, options, **more):
    return {"name": module, f"roundrobin.tomcat.{module}": options, "ignore_errors": True, **more}


@pytest.fixture
def base(tmp_path):
    """The conf of an instance whose files hold secrets already."""
    home = archives.unpack(
        archives.releases()[0] if isinstance(archives.releases(), list) else next(iter(archives.releases())),
        tmp_path / "home",
    )
    base = tmp_path / "base"
    shutil.copytree(home / "conf", base / "conf")
    server = base / "conf/server.xml"
    held = f"""<Environment value='{secret("held")}' type="java.lang.String" name="old.password"/>"""
    server.write_text(server.read_text().replace("</GlobalNamingResources>", f"{held}</GlobalNamingResources>", 1))
    context = base / "conf/context.xml"
    context.write_text(
        context.read_text().replace(
            "</Context>", f'<Parameter name="oldPassword" override="false" value="{secret("kept")}"/></Context>', 1
        )
    )
    return base


def test_modules_with_diff_show_none(tmp_path, base):
    """Before their change, in it and after it."""
    tasks = [task(name, options, check_mode=check) for check in (True, False) for name, options in calls(base).items()]
    result = run_playbook(*LOCAL, play(tmp_path, tasks), seconds=SECONDS)
    assert secrets_in(result) == []
    assert secret("environment") in (base / "conf/server.xml").read_text()
    assert secret("smtp") in (base / "conf/context.xml").read_text()
    # They did show the rest.
    assert "scott/" in shown(result) and "smtpPassword" in shown(result) and "old.password" in shown(result)


@pytest.mark.parametrize("missing", [False, True])
def test_modules_that_fail_early_show_none(tmp_path, base, missing):
    """For an option that they do not have, or for a library."""
    more = {} if missing else {"no_such_option": 1}
    tasks = [task(name, {**options, **more}) for name, options in calls(base).items()]
    environment = {}
    if missing:
        for library in ("lxml", "requests"):
            (tmp_path / f"without/{library}").mkdir(parents=True)
            (tmp_path / f"without/{library}/__init__.py").write_text(MISSING)
        environment["PYTHONPATH"] = f"{tmp_path}/without"
    result = run_playbook(*LOCAL, play(tmp_path, tasks), seconds=SECONDS, **environment)
    assert secrets_in(result) == []
    assert ("lxml" if missing else "no_such_option") in shown(result)


@pytest.fixture
def inventory(tmp_path):
    """Everything on this machine, where nothing of it is: a secret in every variable that takes one."""
    variables = {
        "ansible_connection": "local",
        "ansible_host": "127.0.0.1",
        "ansible_become": False,
        "ansible_python_interpreter": sys.executable,
        "tomcat_instance_ajp_secret": secret("ajp"),
        "tomcat_instance_cluster_key": secret("key"),
        "tomcat_instance_manager_enabled": True,
        "tomcat_instance_manager_password": secret("manager"),
        "tomcat_instance_memcached_options": {
            "memcachedProtocol": "binary",
            "username": "a",
            "password": secret("sasl"),
        },
        "tomcat_instance_redis_password": secret("redis"),
        "tomcat_instance_redis_options": {"sentinelPassword": secret("sentinel")},
        "tomcat_instance_home_root": f"{tmp_path}/opt",
        "tomcat_instance_base_root": f"{tmp_path}/var",
        "redis_password": secret("server"),
        "redis_former_password": secret("former"),
        # This machine may have its own on the usual ones.
        "memcached_ports": [11311],
        "redis_port": 6390,
        "failover_test_login_form": {"user": "a", "password": secret("login")},
        "rolling_deploy_report_directory": f"{tmp_path}/reports",
        "release_war": f"{tmp_path}/none.war",
        "release_version": "1.0",
        "tomcat_applications": [{"path": "/"}],
    }
    groups = {group: {"hosts": {f"{group}1": {}}} for group in ("tomcat", "memcached", "redis", "balancer")}

    def write(**more):
        path = tmp_path / "inventory.json"
        path.write_text(json.dumps({"all": {"vars": {**variables, **more}}, **groups}))
        return path

    return write


@pytest.mark.parametrize(
    ("playbook", "store"),
    [*((playbook, "redis") for playbook in PLAYBOOKS), ("site", "memcached"), ("status", "memcached")],
)
def test_playbooks_show_none(tmp_path, inventory, playbook, store):
    """In check mode, on a machine that nothing has been brought to: most of them fail early."""
    path = inventory(tomcat_instance_session_store=store)
    result = run_playbook("-i", path, "-vvv", "--diff", "--check", ROOT / f"playbooks/{playbook}.yml", seconds=SECONDS)
    assert secrets_in(result) == []
    assert "PLAY RECAP" in result.stdout


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("tomcat_instance_ajp_secret", f"{secret('bad')}\\"),
        ("tomcat_instance_cluster_key", secret("bad")),
        ("tomcat_instance_manager_password", f"{MARK}short"),
        ("tomcat_instance_redis_addresses", [f"redis://me:{secret('bad')}@198.18.0.1:6379"]),
        ("tomcat_instance_redis_password", f"{secret('bad')}$"),
        (
            "tomcat_instance_memcached_options",
            {"username": secret("bad"), "password": secret("bad"), "lockingMode": "none"},
        ),
        ("redis_password", f"{secret('bad')}$"),
        ("redis_former_password", f"{secret('bad')}$"),
    ],
)
def test_a_secret_that_is_refused_is_not_shown(inventory, variable, value):
    store = {"tomcat_instance_cluster_key": "delta", "tomcat_instance_memcached_options": "memcached"}.get(
        variable, "redis"
    )
    path = inventory(**{"tomcat_instance_session_store": store, variable: value})
    result = run_playbook("-i", path, "-vvv", "--diff", "--check", ROOT / "playbooks/site.yml", seconds=SECONDS)
    assert secrets_in(result) == []
    assert result.returncode == 2
    # A password of Redis is refused with all else that the Tomcats know of it.
    said = "tomcat_instance_redis_layout" if variable == "tomcat_instance_redis_password" else variable
    assert re.search(rf"{said}\b", shown(result))
