# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The balancer modules against a real httpd: what a task does, waits for and refuses."""

from __future__ import annotations

import json
import threading
import time
from urllib.parse import urlencode

import pytest
import requests
from loopback import free_port
from loopback_httpd import Backend, member, needs_httpd, refusals, running, served_by, states

pytestmark = needs_httpd

CONFIG = """
Listen 127.0.0.1:{port}
Listen 127.0.0.1:{canonical}
<VirtualHost 127.0.0.1:{port}>
  ServerName front.test
  BalancerPersist On
  <Proxy "balancer://shop">
    BalancerMember "http://127.0.0.1:{backend1}" route=t1 retry=1
    BalancerMember "http://127.0.0.1:{backend2}" route=t2 retry=1
    BalancerMember "ajp://127.0.0.1:8009" route=t3 status=+H
    ProxySet stickysession=JSESSIONID|jsessionid scolonpathdelim=On
  </Proxy>
  <Proxy "balancer://blog">
    BalancerMember "http://127.0.0.1:{backend1}/deep%20er" route=t1
    BalancerMember "http://[::1]:8080" route=t2
    BalancerMember "unix:/run/none.sock|http://localhost" route=s1
  </Proxy>
  <Proxy "balancer://lonely">
    BalancerMember "http://127.0.0.1:9"
  </Proxy>
  <Proxy "balancer://locked">
    BalancerMember "http://127.0.0.1:{backend1}" route=l1
    ProxySet nonce=None
  </Proxy>
  <Location "/guarded">
    SetHandler balancer-manager
    {login}
  </Location>
  {manager}
  ProxyPass "/guarded" "!"
  <Location "/readonly">
    SetHandler balancer-manager
    Require method GET
  </Location>
  ProxyPass "/readonly" "!"
  ProxyPass "/blog" "balancer://blog"
  ProxyPass "/locked" "balancer://locked"
  ProxyPass "/" "balancer://shop/"
</VirtualHost>
<VirtualHost 127.0.0.1:{canonical}>
  ServerName front.test
  UseCanonicalName On
  <Proxy "balancer://shop">
    BalancerMember "http://127.0.0.1:{backend1}" route=t1
    BalancerMember "http://127.0.0.1:{backend2}" route=t2
  </Proxy>
  {manager}
  ProxyPass "/" "balancer://shop/"
</VirtualHost>
"""


@pytest.fixture
def httpd(backends):
    canonical = free_port()
    with running(CONFIG, canonical=canonical, **backends) as server:
        server.canonical = canonical
        server.backends = tuple(backends.values())
        yield server


def test_two_members_of_one_machine_are_told_apart(httpd):
    first, second = httpd.backends
    before = states(httpd.url())
    out = member(httpd.url(), balancer="shop", worker=f"http://127.0.0.1:{first}", state="disabled")
    assert (out["changed"], out["state_before"], out["state_after"]) == (True, "enabled", "disabled")
    assert states(httpd.url()) == {**before, ("shop", "t1"): "disabled"}
    assert served_by(httpd, "t1") == (200, str(second))
    assert served_by(httpd, "t2") == (200, str(second))


def test_a_route_in_two_balancers_needs_the_balancer(httpd):
    before = states(httpd.url())
    assert "not one member but 2" in member(httpd.url(), route="t1", state="disabled")["msg"]
    assert states(httpd.url()) == before
    assert member(httpd.url(), balancer="blog", route="t1", state="disabled")["changed"]
    assert states(httpd.url()) == {**before, ("blog", "t1"): "disabled"}


@pytest.mark.parametrize(
    "worker", ["http://127.0.0.1:{}/deep%20er", "http://[::1]:8080", "unix:/run/none.sock|http://localhost"]
)
def test_unusual_members(httpd, worker):
    worker = worker.format(httpd.backends[0])
    for state in ("draining", "stopped", "enabled"):
        out = member(httpd.url(), worker=worker, state=state)
        assert (out["worker"], out["changed"], out["state_after"]) == (worker, True, state)


def test_a_standby_stays_one_and_its_default_port_may_be_written(httpd):
    for state in ("disabled", "enabled"):
        out = member(httpd.url(), worker="ajp://127.0.0.1:8009", state=state)
        assert (out["changed"], out["member"]["standby"]) == (True, True)
    assert "Stby" in out["member"]["status"]


def test_nothing_is_sent_when_nothing_changes(httpd):
    member(httpd.url(), balancer="shop", route="t2", state="draining")
    page = httpd.page()
    again = member(httpd.url(), balancer="shop", route="t2", state="draining")
    assert again["changed"] is False
    checked = member(httpd.url(), balancer="shop", route="t2", state="enabled", _ansible_check_mode=True)
    assert (checked["changed"], checked["state_after"]) == (True, "enabled")
    assert httpd.page() == page


