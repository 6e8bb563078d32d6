"""Any order of the rows, any repetition of them and any order of the pulls give the same graph (L33, L36)."""

from __future__ import annotations

import random
import re
import sqlite3
from pathlib import Path

import neo4j
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

import connectors.run
from connectors.base import Record, StreamPlan
from connectors.resolve import Fate, Stored, fate, is_settled, keep_best, milliseconds, partition, rank
from hub.graph.local import GraphAddress
from tests.support.pulling import POLICE, REGIONS, canonical, county, edit, empty, pull

pytestmark = pytest.mark.property

PULLS = ("divisions", "police", "housing", "hotline")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return county(tmp_path_factory.mktemp("order") / "data", 100)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("order-home")


@pytest.fixture(scope="module")
def clean(folder: Path, home: Path, empty_graph: GraphAddress, graph_driver: neo4j.Driver) -> frozenset[str]:
    pull(home, empty_graph, folder, *PULLS)
    return placeless(canonical(graph_driver))


def shuffle(folder: Path, rng: random.Random) -> None:
    """Give each source's rows in another order, some of them twice."""
    for file in (POLICE, REGIONS):

        def change(lines: list[bytes]) -> list[bytes]:
            more = lines + rng.choices(lines, k=rng.randrange(20))
            rng.shuffle(more)
            return more

        edit(folder, file, change)
    tickets = folder / "hotline/tickets.jsonl"
    lines = tickets.read_bytes().splitlines(keepends=True)
    lines += rng.choices(lines, k=3)
    rng.shuffle(lines)
    tickets.write_bytes(b"".join(lines))
    with sqlite3.connect(folder / "housing/housing.sqlite") as database:
        for table in ("buildings", "dwellings", "occupancy"):
            rows = database.execute(f"SELECT * FROM {table}").fetchall()
            rng.shuffle(rows)
            database.execute(f"DELETE FROM {table}")
            database.executemany(f"INSERT INTO {table} VALUES ({', '.join('?' * len(rows[0]))})", rows)


@pytest.mark.slow
@given(seed=st.integers(0, 2**32), rows=st.integers(7, 200), order=st.permutations(PULLS[1:]))
@settings(
    # Each example is a whole pull into the real graph: few, and not shrunk.
    max_examples=2,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=list(HealthCheck),
    report_multiple_bugs=False,
)
def test_l33_order_and_repetition_do_not_matter(
    clean: frozenset[str], home: Path, empty_graph: GraphAddress, graph_driver: neo4j.Driver,
    tmp_path_factory: pytest.TempPathFactory, seed: int, rows: int, order: list[str],
) -> None:  # fmt: skip
    shuffled = county(tmp_path_factory.mktemp("shuffled") / "data", 100)
    shuffle(shuffled, random.Random(seed))
    empty(graph_driver)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(connectors.run, "BATCH_ROWS", rows)
        # Rows whose dwelling came later go in with the second pull of their source.
        pull(home, empty_graph, shuffled, "divisions", *order, "housing")
    different = placeless(canonical(graph_driver)) ^ clean
    assert sorted(different)[:10] == []


def placeless(graph: tuple[list[str], list[str]]) -> frozenset[str]:
    """A graph without what tells of the file itself: its number of rows, and where in it a wrong byte stands."""
    nodes = (each for each in graph[0] if not each.startswith("['SourceCursor']"))
    return frozenset((*(re.sub(r"byte \d+ of", "a byte of", each) for each in nodes), *graph[1]))


PLAN = StreamPlan("s/r", "s", "Person", "pop", 1, ("name",), {"name": frozenset()}, (), None, False)


def record(key: int, version: int | None, content: int) -> Record:
    import datetime as dt

    moment = None if version is None else dt.datetime(2026, 1, 1 + version, tzinfo=dt.UTC)
    return Record(
        f"s/r:{key}", str(key), str(key), {"name": content}, (), moment, f"{content * 8 + (version or 0):016x}{0:016x}"
    )


records = st.lists(
    st.builds(record, st.integers(0, 3), st.sampled_from([None, 0, 1, 2]), st.integers(0, 3)), max_size=12
)


