# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One user whose requests are sent one by one: to a certain instance, and as long as a test needs them to take."""

from __future__ import annotations

import hashlib
import random
import time
import typing as t

import requests

CHUNKS_PER_S = 4
TIMEOUT_S = 120


class Slowly:
    """A request's body that takes so many seconds; its length is known from the start."""

    def __init__(self, body: bytes, seconds: float) -> None:
        self._body = body
        self._step = max(1, int(len(body) / (seconds * CHUNKS_PER_S)))

    def __len__(self) -> int:
        return len(self._body)

    def __iter__(self) -> t.Iterator[bytes]:
        for start in range(0, len(self._body), self._step):
            yield self._body[start : start + self._step]
            time.sleep(1 / CHUNKS_PER_S)


class Browser:
    """Logged in on the instance with this route; every method returns what the application answered."""

    def __init__(self, url: str, route: str) -> None:
        self.url = url.rstrip("/")
        self._session = requests.Session()
        self._session.trust_env = False
        # A session that nobody knows, but its route leads there.
        login = requests.post(
            f"{self.url}/login",
            {"user": "browser", "password": "any"},
            headers={"Cookie": f"JSESSIONID=new.{route}"},
            allow_redirects=False,
            timeout=TIMEOUT_S,
        )
        login.raise_for_status()
        self._session.cookies.update(login.cookies)

    def count(self, seconds: float = 0) -> dict[str, t.Any]:
        """Count in the session, and wait that long for the answer."""
        return self._answer(self._session.get(f"{self.url}/counter?ms={seconds * 1000:.0f}", timeout=TIMEOUT_S))

    def whoami(self) -> dict[str, t.Any]:
        """Look at the session without touching it."""
        return self._answer(self._session.get(f"{self.url}/whoami", timeout=TIMEOUT_S))

    def logout(self) -> dict[str, t.Any]:
        """End the session."""
        return self._answer(self._session.get(f"{self.url}/logout", timeout=TIMEOUT_S))

    def upload(self, size: int, seconds: float) -> dict[str, t.Any]:
        """Send so many bytes, slowly; what arrived must be what was sent."""
        body = random.randbytes(size)
        answer = self._answer(self._session.post(f"{self.url}/upload", Slowly(body, seconds), timeout=TIMEOUT_S))
        if (answer["bytes"], answer["sha256"]) != (size, hashlib.sha256(body).hexdigest()):
            raise RuntimeError(f"{size} bytes were sent, the application got {answer}")
        return answer

    @staticmethod
    def _answer(response: requests.Response) -> dict[str, t.Any]:
        response.raise_for_status()
        content: dict[str, t.Any] = response.json()
        return content