def test_whether_a_manager_obeys_is_tried_out(httpd):
    page = httpd.page()
    found = refusals(httpd.url())
    assert "nonce=None" in found.pop("locked")
    assert found == {"shop": "", "blog": "", "lonely": ""}
    assert httpd.page() == page


def test_a_manager_that_only_shows(httpd):
    readonly, page = httpd.url("/readonly"), httpd.page()
    # It answers 403 to a POST, and check mode sends none.
    assert member(readonly, balancer="shop", route="t2", state="draining", _ansible_check_mode=True)["changed"]
    out = member(readonly, balancer="shop", route="t2", state="draining")
    assert "403" in out["msg"]
    assert httpd.page() == page


def test_httpd_shows_a_member_to_those_it_obeys_only(httpd):
    worker = member(httpd.url(), balancer="shop", route="t2", state="enabled")["worker"]
    url = httpd.url() + "?" + urlencode({"b": "shop", "w": worker})
    for referer, shown in ((httpd.url(), True), ("http://elsewhere.test/", False)):
        page = requests.get(url, headers={"Referer": referer}, timeout=5).text
        assert ("<h3>Edit worker settings for " in page) is shown


def test_a_server_that_knows_itself_by_another_name(httpd):
    url = httpd.url(port=httpd.canonical)
    # What a client gets that only sends the Referer of the address it uses: 200, and nothing is done.
    ignored = requests.get(url + "?xml=1", headers={"Referer": url}, timeout=5)
    assert (ignored.status_code, "<h1>" in ignored.text) == (200, True)
    out = member(url, route="t1", state="disabled")
    assert (out["changed"], out["state_after"]) == (True, "disabled")
    assert states(url)["shop", "t1"] == "disabled"


def test_a_locked_balancer_is_named(httpd):
    out = member(httpd.url(), route="l1", state="disabled")
    assert out["failed"] and "'locked'" in out["msg"]
    assert states(httpd.url())["locked", "l1"] == "enabled"


def test_authentication(httpd):
    url = httpd.url("/guarded")
    for login in ({}, {"url_username": "operator", "url_password": "wrong"}):
        assert "401" in member(url, balancer="shop", route="t1", state="disabled", **login)["msg"]
    out = member(url, balancer="shop", route="t1", state="disabled", url_username="operator", url_password="secret")
    assert out["changed"]
    assert "secret" not in json.dumps({name: value for name, value in out.items() if name != "invocation"})


def test_waits_for_the_request_in_flight(httpd, in_flight):
    key = {"balancer": "shop", "route": "t1", "state": "disabled", "wait": "idle"}
    hasty = member(httpd.url(), **key, timeout=0.5)
    assert hasty["failed"] and "1 request(s) in flight" in hasty["msg"]
    assert hasty["state_after"] == "disabled"
    going_on = member(httpd.url(), **key, timeout=0.5, on_timeout="proceed")
    assert (going_on["changed"], going_on["idle"], going_on["in_flight"]) == (False, False, 1)
    threading.Timer(1, Backend.let_go.set).start()
    patient = member(httpd.url(), **key, timeout=30)
    assert (patient["idle"], patient["in_flight"]) == (True, 0)
    assert in_flight.ended() == 200


def test_a_reload_keeps_the_state(httpd):
    member(httpd.url(), balancer="shop", route="t1", state="disabled")
    httpd.control("graceful")
    time.sleep(1)
    assert states(httpd.url())["shop", "t1"] == "disabled"
    assert member(httpd.url(), balancer="shop", route="t1", state="enabled")["changed"]


def test_a_reload_that_forgets_is_made_good_while_waiting(httpd):
    url = httpd.url(port=httpd.canonical)  # this one has no BalancerPersist
    watcher = httpd.once_disabled(lambda: httpd.control("graceful"), httpd.canonical)
    out = member(url, route="t1", state="disabled", wait="idle", stable_reads=30, interval=0.1, timeout=60)
    watcher.join()
    assert (out["idle"], out["state_after"]) == (True, "disabled")
    assert states(url)["shop", "t1"] == "disabled"


def test_keep_usable(httpd):
    before = states(httpd.url())
    assert "keep_usable" in member(httpd.url(), balancer="shop", route="t1", state="disabled", keep_usable=2)["msg"]
    assert states(httpd.url()) == before
    assert member(httpd.url(), balancer="shop", route="t1", state="disabled", keep_usable=1)["changed"]


def routes_served(httpd, number):
    """Who serves that many new sessions."""
    names = {str(port): route for port, route in zip(httpd.backends, ("t1", "t2"))}
    return [names[requests.get(httpd.url("/"), timeout=10).text] for _request in range(number)]


