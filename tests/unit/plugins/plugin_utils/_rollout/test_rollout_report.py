# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from ansible_collections.roundrobin.tomcat.plugins.module_utils._errors import CollectionError
from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._rollout import journal
from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._rollout.report import report
from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._rollout.report_text import summary

START = datetime(2026, 11, 24, 5, 15, tzinfo=timezone.utc)
WAY = ("drain", "stop", "activate", "start", "health", "enable", "verify")


class Journal:
    """Events, each told with the seconds since the start."""

    def __init__(self, **started):
        self.events = []
        self.add(0, "rollout", data={"event": "started", "id": "one", "kind": "deploy", **started})

    def add(self, seconds, type, host="", phase=None, direction="forward", text="", data=None):
        now = START + timedelta(seconds=seconds)
        self.events.append(
            journal.event(now, type=type, host=host, phase=phase, direction=direction, text=text, data=data or {})
        )
        return self

    def phases(self, seconds, host, *phases, direction="forward", **last):
        """One phase per second; the last one may say more."""
        for index, phase in enumerate(phases):
            more = last if index == len(phases) - 1 else {}
            self.add(seconds + index, "phase", host, phase, direction, **more)
        return self

    def batch(self, seconds, *hosts):
        return self.add(seconds, "batch", data={"hosts": list(hosts)})

    def finished(self, seconds, result, **data):
        return self.add(seconds, "rollout", data={"event": "finished", "result": result, **data})

    def report(self):
        return report(self.events)

    def member(self, host="app1"):
        return next(member for member in self.report()["members"] if member["host"] == host)


def plan(*hosts, **more):
    members = {host: {"machine": f"m-{host}", "version_now": "1.4.1", "version_after": "1.4.2"} for host in hosts}
    return {"order": list(hosts), "members": members, **more}


def good():
    log = Journal(application="ROOT", version="1.4.2", by="alice@ctl", plan=plan("app1", "app2"))
    log.batch(1, "app1").phases(2, "app1", *WAY, "done").batch(10, "app2").phases(12, "app2", *WAY, "done")
    return log.finished(20, "done")


def test_good_rollout():
    found = good().report()
    told = {key: found[key] for key in ("schema", "id", "kind", "application", "version", "by", "result", "seconds")}
    assert told == {
        "schema": 1,
        "id": "one",
        "kind": "deploy",
        "application": "ROOT",
        "version": "1.4.2",
        "by": "alice@ctl",
        "result": "done",
        "seconds": 20,
    }
    assert (found["started_at"], found["ended_at"]) == ("2026-11-24T05:15:00.000Z", "2026-11-24T05:15:20.000Z")
    assert [(batch["batch"], batch["hosts"], batch["seconds"]) for batch in found["batches"]] == [
        (1, ["app1"], 8),
        (2, ["app2"], 9),
    ]
    first = found["members"][0]
    assert [first[key] for key in ("host", "machine", "batch", "from", "to", "result", "reason", "failures")] == [
        *("app1", "m-app1", 1, "1.4.1", "1.4.2", "done", None, []),
    ]
    # Out from the drain to the end of the enable; verifying is done in service.
    assert first["out"] == [
        {"from": "2026-11-24T05:15:02.000Z", "to": "2026-11-24T05:15:08.000Z", "offset": 2, "seconds": 6}
    ]
    assert first["out_seconds"] == 6
    assert first["durations"] == dict.fromkeys(WAY, 1.0)
    assert [phase["seconds"] for phase in first["phases"]] == [1.0] * 7 + [None]
    assert found["most_out_at_once"] == 1


def test_events_are_all_but_those_of_the_rollout_itself():
    log = good()
    assert [event["at"] for event in log.report()["events"]] == [event["at"] for event in log.events[1:-1]]


def rolled_back():
    log = Journal(plan=plan("app1", "app2"))
    log.phases(1, "app1", *WAY[:5], "failed", data={"task": "Health", "reason": "status 500", "log_lines": ["SEVERE"]})
    return log.phases(10, "app1", *WAY, "done", direction="back")


