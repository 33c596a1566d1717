# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The two views of httpd's balancer-manager, read into the same model.

The XML view has all that a change needs (but the nonce in newer versions only). The HTML view has the nonce in every version,
and the health checks; its tables are read by the names of their columns.
"""

# Private to this collection.

from __future__ import annotations

import re
import typing as t
from dataclasses import replace
from html import unescape
from xml.etree import ElementTree as ET

from .model import (
    Balancer,
    HealthCheck,
    ManagerError,
    Member,
    Unreachable,
    balancer_name,
    canonical,
    parse_flags,
)

NAMESPACE = "{http://httpd.apache.org}"
ENTITY = r"&(?:amp|lt|gt|quot|apos|#\d+);"

Texts = t.Callable[[str], str]


def is_xml(page: str) -> bool:
    """Whether this is the XML view, whole or not."""
    return "<httpd:manager" in page


def parse_server_name(page: str) -> t.Optional[str]:
    """Read the server name that httpd compares the Referer with, from the head line of the HTML view."""
    found = re.search(r"<h1>Load Balancer Manager for ([^<]+)</h1>", page)
    return unescape(found.group(1)).strip() if found else None


# XML ------------------------------------------------------------------------


def parse_xml(text: str) -> tuple[Balancer, ...]:
    """Read the XML view."""
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise ManagerError("the manager's XML has a document type, which httpd never sends")
    # httpd writes the names of balancers and members as they are, ampersands too.
    text = re.sub(rf"(?!{ENTITY})&", "&amp;", text)
    try:
        # The document comes from httpd as text; its declaration names UTF-8 whatever was sent.
        root = ET.fromstring(text.encode("utf-8"))
    except ET.ParseError as error:
        raise Unreachable(f"the manager's XML is damaged or cut short ({error})") from error
    if root.tag != NAMESPACE + "manager":
        raise ManagerError(f"the answer is XML, but not a balancer-manager's (its root is {root.tag})")
    return tuple(_xml_balancer(element) for element in root.iter(NAMESPACE + "balancer"))


def _xml_texts(element: ET.Element) -> Texts:
    return lambda tag: (element.findtext(NAMESPACE + tag) or "").strip()


def _xml_balancer(element: ET.Element) -> Balancer:
    text = _xml_texts(element)
    name = balancer_name(text("name"))
    return Balancer(
        name=name,
        members=tuple(_xml_member(name, _xml_texts(worker)) for worker in element.iter(NAMESPACE + "worker")),
        lbmethod=text("lbmethod"),
        sticky_session=text("stickysession"),
        nofailover=text("nofailover") == "On",
        timeout=_whole(text("timeout") or "0"),
        max_attempts=_whole(text("maxattempts")) if text("maxattempts") else None,
        nonce=text("nonce"),
    )


def _xml_member(balancer: str, text: Texts) -> Member:
    return Member(
        balancer=balancer,
        name=text("name"),
        worker=canonical(text("name")),
        route=text("route"),
        status=text("status"),
        flags=parse_flags(text("status")),
        elected=_whole(text("elected") or "0"),
        busy=_whole(text("busy") or "0"),
        load_factor=_decimal(text("loadfactor") or "1"),
        lbset=_whole(text("lbset") or "0"),
        retries=_whole(text("retries") or "0"),
    )


# HTML -----------------------------------------------------------------------


class _Row(dict[str, str]):
    """The cells of one row by the names of their columns."""

    def __missing__(self, column: str) -> str:
        raise ManagerError(f"the manager's page has no column {column!r}, only {', '.join(self) or 'none'}")


def parse_html(page: str) -> tuple[Balancer, ...]:
    """Read the HTML view."""
    if "</html>" not in page:
        raise Unreachable("the manager's page is cut short (it has no </html>)")
    return tuple(_html_balancer(section) for section in page.split("<h3>LoadBalancer Status for ")[1:])


def with_nonces(balancers: t.Sequence[Balancer], page: str) -> tuple[Balancer, ...]:
    """Add the nonces, which the XML view of an older httpd lacks."""
    nonces = {shown.name: shown.nonce for shown in parse_html(page)}
    return tuple(replace(known, nonce=nonces.get(known.name, "")) for known in balancers)


def with_details(balancers: t.Sequence[Balancer], page: str) -> tuple[Balancer, ...]:
    """Add all that only the HTML view has."""
    shown = {balancer.name: balancer for balancer in parse_html(page)}
    return tuple(_with_details(known, shown.get(known.name, known)) for known in balancers)


def _with_details(known: Balancer, shown: Balancer) -> Balancer:
    checks = {member.name: member.health_check for member in shown.members}
    return replace(
        known,
        sticky_session=shown.sticky_session,
        max_attempts=shown.max_attempts,
        members=tuple(replace(member, health_check=checks.get(member.name)) for member in known.members),
    )


def _html_balancer(section: str) -> Balancer:
    head = re.match(r'<a href=["\'](?P<link>[^"\']*)["\']>(?P<name>.*?)</a>', section)
    tables = re.findall(r"<table>(.*?)</table>", section, re.DOTALL)
    if head is None or len(tables) < 2:
        raise ManagerError("the manager's page is not built like any known balancer-manager's")
    nonce = re.search(r"nonce=([^&]*)$", head["link"])
    name = balancer_name(_plain(head["name"]))
    (row,) = _rows(tables[0])
    return Balancer(
        name=name,
        members=tuple(_html_member(name, member) for member in _rows(tables[1])),
        lbmethod=row["Method"],
        sticky_session="" if row["StickySession"] == "(None)" else row["StickySession"].replace(" | ", "|"),
        nofailover=row["DisableFailover"] == "On",
        timeout=_whole(row["Timeout"]),
        max_attempts=_whole(row["FailoverAttempts"]),
        nonce=nonce.group(1) if nonce else "",
    )


def _html_member(balancer: str, row: _Row) -> Member:
    return Member(
        balancer=balancer,
        name=row["Worker URL"],
        worker=canonical(row["Worker URL"]),
        route=row["Route"],
        status=row["Status"],
        flags=parse_flags(row["Status"]),
        elected=_whole(row["Elected"]),
        busy=_whole(row["Busy"]),
        load_factor=_decimal(row["Factor"]),
        lbset=_whole(row["Set"]),
        health_check=_health_check(row),
    )


def _health_check(row: _Row) -> t.Optional[HealthCheck]:
    """Read the columns that are there when mod_proxy_hcheck is loaded."""
    if row.get("HC Method", "NONE") == "NONE":
        return None
    passes, passed = _triggers(row["Passes"])
    fails, failed = _triggers(row["Fails"])
    return HealthCheck(
        method=row["HC Method"],
        interval=_whole(row["HC Interval"].removesuffix("ms")) / 1000,
        passes=passes,
        fails=fails,
        passed=passed,
        failed=failed,
        uri=row["HC uri"],
        expression=row["HC Expr"],
    )


def _triggers(text: str) -> tuple[int, int]:
    """Read "3 (1)": how many are needed, and how many there were."""
    needed, _space, counted = text.partition(" ")
    return _whole(needed), _whole(counted.strip("()"))


def _rows(table: str) -> list[_Row]:
    header, *rows = re.split(r"</tr>\s*<tr>", table)
    columns = re.findall(r"<th>(.*?)</th>", header)
    all_cells = [re.findall(r"<td>(.*?)</td>", row, re.DOTALL) for row in rows]
    if any(len(cells) != len(columns) for cells in all_cells):
        raise ManagerError(f"the manager's page has a row that is not of the columns {', '.join(columns)}")
    return [_Row(zip(columns, map(_plain, cells))) for cells in all_cells]


def _plain(cell: str) -> str:
    """Strip the link around a name, and decode whole entities only: httpd writes names with bare ampersands."""
    return re.sub(ENTITY, lambda found: unescape(found[0]), re.sub(r"</?[ai]\b[^>]*>", "", cell)).strip()


# Numbers --------------------------------------------------------------------


def _whole(text: str) -> int:
    try:
        return int(text)
    except ValueError as error:
        raise _no_number(text) from error


def _decimal(text: str) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise _no_number(text) from error


def _no_number(text: str) -> ManagerError:
    return ManagerError(f"the manager shows {text!r} where a number should be")