def run(rows: list[Record], stored: dict[str, Stored], batch: int) -> tuple[dict[str, Stored], int]:
    """What the graph remembers after a run, and how many records were written on the way."""
    from dataclasses import replace

    highest: dict[str, int] = {}
    outvoted: dict[str, tuple[Record, str]] = {}
    repeats: set[str] = set()
    stored, written = dict(stored), 0
    batches = [rows[start : start + batch] for start in range(0, len(rows), batch)]
    for number in range(len(batches) + 1):
        marked = []
        for each in batches[number] if number < len(batches) else ():
            marked.append(replace(each, repeated=each.key in highest))
            this = rank(each.fingerprint, each.as_of)
            if highest.get(each.key, this) != this:
                repeats.add(each.key)
            highest[each.key] = max(highest.get(each.key, this), this)
        if number == len(batches):
            marked = [
                replace(each, sole=True)
                for each, winner in outvoted.values()
                if is_settled(each, winner, highest[each.key], alone=each.key not in repeats)
            ]
        parts = partition(marked, stored)
        for best, winner in parts.outvoted.values():
            keep_best(outvoted, best, winner)
        for key, each in {**parts.inserts, **parts.updates}.items():
            stored[key] = Stored(each.fingerprint, milliseconds(each.as_of), parts.rejected.get(key, ()))
            written += 1
        for key, rejected in parts.rejected.items():
            if stored[key].rejected != rejected:
                stored[key] = Stored(stored[key].fingerprint, stored[key].as_of, rejected)
                written += 1
    return stored, written


def versioned(rows: list[Record]) -> list[Record]:
    """A source states a time for each row of a stream or for none."""
    return [each for each in rows if each.as_of is not None]


def unversioned(rows: list[Record]) -> list[Record]:
    return [each for each in rows if each.as_of is None]


@given(rows=records.map(versioned), batch=st.integers(1, 5), data=st.data())
def test_l33_partition_ignores_order(rows: list[Record], batch: int, data: st.DataObject) -> None:
    other = data.draw(st.permutations(rows))
    assert run(rows, {}, batch)[0] == run(other, {}, batch + 1)[0]


@given(rows=records.map(versioned) | records.map(unversioned), batch=st.integers(1, 5))
def test_the_same_rows_again_write_nothing(rows: list[Record], batch: int) -> None:
    stored, _ = run(rows, {}, batch)
    assert run(rows, stored, batch) == (stored, 0)


@given(rows=records.map(versioned) | records.map(unversioned), batch=st.integers(1, 5), data=st.data())
def test_what_is_left_of_a_source_is_what_is_stored(rows: list[Record], batch: int, data: st.DataObject) -> None:
    """Of rows with one number and time, whichever was removed; a row with a later time is not undone by removing it."""
    left = [each for each in rows if data.draw(st.booleans())]
    stored, _ = run(left, run(rows, {}, batch)[0], batch)
    for key, alone in run(left, {}, batch)[0].items():
        if max(milliseconds(each.as_of) or 0 for each in rows if each.key == key) == (alone.as_of or 0):
            assert (stored[key].fingerprint, stored[key].as_of) == (alone.fingerprint, alone.as_of)
    stored = run(left, stored, batch)[0]
    assert run(left, stored, batch) == (stored, 0)
    for key, each in stored.items():
        contents = {row.fingerprint for row in left if row.key == key}
        assert len(contents) != 1 or each.fingerprint not in contents or not each.rejected


@given(rows=records.map(versioned), batch=st.integers(1, 5), data=st.data())
def test_l32_a_run_cut_short_and_repeated_ends_the_same(rows: list[Record], batch: int, data: st.DataObject) -> None:
    cut = data.draw(st.integers(0, len(rows) // batch)) * batch
    stored, _ = run(rows[:cut], {}, batch)
    assert run(rows, stored, batch)[0] == run(rows, {}, batch)[0]


@given(rows=records)
def test_k04_an_older_version_never_wins(rows: list[Record]) -> None:
    for each in rows:
        for other in rows:
            if each.as_of and other.as_of and other.as_of < each.as_of:
                held = Stored(each.fingerprint, milliseconds(each.as_of))
                assert fate(other, held) is Fate.UNCHANGED
