"""Each input on which the product failed when it was tried is a test of its name, or is listed as open here."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

pytestmark = pytest.mark.attack
TESTS = Path(__file__).parents[1]
CASES = {
    f"{group}_{number}": title
    for group, titles in tomllib.loads((Path(__file__).parent / "tried.toml").read_text("utf-8")).items()
    for number, title in titles.items()
}
OPEN: frozenset[str] = frozenset()
"""Cases that still fail."""


def numbers_in_names() -> set[str]:
    """Numbers in the names of test functions: `test_l14_case_3_00_…` too."""
    return {
        f"{group}_{number}"
        for path in TESTS.rglob("test_*.py")
        for name in re.findall(r"def (test_\w+)", path.read_text("utf-8"))
        for group, number in re.findall(r"case_(\d)_(\d\d)", name)
    }


def test_each_case_is_tested_or_open() -> None:
    assert len(CASES) == 77
    assert {case: CASES[case] for case in sorted(set(CASES) - numbers_in_names() - OPEN)} == {}


def test_what_is_tested_is_a_case_and_not_open() -> None:
    assert numbers_in_names() - set(CASES) == set()
    assert numbers_in_names() & OPEN == set()
