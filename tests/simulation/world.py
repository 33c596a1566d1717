# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts that are not there: Tomcats, httpds with their balancers, disks with the records of rollouts, and a clock.

The real modules and action plugins of a rollout run on them. What is put in their place are the ends alone: the files of the record, the
balancer-manager, systemd, the links below webapps, an application's answer, the connection of Ansible. Each time one of these ends is about to
do something the world says so (``point``), so that something can go wrong just there.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import json
import typing as t
from dataclasses import dataclass, field
from datetime import datetime, timezone
from types import SimpleNamespace

from ansible.errors import AnsibleConnectionFailure
from ansible.plugins.action import ActionBase

from ansible_collections.roundrobin.tomcat.plugins.action import (
    rollout_httpd as httpd_action,
)
from ansible_collections.roundrobin.tomcat.plugins.action import (
    rollout_instance as instance_action,
)
from ansible_collections.roundrobin.tomcat.plugins.action import (
    rollout_lock as lock_action,
)
from ansible_collections.roundrobin.tomcat.plugins.action import (
    rollout_read as read_action,
)
from ansible_collections.roundrobin.tomcat.plugins.action import (
    rollout_step as step_action,
)
from ansible_collections.roundrobin.tomcat.plugins.module_utils import _rollout_record as record
from ansible_collections.roundrobin.tomcat.plugins.module_utils._balancer import change, several
from ansible_collections.roundrobin.tomcat.plugins.module_utils._balancer.model import Balancer, Member, find
from ansible_collections.roundrobin.tomcat.plugins.module_utils._errors import CollectionError
from ansible_collections.roundrobin.tomcat.plugins.module_utils._releases.model import Context, Release, State
from ansible_collections.roundrobin.tomcat.plugins.module_utils._releases.store import AppReleases
from ansible_collections.roundrobin.tomcat.plugins.module_utils._tomcat import proof
from ansible_collections.roundrobin.tomcat.plugins.module_utils._tomcat.health import Answer
from ansible_collections.roundrobin.tomcat.plugins.modules import (
    rollout_httpd,
    rollout_instance,
    rollout_lock,
)
from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._at_once import Call
from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._chain.topology import derive

Result = dict[str, t.Any]
BEGAN = 1_800_000_000.0
OLD, NEW, MENDED = "1.0", "1.1", "1.2"
MANAGER_SECONDS = 30.0
# Of a service that is slow to stop and to start: together what the role allows.
SLOW_HALF = 149.0


@dataclass(frozen=True)
class Shape:
    """What is there: how many instances and httpds, whether the instances serve a second application, and whether the last one is new."""

    instances: int = 3
    httpds: int = 1
    applications: int = 1
    newcomer: bool = False

    @property
    def hosts(self) -> list[str]:
        return [f"app{number + 1}" for number in range(self.instances)]

    @property
    def names(self) -> list[str]:
        return [f"web{number + 1}" for number in range(self.httpds)]


class Chain:
    """The inventory of a shape, and what the collection derives of it. It never changes, so it is made once."""

    known: t.ClassVar[dict[Shape, Chain]] = {}

    def __init__(self, shape: Shape) -> None:
        paths = [{"path": "/", "name": "ROOT"}, {"path": "/shop", "name": "shop"}][: shape.applications]
        applications = [{**path, "health_path": "/health", "health_pattern": "version={version}"} for path in paths]
        self.inventory: dict[str, dict[str, t.Any]] = {
            host: {
                "ansible_host": f"198.18.0.{number + 10}",
                "tomcat_instance_ajp_secret": "s3cr3t-value",
                "tomcat_instance_manager_enabled": True,
                "tomcat_instance_manager_password": "hush-hush",
                "tomcat_applications": applications,
            }
            for number, host in enumerate(shape.hosts)
        }
        others = [*shape.names, "cache1", "cache2"]
        self.inventory.update({name: {"ansible_host": f"198.18.1.{number + 10}"} for number, name in enumerate(others)})
        self.groups = {"tomcat": shape.hosts, "memcached": ["cache1", "cache2"], "balancer": shape.names}
        self.topology = derive(self.inventory, self.groups)
        self.instances = {one["inventory_host"]: one for one in self.topology["instances"]}
        self.by_worker = {one["worker"]: host for host, one in self.instances.items()}
        self.by_base = {one["base"]: host for host, one in self.instances.items()}
        self.by_service = {f"tomcat@{one['name']}.service": host for host, one in self.instances.items()}
        self.by_route = {one["route"]: host for host, one in self.instances.items()}
        self.applications = {one["base_name"]: one for one in self.topology["applications"]}
        self.workers = {host: one["worker"] for host, one in self.instances.items()}

    @classmethod
    def of(cls, shape: Shape) -> Chain:
        if shape not in cls.known:
            cls.known[shape] = cls(shape)
        return cls.known[shape]


