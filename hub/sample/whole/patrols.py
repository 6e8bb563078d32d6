"""Writes the grid workers' patrols, a file of JSON lines a day, specified in docs/sample-county.md, section 6.

The lines of a day are in the order of time; a day's file does not change after its day.
"""

import json
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Final

from hub.sample.known_people import REFERENCE_DATE
from hub.sample.register import wrong_check
from hub.sample.tally import time_of
from hub.sample.whole import words
from hub.sample.whole.defects import Row, Spoil, count, plant, setting
from hub.sample.whole.world import IMPOSSIBLE_DATE, UNKNOWN_GRID, ZONE, County, Stay, World, text_of

STREAM: Final = "patrols"
DAYS: Final = 30
_EVENTS: Final = 200_000 / 303_600
_LEAST: Final = 120
_INDOORS: Final = 0.6
_MORNING, _AFTERNOON, _HOURS = 8 * 3600, 15 * 3600, 3 * 3600


def patrols_of(people: int) -> int:
    """Number of patrol records: with the hotline's tickets 200,000 for 303,600 people."""
    return max(_LEAST, round(people * _EVENTS) - people // 10)


def write_patrols(folder: Path, county: County) -> None:
    """Write the files of June 2026."""
    desk = PatrolDesk(World(county, STREAM))
    folder.mkdir()
    first = REFERENCE_DATE - timedelta(DAYS - 1)
    for number in range(DAYS):
        day = first + timedelta(number)
        with (folder / f"{day}.jsonl").open("w", encoding="utf-8", newline="\n") as file:
            file.writelines(desk.day(day, number))
        county.progress("patrols", number + 1, DAYS)


class PatrolDesk:
    """Makes the lines of each day; each record has the next number."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._count = 0
        self._workers = {cell.code: world.maker.stranger().name for cell in world.county.cells}
        self._spoilers = self._spoil()

    def day(self, day: date, number: int) -> list[str]:
        """The lines of the day with this number, good ones in order of time, planted ones between them."""
        world = self._world
        rows = self._good(day, patrols_of(world.people), number)
        lines = [_line(row) for row in rows]
        for row in self._planted(day, number):
            line = _line(row)
            lines.insert(world.random.randint(0, len(lines)), line[:40] + "\n" if row.get("_broken") else line)
        for _ in range(self._days("duplicate").count(number)):
            count(world.tally, STREAM, "duplicate")
            lines.append(_line(world.random.choice(rows)))
        return lines

    def plain_day(self, day: date, rows: int) -> list[str]:
        """The lines of a day on which nothing is wrong, which are counted nowhere."""
        return [_line(self._row(day, self._world.stay(), second)) for second in _seconds(rows)]

    def _good(self, day: date, total: int, number: int) -> list[Row]:
        world = self._world
        today = total * (number + 1) // DAYS - total * number // DAYS
        known = world.known_stays() if number == 0 else []
        stays = known + [world.stay() for _ in range(today - len(known))]
        rows = [self._row(day, stay, second) for stay, second in zip(stays, _seconds(len(stays)), strict=True)]
        for row, stay in zip(rows, known, strict=False):
            row.update(self._visited(stay), kind="入户", findings=text_of(words.KNOWN_FINDINGS, stay))
        world.tally.good(STREAM, len(rows))
        return rows

    def _days(self, reason: str) -> list[int]:
        """The numbers of the days on which this defect is planted, one for each time that it occurs."""
        place = [*self._spoilers, "duplicate", "merged_grid"].index(reason)
        return [(turn * 7 + place * 3) % DAYS for turn in range(self._world.turns)]

    def _planted(self, day: date, number: int) -> Iterator[Row]:
        world = self._world
        for reason, spoil in self._spoilers.items():
            turns = self._days(reason).count(number)
            yield from plant(world.tally, STREAM, turns, lambda: self._at_home(day, world.stay()), {reason: spoil})
        for _ in range(self._days("merged_grid").count(number)):
            count(world.tally, STREAM, "merged_grid")
            yield self._at_home(day, world.stay_in_merged_grid())

    def _at_home(self, day: date, stay: Stay) -> Row:
        row = self._row(day, stay, self._world.random.randrange(_MORNING, _MORNING + _HOURS))
        return row | self._visited(stay) | {"kind": "入户"}

    def _row(self, day: date, stay: Stay, second: int) -> Row:
        world = self._world
        self._count += 1
        indoors = world.random.random() < _INDOORS
        nobody: Row = {"residentIdNo": None, "residentName": None, "dwellingNo": None}
        at = f"{day}T{time_of(second)}{ZONE}"
        return {
            "patrolNo": f"XC{day:%Y%m%d}{self._count:07d}",
            "gridCode": stay.grid,
            "round": "早" if second < _AFTERNOON else "晚",
            "kind": "入户" if indoors else "巡查",
            "visitedAt": at,
            "workerName": self._workers[world.county.grid_of(stay.home)],
            **(self._visited(stay) if indoors else nobody),
            "findings": world.text(words.PATROL_FINDINGS, stay),
            "needsHelp": "是" if indoors and world.random.random() < 0.06 else "否",
            "updatedAt": at,
        }

    @staticmethod
    def _visited(stay: Stay) -> Row:
        person = stay.person
        return {"residentIdNo": person.id_no, "residentName": person.name, "dwellingNo": stay.home.number}

    def _spoil(self) -> dict[str, Spoil]:
        world = self._world
        return {
            "wrong_check": lambda row: row.update(residentIdNo=wrong_check(row["residentIdNo"])),
            "impossible_date": lambda row: row.update(visitedAt=f"{IMPOSSIBLE_DATE}{row['visitedAt'][10:]}"),
            "unknown_grid": setting("gridCode", UNKNOWN_GRID),
            "half_emoji": lambda row: row.update(findings=row["findings"] + "\ud83d"),
            "broken_line": setting("_broken", True),
            "unknown_person": lambda row: row.update(residentIdNo=world.maker.stranger().id_no),
            "rare_name": lambda row: row.update(residentName=world.rare_name()),
        }


def _seconds(rows: int) -> list[int]:
    """Seconds of the day for so many stops, half of them in the morning round, half in the afternoon's."""
    morning = rows // 2
    first = [_MORNING + index * _HOURS // max(1, morning) for index in range(morning)]
    return first + [_AFTERNOON + index * _HOURS // max(1, rows - morning) for index in range(rows - morning)]


def _line(row: Row) -> str:
    """One line of JSON; half an emoji is written as an escape, as programs that cut texts by length leave it."""
    shown = {name: value for name, value in row.items() if not name.startswith("_")}
    escaped = "\ud83d" in str(row["findings"])
    return json.dumps(shown, ensure_ascii=escaped, separators=(",", ":")) + "\n"
