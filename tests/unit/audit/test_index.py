"""The search index: a search finds what reading the whole log would find, however the index followed it."""

from __future__ import annotations

import datetime as dt
import random
import sqlite3
import stat
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from audit import index as index_module
from audit.facets import facets
from audit.index import Index, IndexFault, open_index
from audit.log import AuditLog, read
from audit.record import Coordinates, Digester, Record, RecordInvalid
from audit.search import Query, QueryRefused, days, matching_indexes, records, search
from audit.stores.open import open_reader
from audit.stores.sqlite import SqliteStore
from audit.tree import leaf_hash

pytestmark = pytest.mark.unit
CHINA = ZoneInfo("Asia/Shanghai")

DIGESTER = Digester(b"k" * 32)
START = dt.datetime(2026, 6, 1, tzinfo=dt.UTC)
PURPOSES = ("safety", "safety.fire", "safety.fire.rental", "safetynet", "#unknown", None)
NAMES = ("Person.name", "Person.phone", "Dwelling.address", "PersonOther.name")


ACTED = {"actor_application": "police-app", "actor": DIGESTER.digest("subject", "2")}


def digest(kind: str, number: int) -> str:
    return DIGESTER.digest(kind, str(number))


def a_record(rng: random.Random, number: int) -> Record:
    return Record(
        kind=rng.choice(("query", "query", "refusal", "search")),
        request_id=f"r{number}",
        result=rng.choice(("OK", "FIELD_DENIED", "PURPOSE_DENIED")),
        http_status=200,
        time=(START + dt.timedelta(hours=number)).isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z",
        application=rng.choice(("fire-app", "police-app", None)),
        department=rng.choice(("fire", "police", None)),
        region=rng.choice(("14/03/21/", "14/03/2/", "14/04/", None)),
        subject=rng.choice((digest("subject", 1), digest("subject", 2), None)),
        purpose=rng.choice(PURPOSES),
        case=rng.choice((digest("case", 1), None)),
        policy_version=rng.choice(("a" * 32, "b" * 32)),
        **rng.choice(({"catalogue_version": "c" * 64}, {"catalogue_version": "d" * 64}, {"v": 2}, {"v": 3}, ACTED)),
        variables={"$v1.eq": digest("value", rng.randrange(20)), "#0": "true"},
        decision=Coordinates(
            clear=tuple(sorted(rng.sample(NAMES, 2))), denied=tuple(sorted(rng.sample(NAMES, rng.randrange(2))))
        ),
        subjects=tuple(digest("person", each) for each in rng.sample(range(30), rng.randrange(6))),
    )


def write(path: Path, made: Sequence[Record]) -> None:
    log = AuditLog.open(path, 10)
    for each in made:
        log.append_sync(each)
    log.close()


def told(query: Query, record: Record) -> bool:
    """Whether `query` describes `record`: the definition, field by field."""
    moment = dt.datetime.fromisoformat(record.time)
    effects = ("clear", "masked", "aggregated", "matched", "denied") if query.effect is None else (query.effect,)
    named = [name for effect in effects for name in getattr(record.decision, effect)]
    wanted = (
        query.since is None or moment >= query.since,
        query.until is None or moment < query.until,
        query.kind in {None, record.kind},
        query.result in {None, record.result},
        query.application in {None, record.application, record.actor_application},
        query.department in {None, record.department},
        query.policy_version in {None, record.policy_version},
        query.catalogue_version in {None, record.catalogue_version},
        query.region is None or (record.region or "").startswith(query.region),
        query.purpose is None
        or record.purpose == query.purpose
        or (record.purpose or "").startswith(f"{query.purpose}."),
        query.case in {None, record.case},
        query.who is None or bool({record.subject, record.actor} & set(query.who)),
        query.value is None or query.value in record.variables.values(),
        query.subject is None or query.subject in record.subjects,
        (query.coordinate is None and query.effect is None)
        or any(query.coordinate in {None, name, name.partition(".")[0]} for name in named),
    )
    return all(wanted)


