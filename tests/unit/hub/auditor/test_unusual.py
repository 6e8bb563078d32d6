"""Each question of unusual use counts what a naive reading of the records counts, and its links find those records."""

from __future__ import annotations

import datetime as dt
import random
import statistics
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from audit.index import Index
from audit.record import Record
from audit.search import QueryRefused, search
from audit.stores.reader import Reader
from hub.auditor.search_terms import read_filters
from hub.auditor.unusual import BOUNDS, LONGEST_DAYS, QUESTIONS, Finding, Limits, Question, unusual
from hub.auditor.working_hours import WorkingHours
from tests.support.console.written_log import DIGESTER, at, digest, written_log

pytestmark = pytest.mark.unit
CHINA = ZoneInfo("Asia/Shanghai")
FIRST, LAST = dt.date(2026, 6, 1), dt.date(2026, 6, 20)
LIMITS = Limits(night=3, walk=9, times=2, least=6, history=30, refused=3, askers=4, narrow=2, case=8, several=2)
STAFF = [digest("subject", name) for name in ("甲", "乙", "丙", "丁", "戊", "己")]
PEOPLE = [digest("person", str(number)) for number in range(40)]
CASES = [digest("case", str(number)) for number in range(3)]
PURPOSES = ("safety.fire.rental", "grid.patrol", "epidemic.trace")


def made(rng: random.Random) -> list[Record]:
    """Records of a spring: most of the staff see few people by day; the first one sees many, by night too."""
    begin = dt.datetime(2026, 5, 5, tzinfo=CHINA)
    moments = sorted(begin + dt.timedelta(minutes=rng.randrange(60 * 24 * 47)) for _ in range(500))
    found = []
    for number, moment in enumerate(moments):
        who = rng.choice(STAFF + STAFF[:1] * 3)
        # The second one begins with this purpose in June.
        known = PURPOSES[:2] if who == STAFF[1] and moment.month == 5 else PURPOSES
        refused = rng.random() < 0.15
        seen = rng.sample(PEOPLE, rng.randrange(1, 9 if who == STAFF[0] else 3))
        if number == 470:  # so many that they go on in continuations
            seen = [*seen, *(digest("person", f"more {each}") for each in range(4_000))]
        found.append(
            Record(
                kind="refusal" if refused else "query",
                request_id=f"{number}",
                result="PURPOSE_DENIED" if refused else "OK",
                http_status=403 if refused else 200,
                time=at(moment),
                application=rng.choice(("fire-inspection", "grid-desk")),
                department=rng.choice(("fire", "grid", "health")),
                subject=who,
                actor=STAFF[5] if number % 50 == 7 and who != STAFF[5] else None,
                purpose=rng.choice(known),
                case=rng.choice(CASES) if rng.random() < 0.3 else None,
                variables={"first": "20", "name": digest("value", str(number % 30))},
                subjects=() if refused else tuple(seen),
            )
        )
    return found


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Index, Reader, list[Record]]]:
    records = made(random.Random(14))
    with written_log(tmp_path_factory.mktemp("log"), records) as (index, reader):
        assert reader.size > len(records), "some records go on"
        yield index, reader, records


@pytest.fixture(scope="module")
def asked(log: tuple[Index, Reader, list[Record]]) -> Mapping[str, Question]:
    index, reader, _ = log
    return {each.name: each for each in unusual(index, reader, FIRST, LAST, LIMITS, CHINA)}


def local(record: Record) -> dt.datetime:
    return dt.datetime.fromisoformat(record.time).astimezone(CHINA)


def staff_of(record: Record) -> list[str]:
    return [each for each in (record.subject, record.actor) if each]


def by(keys: Mapping[object, Sequence[Record]], least: int) -> set[tuple[object, int]]:
    """By key: how many different persons its records touched, where that is enough."""
    counts = {key: len({each for record in of for each in record.subjects}) for key, of in keys.items()}
    return {(key, count) for key, count in counts.items() if count >= least}


def grouped(records: Sequence[Record], keys: object) -> dict[object, list[Record]]:
    groups: dict[object, list[Record]] = defaultdict(list)
    for record in records:
        for key in keys(record):  # type: ignore[operator]
            groups[key].append(record)
    return groups


def in_window(records: Sequence[Record], kind: str = "query") -> list[Record]:
    return [each for each in records if each.kind == kind and FIRST <= local(each).date() <= LAST]


def told(question: Question, *about: str, number: str) -> set[tuple[object, float]]:
    assert question.total == len(question.findings)
    found = {(tuple(each.about[name] for name in about), each.numbers[number].value) for each in question.findings}
    return {(key[0] if len(key) == 1 else key, value) for key, value in found}