def test_member_that_went_back_was_out_once_until_it_was_back():
    member = rolled_back().finished(20, "failed", reason="app1 failed").member()
    assert member["result"] == "rolled_back"
    assert [(span["offset"], span["seconds"]) for span in member["out"]] == [(1, 15)]
    assert member["durations"]["health"] == 2.0
    assert member["failures"] == [
        {
            "at": "2026-11-24T05:15:06.000Z",
            "offset": 6,
            "phase": "health",
            "direction": "forward",
            "task": "Health",
            "reason": "status 500",
            "log_lines": ["SEVERE"],
        }
    ]


def test_way_back_that_failed_leaves_the_member_out_with_both_reasons():
    log = Journal(plan=plan("app1"))
    log.phases(1, "app1", "drain", "stop", "failed", text="one")
    log.phases(5, "app1", "stop", "left_out", direction="back", text="Stop: two", data={"reason": "two"})
    member = log.finished(9, "failed").member()
    assert (member["result"], member["reason"]) == ("left_out", "Stop: two")
    assert [(failure["direction"], failure["reason"]) for failure in member["failures"]] == [
        ("forward", "one"),
        ("back", "two"),
    ]
    assert [(span["to"], span["seconds"]) for span in member["out"]] == [(None, None)]
    assert member["out_seconds"] == 8


def test_member_left_out_by_the_policy_failed_once():
    log = Journal().phases(1, "app1", "drain", "failed").phases(3, "app1", "left_out", text="policy is stop")
    member = log.member()
    assert (member["result"], len(member["failures"])) == ("left_out", 1)


@pytest.mark.parametrize("end", ["failed", "left_out"])
def test_enable_that_failed_did_not_bring_the_member_back(end):
    member = Journal().phases(1, "app1", "drain", "enable", end).member()
    assert [span["to"] for span in member["out"]] == [None]


def test_member_that_failed_in_service_is_out_twice():
    log = Journal().phases(0, "app1", *WAY, "failed").phases(10, "app1", *WAY, "done", direction="back")
    assert [(span["offset"], span["seconds"]) for span in log.member()["out"]] == [(0, 6), (10, 6)]


@pytest.mark.parametrize("phase", WAY)
def test_killed_run_is_interrupted_in_its_phase(phase):
    phases = WAY[: WAY.index(phase) + 1]
    log = Journal(plan=plan("app1", "app2")).phases(1, "app1", *phases)
    found = log.report()
    assert (found["result"], found["ended_at"], found["last_event_at"]) == ("interrupted", None, log.events[-1]["at"])
    member = log.member()
    assert (member["result"], member["reason"]) == ("interrupted", f"nothing is known after its phase {phase}")
    assert member["phases"][-1]["seconds"] is None
    assert (member["out"][-1]["to"] is None) is (phase != "verify")
    assert log.member("app2")["result"] == "untouched"


def test_a_member_that_ansible_gave_up_is_out():
    """Its hook could not reach a host, so none of its tasks ran any more."""
    why = {"app1": {"task": "a hook or a setting", "reason": "a host could not be reached", "log_lines": []}}
    log = Journal(plan=plan("app1", "app2")).phases(1, "app1", "drain").phases(1, "app2", *WAY, "done")
    log.finished(20, "failed", by_host={"app1": "left_out", "app2": "done"}, failures=why)
    member = log.member()
    assert (member["result"], member["reason"]) == ("left_out", "a hook or a setting: a host could not be reached")
    assert member["out"][-1]["to"] is None
    assert log.member("app2")["result"] == "done"


def test_what_failed_before_the_first_phase():
    member = Journal(plan=plan("app1")).phases(1, "app1", "failed", text="No space left on device").member()
    assert (member["result"], member["failures"][0]["phase"], member["out"]) == ("failed", None, [])
    assert member["reason"] == "No space left on device"


def test_skipped_members():
    log = Journal(plan=plan("app1", skipped={"app2": "has 1.4.2 already"}))
    log.phases(1, "app1", "skipped", text="app3 failed")
    assert [log.member(name)["result"] for name in ("app1", "app2")] == ["skipped", "skipped"]
    assert [log.member(name)["reason"] for name in ("app1", "app2")] == ["app3 failed", "has 1.4.2 already"]


