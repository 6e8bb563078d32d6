"""The sample of a day is drawn from all of it, by a seed that the log gives; marks are only added, one at a time."""

from __future__ import annotations

import datetime as dt
import hashlib
import threading
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from audit.record import Coordinates, Record
from audit.tree import leaf_hash
from hub.auditor.review_marks import MOST_OF_RECORD, Mark, Marks, Meanwhile, Verdict
from hub.auditor.review_sample import DRAWN, Sample, newest_day, sample_of, samples_so_far
from hub.home.personal_texts import PersonalTexts
from hub.home.settings import Settings
from policies.versions import StoreUnavailable
from schema import SPINE
from schema.declarations import Field
from tests.support.console.written_log import at, digest, written_log

pytestmark = pytest.mark.unit
CHINA = ZoneInfo("Asia/Shanghai")
DAY = dt.date(2026, 6, 10)
KNOWN = dict(SPINE.coordinates())
SENSITIVE = next(name for name, each in KNOWN.items() if isinstance(each, Field) and each.sensitive)
PERSONAL = next(
    name for name, each in KNOWN.items() if isinstance(each, Field) and each.personal and not each.sensitive
)
SHOWN = {
    "sensitive_clear": Coordinates(clear=(SENSITIVE,)),
    "personal": Coordinates(clear=(PERSONAL,), masked=(SENSITIVE,)),
    "refused": Coordinates(clear=(SENSITIVE,)),
    "other": Coordinates(aggregated=(SENSITIVE,)),
}


def made(of_each: int = 12, salt: str = "0" * 32) -> list[Record]:
    """Records of three days; of the one in the middle so many in each stratum."""
    found = []
    for day in (-1, 0, 1):
        for number in range(of_each):
            for minute, (stratum, decision) in enumerate(SHOWN.items()):
                moment = dt.datetime.combine(DAY, dt.time(9, number, minute), CHINA) + dt.timedelta(days=day)
                kind = "refusal" if stratum == "refused" else "query"
                found.append(
                    Record(
                        kind=kind,
                        request_id=f"{stratum} {day}",
                        result="OK",
                        http_status=200,
                        time=at(moment),
                        decision=decision,
                        subjects=(digest("person", "1"),),
                        salt=salt,
                    )
                )
        found.append(Record(kind="search", request_id="x", result="OK", http_status=0, time=found[-1].time, salt=salt))
    return found


def drawn(folder: Path, records: list[Record], day: dt.date = DAY) -> Sample | None:
    folder.mkdir()
    with written_log(folder, records) as (index, reader):
        return sample_of(index, reader, SPINE, day, CHINA)


def test_each_stratum_gives_its_number_of_records_of_the_day(tmp_path: Path) -> None:
    records = made()
    sample = drawn(tmp_path / "log", records)
    assert sample is not None
    assert {stratum: len(indexes) for stratum, indexes in sample.drawn.items()} == DRAWN
    assert sample.out_of == dict.fromkeys(DRAWN, 12)
    for index, stratum in sample.stratum_of.items():
        assert records[index].request_id == f"{stratum} 0"


def test_the_lots_are_those_that_the_page_explains(tmp_path: Path) -> None:
    sample = drawn(tmp_path / "log", made())
    assert sample is not None
    root, of_day = bytes.fromhex(sample.seed), range(49, 97)

    def lot(index: int) -> bytes:
        return hashlib.sha256(root + index.to_bytes(8, "big")).digest()

    for at_stratum, (stratum, most) in enumerate(DRAWN.items()):
        names = list(SHOWN)
        of_stratum = [index for index in of_day if (index - 49) % 4 == names.index(stratum)]
        assert sample.drawn[stratum] == sorted(of_stratum, key=lot)[:most], at_stratum


def test_the_same_log_gives_the_same_sample_and_one_salt_another(tmp_path: Path) -> None:
    first, again = drawn(tmp_path / "a", made()), drawn(tmp_path / "b", made())
    assert first == again
    other = drawn(tmp_path / "c", made(salt="1" * 32))
    assert first is not None
    assert other is not None
    assert other.seed != first.seed
    assert other.drawn != first.drawn


def test_what_comes_after_the_day_changes_nothing(tmp_path: Path) -> None:
    records = made()
    whole, cut = drawn(tmp_path / "a", records), drawn(tmp_path / "b", records[: 49 * 2])
    assert whole == cut


def test_a_day_without_records_has_no_sample(tmp_path: Path) -> None:
    assert drawn(tmp_path / "a", made(), DAY + dt.timedelta(days=9)) is None


def early(folder: Path, records: list[Record], day: dt.date = DAY) -> list[Sample]:
    folder.mkdir()
    with written_log(folder, records) as (index, reader):
        return list(samples_so_far(index, reader, SPINE, day, CHINA))


