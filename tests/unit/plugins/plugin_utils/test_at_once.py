# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is handed over, and what becomes of failures; real connections are in tests/loopback/test_rollout_at_once.py."""

from __future__ import annotations

import contextvars
import copy
import threading
from types import SimpleNamespace

import pytest
from ansible.errors import AnsibleActionFail, AnsibleActionSkip, AnsibleConnectionFailure, AnsibleError
from ansible.executor.task_executor import TaskExecutor
from ansible.parsing.dataloader import DataLoader
from ansible.template import trust_as_template

from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._at_once import Call, Caller, together

WHOSE = contextvars.ContextVar("whose", default="nobody's")

WEB1, WEB2, WEB3 = ({"inventory_host": name} for name in ("web1", "web2", "web3"))


class Task(SimpleNamespace):
    def copy(self):
        return copy.copy(self)


class Connection:
    def __init__(self, host):
        self.host = host
        self.open = True

    def close(self):
        self.open = False


class Ansible:
    """Has the actions of these modules. Each notes what it was given, and answers as `answers` says by host."""

    def __init__(self, *modules, **answers):
        self.modules, self.answers = modules, answers
        self.got, self.connections, self.ended = [], [], []

    def has_plugin(self, name, collection_list=None):
        return name in self.modules

    def get(self, name, **given):
        self.got.append((name, given))
        return SimpleNamespace(
            run=lambda task_vars: self.answer(given, task_vars), cleanup=lambda: self.ended.append(given["task"])
        )

    def answer(self, given, task_vars):
        host = given["task"].delegate_to or "app1"
        answer = self.answers.get(host, {"changed": False})
        if callable(answer):
            answer = answer(given, task_vars)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def action(self, **task):
        of_task = {"action": "the.action.itself", "args": {"at": []}, "delegate_to": None, "collections": ["c"]}
        return SimpleNamespace(
            _task=Task(**{**of_task, "no_log": False, "_parent": SimpleNamespace(connection="ssh"), **task}),
            _connection="its own connection",
            _play_context=SimpleNamespace(set_task_and_variable_override=self.context),
            _loader=DataLoader(),
            _templar="templar",
            _shared_loader_obj=SimpleNamespace(action_loader=self, connection_loader=self),
        )

    def context(self, task, variables, templar):
        return SimpleNamespace(host=task.delegate_to, post_validate=lambda templar: None)

    def caller(self, variables=None, **task):
        return Caller(self.action(**task), {**self.variables, **(variables or {})})

    @property
    def variables(self):
        return {"inventory_hostname": "app1", "hostvars": SimpleNamespace(_variable_manager=self)}

    def get_delegated_vars_and_hostname(self, templar, task, variables):
        host = task.delegate_to
        if host == "nowhere":
            raise AnsibleError("'ansible_host' is undefined")
        of_host = {"ansible_connection": trust_as_template("{{ 'boxed' }}")} if host == "box1" else {}
        return {"ansible_delegated_vars": {host: of_host}}, host


@pytest.fixture(autouse=True)
def connections(monkeypatch):
    """Ansible's executor opens connections; here it only notes which."""
    opened = []

    def get_connection(self, of_host, templar, name):
        opened.append((self._task.delegate_to, name, self._play_context.host))
        return Connection(self._task.delegate_to)

    monkeypatch.setattr(TaskExecutor, "_get_connection", get_connection)
    monkeypatch.setattr(TaskExecutor, "_set_connection_options", lambda *dummy: None)
    return opened


@pytest.mark.parametrize(
    ("modules", "plain", "name"),
    [
        (["a.b.c"], False, "a.b.c"),
        ([], False, "ansible.legacy.normal"),
        (["a.b.c"], True, "ansible.legacy.normal"),
    ],
    ids=["its own action", "module alone", "without its action"],
)
def test_a_module_runs_as_a_task_of_its_own_would(modules, plain, name):
    ansible = Ansible(*modules, app1={"changed": True, "x": 1})
    caller = ansible.caller()
    assert caller.run_one(Call("a.b.c", options={"state": "stopped"}, plain=plain)) == {"changed": True, "x": 1}
    ((found, given),) = ansible.got
    task = given.pop("task")
    assert (found, task.action, task.args, task.delegate_to) == (name, "a.b.c", {"state": "stopped"}, None)
    action = caller._action
    assert given == {
        "connection": "its own connection",
        "play_context": action._play_context,
        "loader": action._loader,
        "templar": "templar",
        "shared_loader_obj": action._shared_loader_obj,
    }
    # The task itself stays what it was, for a loop or a retry.
    assert (action._task.action, action._task.args) == ("the.action.itself", {"at": []})
    assert ansible.ended == [task]


