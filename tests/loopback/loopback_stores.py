# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two Tomcats with one small application for each session store, so that the same can be asked of all stores at the same time."""

from __future__ import annotations

import contextlib
import re
import shutil
import time

import archives
import loopback_redis
import loopback_store
import loopback_tomcat
import yaml
from loopback import ROOT, free_ports, wait_until

IGNORED = yaml.safe_load((ROOT / "roles/tomcat_instance/defaults/main.yml").read_text())[
    "tomcat_instance_request_uri_ignore_pattern"
]
# As often as Tomcat can look for sessions that are over: once a second.
EXPIRES = {"processExpiresFrequency": "1"}
#: The store, and what differs from what the role sets; an application is served for each.
STORES = {
    "memcached": ("memcached", {}),
    "loose": ("memcached", {"sticky": "false", "lockingMode": "auto"}),
    "redis": ("redis", {}),
    "delta": ("delta", {}),
    "backup": ("backup", {}),
}
CLUSTER = """<Cluster className="org.apache.catalina.ha.tcp.SimpleTcpCluster" clusterName="roundrobin" channelSendOptions="6">
  <Channel className="org.apache.catalina.tribes.group.GroupChannel">
    <Membership className="org.apache.catalina.tribes.membership.StaticMembershipService">{members}</Membership>
    <Receiver className="org.apache.catalina.tribes.transport.nio.NioReceiver" address="127.0.0.1" port="{port}" autoBind="0"/>
    <Sender className="org.apache.catalina.tribes.transport.ReplicationTransmitter">
      <Transport className="org.apache.catalina.tribes.transport.nio.PooledParallelSender"/>
    </Sender>
    <Interceptor className="org.apache.catalina.tribes.group.interceptors.TcpFailureDetector"/>
    <Interceptor className="org.apache.catalina.tribes.group.interceptors.MessageDispatchInterceptor"/>
  </Channel>
  <Valve className="org.apache.catalina.ha.tcp.ReplicationValve" filter="{ignored}"/>
  <Valve className="org.apache.catalina.ha.session.JvmRouteBinderValve"/>
  <ClusterListener className="org.apache.catalina.ha.session.ClusterSessionListener"/>
</Cluster>
"""
WEB_XML = (
    loopback_redis.WEB_XML.replace(
        "<url-pattern>/page<",
        "<url-pattern>/page</url-pattern><url-pattern>/page.jpg</url-pattern><url-pattern>/account.jpg</url-pattern>"
        "<url-pattern>/again<",
        1,
    )
    .replace(
        "<url-pattern>/account</url-pattern></web",
        "<url-pattern>/account</url-pattern><url-pattern>/account.jpg</url-pattern></web",
    )
    .replace(
        "<servlet>",
        "<filter><filter-name>again</filter-name><filter-class>SetAgain</filter-class></filter>"
        "<filter-mapping><filter-name>again</filter-name><url-pattern>/again</url-pattern></filter-mapping><servlet>",
        1,
    )
)


def role_settings(version):
    """The attributes that the role gives to the managers that are Tomcat's own."""
    managers = yaml.safe_load((ROOT / "roles/tomcat_instance/vars/main.yml").read_text())["__tomcat_instance_managers"]
    from ansible.template import Templar, trust_as_template

    templar = Templar(variables={"__tomcat_instance_branch": version.rpartition(".")[0]})
    return {
        store: {
            "className": managers[store]["class_name"],
            **{
                key: str(value).lower()
                for key, value in templar.template(trust_as_template(managers[store]["attributes"])).items()
            },
        }
        for store in ("delta", "backup")
    }


