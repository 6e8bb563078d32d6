"""A pull that recalls rows ends as one that shapes them all; it believes no file but its own, and asks the graph."""

from __future__ import annotations

import datetime as dt
import random
from dataclasses import replace
from pathlib import Path

import neo4j
import pytest

import connectors.row_memory
from connectors.base import Place, Row
from connectors.results import PullResult
from connectors.row_memory import ENTRY, RowMemory, digest_context
from connectors.shape import Shaper
from connectors.source_model import Source
from connectors.sources import load_sources
from connectors.transforms import Context
from hub.graph.local import GraphAddress
from hub.ingest.kept_rows import KeptRows
from schema import SPINE
from tests.support.pulling import POLICE, SOURCES, ask, canonical, county, edit, empty, one, pull, rows_of

pytestmark = pytest.mark.unit

PEOPLE = 100
REGISTER = "police.register.rows"
TODAY = dt.date(2026, 6, 30)
CONTEXT = Context({}, dt.timezone(dt.timedelta(hours=8)), TODAY)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return county(tmp_path_factory.mktemp("kept") / "data", PEOPLE)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("kept-home")


@pytest.fixture
def pulled(
    folder: Path, home: Path, empty_graph: GraphAddress, graph_driver: neo4j.Driver
) -> tuple[list[str], list[str]]:
    """The graph of a clean pull, whose rows are kept in the home."""
    empty(graph_driver)
    pull(home, empty_graph, folder)
    return canonical(graph_driver)


