"""The divisions, buildings and dwellings of the sample county.

Every dwelling is in a building, every building in a grid in force, and every household in its own grid. How many there
are grows with the number of people (docs/sample-county.md); codes are GB/T 2260 and GB/T 10114, with three digits of
our own for the grid.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Final

from hub.sample import words
from hub.sample.known_people import COUNTY
from hub.sample.people import Household

_FULL_AT: Final = 3_000


@dataclass(frozen=True, slots=True)
class Division:
    """One row of the table of divisions; dates are ISO, or empty."""

    code: str
    name: str
    level: str
    parent: str
    valid_from: str = "2021-01-01"
    valid_to: str = ""
    successor: str = ""


@dataclass(frozen=True, slots=True)
class Building:
    """A building; `grid` is an index into the grids in force."""

    number: str
    name: str
    address: str
    grid: int
    floors: int
    built_year: int


@dataclass(frozen=True, slots=True)
class Dwelling:
    """A dwelling, its area in square metres, and who lives in it."""

    number: str
    building: Building
    unit_no: str
    room_no: str
    usage: str
    area_m2: float
    household: Household | None

    @property
    def address(self) -> str:
        """The building's address with entrance and room."""
        entrance = f"{self.unit_no}单元" if self.unit_no else ""
        return f"{self.building.address}{entrance}{self.room_no}室"


def sizes(people: int) -> tuple[int, int, int]:
    """Numbers of streets, communities and grids for so many people."""
    scale = people / _FULL_AT
    streets = max(2, round(3 * scale**0.3003))
    communities = max(streets, round(6 * scale**0.609))
    return streets, communities, max(communities, round(12 * scale**0.786))


def divisions(people: int) -> tuple[Division, ...]:
    """All divisions, parents before children, the merged grid last."""
    streets, communities, grids = sizes(people)
    rows = [
        Division("140000000000", "山西省", "省", ""),
        Division("140300000000", "阳泉市", "市", "140000000000"),
        Division(f"{COUNTY}000000", "平定县", "县", "140300000000"),
    ]
    towns = _streets(streets)
    rows += towns
    places = sorted((_community(towns, number) for number in range(communities)), key=lambda place: place.code)
    rows += places
    cells = sorted((_grid(places, number) for number in range(grids)), key=lambda cell: cell.code)
    rows += cells
    first = cells[0]
    merged = f"{first.parent}099"
    rows.append(
        Division(merged, "榆关街道第一社区老院网格", "网格", first.parent, "2021-01-01", "2025-12-31", first.code)
    )
    return tuple(rows)


def grids_in_force(rows: tuple[Division, ...]) -> tuple[Division, ...]:
    """The grids that have not expired, in order of code."""
    return tuple(row for row in rows if row.level == "网格" and not row.valid_to)


def dwellings(
    random: Random, cells: tuple[Division, ...], households: list[Household], people: int
) -> Iterator[Dwelling]:
    """Dwellings, grid by grid: half as many as people, or one for each household if there are more households."""
    slots: list[list[Household | None]] = [[] for _ in cells]
    for household in households:
        slots[household.grid].append(household)
    for _ in range(people // 2 - len(households)):
        slots[random.randrange(len(cells))].append(None)
    buildings = _Buildings(random, cells)
    number = 0
    for grid, row in enumerate(slots):
        first = row[0] if grid == 0 else None
        random.shuffle(row)
        if first is not None:
            # The protagonist's household keeps the first dwelling of the first grid.
            row.remove(first)
            row.insert(0, first)
        while row:
            building, rooms = buildings.build(grid)
            for (unit_no, room_no), tenant in zip(rooms, row, strict=False):
                number += 1
                usage, area = _usage(random, tenant), round(random.uniform(32, 150), 1)
                yield Dwelling(f"FW{number:08d}", building, unit_no, room_no, usage, area, tenant)
            del row[: len(rooms)]


class _Buildings:
    """Makes buildings: blocks of flats in urban streets, rows of houses in towns."""

    def __init__(self, random: Random, cells: tuple[Division, ...]) -> None:
        self._random = random
        self._cells = cells
        self._count = 0

    def build(self, grid: int) -> tuple[Building, list[tuple[str, str]]]:
        """The next building of a grid with its rooms as (entrance, room)."""
        self._count += 1
        cell, draw = self._cells[grid], self._random
        urban = int(cell.code[6:9]) < 100
        street = cell.name.partition("第")[0]
        if urban:
            floors, entrances = draw.choice((5, 6, 6, 7, 11)), draw.choice((2, 3, 4))
            rooms = [
                (str(e), f"{f}{r:02d}") for e in range(1, entrances + 1) for f in range(1, floors + 1) for r in (1, 2)
            ]
            name = f"{draw.choice(words.ESTATES)}{draw.randint(1, 30)}号楼"
            place = f"{draw.choice(words.ROADS)}{draw.randint(1, 220)}号{name}"
        else:
            floors = draw.choice((1, 1, 2))
            rooms = [("", str(r)) for r in range(1, draw.randint(2, 8) + 1)]
            name = f"{street[:-1]}{draw.randint(1, 90)}排"
            place = f"{cell.name.partition('第')[2].partition('第')[0]}{name}"
        address = f"山西省阳泉市平定县{street}{place}"
        year = draw.randint(1975, 2024)
        return Building(f"PD{self._count:07d}", name, address, grid, floors, year), rooms


def _streets(count: int) -> list[Division]:
    urban = max(1, round(count * 0.4))
    rows = []
    for number in range(count):
        if number < urban:
            code, name = f"{COUNTY}{number + 1:03d}000", _numbered(words.STREETS, number)
        else:
            code, name = f"{COUNTY}{number - urban + 100:03d}000", _numbered(words.TOWNS, number - urban)
        rows.append(Division(code, name, "街道", f"{COUNTY}000000"))
    return rows


def _community(towns: list[Division], number: int) -> Division:
    town, nth = towns[number % len(towns)], number // len(towns)
    urban = int(town.code[6:9]) < 100
    code = f"{town.code[:9]}{nth + (1 if urban else 200):03d}"
    kind = "社区" if urban else "村"
    return Division(code, f"{town.name}第{_numeral(nth + 1)}{kind}", "社区", town.code)


def _grid(places: list[Division], number: int) -> Division:
    place, nth = places[number % len(places)], number // len(places) + 1
    return Division(f"{place.code}{nth:03d}", f"{place.name}第{nth}网格", "网格", place.code, "2024-01-01")


def _numbered(names: tuple[str, ...], number: int) -> str:
    """A name of the table; after its end with a numeral, so that no name occurs twice."""
    lap, place = divmod(number, len(names))
    return names[place] if lap == 0 else f"{_numeral(lap + 1)}{names[place]}"


def _numeral(number: int) -> str:
    """A Chinese numeral from 1 to 99."""
    tens, ones = divmod(number, 10)
    head = "" if tens == 0 else ("十" if tens == 1 else f"{words.NUMERALS[tens - 1]}十")
    return head + (words.NUMERALS[ones - 1] if ones else "")


def _usage(random: Random, household: Household | None) -> str:
    if household is not None:
        return "出租" if household.rented else "自住"
    return "经营" if random.random() < 0.25 else "空置"
