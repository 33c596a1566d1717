# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter, the shape of what it returns, and the page that is made from it."""

from __future__ import annotations

import html.parser
import json
import pathlib

import jinja2
import jsonschema
import pytest
from ansible.errors import AnsibleFilterError
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.roundrobin.tomcat.plugins.filter.duration import duration
from ansible_collections.roundrobin.tomcat.plugins.filter.rollout_report import rollout_report
from ansible_collections.roundrobin.tomcat.plugins.plugin_utils._rollout.journal import PHASES

ROOT = pathlib.Path(__file__).resolve().parents[4]
JOURNALS = ROOT / "tests/unit/fixtures/rollouts"
SCHEMA = json.loads((ROOT / "docs/rollout_report.schema.json").read_text())
SOURCE = (ROOT / "roles/rolling_deploy/templates/report.html.j2").read_text()
# As ansible.builtin.template does it: nothing is escaped but what the template escapes.
ENVIRONMENT = jinja2.Environment(trim_blocks=True, undefined=jinja2.StrictUndefined, autoescape=False)
ENVIRONMENT.filters["roundrobin.tomcat.duration"] = duration
TEMPLATE = ENVIRONMENT.from_string(SOURCE)

# Two are of real rollouts (one killed, one whose members all went back), two were written to have everything in them.
RESULTS = {"all_back": "failed", "good": "done", "interrupted": "interrupted", "sick": "failed"}


def journal(name):
    return (JOURNALS / f"{name}.jsonl").read_text()


def valid(report):
    jsonschema.Draft202012Validator(SCHEMA).validate(report)
    return report


def page(report):
    return TEMPLATE.render(report=report)


class Page(html.parser.HTMLParser):
    """What a browser makes of it: the elements are closed in order, and where something would be loaded from."""

    VOID = ("meta", "br")

    def __init__(self, text):
        super().__init__()
        self.tags, self.open, self.addresses, self.texts = [], [], [], []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.addresses += [value for name, value in attrs if name in ("src", "href") or name.startswith("on")]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)

    @property
    def text(self):
        return " ".join(" ".join(self.texts).split())


@pytest.mark.parametrize("name, result", RESULTS.items())
def test_report_is_of_the_documented_shape(name, result):
    report = valid(rollout_report(journal(name)))
    assert report["result"] == result
    assert report["summary"][-1].startswith(f"deploy ROOT {report['version']}: {result} after ")


@pytest.mark.parametrize("name", RESULTS)
def test_journal_that_is_cut_anywhere_gives_a_report_and_a_page(name):
    lines = journal(name).splitlines(keepends=True)
    for count in range(1, len(lines)):
        for text in ("".join(lines[:count]), "".join(lines[:count]) + lines[count][:30]):
            report = valid(rollout_report(text))
            assert report["result"] == "interrupted"
            Page(page(report))


@pytest.mark.parametrize("wrong", [{}, "", "{\n", 7])
def test_what_is_no_journal_is_refused(wrong):
    with pytest.raises(AnsibleFilterError, match=r"roundrobin.tomcat.rollout_report"):
        rollout_report(wrong)


# The page -------------------------------------------------------------------


@pytest.mark.parametrize("name", RESULTS)
def test_page_is_complete_in_itself(name):
    seen = Page(page(rollout_report(journal(name))))
    assert seen.addresses == []
    assert not {"script", "link", "img", "iframe", "object", "embed", "base", "form"} & set(seen.tags)
    assert "url(" not in SOURCE and "@import" not in SOURCE


@pytest.mark.parametrize("name", RESULTS)
def test_page_tells_what_the_report_tells(name):
    report = rollout_report(journal(name))
    text = Page(page(report)).text
    told = [report["id"], report["by"], *(report["warnings"]), *([report["reason"]] if report["reason"] else [])]
    for member in report["members"]:
        told += [member["host"], *(failure["reason"] for failure in member["failures"])]
        told += [duration(seconds) for seconds in member["durations"].values()]
    told += [line for member in report["members"] for failure in member["failures"] for line in failure["log_lines"]]
    assert [what for what in told if " ".join(what.split()) not in text] == []


def hostile(value, keep=()):
    """The same report, with markup in every text of it that is not one of a few known words."""
    if isinstance(value, dict):
        return {key: item if key in keep else hostile(item, keep) for key, item in value.items()}
    if isinstance(value, list):
        return [hostile(item, keep) for item in value]
    return f"{value}<script>alert('\"&{{{{7*7}}}}')</script>" if isinstance(value, str) and value else value


@pytest.mark.parametrize("name", RESULTS)
def test_every_text_is_shown_as_text(name):
    report = rollout_report(journal(name))
    clean = Page(page(report))
    # Also times and ids: who can write them into the journal is not the page's business.
    for keep in (("phase",), ("phase", "direction", "result", "type")):
        seen = Page(page(hostile(report, keep)))
        assert "script" not in seen.tags
        assert seen.addresses == []
        assert "<script>alert('\"&{{7*7}}')</script>" in seen.text
    # With the known words left alone, only the texts differ.
    assert seen.tags == clean.tags


_TEXT = st.text(max_size=12)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(PHASES), st.sampled_from(["forward", "back"]), st.sampled_from("ab"), _TEXT),
        max_size=12,
    ),
    st.booleans(),
)
def test_whatever_happens_there_is_a_report_and_a_page(steps, finished):
    def event(minute, type, **more):
        at = f"2026-11-24T05:{minute:02}:00.000Z"
        base = {"at": at, "type": type, "host": None, "phase": None, "direction": "forward", "text": "", "data": {}}
        return json.dumps({**base, **more})

    lines = [event(0, "rollout", data={"event": "started"})]
    for number, (phase, direction, host, text) in enumerate(steps, 1):
        lines.append(event(number, "phase", phase=phase, direction=direction, host=host, text=text))
    if finished:
        lines.append(event(59, "rollout", data={"event": "finished", "result": "done"}))
    report = valid(rollout_report("\n".join(lines) + "\n"))
    assert report["result"] == ("done" if finished else "interrupted")
    Page(page(report))
