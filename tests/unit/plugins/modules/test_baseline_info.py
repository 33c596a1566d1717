# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from ansible_collections.roundrobin.tomcat.plugins.modules import baseline_info


def test_what_is_there_and_what_is_not(run_for_result, tmp_path):
    conf = tmp_path / "server.xml"
    conf.write_text("<Server/>")
    (tmp_path / "webapps/docs").mkdir(parents=True)
    for check in (True, False):
        found = run_for_result(
            baseline_info,
            check,
            trees=[str(conf)],
            xml=[str(conf), str(tmp_path / "none.xml")],
            webapps=str(tmp_path / "webapps"),
            questions=[{"name": "nobody", "url": "http://127.0.0.1:1/"}],
        )
        assert not found["changed"]
        assert found["xml"] == {str(conf): [{"path": "Server", "attributes": {}}]}
        assert found["webapps"] == [{"name": "docs", "stock": False}]
        assert found["trees"][str(conf)]["exists"]
        assert found["answers"]["nobody"]["status"] is None
        assert (found["units"], found["open_proxy"], found["old_tls"]) == ({}, None, None)


def test_a_file_that_is_no_xml_is_named(run_for_result, tmp_path):
    path = tmp_path / "server.xml"
    path.write_text("<Server>")
    assert str(path) in run_for_result(baseline_info, xml=[str(path)])["msg"]
    assert "cannot be read" in run_for_result(baseline_info, web_xml=str(tmp_path / "web.xml"))["msg"]