@dataclass
class World:
    """All that is on hosts and survives a controller."""

    shape: Shape
    # By host and path: content, and when it was modified.
    files: dict[tuple[str, str], tuple[bytes, float]] = field(default_factory=dict)
    # By httpd, balancer and instance: the state of the member.
    states: dict[tuple[str, str, str], str] = field(default_factory=dict)
    running: set[str] = field(default_factory=set)
    # What a Tomcat has in memory, by host and application.
    served: dict[tuple[str, str], tuple[Context, ...]] = field(default_factory=dict)
    releases: dict[tuple[str, str], State] = field(default_factory=dict)
    # Places where a person took a member out, and members that a person or a new httpd put in while they were out.
    taken_out: set[tuple[str, str, str]] = field(default_factory=set)
    put_in: set[tuple[str, str, str]] = field(default_factory=set)
    # Hosts that no controller reaches, and releases that do not get well, by version and host.
    down: set[str] = field(default_factory=set)
    bad: frozenset[tuple[str, str]] = frozenset()
    now: float = BEGAN

    @property
    def chain(self) -> Chain:
        return Chain.of(self.shape)

    @classmethod
    def new(cls, shape: Shape, bad: t.Iterable[tuple[str, str]] = ()) -> World:
        """All in service with release 1.0, nothing before it, and 1.2 staged for whoever needs a good one. One that is new has none."""
        world = cls(shape, bad=frozenset(bad))
        for host in shape.hosts:
            world.running.add(host)
            if shape.newcomer and host == shape.hosts[-1]:
                for name in world.chain.applications:
                    world.releases[host, name], world.served[host, name] = State(), ()
                for httpd in shape.names:
                    for balancer in world.chain.instances[host]["balancers"]:
                        world.states[httpd, balancer, host] = "disabled"
                continue
            for name in world.chain.applications:
                staged = {OLD: Release(OLD, "0" * 64, staged_at="1")}
                world.releases[host, name] = State(active=OLD, releases=staged)
                world.served[host, name] = (Context("", OLD),)
            for httpd in shape.names:
                for balancer in world.chain.instances[host]["balancers"]:
                    world.states[httpd, balancer, host] = "enabled"
        return world

    def copy(self) -> World:
        """A world of its own; what is in it never changes in place."""
        return dataclasses.replace(
            self,
            files=dict(self.files),
            states=dict(self.states),
            running=set(self.running),
            served=dict(self.served),
            releases=dict(self.releases),
            taken_out=set(self.taken_out),
            put_in=set(self.put_in),
            down=set(self.down),
        )

    # What can be seen ----------------------------------------------------------------

    def lock(self, httpd: str) -> record.Lock | None:
        """The record that an httpd's host has."""
        found = self.files.get((httpd, RECORD))
        return parse_lock(*found) if found else None

    def serves(self, host: str, name: str) -> str | None:
        """The release that new users get of an instance; None where it does not run, or has none."""
        contexts = self.served.get((host, name), ())
        return contexts[-1].version if host in self.running and contexts else None

    def well(self, host: str) -> bool:
        """Whether an instance runs and each of its applications answers with the release that is linked."""
        return all(
            self.serves(host, name) == self.releases[host, name].active
            and self.serves(host, name) is not None
            and (self.serves(host, name), host) not in self.bad
            for name in self.chain.applications
        )

    def waits(self, host: str) -> bool:
        """Whether an instance has had no release yet, so that nothing can be in service there."""
        return not any(self.releases[host, name].active for name in self.chain.applications)

    def usable(self, httpd: str, balancer: str) -> list[str]:
        """Members that httpd gives users to and that serve them well."""
        return [
            host for host in self.shape.hosts if self.states[httpd, balancer, host] == "enabled" and self.well(host)
        ]

    @property
    def places(self) -> list[tuple[str, str]]:
        return list(dict.fromkeys((httpd, balancer) for httpd, balancer, _host in self.states))

    def key(self) -> tuple[t.Any, ...]:
        """The world without its times and without the names of its rollouts: two with the same key have the same future."""
        names: dict[str, int] = {}
        locks: list[t.Any] = []
        ended = {
            rollout
            for (_host, path), (content, _when) in self.files.items()
            if path == HISTORY
            for rollout in ended_by(content)
        }
        for httpd in self.shape.names:
            found = self.files.get((httpd, RECORD))
            if found is None:
                locks.append(None)
                continue
            lock = parse_lock(*found)
            of = lock.record
            locks.append(
                (
                    names.setdefault(lock.id, len(names)),
                    lock.status,
                    lock.id in ended,
                    names.get(of.get("took_over") or "", -1),
                    *(of.get(word) for word in ("kind", "application", "version", "policy")),
                    members_of(found[0]),
                )
            )
        return (
            self.shape,
            tuple(locks),
            tuple(self.states.values()),
            tuple(sorted(self.running)),
            tuple(self.served.values()),
            tuple(
                (state.contexts, tuple(state.releases), tuple(line.version for line in state.history))
                for state in self.releases.values()
            ),
            tuple(sorted(self.taken_out)),
            tuple(sorted(self.put_in)),
            tuple(sorted(self.down)),
            self.bad,
        )

    # What happens by itself, or by another hand -------------------------------------

    def start(self, host: str) -> None:
        """Start a Tomcat: it serves what is linked."""
        self.running.add(host)
        for name in self.chain.applications:
            self.served[host, name] = self.releases[host, name].contexts

    def by_person(self, httpd: str, host: str, state: str) -> None:
        """A person changes a member in the balancer-manager of one httpd."""
        for balancer in self.chain.instances[host]["balancers"]:
            place = (httpd, balancer, host)
            if state != "enabled":
                self.taken_out.add(place)
            elif self.states[place] != "enabled":
                self.put_in.add(place)
                self.taken_out.discard(place)
            self.states[place] = state

    def new_httpd(self, httpd: str) -> None:
        """An httpd starts anew, without what was changed while it ran. site keeps an instance without a release out of it."""
        for place, state in self.states.items():
            if place[0] == httpd and state != "enabled" and not self.waits(place[2]):
                self.states[place] = "enabled"
                # Who took it out has not changed his mind: a run that began before may take it out again.
                self.put_in.add(place)