def test_a_day_that_is_not_over_is_drawn_whenever_its_requests_have_doubled(tmp_path: Path) -> None:
    records = made()[: 49 + 23]
    samples = early(tmp_path / "a", records)
    assert [sum(each.out_of.values()) for each in samples] == [1, 2, 4, 8, 16]
    assert [each.size for each in samples] == [49 + 1, 49 + 2, 49 + 4, 49 + 8, 49 + 16]
    more = early(tmp_path / "b", [*records, *made()[49 + 23 : 49 + 40]])
    assert more[:5] == samples, "what comes later changes no draw that was made"
    assert sum(more[5].out_of.values()) == 32
    readings = [record for record in made() if record.kind == "search"]
    assert early(tmp_path / "c", [*records, *readings]) == samples, "nor does who looks at it"
    assert early(tmp_path / "d", records, DAY + dt.timedelta(days=9)) == []


def test_the_newest_day_is_the_last_on_which_somebody_asked(tmp_path: Path) -> None:
    refused = [each for each in made() if each.kind != "query"]
    with written_log(tmp_path, refused) as (index, reader):
        assert newest_day(index, reader, DAY, CHINA) == DAY - dt.timedelta(days=1)
        for later in (3, 30, 300):
            assert newest_day(index, reader, DAY + dt.timedelta(days=later), CHINA) == DAY + dt.timedelta(days=1)
        assert newest_day(index, reader, DAY - dt.timedelta(days=1), CHINA) is None


@pytest.mark.parametrize(
    "text",
    [
        "14010519900307293X 与目的不符",
        "电话13812345678与办件不符",
        "当事人张伟的办件",
        "兴华街道23号楼2单元的住户",
        "no case for 138-1234-5678",
        "请看１３８１２３４５６７８",
    ],
)
def test_a_reason_with_what_may_identify_a_person_is_known(texts: PersonalTexts, text: str) -> None:
    assert texts.found_in(text)


@pytest.mark.parametrize(
    "text",
    [
        "无办件编号，请说明",
        "网格员与办件EV-2026-0012无关，已核实",
        "记录 4821：目的与字段不相称",
        "the clerk looked at a person without a case",
        "2026-06-30 03:12 的 14 次请求",
    ],
)
def test_a_reason_without_is_not_refused(texts: PersonalTexts, text: str) -> None:
    assert not texts.found_in(text)


@pytest.fixture(scope="module")
def texts(tmp_path_factory: pytest.TempPathFactory) -> PersonalTexts:
    return PersonalTexts(Settings.load(home=tmp_path_factory.mktemp("home")))


LEAF = leaf_hash(b"record").hex()


def test_marks_are_kept_in_their_order(engine: sa.Engine) -> None:
    now = 1_000.0
    marks = Marks(engine, lambda: now)
    marks.add(7, LEAF, Verdict.EXPLAIN, "无办件编号", "wu", 0)
    now = 2_000.0
    marks.add(7, LEAF, Verdict.IN_ORDER, "已核实", "sun", 1)
    marks.add(9, LEAF, Verdict.MISUSE, "<b>", "wu", 0)
    first = Mark(7, 1, LEAF, Verdict.EXPLAIN, "无办件编号", "wu", 1_000)
    second = Mark(7, 2, LEAF, Verdict.IN_ORDER, "已核实", "sun", 2_000)
    assert marks.of([7, 8]) == {7: [first, second]}
    assert [(mark.record_index, mark.number) for mark in marks.newest()] == [(9, 1), (7, 2), (7, 1)]


@pytest.mark.parametrize("seen", [0, 2])
def test_a_mark_by_whoever_did_not_see_the_others_does_not_count(engine: sa.Engine, seen: int) -> None:
    marks = Marks(engine)
    marks.add(7, LEAF, Verdict.EXPLAIN, "a", "wu", 0)
    with pytest.raises(Meanwhile):
        marks.add(7, LEAF, Verdict.IN_ORDER, "b", "sun", seen)
    assert len(marks.of([7])[7]) == 1


def test_of_two_marks_at_once_one_counts(engine: sa.Engine) -> None:
    marks, refused, start = Marks(engine), [], threading.Barrier(6)

    def mark(number: int) -> None:
        start.wait()
        try:
            marks.add(7, LEAF, Verdict.IN_ORDER, "a", f"auditor{number}", 0)
        except Meanwhile:
            refused.append(number)

    threads = [threading.Thread(target=mark, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refused) == 5
    assert len(marks.of([7])[7]) == 1


def test_a_record_has_only_so_many_marks(engine: sa.Engine) -> None:
    marks = Marks(engine)
    for seen in range(MOST_OF_RECORD):
        marks.add(7, LEAF, Verdict.IN_ORDER, "a", "wu", seen)
    with pytest.raises(Meanwhile):
        marks.add(7, LEAF, Verdict.IN_ORDER, "a", "wu", MOST_OF_RECORD)


def test_a_store_that_is_away_is_said_to_be(tmp_path: Path) -> None:
    marks = Marks(sa.create_engine(f"sqlite:///{tmp_path}/nothing/at-all.db"))
    with pytest.raises(StoreUnavailable):
        marks.newest()
