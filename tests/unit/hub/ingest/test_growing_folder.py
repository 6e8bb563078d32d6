"""A folder that grows, pulled into the real graph: what was read is in the cursor, and a bad file is read again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import neo4j
import pytest

from connectors.base import ConnectorError
from hub.graph.local import GraphAddress
from tests.support.pulling import ask, empty, one
from tests.support.sources.small_sources import SmallSource

pytestmark = [pytest.mark.unit, pytest.mark.server]

HEADER = "k,a,n,p,u\n"


@pytest.fixture
def source(tmp_path: Path, empty_graph: GraphAddress, graph_driver: neo4j.Driver) -> Iterator[SmallSource]:
    empty(graph_driver)
    found = SmallSource(tmp_path, empty_graph)
    (tmp_path / "in").mkdir()
    found.declare(stream={"updated": "u"}, where=str(tmp_path / "in"), files="*.csv", growing=True)
    yield found
    empty(graph_driver)


def put(source: SmallSource, name: str, *rows: str) -> None:
    (source.folder / "in" / f"{name}.csv").write_text(HEADER + "".join(f"{each}\n" for each in rows), "utf-8")


def addresses(driver: neo4j.Driver) -> dict[str, str]:
    return {row["k"]: row["a"] for row in ask(driver, "MATCH (e:Event) RETURN e.number AS k, e.address AS a")}


def test_only_new_and_changed_files_are_read(source: SmallSource, graph_driver: neo4j.Driver) -> None:
    put(source, "01", "E1,东街,,,2026-06-01", "E2,西街,,,2026-06-01")
    assert source.pull().read == 2
    put(source, "02", "E3,南街,,,2026-06-02", "E1,北街,,,2026-06-02")
    assert source.pull().read == 2
    assert source.pull().read == 0
    put(source, "01", "E1,东街,,,2026-06-01", "E2,中街,,,2026-06-03")
    assert source.pull().read == 2
    # The older row of the changed file does not undo the later one of another.
    assert addresses(graph_driver) == {"E1": "北街", "E2": "中街", "E3": "南街"}
    kept = one(graph_driver, "MATCH (c:SourceCursor) RETURN c.files")
    assert len(kept) == 2 and all(len(each) == 32 for each in kept)


def test_k02_a_file_that_could_not_be_read_is_read_when_it_can(source: SmallSource, graph_driver: neo4j.Driver) -> None:
    put(source, "01", "E1,东街,,,2026-06-01")
    (source.folder / "in" / "02.csv").write_text("\n")
    first = source.pull()
    assert (first.read, first.quarantined) == (2, 1)
    assert [(each.field, each.rule, each.first) for each in first.refusals] == [("file", "unreadable-file", "02.csv")]
    put(source, "02", "E2,西街,,,2026-06-01")
    assert source.pull().read == 1
    assert addresses(graph_driver) == {"E1": "东街", "E2": "西街"}


def test_a_row_is_named_with_its_file(source: SmallSource, graph_driver: neo4j.Driver) -> None:
    put(source, "01", ",东街,,,2026-06-01")
    put(source, "02", ",东街,,,2026-06-01")
    source.pull()
    rows = ask(graph_driver, "MATCH (q:Quarantined) RETURN q.row AS row ORDER BY row")
    assert [each["row"] for each in rows] == ["01.csv line 2", "02.csv line 2"]


def test_k02_a_single_file_that_was_cut_short_writes_nothing_of_its_batch(
    source: SmallSource, graph_driver: neo4j.Driver
) -> None:
    path = source.folder / "a.jsonl"
    source.declare(kind="jsonl", where=str(path))
    path.write_text('{"k": "E1", "a": "东街", "n": null, "p": null}\n{"k": "E2"', "utf-8")
    with pytest.raises(ConnectorError, match="it was cut short"):
        source.pull()
    assert addresses(graph_driver) == {}
    assert ask(graph_driver, "MATCH (c:SourceCursor) RETURN c") == []
    path.write_text('{"k": "E1", "a": "东街", "n": null, "p": null}\n', "utf-8")
    assert source.pull().inserted == 1


def test_what_is_missing_from_a_folder_with_a_bad_file_is_not_taken_to_be_resolved(
    source: SmallSource, graph_driver: neo4j.Driver
) -> None:
    """The entries of rows in a file that cannot be read now stay in quarantine."""
    where = str(source.folder / "in")
    source.declare(stream={"updated": "u"}, where=where, files="*.csv", limits={"quarantined": 1})
    put(source, "01", "E1,东街,,,2099-06-01")
    assert source.pull().quarantined == 1
    (source.folder / "in" / "01.csv").write_text("\n")
    put(source, "02", "E2,西街,,,2026-06-01")
    source.pull()
    rows = ask(graph_driver, "MATCH (q:Quarantined) RETURN q.row AS row ORDER BY row")
    assert [each["row"] for each in rows] == ["01.csv", "E1"]
    put(source, "01", "E1,东街,,,2026-06-01")
    source.pull()
    assert one(graph_driver, "MATCH (q:Quarantined) RETURN count(q)") == 0
