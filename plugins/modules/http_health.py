#!/usr/bin/python
# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: http_health
short_description: Wait until an application answers as it should, several times in a row
description:
  - Asks a URL over HTTP, HTTPS or AJP until the wanted number of good answers came in a row, or a deadline is over.
  - A good answer has one of the wanted statuses and, if asked for, a body that matches a pattern.
  - On failure it tells what did come, how often and when, and lines of Tomcat's logs where it is told their names.
  - Asks from the host that the task runs on, each time with a new connection, without proxies, and follows no redirect.
options:
  url:
    description:
      - What to ask, as C(http://198.18.0.3:8080/app/health), C(https://...) or C(ajp://198.18.0.3:8009/app/health).
    type: str
    required: true
  method:
    description: The request's method. A pattern needs V(GET).
    type: str
    choices: [GET, HEAD]
    default: GET
  ajp_secret:
    description: The C(secret) of the AJP connector. Tomcat answers 403 to a wrong one.
    type: str
  headers:
    description:
      - Headers to send, as C(Host) for an application of a named virtual host.
    type: dict
    default: {}
  status:
    description: The statuses that count as good.
    type: list
    elements: int
    default: [200]
  pattern:
    description:
      - A Python regular expression to be found in the body.
      - The literal C({version}) in it stands for O(version), escaped.
    type: str
  version:
    description: The release that must answer, where O(pattern) has C({version}) in it. Else it is not looked at.
    type: str
  successes:
    description: How many good answers in a row are wanted.
    type: int
    default: 2
  timeout:
    description: The deadline for all of them, in seconds. A request that runs then is waited for.
    type: float
    default: 120.0
  hold:
    description:
      - How long it must stay good after that, in seconds (a soak). O(timeout) does not count this time.
      - Any answer that is not good fails the task at once.
    type: float
    default: 0.0
  interval:
    description: Time between two requests, in seconds.
    type: float
    default: 0.5
  request_timeout:
    description: How long one request may take, in seconds.
    type: float
    default: 5.0
  validate_certs:
    description: Whether the certificate of an C(https) URL must be valid.
    type: bool
    default: true
  ca_path:
    description: File or directory of the certificates to trust. By default those that the system trusts.
    type: path
  log_files:
    description:
      - Logs to look into on failure, on the host that the task runs on. Of the files that a shell pattern matches,
        the newest is read.
      - They must be written by Tomcat's own C(OneLineFormatter), as C(logs/catalina.*.log) and C(logs/localhost.*.log) are.
    type: list
    elements: str
    default: []
  log_lookback:
    description:
      - How far back from the beginning of the wait a line counts, in seconds, by the host's clock and time zone.
    type: float
    default: 60.0
attributes:
  check_mode:
    support: full
    details:
      - Asks as in a real run, it changes nothing.
  diff_mode:
    support: N/A
    details:
      - This module does not modify state.
  idempotent:
    support: full
    details:
      - This module does not modify state.
author:
  - roundrobin.tomcat contributors (@roundrobin)
extends_documentation_fragment:
  - roundrobin.tomcat._attributes
seealso:
  - module: roundrobin.tomcat.tomcat_webapp
"""

EXAMPLES = r"""
- name: Wait until release 1.4.2 answers on the instance itself, three times in a row
  roundrobin.tomcat.http_health:
    url: http://198.18.0.3:8080/health
    pattern: "^version={version}$"
    version: 1.4.2
    successes: 3
    timeout: 90
    log_files:
      - /var/opt/tomcat/jvm1/logs/catalina.*.log
      - /var/opt/tomcat/jvm1/logs/localhost.*.log

- name: See that it stays so for five minutes
  roundrobin.tomcat.http_health:
    url: http://198.18.0.3:8080/health
    hold: 300
    interval: 2

- name: The same where only AJP is on
  roundrobin.tomcat.http_health:
    url: ajp://198.18.0.3:8009/health
    ajp_secret: "{{ tomcat_instance_ajp_secret }}"
"""

RETURN = r"""
url:
  description: What was asked.
  returned: always
  type: str
status:
  description: Status of the last answer, or null if there was none.
  returned: always
  type: int
  sample: 200
latency_ms:
  description: How long the last answer took, in milliseconds.
  returned: always
  type: float
  sample: 3.2
body:
  description: The beginning of the last body, in one line.
  returned: always
  type: str
  sample: status=ok version=1.4.2
tries:
  description: How many requests were made.
  returned: always
  type: int
seconds:
  description: How long it took to become healthy, in seconds.
  returned: always
  type: float
held:
  description: For how many seconds it stayed good after that, V(null) if it never became healthy.
  returned: always
  type: float
evidence:
  description: What came, in order. The same outcome several times in a row is one entry.
  returned: always
  type: list
  elements: dict
  contains:
    outcome:
      description: What came.
      type: str
      sample: connection refused
    count:
      description: How often in a row.
      type: int
    first:
      description: When first, in seconds since the beginning.
      type: float
    last:
      description: When last.
      type: float
log_lines:
  description: What the logs had as SEVERE, with the heads of stack traces.
  returned: on failure, if O(log_files) are given
  type: list
  elements: str
"""

import typing as t
from datetime import datetime, timedelta

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.roundrobin.tomcat.plugins.module_utils._errors import CollectionError
from ansible_collections.roundrobin.tomcat.plugins.module_utils._limits import OF_A_QUESTION, check_limits
from ansible_collections.roundrobin.tomcat.plugins.module_utils._tomcat.ask import make_ask
from ansible_collections.roundrobin.tomcat.plugins.module_utils._tomcat.health import (
    Target,
    build_expectation,
    failure_message,
    parse_url,
    result,
    wait_healthy,
)
from ansible_collections.roundrobin.tomcat.plugins.module_utils._tomcat.log import read_logs
from ansible_collections.roundrobin.tomcat.plugins.module_utils._wait import SystemClock

ARGUMENTS = {
    "url": {"type": "str", "required": True},
    "method": {"type": "str", "choices": ["GET", "HEAD"], "default": "GET"},
    "ajp_secret": {"type": "str", "no_log": True},
    "headers": {"type": "dict", "default": {}},
    "status": {"type": "list", "elements": "int", "default": [200]},
    "pattern": {"type": "str"},
    "version": {"type": "str"},
    "successes": {"type": "int", "default": 2},
    "timeout": {"type": "float", "default": 120.0},
    "hold": {"type": "float", "default": 0.0},
    "interval": {"type": "float", "default": 0.5},
    "request_timeout": {"type": "float", "default": 5.0},
    "validate_certs": {"type": "bool", "default": True},
    "ca_path": {"type": "path"},
    "log_files": {"type": "list", "elements": "str", "default": []},
    "log_lookback": {"type": "float", "default": 60.0},
}

A_DAY = (0, 86400)
LIMITS = {
    "successes": (1, 1000),
    "timeout": A_DAY,
    "hold": A_DAY,
    "interval": OF_A_QUESTION,
    "request_timeout": OF_A_QUESTION,
    "log_lookback": A_DAY,
}


def check_params(params: dict[str, t.Any]) -> Target:
    """Refuse what cannot work, before anything is asked."""
    check_limits(params, LIMITS)
    if params["method"] == "HEAD" and params["pattern"] is not None:
        raise CollectionError("method HEAD brings no body that pattern could match: use GET")
    target = parse_url(params["url"])
    if target.scheme != "ajp" and params["ajp_secret"] is not None:
        raise CollectionError(f"ajp_secret is given, but url {params['url']!r} is not ajp://")
    return target


def main() -> None:
    """Read the options, wait, answer."""
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    params = module.params
    began = datetime.now()
    try:
        target = check_params(params)
        expectation = build_expectation(params["status"], params["pattern"], params["version"])
        ask = make_ask(
            target,
            method=params["method"],
            headers=params["headers"],
            secret=params["ajp_secret"],
            timeout=params["request_timeout"],
            verify=(params["ca_path"] or True) if params["validate_certs"] else False,
        )
        health = wait_healthy(
            ask,
            expectation,
            successes=params["successes"],
            timeout=params["timeout"],
            interval=params["interval"],
            clock=SystemClock(),
            hold=params["hold"],
        )
    except CollectionError as error:
        module.fail_json(msg=error.message, **error.details)
    answer = result(target.url, health)
    if health.healthy:
        module.exit_json(changed=False, **answer)
    if params["log_files"]:
        answer["log_lines"] = read_logs(params["log_files"], began - timedelta(seconds=params["log_lookback"]))
    module.fail_json(msg=failure_message(target.url, health, params["successes"], params["hold"]), **answer)


if __name__ == "__main__":
    main()