def test_release_before_is_retired_after_the_member_is_done():
    log = Journal().phases(1, "app1", "activate", "health", "done").phases(60, "app1", "retire", text="3 sessions left")
    member = log.finished(70, "done").member()
    assert (member["result"], member["reason"], member["out"]) == ("done", None, [])


def test_a_retirement_that_failed_leaves_the_member_done():
    log = Journal().phases(1, "app1", "activate", "health", "done", "retire")
    log.phases(60, "app1", "failed", text="Tomcat does not answer")
    member = log.finished(70, "failed").member()
    assert (member["result"], member["reason"]) == ("done", "Tomcat does not answer")
    assert [failure["phase"] for failure in member["failures"]] == ["retire"]


def test_a_retirement_on_a_member_that_had_the_release():
    log = Journal(plan=plan("app2", skipped={"app1": "on 1.4.2 already"}))
    log.phases(1, "app1", "retire").phases(40, "app1", "done")
    member = log.finished(70, "done").member()
    assert (member["result"], member["durations"]) == ("skipped", {"retire": 39.0})


def test_member_that_a_person_took_out_misses_nothing():
    planned = plan("app1")
    planned["members"]["app1"]["left_by_person"] = True
    member = Journal(plan=planned).phases(1, "app1", *WAY, "done").member()
    assert (member["left_by_person"], member["out"], member["out_seconds"]) == (True, [], 0)


@pytest.mark.parametrize("second, most", [(3, 2), (7, 1), (8, 1)])
def test_most_out_at_once(second, most):
    log = Journal().phases(1, "app1", *WAY, "done").phases(second, "app2", *WAY, "done")
    log.events.sort(key=lambda event: event["at"])
    assert log.report()["most_out_at_once"] == most


def test_what_stays_up_is_of_the_batches_forward():
    places = [{"httpd": "web1", "balancer": "tomcat", "usable": ["app2"], "more": 0}]
    log = Journal(plan=plan("app1", stays_up=[places])).batch(1, "app1")
    log.add(5, "batch", direction="back", data={"hosts": ["app1"]})
    assert [(batch["direction"], batch["stays_up"]) for batch in log.report()["batches"]] == [
        ("forward", places),
        ("back", []),
    ]


def test_last_batch_does_not_last_for_the_way_back_of_others():
    log = Journal().batch(1, "app1").phases(2, "app1", "drain", "enable", "done").batch(6, "app2")
    log.phases(7, "app2", "drain", "failed").phases(10, "app1", "drain", "enable", "done", direction="back")
    assert [batch["seconds"] for batch in log.report()["batches"]] == [3, 2]


def test_batch_without_an_event_of_its_members_lasted_for_nothing():
    assert [batch["seconds"] for batch in Journal().batch(1, "app1").finished(9, "failed").report()["batches"]] == [0]


def test_warnings_and_what_was_taken_over():
    found = Journal(plan=plan(warnings=["one node"], interrupted={"id": "zero"})).report()
    assert (found["warnings"], found["took_over"]) == (["one node"], "zero")


def test_refused_rollout_is_reported_without_a_plan():
    log = Journal()
    log.events.clear()
    found = log.finished(0, "refused", id="two", reason="locked").report()
    assert (found["id"], found["result"], found["reason"], found["members"]) == ("two", "refused", "locked", [])


def test_empty_journal_is_no_report():
    with pytest.raises(CollectionError, match="the journal is empty"):
        report([])


def test_clock_that_was_set_back_makes_no_negative_seconds():
    log = Journal().phases(10, "app1", "drain").phases(-5, "app1", "stop", "enable", "done").finished(0, "done")
    member = log.member()
    assert min(phase["seconds"] or 0 for phase in member["phases"]) == 0
    assert member["out_seconds"] == 0


def test_clock_that_was_set_back_stands_still_for_all_until_it_catches_up():
    log = Journal(plan=plan("app1", "app2")).batch(1, "app1").phases(10, "app1", "drain", "stop")
    # Set back by ten seconds.
    log.phases(2, "app1", "start", "done").batch(5, "app2").phases(6, "app2", "drain", "enable")
    found = log.phases(13, "app2", "done").finished(14, "done").report()
    assert [event["offset"] for event in found["events"]] == [1, 10, 11, 11, 11, 11, 11, 11, 13]
    assert [batch["seconds"] for batch in found["batches"]] == [10, 2]
    assert found["seconds"] == 14


