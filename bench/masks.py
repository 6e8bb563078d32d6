"""Measures how many values each masking method of `policies/masking.py` masks in a second on one core.

Goal: at least 1,000,000. The values are in memory and the parameters are parsed once. Most methods run inside the
Cypher statement instead, so that the clear value never leaves the database; those marked "after fetch" run in Python,
once for each cell of an answer.

`python bench/masks.py`
"""

from __future__ import annotations

import datetime as dt
import platform
import random
import statistics
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from policies.masking import Mask, parse

SEED, VALUES, ROUNDS = 20260630, 100_000, 7
GOAL = 1_000_000
TODAY = dt.date(2026, 6, 30)
KEY = b"k" * 32


def values(rng: random.Random, kind: str) -> list[Any]:
    """The values of one kind for one round."""
    digits = [f"138{rng.randrange(10**8):08}" for _ in range(1_000)]
    names = [surname + given for surname in ("张", "李", "欧阳", "司马", "祁") for given in ("三", "小明", "光")]
    streets = [f"平定县榆关街道阳光小区{rng.randrange(90)}号楼{rng.randrange(9)}单元" for _ in range(1_000)]
    pools: dict[str, Sequence[Any]] = {
        "phone": digits,
        "name": names,
        "address": streets,
        "date": [dt.date(1920, 1, 1) + dt.timedelta(days=rng.randrange(38_000)) for _ in range(1_000)],
        "region": [f"14/03/21/{rng.randrange(20):03}/{rng.randrange(9):03}/{rng.randrange(9):03}/" for _ in range(500)],
        "number": [rng.random() * 200 for _ in range(1_000)],
    }
    return rng.choices(pools[kind], k=VALUES)


CASES = {
    "redact": "phone",
    "partial(3,4)": "phone",
    "surname": "name",
    "initial": "name",
    "year": "date",
    "age_band": "date",
    "region(STREET)": "region",
    "round(10)": "number",
    "pseudonym": "phone",
    "address(street)": "address",
    "address(estate)": "address",
}


def values_in_a_second(mask: Mask, prepared: list[Any]) -> float:
    """Values masked in one second of CPU, the median of some rounds."""
    rates = []
    for _ in range(ROUNDS):
        apply = mask.apply
        began = time.process_time()
        for value in prepared:
            apply(value, TODAY, KEY)
        rates.append(len(prepared) / (time.process_time() - began))
    return statistics.median(rates)


def main() -> None:
    print(f"Python {platform.python_version()}, {platform.machine()}, seed {SEED}; one core, {VALUES:,} values a round")
    for text, kind in CASES.items():
        mask = parse(text)
        rate = values_in_a_second(mask, values(random.Random(SEED), kind))
        where = "after fetch" if mask.after_fetch else "in the statement"
        print(f"{text:16} {rate:12,.0f} values/s  {'reached' if rate >= GOAL else 'missed':8} {where}")


if __name__ == "__main__":
    main()
