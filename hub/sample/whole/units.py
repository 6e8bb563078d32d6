"""Writes the register of units `market/units.jsonl`, served by `market.py`; docs/sample-county.md, section 8.

Units are firms, shops, schools, institutions and organisations. Lines are in the order of the last change.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from hub.sample.register import wrong_check
from hub.sample.whole import words
from hub.sample.whole.credit_codes import credit_code, wrong_credit_check
from hub.sample.whole.defects import Row, Spoil, count, plant, setting
from hub.sample.whole.world import (
    IMPOSSIBLE_DATE,
    UNKNOWN_DWELLING,
    UNKNOWN_GRID,
    County,
    Stay,
    World,
)

STREAM: Final = "units"
_SHARE: Final = 12_000 / 303_600
_LEAST: Final = 12
_BUSINESS: Final = "经营"
_SERIAL_STEP: Final = 7_368_787
_SERIALS: Final = 100_000_000


def units_of(people: int) -> int:
    """Number of good units for so many people."""
    return max(_LEAST, round(people * _SHARE))


def write_units(path: Path, county: County) -> list[Row]:
    """Write all units; returns the good ones, as inspections and alarms name them."""
    world = World(county, STREAM)
    desk = _Desk(world)
    good = [desk.good() for _ in range(units_of(county.people))]
    rows = good + list(desk.planted(good))
    rows.sort(key=lambda row: (row["updatedAt"], row["creditCode"]))
    path.parent.mkdir()
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.writelines(json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n" for row in rows)
    world.progress("units", len(rows), len(rows))
    return good


class _Desk:
    """Makes units, each with a credit code of its own."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._count = 0
        self._premises = [home for home in world.county.homes if home.usage == _BUSINESS]
        world.random.shuffle(self._premises)

    def good(self) -> Row:
        """A unit on premises of its own as long as there are any, else in a dwelling."""
        self._world.tally.good(STREAM)
        return self._row(self._world.stay())

    def planted(self, good: list[Row]) -> Iterator[Row]:
        """The rows with a defect."""
        world = self._world
        yield from plant(world.tally, STREAM, world.turns, lambda: self._row(world.stay()), self._spoilers())
        for _ in range(world.turns):
            count(world.tally, STREAM, "duplicate")
            yield dict(world.random.choice(good))
            count(world.tally, STREAM, "merged_grid")
            old = world.stay_in_merged_grid()
            yield self._row(world.stay(), old)

    def _row(self, owner: Stay, place: Stay | None = None) -> Row:
        world, draw = self._world, self._world.random
        kind = draw.choices(list(words.UNIT_KINDS), [weight for weight, _, _ in words.UNIT_KINDS.values()])[0]
        _, head, sections = words.UNIT_KINDS[kind]
        section = draw.choice(sections)
        self._count += 1
        home = place.home if place else (self._premises.pop() if self._premises else owner.home)
        brand = draw.choice(words.BRANDS) + draw.choice(words.BRANDS)
        return {
            "creditCode": credit_code(head, self._count * _SERIAL_STEP % _SERIALS),
            "name": f"平定县{brand}{words.TRADES[section]}{words.SUFFIXES[kind]}",
            "kind": kind,
            "industry": section,
            "status": draw.choices(words.UNIT_STATES, words.UNIT_STATE_WEIGHTS)[0],
            "registeredOn": world.day(9_000, 40).isoformat(),
            "representativeName": owner.person.name,
            "representativeIdNo": owner.person.id_no,
            "phone": owner.person.phone or None,
            "address": home.address,
            "dwellingNo": home.number,
            "gridCode": place.grid if place else world.county.grid_of(home),
            "updatedAt": world.moment(1_000),
        }

    def _spoilers(self) -> dict[str, Spoil]:
        world = self._world
        return {
            "wrong_check": lambda row: row.update(creditCode=wrong_credit_check(row["creditCode"])),
            "wrong_person_check": lambda row: row.update(representativeIdNo=wrong_check(row["representativeIdNo"])),
            "unknown_person": lambda row: row.update(representativeIdNo=world.maker.stranger().id_no),
            "rare_name": lambda row: row.update(representativeName=world.rare_name()),
            "name_like_formula": lambda row: row.update(name=f"=1+1{row['name'][3:]}"),
            "impossible_date": setting("registeredOn", IMPOSSIBLE_DATE),
            "unknown_grid": setting("gridCode", UNKNOWN_GRID),
            "unknown_dwelling": setting("dwellingNo", UNKNOWN_DWELLING),
        }