def test_events_that_were_written_late_bend_nobody_elses_durations():
    """What was begun during a call is written when the call ends: by then another member of the batch is further on."""
    log = Journal(plan=plan("app1", "app2")).batch(1, "app1", "app2")
    log.phases(2, "app1", "drain").phases(2, "app2", "drain").phases(3, "app1", "stop").phases(3, "app2", "stop")
    log.phases(4, "app1", "activate", "start", "health").phases(9, "app1", "enable", "verify", "done")
    log.phases(5, "app2", "activate", "start", "health").phases(12, "app2", "enable", "verify", "done")
    found = log.finished(14, "done").report()
    whole = {member["host"]: member["durations"] for member in found["members"]}
    assert whole == {
        "app1": {"drain": 1, "stop": 1, "activate": 1, "start": 1, "health": 3, "enable": 1, "verify": 1},
        "app2": {"drain": 1, "stop": 2, "activate": 1, "start": 1, "health": 5, "enable": 1, "verify": 1},
    }
    assert found["members"][1]["out"][0]["seconds"] == 11


def test_a_late_event_is_no_earlier_than_the_batch_that_it_is_of():
    log = Journal(plan=plan("app1")).batch(5, "app1").phases(3, "app1", "drain", "done")
    found = log.report()
    assert [event["offset"] for event in found["events"]] == [5, 5, 5]


def test_a_rollout_that_ends_with_a_late_event_ends_with_its_last_moment():
    log = (
        Journal(plan=plan("app1", "app2"))
        .batch(1, "app1", "app2")
        .phases(8, "app1", "drain")
        .phases(2, "app2", "drain")
    )
    found = log.report()
    assert (found["seconds"], found["last_event_at"]) == (8, "2026-11-24T05:15:08.000Z")
    assert [event["offset"] for event in found["events"]] == [1, 2, 8]


# The terminal ---------------------------------------------------------------


def test_summary_of_a_good_rollout():
    assert summary(good().report()) == [
        "member  from   to     result    out  drain   stop  activate  start  health",
        "app1    1.4.1  1.4.2  done    6.0 s  1.0 s  1.0 s     1.0 s  1.0 s   1.0 s",
        "app2    1.4.1  1.4.2  done    6.0 s  1.0 s  1.0 s     1.0 s  1.0 s   1.0 s",
        "",
        "deploy ROOT 1.4.2: done after 20 s; 2 done; at most 1 out at once",
    ]


def test_summary_of_a_failure_has_its_log_lines_and_ends_with_the_result():
    log = rolled_back()
    log.events[6]["data"]["log_lines"] = [f"line\n{number}\x1b[2J" for number in range(15)]
    lines = summary(log.finished(20, "failed", reason="app1 did not\ntake it").report())
    assert "app1 failed in phase health: status 500" in lines
    assert lines[5:7] == ["    line 0 [2J", "    line 1 [2J"]
    assert "    and 3 more lines in the report" in lines
    assert (
        lines[-1]
        == "deploy: failed after 20 s; 1 rolled back, 1 untouched; at most 1 out at once. app1 did not take it"
    )


def test_summary_of_an_interrupted_run():
    lines = summary(Journal(plan=plan("app1")).phases(1, "app1", "drain", "stop").report())
    assert lines == [
        "member  from   to     result          out  drain",
        "app1    1.4.1  1.4.2  interrupted  >1.0 s  1.0 s",
        "",
        "app1 interrupted: nothing is known after its phase stop",
        "",
        "deploy: interrupted after 2 s; 1 interrupted; at most 1 out at once",
    ]


def test_summary_tells_a_reason_once():
    log = Journal(plan=plan(skipped={"app1": "on 1.4.2 already", "app2": "on 1.4.2 already", "app3": "not asked for"}))
    assert summary(log.finished(1, "done").report())[5:7] == [
        "app1, app2 skipped: on 1.4.2 already",
        "app3 skipped: not asked for",
    ]
