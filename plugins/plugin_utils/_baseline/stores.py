# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is demanded of the session stores."""

# Private to this collection.

from __future__ import annotations

from .lines import Facts, Line, Verdict, all_right, exposure, listens_on_one_address, units_run, users


def udp(found: Facts, wants: Facts) -> Verdict:
    """Its answers could be aimed at others."""
    wrong = [f"UDP port {port} is open: -U 0 is wanted" for port in wants["ports"] if port in found["udp"]]
    return all_right(wrong, "no UDP")


def clients(found: Facts, wants: Facts) -> Verdict:
    """The kernel lets in whom the role was given."""
    wrong = units_run(found)
    wrong += [
        f"everybody may connect to {name}: list {wants['clients_variable']}"
        for name, unit in found["units"].items()
        if not unit["denies_addresses"]
    ]
    return all_right(wrong, "IPAddressDeny, but for its clients")


BOTH = (
    Line(("store-address",), "it listens on one address", listens_on_one_address),
    Line(("store-clients",), "only its clients may connect", clients),
    Line(("store-user",), "a user of its own, who cannot log in", users),
    Line(("systemd-exposure",), "sandbox of systemd, 1.3 or better", exposure),
)
MEMCACHED = (Line(("CVE-2018-1000115",), "no UDP", udp), *BOTH)
REDIS = BOTH
