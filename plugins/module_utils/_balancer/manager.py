# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Talk to httpd's balancer-manager: read it, and change a member so that it is sure to have changed.

httpd answers 200 to every change it ignores (no Referer, another server name, a
stale nonce, an unknown worker), so nothing here trusts an answer to a write: the
manager is read again and the settings are compared.

Pure but for the ``fetch`` callable that is passed in.
"""

# Private to this collection.

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass
from html import unescape
from urllib.parse import quote, urlencode, urlsplit, urlunsplit

from .model import (
    STATES,
    SWITCHES,
    Balancer,
    ManagerError,
    Member,
    MemberSettings,
    Setting,
    Unreachable,
    find,
)
from .pages import (
    is_xml,
    parse_html,
    parse_server_name,
    parse_xml,
    with_details,
    with_nonces,
)

# httpd's own limit on the body of a change (mod_proxy_balancer.c).
MAX_FORM = 1024

Balancers = tuple[Balancer, ...]


@dataclass(frozen=True)
class Response:
    """What fetch returns."""

    status: int
    text: str


class Fetch(t.Protocol):
    """One HTTP request; raises Unreachable when there is no whole answer."""

    def __call__(self, method: str, url: str, headers: t.Mapping[str, str], body: t.Optional[str]) -> Response:
        """Send it."""


# The form of a change -------------------------------------------------------


def fields(member: Member, name: str, value: Setting) -> dict[str, str]:
    """The form fields of one setting; of the flags only those that must change."""
    if name == "state":
        flags = STATES[str(value)]
        return {f"w_status_{flag}": "01"[on] for flag, on in flags.items() if (flag in member.flags) != on}
    if name in SWITCHES:
        return {f"w_status_{SWITCHES[name]}": "01"[bool(value)]}
    if name == "load_factor":
        # httpd cuts off after the second decimal, in binary: of 1.15 it would make 1.14.
        return {"w_lf": f"{value:.2f}5"}
    return {{"lbset": "w_ls", "route": "w_wr"}[name]: str(value)}


def escaped(content: t.Mapping[str, str]) -> str:
    """Form fields as httpd takes them: it unescapes every value a second time after the form's own escaping."""
    return urlencode({name: value.replace("%", "%25") for name, value in content.items()}, quote_via=quote)


def form(balancer: Balancer, member: Member, changes: MemberSettings) -> str:
    """The body of the POST that makes these changes."""
    content = {"b": balancer.name, "w": member.name, "nonce": balancer.nonce}
    for name, value in changes.items():
        content.update(fields(member, name, value))
    body = escaped(content)
    if len(body) > MAX_FORM:
        raise ManagerError(f"the change of {member.worker} takes {len(body)} bytes, and httpd reads {MAX_FORM} at most")
    return body


def knows_member(page: str) -> bool:
    """Whether httpd took in the form that this page answers, up to the member that it names."""
    return "<h3>Edit worker settings for " in page


def refusal(page: str) -> str:
    """Tell from the page that answers a change how far httpd followed it."""
    if knows_member(page):
        return "it knows the member, but did not accept the nonce or the value"
    if "<h3>Edit balancer settings for " in page:
        return "it knows the balancer, but not the member"
    name = parse_server_name(page)
    if name is not None:
        return f"it ignored the whole form, as it does when the Referer's host is not its server name, {name!r}"
    return "its answer is no balancer-manager's page"


def refuse_without_nonce(balancer: Balancer) -> None:
    """Raise for a balancer that httpd never changes."""
    if not balancer.nonce:
        raise ManagerError(
            f"balancer {balancer.name!r} cannot be managed: the manager gives it no nonce "
            "(nonce=None in its configuration turns every change off)"
        )


# The manager ----------------------------------------------------------------


