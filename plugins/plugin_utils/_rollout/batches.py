# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who goes out together in a rollout, and who stays up meanwhile."""

# Private to this collection.

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from .readings import Seat
from .words import Place

Serial = t.Sequence[t.Union[int, str]]


def batch_size(step: int | str, hosts: int) -> int:
    """Read one item of a play's C(serial) as Ansible does (its pct_to_int); 0 and less stand for all hosts."""
    if isinstance(step, str) and step.endswith("%"):
        return int(int(step.replace("%", "")) / 100.0 * hosts) or 1
    return int(step)


def form_batches(
    order: t.Sequence[str], machines: t.Mapping[str, str], serial: Serial, hosts: int, allow_same_machine: bool
) -> list[list[str]]:
    """Cut the order into batches by C(serial), its last item repeated.

    hosts: how many a percentage is of.
    An instance whose machine is in the batch already waits for the next one.
    """
    waiting = list(order)
    batches: list[list[str]] = []
    while waiting:
        step = serial[min(len(batches), len(serial) - 1)] if serial else 0
        size = batch_size(step, hosts)
        batch: list[str] = []
        used: set[str] = set()
        for host in list(waiting):
            if 0 < size <= len(batch):
                break
            if allow_same_machine or machines[host] not in used:
                batch.append(host)
                used.add(machines[host])
                waiting.remove(host)
        batches.append(batch)
    return batches


def used(seats: t.Sequence[Seat]) -> list[Seat]:
    """Those of usable members that get requests. httpd uses a hot standby when no other member is left only."""
    return [seat for seat in seats if not seat.standby] or list(seats)


@dataclass(frozen=True)
class Standing:
    """One place during one batch."""

    place: Place
    batch: int
    # Who is out for the batch and would serve else, and who serves meanwhile.
    taken: tuple[str, ...]
    up: tuple[str, ...]

    def breaks(self, min_available: int) -> bool:
        """Whether the batch takes away what the place may not miss. A batch that takes nobody out harms nobody."""
        return bool(self.taken) and len(self.up) < min_available


def standings(
    batches: t.Sequence[t.Sequence[str]],
    seats: t.Mapping[Place, t.Sequence[Seat]],
    serves: t.Callable[[Place, Seat], bool],
    serves_afterwards: t.Callable[[Place, Seat], bool],
    *,
    taken_out: bool,
) -> list[list[Standing]]:
    """Follow every place through the batches; the members of a batch are back when the next one begins.

    taken_out: whether the members of a batch are out of service meanwhile.
    """
    found: list[list[Standing]] = []
    done: set[str] = set()
    rolled = {host for batch in batches for host in batch}
    # Asked once for each seat, not once for each batch.
    before = {place: [serves(place, seat) for seat in members] for place, members in seats.items()}
    after = {
        place: [seat.host in rolled and serves_afterwards(place, seat) for seat in members]
        for place, members in seats.items()
    }
    for number, batch in enumerate(batches, 1):
        out = set(batch) if taken_out else set()
        during: list[Standing] = []
        for place, members in seats.items():
            serving = [
                seat
                for seat, was, will in zip(members, before[place], after[place])
                if (will if seat.host in done else was)
            ]
            staying = [seat for seat in serving if seat.host not in out]
            up = used(staying)
            taken = tuple(seat.host for seat in serving if seat.host in out)
            during.append(Standing(place, number, taken, tuple(seat.host for seat in up)))
        found.append(during)
        done.update(batch)
    return found
