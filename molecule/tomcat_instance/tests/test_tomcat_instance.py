# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The sample application runs on all three; AJP is spoken by http_health on the host, HTTP from the controller."""

from __future__ import annotations

import json
import re
import threading
import time

import pytest
import requests

testinfra_hosts = ["ansible://tomcat"]
SECRET = "not-a-secret-in-a-test"
PORTS = {"first": {8005, 8009, 8080}, "second": {8109}, "single": {8080}}
VERSIONS = {"first": "9.0.117", "second": "9.0.117", "single": "11.0.24"}


@pytest.fixture
def name(host):
    """Return the name of the instance."""
    return host.ansible.get_variables()["inventory_hostname"]


@pytest.fixture
def address(host):
    """Return where its connectors listen."""
    return host.ansible.get_variables()["ansible_host"]


@pytest.fixture
def base(name):
    """Return its CATALINA_BASE."""
    return f"/var/opt/tomcat/{name}"


def health(host, url, **options):
    options = {"url": url, "ajp_secret": SECRET, "successes": 1, "timeout": 20, **options}
    return host.ansible("roundrobin.tomcat.http_health", json.dumps(options), check=False, become=True)


def test_runs_and_starts_at_boot(host, name):
    assert host.service(f"tomcat@{name}").is_running
    assert host.service(f"tomcat@{name}").is_enabled


def test_listens_on_its_ports_only(host, name, address):
    expected = PORTS["single"] if name == "single" else PORTS["first"] | PORTS["second"]
    listening = host.check_output("ss -Hltn").splitlines()
    sockets = {tuple(line.split()[3].rsplit(":", 1)) for line in listening}
    assert {int(port) for _address, port in sockets if port.startswith("8")} == expected
    # The shutdown port is Tomcat's to bind, and binds to the machine itself.
    assert all(
        where in (address, f"[::ffff:{address}]") for where, port in sockets if port.startswith("8") and port != "8005"
    )


def test_serves_the_release(host, name, address):
    if name == "single":
        assert "version=1.0" in requests.get(f"http://{address}:8080/health", timeout=20).text
    else:
        port = min(PORTS[name] - {8005})
        answer = health(host, f"ajp://{address}:{port}/health", pattern="version=1.0")
        assert answer["status"] == 200


def test_ajp_wants_the_secret(host, name, address):
    if name != "single":
        answer = health(host, f"ajp://{address}:{min(PORTS[name] - {8005})}/health", ajp_secret="wrong", status=403)
        assert answer["status"] == 403


def test_a_session_moves_to_the_other_instance(host, name, address):
    if name != "first":
        pytest.skip("needs HTTP here and the same store there")
    session = requests.Session()
    session.post(f"http://{address}:8080/login", data={"user": "ann", "password": "x"}, timeout=20)
    assert session.get(f"http://{address}:8080/counter", timeout=20).json()["counter"] == 1
    cookie = f"JSESSIONID={session.cookies['JSESSIONID']}"
    assert cookie.endswith("-n1.first")
    answer = health(
        host,
        f"ajp://{address}:8109/counter",
        headers={"Cookie": cookie},
        pattern='"user": "ann", "counter": 2',
    )
    assert answer["status"] == 200


def test_tomcats_manager_is_where_it_is_enabled(host, name, address, base):
    files = ["conf/Catalina/localhost/roundrobin-manager.xml", "conf/manager-users.xml", "conf/roundrobin-manager"]
    assert [host.file(f"{base}/{file}").exists for file in files] == [name == "second"] * 3
    options = {
        "base": base,
        "manager_url": f"ajp://{address}:8109/roundrobin-manager",
        "url_password": SECRET,
        "ajp_secret": SECRET,
    }
    if name == "second":
        answer = host.ansible("roundrobin.tomcat.tomcat_session_info", json.dumps(options), check=False, become=True)
        assert [(one["version"], one["running"]) for one in answer["contexts"]] == [("1.0", True)]
        for file in files[:2]:
            assert (host.file(f"{base}/{file}").user, host.file(f"{base}/{file}").mode) == ("root", 0o640)
        assert not host.file(f"{base}/{files[1]}").contains(SECRET)
    if name == "first":
        # It was there, see converge.yml, and what it was asked for by HTTP goes to the application now.
        assert requests.get(f"http://{address}:8080/roundrobin-manager/text/list", timeout=20).status_code == 404


