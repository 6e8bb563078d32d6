"""CONTRIBUTING.md names, for each thing that can be added, the tables in which it is entered."""

from __future__ import annotations

import re

import pytest

from tests.unit.docs.test_names import ROOT, names_of

pytestmark = pytest.mark.unit

PAGE = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
TABLES = [
    ("a setting", "hub/home/settings.py", "Settings"),
    ("an error code", "hub/errors.py", "Code"),
    ("an error code", "hub/errors.py", "RULES"),
    ("a mask", "policies/masking.py", "METHODS"),
    ("an obligation", "policies/obligations.py", "OBLIGATIONS"),
    ("an obligation", "hub/request/caps/daily_caps.py", "COUNTED"),
    ("an obligation", "hub/request/caps/daily_caps.py", "MET_ELSEWHERE"),
    ("a command", "hub/cli/options.py", "refusals"),
    ("a command", "audit/record.py", "KINDS"),
]


def how_to_add(what: str) -> str:
    return PAGE.partition(f"\n**{what}** — ")[2].partition("\n\n**")[0]


@pytest.mark.parametrize(("what", "file", "name"), TABLES)
def test_a_table_is_where_the_page_says(what: str, file: str, name: str) -> None:
    assert f"`{file}`" in how_to_add(what)
    assert f"`{name}`" in how_to_add(what)
    assert name in names_of(ROOT / file)


def test_every_kind_of_thing_has_its_way() -> None:
    kinds = set(re.findall(r"^\*\*([^*]+)\*\* — ", PAGE, re.MULTILINE))
    assert {what for what, *_ in TABLES} < kinds
    assert {"a field", "a dependency"} <= kinds
