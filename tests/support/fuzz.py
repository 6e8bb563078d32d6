"""How many generated cases a fuzz test tries: a small dose, or as many as FUZZ_MINUTES allows.

Each case has its own seed, derived from TEST_SEED and its number, so one case can be repeated without those before it.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass

SEED = int(os.environ["TEST_SEED"])
"""Set by tests/conftest.py, and printed at the head of each run."""


@dataclass(frozen=True, slots=True)
class Case:
    """One generated case: its number, and randomness of its own."""

    number: int
    rng: random.Random

    def __str__(self) -> str:
        return f"case {self.number} of TEST_SEED={SEED}"


def case(number: int) -> Case:
    """The case with this number, the same for the same TEST_SEED."""
    return Case(number, random.Random(f"{SEED}/{number}"))


def cases(dose: int) -> Iterator[Case]:
    """`dose` cases, or as many as fit in FUZZ_MINUTES of this test; FUZZ_CASE=N gives that one alone."""
    alone = os.environ.get("FUZZ_CASE")
    if alone is not None:
        yield case(int(alone))
        return
    minutes = os.environ.get("FUZZ_MINUTES")
    ends = time.monotonic() + 60 * float(minutes) if minutes else None
    number = 0
    while number < dose if ends is None else time.monotonic() < ends:
        yield case(number)
        number += 1
