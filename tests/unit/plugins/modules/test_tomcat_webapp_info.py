# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the module tells of releases on disk."""

from __future__ import annotations

import pytest

from ansible_collections.roundrobin.tomcat.plugins.modules import tomcat_webapp, tomcat_webapp_info


def test_info_of_an_application_that_is_not_there(run_on_base, base):
    assert run_on_base(tomcat_webapp_info, name="ROOT") == {
        "changed": False,
        "applications": {
            "ROOT": {
                "active_version": None,
                "active_sha256": None,
                "previous_version": None,
                "contexts": [],
                "releases": [],
                "descriptors": {},
                "history": [],
            }
        },
        "descriptors": {"conf/context.xml": {}, "conf/Catalina/localhost/context.xml.default": {}},
    }


def test_what_is_said_of_sessions(run_on_base, base, war):
    run_on_base(tomcat_webapp, name="app", version="1.0", src=war("1.0"), remote_src=True)
    exploded = base / "releases/app/1.0/exploded"
    (exploded / "META-INF").mkdir()
    (exploded / "META-INF/context.xml").write_text('<Context override="true"/>')
    (base / "conf/Catalina/localhost").mkdir(parents=True)
    (base / "conf/Catalina/localhost/app.xml").write_text("<Context><Manager className='a.B'/></Context>")
    told = run_on_base(tomcat_webapp_info)
    assert told["applications"]["app"]["descriptors"]["META-INF/context.xml"]["override"] is True
    assert told["applications"]["app"]["descriptors"]["WEB-INF/web.xml"] == {}
    assert told["descriptors"]["conf/Catalina/localhost/app.xml"]["manager"] == "a.B"


def test_info_fails_as_clearly(run_on_base, base):
    (base / "webapps/app").mkdir()
    assert "is in the way" in run_on_base(tomcat_webapp_info, name="app")["msg"]


def test_all_applications_or_the_one_that_is_named(run_on_base, war):
    for name, version in (("shop", "1.0"), ("a#b", "2.0")):
        run_on_base(tomcat_webapp, name=name, version=version, src=war(version), remote_src=True)
    for check in (True, False):
        told = run_on_base(tomcat_webapp_info, check)
        assert told["changed"] is False
        assert {name: one["active_version"] for name, one in told["applications"].items()} == {
            "a#b": "2.0",
            "shop": "1.0",
        }
    assert list(run_on_base(tomcat_webapp_info, name="shop")["applications"]) == ["shop"]


def test_a_release_that_cannot_be_used_is_told_with_the_reason(run_on_base, base, war):
    run_on_base(tomcat_webapp, name="app", version="1.0", src=war("1.0"), remote_src=True, state="staged")
    (base / "releases/app/1.0/release.json").write_text("{")
    (release,) = run_on_base(tomcat_webapp_info)["applications"]["app"]["releases"]
    assert release["version"] == "1.0"
    assert release["problem"].endswith("release.json cannot be read: it is not what this collection writes")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"name": "/app"}, "name '/app' is not"),
        ({"name": "app", "base": "/nowhere"}, "base /nowhere is not a CATALINA_BASE"),
    ],
)
def test_bad_input(run_on_base, options, words):
    told = run_on_base(tomcat_webapp_info, **options)
    assert told["failed"]
    assert words in told["msg"]