# The real ones, but once for each content: a record is read at each step, and never changes in place.
PARSE_LOCK = record._parse_lock
DUMPS = json.dumps


@functools.lru_cache(maxsize=4096)
def _parsed(content: bytes) -> record.Lock:
    return PARSE_LOCK(content, 0.0)


def parse_lock(content: bytes, renewed: float) -> record.Lock:
    return dataclasses.replace(_parsed(content), renewed=renewed)


@functools.lru_cache(maxsize=4096)
def ended_by(content: bytes) -> frozenset[str]:
    """The rollouts that ended by a history."""
    lines = map(json.loads, content.splitlines())
    return frozenset(line["id"] for line in lines if not line.get("taken_over_by"))


@functools.lru_cache(maxsize=4096)
def members_of(content: bytes) -> str:
    """The part of a record that is about members, as text."""
    return DUMPS(_parsed(content).record.get("members"))


class QuickJson:
    """JSON without blanks: the interpreter writes that much quicker."""

    loads = staticmethod(json.loads)

    @staticmethod
    def dumps(value: t.Any, indent: int | None = None) -> str:
        return DUMPS(value)


RECORD = f"{record.DEFAULT_DIRECTORY}/rollout.json"
HISTORY = f"{record.DEFAULT_DIRECTORY}/history.jsonl"


