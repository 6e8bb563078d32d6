"""Writes the housing department's database `housing/housing.sqlite`, specified in docs/sample-county.md, section 3.

Every good row of `occupancy` refers to a dwelling that exists, and names a person by a valid id number.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Final

from hub.sample.county import Building, Division, Dwelling
from hub.sample.known_people import CANARIES, COMPANION, PROTAGONIST, REFERENCE_DATE, Person
from hub.sample.people import OTHER, TENANT, PersonMaker
from hub.sample.register import wrong_check
from hub.sample.tally import Progress, Tally, dirty_rows, time_of

_SCHEMA: Final = """
CREATE TABLE buildings(building_no TEXT PRIMARY KEY, name TEXT, address TEXT, grid_code TEXT, floors INTEGER,
    built_year INTEGER, updated_at TEXT);
CREATE TABLE dwellings(dwelling_no TEXT PRIMARY KEY, building_no TEXT, unit_no TEXT, room_no TEXT, usage TEXT,
    area_m2 REAL, updated_at TEXT);
CREATE TABLE occupancy(occupancy_no TEXT PRIMARY KEY, dwelling_no TEXT, occupant_name TEXT,
    occupant_id_no TEXT, relation TEXT, since TEXT, updated_at TEXT);
CREATE INDEX buildings_updated ON buildings(updated_at);
CREATE INDEX dwellings_updated ON dwellings(updated_at);
CREATE INDEX occupancy_updated ON occupancy(updated_at);
"""
_KNOWN: Final = frozenset(person.id_no for person in (PROTAGONIST, COMPANION, *CANARIES))
_NO_DWELLING: Final = 0.015
_TWO_DWELLINGS: Final = 0.015

_Row = tuple[str | int | float, ...]


def write_housing(
    path: Path,
    cells: tuple[Division, ...],
    homes: list[Dwelling],
    people: int,
    random: Random,
    maker: PersonMaker,
    tally: Tally,
    progress: Progress,
) -> None:
    """Write the three tables; `homes` are all dwellings, occupied or not."""
    path.parent.mkdir()
    occupancy = _Occupancy(random, maker, tally, homes, people)
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(_SCHEMA)
        with connection:
            rows = _buildings(random, cells, homes, tally)
            connection.executemany("INSERT INTO buildings VALUES (?,?,?,?,?,?,?)", rows)
            progress("housing", 1, 3)
            connection.executemany(
                "INSERT INTO dwellings VALUES (?,?,?,?,?,?,?)", _dwellings(random, homes, people, tally)
            )
            progress("housing", 2, 3)
            connection.executemany("INSERT INTO occupancy VALUES (?,?,?,?,?,?,?)", occupancy.rows())
    progress("housing", 3, 3)


def _buildings(random: Random, cells: tuple[Division, ...], homes: list[Dwelling], tally: Tally) -> Iterator[_Row]:
    seen: dict[str, Building] = {home.building.number: home.building for home in homes}
    for house in seen.values():
        grid = cells[house.grid].code
        yield house.number, house.name, house.address, grid, house.floors, house.built_year, _updated(random)
        tally.good("buildings")


def _dwellings(random: Random, homes: list[Dwelling], people: int, tally: Tally) -> Iterator[_Row]:
    for home in homes:
        place = (home.number, home.building.number, home.unit_no, home.room_no)
        yield *place, home.usage, home.area_m2, _updated(random)
        tally.good("dwellings")
        tally.facts["dwellings_rented"] += home.usage == "出租"
    for turn in range(dirty_rows(people)):
        home = homes[random.randrange(len(homes))]
        number = f"FW{90_000_000 + turn:08d}"
        area = round(-random.uniform(1, 90), 1)
        yield number, home.building.number, home.unit_no, f"9{turn:03d}", "空置", area, _updated(random)
        tally.dirty("dwellings", "negative_area")


class _Occupancy:
    """The rows of `occupancy`, numbered in the order in which they are written."""

    def __init__(self, random: Random, maker: PersonMaker, tally: Tally, homes: list[Dwelling], people: int) -> None:
        self._random = random
        self._maker = maker
        self._tally = tally
        self._homes = homes
        self._people = people
        self._count = 0

    def rows(self) -> Iterator[_Row]:
        """Good rows, then people who are not in the register, then dirty rows."""
        for home in self._homes:
            if home.household is not None:
                pairs = zip(home.household.members, home.household.relations, strict=True)
                for person, relation in pairs:
                    yield from self._resident(home, person, relation)
        # Without the first dwelling, which is the protagonist's.
        lived_in = [home for home in self._homes[1:] if home.household is not None]
        for _ in range(max(2, self._people // 250)):
            yield self._good(self._random.choice(lived_in).number, self._maker.stranger(), TENANT)
            self._tally.facts["occupants_not_in_register"] += 1
        yield from self._dirty(lived_in)

    def _resident(self, home: Dwelling, person: Person, relation: str) -> Iterator[_Row]:
        draw = 1.0 if person.id_no in _KNOWN else self._random.random()
        if draw < _NO_DWELLING:
            self._tally.facts["residents_without_dwelling"] += 1
            return
        yield self._good(home.number, person, relation)
        if draw < _NO_DWELLING + _TWO_DWELLINGS:
            yield self._good(self._second_dwelling(home).number, person, OTHER)
            self._tally.facts["residents_with_two_dwellings"] += 1

    def _second_dwelling(self, home: Dwelling) -> Dwelling:
        """A dwelling that is neither `home` nor the first, which is the protagonist's."""
        second = home
        while second is home:
            second = self._homes[self._random.randrange(1, len(self._homes))]
        return second

    def _dirty(self, lived_in: list[Dwelling]) -> Iterator[_Row]:
        for turn in range(dirty_rows(self._people)):
            for reason in ("missing_dwelling", "bad_id"):
                home = self._random.choice(lived_in)
                person = home.household.members[0] if home.household is not None else self._maker.stranger()
                id_no = wrong_check(person.id_no) if reason == "bad_id" else person.id_no
                number = home.number if reason == "bad_id" else f"FW{99_000_000 + turn:08d}"
                self._tally.dirty("occupancy", reason)
                yield self._row(number, person.name, id_no, OTHER)

    def _good(self, dwelling_no: str, person: Person, relation: str) -> _Row:
        self._tally.good("occupancy")
        return self._row(dwelling_no, person.name, person.id_no, relation)

    def _row(self, dwelling_no: str, name: str, id_no: str, relation: str) -> _Row:
        self._count += 1
        since = REFERENCE_DATE - timedelta(self._random.randint(30, 9_000))
        number = f"JZ{self._count:09d}"
        return number, dwelling_no, name, id_no, relation, since.isoformat(), _updated(self._random)


def _updated(random: Random) -> str:
    day = REFERENCE_DATE - timedelta(random.randint(1, 1_000))
    return f"{day} {time_of(random.randrange(8 * 3600, 20 * 3600))}"
