# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""httpd_balancer_member and community.general.apache2_mod_proxy do the same on a real httpd, case by case.

Each case starts an httpd of its own on loopback. What became of it is read from httpd, not from the module.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import threading
import typing as t
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests/ci"), str(ROOT / "tests/loopback")]

import loopback_httpd  # noqa: E402
import requests  # noqa: E402
import venvs  # noqa: E402

OTHERS = ("ansible>=12,<13", "beautifulsoup4>=4,<5")
STATES = {"enabled": "enabled", "disabled": "disabled", "draining": "drained"}

HOST = """
Listen 127.0.0.1:{port}
<VirtualHost 127.0.0.1:{port}>
  UseCanonicalName {canonical}
  CustomLog "{root}/access.log" "%m"
  {balancers}
  <Location "/manager">
    SetHandler balancer-manager
    {access}
  </Location>
  ProxyPass "/manager" "!"
  ProxyPass "/" "balancer://shop/"
</VirtualHost>
"""
BALANCER = """
  <Proxy "balancer://{name}">
    {members}
    ProxySet stickysession=JSESSIONID
  </Proxy>
"""
PASSWORD = """
    AuthType Basic
    AuthName manager
    AuthUserFile "{root}/users"
    Require valid-user
"""


def running(*members: str, other: str = "", canonical: str = "Off", access: str = "") -> t.Any:
    """Start an httpd with these members, given as in BalancerMember, and another balancer if wanted."""
    balancers = {"shop": members, **({"blog": (other,)} if other else {})}
    text = "".join(
        BALANCER.format(name=name, members="\n    ".join(f"BalancerMember {member}" for member in there))
        for name, there in balancers.items()
    )
    config = HOST.replace("{balancers}", text).replace("{access}", access).replace("{canonical}", canonical)
    return loopback_httpd.running(config)


def status(httpd: t.Any, **options: t.Any) -> dict[str, str]:
    """Each member's status as httpd itself shows it on its page, where those on sockets are in italics."""
    page = re.sub("</?i>", "", requests.get(httpd.url(), timeout=5, **options).text)
    return dict(re.findall(r'">([^<]*)</a></td>(?:<td>[^<]*</td>){4}<td>([^<]*?) ?</td>', page))


def out(httpd: t.Any, **options: t.Any) -> list[str]:
    return [member for member, words in status(httpd, **options).items() if re.search("Dis|Drn", words)]


# The modules ----------------------------------------------------------------


class Ours:
    """httpd_balancer_member."""

    title = "httpd_balancer_member"

    def set(self, httpd: t.Any, worker: str, state: str, **options: t.Any) -> dict[str, t.Any]:
        return loopback_httpd.member(httpd.url(), worker=worker, state=state, **options)

    def routes(self, httpd: t.Any) -> dict[str, str]:
        found = loopback_httpd.run_module("httpd_balancer_info", manager_url=httpd.url())
        members = [entry for balancer in found["balancers"] for entry in balancer["members"]]
        return {entry["worker"]: entry["route"] for entry in members}


