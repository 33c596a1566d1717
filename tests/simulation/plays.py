# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A small interpreter of playbooks: the plays, blocks, rescues, conditions and loops that a rollout is written in.

It reads the YAML of the playbooks and of the role, so that no order of steps stands in the simulation a second time. What it does not
know it refuses: an action, a keyword or a filter that comes new has to be given a meaning here first. test_plays.py runs the same
playbook through ansible-playbook and through this, and compares the tasks, hosts and results.

What it has of Ansible: hosts in step by the linear strategy, C(serial), C(run_once), facts, C(delegate_facts), lazy variables, C(omit), who
is given up and what that ends. What it has not: handlers, tags, C(any_errors_fatal) in a batch, forks.
"""

from __future__ import annotations

import collections.abc
import functools
import os
import re
import types
import typing as t
from dataclasses import dataclass, field, replace
from pathlib import Path

import jinja2
import yaml
from jinja2.runtime import Context, missing

Variables = t.Mapping[str, t.Any]
Result = dict[str, t.Any]

PLAY_WORDS = {
    "name",
    "hosts",
    "gather_facts",
    "become",
    "any_errors_fatal",
    "vars_files",
    "vars",
    "tasks",
    "serial",
    "strategy",
}
TASK_WORDS = {
    *("name", "when", "vars", "loop", "loop_control", "register", "run_once", "delegate_to", "delegate_facts"),
    *("check_mode", "changed_when", "failed_when", "ignore_unreachable", "become", "no_log"),
}
BLOCK_WORDS = {"block", "rescue", "always"}
INCLUDES = ("ansible.builtin.include_tasks", "ansible.builtin.import_tasks")
ROLES = ("ansible.builtin.import_role", "ansible.builtin.include_role")


LAZY = (types.GeneratorType, collections.abc.KeysView, collections.abc.ValuesView, collections.abc.ItemsView)


class Omit:
    """The value of an argument that is not given."""


OMIT = Omit()


class UnknownError(Exception):
    """The playbook has something that the interpreter has no meaning for."""


# Expressions -----------------------------------------------------------------------


class Known(dict[str, t.Any]):
    """Variables that hold no templates, however they look: facts, and what is looped over."""


class Scope:
    """What the variables of one task on one host are worth; templates among them are evaluated when they are looked up."""

    def __init__(self, expressions: Expressions, layers: t.Sequence[Variables]) -> None:
        self.expressions = expressions
        self.layers = layers

    def find(self, name: str) -> t.Any:
        for layer in self.layers:
            if name in layer:
                return layer[name] if isinstance(layer, Known) else self.expressions.lazy(layer[name], self)
        return missing


class Lazy(collections.abc.Mapping[str, t.Any]):
    """A mapping among the variables: what is in it is evaluated when it is looked up."""

    def __init__(self, given: Variables, scope: Scope) -> None:
        self.given, self.scope = given, scope

    def __getitem__(self, key: str) -> t.Any:
        return self.scope.expressions.lazy(self.given[key], self.scope)

    def __iter__(self) -> t.Iterator[str]:
        return iter(self.given)

    def __len__(self) -> int:
        return len(self.given)


def forced(value: t.Any) -> t.Any:
    """A value in which nothing waits to be evaluated, without what is omitted."""
    kind = type(value)
    if kind in (dict, Lazy, Known):
        pairs = [(key, forced(item)) for key, item in value.items()]
        return {key: item for key, item in pairs if item is not OMIT}
    return [forced(item) for item in value] if kind is list else value


class LazyContext(Context):
    """Where the templates look up names."""

    scope: Scope

    def resolve_or_missing(self, key: str) -> t.Any:
        if key in self.vars:
            return self.vars[key]
        found = self.scope.find(key)
        return self.environment.globals.get(key, missing) if found is missing else found


class Expressions:
    """Jinja's expressions, compiled once, with values as they are and not as text."""

    def __init__(self, filters: t.Mapping[str, t.Callable[..., t.Any]], functions: Variables) -> None:
        self.environment = jinja2.Environment(undefined=jinja2.StrictUndefined, extensions=["jinja2.ext.do"])
        self.environment.context_class = LazyContext
        self.environment.filters.update(ANSIBLE_FILTERS)
        self.environment.filters.update(filters)
        self.environment.tests.update(match=lambda text, pattern: bool(re.match(pattern, text)), file=os.path.isfile)
        self.environment.globals.update(functions)
        self._known: dict[str, t.Callable[[Scope], t.Any]] = {}

    def value(self, given: t.Any, scope: Scope) -> t.Any:
        """What a value from YAML is worth, through and through."""
        return forced(self.lazy(given, scope))

    def lazy(self, given: t.Any, scope: Scope) -> t.Any:
        """The same, but for mappings, in which templates are left until they are looked up."""
        if isinstance(given, str):
            return self._compiled(given)(scope) if "{{" in given else given
        if isinstance(given, dict):
            return Lazy(given, scope)
        if isinstance(given, list):
            return [self.lazy(item, scope) for item in given]
        return given

    def holds(self, condition: t.Any, scope: Scope) -> bool:
        """Whether a condition, which has no braces, is true."""
        if isinstance(condition, bool):
            return condition
        return bool(self._compiled("{{" + condition + "}}")(scope))

    def _compiled(self, text: str) -> t.Callable[[Scope], t.Any]:
        if text not in self._known:
            body = self.environment.parse(text.strip()).body
            whole = len(body) == 1 and len(getattr(body[0], "nodes", ())) == 1
            self._known[text] = self._expression(text) if whole else self._text(text)
        return self._known[text]

    def _expression(self, text: str) -> t.Callable[[Scope], t.Any]:
        inner = re.fullmatch(r"\{\{-?(.*?)-?\}\}", text.strip(), re.DOTALL)
        assert inner, text
        template = self.environment.compile_expression(inner[1], undefined_to_none=False)._template

        def run(scope: Scope) -> t.Any:
            context = LazyContext(self.environment, {}, None, {})
            context.scope = scope
            for _text in template.root_render_func(context):
                pass
            result = context.vars["result"]
            if isinstance(result, jinja2.Undefined):
                result._fail_with_undefined_error()
            return list(result) if isinstance(result, LAZY) else result

        return run

    def _text(self, text: str) -> t.Callable[[Scope], str]:
        template = self.environment.from_string(text)

        def run(scope: Scope) -> str:
            context = LazyContext(self.environment, {}, None, {})
            context.scope = scope
            return "".join(template.root_render_func(context)).rstrip("\n")

        return run


