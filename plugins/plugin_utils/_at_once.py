# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run a module on several hosts at the same time, from one task of one host.

A loop with delegate_to goes from host to host, so ten httpds take ten times as long as one. An action plugin may open
connections of its own: Ansible's executor of tasks opens them here as for a delegated task, one thread for each.
"""

# Private to this collection.

from __future__ import annotations

import contextvars
import typing as t
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from ansible import constants
from ansible.errors import AnsibleAction, AnsibleActionSkip, AnsibleConnectionFailure, AnsibleError
from ansible.executor.task_executor import TaskExecutor
from ansible.plugins.action import ActionBase
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
            answers = [one.result() for one in running]
        # Of a result with several answers Ansible hides those that say so.
        hidden = {"_ansible_no_log": True} if self._action._task.no_log else {}
        return [{**answer, **hidden} for answer in answers]

    def run_one(self, call: Call) -> Answer:
        """Run one call. What an action raises is raised, but for a host that cannot be reached."""
        try:
            return self.run_raw(call)
        except AnsibleConnectionFailure as error:
            host = call.host or self._action._task.delegate_to or self._variables["inventory_hostname"]
            return {"failed": True, "msg": f"{host} cannot be reached: {error}"}

    def run_raw(self, call: Call) -> Answer:
        """Run one call. What an action raises is raised, as in a task of its own."""
        return self._prepared(call)()

    def _job(self, call: Call) -> t.Callable[[], Answer]:
        """Load what the call needs, and return what makes it and raises nothing of Ansible's."""
        try:
            prepared = self._prepared(call)
        except AnsibleError as error:
            failed = _answer_of(error)
            return lambda: failed

        def job() -> Answer:
            try:
                return prepared()
            except AnsibleError as error:
                return _answer_of(error)

        return job

    def _prepared(self, call: Call) -> t.Callable[[], Answer]:
        """Load the action plugin that runs the call, with its connection, and return what runs it."""
        task = self._action._task.copy()
        task.action, task.args = call.module, dict(call.options)
        variables = dict(self._variables)
        connection, play_context = self._action._connection, self._action._play_context
        if call.host is not None:
            connection, play_context = self._connect(task, call.host, variables)
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

        def run() -> Answer:
            try:
                answer: Answer = action.run(task_vars=variables)
            finally:
                action.cleanup()
                if call.host is not None:
                    connection.close()
            return answer

        return run

    def _connect(self, task: t.Any, host: str, variables: dict[str, t.Any]) -> tuple[t.Any, t.Any]:
        """Delegate the task to a host: its connection, and what belongs to it; the variables get those of the host."""
        task.delegate_to = host
        manager = variables["hostvars"]._variable_manager
        variables.update(manager.get_delegated_vars_and_hostname(self._action._templar, task, variables)[0])
        of_host = variables["ansible_delegated_vars"][host]
        templar = Templar(loader=self._action._loader, variables=of_host)
        # ansible-core 2.21 notes in the task how the task's own host is reached.
        wanted = of_host.get("ansible_connection")
        task.connection = templar.template(task._parent.connection if wanted is None else wanted)
        context = self._action._play_context.set_task_and_variable_override(
            task=task, variables=variables, templar=templar
        )
        context.post_validate(templar=templar)
        executor = _Connector(task, context, self._action._shared_loader_obj)
        return executor.connect(of_host, templar), context


class _Connector(TaskExecutor):
    """The part of Ansible's executor that opens a connection and gives it its options."""

    # Since ansible-core 2.21 a property of the class: the task that is running.
    _task: t.Any = None

    def __init__(self, task: t.Any, play_context: t.Any, loaders: t.Any) -> None:
        """Hold what the two methods below look for."""
        self._task, self._play_context, self._shared_loader_obj = task, play_context, loaders

    def connect(self, of_host: Variables, templar: Templar) -> t.Any:
        self._connection = self._get_connection(of_host, templar, self._task.connection)
        self._set_connection_options(of_host, templar)
        return self._connection


def _answer_of(error: AnsibleError) -> Answer:
    """What Ansible makes of an exception."""
    if isinstance(error, AnsibleConnectionFailure):
        return {"failed": True, "unreachable": True, "msg": str(error)}
    own = error.result if isinstance(error, AnsibleAction) else {}
    return {**own, "skipped" if isinstance(error, AnsibleActionSkip) else "failed": True, "msg": str(error)}


def together(answers: t.Sequence[tuple[t.Mapping[str, t.Any], Answer]]) -> Answer:
    """Make one answer of several, in the shape of a loop's: each of C(results) has the item that it is about.

    The task's own host was reached, also where another one was not: then the task has failed, and a rescue sees it.
    """
    result: Answer = {
        "changed": any(answer.get("changed", False) for _item, answer in answers),
        "unreachable": False,
        "results": [{**answer, "item": item} for item, answer in answers],
    }
    failures = [_failure(item["inventory_host"], answer) for item, answer in answers if answer.get("failed")]
    if failures:
        result.update(failed=True, msg=" ".join(failures))
    return result


def _failure(host: str, answer: Answer) -> str:
    message = answer.get("msg", "no answer")
    return f"{host} cannot be reached: {message}" if answer.get("unreachable") else f"{host}: {message}"
