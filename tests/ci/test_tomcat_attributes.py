# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the collection says of Tomcat's attributes is what the releases it installs say."""

from __future__ import annotations

import io
import re
import sys
import tarfile
from pathlib import Path

import archives
import pytest
import tomcat_attributes

sys.path.insert(0, str(tomcat_attributes.ROOT / ".collections"))
from lxml import etree

from ansible_collections.roundrobin.tomcat.plugins.module_utils._xml import hints as _xml_hints
from ansible_collections.roundrobin.tomcat.plugins.module_utils._xml import tomcat_attributes as _tomcat_attributes

RELEASES = list(archives.releases())
DOCUMENTED = re.compile(r'<code class="attributeName">([^<\s]+)</code>')
# Pages of the reference that are not about elements of server.xml and context.xml.
OTHER_PAGES = ("automatic-deployment", "filter", "runtime-attributes", "systemprops")
# Documented, and yet Tomcat says "did not find a matching property": the setter has another name or is missing.
WRONG_IN_THE_REFERENCE = {"ocspVerify", "proxyURL", "socket.keyCache", "sslSocketFactory", "useCaches"}
# Of Resource, ResourceLink and Transaction, which take any attribute; and names that are examples.
NOT_CHECKED = {"auth", "closeMethod", "factory", "global", "password", "scope", "singleton", "username"}
NOT_CHECKED |= {"errorCode.nnn", "exceptionType.fullyQualifiedClassName"}
COMMENTED_OUT = re.compile(r"<([A-Z]\w+)\s(?:[^<]*/>|.*</\1>)", re.DOTALL)


def members(release, pattern):
    with tarfile.open(archives.archive(release)) as archive:
        for member in archive:
            match = re.search(pattern, member.name)
            if match:
                yield match.group(1), archive.extractfile(member).read()


def test_the_file_is_what_the_releases_say():
    assert Path(_tomcat_attributes.__file__).read_text() == tomcat_attributes.generated(RELEASES), (
        "run python tests/ci/tomcat_attributes.py"
    )


@pytest.mark.parametrize("release", RELEASES)
def test_what_the_reference_documents_is_known(release):
    known = {_xml_hints._as_setter(name) for name in _tomcat_attributes.KNOWN_ATTRIBUTES.split()} | {"ClassName"}
    pages = dict(members(release, r"/webapps/docs/config/([a-z0-9-]+)\.html$"))
    documented = {
        name for page, html in pages.items() if page not in OTHER_PAGES for name in DOCUMENTED.findall(html.decode())
    }
    assert len(documented) > 300
    unknown = {name for name in documented if _xml_hints._as_setter(name) not in known}
    assert unknown - WRONG_IN_THE_REFERENCE == NOT_CHECKED


@pytest.mark.parametrize("release", RELEASES)
def test_tomcats_own_files_give_no_warning(release):
    elements = 0
    for _name, data in members(release, r"/conf/(server|context)\.xml$"):
        root = etree.parse(io.BytesIO(data)).getroot()
        trees = [root]
        for comment in root.iter(etree.Comment):
            trees += [etree.fromstring(match.group(0)) for match in COMMENTED_OUT.finditer(comment.text)]
        for element in (element for tree in trees for element in tree.iter("*")):
            elements += 1
            assert _xml_hints.unknown_attributes(element.tag, element.attrib, element.attrib) == []
    assert elements > 20
