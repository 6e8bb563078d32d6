"""The balance counts what a naive reading counts; as a table for spreadsheets no cell runs; its picture adds up."""

from __future__ import annotations

import csv
import datetime as dt
import io
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from audit.index import Index
from audit.record import Coordinates, Record
from audit.search import QueryRefused
from audit.stores.reader import Reader
from hub.auditor.balance import COUNTED, MOST_MONTHS, Row, as_csv, balance, last_day, month_before, month_of, terms_of
from hub.console.oversight.stacks import HEIGHT, WIDTH, stacks
from schema import SPINE
from schema.declarations import Field
from tests.support.console.written_log import at, digest, written_log

pytestmark = pytest.mark.unit
CHINA = ZoneInfo("Asia/Shanghai")
KNOWN = dict(SPINE.coordinates())
SENSITIVE = sorted(name for name, each in KNOWN.items() if isinstance(each, Field) and each.sensitive)
PERSONAL = sorted(name for name, each in KNOWN.items() if each.personal)
PLAIN = sorted(name for name, each in KNOWN.items() if not each.personal)
PURPOSES = ("safety.fire", "safety.fire.rental", None)


@dataclass(frozen=True)
class Log:
    """A log, its index, and the records in it."""

    index: Index
    reader: Reader
    records: list[Record]


def made(rng: random.Random) -> list[Record]:
    begin = dt.datetime(2026, 4, 1, tzinfo=CHINA)
    moments = sorted(begin + dt.timedelta(minutes=rng.randrange(60 * 24 * 91)) for _ in range(300))
    shown = [(), tuple(PLAIN[:2]), tuple(PERSONAL[:3]), tuple(SENSITIVE[:2]), (*PLAIN[:1], *SENSITIVE[:3])]
    return [
        Record(
            kind=rng.choice(("query", "query", "refusal", "search")),
            request_id=str(number),
            result="OK",
            http_status=200,
            time=at(moment),
            department=rng.choice(("fire", "police", None)),
            purpose=rng.choice(PURPOSES),
            decision=Coordinates(clear=rng.choice(shown), masked=rng.choice(shown), aggregated=tuple(SENSITIVE[:1])),
            subjects=tuple(digest("person", str(each)) for each in rng.sample(range(30), rng.randrange(4))),
        )
        for number, moment in enumerate(moments)
    ]


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Log]:
    records = made(random.Random(14))
    with written_log(tmp_path_factory.mktemp("log"), records) as (index, reader):
        yield Log(index, reader, records)


def naive(records: Sequence[Record], month: str, purpose: str) -> Row:
    of = [
        each
        for each in records
        if each.kind == "query"
        and (each.purpose or "") == purpose
        and f"{dt.datetime.fromisoformat(each.time).astimezone(CHINA):%Y-%m}" == month
    ]

    def exposed(effect: str) -> int:
        return sum(
            len(each.subjects) * sum(name in SENSITIVE for name in getattr(each.decision, effect)) for each in of
        )

    shown = [{*each.decision.clear, *each.decision.masked} & {*PERSONAL} for each in of]
    return Row(
        month,
        purpose,
        len(of),
        len({each.department for each in of}),
        len({each for record in of for each in record.subjects}),
        sum(not each for each in shown),
        exposed("clear"),
        exposed("masked"),
    )


def test_each_number_is_that_of_a_naive_reading(log: Log) -> None:
    found = balance(log.index, log.reader, SPINE, dt.date(2026, 6, 1), 3, None, CHINA)
    months = [each.month for each in found]
    assert months == sorted(months, reverse=True)
    assert len(found) == 9
    for row in found:
        assert row == naive(log.records, row.month, row.purpose)
    for name in COUNTED:
        assert sum(getattr(row, name) for row in found) > 9, name


def test_a_purpose_has_those_below_it(log: Log) -> None:
    found = balance(log.index, log.reader, SPINE, dt.date(2026, 5, 1), 1, "safety", CHINA)
    assert {row.purpose for row in found} == {"safety.fire", "safety.fire.rental"}
    assert {row.month for row in found} == {"2026-05"}


def test_a_list_that_was_too_long_counts_as_what_it_may_have_been(tmp_path: Path) -> None:
    record = Record(
        kind="query",
        request_id="1",
        result="OK",
        http_status=200,
        time=at(dt.datetime(2026, 6, 9, 9, tzinfo=CHINA)),
        decision=Coordinates(clear=tuple(f"Person.field{number}" for number in range(2_000))),
        subjects=(digest("person", "1"),),
    )
    with written_log(tmp_path, [record]) as (index, reader):
        (row,) = balance(index, reader, SPINE, dt.date(2026, 6, 1), 1, None, CHINA)
    assert (row.without, row.clear) == (0, 1)


@pytest.mark.parametrize("text", ["", "2026", "2026-13", "2026-6", "2026-06-01", "0000-01", "2026-0١"])
def test_what_is_no_month_is_refused(text: str) -> None:
    with pytest.raises(QueryRefused):
        month_of(text)


@pytest.mark.parametrize("months", [0, MOST_MONTHS + 1])
def test_so_many_months_are_refused(months: int, log: Log) -> None:
    with pytest.raises(QueryRefused):
        balance(log.index, log.reader, SPINE, dt.date(2026, 6, 1), months, None, CHINA)


def test_months_before_and_their_ends() -> None:
    assert month_before(dt.date(2026, 2, 1), 3) == dt.date(2025, 11, 1)
    assert last_day(dt.date(2024, 2, 1)) == dt.date(2024, 2, 29)
    assert last_day(dt.date(2025, 12, 1)) == dt.date(2025, 12, 31)
    with pytest.raises(QueryRefused):
        month_before(dt.date(1, 1, 1), 1)


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "＝", "\t=", "|", "%"])
def test_no_cell_of_the_table_runs(start: str) -> None:
    row = Row("2026-06", f"{start}HYPERLINK(1)", 1, 1, 1, 1, 1, 1)
    lines = list(csv.reader(io.StringIO(as_csv([row], [f"{start}title", "b"]).decode("utf-8-sig"))))
    assert len(lines) == 2
    assert len(lines[1]) == 2 + len(COUNTED)
    for cell in (cell for line in lines for cell in line):
        assert cell[0] not in "=+-@＝\t|%"


def test_the_search_of_a_number_says_month_purpose_and_effect() -> None:
    row = Row("2026-06", "safety.fire", 1, 1, 1, 1, 1, 1)
    span = {"since": "2026-06-01", "until": "2026-06-30", "kind": "query", "purpose": "safety.fire"}
    assert terms_of(row, "operations") == span
    assert terms_of(row, "clear") == {**span, "effect": "clear"}


def test_the_parts_of_a_bar_stand_on_each_other() -> None:
    found = stacks({"2026-05": {"a": 1, "b": 3}, "2026-06": {"a": 0, "b": 0}})
    assert [part.count for part in found] == [1, 3, 0, 0]
    assert found[0].y + found[0].height == HEIGHT
    assert found[1].y + found[1].height == found[0].y
    assert found[1].y == 0, "the highest bar fills the picture"
    assert all(part.x >= 0 and part.x + part.width <= WIDTH for part in found)
    assert stacks({}) == []