def test_off_hours(log: tuple[Index, Reader, list[Record]], asked: Mapping[str, Question]) -> None:
    hours = WorkingHours(LIMITS.opens, LIMITS.closes, CHINA)
    closed = [each for each in in_window(log[2]) if hours.closed_since(local(each))]
    groups = grouped(closed, lambda each: [(who, str(hours.closed_since(local(each)))) for who in staff_of(each)])
    expected = {(key, len(of)) for key, of in groups.items() if len(of) >= LIMITS.night}
    found = {
        ((each.about["who"], str(dt.datetime.fromisoformat(each.about["since"]))), each.numbers["answered"].value)
        for each in asked["off_hours"].findings
    }
    assert asked["off_hours"].total == len(expected)
    assert found
    assert found <= expected


def test_refusals_of_a_night_stand_beside_its_answers(
    log: tuple[Index, Reader, list[Record]], asked: Mapping[str, Question]
) -> None:
    hours = WorkingHours(LIMITS.opens, LIMITS.closes, CHINA)
    refused = [each for each in in_window(log[2], "refusal") if hours.closed_since(local(each))]
    groups = grouped(refused, lambda each: [(who, str(hours.closed_since(local(each)))) for who in staff_of(each)])
    told_of = {}
    for each in asked["off_hours"].findings:
        key = (each.about["who"], str(dt.datetime.fromisoformat(each.about["since"])))
        told_of[key] = each.numbers["refused"].value
    assert told_of == {key: len(groups.get(key, ())) for key in told_of}
    assert any(told_of.values())


def test_several_applications_or_departments_in_a_day(
    log: tuple[Index, Reader, list[Record]], asked: Mapping[str, Question]
) -> None:
    index, reader, records = log
    of_days = [*in_window(records), *in_window(records, "refusal")]
    groups = grouped(of_days, lambda each: [(who, str(local(each).date())) for who in staff_of(each)])

    def expected(least: int) -> dict[object, tuple[int, int]]:
        counts = {
            key: (len({each.application for each in of}), len({each.department for each in of}))
            for key, of in groups.items()
        }
        return {key: both for key, both in counts.items() if max(both) >= least}

    def found(question: Question) -> dict[object, tuple[float, float]]:
        return {
            (each.about["who"], each.about["since"]): (
                each.numbers["applications"].value,
                each.numbers["departments"].value,
            )
            for each in question.findings
        }

    assert asked["several"].total == len(expected(LIMITS.several))
    many = {each.name: each for each in unusual(index, reader, FIRST, LAST, replace(LIMITS, several=3), CHINA)}
    assert many["several"].total == len(expected(3)) > 0
    assert found(many["several"]).items() <= expected(3).items()
    assert all(each[1] == 3 for each in found(many["several"]).values()), "three departments, two applications"


def test_walks(log: tuple[Index, Reader, list[Record]], asked: Mapping[str, Question]) -> None:
    groups = grouped(in_window(log[2]), lambda each: [(who, str(local(each).date())) for who in staff_of(each)])
    expected = by(groups, LIMITS.walk)
    assert asked["walks"].total == len(expected) > 0
    found = {
        ((each.about["who"], each.about["since"]), each.numbers["persons"].value) for each in asked["walks"].findings
    }
    assert found <= expected
    assert max(count for _, count in found) > 4_000, "with those of the continuations"


def test_far_more_persons_than_others(log: tuple[Index, Reader, list[Record]], asked: Mapping[str, Question]) -> None:
    groups = grouped(in_window(log[2]), lambda each: [(who, each.application, each.purpose) for who in staff_of(each)])
    counts = dict(by(groups, 0))
    expected = set()
    for key, count in counts.items():
        assert isinstance(key, tuple)
        others = [found for other, found in counts.items() if isinstance(other, tuple) and other[1:] == key[1:]]
        if len(others) >= 3 and count >= max(LIMITS.least, LIMITS.times * max(statistics.median(others), 1)):
            expected.add((key, count))
    assert told(asked["many_people"], "who", "application", "purpose", number="persons") == expected
    assert expected


def test_a_purpose_never_used_before(log: tuple[Index, Reader, list[Record]], asked: Mapping[str, Question]) -> None:
    begin = dt.datetime.combine(FIRST, dt.time(), CHINA)
    queries = [each for each in log[2] if each.kind == "query"]
    past = [each for each in queries if begin - dt.timedelta(days=LIMITS.history) <= local(each) < begin]
    groups = grouped(in_window(log[2]), lambda each: [(who, each.purpose) for who in staff_of(each)])
    used = {key for key in grouped(past, lambda each: [(who, each.purpose) for who in staff_of(each)])}
    known = {who for each in past for who in staff_of(each)}
    expected = {
        (key, len(of)) for key, of in groups.items() if isinstance(key, tuple) and key not in used and key[0] in known
    }
    assert told(asked["new_purposes"], "who", "purpose", number="requests") == expected
    assert any(key == (STAFF[1], PURPOSES[2]) for key, _ in expected)


def test_many_refusals(log: tuple[Index, Reader, list[Record]], asked: Mapping[str, Question]) -> None:
    groups = grouped(in_window(log[2], "refusal"), staff_of)
    expected = {(who, len(of)) for who, of in groups.items() if len(of) >= LIMITS.refused}
    assert told(asked["refusals"], "who", number="refused") == expected
    assert expected


