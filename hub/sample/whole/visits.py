"""Writes the communities' ledgers of visits to the old, one file a community; docs/sample-county.md, section 7.

Every community keeps its ledger in one of four forms, which differ in names and order of columns, in encoding,
delimiter and the way in which a day is written.
"""

import codecs
import csv
import io
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

from hub.sample.county import Dwelling
from hub.sample.known_people import REFERENCE_DATE
from hub.sample.register import wrong_check
from hub.sample.whole import words
from hub.sample.whole.defects import Row, Spoil, count, plant, setting
from hub.sample.whole.world import UNKNOWN_GRID, County, Stay, World, other_spelling

STREAM: Final = "visits"
_OLD: Final = 70
_TWICE: Final = 0.3


class Day(NamedTuple):
    """A day as it is written, which need not exist."""

    year: int
    month: int
    day: int


@dataclass(frozen=True, slots=True)
class Form:
    """How a ledger is kept: its columns (name in the file → our name), encoding, delimiter, and words."""

    name: str
    encoding: str
    delimiter: str
    day: str
    yes: str
    no: str
    columns: dict[str, str]
    bom: bool = False


FORMS: Final = (
    Form("form-1", "utf-8", ",", "{:04d}-{:02d}-{:02d}", "是", "否", {
        "编号": "visitNo", "老人姓名": "name", "身份证号": "idNo", "走访日期": "visitedOn", "走访人": "visitorName",
        "走访情况": "findings", "是否需要帮助": "needsHelp", "网格": "gridCode",
    }, bom=True),
    Form("form-2", "gbk", ",", "{}/{}/{}", "有", "无", {
        "记录号": "visitNo", "网格编码": "gridCode", "姓名": "name", "公民身份号码": "idNo", "日期": "visitedOn",
        "情况记录": "findings", "需求": "needsHelp", "入户人员": "visitorName",
    }),
    Form("form-3", "gb18030", "\t", "{}年{}月{}日", "Y", "N", {
        "走访编号": "visitNo", "走访人": "visitorName", "走访时间": "visitedOn", "对象": "name", "证件号码": "idNo",
        "所在网格": "gridCode", "需帮助": "needsHelp", "备注": "findings",
    }),
    Form("form-4", "utf-8", ";", "{:04d}{:02d}{:02d}", "1", "0", {
        "visit_no": "visitNo", "grid": "gridCode", "elder_name": "name", "elder_id": "idNo", "visit_date": "visitedOn",
        "visitor": "visitorName", "need_help": "needsHelp", "remark": "findings",
    }),
)  # fmt: skip
_GBK: Final = "gbk"
# All of GB18030, so that rare names can be written; programs call such text GBK.
_WRONG: Final = "gb18030"


def write_visits(folder: Path, later: Path, faults: Path, county: County) -> None:
    """Write the ledgers into `folder`; a later state of one into `later`, and a wrongly encoded one into `faults`."""
    world = World(county, STREAM)
    places = sorted({cell.parent for cell in county.cells})
    forms = {place: FORMS[number % len(FORMS)] for number, place in enumerate(places)}
    ledgers: defaultdict[str, list[Row]] = defaultdict(list, {place: [] for place in places})
    desk = _Desk(world, forms)
    for row in desk.rows():
        ledgers[row["_place"]].append(row)
    for place, rows in ledgers.items():
        rows.sort(key=lambda row: str(row["visitNo"]))
        _write(folder, place, forms[place], rows)
    # A small county has fewer communities than forms; each has a ledger all the same, so that its source finds one.
    for form in FORMS[len(places) :]:
        _write(folder, places[-1], form, [])
    longest = max(places, key=lambda place: len(ledgers[place]))
    _write(later, longest, forms[longest], _without_some(world, ledgers[longest]))
    first = places[0]
    _write(faults, first, forms[first], ledgers[first], _WRONG)
    count(world.tally, STREAM, "gbk_file")
    world.progress("visits", len(places), len(places))


