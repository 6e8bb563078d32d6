"""The numbers of a month are kept until the log, the catalogue or the question is another one."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from audit.index import Index
from audit.record import Coordinates, Record
from audit.search import span_name
from audit.stores.reader import Reader
from hub.auditor.balance import Row, balance
from hub.home.catalogue import catalogue_of
from hub.home.settings import Settings
from schema import SPINE
from schema.catalogue import Catalogue
from tests.support.console.written_log import at, digest, write, written_log
from tests.support.sources.large_catalogue import write_large_catalogue

pytestmark = pytest.mark.unit
CHINA = ZoneInfo("Asia/Shanghai")
MAY, JUNE = (dt.datetime(2026, month, 9, 9, tzinfo=CHINA) for month in (5, 6))


def asked(moment: dt.datetime, person: str = "1", kind: str = "query", purpose: str = "safety") -> Record:
    """A record of a query that showed a field of one person, or of another kind."""
    return Record(
        kind=kind,
        request_id="1",
        result="OK",
        http_status=200,
        time=at(moment),
        department="fire",
        purpose=purpose,
        decision=Coordinates(clear=("Kind0x0.field3",)),
        subjects=(digest("person", person),),
    )


def counted(
    index: Index, reader: Reader, zone: dt.tzinfo = CHINA, purpose: str | None = None, catalogue: Catalogue = SPINE
) -> dict[str, Row]:
    """The rows of May and June by their month; there is one purpose."""
    found: Sequence[Row] = balance(index, reader, catalogue, dt.date(2026, 6, 1), 2, purpose, zone)
    return {each.month: each for each in found}


def test_a_month_is_counted_once_as_long_as_no_record_of_it_is_new(tmp_path: Path) -> None:
    with written_log(tmp_path, [asked(MAY), asked(JUNE)]) as (index, reader):
        first = counted(index, reader)
        write(tmp_path, [asked(JUNE, "2")])
        index.follow(reader)
        second = counted(index, reader)
    assert second["2026-05"] is first["2026-05"]
    assert (first["2026-06"].persons, second["2026-06"].persons) == (1, 2)


def test_a_record_that_is_late_shows_in_its_month(tmp_path: Path) -> None:
    with written_log(tmp_path, [asked(MAY), asked(JUNE)]) as (index, reader):
        first = counted(index, reader)
        write(tmp_path, [asked(MAY, "2")])
        index.follow(reader)
        second = counted(index, reader)
    assert (first["2026-05"].persons, second["2026-05"].persons) == (1, 2)
    assert second["2026-06"] == first["2026-06"]


def test_another_log_of_as_many_records_shows(tmp_path: Path) -> None:
    found = []
    for name, people in (("one", ("1", "1")), ("other", ("1", "2"))):
        (tmp_path / name).mkdir()
        with written_log(tmp_path / name, [asked(MAY, person) for person in people]) as (index, reader):
            found.append(counted(index, reader)["2026-05"].persons)
    assert found == [1, 2]


def test_another_purpose_zone_and_catalogue_show(tmp_path: Path) -> None:
    larger = catalogue_of(Settings(slices=write_large_catalogue(tmp_path / "slices", 1)))
    assert larger.coordinate("Kind0x0.field3").personal
    last_hour = dt.datetime(2026, 5, 31, 23, 30, tzinfo=CHINA)
    with written_log(tmp_path, [asked(MAY), asked(last_hour, purpose="grid")]) as (index, reader):
        assert {each.purpose for each in balance(index, reader, SPINE, MAY.date().replace(day=1), 1, None, CHINA)} == {
            "safety",
            "grid",
        }
        assert counted(index, reader, purpose="grid")["2026-05"].operations == 1
        east = ZoneInfo("Pacific/Auckland")
        assert counted(index, reader, east, "grid")["2026-06"].operations == 1, "it is June there"
        assert counted(index, reader, purpose="safety")["2026-05"].without == 1, "the field is unknown"
        assert counted(index, reader, purpose="safety", catalogue=larger)["2026-05"].without == 0


def test_a_span_has_the_name_of_its_newest_record(tmp_path: Path) -> None:
    span = (dt.datetime(2026, 5, 1, tzinfo=CHINA), dt.datetime(2026, 6, 1, tzinfo=CHINA))
    with written_log(tmp_path, [asked(span[0]), asked(JUNE)]) as (index, reader):
        names = [span_name(index, reader, *span)]
        for moment in (span[1], JUNE, span[1] - dt.timedelta(milliseconds=1)):
            write(tmp_path, [asked(moment, kind="search")])
            index.follow(reader)
            names.append(span_name(index, reader, *span))
        empty = [span_name(index, reader, *(each.replace(year=2027) for each in span)) for _ in range(2)]
    assert names[0] == names[1] == names[2] != names[3]
    assert empty[0] == empty[1] not in names
