# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stands in for a Tomcat: says who it is and which path it was asked for; /held is answered once /let-go is asked."""

from __future__ import annotations

import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PORT = int(sys.argv[1])
let_go = threading.Event()


class Backend(BaseHTTPRequestHandler):
    """Answers every GET."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Tell the route of this backend and the path."""
        if self.path.endswith("/held"):
            let_go.clear()
            let_go.wait()
        elif self.path.endswith("/let-go"):
            let_go.set()
        body = f"t{PORT - 8080} {self.path}".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


ThreadingHTTPServer(("127.0.0.1", PORT), Backend).serve_forever()
