# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run a module on several hosts at the same time, from one task of one host.

A loop with delegate_to goes from host to host, so ten httpds take ten times as long as one. An action plugin may open
connections of its own: this one opens them as a delegated task does (ansible-core's task_executor.py), one thread for each.
"""

# Private to this collection.

from __future__ import annotations

import contextvars
import os
import typing as t
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from ansible import constants
from ansible.errors import AnsibleConnectionFailure, AnsibleError
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.action import ActionBase
from ansible.plugins.loader import become_loader
from ansible.template import Templar

Variables = t.Mapping[str, t.Any]
Answer = dict[str, t.Any]


@dataclass(frozen=True)
class Call:
    """One module on one host. Without a host it runs where the task runs."""

    module: str
    host: str | None = None
    options: t.Mapping[str, t.Any] = field(default_factory=dict)
    # The module alone, without an action plugin of its own: for the one that calls it.
    plain: bool = False


class Caller:
    """What an action plugin runs other modules with."""

    def __init__(self, action: ActionBase, variables: Variables) -> None:
        """Remember the task; variables are those that its run() was given."""
        self._action = action
        self._variables = variables

    def run(self, calls: t.Sequence[Call]) -> list[Answer]:
        """Run all calls, as many at once as Ansible has forks, and return their answers in the same order.

        A host that cannot be reached and an action that raises are answers that have failed.
        """
        # Ansible's loaders of plugins are not made for threads; what is loaded here only runs in one.
        jobs = [self._job(call) for call in calls]
        forks = int(self._variables.get("ansible_forks") or constants.DEFAULT_FORKS)
        with ThreadPoolExecutor(max_workers=max(1, min(forks, len(jobs)))) as pool:
            # Ansible keeps what belongs to the task in context variables; a new thread has none.
            running = [pool.submit(contextvars.copy_context().run, job) for job in jobs]
            return [one.result() for one in running]

    def run_one(self, call: Call) -> Answer:
        """Run one call."""
        return self._job(call)()

    def _job(self, call: Call) -> t.Callable[[], Answer]:
        """Load what the call needs, and return what makes it."""
        host = call.host or self._action._task.delegate_to or self._variables["inventory_hostname"]
        try:
            action, variables = self._prepare(call)
        except AnsibleError as error:
            failed = _failed(host, error)
            return lambda: failed

        def job() -> Answer:
            try:
                answer: Answer = action.run(task_vars=variables)
            except AnsibleError as error:
                return _failed(host, error)
            finally:
                action.cleanup()
            return answer

        return job

    def _prepare(self, call: Call) -> tuple[ActionBase, dict[str, t.Any]]:
        """Make the action plugin that runs the call, and the variables that it wants."""
        task = self._action._task.copy()
        task.action, task.args = call.module, dict(call.options)
        variables = dict(self._variables)
        connection, play_context = self._action._connection, self._action._play_context
        if call.host is not None:
            task.delegate_to = call.host
            of_host = self._variables_of(call.host)
            variables["ansible_delegated_vars"] = {call.host: of_host}
            connection, play_context = self._connect(task, variables, of_host)
        loader = self._action._shared_loader_obj.action_loader
        has_its_own = not call.plain and loader.has_plugin(call.module, collection_list=task.collections)
        action = loader.get(
            call.module if has_its_own else "ansible.legacy.normal",
            task=task,
            connection=connection,
            play_context=play_context,
            loader=self._action._loader,
            templar=self._action._templar,
            shared_loader_obj=self._action._shared_loader_obj,
        )
        return action, variables

    def _variables_of(self, host: str) -> dict[str, t.Any]:
        hostvars = self._variables["hostvars"]
        of_host: dict[str, t.Any] = hostvars.raw_get(host)
        return {**of_host, "hostvars": hostvars, "inventory_hostname": self._variables["inventory_hostname"]}

    def _connect(self, task: t.Any, variables: dict[str, t.Any], of_host: dict[str, t.Any]) -> tuple[t.Any, t.Any]:
        """Open a connection to the task's delegate_to."""
        templar = Templar(loader=self._action._loader, variables=of_host)
        context = self._action._play_context.set_task_and_variable_override(
            task=task, variables=variables, templar=templar
        )
        context.post_validate(templar=templar)
        context.connection = templar.template(of_host.get("ansible_connection") or task.connection)
        connection = self._action._shared_loader_obj.connection_loader.get(
            context.connection,
            context,
            new_stdin=None,
            task_uuid=task._uuid,
            ansible_playbook_pid=str(os.getppid()),
        )
        if connection is None:
            raise AnsibleError(f"{task.delegate_to}: there is no connection plugin {context.connection!r}")
        connection.set_become_plugin(_become_plugin(task, of_host, templar))
        context.set_attributes_from_plugin(connection)
        keys = {**task.dump_attrs(), "timeout": context.timeout}
        del keys["retries"]
        if context.password:
            keys["password"] = context.password
        connection.set_options(task_keys=keys, var_options=connection._resolve_option_variables(of_host, templar))
        _set_options(connection._shell, "shell", keys, of_host, templar)
        if connection.become is not None:
            context.set_become_plugin(connection.become.name)
            if context.become_pass:
                keys["become_pass"] = context.become_pass
            _set_options(connection.become, "become", keys, of_host, templar)
            context.prompt = connection.become.prompt
        return connection, context


def _failed(host: str, error: AnsibleError) -> Answer:
    unreachable = isinstance(error, AnsibleConnectionFailure)
    return {"failed": True, "msg": f"{host} cannot be reached: {error}" if unreachable else error.message}


def together(answers: t.Sequence[tuple[t.Any, Answer]]) -> Answer:
    """Make one answer of several, in the shape of a loop's: each of C(results) has the item that it is about."""
    failures = [answer for _item, answer in answers if answer.get("failed")]
    result: Answer = {
        "changed": any(answer.get("changed", False) for _item, answer in answers),
        "results": [{**answer, "item": item} for item, answer in answers],
    }
    if failures:
        result.update(failed=True, msg=" ".join(str(answer.get("msg", "no answer")) for answer in failures))
    return result


def _become_plugin(task: t.Any, of_host: Variables, templar: Templar) -> t.Any:
    wanted = of_host.get("ansible_become")
    if not (task.become if wanted is None else boolean(templar.template(wanted))):
        return None
    method = templar.template(of_host.get("ansible_become_method") or task.become_method)
    plugin = become_loader.get(method)
    if plugin is None:
        raise AnsibleError(f"{task.delegate_to}: there is no become plugin {method!r}")
    return plugin


def _set_options(plugin: t.Any, kind: str, keys: Variables, of_host: Variables, templar: Templar) -> None:
    names = constants.config.get_plugin_vars(kind, plugin._load_name)
    values = {name: templar.template(of_host[name]) for name in names if name in of_host}
    plugin.set_options(task_keys=keys, var_options=values)