QUERIES = {
    "everything": Query(),
    "kind": Query(kind="search"),
    "result": Query(result="PURPOSE_DENIED"),
    "application": Query(application="fire-app"),
    "department": Query(department="police"),
    "purpose and its descendants": Query(purpose="safety.fire"),
    "the whole tree": Query(purpose="safety"),
    "no such purpose": Query(purpose="safety.fir"),
    "region below": Query(region="14/03/2/"),
    "region above": Query(region="14/"),
    "policy version": Query(policy_version="b" * 32),
    "catalogue": Query(catalogue_version="d" * 64),
    "coordinate": Query(coordinate="Person.phone"),
    "coordinate in clear": Query(coordinate="Person.phone", effect="clear"),
    "coordinate denied": Query(coordinate="Person.phone", effect="denied"),
    "type": Query(coordinate="Person"),
    "effect": Query(effect="denied"),
    "case": Query(case=digest("case", 1)),
    "who": Query(who=(digest("subject", 2),)),
    "value": Query(value=digest("value", 3)),
    "subject": Query(subject=digest("person", 7)),
    "a value is no subject": Query(subject=digest("value", 3)),
    "nobody": Query(subject=digest("person", 999)),
    "since": Query(since=START + dt.timedelta(hours=100)),
    "until": Query(until=START + dt.timedelta(hours=100)),
    "a zone of one's own": Query(since=(START + dt.timedelta(hours=9)).astimezone(dt.timezone(dt.timedelta(hours=8)))),
    "all at once": Query(
        purpose="safety", department="fire", coordinate="Person", effect="clear", subject=digest("person", 5)
    ),
    "two digests": Query(subject=digest("person", 5), value=digest("value", 5), who=(digest("subject", 1),)),
    "one of two people": Query(who=(digest("subject", 1), digest("subject", 2), digest("subject", 999))),
}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Record]]:
    path = tmp_path_factory.mktemp("log") / "audit.db"
    rng = random.Random(20261122)
    found = [a_record(rng, number) for number in range(400)]
    write(path, found)
    return path, found


@pytest.fixture(scope="module", params=[(65_536, 16_384, 2_048), (64, 16, 7)], ids=["one run", "many small runs"])
def followed(
    request: pytest.FixtureRequest, made: tuple[Path, list[Record]], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Path, list[Record]]:
    """The log, an index that followed it, and the records; small limits make many runs and buckets of few records."""
    path = tmp_path_factory.mktemp("index") / "audit.index.db"
    with pytest.MonkeyPatch.context() as patch:
        for name, value in zip(("RUN", "SMALL", "PAGE"), request.param, strict=True):
            patch.setattr(index_module, name, value)
        with open_index(path) as index:
            index.follow(open_reader(made[0]))
    return made[0], path, made[1]


@pytest.mark.parametrize("name", QUERIES)
def test_a_search_finds_what_reading_everything_finds(followed: tuple[Path, Path, list[Record]], name: str) -> None:
    log, path, made = followed
    query = QUERIES[name]
    wanted = [at for at, record in enumerate(made) if told(query, record)]
    with open_index(path) as index:
        assert list(matching_indexes(index, query)) == wanted
        page = search(index, query, limit=7)
        assert page.total == len(wanted)
        pages = [page.indexes]
        while page.before is not None:
            page = search(index, query, before=page.before, limit=7)
            pages.append(page.indexes)
        assert [at for each in pages for at in each] == wanted[::-1]
        counted = facets(index, query, dt.UTC)
    assert counted["kind"] == {
        kind: n for kind in counted["kind"] if (n := sum(made[at].kind == kind for at in wanted))
    }
    assert sum(counted["kind"].values()) == sum(counted["day"].values()) == len(wanted)
    reader = open_reader(log)
    assert [each.record for each in records(reader, tuple(wanted))] == [made[at] for at in wanted]


