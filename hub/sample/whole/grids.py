"""The grids that ended: of 574 grids of the county, 122 were merged into others, and 452 are in force.

Each ended grid has one successor. Some successors ended too, later than the grid that they took over, so that what was
in the first grid is found only by following the chain.
"""

from collections import defaultdict
from collections.abc import Mapping
from typing import Final

from hub.sample.county import Division, grids_in_force

GRIDS_BEFORE: Final = 574
GRIDS_AFTER: Final = 452
_LEAST: Final = 3
_STEP: Final = 37
# How far an ended grid is from one in force, and the last day on which it was in force itself.
_LAST_DAYS: Final = ("2025-12-31", "2024-12-31", "2024-06-30")


def with_ended_grids(rows: tuple[Division, ...]) -> tuple[Division, ...]:
    """All divisions, with as many ended grids as the county had; `rows` ends with the one that is always there."""
    cells = grids_in_force(rows)
    ended = [rows[-1]]
    names = {row.code: row.name for row in rows}
    made: defaultdict[str, int] = defaultdict(int, {ended[0].parent: 1})
    for number in range(1, ended_grids(len(cells))):
        links = 1 if number % 5 == 1 else (2 if number % 10 == 2 else 0)
        successor = ended[-1] if links else cells[number * _STEP % len(cells)]
        parent = successor.parent
        made[parent] += 1
        code, name = f"{parent}{100 - made[parent]:03d}", f"{names[parent]}老院{made[parent]}网格"
        ended.append(Division(code, name, "网格", parent, "2021-01-01", _LAST_DAYS[links], successor.code))
    return rows[:-1] + tuple(ended)


def ended_grids(in_force: int) -> int:
    """How many grids ended, for so many in force."""
    return max(_LEAST, round(in_force * (GRIDS_BEFORE - GRIDS_AFTER) / GRIDS_AFTER))


def old_codes(rows: tuple[Division, ...]) -> Mapping[str, str]:
    """Code of each ended grid → code of the grid in force that its chain of successors leads to."""
    successor = {row.code: row.successor for row in rows if row.successor}
    found = {}
    for code in successor:
        last = code
        while last in successor:
            last = successor[last]
        found[code] = last
    return found