class Pair:
    """Both Tomcats, not started yet."""

    def __init__(self, version, directory, memcached, redis_port):
        home = archives.unpack(version, directory / "home")
        made = [loopback_store.make(version, home, store, directory / store) for store in ("memcached", "redis")]
        loopback_redis.make_application(version, home, directory / "app", "SetAgain", "Gadget", web_xml=WEB_XML)
        of_redis = loopback_store.settings_of_redis(redis_port, directory)
        of_memcached = {
            **loopback_store.settings_of_memcached(memcached.address),
            "storageKeyPrefix": "webappVersion",
            "requestUriIgnorePattern": IGNORED,
        }
        of_tomcat = role_settings(version)
        ports = free_ports(2)
        self.instances = [loopback_tomcat.Instance(version, home, directory, name) for name in ("ta", "tb")]
        for number, instance in enumerate(self.instances):
            for jars in made:
                for jar in jars.glob("*/*.jar"):
                    place = instance.base / jar.parent.name
                    place.mkdir(exist_ok=True)
                    shutil.copy(jar, place / jar.name.replace("session-manager", f"session-manager-{jars.name}"))
            for path, (store, more) in STORES.items():
                settings = {**EXPIRES, **more}
                if store in of_tomcat:
                    element = f"<Manager {loopback_store.attributes(**of_tomcat[store], **settings)}/>"
                else:
                    settings = {**(of_redis if store == "redis" else of_memcached), **settings}
                    names = {"className": loopback_store.LISTENER, "manager": loopback_store.MANAGERS[store]}
                    element = f"<Listener {loopback_store.attributes(**names, **settings)}/>"
                (instance.base / f"conf/Catalina/localhost/{path}.xml").write_text(
                    f'<Context docBase="{directory}/app">{element}</Context>'
                )
            (instance.base / "conf/Catalina/localhost/roundrobin-manager.xml").unlink()
            members = "".join(
                f'<{"LocalMember" if other == number else "Member"} host="127.0.0.1" port="{port}"'
                ' className="org.apache.catalina.tribes.membership.StaticMember"'
                f' uniqueId="{{{",".join([str(other + 1)] * 16)}}}"/>'
                for other, port in enumerate(ports)
            )
            server = instance.base / "conf/server.xml"
            cluster = CLUSTER.format(members=members, port=ports[number], ignored=IGNORED)
            engine = f'jvmRoute="{instance.base.name}"'
            server.write_text(
                server.read_text().replace(f"{engine}>", f'{engine} backgroundProcessorDelay="1">{cluster}')
            )
            (instance.base / "conf/tomcat-users.xml").write_text(loopback_redis.USERS)
            with (instance.base / "conf/catalina.properties").open("a") as properties:
                properties.write("\ntomcat.util.scan.StandardJarScanFilter.jarsToSkip=*.jar\n")
        self.stack = contextlib.ExitStack()
        self.processes = []

    def start(self):
        """One after the other: delta waits 60 s for an answer of one that is up and does not have its application yet."""
        self.processes = [self.stack.enter_context(one.running()) for one in self.instances]

    def stop(self, number):
        self.processes[number].terminate()
        self.processes[number].wait(30)

    def kill(self, number):
        self.processes[number].kill()
        self.processes[number].wait()

    def destroyed(self, name):
        """The Tomcats whose listener ran for the session of this name, and when."""
        return [
            (number, int(milliseconds) / 1000)
            for number, instance in enumerate(self.instances)
            for milliseconds in re.findall(rf"^destroyed {re.escape(name)} (\d+)$", instance.log(), re.MULTILINE)
        ]


@contextlib.contextmanager
def running(version, directory, memcached, prepare=lambda pair: None):
    with loopback_store.redis_running() as port:
        pair = Pair(version, directory, memcached, port)
        prepare(pair)
        pair.redis_port = port
        with pair.stack:
            pair.start()
            # The replicated map of backup meets the other one a moment after both have started.
            wait_until(lambda: all("Replication member added" in instance.log() for instance in pair.instances), 20)
            yield pair


class User(loopback_redis.User):
    """A browser in the application of one store."""

    def __init__(self, pair, store, name=""):
        super().__init__(pair)
        self.store = store
        self.name = f"{store}:{name}"
        #: The seconds of the request that took longest.
        self.slowest = 0

    def __repr__(self):
        return self.name

    def ask(self, number, do="show", path="/page", **parameters):
        """What the page says when this Tomcat is asked."""
        began = time.monotonic()
        shown = super().ask(number, do, f"/{self.store}{path}", **parameters)
        self.slowest = max(self.slowest, time.monotonic() - began)
        return shown