def combine(*given: Variables) -> dict[str, t.Any]:
    result: dict[str, t.Any] = {}
    for one in given:
        result.update(one)
    return result


def extract(key: t.Any, container: t.Any, more: t.Any = None) -> t.Any:
    for name in [key, *([] if more is None else [more])]:
        if name not in container:
            return jinja2.StrictUndefined(name=str(name))
        container = container[name]
    return container


ANSIBLE_FILTERS: dict[str, t.Callable[..., t.Any]] = {
    "combine": combine,
    "difference": lambda one, other: [item for item in one if item not in other],
    "extract": extract,
    "zip": lambda *given: list(zip(*given)),
    "expanduser": os.path.expanduser,
    "realpath": lambda path: path,
    "regex_replace": lambda text, pattern, by: re.sub(pattern, by, text),
    "from_yaml": yaml.safe_load,
    "to_nice_json": str,
}


# What a run does -------------------------------------------------------------------


class Actions(t.Protocol):
    """What makes something of an action: the world, or a test's list."""

    def act(self, name: str, arguments: t.Any, host: str, scope: Scope, task: Variables) -> Result:
        """Run a module or a role; a raw result as Ansible would have it."""

    def at_once(self, jobs: t.Sequence[t.Callable[[], None]]) -> None:
        """Do what several hosts do at the same time."""