@pytest.fixture
def shaped(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The streams of all rows that are shaped."""
    names: list[str] = []
    shape = Shaper.shape

    def counted(this: Shaper, row: Row) -> object:
        names.append(this._name)
        return shape(this, row)

    monkeypatch.setattr(Shaper, "shape", counted)
    return names


def counts(result: PullResult) -> PullResult:
    """A result without what differs from run to run."""
    return replace(result, seconds=0)


def test_what_came_as_it_was_is_not_shaped(
    pulled: tuple[list[str], list[str]], folder: Path, home: Path, empty_graph: GraphAddress,
    graph_driver: neo4j.Driver, shaped: list[str],
) -> None:  # fmt: skip
    result = pull(home, empty_graph, folder, "police")["register"]
    assert result.unchanged > PEOPLE and result.changes == 0 and result.quarantined > 0
    assert len(shaped) == result.quarantined + 2, "refused rows, and those that share their number"
    shaped.clear()
    (home / "pulled" / REGISTER).unlink()
    slow = pull(home, empty_graph, folder, "police")["register"]
    assert len(shaped) == slow.read and counts(slow) == counts(result)
    assert canonical(graph_driver) == pulled


RECORD = "MATCH (r:SourceRecord {stream: 'police/register'}) WITH r ORDER BY r.key SKIP 3 LIMIT 2 "


@pytest.mark.parametrize(
    "change",
    [
        "MATCH (n) DETACH DELETE n",
        RECORD + "MATCH (r)-->(n:Person) DETACH DELETE r, n",
        RECORD + "MATCH (r)-->(n:Person) DETACH DELETE n",
        RECORD + "SET r.hash = 'another'",
        RECORD + "MATCH (r)-->(n:Person) SET r:Stale, n.name = 'another'",
        RECORD + "SET r.rejected = ['another']",
    ],
    ids=["emptied", "deleted", "without a node", "changed", "left by another", "one lost"],
)
def test_the_graph_is_asked_what_it_holds(
    pulled: tuple[list[str], list[str]], folder: Path, home: Path, empty_graph: GraphAddress,
    graph_driver: neo4j.Driver, change: str, shaped: list[str],
) -> None:  # fmt: skip
    """As where it was restored from an older copy, or another hub wrote to it."""
    graph_driver.execute_query(change)
    assert (home / "pulled" / REGISTER).exists()
    pull(home, empty_graph, folder)
    if change.startswith(RECORD):
        assert 2 <= shaped.count("police/register") < PEOPLE
    # The edges of a person who was gone come with the next full comparison of the streams that claim them.
    if "DETACH" not in change or "MATCH (n)" in change:
        assert canonical(graph_driver) == pulled
    people = "MATCH (n:Person)<-[:ASSERTS]-(:SourceRecord {stream: 'police/register'}) RETURN count(DISTINCT n)"
    assert one(graph_driver, people) == sum("police/register" in each and "SourceRecord" in each for each in pulled[0])


@pytest.mark.parametrize("seed", range(2))
def test_changed_rows_end_as_without_memory(
    folder: Path, tmp_path: Path, empty_graph: GraphAddress, graph_driver: neo4j.Driver, seed: int
) -> None:
    """Rows are changed, left out, repeated, put elsewhere and given the number of another, three times."""
    rng = random.Random(seed)

    def change(lines: list[bytes]) -> list[bytes]:
        lines = [each for each in lines if rng.random() > 0.05]
        for at in rng.sample(range(len(lines)), 12):
            cells, others = lines[at].split(b","), rng.choice(lines).split(b",")
            cells[rng.choice((0, 2, 5))] = others[rng.choice((0, 2, 5))]
            lines.insert(rng.randrange(len(lines)), b",".join(cells))
        lines += rng.choices(lines, k=5)
        rng.shuffle(lines)
        return lines

    states = [county(tmp_path / str(number), PEOPLE) for number in range(3)]
    for state in states[1:]:
        edit(state, POLICE, change)
    found: list[object] = []
    for forgets in (True, False):
        empty(graph_driver)
        home = tmp_path / f"home-{forgets}"
        if found:
            (home / "keys").mkdir(parents=True, mode=0o700)
            for key in (tmp_path / "home-True" / "keys").iterdir():
                (home / "keys" / key.name).write_bytes(key.read_bytes())
                (home / "keys" / key.name).chmod(0o600)
        results = []
        for state in (*states, states[0], states[2]):
            done = pull(home, empty_graph, state, "divisions", "police")
            results.append({name: counts(each) for name, each in done.items()})
            if forgets:
                (home / "pulled" / REGISTER).unlink()
        graph_driver.execute_query("MATCH (n) WHERE n.deletedAt IS NOT NULL SET n.deletedAt = 'then'")
        found.append((results, canonical(graph_driver)))
    assert found[0] == found[1]


def test_a_file_holds_no_value(pulled: tuple[list[str], list[str]], folder: Path, home: Path) -> None:
    content = b"".join(each.read_bytes() for each in (home / "pulled").iterdir())
    assert len(content) > PEOPLE * ENTRY
    for row in rows_of(folder, POLICE):
        for cell in filter(None, row.values()):
            if len(cell) > 3:
                assert not any(cell.encode(code, "replace") in content for code in ("utf-8", "gbk", "utf-16-le"))
    assert all(each.stat().st_mode & 0o077 == 0 for each in (home / "pulled").iterdir())


def kept(folder: Path, key: bytes = b"k" * 32) -> KeptRows:
    return KeptRows(folder, key)


ENTRIES = bytes(range(ENTRY)) * 3
NAME, WHERE = "police/register", b"c" * 32


def test_only_a_whole_file_of_its_own_is_believed(tmp_path: Path) -> None:
    store = kept(tmp_path / "pulled")
    assert store.load(NAME, WHERE, TODAY) == b""
    store.save(NAME, WHERE, TODAY, ENTRIES)
    assert store.load(NAME, WHERE, TODAY) == store.load(NAME, WHERE, TODAY + dt.timedelta(9)) == ENTRIES
    assert store.load(NAME, b"d" * 32, TODAY) == b"", "of another context"
    assert store.load(NAME, WHERE, TODAY - dt.timedelta(1)) == b"", "of a later day"
    assert kept(tmp_path / "pulled", b"l" * 32).load(NAME, WHERE, TODAY) == b"", "under another key"
    path = tmp_path / "pulled" / REGISTER
    whole = path.read_bytes()
    (tmp_path / "pulled" / "police.other.rows").write_bytes(whole)
    assert store.load("police/other", WHERE, TODAY) == b"", "of another stream"
    broken = [whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :] for at in range(len(whole))]
    for each in (*broken, *(whole[:at] for at in range(len(whole))), whole + whole[-ENTRY:]):
        path.write_bytes(each)
        assert store.load(NAME, WHERE, TODAY) == b""
    path.write_bytes(whole)
    assert store.load(NAME, WHERE, TODAY) == ENTRIES


def test_a_folder_that_cannot_be_written_keeps_nothing(tmp_path: Path) -> None:
    (tmp_path / "pulled").write_bytes(b"a file")
    kept(tmp_path / "pulled").save(NAME, WHERE, TODAY, ENTRIES)
    assert kept(tmp_path / "pulled").load(NAME, WHERE, TODAY) == b""


def register() -> Source:
    sources = load_sources(SOURCES, SPINE, {"DATA": "/nowhere", "HOTLINE_URL": "http://127.0.0.1:1"}, ())
    (found,) = [each for each in sources if each.name == "police"]
    return found


def test_a_context_is_all_that_a_record_depends_on(monkeypatch: pytest.MonkeyPatch) -> None:
    source = register()
    (stream,) = source.records
    base = digest_context(source, stream, SPINE, CONTEXT)
    assert base == digest_context(register(), register().records[0], SPINE, replace(CONTEXT, today=dt.date.max))
    place = Place("14/", grid=True)
    others = [
        digest_context(source, stream, SPINE, each)
        for each in (
            replace(CONTEXT, places={"1": place}),
            replace(CONTEXT, places={"1": replace(place, ended=True)}),
            replace(CONTEXT, places={"1": replace(place, ended=True, successor="2")}),
            replace(CONTEXT, zone=dt.UTC),
        )
    ]
    others.append(digest_context(source.model_copy(update={"name": "other"}), stream, SPINE, CONTEXT))
    others.append(digest_context(source, stream.model_copy(update={"checks": ()}), SPINE, CONTEXT))
    monkeypatch.setattr(connectors.row_memory, "_digest_code", lambda: "other code")
    others.append(digest_context(source, stream, SPINE, CONTEXT))
    assert len({base, *others}) == 8


@pytest.mark.parametrize(
    "cell",
    [1, 1.0, True, "1.0", None, dt.date(1990, 1, 1), "1990-01-01", dt.datetime(1990, 1, 1), "a\udc80", b"1", [1]],
)
def test_cells_of_other_types_are_other_cells(tmp_path: Path, cell: object) -> None:
    (stream,) = register().records
    memory = RowMemory(kept(tmp_path), stream, NAME, WHERE, CONTEXT)
    cells = dict.fromkeys(stream.columns, "1")
    first = stream.columns[0]
    digest = memory.digest(Row(1, cells))
    assert digest == memory.digest(Row(2, {**cells, "unread": "2"})) and len(digest or b"") == 16
    assert memory.digest(Row(1, {**cells, first: cell})) not in (digest, None)
    assert memory.digest(Row(1, {name: cell for name, cell in cells.items() if name != first})) is None


def test_a_few_new_rows_of_another_form_stop_no_pull(
    pulled: tuple[list[str], list[str]], folder: Path, home: Path, empty_graph: GraphAddress,
    graph_driver: neo4j.Driver, tmp_path: Path, shaped: list[str],
) -> None:  # fmt: skip
    """A column of which no row has the declared form is a wrong declaration; those of recalled rows count."""
    copy = county(tmp_path / "data", PEOPLE)

    def change(lines: list[bytes]) -> list[bytes]:
        more = [each.replace(b"-", b"/").replace(b":", b".") for each in lines[:2]]
        return [*lines, *more]

    edit(copy, POLICE, change)
    result = pull(home, empty_graph, copy, "police")["register"]
    assert "not-a-time" in {each.rule for each in result.refusals}
    assert len(shaped) == result.quarantined + 2
    pull(home, empty_graph, folder, "police")
    assert ask(graph_driver, "MATCH (q:Quarantined {rule: 'not-a-time'}) RETURN q.row AS row") == []