# The ends ---------------------------------------------------------------------------


class Controller(t.Protocol):
    """One ansible-playbook, as the ends know it."""

    world: World
    holder: dict[str, t.Any]
    slow: bool

    def point(self, what: str, host: str, detail: t.Any = None) -> None:
        """Something is about to happen; raise where it does not."""

    def call(self, module: str, host: str, make: t.Callable[[], Result]) -> Result:
        """Reach a host, have it done, get the answer; raise where it cannot be reached or the answer is lost."""

    def at_once(self, jobs: t.Sequence[t.Callable[[], None]]) -> None:
        """Do several things that begin at the same time."""

    def is_gone(self, holder: Result) -> bool:
        """Whether the process of a holder does not live any more."""


@dataclass
class At:
    """Which controller is at work, and at which host its module runs."""

    controller: Controller
    host: str = ""
    options: Result = field(default_factory=dict)
    check_mode: bool = False


HERE: list[At] = []


def here() -> At:
    return HERE[-1]


@contextlib.contextmanager
def at(entry: At) -> t.Iterator[None]:
    """Work somewhere for a while."""
    HERE.append(entry)
    try:
        yield
    finally:
        HERE.pop()


class EndedError(Exception):
    """A module has answered."""


class SimulatedModule:
    """AnsibleModule without a process of its own."""

    def __init__(self, *, argument_spec: Result, supports_check_mode: bool) -> None:
        self.params = filled(argument_spec, here().options)
        self.check_mode = here().check_mode and supports_check_mode

    def exit_json(self, **answer: t.Any) -> None:
        raise EndedError({"changed": False, **answer})

    def fail_json(self, **answer: t.Any) -> None:
        raise EndedError({"changed": False, **answer, "failed": True})


def filled(spec: Result, options: Result) -> Result:
    """Options with the defaults of those that are not given."""
    unknown = set(options) - set(spec)
    if unknown:
        raise CollectionError(f"no such option: {', '.join(sorted(unknown))}")
    params = {}
    for name, about in spec.items():
        given = options.get(name)
        value = about.get("default") if given is None else given
        if about["type"] in ("int", "float") and value is not None:
            value = (int if about["type"] == "int" else float)(value)
        if about["type"] == "list" and value is not None and not isinstance(value, list):
            value = [value]
        if about.get("options") and value is not None:
            several_of_them = about["type"] == "list"
            value = [filled(about["options"], one) for one in (value if several_of_them else [value])]
            value = value if several_of_them else value[0]
        params[name] = value
    return params


class Clock:
    """The world's clock."""

    def monotonic(self) -> float:
        return here().controller.world.now

    def sleep(self, seconds: float) -> None:
        here().controller.world.now += seconds


def now() -> float:
    return here().controller.world.now


# The record: two files of the host where the module runs.


def read_file(path: str) -> tuple[bytes, float] | None:
    return here().controller.world.files.get((here().host, path))


def write_file(path: str, content: bytes) -> None:
    here().controller.point("write", here().host, path)
    here().controller.world.files[here().host, path] = (content, now())


def remove_file(path: str) -> None:
    here().controller.point("remove", here().host, path)
    here().controller.world.files.pop((here().host, path), None)


def set_time(path: str, times: tuple[float, float]) -> None:
    here().controller.world.files[here().host, path] = (here().controller.world.files[here().host, path][0], times[1])


@contextlib.contextmanager
def no_lock(path: str) -> t.Iterator[None]:
    """One module at a time, as this world has no two."""
    yield


NO_DISK = SimpleNamespace(
    path=SimpleNamespace(realpath=lambda path: path, join=lambda one, other: f"{one}/{other}"),
    makedirs=lambda path, **how: None,
    utime=set_time,
)


