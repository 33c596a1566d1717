# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write plugins/module_utils/_xml/tomcat_attributes.py: which attributes Tomcat's own elements have.

    python tests/ci/tomcat_attributes.py

The source is the classes in Tomcat's archives, the releases of roles/tomcat_instance/vars/artifacts.yml: an attribute
is what has a public setter that Tomcat's digester can call, which is Tomcat's own rule when it logs "did not find a
matching property". The configuration reference is less exact: it leaves out what is inherited, and is silent about
what is deprecated. A newer release in artifacts.yml, then this script, is all there is to do for an update.
"""

from __future__ import annotations

import io
import os
import tarfile
import textwrap
import typing as t
import zipfile
from pathlib import Path

import archives
import java_classes

ROOT = Path(__file__).resolve().parents[2]
TARGET = ROOT / "plugins/module_utils/_xml/tomcat_attributes.py"

JARS = (
    *("catalina", "catalina-ha", "catalina-storeconfig", "catalina-tribes"),
    *("tomcat-api", "tomcat-coyote", "tomcat-coyote-ffm", "tomcat-util", "tomcat-util-scan"),
)
# What an element's className may name. (Resource, Environment and ResourceLink take any attribute.)
INTERFACES = (
    *(
        "Cluster",
        "Context",
        "CredentialHandler",
        "Engine",
        "Executor",
        "Host",
        "LifecycleListener",
        "Loader",
        "Manager",
    ),
    *("Realm", "Server", "Service", "SessionIdGenerator", "Store", "Valve", "WebResourceRoot", "WebResourceSet"),
    *(
        "ha.ClusterDeployer",
        "ha.ClusterListener",
        "tribes.Channel",
        "tribes.ChannelInterceptor",
        "tribes.ChannelReceiver",
    ),
    *("tribes.ChannelSender", "tribes.Member", "tribes.MembershipService", "tribes.transport.MultiPointSender"),
)
OTHER_INTERFACES = (
    "org.apache.coyote.UpgradeProtocol",
    "org.apache.tomcat.JarScanFilter",
    "org.apache.tomcat.JarScanner",
    "org.apache.tomcat.util.http.CookieProcessor",
)
PLAIN_CLASSES = (
    "org.apache.tomcat.util.descriptor.web.ApplicationParameter",
    "org.apache.tomcat.util.net.SSLHostConfig",
    "org.apache.tomcat.util.net.SSLHostConfigCertificate",
)
# Its setProperty takes names with a dot only: errorCode.404.
ERROR_REPORT = "org.apache.catalina.valves.ErrorReportValve"
CONNECTOR = "org.apache.catalina.connector.Connector"
PROTOCOLS = {"AJP/1.3": "org.apache.coyote.ajp.", "HTTP/1.1": "org.apache.coyote.http11."}

# What Tomcat takes without a setter: where an object is created, or by a rule of its own.
EXTRA = {
    "AJP/1.3": {"executor", "protocol"},
    "HTTP/1.1": {"executor", "protocol"},
    "org.apache.tomcat.util.net.SSLHostConfigCertificate": {"type"},
}

HEADER = '''\
# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which attributes Tomcat's own classes have; written by tests/ci/tomcat_attributes.py, not by hand.

Read from the classes of Tomcat {releases}, the union of them: a name in column one, its attributes indented.
The two protocols stand for a Connector with all protocol handlers of that kind.
"""

# Private to this collection.

from __future__ import annotations

KNOWN_ATTRIBUTES = """\\
'''


def main() -> None:
    TARGET.write_text(generated(archives.releases()))


def generated(releases: t.Iterable[str]) -> str:
    """The text of the file."""
    known: dict[str, set[str]] = {}
    for release in releases:
        for name, attributes in attributes_of(classes_of(archives.archive(release))).items():
            known.setdefault(name, set()).update(attributes)
    lines = []
    for name, attributes in sorted(known.items()):
        lines.append(name)
        text = " ".join(sorted(attributes, key=lambda attribute: (attribute.lower(), attribute)))
        lines += textwrap.wrap(text, 118, initial_indent="  ", subsequent_indent="  ")
    return HEADER.format(releases=", ".join(releases)) + "\n".join(lines) + '\n"""\n'


def classes_of(path: Path) -> dict[str, java_classes.JavaClass]:
    """The classes of Tomcat's jars, by name."""
    wanted = {f"{jar}.jar" for jar in JARS}
    classes = {}
    with tarfile.open(path) as tar:
        for member in tar:
            directory, name = os.path.split(member.name)
            if directory.endswith("/lib") and name in wanted:
                content = tar.extractfile(member)
                assert content is not None
                with zipfile.ZipFile(io.BytesIO(content.read())) as jar:
                    for entry in jar.namelist():
                        if entry.startswith("org/") and entry.endswith(".class"):
                            java_class = java_classes.read(jar.read(entry))
                            classes[java_class.name] = java_class
    return classes


def attributes_of(classes: t.Mapping[str, java_classes.JavaClass]) -> dict[str, set[str]]:
    """The attributes of each class that an element can stand for, and of a Connector of each protocol."""
    interfaces = {*(f"org.apache.catalina.{name}" for name in INTERFACES), *OTHER_INTERFACES}
    known = {name: java_classes.properties(classes, name) for name in PLAIN_CLASSES}
    for name, java_class in classes.items():
        above = java_classes.ancestors(classes, name)
        # A class with setProperty takes any attribute.
        if (
            java_class.can_be_created
            and above & interfaces
            and (ERROR_REPORT in above or not java_classes.has_method(classes, name, "setProperty"))
        ):
            known[name] = java_classes.properties(classes, name)
    # A Connector passes on what it does not know itself: to its protocol handler, and that to its endpoint.
    below = java_classes.properties(classes, CONNECTOR)
    below |= {
        f"socket.{name}" for name in java_classes.properties(classes, "org.apache.tomcat.util.net.SocketProperties")
    }
    for name in classes:
        if "org.apache.tomcat.util.net.AbstractEndpoint" in java_classes.ancestors(classes, name):
            below |= java_classes.properties(classes, name)
    for protocol, package in PROTOCOLS.items():
        handlers = [name for name in classes if name.startswith(package) and name.endswith("Protocol")]
        known[protocol] = below.union(*(java_classes.properties(classes, name) for name in handlers))
    for name, extra in EXTRA.items():
        known[name] |= extra
    return known


if __name__ == "__main__":
    main()