def test_where_there_is_a_store_the_instance_says_to_its_own_machine_who_keeps_the_sessions(host, name, address, base):
    files = ["conf/Catalina/localhost/roundrobin-sessions.xml", "conf/roundrobin-sessions"]
    assert [host.file(f"{base}/{file}").exists for file in files] == [name != "single"] * 2
    if name == "first":
        bean = "Catalina%3Atype%3DManager%2Chost%3Dlocalhost%2Ccontext%3D%2F"
        url = f"http://{address}:8080/roundrobin-sessions/?get={bean}&att=className"
        assert requests.get(url, timeout=20).status_code == 403
        code = f"import urllib.request; print(urllib.request.urlopen('{url}').read().decode())"
        assert "org.roundrobin.tomcat.MemcachedSessionManager" in host.check_output(f'python3 -c "{code}"')


def test_runs_the_version_and_the_changed_options(host, name, base):
    (process,) = [line for line in host.check_output("ps -wweo user:20,args -C java").splitlines() if base in line]
    assert process.split()[0] == "tomcat"
    assert f"-Dcatalina.home=/opt/tomcat/apache-tomcat-{VERSIONS[name]} " in process
    assert "-Xmx256m" in process
    assert "-Dchanged=by the administrator" in process


def test_what_an_application_needs_arrives_at_its_java(host, name, base):
    """By systemd and by sh, each with its own quoting."""
    pid = host.check_output(f"systemctl show --property=MainPID --value tomcat@{name}")
    assert "-Dodd=$HOME|`id`&C:\\x;*%h" in host.file(f"/proc/{pid}/cmdline").content_string.split("\0")
    environment = dict(
        line.split("=", 1) for line in host.file(f"/proc/{pid}/environ").content_string.split("\0") if "=" in line
    )
    assert environment["ODD"] == 'it\'s "$HOME" `id` \\ %h\nand more'
    assert (environment["LANG"], environment["LC_ALL"]) == ("C.UTF-8", "C.UTF-8")
    assert "-Dfile.encoding=UTF-8" in host.file(f"/proc/{pid}/cmdline").content_string
    # In its own mount namespace; the rest of /srv is read-only there.
    inside = f"nsenter --target {pid} --mount runuser -u tomcat -- touch"
    host.check_output(f"{inside} /srv/uploads/{name}")
    assert host.run(f"{inside} /srv/{name}").rc != 0
    assert host.file(f"{base}/conf/server.xml").content_string.count('name="jdbc/shop"') == 1
    context = host.file(f"{base}/conf/context.xml").content_string
    assert '<ResourceLink name="jdbc/shop" global="jdbc/shop" type="javax.sql.DataSource"' in context
    assert '<Parameter name="currency" value="EUR"' in context


def test_the_access_log_is_kept_for_some_time_or_not_written(host, name, base):
    server = re.sub(r"<!--.*?-->", "", host.file(f"{base}/conf/server.xml").content_string, flags=re.DOTALL)
    assert ("AccessLogValve" in server) is (name != "second")
    assert ('maxDays="90"' in server) is (name != "second")


def test_the_administrators_change_stays(host, base):
    assert host.file(f"{base}/conf/logging.properties").contains("the administrator was here")


def test_the_session_store_is_where_no_application_sees_it(host, name, base):
    """Also after it was in lib, with a Manager in context.xml."""
    context = host.file(f"{base}/conf/context.xml").content_string
    assert "<Manager className" not in context
    if name == "single":
        assert "SessionStore" not in context
        assert host.file(f"{base}/lib").listdir() == ["roundrobin-spymemcached-2.12.3.jar"]
        assert not host.file(f"{base}/session-store").exists
    else:
        assert 'className="org.roundrobin.tomcat.SessionStore"' in context
        assert sorted(host.file(f"{base}/lib").listdir()) == [
            "administrators.jar",
            "roundrobin-session-store.jar",
            "roundrobin-spymemcached-2.12.3.jar",
        ]
        jars = host.file(f"{base}/session-store").listdir()
        assert "roundrobin-session-manager.jar" in jars
        assert len(jars) == 4