@dataclass
class Around:
    """What a task has from the blocks and includes that it is in."""

    role: Path
    conditions: tuple[t.Any, ...] = ()
    variables: tuple[Variables, ...] = ()
    run_once: bool = False

    def within(self, item: Variables, *, dynamic: bool = False) -> Around:
        """What the tasks in a block, or in a file that is included, have. Conditions of an include are its own alone."""
        own = item.get("when", ())
        own = tuple(own) if isinstance(own, list) else (own,) if own != () else ()
        return replace(
            self,
            conditions=() if dynamic else (*self.conditions, *own),
            variables=(item["vars"], *self.variables) if item.get("vars") else self.variables,
            run_once=self.run_once if dynamic else bool(item.get("run_once", self.run_once)),
        )


Failures = dict[str, "tuple[Variables, Result] | None"]


@dataclass
class Play:
    """The state of one play."""

    hosts_all: list[str]
    removed: set[str]
    batch: list[str] = field(default_factory=list)


@functools.cache
def load(path: Path) -> t.Any:
    """Read YAML; no copy is made of it, as nothing changes it."""
    return yaml.safe_load(path.read_text(encoding="utf-8"))


@functools.cache
def role_variables(tasks: Path) -> list[t.Any]:
    """What a role sets and what it takes if nothing is set; nothing where the tasks are not those of a role."""
    files = [tasks.parent / kind / "main.yml" for kind in ("vars", "defaults")]
    return [load(path) if path.is_file() else {} for path in files]


