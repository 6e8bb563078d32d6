"""Finds out whether somebody asked for what a version gives: they may not be the one who approves it."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any, Final

import sqlalchemy as sa

from policies.requests.model import GRANT
from policies.requests.store import requests_of_ids
from policies.stewards import Steward
from schema.strict_yaml import YamlFile

_ASKED: Final = re.compile(rb"\b" + GRANT.encode() + rb"([0-9a-f]{12})\b")
Files = Mapping[str, bytes]


def gives_what_they_asked(
    connection: sa.Connection, person: Steward, stewards: Mapping[str, Steward], before: Files, after: Files
) -> bool:
    """Whether `after` gives a grant that this person asked for, and `before` does not, or says something else in it.

    Of the files only the names of requests are looked at, until one of the person's own is found there.
    """
    found = requests_of_ids(connection, _named(after))
    own = {each.id for each in found if each.is_of(person, stewards)}
    if not own:
        return False
    old, new = _grants(before, own), _grants(after, own)
    return any(new[name] != old.get(name) for name in own & new.keys())


def _named(files: Files) -> set[str]:
    """The requests whose grants some files may hold."""
    return {name.decode() for content in files.values() for name in _ASKED.findall(content)}


def _grants(files: Files, names: Collection[str]) -> dict[str, Any]:
    """By request: its grant, as the files say it."""
    wanted, found = {f"{GRANT}{name}": name for name in names}, dict[str, Any]()
    for file, content in files.items():
        if not _named({file: content}).isdisjoint(names):
            grants = YamlFile(file, content).content.get("grants", ())
            found |= {wanted[each["id"]]: each for each in grants if each["id"] in wanted}
    return found