def test_facets_count_each_word(followed: tuple[Path, Path, list[Record]]) -> None:
    _, path, made = followed
    with open_index(path) as index:
        counted = facets(index, Query(department="fire"), dt.UTC)
    ours = [each for each in made if each.department == "fire"]
    for name in ("result", "application", "region", "policy_version", "catalogue_version"):
        words = {getattr(each, name) for each in ours} - {None}
        assert counted[name] == {word: sum(getattr(each, name) == word for each in ours) for word in words}
    assert counted["purpose"]["#"] == sum(each.purpose == "#unknown" for each in ours)
    for coordinate in NAMES:
        named = [each for each in ours if coordinate in {*each.decision.clear, *each.decision.denied}]
        assert counted["coordinate"][coordinate] == len(named)
    assert counted["effect"] == {"clear": len(ours), "denied": sum(bool(each.decision.denied) for each in ours)}


def test_following_bit_by_bit_is_following_at_once(tmp_path: Path, rng: random.Random) -> None:
    log, path = tmp_path / "audit.db", tmp_path / "audit.index.db"
    made = [a_record(rng, number) for number in range(120)]
    with open_index(path) as index:
        for start in range(0, 120, 3):
            write(log, made[start : start + 3])
            assert index.follow(open_reader(log)) == start + 3
        assert index.follow(open_reader(log)) == 120
        # Small runs were joined: their number grows with the logarithm of the records.
        assert len(index.runs()) <= 8
        for query in QUERIES.values():
            assert list(matching_indexes(index, query)) == [at for at, each in enumerate(made) if told(query, each)]


def test_two_processes_may_follow_at_once(tmp_path: Path, rng: random.Random) -> None:
    log, path = tmp_path / "audit.db", tmp_path / "audit.index.db"
    made = [a_record(rng, number) for number in range(20)]
    with open_index(path) as one, open_index(path) as other:
        write(log, made[:10])
        assert one.follow(open_reader(log)) == 10
        write(log, made[10:])
        assert other.follow(open_reader(log)) == 20
        assert one.follow(open_reader(log)) == 20
        for each in (one, other):
            assert list(matching_indexes(each, Query())) == list(range(20))


def test_it_stops_when_told_and_goes_on(tmp_path: Path, rng: random.Random, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index_module, "RUN", 8)
    write(tmp_path / "audit.db", [a_record(rng, number) for number in range(20)])
    reader, seen = open_reader(tmp_path / "audit.db"), list[tuple[int, int]]()
    with open_index(tmp_path / "audit.index.db") as index:
        assert index.follow(reader, lambda done, of: seen.append((done, of)), lambda: bool(seen)) == 8
        assert index.follow(reader) == index.size == 20
    assert seen == [(8, 20)]


def test_continuations_are_told_as_their_record(tmp_path: Path) -> None:
    people = tuple(digest("person", each) for each in range(6_000))
    whole = replace(a_record(random.Random(1), 0), kind="query", purpose="safety", department="fire", subjects=people)
    write(tmp_path / "audit.db", [whole, replace(whole, request_id="r2", purpose="other", subjects=())])
    with open_index(tmp_path / "audit.index.db") as index:
        index.follow(open_reader(tmp_path / "audit.db"))
        last = Query(subject=people[-1])
        (at,) = search(index, last).indexes
        assert at > 0 and [each.record.kind for each in read(tmp_path / "audit.db", at, 1)] == ["continuation"]
        (day,) = days(index, last, CHINA)
        assert (day.day, day.kind, day.purpose, day.decision) == (
            START.date(),
            "query",
            "safety",
            whole.decision,
        )
        assert search(index, replace(last, department="fire")).total == 1
        assert search(index, Query(purpose="other")).total == 1


def test_a_continuation_after_a_stop_still_knows_its_record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index_module, "RUN", 2)
    people = tuple(digest("person", each) for each in range(12_000))
    whole = replace(a_record(random.Random(1), 0), kind="query", purpose="safety", subjects=people)
    write(tmp_path / "audit.db", [whole])
    reader = open_reader(tmp_path / "audit.db")
    size = reader.size
    assert size > 4
    done, calls = 0, iter(range(1_000))
    while done < size:
        with open_index(tmp_path / "audit.index.db") as index:
            # One run a call: every second question is answered with "stop".
            done = index.follow(reader, until=lambda: bool(next(calls) % 2))
    with open_index(tmp_path / "audit.index.db") as index:
        assert search(index, Query(purpose="safety")).total == size