class Manager:
    """The balancer-manager of the httpd where the module runs."""

    def __init__(self, fetch: t.Any, url: str) -> None:
        self.httpd = here().host

    def read(self) -> tuple[Balancer, ...]:
        world = here().controller.world
        found: dict[str, list[Member]] = {}
        for (httpd, balancer, host), state in world.states.items():
            if httpd != self.httpd:
                continue
            down = state == "enabled" and host not in world.running
            flags = frozenset({"enabled": "", "disabled": "D", "draining": "N", "stopped": "S"}[state] + "E" * down)
            worker = world.chain.workers[host]
            busy = int(here().controller.slow and state != "enabled" and now() < BUSY_UNTIL.get(host, 0.0))
            member = Member(balancer, worker, worker, host, " ".join(sorted(flags)), flags, 0, busy, 1.0, 0)
            found.setdefault(balancer, []).append(member)
        return tuple(Balancer(name, tuple(members)) for name, members in found.items())

    def write(
        self, balancer: Balancer, member: Member, changes: Result, read: t.Callable[[], tuple[Balancer, ...]]
    ) -> tuple[Balancer, Member]:
        world = here().controller.world
        place = (self.httpd, balancer.name, world.chain.by_worker[member.worker])
        here().controller.point("member", place[2], (place, changes["state"]))
        world.states[place] = changes["state"]
        if not (here().controller.outlived and world.waits(place[2])):
            world.put_in.discard(place)
        if here().controller.slow:
            BUSY_UNTIL[place[2]] = now() + SLOW.get("drain", 0.0)
        return find(read(), balancer.name, member.worker, None)


BUSY_UNTIL: dict[str, float] = {}
# How long things take where a controller is slow, in seconds.
SLOW: dict[str, float] = {}


class AtOnce:
    """A pool that does one thing after another."""

    def __init__(self, max_workers: int = 1) -> None:
        pass

    def __enter__(self) -> AtOnce:
        return self

    def __exit__(self, *why: object) -> None:
        pass

    map = staticmethod(map)


class Unit:
    """The service of an instance."""

    def __init__(self, unit: str) -> None:
        self.host = here().controller.world.chain.by_service[unit]

    @property
    def runs(self) -> bool:
        return self.host in here().controller.world.running

    def stop(self) -> None:
        here().controller.point("stop", self.host)
        here().controller.world.running.discard(self.host)
        self._take_long()

    def start(self, patience: float | None) -> bool:
        here().controller.point("start", self.host)
        here().controller.world.start(self.host)
        self._take_long()
        return True

    def _take_long(self) -> None:
        if here().controller.slow:
            here().controller.world.now += SLOW_HALF
            WELL_FROM[self.host] = now() + SLOW.get("health", 0.0)


WELL_FROM: dict[str, float] = {}


class Releases(AppReleases):
    """The releases on a host: what becomes of them is what the real ones say in check mode."""

    def __init__(self, base: str, name: str, **_how: t.Any) -> None:
        self.host = here().controller.world.chain.by_base[base]
        self.key = (self.host, name)
        self._actor = ""
        self._now = lambda: datetime(2026, 11, 24, tzinfo=timezone.utc)
        self.disk = SimpleNamespace(read=self.read, name=name, directory=f"{base}/releases/{name}")

    def read(self) -> State:
        found = here().controller.world.releases.get(self.key)
        if found is None:
            raise CollectionError(f"name {self.key[1]!r} is not accepted")
        return found

    def remember(self, version: str, health: t.Any) -> bool:
        """By how it was asked nothing is decided here: all ask alike."""
        return False

    def _usable_release(self, state: State, version: str, source: t.Any) -> Release | None:
        return state.releases.get(version)

    def _check_space(self, source: t.Any) -> None:
        pass

    def ensure(self, state: str, version: str | None, source: t.Any, **how: t.Any) -> t.Any:
        check_mode = how.pop("check_mode")
        done = super().ensure(state, version, source, check_mode=True, **how)
        if not check_mode and done.after != done.before:
            here().controller.point("switch", self.host, (self.key[1], done.after.active))
            here().controller.world.releases[self.key] = done.after
        return done