def test_a_standby_takes_over_only_when_the_others_are_gone(httpd):
    out = member(httpd.url(), balancer="shop", route="t2", standby=True)
    assert (out["changed"], out["before"], out["after"]) == (True, {"standby": False}, {"standby": True})
    assert set(routes_served(httpd, 10)) == {"t1"}
    member(httpd.url(), worker="ajp://127.0.0.1:8009", state="stopped")
    assert member(httpd.url(), balancer="shop", route="t1", state="disabled", keep_usable=1)["changed"]
    assert set(routes_served(httpd, 10)) == {"t2"}


def test_a_spare_takes_the_place_of_a_member_that_is_out(httpd):
    member(httpd.url(), balancer="shop", route="t2", spare=True)
    assert set(routes_served(httpd, 10)) == {"t1"}
    assert member(httpd.url(), balancer="shop", route="t1", state="disabled", keep_usable=1)["changed"]
    assert set(routes_served(httpd, 10)) == {"t2"}


def test_the_load_factor_and_the_set(httpd):
    out = member(httpd.url(), balancer="shop", route="t2", load_factor=4)
    assert (out["diff"]["before"], out["diff"]["after"]) == ("load_factor: 1.0\n", "load_factor: 4.0\n")
    served = routes_served(httpd, 50)
    assert (served.count("t1"), served.count("t2")) == (10, 40)
    assert member(httpd.url(), balancer="shop", route="t2", lbset=1)["changed"]
    assert set(routes_served(httpd, 10)) == {"t1"}


# httpd multiplies by 100 in binary and cuts off: asked for 1.15 or 2.01 by hand, it sets 1.14 and 2.00.
@pytest.mark.parametrize("factor", [1.15, 2.01, 99.99, 100, 1])
def test_a_load_factor_is_what_was_asked_for(httpd, factor):
    key = {"balancer": "shop", "route": "t1"}
    member(httpd.url(), **key, load_factor=50)
    assert member(httpd.url(), **key, load_factor=factor)["member"]["load_factor"] == factor
    assert member(httpd.url(), **key, load_factor=factor)["changed"] is False


def test_the_load_factor_of_an_only_member_cannot_be_set(httpd):
    member(httpd.url(), balancer="lonely", worker="http://127.0.0.1:9", state="disabled")
    out = member(httpd.url(), balancer="lonely", worker="http://127.0.0.1:9", load_factor=2)
    assert out["failed"] and "keeps the load factor of an only member at 1" in out["msg"]


@pytest.mark.parametrize("name", ["n1", "a b%20c&d=e+f", "\u00fc", "x" * 63])
def test_a_new_route(httpd, name):
    key = {"balancer": "shop", "route": "t2", "new_route": name}
    out = member(httpd.url(), **key)
    assert (out["changed"], out["route"], out["member"]["route"]) == (True, name, name)
    assert member(httpd.url(), **key)["changed"] is False
    if name == "n1":
        assert served_by(httpd, "n1") == (200, str(httpd.backends[1]))


def test_check_mode_tells_what_the_run_does(httpd):
    wanted = {"balancer": "shop", "route": "t1", "state": "draining", "spare": True, "ignore_errors": True}
    wanted |= {"load_factor": 2.5, "lbset": 3, "new_route": "new"}
    page = httpd.page()
    checked = member(httpd.url(), **wanted, _ansible_check_mode=True)
    assert httpd.page() == page
    ran = member(httpd.url(), **wanted)
    told = ("changed", "before", "after", "diff", "route", "state_before", "state_after")
    assert [checked[key] for key in told] == [ran[key] for key in told]
    page = httpd.page()
    for check_mode in (True, False):
        again = member(httpd.url(), **wanted, _ansible_check_mode=check_mode)
        assert (again["changed"], again["before"], again["diff"]["after"]) == (False, {}, "")
    assert httpd.page() == page


def test_a_restart_while_waiting_is_waited_out(httpd):
    """httpd is gone for a second: the state is kept (BalancerPersist On), and nothing is sent twice."""

    def restart():
        httpd.stop()
        time.sleep(1)
        httpd.start()

    key = {"balancer": "shop", "route": "t1", "state": "disabled"}
    watcher = httpd.once_disabled(restart)
    out = member(httpd.url(), **key, wait="idle", stable_reads=40, interval=0.1, timeout=60)
    watcher.join()
    assert (out["idle"], out["state_after"]) == (True, "disabled")
    assert out["waited"] > 4.5
    assert states(httpd.url())["shop", "t1"] == "disabled"


def test_a_manager_that_stays_away_is_told(httpd):
    watcher = httpd.once_disabled(httpd.stop)
    out = member(httpd.url(), balancer="shop", route="t1", state="disabled", wait="idle", stable_reads=99, timeout=4)
    assert out["failed"] and "Connection refused (so for" in out["msg"]
    watcher.join()
    httpd.start()