def test_days_are_those_of_the_zone(tmp_path: Path) -> None:
    night = replace(a_record(random.Random(1), 0), time="2026-06-01T17:30:00.000Z", subjects=(digest("person", 1),))
    write(tmp_path / "audit.db", [night])
    with open_index(tmp_path / "audit.index.db") as index:
        index.follow(open_reader(tmp_path / "audit.db"))
        found = [days(index, Query(), ZoneInfo(zone))[0].day.isoformat() for zone in ("UTC", "Asia/Shanghai")]
    assert found == ["2026-06-01", "2026-06-02"]


def test_days_follow_a_zone_that_changes_its_clocks(tmp_path: Path) -> None:
    summer, winter = (
        replace(a_record(random.Random(1), number), time=f"2026-{month:02}-02T04:30:00.000Z")
        for number, month in enumerate((6, 12))
    )
    write(tmp_path / "audit.db", [summer, winter])
    new_york = ZoneInfo("America/New_York")
    with open_index(tmp_path / "audit.index.db") as index:
        index.follow(open_reader(tmp_path / "audit.db"))
        assert {each.day.isoformat() for each in days(index, Query(), new_york)} == {"2026-06-02", "2026-12-01"}
        assert facets(index, Query(), new_york)["day"] == {"2026-06-02": 1, "2026-12-01": 1}


@pytest.mark.parametrize("change", ["cut", "replaced", "grown again"])
def test_a_log_that_was_put_back_is_not_followed(tmp_path: Path, change: str, rng: random.Random) -> None:
    log, path = tmp_path / "audit.db", tmp_path / "audit.index.db"
    made = [a_record(rng, number) for number in range(12)]
    write(log, made[:10])
    with open_index(path) as index:
        index.follow(open_reader(log))
    log.unlink()
    other = {"cut": made[:9], "replaced": made[1:11], "grown again": [*made[:9], *made[10:]]}
    write(log, other[change])
    with open_index(path) as index, pytest.raises(IndexFault, match="put back, cut or replaced"):
        index.follow(open_reader(log))
    path.unlink()
    with open_index(path) as index:
        assert index.follow(open_reader(log)) == len(other[change])


def test_a_changed_record_is_not_indexed(tmp_path: Path, rng: random.Random) -> None:
    store = SqliteStore(tmp_path / "audit.db")
    store.begin(1e12)
    store.append([[(leaf_hash(b"another"), b'{"v":2}')]])
    store.commit()
    store.drop()
    with open_index(tmp_path / "audit.index.db") as index:
        with pytest.raises(RecordInvalid, match="record 0 is not as it was written"):
            index.follow(open_reader(tmp_path / "audit.db"))
        assert index.size == 0


def test_the_index_is_its_owners_and_holds_no_value(tmp_path: Path, rng: random.Random) -> None:
    write(tmp_path / "audit.db", [a_record(rng, 0)])
    with open_index(tmp_path / "audit.index.db") as index:
        index.follow(open_reader(tmp_path / "audit.db"))
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.glob("audit.index.db*")}
    assert set(modes.values()) == {0o600} and "audit.index.db" in modes


@pytest.mark.parametrize("content", [b"no database at all" * 100, b""], ids=["rubbish", "empty"])
def test_a_file_that_is_no_index(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "audit.index.db"
    path.write_bytes(content)
    if content:
        with pytest.raises(IndexFault, match="NOTADB"):
            Index.open(path)
    else:
        assert Index.open(path).size == 0


def test_another_database_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "audit.index.db"
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE theirs (x)")
    with pytest.raises(IndexFault, match="not an index"):
        Index.open(path)
    assert sqlite3.connect(path).execute("SELECT name FROM sqlite_master").fetchall() == [("theirs",)]


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"kind": "nothing"}, "unknown kind"),
        ({"effect": "seen"}, "unknown effect"),
        ({"since": dt.datetime(2026, 1, 1)}, "needs a zone"),
    ],
)
def test_what_cannot_be_meant_is_refused(wrong: dict[str, object], says: str) -> None:
    with pytest.raises(QueryRefused, match=says):
        Query(**wrong)  # type: ignore[arg-type]