def make_ask(target: t.Any, *, headers: Result, secret: str | None, timeout: float) -> t.Callable[[], Answer]:
    """Ask an application, on its instance or through the httpd where the module runs."""
    world = here().controller.world
    url = target.url

    def path_of(base: str) -> str:
        return str(url)[len(base) :]

    def ask() -> Answer:
        chain = world.chain
        for host, instance in chain.instances.items():
            if url.startswith(instance["connect_url_base"] + "/"):
                return answer(world, host, path_of(instance["connect_url_base"]))
        httpd = here().host
        local = next(one["local_url"] for one in chain.topology["balancers"] if one["inventory_host"] == httpd)
        route = headers["Cookie"].rpartition(".")[2]
        path = path_of(local)
        balancer = chain.applications[application_of(world, path)]["balancer"]
        enabled = [one for one in world.shape.hosts if world.states[httpd, balancer, one] == "enabled"]
        first = chain.by_route[route]
        chosen = [first] if first in enabled else [one for one in enabled if one in world.running]
        return answer(world, chosen[0], path) if chosen else Answer(0.0, 503)

    return ask


def application_of(world: World, path: str) -> str:
    found = [
        (len(one["context_path"]), name)
        for name, one in world.chain.applications.items()
        if path.startswith(one["context_path"] + "/")
    ]
    return max(found)[1]


def answer(world: World, host: str, path: str) -> Answer:
    """What an application says of itself."""
    if host not in world.running:
        return Answer(0.0, error="connection refused")
    version = world.serves(host, application_of(world, path))
    if version is None:
        return Answer(0.0, 404)
    ill = (version, host) in world.bad or now() < WELL_FROM.get(host, 0.0)
    return Answer(0.0, 503 if ill else 200, f"version={version}")


# Modules whose work is too near to Tomcat to run here; what they answer of the world.


def webapp_info(options: Result) -> Result:
    world, host = here().controller.world, here().host
    found = {}
    for name in world.chain.applications:
        state = world.releases[host, name]
        found[name] = {
            "active_version": state.active,
            "previous_version": state.previous,
            "contexts": [dataclasses.asdict(one) for one in state.contexts],
            "releases": [{"version": version, "problem": None} for version in state.releases],
            "descriptors": {},
        }
    return {"changed": False, "applications": found, "descriptors": {}}


def session_info(options: Result) -> Result:
    world, host = here().controller.world, here().host
    if host not in world.running:
        return {"failed": True, "msg": "connection refused"}
    if here().controller.slow and options.get("wait_older"):
        world.now += float(options["wait_older"])
    contexts, problems = [], []
    names = [options["name"]] if "name" in options else list(world.chain.applications)
    if not set(names) <= set(world.chain.applications):
        return {"failed": True, "msg": f"name {names} is not accepted"}
    for name in names:
        linked, served = world.releases[host, name].contexts, world.served[host, name]
        for one in linked:
            newest = one == linked[-1]
            contexts.append({**dataclasses.asdict(one), "newest": newest, "sessions": 0})
            if one not in served:
                problems.append(f"{name}: Tomcat does not serve {one.version}")
        names = {one.context_version for one in linked}
        problems += [f"Tomcat serves {one.version}" for one in served if one.context_version not in names]
    return {"contexts": contexts, "sessions": 0, "older_sessions": 0, "problems": problems}


def context(options: Result) -> Result:
    world, host, name = here().controller.world, here().host, options["name"]
    if host not in world.running:
        return {"failed": True, "msg": "connection refused"}
    linked, served = world.releases[host, name].contexts, world.served[host, name]
    if here().controller.slow:
        world.now += MANAGER_SECONDS
    if options.get("state") != "absent" and not linked:
        return {"failed": True, "msg": f"{name}: nothing is linked"}
    if options.get("state") == "absent":
        after = tuple(one for one in served if one.context_version in {link.context_version for link in linked})
    else:
        newest = linked[-1]
        after = (*(one for one in served if one.context_version != newest.context_version), newest)
        WELL_FROM[host] = now() + SLOW.get("health", 0.0) if here().controller.slow else 0.0
    if after != served:
        here().controller.point("context", host, (name, after))
        world.served[host, name] = tuple(sorted(after, key=lambda one: one.context_version))
    return {"changed": after != served}