def test_one_person_and_one_case(log: tuple[Index, Reader, list[Record]], asked: Mapping[str, Question]) -> None:
    narrow = [each for each in in_window(log[2]) if len(each.subjects) <= LIMITS.narrow]
    askers = {
        person: len({who for each in of for who in staff_of(each)})
        for person, of in grouped(narrow, lambda each: each.subjects).items()
    }
    expected = {(person, count) for person, count in askers.items() if count >= LIMITS.askers}
    question = asked["one_person"]
    assert question.total == len(expected) > 0
    assert {(each.about["person"], each.numbers["askers"].value) for each in question.findings} <= expected
    cases = grouped(in_window(log[2]), lambda each: [each.case] if each.case else [])
    assert told(asked["one_case"], "case", number="persons") == by(cases, LIMITS.case)
    assert asked["one_case"].findings


def finds(index: Index, terms: Mapping[str, str]) -> int:
    wanted = read_filters([f"{name}={text}" for name, text in terms.items()], DIGESTER, str, str, CHINA)
    return search(index, wanted.query).total


COUNTED_BY_SEARCH = {"requests", "all_days", "before", "refused", "answered"}
"""Numbers of records; the others count people in the records that their link shows."""


@pytest.mark.parametrize("name", sorted(QUESTIONS))
def test_each_number_leads_to_its_records(
    name: str, log: tuple[Index, Reader, list[Record]], asked: Mapping[str, Question]
) -> None:
    index, seen = log[0], 0
    for finding in asked[name].findings:
        for word, number in finding.numbers.items():
            if word in COUNTED_BY_SEARCH and not (name == "one_person" and word == "requests"):
                assert finds(index, number.terms) == number.value, (name, word)
                seen += 1
            elif number.terms:
                assert finds(index, number.terms) > 0, (name, word)
    assert seen or name in {"one_person", "many_people"}


def test_one_record_of_each_finding_is_one_of_them(
    log: tuple[Index, Reader, list[Record]], asked: Mapping[str, Question]
) -> None:
    index, reader, _ = log
    assert reader.size == index.size

    def of(finding: Finding) -> str:
        return next(text for name, text in finding.about.items() if name in {"who", "person", "case"})

    for question in asked.values():
        for finding in question.findings:
            body = reader.rows(finding.record, finding.record + 1, 1)[0].body
            assert of(finding).encode() in (body if isinstance(body, bytes) else b"")


@pytest.mark.parametrize("name", sorted(BOUNDS))
def test_a_threshold_has_bounds(name: str) -> None:
    low, high = BOUNDS[name]
    for wrong in (low - 1, high + 1):
        with pytest.raises(QueryRefused):
            Limits(**{name: wrong})


def test_too_many_days_are_refused(log: tuple[Index, Reader, list[Record]]) -> None:
    index, reader, _ = log
    for since, until in ((FIRST, FIRST + dt.timedelta(days=LONGEST_DAYS)), (LAST, FIRST)):
        with pytest.raises(QueryRefused):
            unusual(index, reader, since, until, LIMITS, CHINA)


def test_a_log_of_nothing_has_no_findings(tmp_path: Path) -> None:
    with written_log(tmp_path, []) as (index, reader):
        found = unusual(index, reader, FIRST, LAST, LIMITS, CHINA)
    assert [each.name for each in found] == list(QUESTIONS)
    assert not any(each.total for each in found)


@pytest.mark.parametrize(
    ("moment", "closed", "opens"),
    [
        ("2026-06-05T12:00", None, None),  # a Friday
        ("2026-06-05T18:00", "2026-06-05T18:00", "2026-06-08T08:00"),
        ("2026-06-06T12:00", "2026-06-05T18:00", "2026-06-08T08:00"),
        ("2026-06-08T07:59", "2026-06-05T18:00", "2026-06-08T08:00"),
        ("2026-06-08T08:00", None, None),
        ("2026-06-09T03:00", "2026-06-08T18:00", "2026-06-09T08:00"),
    ],
)
def test_working_hours(moment: str, closed: str | None, opens: str | None) -> None:
    hours = WorkingHours(8, 18, CHINA)
    found = hours.closed_since(dt.datetime.fromisoformat(moment).replace(tzinfo=CHINA))
    assert (found and f"{found:%Y-%m-%dT%H:%M}") == closed
    if found:
        assert f"{hours.next_opening(found):%Y-%m-%dT%H:%M}" == opens


def test_a_day_that_ends_at_midnight_closes_then() -> None:
    hours = WorkingHours(0, 24, CHINA)
    saturday = dt.datetime(2026, 6, 6, 12, tzinfo=CHINA)
    closed = hours.closed_since(saturday)
    assert closed == dt.datetime(2026, 6, 6, tzinfo=CHINA)
    assert hours.next_opening(closed) == dt.datetime(2026, 6, 8, tzinfo=CHINA)