class Theirs:
    """community.general.apache2_mod_proxy. It knows members by host only."""

    title = "community.general.apache2_mod_proxy"

    def __init__(self) -> None:
        self.python = venvs.ensure(sys.executable, *OTHERS) / "bin/python"

    def run(self, httpd: t.Any, worker: str, **options: t.Any) -> dict[str, t.Any]:
        arguments = {
            "balancer_vhost": f"127.0.0.1:{httpd.port}",
            "balancer_url_suffix": "/manager",
            "member_host": urlsplit(worker.rpartition("|")[2]).hostname if worker else None,
            "_ansible_remote_tmp": "/tmp",
            "_ansible_keep_remote_files": False,
            **options,
        }
        ran = subprocess.run(
            [self.python, "-m", "ansible_collections.community.general.plugins.modules.apache2_mod_proxy"],
            input=json.dumps({"ANSIBLE_MODULE_ARGS": arguments}),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        if not ran.stdout:
            return {"failed": True, "msg": ran.stderr.strip().splitlines()[-1]}
        return json.loads(ran.stdout)

    def set(self, httpd: t.Any, worker: str, state: str, **options: t.Any) -> dict[str, t.Any]:
        return self.run(httpd, worker, state=[STATES[state]], **options)

    def routes(self, httpd: t.Any) -> dict[str, str]:
        answer = self.run(httpd, "")
        if answer.get("failed"):
            raise RuntimeError(said(answer))
        return {
            f"{entry['protocol']}://{entry['host']}:{entry['port']}": entry["attributes"]["Route"]
            for entry in answer["members"]
        }


Module = t.Union[Ours, Theirs]


# The cases ------------------------------------------------------------------


@dataclass(frozen=True)
class Verdict:
    """Whether the module did what was asked for, and what it did."""

    right: bool
    text: str


def said(answer: dict[str, t.Any]) -> str:
    """What a module says of its task."""
    if answer.get("failed"):
        return "fails: " + answer["msg"].split(". Supported")[0].splitlines()[-1][:90].replace("|", "/")
    return f"changed={str(answer['changed']).lower()}"


def one_machine(module: Module) -> Verdict:
    """Two members on one machine: disable the second"""
    with loopback_httpd.backend() as first, loopback_httpd.backend() as second:
        one, two = (f"http://127.0.0.1:{port}" for port in (first, second))
        with running(f'"{one}" route=t1', f'"{two}" route=t2') as httpd:
            route = module.routes(httpd)[two]
            module.set(httpd, two, "disabled")
            answer = requests.get(httpd.url("/"), timeout=10).status_code
            gone = out(httpd)
    return Verdict(
        (route, gone, answer) == ("t2", [two], 200),
        f"reads route {route} for it; {len(gone)} of 2 disabled; users get {answer}",
    )


def two_balancers_read(module: Module) -> Verdict:
    """Two balancers in one virtual host: read all members"""
    with running('"http://127.0.0.1:9001" route=t1', other='"http://127.0.0.2:9002" route=t2') as httpd:
        try:
            routes = module.routes(httpd)
        except RuntimeError as error:
            return Verdict(False, str(error))
    expected = {"http://127.0.0.1:9001": "t1", "http://127.0.0.2:9002": "t2"}
    return Verdict(routes == expected, f"reads {len(routes)} members")


def two_balancers_set(module: Module) -> Verdict:
    """Two balancers in one virtual host: disable a member of the second"""
    with running('"http://127.0.0.1:9001" route=t1', other='"http://127.0.0.2:9002" route=t2') as httpd:
        answer = module.set(httpd, "http://127.0.0.2:9002", "disabled")
        gone = out(httpd)
    right = gone == ["http://127.0.0.2:9002"] and bool(answer.get("changed"))
    return Verdict(right, f"{said(answer)}; {len(gone)} disabled")


def ipv6(module: Module) -> Verdict:
    """An IPv6 member: disable it"""
    with running('"ajp://[::1]:9009" route=t1', '"ajp://127.0.0.1:9009" route=t2') as httpd:
        answer = module.set(httpd, "ajp://[::1]:9009", "disabled")
        gone = out(httpd)
    return Verdict(gone == ["ajp://[::1]:9009"], f"{said(answer)}; {len(gone)} disabled")


def unix_socket(module: Module) -> Verdict:
    """A member on a unix socket: disable it"""
    with running('"unix:/run/t1.sock|http://t1" route=t1', '"http://127.0.0.1:9002" route=t2') as httpd:
        answer = module.set(httpd, "unix:/run/t1.sock|http://t1", "disabled")
        gone = out(httpd)
    return Verdict(gone == ["unix:/run/t1.sock|http://t1"], f"{said(answer)}; {len(gone)} disabled")


def similar_addresses(module: Module) -> Verdict:
    """Members 127.0.0.10 (disabled) and 127.0.0.1: disable 127.0.0.1"""
    members = ['"http://127.0.0.10:9001" route=t10 status=+D', '"http://127.0.0.1:9001" route=t1']
    with running(*members, '"http://127.0.0.2:9001" route=t2') as httpd:
        answer = module.set(httpd, "http://127.0.0.1:9001", "disabled")
        gone = out(httpd)
    right = bool(answer.get("changed")) and set(gone) == {"http://127.0.0.10:9001", "http://127.0.0.1:9001"}
    return Verdict(
        right, f"{said(answer)}; 127.0.0.1 is {'disabled' if 'http://127.0.0.1:9001' in gone else 'enabled'}"
    )


def canonical_name(module: Module) -> Verdict:
    """`UseCanonicalName On`, manager asked by address: disable a member"""
    with running('"http://127.0.0.1:9001" route=t1', canonical="On") as httpd:
        answer = module.set(httpd, "http://127.0.0.1:9001", "disabled")
        gone = out(httpd)
    return Verdict(bool(gone), f"{said(answer)}; the member is {'disabled' if gone else 'still enabled'}")


def standby(module: Module) -> Verdict:
    """A hot standby: drain it and enable it"""
    with running('"http://127.0.0.1:9001" route=t1', '"http://127.0.0.2:9001" route=t2 status=+H') as httpd:
        for state in ("draining", "enabled"):
            module.set(httpd, "http://127.0.0.2:9001", state)
        kept = "Stby" in status(httpd)["http://127.0.0.2:9001"]
    return Verdict(kept, "it is a standby again" if kept else "it has become an active member")


def password(module: Module) -> Verdict:
    """A manager with a password: disable a member"""
    with running('"http://127.0.0.1:9001" route=t1', access=PASSWORD) as httpd:
        login = {"url_username": "operator", "url_password": "secret"}
        answer = module.set(httpd, "http://127.0.0.1:9001", "disabled", **login)
        gone = out(httpd, auth=("operator", "secret"))
    return Verdict(bool(gone), said(answer))


def nonce(module: Module) -> Verdict:
    """The nonce, with which anybody on the way could change members"""
    with running('"http://127.0.0.1:9001" route=t1') as httpd:
        found = re.findall(r"nonce=([-0-9a-f]{36})", requests.get(httpd.url(), timeout=5).text)
        shown = found[0] in json.dumps(module.set(httpd, "http://127.0.0.1:9001", "disabled"))
    return Verdict(not shown, "is in what the module returns" if shown else "stays in the module")


def nothing_to_do(module: Module) -> Verdict:
    """Disable a disabled member"""
    with running('"http://127.0.0.1:9001" route=t1 status=+D') as httpd:
        answer = module.set(httpd, "http://127.0.0.1:9001", "disabled")
        posts = (httpd.root / "access.log").read_text().split().count("POST")
    return Verdict(posts == 0 and not answer["changed"], f"{said(answer)}; changes sent: {posts}")


def in_flight(module: Module) -> Verdict:
    """Disable a member that has a request in flight, and wait for its end"""
    with loopback_httpd.backend() as port, running(f'"http://127.0.0.1:{port}" route=t1') as httpd:
        slow = threading.Thread(target=requests.get, args=[httpd.url("/slow")], kwargs={"timeout": 60})
        slow.start()
        loopback_httpd.Backend.started.wait(10)
        threading.Timer(3, loopback_httpd.Backend.let_go.set).start()
        answer = module.set(httpd, f"http://127.0.0.1:{port}", "disabled", wait="idle", timeout=20)
        over = not slow.is_alive()
        slow.join()
    return Verdict(over and bool(answer.get("changed")), f"{said(answer)}{'; the request is over' if over else ''}")


def more_settings(module: Module) -> Verdict:
    """Load factor, set, spare, route of a member"""
    with running('"http://127.0.0.1:9001" route=t1', '"http://127.0.0.2:9001" route=t2') as httpd:
        wanted = {"load_factor": 1.15, "lbset": 2, "spare": True, "new_route": "n1"}
        answer = module.set(httpd, "http://127.0.0.1:9001", "enabled", **wanted)
        row = requests.get(httpd.url(), timeout=5).text.split("</a></td>")[1]
    return Verdict(row.startswith("<td>n1</td><td></td><td>1.15</td><td>2</td><td>Init Spar Ok"), said(answer))


def diff(module: Module) -> Verdict:
    """`--diff`"""
    with running('"http://127.0.0.1:9001" route=t1') as httpd:
        answer = module.set(httpd, "http://127.0.0.1:9001", "disabled", _ansible_diff=True)
    shown = answer.get("diff")
    return Verdict(bool(shown), f"{shown['before'].strip()} -> {shown['after'].strip()}" if shown else "nothing")


CASES = [
    *(
        one_machine,
        two_balancers_read,
        two_balancers_set,
        ipv6,
        unix_socket,
        similar_addresses,
        canonical_name,
        standby,
        password,
        nonce,
    ),
    *(nothing_to_do, in_flight, more_settings, diff),
]


def main() -> str:
    """Run every case with both modules and return the table."""
    modules: list[Module] = [Theirs(), Ours()]
    lines = [["case", *(module.title for module in modules)], ["---"] * 3]
    for case in CASES:
        verdicts = [case(module) for module in modules]
        lines.append([str(case.__doc__), *(f"{'right' if it.right else 'wrong'}: {it.text}" for it in verdicts)])
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


if __name__ == "__main__":
    print(main(), end="")
