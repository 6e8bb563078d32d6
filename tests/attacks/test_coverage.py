"""Each attack case is a test, or its mechanism is listed as not there yet, and is shown to be absent."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

pytestmark = pytest.mark.attack
ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent
COVERED = "ABCDEFGHIJL"
"""Groups of which every case must be accounted for here; K has rooms of tests of its own as well."""

CASES: Mapping[str, str] = {
    case: title
    for group in tomllib.loads((HERE / "cases.toml").read_text(encoding="utf-8")).values()
    for case, title in group.items()
}
NOT_YET: Mapping[str, Mapping[str, str]] = tomllib.loads((HERE / "not_yet.toml").read_text(encoding="utf-8"))


def implemented() -> set[str]:
    """Ids in the names of test functions: `test_c02_c04_look_alikes` tests C02 and C04."""
    named: set[str] = set()
    for path in (ROOT / "tests").rglob("test_*.py"):
        for name in re.findall(r"def test((?:_[a-l]\d\d)+)_", path.read_text(encoding="utf-8")):
            named |= {each.upper() for each in name.strip("_").split("_")}
    return named


def source(*folders: str) -> str:
    """All Python of some rooms."""
    files = (path for folder in folders for path in sorted((ROOT / folder).rglob("*.py")))
    return "\n".join(path.read_text(encoding="utf-8") for path in files)


ABSENT: Mapping[str, Callable[[], bool]] = {
    "noise": lambda: "opendp" not in (ROOT / "pyproject.toml").read_text(encoding="utf-8"),
    "provenance in answers": lambda: "provenance" not in source("schema").lower(),
    "break-glass": lambda: not re.search(r"break.?glass", source("policies", "hub"), re.IGNORECASE),
}


def test_each_case_is_tested_or_listed() -> None:
    wanted = {case for case in CASES if case[0] in COVERED}
    assert len(wanted) > 90
    missing = wanted - implemented() - set(NOT_YET)
    assert {case: CASES[case] for case in sorted(missing)} == {}


def test_names_and_entries_are_cases() -> None:
    assert implemented() - set(CASES) == set()
    assert set(NOT_YET) - set(CASES) == set()


def test_what_is_tested_is_not_listed() -> None:
    assert implemented() & set(NOT_YET) == set()


@pytest.mark.parametrize("case", sorted(NOT_YET))
def test_a_listed_mechanism_is_absent(case: str) -> None:
    entry = NOT_YET[case]
    assert set(entry) == {"mechanism", "absent"}
    assert ABSENT[entry["mechanism"]](), f"{entry['mechanism']} is there: test {case} and take it off the list"