def test_tomcat_can_write_only_where_it_must(host, name, base):
    home = f"/opt/tomcat/apache-tomcat-{VERSIONS[name]}"
    writable = host.check_output(f"find {home} {base} ! -type l \\( -user tomcat -o -perm /027 \\)")
    allowed = tuple(f"{base}/{directory}" for directory in ("logs", "temp", "work"))
    assert [path for path in writable.splitlines() if not path.startswith(allowed)] == []
    assert host.run(f"runuser -u tomcat -- touch {base}/conf/x {base}/webapps/x {home}/lib/x").rc != 0
    assert not host.file(f"{home}/webapps").exists
    assert host.file(f"{base}/conf/server.xml").mode == 0o640


def test_the_unit_is_hardened(host, name):
    level = host.check_output(f"systemd-analyze security --no-pager tomcat@{name} | tail -n 1")
    assert float(level.split(": ")[1].split()[0]) < 2
    (pid,) = host.check_output(f"systemctl show --property=MainPID --value tomcat@{name}").split()
    assert host.check_output(f"grep Umask /proc/{pid}/status").split()[1] == "0027"


def test_nothing_is_left_of_the_installation(host, name):
    made = {re.sub("-[0-9a-f]{12}$", "", entry) for entry in host.check_output("ls -A /opt/tomcat").split()}
    session_manager = set() if name == "single" else {f"session-manager-{VERSIONS[name]}"}
    assert made == {f"apache-tomcat-{VERSIONS[name]}"} | session_manager


def test_the_compiler_for_jsps_is_not_signed(host, name):
    names = host.check_output(f"python3 -m zipfile --list /opt/tomcat/apache-tomcat-{VERSIONS[name]}/lib/ecj-*.jar")
    assert "META-INF/MANIFEST.MF" in names
    assert not re.search(r"META-INF/\S+\.(SF|RSA)\b", names)


def test_the_log_names_no_error(host, name):
    log = host.check_output(f"journalctl --no-pager --output=cat --unit=tomcat@{name}")
    assert "Server startup in" in log
    assert [line for line in log.splitlines() if "SEVERE" in line] == []


def test_a_stop_waits_for_the_request_that_is_being_served(host, name, address):
    if name != "single":
        pytest.skip("one is enough")
    answers = []
    request = threading.Thread(
        target=lambda: answers.append(requests.get(f"http://{address}:8080/slow?ms=4000", timeout=30))
    )
    request.start()
    time.sleep(1)
    host.check_output(f"systemctl stop tomcat@{name}")
    assert host.run("pgrep java").rc == 1
    request.join()
    host.check_output(f"systemctl start tomcat@{name}")
    assert answers[0].status_code == 200
    # The start came back when Tomcat served.
    assert requests.get(f"http://{address}:8080/health", timeout=20).status_code == 200


def test_a_start_takes_the_classes_of_an_earlier_run(host, name, base):
    unit, cache = f"tomcat@{name}", f"{base}/work/class-cache"

    def taken():
        """The files of the cache that the JVM has in its memory."""
        pid = host.check_output(f"systemctl show --property=MainPID --value {unit}")
        return set(re.findall(rf"{cache}/\S+", host.check_output(f"cat /proc/{pid}/maps")))

    # It has had a release for one start at least: the stop makes the file.
    host.check_output(f"systemctl restart {unit}")
    (file,) = host.check_output(f"ls {cache}/*.classes").split()
    assert taken() == {file}
    assert (host.file(file).user, host.file(file).mode) == ("tomcat", 0o440)
    # A file that was cut is not taken, and costs no start.
    host.check_output(f"truncate --size=100000 {file}")
    host.check_output(f"systemctl restart {unit}")
    assert taken() == set()
    host.check_output(f"systemctl restart {unit}")
    (file,) = host.check_output(f"ls {cache}/*.classes").split()
    assert taken() == {file}
    assert host.check_output(f"systemctl show --property=Result,NRestarts {unit}").split() == [
        "Result=success",
        "NRestarts=0",
    ]