def webapp(options: Result) -> Result:
    source = SimpleNamespace(sha256="0" * 64, label="release.war") if options.get("src") else None
    if source and not here().check_mode:
        world, key = here().controller.world, (here().host, options["name"])
        if options["version"] not in world.releases[key].releases:
            here().controller.point("stage", here().host)
            fresh = Release(options["version"], "0" * 64, staged_at=options["version"])
            world.releases[key] = world.releases[key].with_release(fresh)
        if here().controller.slow:
            world.now += 3600.0
        return {"changed": True}
    if source:
        return {"changed": True, "descriptors": {}}
    done = Releases(options["base"], options["name"]).ensure(
        options["state"],
        options.get("version"),
        None,
        keep=options.get("keep"),
        check_mode=here().check_mode,
        max_unpacked_bytes=0,
        parallel=options.get("parallel", False),
    )
    return {"changed": done.changed}


def health(options: Result) -> Result:
    check = {name: options[name] for name in ("url", "pattern", "version") if name in options}
    check["status"] = [options["status"]] if isinstance(options["status"], int) else options["status"]
    read = proof.read_check({"application": "", "headers": {}, "pattern": "", "version": "", **check}, None)
    why = read.complaint(read.ask())
    return {"failed": True, "msg": why} if why else {"healthy": True}


def memcached(options: Result) -> Result:
    return {"nodes": [{**node, "up": True, "evictions": 0, "reason": None} for node in options["nodes"]]}


def balancer_info(options: Result) -> Result:
    balancers = Manager(None, "").read()
    return {
        "changed": False,
        "balancers": [one.as_dict() for one in balancers],
        "refusals": {one.name: "" for one in balancers},
    }


def main_of(module: t.Any) -> t.Callable[[Result], Result]:
    """A real module."""

    def run(options: Result) -> Result:
        try:
            module.main()
        except EndedError as ended:
            return dict(ended.args[0])
        raise AssertionError("a module ends with an answer")

    return run


MODULES: dict[str, t.Callable[[Result], Result]] = {
    "rollout_lock": main_of(rollout_lock),
    "rollout_httpd": main_of(rollout_httpd),
    "rollout_instance": main_of(rollout_instance),
    "httpd_balancer_info": balancer_info,
    "tomcat_webapp_info": webapp_info,
    "tomcat_webapp": webapp,
    "tomcat_context": context,
    "tomcat_session_info": session_info,
    "tomcat_store_info": lambda options: {"contexts": []},
    "memcached_info": memcached,
    "http_health": health,
}


def run_module(module: str, host: str, options: Result, check_mode: bool) -> Result:
    """Have a module run on a host, as Ansible would."""
    name = module.rpartition(".")[2]
    controller = here().controller

    def work() -> Result:
        with at(At(controller, host, options, check_mode)):
            try:
                return MODULES[name](options)
            except CollectionError as error:
                return {"failed": True, "msg": error.message, **error.details}

    return controller.call(name, host, work)


class SimulatedAction(ActionBase):
    """What the action plugins have of Ansible."""

    def __init__(self, action: str, arguments: Result, host: str, check_mode: bool) -> None:
        self.host = host
        self._task = SimpleNamespace(args=arguments, check_mode=check_mode, no_log=False, action=action)

    def run(self, tmp: t.Any = None, task_vars: t.Any = None) -> Result:
        return {}

    def validate_argument_spec(self, argument_spec: t.Any = None, **_how: t.Any) -> t.Any:
        return None, filled(argument_spec, self._task.args)

    def _execute_module(self, module_name: t.Any = None, module_args: t.Any = None, **_how: t.Any) -> Result:
        return run_module(module_name, self.host, dict(module_args), self._task.check_mode)


class SimulatedCaller:
    """Runs modules from an action, on hosts of the world."""

    def __init__(self, action: SimulatedAction, variables: t.Any) -> None:
        self.action = action

    def run(self, calls: t.Sequence[Call]) -> list[Result]:
        answers: list[Result] = []
        here().controller.at_once([lambda call=call: answers.append(self._answer(call)) for call in calls])
        return answers

    def _answer(self, call: Call) -> Result:
        try:
            return self.run_raw(call)
        except AnsibleConnectionFailure as error:
            return {"failed": True, "unreachable": True, "msg": str(error)}

    def run_one(self, call: Call) -> Result:
        try:
            return self.run_raw(call)
        except AnsibleConnectionFailure as error:
            return {"failed": True, "msg": f"{call.host or self.action.host} cannot be reached: {error}"}

    def run_raw(self, call: Call) -> Result:
        host, check_mode = call.host or self.action.host, self.action._task.check_mode
        if not call.plain and call.module.endswith(".rollout_lock"):
            return ACTIONS["rollout_lock"](call.module, dict(call.options), host, check_mode).run(None, VARIABLES)
        return run_module(call.module, host, dict(call.options), check_mode)