def test_each_host_gets_its_options_its_connection_and_its_variables(connections):
    seen = {}

    def note(given, task_vars):
        seen[given["task"].delegate_to] = (given["task"].args, given["connection"].host, task_vars)
        assert given["connection"].open
        return {"changed": False}

    ansible = Ansible(web1=note, box1=note)
    ansible.caller().run([Call("a.b.c", host, {"url": host}) for host in ("web1", "box1")])
    assert connections == [("web1", "ssh", "web1"), ("box1", "boxed", "box1")]
    for host in ("web1", "box1"):
        options, connected, variables = seen[host]
        assert (options, connected) == ({"url": host}, host)
        assert list(variables["ansible_delegated_vars"]) == [host]
        assert variables["inventory_hostname"] == "app1"
    assert [given["connection"].open for _name, given in ansible.got] == [False, False]


def test_answers_are_in_the_order_of_the_calls_whoever_is_first():
    """The first one answers only when the last one has."""
    last = threading.Event()
    ansible = Ansible(
        web1=lambda *dummy: {"waited": last.wait(60)}, web2=lambda *dummy: last.set() or {"waited": "did not"}
    )
    calls = [Call("a.b.c", host) for host in ("web1", "web2")]
    assert ansible.caller().run(calls) == [{"waited": True}, {"waited": "did not"}]


@pytest.mark.parametrize(("forks", "most"), [(1, 1), ("2", 2)])
def test_no_more_at_once_than_forks(forks, most):
    now, seen, lock = [], [], threading.Lock()

    def note(given, task_vars):
        with lock:
            now.append(given)
            seen.append(len(now))
        threading.Event().wait(0.05)
        with lock:
            now.remove(given)
        return {}

    hosts = [f"web{number}" for number in range(6)]
    Ansible(**dict.fromkeys(hosts, note)).caller({"ansible_forks": forks}).run([Call("a.b.c", host) for host in hosts])
    assert max(seen) <= most


def test_no_calls_no_answers():
    assert Ansible().caller().run([]) == []


def test_threads_know_what_belongs_to_the_task():
    WHOSE.set("the task's")
    ansible = Ansible(web1=lambda *dummy: {"whose": WHOSE.get()})
    assert ansible.caller().run([Call("a.b.c", "web1")]) == [{"whose": "the task's"}]


def test_who_fails_keeps_nobody_from_answering():
    ansible = Ansible(
        web1={"changed": True},
        web2=AnsibleConnectionFailure("timed out"),
        web3=AnsibleActionFail("no such file", result={"path": "/x"}),
        web4=AnsibleActionSkip("not in check mode"),
    )
    hosts = ("web1", "web2", "nowhere", "web3", "web4")
    assert ansible.caller().run([Call("a.b.c", host) for host in hosts]) == [
        {"changed": True},
        {"failed": True, "unreachable": True, "msg": "timed out"},
        {"failed": True, "msg": "'ansible_host' is undefined"},
        {"failed": True, "msg": "no such file", "path": "/x"},
        {"skipped": True, "msg": "not in check mode"},
    ]
    assert len(ansible.ended) == 4
    assert [given["connection"].open for _name, given in ansible.got] == [False] * 4


def test_what_is_not_to_be_shown_says_so_for_each_host():
    """Ansible hides of several answers those that say so themselves."""
    assert Ansible().caller(no_log=True).run([Call("a.b.c", "web1")]) == [{"changed": False, "_ansible_no_log": True}]


@pytest.mark.parametrize(("delegate_to", "host"), [(None, "app1"), ("web1", "web1")])
def test_a_host_that_cannot_be_reached_is_a_failure_that_names_it(delegate_to, host):
    ansible = Ansible(**{host: AnsibleConnectionFailure("timed out")})
    answer = ansible.caller(delegate_to=delegate_to).run_one(Call("a.b.c"))
    assert answer == {"failed": True, "msg": f"{host} cannot be reached: timed out"}


def test_any_other_failure_of_one_call_stays_what_it_is():
    error = AnsibleActionSkip("it is so")
    with pytest.raises(AnsibleActionSkip) as caught:
        Ansible(app1=error).caller().run_one(Call("a.b.c"))
    assert caught.value is error


@pytest.mark.parametrize(
    ("answers", "result"),
    [
        ([], {"changed": False, "unreachable": False, "results": []}),
        (
            [(WEB1, {"changed": False}), (WEB2, {"changed": True, "n": 1})],
            {
                "changed": True,
                "unreachable": False,
                "results": [{"changed": False, "item": WEB1}, {"changed": True, "n": 1, "item": WEB2}],
            },
        ),
        (
            [
                (WEB1, {"changed": True}),
                (WEB2, {"failed": True, "unreachable": True, "msg": "timed out."}),
                (WEB3, {"failed": True}),
            ],
            {
                "changed": True,
                # Else Ansible would skip the rescue.
                "unreachable": False,
                "failed": True,
                "msg": "web2 cannot be reached: timed out. web3: no answer",
                "results": [
                    {"changed": True, "item": WEB1},
                    {"failed": True, "unreachable": True, "msg": "timed out.", "item": WEB2},
                    {"failed": True, "item": WEB3},
                ],
            },
        ),
    ],
)
def test_one_answer_of_several(answers, result):
    assert together(answers) == result
