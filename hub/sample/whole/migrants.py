"""Writes the police stations' workbooks of migrants, one a street, specified in docs/sample-county.md, section 5.

A workbook has a title, a header of two rows, merged cells of communities, and a second sheet of notes. Id numbers are
texts, except where Excel made a number of one, and so lost its last digits.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Final

from hub.sample import words as common
from hub.sample.known_people import DIRTY_CANARY, REFERENCE_DATE
from hub.sample.register import wrong_check
from hub.sample.whole import words
from hub.sample.whole.defects import Row, Spoil, count, plant, setting
from hub.sample.whole.workbook import Cell, DayNumber, Formula, Sheet, column_name, write_workbook
from hub.sample.whole.world import UNKNOWN_DWELLING, UNKNOWN_GRID, County, Stay, World, other_spelling

STREAM: Final = "migrants"
GROUPS: Final = {
    "登记信息": ("登记编号", "登记日期", "更新日期"),
    "人员信息": ("姓名", "性别", "公民身份号码", "出生日期", "联系电话", "来源地"),
    "居住信息": ("社区", "网格代码", "房屋编号", "现住地址", "居住方式"),
}
COLUMNS: Final = tuple(name for names in GROUPS.values() for name in names)
HEADER_ROWS: Final = 3
SHEET: Final = "流动人口"
_STRANGERS: Final = 0.1
_COMMUNITY: Final = 1 + COLUMNS.index("社区")
_NOTES: Final = (("填表说明",), ("一、身份证号码请按文本填写。",), ("二、每月5日前报送派出所。",))


def write_migrants(folder: Path, county: County, names: dict[str, str]) -> None:
    """Write a workbook for each street in which migrants live; `names` are those of all divisions, by code."""
    world = World(county, STREAM)
    desk = _Desk(world, names)
    streets: defaultdict[str, list[Row]] = defaultdict(list)
    for row in desk.rows():
        streets[_street_of(row)].append(row)
    folder.mkdir()
    for done, (street, rows) in enumerate(sorted(streets.items()), 1):
        rows.sort(key=lambda row: (row["社区"], row["登记编号"]))
        title = f"平定县{names[street]}流动人口登记表(2026年6月)"
        merged: list[str] = []
        table = Sheet(SHEET, _table(title, rows, merged), merged)
        write_workbook(folder / f"{street}.xlsx", (table, Sheet("说明", _NOTES)))
        world.progress("migrants", done, len(streets))


def _street_of(row: Row) -> str:
    return str(row["_home"])[:9] + "000"


def _table(title: str, rows: list[Row], merged: list[str]) -> Iterator[Sequence[Cell]]:
    """Title, two header rows and the rows; adds what is merged to `merged`."""
    yield (title,)
    merged += [f"A1:{column_name(len(COLUMNS))}1", "A2:A3"]
    heads: list[Cell] = ["序号"]
    for group, names in GROUPS.items():
        merged.append(f"{column_name(len(heads))}2:{column_name(len(heads) + len(names) - 1)}2")
        heads += [group, *[None] * (len(names) - 1)]
    yield heads
    yield (None, *COLUMNS)
    first, letter = 0, column_name(_COMMUNITY)
    for index, row in enumerate(rows):
        if row["社区"] != rows[first]["社区"]:
            first = index
        last = index + 1 == len(rows) or rows[index + 1]["社区"] != row["社区"]
        if last and index > first:
            merged.append(f"{letter}{first + HEADER_ROWS + 1}:{letter}{index + HEADER_ROWS + 1}")
        cells: list[Cell] = [index + 1, *(row[name] for name in COLUMNS)]
        if index > first:
            cells[_COMMUNITY] = None
        yield cells


class _Desk:
    """Makes the rows, each with the next number."""

    def __init__(self, world: World, names: dict[str, str]) -> None:
        self._world = world
        self._names = names
        self._count = 0
        self._kept: list[Row] = []

    def rows(self) -> Iterator[Row]:
        """Every migrant of the register, some who are in no register, and the planted rows."""
        world = self._world
        for home in world.county.occupied:
            if home.household and home.household.migrant:
                for person in home.household.members:
                    yield self._good(Stay(person, home, world.county.grid_of(home)))
        strangers = max(2, round(len(self._kept) * _STRANGERS))
        world.tally.facts["migrants_not_in_register"] = strangers
        for _ in range(strangers):
            yield self._good(self._stranger())
        # The first row of all gets a wrong check character.
        others = chain([replace(self._stranger(), person=DIRTY_CANARY)], iter(self._stranger, None))
        yield from plant(world.tally, STREAM, world.turns, lambda: self._row(next(others)), self._spoilers())
        for _ in range(world.turns):
            yield from self._odd()

    def _good(self, stay: Stay) -> Row:
        row = self._row(stay)
        self._kept.append(row)
        self._world.tally.good(STREAM)
        return row

    def _odd(self) -> Iterator[Row]:
        """A row that stands here twice, one of a person in the register under another spelling, and an old grid's."""
        world = self._world
        count(world.tally, STREAM, "duplicate")
        yield dict(world.random.choice(self._kept))
        count(world.tally, STREAM, "other_spelling")
        row = self._row(world.stay())
        yield row | {"姓名": other_spelling(world.random, row["姓名"])}
        count(world.tally, STREAM, "merged_grid")
        old = world.stay_in_merged_grid()
        yield self._row(Stay(world.maker.stranger(), old.home, old.grid))

    def _stranger(self) -> Stay:
        here = self._world.stay()
        return Stay(self._world.maker.stranger(), here.home, here.grid)

    def _row(self, stay: Stay) -> Row:
        world, person = self._world, stay.person
        self._count += 1
        age = (REFERENCE_DATE - person.birth).days
        registered = world.day(min(700, age), min(1, age))
        community = world.county.grid_of(stay.home)[:12]
        return {
            "登记编号": f"LD{self._count:09d}",
            "登记日期": registered,
            "更新日期": registered + (REFERENCE_DATE - registered) // 2,
            "姓名": person.name,
            "性别": person.sex,
            "公民身份号码": person.id_no,
            "出生日期": person.birth,
            "联系电话": person.phone,
            "来源地": dict(common.ORIGINS).get(person.id_no[:6], "山西省阳泉市平定县"),
            "社区": self._names[community],
            "网格代码": stay.grid,
            "房屋编号": stay.home.number,
            "现住地址": stay.home.address,
            "居住方式": world.random.choice(words.WAYS_TO_LIVE),
            "_home": community,
        }

    def _spoilers(self) -> dict[str, Spoil]:
        world = self._world
        return {
            "wrong_check": lambda row: row.update(公民身份号码=wrong_check(row["公民身份号码"])),
            "id_as_float": _as_float,
            "rare_name": lambda row: row.update(姓名=world.rare_name()),
            "formula_as_name": _formula,
            "name_like_formula": lambda row: row.update(姓名=f'=HYPERLINK("http://192.0.2.1/","{row["姓名"]}")'),
            "phone_as_number": lambda row: row.update(联系电话=world.random.randint(13_000_000_000, 13_999_999_999)),
            "grid_as_number": lambda row: row.update(网格代码=int(row["网格代码"])),
            "impossible_date": lambda row: row.update(出生日期=f"{row['出生日期']:%Y}-02-31"),
            "unknown_grid": setting("网格代码", UNKNOWN_GRID),
            "unknown_dwelling": setting("房屋编号", UNKNOWN_DWELLING),
            "sentinel_date": setting("出生日期", DayNumber(0)),
        }


def _as_float(row: Row) -> None:
    """The id number as Excel keeps it when it takes it for a number: its last three digits are lost."""
    row["公民身份号码"] = float(row["公民身份号码"][:17] + "0")


def _formula(row: Row) -> None:
    name = row["姓名"]
    row["姓名"] = Formula(f'CONCATENATE("{name[0]}","{name[1:]}")', name)
