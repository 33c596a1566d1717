# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From one entry of an option to the wanted state of one element, and of those inside it."""

# Private to this collection.

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field

from ansible_collections.roundrobin.tomcat.plugins.module_utils._errors import CollectionError

from .mask import mask_value
from .text import check_name
from .tree import Node
from .values import attribute_values, names_to_remove, one_of, text_value

STATES = ("present", "absent", "disabled")
# The options of an element inside another, and what each is; what a text can be is text_value's to say.
_CHILD: dict[str, tuple[type, str]] = {
    "tag": (str, "string"),
    "identify_by": (dict, "dictionary"),
    "attributes": (dict, "dictionary"),
    "attributes_to_remove": (list, "list"),
    "purge_attributes": (bool, "boolean"),
    "text": (object, "string"),
    "state": (str, "string"),
    "children": (list, "list"),
}


@dataclass(frozen=True)
class Wanted:
    """The wanted state of one element."""

    tag: str
    # What a person calls it in a message, such as "hosts[0] (Host with name='localhost')".
    label: str
    matches: t.Callable[[Node], bool]
    attributes: t.Mapping[str, str] = field(default_factory=dict)
    attributes_to_remove: t.Sequence[str] = ()
    state: str = "present"
    # The content, for an element that has text and no child elements.
    text: str | None = None
    children: t.Sequence[Wanted] = ()
    # The children are all that may be inside, and the same goes for what is inside of them.
    purge: bool = False
    # The attributes are all that the element may have.
    exact: bool = False
    # Whether a value in the file is as good as the wanted one.
    same: t.Callable[[str, str | None, str], bool] = lambda name, old, new: old == new
    # How to tell one of several matching elements apart; None means not at all.
    prefer: t.Callable[[Node], bool] | None = None
    hint: str = "name more attributes in identify_by"


def wanted_element(
    tag: str,
    identity: t.Mapping[str, str],
    item: t.Mapping[str, t.Any],
    where: str,
    also: t.Iterable[str] = (),
    also_set: t.Mapping[str, str] | None = None,
    purge: bool = False,
) -> Wanted:
    """Return the wanted state for an entry that means the element with these attributes.

    Without attributes to know it by, it is the element with this text, else the only one of this name.
    `also_set` are attributes that have options of their own. `purge` goes for all that is inside.
    """
    attributes: dict[str, str] = {}
    for given in (also_set or {}, identity, attribute_values(item.get("attributes"), where, also)):
        for name, value in given.items():
            if attributes.setdefault(name, value) != value:
                shown = [mask_value(name, each, also, {**attributes, **given}) for each in (attributes[name], value)]
                values = f"{shown[0]!r} and {shown[1]!r}"
                raise CollectionError(
                    f"{where}: attribute {name} is given two values, {values}; what an element is known by cannot change"
                )
    text = text_value(tag, item.get("text"), where, also)
    children = wanted_children(item.get("children"), where, also, purge)
    if text is not None and children:
        raise CollectionError(f"{where}: text and children are given; an element has one or the other")
    known_by_text = text if not identity else None

    def _matches(node: Node) -> bool:
        if known_by_text is not None and node.text != known_by_text:
            return False
        return all(node.get(name) == value for name, value in identity.items())

    marks = [f"{name}={mask_value(name, value, also, identity)!r}" for name, value in identity.items()]
    if known_by_text is not None:
        marks.append(f"the text {mask_value(tag, known_by_text, also)!r}")
    return Wanted(
        tag=tag,
        label=f"{where} ({tag}{' with ' if marks else ''}{', '.join(marks)})",
        matches=_matches,
        attributes=attributes,
        attributes_to_remove=names_to_remove(item.get("attributes_to_remove"), attributes, where),
        state=item.get("state") or "present",
        text=text,
        children=children,
        purge=purge,
        exact=bool(item.get("purge_attributes")),
    )


def wanted_children(given: t.Any, where: str, also: t.Iterable[str] = (), purge: bool = False) -> tuple[Wanted, ...]:
    """Return the wanted states for the option `children` of an entry, whose own `children` may hold more."""
    out = []
    for number, item in enumerate(given or []):
        place = f"{where}.children[{number}]"
        _check_child(item, place)
        out.append(wanted_child(item, place, also, purge))
    return tuple(out)


def wanted_child(item: t.Mapping[str, t.Any], where: str, also: t.Iterable[str] = (), purge: bool = False) -> Wanted:
    """Return the wanted state for an entry that gives tag and identify_by."""
    check_name(item["tag"], f"the name of an element ({where})")
    identity = attribute_values(item.get("identify_by"), where, also)
    return wanted_element(item["tag"], identity, item, where, also, purge=purge)


def _check_child(item: t.Any, where: str) -> None:
    """Check what Ansible does not: it knows nothing of options that hold themselves."""
    if not isinstance(item, t.Mapping):
        raise CollectionError(f"{where}: is a {type(item).__name__}; a dictionary with tag is expected")
    for name, value in item.items():
        expected, word = _CHILD[one_of(str(name), _CHILD, f"{where}: the option")]
        if value is not None and not isinstance(value, expected):
            raise CollectionError(f"{where}: {name} is a {type(value).__name__}; a {word} is expected")
    if not item.get("tag"):
        raise CollectionError(f"{where}: tag is missing; the name of an element is expected")
    for name in item.get("attributes_to_remove") or []:
        if not isinstance(name, str):
            raise CollectionError(f"{where}: attributes_to_remove holds {name!r}; names of attributes are expected")
    one_of(item.get("state") or "present", STATES, f"{where}: state")