class BalancerManager:
    """One balancer-manager page."""

    def __init__(self, fetch: Fetch, url: str) -> None:
        """Check the URL; nothing is sent yet."""
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
            raise ManagerError(
                f"manager_url {url!r} is not usable: write http(s)://host[:port]/path without a query, "
                "as in http://127.0.0.1:9080/balancer-manager"
            )
        if parts.username or parts.password:
            raise ManagerError("manager_url holds a user name: put it into url_username and url_password")
        self._fetch = fetch
        self._url = url
        self._referer = urlunsplit((parts.scheme, parts.netloc, "/", "", ""))

    def read(self) -> Balancers:
        """Read all balancers, with what is needed to change them."""
        page = self._get("?xml=1")
        if not is_xml(page):
            page = self._get_by_its_own_name(page)
        if not is_xml(page):
            return parse_html(page)
        balancers = parse_xml(page)
        if all(balancer.nonce for balancer in balancers):
            return balancers
        return with_nonces(balancers, self._get(""))

    def read_details(self) -> Balancers:
        """Read all balancers with their health checks."""
        return with_details(self.read(), self._get(""))

    def write(
        self, balancer: Balancer, member: Member, changes: MemberSettings, read: t.Callable[[], Balancers]
    ) -> tuple[Balancer, Member]:
        """Make the changes once, and return what read then shows; fail if that is not what was asked for."""
        refuse_without_nonce(balancer)
        body = form(balancer, member, changes)
        try:
            reason = refusal(self._request("POST", "", body))
        except Unreachable as error:
            # It may have been done all the same.
            reason = error.message
        balancer_after, after = find(read(), balancer.name, member.worker, None)
        missing = after.differences(changes)
        if not missing:
            return balancer_after, after
        if balancer_after.nonce != balancer.nonce:
            reason = "its nonce has changed meanwhile, as when httpd is restarted; run the task again"
        elif "load_factor" in missing and len(balancer.members) == 1:
            reason = "it keeps the load factor of an only member at 1"
        asked = ", ".join(f"{name} {value}" for name, value in missing.items())
        raise ManagerError(
            f"httpd did not set {asked} on {member.worker} of balancer {balancer.name!r}: {reason} "
            f"(its status is {after.status!r})",
            state_before=member.state,
            state_after=after.state,
        )

    def try_out(self, balancer: Balancer, member: Member) -> None:
        """Ask for the member's own page, without changing it; fail if httpd would not follow a change.

        It judges the Referer of that request as it would that of a change.
        """
        refuse_without_nonce(balancer)
        page = self._get("?" + escaped({"b": balancer.name, "w": member.name}))
        if not knows_member(page):
            raise ManagerError(
                f"httpd would not change {member.worker} of balancer {balancer.name!r}: {refusal(page)}",
                state_before=member.state,
                state_after=member.state,
            )

    def _get(self, query: str) -> str:
        return self._request("GET", query, None)

    def _get_by_its_own_name(self, page: str) -> str:
        """Ask again as somebody who knows the server by the name that it gives itself in the HTML view.

        It shows that view instead of XML when the Referer's host is another name (UseCanonicalName On).
        """
        name = parse_server_name(page)
        if name is None:
            failure = ManagerError if "</html>" in page else Unreachable
            raise failure(f"{self._url} answers, but not with a balancer-manager's page")
        referer = f"http://[{name}]/" if ":" in name else f"http://{name}/"
        if referer == self._referer:
            return page
        self._referer = referer
        return self._get("?xml=1")

    def _request(self, method: str, query: str, body: t.Optional[str]) -> str:
        headers = {"Referer": self._referer}
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        answer = self._fetch(method, self._url + query, headers, body)
        if answer.status == 200:
            return answer.text
        hints = {
            401: "the user name or the password is wrong or missing",
            403: "httpd does not let this client in; the manager is usually open to the machine itself only",
            404: "there is no balancer-manager at this path",
        }
        hint = hints.get(answer.status, "a balancer-manager answers 200")
        failure = Unreachable if answer.status >= 500 else ManagerError
        raise failure(f"{self._url} answered {_title(answer)}: {hint}")


def _title(answer: Response) -> str:
    """The status, in the answer's own words if it has any."""
    found = re.search(rf"<title>({answer.status} [^<]*)</title>", answer.text)
    return unescape(found.group(1)).strip() if found else str(answer.status)