def _without_some(world: World, rows: list[Row]) -> list[Row]:
    """The ledger without some good rows that stand in it once."""
    once = [row for row in rows if row["_good"]]
    gone = {row["visitNo"] for row in world.random.sample(once, min(world.turns, len(once) // 5))}
    count(world.tally, STREAM, "vanished", len(gone))
    return [row for row in rows if row["visitNo"] not in gone]


def _write(folder: Path, place: str, form: Form, rows: list[Row], encoding: str = "") -> None:
    """Write one ledger; a cell that holds a delimiter stands in quotes."""
    folder.joinpath(form.name).mkdir(parents=True, exist_ok=True)
    written = encoding or form.encoding
    with (folder / form.name / f"{place}.csv").open("wb") as file:
        file.write(codecs.BOM_UTF8 if form.bom and not encoding else b"")
        file.write(_line(form, form.columns).encode(written))
        for row in rows:
            line = _line(form, (_cell(form, row[name]) for name in form.columns.values()))
            file.write(line.encode(row["_encoding"] or written))


def _line(form: Form, cells: Iterable[str]) -> str:
    line = io.StringIO(newline="")
    csv.writer(line, delimiter=form.delimiter).writerow(cells)
    return line.getvalue()


def _cell(form: Form, value: str | bool | Day) -> str:
    if isinstance(value, bool):
        return form.yes if value else form.no
    return form.day.format(*value) if isinstance(value, Day) else value


def _place_of(world: World, home: Dwelling) -> str:
    """Code of the community in which a dwelling lies."""
    return world.county.grid_of(home)[:12]


class _Desk:
    """Makes the rows of all communities; a number is the community's code and a counter."""

    def __init__(self, world: World, forms: dict[str, Form]) -> None:
        self._world = world
        homes = world.county.occupied
        encodings = {place: form.encoding for place, form in forms.items()}
        self._wide = [home for home in homes if encodings[_place_of(world, home)] != _GBK]
        self._utf8 = [home for home in homes if encodings[_place_of(world, home)] == "utf-8"]
        self._numbers: Counter[str] = Counter()
        self._visitors: dict[str, str] = {}
        self._kept: list[Row] = []

    def rows(self) -> Iterator[Row]:
        """One or two visits to each person of 70 or more, and the planted rows."""
        world = self._world
        for stay in world.known_stays():
            yield self._good(stay)
        for home in world.county.occupied:
            for person in home.household.members if home.household else ():
                if (REFERENCE_DATE - person.birth).days > _OLD * 365:
                    stay = Stay(person, home, world.county.grid_of(home))
                    for _ in range(2 if world.random.random() < _TWICE else 1):
                        yield self._good(stay)
        yield from plant(world.tally, STREAM, world.turns, lambda: self._row(world.stay()), self._spoilers())
        for _ in range(world.turns):
            yield from self._odd()

    def _good(self, stay: Stay) -> Row:
        row = self._row(stay) | {"_good": True}
        self._kept.append(row)
        self._world.tally.good(STREAM)
        return row

    def _odd(self) -> Iterator[Row]:
        world = self._world
        count(world.tally, STREAM, "duplicate")
        yield world.random.choice(self._kept) | {"_good": False}
        count(world.tally, STREAM, "merged_grid")
        yield self._row(world.stay_in_merged_grid())
        count(world.tally, STREAM, "rare_name")
        yield self._row(world.stay_in(world.random.choice(self._wide))) | {"visitorName": world.rare_name()}
        count(world.tally, STREAM, "gbk_row")
        yield self._row(world.stay_in(world.random.choice(self._utf8))) | {"_encoding": _WRONG}

    def _row(self, stay: Stay) -> Row:
        world, person = self._world, stay.person
        place = _place_of(world, stay.home)
        self._numbers[place] += 1
        return {
            "visitNo": f"ZF{place}{self._numbers[place]:05d}",
            "name": person.name,
            "idNo": person.id_no,
            "visitedOn": Day(2026, 6, world.random.randint(1, 30)),
            "visitorName": self._visitor(place),
            "findings": world.text(words.VISIT_FINDINGS, stay),
            "needsHelp": world.random.random() < 0.12,
            "gridCode": stay.grid,
            "_place": place,
            "_encoding": "",
            "_good": False,
        }

    def _visitor(self, place: str) -> str:
        if place not in self._visitors:
            self._visitors[place] = self._world.maker.stranger().name
        return self._visitors[place]

    def _spoilers(self) -> dict[str, Spoil]:
        world = self._world

        def spell(row: Row) -> None:
            spelling = other_spelling(world.random, row["name"])
            # GBK has no katakana dot of this width; a full stop does in every form.
            row["name"] = spelling.replace("•", ".").replace("・", ".")

        return {
            "wrong_check": lambda row: row.update(idNo=wrong_check(row["idNo"])),
            "impossible_date": setting("visitedOn", Day(2026, 2, 31)),
            "unknown_grid": setting("gridCode", UNKNOWN_GRID),
            "unknown_person": lambda row: row.update(idNo=world.maker.stranger().id_no),
            "other_spelling": spell,
        }
