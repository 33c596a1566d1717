#!/usr/bin/python
# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: baseline_info
short_description: Read what a host shows of its safety
description:
  - Returns what the playbook C(verify) judges. This is how processes run, whom files are open to, what XML files say, and what servers answer.
  - It changes nothing. What is right is decided on the controller, by P(roundrobin.tomcat.baseline#filter).
  - A file or a process that is not there is an answer like any other.
options:
  units:
    description: Units of systemd, with their endings.
    type: list
    elements: str
    default: []
  java_options:
    description: How options of a command line begin that are returned. All others may hold secrets and stay hidden.
    type: list
    elements: str
    default: []
  trees:
    description: Files and directories. Whom they are open to is looked up, with all that lies below.
    type: list
    elements: path
    default: []
  user:
    description: Whose right to write in O(trees) is looked up.
    type: str
  webapps:
    description: The C(webapps) of a Tomcat.
    type: path
  xml:
    description: XML files to return the elements of. The values of secrets are hidden.
    type: list
    elements: path
    default: []
  web_xml:
    description: A C(web.xml) to return the parameters of the servlets of.
    type: path
  httpd:
    description: The program that prints the version of httpd with C(-v).
    type: str
  questions:
    description: What to ask servers, by a name for each. C(TRACE) and C(GET) change nothing.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: What the answer is called.
        type: str
        required: true
      url:
        description: >-
          Whom to ask for what, with V(http), V(https) or V(ajp). V(127.0.0.1) stands for the address that this machine listens on at that port.
        type: str
        required: true
      method:
        description: The method.
        type: str
        choices: [GET, TRACE]
        default: GET
      headers:
        description: Headers to send.
        type: dict
        default: {}
      secret:
        description: The secret of an AJP connector.
        type: str
  proxy:
    description: URL of an httpd that is asked to go on to a port of this machine, which is opened for it.
    type: str
  tls:
    description: URL of a server that is asked for TLS 1.1.
    type: str
author:
  - roundrobin.tomcat contributors (@roundrobin)
extends_documentation_fragment:
  - roundrobin.tomcat._attributes
  - roundrobin.tomcat._attributes.info_module
seealso:
  - plugin: roundrobin.tomcat.baseline
    plugin_type: filter
  - module: roundrobin.tomcat.host_info
"""

EXAMPLES = r"""
- name: See how an instance runs
  roundrobin.tomcat.baseline_info:
    units: [tomcat@app1.service]
    trees: [/var/opt/tomcat/app1/conf]
    user: tomcat
  register: found
"""

RETURN = r"""
units:
  description: How each unit runs, by its name.
  returned: success
  type: dict
  contains:
    active:
      description: Whether it runs.
      type: bool
    user:
      description: Who runs it. Empty where it does not run.
      type: str
    shell:
      description: The shell of that user.
      type: str
    umask:
      description: The umask of its process.
      type: str
      sample: "0027"
    exposure:
      description: What C(systemd-analyze security) says, from V(0) to V(10). Null where it says nothing.
      type: float
    denies_addresses:
      description: Whether the kernel refuses it all addresses but some.
      type: bool
    java_options:
      description: Those of O(java_options) that are on its command line.
      type: list
      elements: str
trees:
  description: Whom each of O(trees) is open to, by its path.
  returned: success
  type: dict
  contains:
    exists:
      description: Whether it is there.
      type: bool
    for_everybody:
      description: The first of the paths that everybody may use, with their modes.
      type: list
      elements: str
    written_by_user:
      description: The first of the paths that O(user) may write.
      type: list
      elements: str
webapps:
  description: The applications in O(webapps), each with C(name), and C(stock), whether it is Tomcat's own page.
  returned: success
  type: list
  elements: dict
xml:
  description: The elements of each XML file that is there, each with C(path) and C(attributes).
  returned: success
  type: dict
servlets:
  description: The parameters of the servlets of O(web_xml), by their classes.
  returned: success
  type: dict
listening:
  description: Who listens on TCP, as M(roundrobin.tomcat.host_info) returns it.
  returned: success
  type: list
  elements: dict
udp:
  description: The UDP ports that take packets.
  returned: success
  type: list
  elements: int
httpd_version:
  description: The version of O(httpd).
  returned: when O(httpd) was asked
  type: str
  sample: 2.4.65
answers:
  description: The answer to each of O(questions), by its name.
  returned: success
  type: dict
  contains:
    status:
      description: The status. Null where there is no answer.
      type: int
    reason:
      description: Why there is none.
      type: str
    headers:
      description: The headers, their names in small letters, without cookies.
      type: dict
    body:
      description: The beginning of the body.
      type: str
open_proxy:
  description: Whether O(proxy) went where it was sent. Null where it did not answer or was not asked.
  returned: success
  type: bool
old_tls:
  description: Whether O(tls) speaks TLS 1.1. Null where that could not be asked.
  returned: success
  type: bool
"""

import os
import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.roundrobin.tomcat.plugins.module_utils import _baseline as read
from ansible_collections.roundrobin.tomcat.plugins.module_utils._errors import CollectionError
from ansible_collections.roundrobin.tomcat.plugins.module_utils._installation import webapps
from ansible_collections.roundrobin.tomcat.plugins.module_utils._listening import listening, near_url, udp_ports
from ansible_collections.roundrobin.tomcat.plugins.module_utils._xml.document import XmlDocument
from ansible_collections.roundrobin.tomcat.plugins.module_utils._xml.run import need_lxml


def document(path: str) -> XmlDocument:
    """Read an XML file."""
    try:
        with open(path, "rb") as source:
            return XmlDocument(source.read(), path)
    except OSError as error:
        raise CollectionError(f"{path}: cannot be read: {error.strerror}") from error


def main() -> None:
    """Read the options, look, answer."""
    module = AnsibleModule(
        argument_spec={
            "units": {"type": "list", "elements": "str", "default": []},
            "java_options": {"type": "list", "elements": "str", "default": []},
            "trees": {"type": "list", "elements": "path", "default": []},
            "user": {"type": "str"},
            "webapps": {"type": "path"},
            "xml": {"type": "list", "elements": "path", "default": []},
            "web_xml": {"type": "path"},
            "httpd": {"type": "str"},
            "questions": {
                "type": "list",
                "elements": "dict",
                "default": [],
                "options": {
                    "name": {"type": "str", "required": True},
                    "url": {"type": "str", "required": True},
                    "method": {"type": "str", "choices": ["GET", "TRACE"], "default": "GET"},
                    "headers": {"type": "dict", "default": {}},
                    "secret": {"type": "str", "no_log": True},
                },
            },
            "proxy": {"type": "str"},
            "tls": {"type": "str"},
        },
        supports_check_mode=True,
    )
    asked = module.params
    if asked["xml"] or asked["web_xml"]:
        need_lxml(module)
    answer: dict[str, t.Any] = {}
    try:
        if asked["httpd"]:
            answer["httpd_version"] = read.httpd_version(asked["httpd"], module.run_command)
        answer["units"] = {name: read.unit(name, asked["java_options"], module.run_command) for name in asked["units"]}
        answer["trees"] = {path: read.tree(path, asked["user"] or "") for path in asked["trees"]}
        answer["xml"] = {path: read.elements(document(path)) for path in asked["xml"] if os.path.exists(path)}
        answer["servlets"] = read.servlets(document(asked["web_xml"])) if asked["web_xml"] else {}
        answer["answers"] = {
            one["name"]: read.ask(
                near_url(one["url"]),
                one["method"],
                {name: str(value) for name, value in one["headers"].items()},
                one["secret"],
            )
            for one in asked["questions"]
        }
        answer["open_proxy"] = read.is_open_proxy(near_url(asked["proxy"])) if asked["proxy"] else None
        answer["old_tls"] = read.speaks_old_tls(near_url(asked["tls"])) if asked["tls"] else None
    except CollectionError as error:
        module.fail_json(msg=error.message, **error.details)
    module.exit_json(
        changed=False,
        webapps=webapps(asked["webapps"]) if asked["webapps"] else [],
        listening=listening(),
        udp=udp_ports(),
        **answer,
    )


if __name__ == "__main__":
    main()