def is_gone(holder: Result) -> bool:
    """Whether the run of this holder lives no more."""
    return bool(here().controller.is_gone(holder))


class SilentTeller:
    """Tells nobody."""

    def __init__(self, *_given: t.Any, **_how: t.Any) -> None:
        pass

    def tell(self, **_event: t.Any) -> Result:
        return {}


def simulated(action: t.Any) -> type[SimulatedAction]:
    """An action plugin with the world for Ansible."""
    return type("Simulated", (action.ActionModule, SimulatedAction), {"__init__": SimulatedAction.__init__})


VARIABLES = {"inventory_hostname": "app1", "ansible_forks": 5}
ACTIONS = {
    "rollout_lock": simulated(lock_action),
    "rollout_step": simulated(step_action),
    "rollout_httpd": simulated(httpd_action),
    "rollout_instance": simulated(instance_action),
    "rollout_read": simulated(read_action),
}


def ends() -> list[tuple[t.Any, str, t.Any]]:
    """What is put in place of what: where, its name, and what the world has for it."""
    return [
        *((record, name, value) for name, value in (("_read", read_file), ("_write", write_file), ("os", NO_DISK))),
        (record, "_parse_lock", parse_lock),
        (record, "json", QuickJson),
        *((record, name, value) for name, value in (("remove_file", remove_file), ("write_lock", no_lock))),
        (record.RolloutStore.__init__, "__kwdefaults__", {**record.RolloutStore.__init__.__kwdefaults__, "now": now}),
        (change.apply, "__kwdefaults__", {"watch": lambda worker: lambda: None}),
        (several, "ThreadPoolExecutor", AtOnce),
        (proof, "ThreadPoolExecutor", AtOnce),
        (proof, "make_ask", make_ask),
        *((module, "AnsibleModule", SimulatedModule) for module in (rollout_lock, rollout_httpd, rollout_instance)),
        *((module, "SystemClock", Clock) for module in (rollout_httpd, rollout_instance)),
        (rollout_httpd, "BalancerManager", Manager),
        (rollout_httpd, "make_fetch", lambda params: None),
        # Each look costs time here and shows nothing new.
        (rollout_httpd, "INTERVAL", 1.0),
        (rollout_instance, "ARGUMENTS", {**rollout_instance.ARGUMENTS, "interval": {"type": "float", "default": 25.0}}),
        (rollout_instance, "Service", Unit),
        (rollout_instance, "AppReleases", Releases),
        (rollout_instance, "read_session_proof", lambda *given: None),
        (rollout_instance, "prove_sessions", lambda *given, **how: []),
        (rollout_instance, "read_logs", lambda *given: []),
        *((action, "Caller", SimulatedCaller) for action in (step_action, httpd_action, instance_action, read_action)),
        *((action, "Teller", SilentTeller) for action in (httpd_action, instance_action)),
        *((action, "this_run", lambda variables: here().controller.holder) for action in (httpd_action, lock_action)),
        (httpd_action, "display", SimpleNamespace(display=lambda text: None)),
        (httpd_action, "monotonic", now),
        (lock_action, "is_gone", is_gone),
    ]


@contextlib.contextmanager
def in_place() -> t.Iterator[None]:
    """Give the collection the ends of the world for a while."""
    changed = [(where, name, getattr(where, name)) for where, name, _value in ends()]
    try:
        for where, name, value in ends():
            setattr(where, name, value)
        yield
    finally:
        for where, name, value in changed:
            setattr(where, name, value)
        for of_slow_runs in (SLOW, BUSY_UNTIL, WELL_FROM):
            of_slow_runs.clear()
