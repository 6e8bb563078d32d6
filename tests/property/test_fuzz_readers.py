"""Generated cells, lines and pages for every reader: the rows of a source are written or told, whatever stands in them.

No cell fails a pull, costs another row, or is repeated in what the pull tells; the same pull again changes nothing. A
source that is refused as a whole is refused in a sentence.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from random import Random

import neo4j
import pytest

from connectors.base import ConnectorError
from connectors.results import PullResult
from hub.graph.local import GraphAddress
from hub.home.settings import Settings
from hub.ingest.pull import run_pull
from tests.support.fuzz import Case, cases
from tests.support.postgres import Postgres
from tests.support.pulling import ask, empty, one, silent
from tests.support.sources.made_files import archive_source, excel_source, geojson_source, json_lines_source
from tests.support.sources.made_sources import (
    FIELDS,
    MARK,
    Made,
    csv_source,
    postgres_source,
    rest_source,
    sqlite_source,
    write_source,
)

pytestmark = [pytest.mark.property, pytest.mark.slow]
Source = Callable[[Random, Path], AbstractContextManager[Made]]
Pull = Callable[[Path], PullResult]


@pytest.fixture(scope="module")
def readers(server: Postgres) -> dict[str, Source]:
    server.database("made")
    return {
        "csv": csv_source,
        "jsonl": json_lines_source,
        "geojson": geojson_source,
        "excel": excel_source,
        "archive": archive_source,
        "sqlite": sqlite_source,
        "rest": rest_source,
        "postgres": lambda rng, folder: postgres_source(rng, folder, server),
    }


@pytest.fixture
def pull(empty_graph: GraphAddress, graph_driver: neo4j.Driver, tmp_path: Path) -> Iterator[Pull]:
    settings = Settings.load(home=tmp_path / "home")

    def run(folder: Path) -> PullResult:
        (result,) = run_pull(settings, folder, [], tmp_path, {}, silent, address=empty_graph)
        return result

    yield run
    empty(graph_driver)


def check_first(made: Made, entity: str, result: PullResult, driver: neo4j.Driver) -> None:
    """Every row was counted, and the good ones are in the graph."""
    assert result.read == result.inserted + result.updated + result.unchanged + result.quarantined
    if made.rows is not None:
        assert result.read + result.blank == made.rows
    name = "number" if entity == "Event" else "code"
    kept = {row["k"] for row in ask(driver, f"MATCH (n:{entity}) RETURN n.{name} AS k")}
    assert len(kept) <= result.inserted + result.updated
    missing = set(made.good) - kept
    assert not missing if made.rows is not None else len(missing) <= result.quarantined + result.blank


def check_told(result: PullResult, driver: neo4j.Driver) -> None:
    """No cell stands in what is told or kept of the rows that were refused."""
    kept = ask(driver, "MATCH (n) WHERE NOT n:Event AND NOT n:Building AND NOT n:Dwelling RETURN properties(n) AS p")
    assert MARK not in str((result, kept))
    assert all(len(each.reason.split()) >= 3 for each in result.refusals)


def quarantined(driver: neo4j.Driver) -> int:
    """How many entries quarantine has."""
    return int(one(driver, "MATCH (q:Quarantined) RETURN count(q)"))


def check_case(case: Case, reader: Source, folder: Path, pull: Pull, driver: neo4j.Driver) -> str:
    """Pull one generated source twice; what came of it."""
    entity, cursor = case.rng.choice(list(FIELDS)), case.rng.random() < 0.4
    with reader(case.rng, folder) as made:
        sources = write_source(folder / "sources", made, entity, cursor=cursor)
        try:
            result = pull(sources)
        except ConnectorError as refused:
            assert made.damaged, refused
            assert MARK not in str(refused) and len(refused.problem.split()) >= 3
            return "refused whole"
        check_first(made, entity, result, driver)
        check_told(result, driver)
        entries = quarantined(driver)
        again = pull(sources)
        assert (again.inserted, again.updated) == (0, 0) and quarantined(driver) == entries
        # Of two refused rows with one number a read from the cursor on may see the other one.
        assert cursor or again.changes == 0
    return "some rows refused" if result.quarantined else "all rows written"


@pytest.mark.parametrize("name", ["csv", "jsonl", "geojson", "excel", "archive", "sqlite", "rest", "postgres"])
def test_rows_in_are_rows_written_and_rows_told(
    name: str, readers: dict[str, Source], pull: Pull, graph_driver: neo4j.Driver, tmp_path: Path
) -> None:
    outcomes: dict[str, int] = {}
    for case in cases(8):
        empty(graph_driver)
        try:
            outcome = check_case(case, readers[name], tmp_path, pull, graph_driver)
        except Exception as wrong:
            raise AssertionError(f"{case} of {name}: {type(wrong).__name__}: {wrong}") from wrong
        outcomes[outcome] = outcomes.get(outcome, 0) + 1
    print(outcomes)
    assert outcomes.get("some rows refused")
