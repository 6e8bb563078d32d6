"""The seed of a run: `make test` is given a fixed one and leaves nothing to a draw, all other runs draw anew."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.unit
ROOT = Path(__file__).parents[2]
TOLD = "import tests.conftest as c, hypothesis; print(c.SEED, hypothesis.settings.default.derandomize)"


def told(command: list[str], **given: str) -> str:
    """What a program prints to whose environment no seed comes but the one given."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("TEST_SEED", "MAKE"))}
    done = subprocess.run(command, cwd=ROOT, env=kept | given, capture_output=True, text=True, check=True)
    return done.stdout


def test_hypothesis_draws_nothing_where_a_seed_is_given() -> None:
    assert told([sys.executable, "-c", TOLD], TEST_SEED="17").split() == ["17", "True"]


def test_where_none_is_given_all_is_drawn_by_workers_too() -> None:
    seed, fixed = told([sys.executable, "-c", TOLD]).split()
    assert fixed == "False"
    of_worker = told([sys.executable, "-c", TOLD], TEST_SEED=seed, TEST_SEED_DRAWN="yes")
    assert of_worker.split() == [seed, "False"]


def test_only_make_test_fixes_it() -> None:
    assert re.search(r"TEST_SEED=\d+ \S+ -m pytest", told(["make", "-n", "test"]))
    for target in ("unit", "faults", "fuzz"):
        assert "TEST_SEED" not in told(["make", "-n", target])
    assert "TEST_SEED=99 " in told(["make", "-n", "test"], TEST_SEED="99")