class Run:
    """One run of one playbook."""

    def __init__(
        self,
        playbook: Path,
        roles: t.Mapping[str, Path],
        expressions: Expressions,
        actions: Actions,
        groups: t.Mapping[str, list[str]],
        inventory: t.Mapping[str, Variables],
        extra: Variables,
    ) -> None:
        """Take the inventory, and variables that outrank all others.

        roles: directories by name. Other roles are actions.
        """
        self.playbook, self.roles, self.expressions, self.actions = playbook, roles, expressions, actions
        self.groups, self.inventory, self.extra = groups, inventory, extra
        self.facts = {host: Known() for host in ("localhost", *inventory)}
        # Hosts that Ansible has given up, in this play or one before.
        self.given_up: set[str] = set()
        self.unreachable: set[str] = set()
        self.play = Play([], set())
        self.position: tuple[t.Any, ...] = ()

    def go(self) -> bool:
        """Run all plays; return whether nobody was given up."""
        self._play_all(self.playbook, {})
        return not self.given_up

    def _play_all(self, path: Path, variables: Variables) -> bool:
        for number, play in enumerate(load(path)):
            if "ansible.builtin.import_playbook" in play:
                imported = path.parent / play["ansible.builtin.import_playbook"]
                if not self._play_all(imported, {**variables, **play.get("vars", {})}):
                    return False
            elif not self._play(path, number, play, variables):
                return False
        return True

    # Plays -------------------------------------------------------------------------

    def _play(self, path: Path, number: int, play: Variables, variables: Variables) -> bool:
        """Run a play; return whether the next one comes, which it does not where a whole batch was given up."""
        _known(play, PLAY_WORDS)
        files = play.get("vars_files", [])
        of_files = [load(path.parent / name) for name in ([files] if isinstance(files, str) else files)]
        layers = [variables, play.get("vars", {}), *of_files]
        nobody = Scope(self.expressions, [self.extra, *layers, Known(hostvars=self.facts)])
        hosts = self.expressions.value(play["hosts"], nobody)
        names = self.groups[hosts] if isinstance(hosts, str) else list(hosts)
        self.play = Play(names, set(self.given_up))
        serial = self.expressions.value(play.get("serial", 0), nobody)
        self.layers = layers
        for batch in _batches(names, serial if isinstance(serial, list) else [serial]):
            before = len(self.given_up)
            self.play.batch = batch
            self.position = (number,)
            fatal = bool(play.get("any_errors_fatal"))
            around = Around(path.parent)
            alive = [host for host in batch if host not in self.given_up]
            _ok, failed = self._list(play["tasks"], alive, around)
            if fatal and (failed or len(self.given_up) > before):
                self.given_up.update(batch)
            self._give_up(failed)
            if batch and len(self.given_up) - before == len(batch):
                return False
        return True

    def _give_up(self, hosts: t.Iterable[str]) -> None:
        self.given_up.update(hosts)
        self.play.removed.update(hosts)

    # Lists, blocks, tasks ----------------------------------------------------------

    def _list(self, items: t.Sequence[Variables], hosts: list[str], around: Around) -> tuple[list[str], Failures]:
        """Run tasks on hosts in step; return who came through, and who failed and why."""
        failed: Failures = {}
        for item in items:
            if not hosts:
                break
            found = self._block(item, hosts, around) if "block" in item else self._task(item, hosts, around)
            failed.update(found)
            hosts = [host for host in hosts if host not in failed and host not in self.unreachable]
        return hosts, failed

    def _block(self, block: Variables, hosts: list[str], around: Around) -> Failures:
        _known(block, TASK_WORDS | BLOCK_WORDS)
        inner = around.within(block)
        _ok, failed = self._list(block["block"], hosts, inner)
        if failed and "rescue" in block:
            for host, why in failed.items():
                if why is not None:
                    self.facts[host]["ansible_failed_task"] = {"name": why[0].get("name", ""), "action": "?"}
                    self.facts[host]["ansible_failed_result"] = why[1]
            rescued = [host for host in hosts if host in failed]
            _ok, failed = self._list(block["rescue"], rescued, inner)
        if "always" in block:
            alive = [host for host in hosts if host not in self.unreachable]
            _ok, later = self._list(block["always"], alive, inner)
            failed = {**failed, **later}
        return failed

    def _task(self, task: Variables, hosts: list[str], around: Around) -> Failures:
        action = _action(task)
        around = replace(around, run_once=bool(task.get("run_once", around.run_once)))
        chosen = hosts[:1] if around.run_once else hosts
        if action in INCLUDES:
            return self._include(action, task, chosen, hosts, around)
        if action in ROLES:
            role = task[action]["name"]
            if role in self.roles:
                path = self.roles[role] / "tasks" / f"{task[action].get('tasks_from', 'main')}.yml"
                self.position = (*self.position[:1], path.name)
                inner = replace(around.within(task), role=path.parent)
                return self._list(load(path), chosen, inner)[1]
        failed: Failures = {}
        # In step: whether a host has the task at all is judged for all of them before it runs on the first.
        scopes = [(host, self.scope(host, task, around)) for host in chosen]
        wanted = [(host, scope) for host, scope in scopes if self._wanted(task, around, scope)]

        def one(host: str, scope: Scope) -> None:
            self.position = (*self.position[:1], task.get("name", action), host)
            result = self._result(action, task, host, scope)
            of_all = hosts if around.run_once else [host]
            if result.get("unreachable") and not task.get("ignore_unreachable"):
                self.unreachable.add(host)
                self._give_up([host])
                return
            if "failed_when" in task and not result.get("unreachable"):
                known = Scope(self.expressions, [Known({task["register"]: result}), *scope.layers])
                result = {**result, "failed": self.expressions.holds(task["failed_when"], known)}
            if task.get("register"):
                for each in of_all:
                    self.facts[each][task["register"]] = result
            if result.get("failed") and not result.get("unreachable"):
                failed.update(dict.fromkeys(of_all))
                failed[host] = (task, result)

        self.actions.at_once([functools.partial(one, host, scope) for host, scope in wanted])
        return failed

    def _wanted(self, task: Variables, around: Around, scope: Scope) -> bool:
        if "loop" in task:
            return True
        return all(self.expressions.holds(one, scope) for one in around.within(task).conditions)

    def _result(self, action: str, task: Variables, host: str, scope: Scope) -> Result:
        if "loop" not in task:
            return self._one(action, task, host, scope)
        results = []
        for item in self.expressions.value(task["loop"], scope):
            of_item = Scope(self.expressions, [Known({_loop_variable(task): item}), *scope.layers])
            results.append({**self._one(action, task, host, of_item), "item": item})
        return {
            "results": results,
            **{word: True for word in ("failed", "unreachable") if any(one.get(word) for one in results)},
        }

    def _one(self, action: str, task: Variables, host: str, scope: Scope) -> Result:
        try:
            if action == "ansible.builtin.set_fact":
                return self._set_fact(task, host, scope)
            if action == "ansible.builtin.fail":
                return {"failed": True, "msg": self.expressions.value(task[action]["msg"], scope)}
            at = self.expressions.value(task["delegate_to"], scope) if "delegate_to" in task else host
            return self.actions.act(action, task[action], at, scope, task)
        except jinja2.UndefinedError as error:
            return {"failed": True, "msg": str(error)}

    def _set_fact(self, task: Variables, host: str, scope: Scope) -> Result:
        values = self.expressions.value(task["ansible.builtin.set_fact"], scope)
        if task.get("delegate_facts"):
            targets = [self.expressions.value(task["delegate_to"], scope)]
        else:
            targets = self.play.batch if scope.find("__run_once__") else [host]
        for target in targets:
            self.facts[target].update(values)
        return {"changed": False}

    def _include(self, action: str, task: Variables, chosen: list[str], hosts: list[str], around: Around) -> Failures:
        dynamic = action == "ansible.builtin.include_tasks"
        if not dynamic:
            return self._list(load(around.role / task[action]), chosen, around.within(task))[1]
        failed: Failures = {}
        scopes = [(host, self.scope(host, task, around)) for host in chosen]
        items = self.expressions.value(task["loop"], scopes[0][1]) if "loop" in task else [None]
        for item in items:
            own = Known({_loop_variable(task): item} if "loop" in task else {})
            files: dict[Path, list[str]] = {}
            for host, scope in scopes:
                of_item = Scope(self.expressions, [own, *scope.layers])
                alive = host not in failed and host not in self.unreachable
                conditions = around.within(task).conditions
                if alive and all(self.expressions.holds(one, of_item) for one in conditions):
                    name = task[action] if isinstance(task[action], str) else task[action]["file"]
                    files.setdefault(around.role / self.expressions.value(name, of_item), []).append(host)
            for path, included in files.items():
                inner = around.within(task, dynamic=True)
                inner = replace(inner, variables=(own, *inner.variables)) if own else inner
                failed.update(self._list(load(path), included, inner)[1])
        return failed

    # Variables ---------------------------------------------------------------------

    def scope(self, host: str, task: Variables, around: Around) -> Scope:
        """The variables of a task on a host, the strongest first."""
        of_role = role_variables(around.role)
        magic = Known(
            inventory_hostname=host,
            hostvars=self.facts,
            groups=self.groups,
            omit=OMIT,
            ansible_play_hosts_all=self.play.hosts_all,
            ansible_play_hosts=[one for one in self.play.hosts_all if one not in self.play.removed],
            ansible_play_batch=[one for one in self.play.batch if one not in self.play.removed],
            ansible_check_mode=False,
            ansible_forks=5,
            role_path=str(around.role.parent),
            __run_once__=around.run_once,
        )
        own = [task["vars"]] if task.get("vars") else []
        first = [self.extra, *own, *around.variables, self.facts[host]]
        return Scope(self.expressions, [*first, of_role[0], *self.layers, self.inventory[host], of_role[1], magic])


def _known(item: Variables, words: set[str]) -> None:
    unknown = set(item) - words
    if unknown:
        raise UnknownError(f"{item.get('name')} has {', '.join(sorted(unknown))}")


def _action(task: Variables) -> str:
    names = [name for name in task if name not in TASK_WORDS]
    if len(names) != 1:
        raise UnknownError(f"{task.get('name')} has {names} instead of one action")
    return names[0]


def _loop_variable(task: Variables) -> str:
    return str(task.get("loop_control", {}).get("loop_var", "item"))


def _batches(hosts: list[str], sizes: t.Sequence[int]) -> list[list[str]]:
    """Cut hosts as C(serial) does; the sizes are those of the plan."""
    left, batches = list(hosts), []
    while left:
        size = sizes[min(len(batches), len(sizes) - 1)] or len(left)
        batches.append(left[:size])
        left = left[size:]
    return batches
