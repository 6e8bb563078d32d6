"""Writes the city's parts `parts/parts.geojson` (RFC 7946), specified in docs/sample-county.md, section 9.

Manholes, lamps, trees and the like in the 15 km² of the county's town, a feature a line. Each grid of the urban streets
has a cell of the town's rectangle, and its parts lie in it.
"""

import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Final

from hub.sample.whole import words
from hub.sample.whole.defects import Row, Spoil, count, plant
from hub.sample.whole.world import IMPOSSIBLE_DATE, UNKNOWN_GRID, County, World

STREAM: Final = "parts"
_ALL: Final = 74_173
_PEOPLE: Final = 303_600
# South-west corner of the town, and its size in degrees: 5 km from west to east, 3 km from south to north.
_WEST, _SOUTH = 113.605, 37.780
_WIDTH, _HEIGHT = 5.0 / 87.97, 3.0 / 111.0
_EVERY: Final = 10_000


def parts_of(people: int) -> int:
    """Number of good parts: as many as the town has, or fewer in proportion where fewer people are asked for."""
    return round(_ALL * min(1.0, people / _PEOPLE))


def write_parts(path: Path, county: County) -> None:
    """Write one collection of features."""
    world = World(county, STREAM)
    total = parts_of(county.people)
    path.parent.mkdir()
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.write('{"type":"FeatureCollection","name":"parts","features":[\n')
        for number, feature in enumerate(_features(world, total)):
            file.write(",\n" if number else "")
            file.write(json.dumps(feature, ensure_ascii=False, separators=(",", ":")))
            if number % _EVERY == 0:
                world.progress("parts", min(number, total), total)
        file.write("\n]}\n")
    world.progress("parts", total, total)


def _features(world: World, total: int) -> Iterator[Row]:
    """Good features with odd ones among them: a clump of wrong rows is taken for a fault of the source."""
    yard = _Yard(world)
    odd = _odd(world, yard)
    every = max(1, total // (world.turns * (len(yard.spoilers()) + 2)))
    for number in range(1, total + 1):
        world.tally.good(STREAM)
        yield yard.part()
        if number % every == 0:
            yield from islice(odd, 1)
    yield from odd


def _odd(world: World, yard: "_Yard") -> Iterator[Row]:
    yield from plant(world.tally, STREAM, world.turns, yard.part, yard.spoilers())
    for _ in range(world.turns):
        count(world.tally, STREAM, "duplicate")
        yield yard.first
        count(world.tally, STREAM, "merged_grid")
        yield yard.part_of_old_grid()


class _Yard:
    """Makes parts, each with the next number of its kind."""

    def __init__(self, world: World) -> None:
        self._world = world
        urban = [cell.code for cell in world.county.cells if int(cell.code[6:9]) < 100]
        self._places = {code: number for number, code in enumerate(urban)}
        self._codes = urban
        self._side = max(1, round(len(urban) ** 0.5))
        self._numbers = dict.fromkeys(words.PART_KINDS, 0)
        self._kinds, self._weights = list(words.PART_KINDS), [weight for weight, _, _ in words.PART_KINDS.values()]
        self.first: Row = {}

    def part(self) -> Row:
        """A part in any grid of the town."""
        feature = self._part(self._world.random.choice(self._codes))
        self.first = self.first or feature
        return feature

    def part_of_old_grid(self) -> Row:
        """A part that is booked under a grid that ended."""
        county = self._world.county
        choices = [(old, county.grid_of(home)) for old, home in county.moved if county.grid_of(home) in self._places]
        old, new = self._world.random.choice(choices)
        feature = self._part(new)
        feature["properties"]["gridCode"] = old
        return feature

    def _part(self, grid: str) -> Row:
        draw = self._world.random
        kind = draw.choices(self._kinds, self._weights)[0]
        _, code, owner = words.PART_KINDS[kind]
        self._numbers[kind] += 1
        row, column = divmod(self._places[grid], self._side)
        rows = -(-len(self._codes) // self._side)
        point = [
            round(_WEST + _WIDTH * (column + draw.random()) / self._side, 6),
            round(_SOUTH + _HEIGHT * (row + draw.random()) / rows, 6),
        ]
        properties = {
            "partCode": f"140321{code}{self._numbers[kind]:06d}",
            "kind": kind,
            "status": draw.choices(words.PART_STATES, words.PART_STATE_WEIGHTS)[0],
            "owner": owner,
            "gridCode": grid,
            "installedOn": self._world.day(6_000, 30).isoformat(),
        }
        return {"type": "Feature", "geometry": {"type": "Point", "coordinates": point}, "properties": properties}

    def spoilers(self) -> dict[str, Spoil]:
        """What is done to a part for each reason."""
        return {
            "unknown_grid": lambda row: row["properties"].update(gridCode=UNKNOWN_GRID),
            "impossible_date": lambda row: row["properties"].update(installedOn=IMPOSSIBLE_DATE),
            "swapped_point": lambda row: row["geometry"]["coordinates"].reverse(),
            "not_a_point": _as_line,
        }


def _as_line(row: Row) -> None:
    place = row["geometry"]["coordinates"]
    end = [round(place[0] + 0.0001, 6), place[1]]
    row["geometry"] = {"type": "LineString", "coordinates": [place, end]}
