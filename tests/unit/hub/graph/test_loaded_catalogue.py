"""A real graph says for which catalogue it was loaded, and takes no other."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import neo4j
import pytest

from hub.errors import HubError
from hub.graph.catalogue_fit import MISFIT, TRUSTED_SECONDS, CatalogueFit, fits
from hub.graph.constraints import ensure_constraints
from hub.graph.driver import Graph, GraphWriter
from hub.graph.loaded_catalogue import (
    CatalogueMisfit,
    change_note,
    note_catalogue,
    prepare_graph,
    read_note,
    require_fit,
    require_note,
)
from hub.graph.local import GraphAddress
from schema import SPINE
from schema.catalogue import Catalogue, Scalar
from tests.support.sources.other_catalogues import replace_note, with_changed_field, with_field, without_field

pytestmark = pytest.mark.unit

LESS = without_field("Person.phone")
A_RECORD = "CREATE (:SourceRecord {key: 'police/register:1'})-[:ASSERTS]->(:Person {sid: 'p'})"


@pytest.fixture
def writer(empty_graph: GraphAddress, graph_driver: neo4j.Driver) -> Iterator[GraphWriter]:
    """A writer on an empty graph, which has its constraints."""
    graph_driver.execute_query("MATCH (n) DETACH DELETE n")
    with GraphWriter(empty_graph.url, empty_graph.user, empty_graph.password) as opened:
        ensure_constraints(opened, SPINE)
        yield opened


def test_an_empty_graph_fits_every_catalogue(writer: GraphWriter) -> None:
    for catalogue in (SPINE, LESS):
        require_fit(writer, catalogue)
    assert read_note(writer) is None


def test_a_loaded_graph_fits_its_catalogue_alone(writer: GraphWriter) -> None:
    note_catalogue(writer, SPINE)
    note_catalogue(writer, SPINE)
    note = read_note(writer)
    assert note is not None
    assert (note.version, note.outline, note.before) == (SPINE.version, SPINE.outline, None)
    require_fit(writer, SPINE)
    for catalogue in (LESS, with_field(), with_changed_field("Person.phone", zh="电话")):
        with pytest.raises(CatalogueMisfit):
            require_fit(writer, catalogue)


@pytest.mark.parametrize(
    ("catalogue", "line", "remedy"),
    [
        (with_field(), "  Person.nickname: field added", "to make the graph fit: sluicegate schema apply"),
        (
            LESS,
            "  Person.phone: field removed (breaking; taken out of the graph)",
            "to take out of the graph what is gone: sluicegate schema apply --removing; "
            "or put the earlier declarations back",
        ),
        (
            with_changed_field("Event.kind", zh="类型"),
            "  Event.kind: text zh changed",
            "to make the graph fit: sluicegate schema apply",
        ),
        (
            with_changed_field("Building.floors", scalar=Scalar.FLOAT),
            "  Building.floors: setting scalar changed from Int to Float (breaking; needs an empty graph)",
            "no command turns what is there into that; empty the graph (of a local one, remove the folder `graph/` of "
            "the home) and pull all sources anew, or put the earlier declarations back",
        ),
    ],
)
def test_a_misfit_tells_the_difference_and_what_mends_it(
    writer: GraphWriter, catalogue: Catalogue, line: str, remedy: str
) -> None:
    note_catalogue(writer, SPINE)
    with pytest.raises(CatalogueMisfit) as raised:
        require_fit(writer, catalogue)
    first, *lines, last = str(raised.value).splitlines()
    assert first == (f"the graph was loaded for catalogue {SPINE.version[:12]}, and this is {catalogue.version[:12]}")
    assert (lines, last) == ([line], remedy)


def test_nothing_is_made_in_a_graph_that_does_not_fit(writer: GraphWriter) -> None:
    note_catalogue(writer, SPINE)
    with pytest.raises(CatalogueMisfit):
        prepare_graph(writer, with_field())
    assert "person_nickname" not in {row["name"] for row in writer.run_schema("SHOW INDEXES YIELD name")}
    with pytest.raises(CatalogueMisfit):
        note_catalogue(writer, with_field())
    require_fit(writer, SPINE)


def test_a_graph_that_was_filled_without_a_note_fits_nothing(writer: GraphWriter, graph_driver: neo4j.Driver) -> None:
    graph_driver.execute_query(A_RECORD)
    with pytest.raises(CatalogueMisfit, match="does not say for which catalogue"):
        require_fit(writer, SPINE)


@pytest.mark.parametrize(
    "damage",
    [
        "MATCH (c:LoadedCatalogue) SET c.outline = replace(c.outline, 'phone', 'fax')",
        "MATCH (c:LoadedCatalogue) SET c.outline = 'no JSON'",
        "MATCH (c:LoadedCatalogue) SET c.outline = '[]'",
        "MATCH (c:LoadedCatalogue) SET c.outline = 7",
        "MATCH (c:LoadedCatalogue) REMOVE c.outline",
        "MATCH (c:LoadedCatalogue) SET c.before = '['",
        "CREATE (:LoadedCatalogue)",
    ],
)
def test_a_note_that_something_else_changed_is_not_believed(
    writer: GraphWriter, graph_driver: neo4j.Driver, damage: str
) -> None:
    note_catalogue(writer, SPINE)
    graph_driver.execute_query(damage)
    with pytest.raises(CatalogueMisfit, match=r"changed by something else|several notes"):
        require_fit(writer, SPINE)


def test_a_change_that_has_not_ended_fits_neither(writer: GraphWriter) -> None:
    note_catalogue(writer, SPINE)
    replace_note(writer, LESS, before=SPINE.outline)
    for catalogue in (SPINE, LESS):
        with pytest.raises(CatalogueMisfit, match="begun and is not finished"):
            require_fit(writer, catalogue)
        with pytest.raises(CatalogueMisfit):
            writer.write(lambda tx, catalogue=catalogue: require_note(tx, catalogue.version))  # type: ignore[misc]
    replace_note(writer, LESS, before=None)
    require_fit(writer, LESS)


def test_a_note_that_changed_meanwhile_is_not_replaced(writer: GraphWriter) -> None:
    note_catalogue(writer, SPINE)
    read = read_note(writer)
    assert read is not None
    begun = change_note(writer, read, LESS, before=SPINE.outline)
    with pytest.raises(CatalogueMisfit, match="changed meanwhile by another"):
        change_note(writer, read, with_field(), before=None)
    assert read_note(writer) == begun
    assert change_note(writer, begun, LESS, before=None) == read_note(writer)


def test_of_two_pulls_for_two_catalogues_one_makes_the_note(
    writer: GraphWriter, empty_graph: GraphAddress, graph_driver: neo4j.Driver
) -> None:
    def note(catalogue: Catalogue) -> bool:
        with GraphWriter(empty_graph.url, empty_graph.user, empty_graph.password) as own:
            try:
                note_catalogue(own, catalogue)
            except CatalogueMisfit:
                return False
            return True

    for _ in range(5):
        graph_driver.execute_query("MATCH (c:LoadedCatalogue) DELETE c")
        with ThreadPoolExecutor(4) as several:
            made = list(several.map(note, [SPINE, LESS, SPINE, LESS]))
        assert made in ([True, False, True, False], [False, True, False, True])


def test_a_batch_is_written_under_its_catalogue_alone(writer: GraphWriter) -> None:
    def write(version: str) -> None:
        writer.write(lambda tx: require_note(tx, version))

    with pytest.raises(CatalogueMisfit):
        write(SPINE.version)
    note_catalogue(writer, SPINE)
    write(SPINE.version)
    with pytest.raises(CatalogueMisfit):
        write(LESS.version)


def row(version: str | None, unfinished: bool = False, filled: bool = False) -> dict[str, object]:
    return {"version": version, "unfinished": unfinished, "filled": filled}


@pytest.mark.parametrize(
    ("rows", "fit"),
    [
        ([row(None)], True),
        ([row("v")], True),
        ([row("v", filled=True)], True),
        ([row(None, filled=True)], False),
        ([row("w", filled=True)], False),
        ([row("v", unfinished=True)], False),
        ([row("v"), row("v")], False),
        ([], False),
    ],
)
def test_what_a_running_hub_takes_for_fitting(rows: list[dict[str, object]], fit: bool) -> None:
    assert fits(rows, "v") is fit


class Clock:
    """A monotonic clock that a test moves."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_reading_is_trusted_for_some_seconds_and_no_longer(writer: GraphWriter, empty_graph: GraphAddress) -> None:
    clock = Clock()

    async def run() -> list[str]:
        graph = Graph(empty_graph.url, empty_graph.user, empty_graph.password)
        fit, told = CatalogueFit(graph, SPINE.version, 5.0, clock), []

        async def check() -> None:
            try:
                await fit.check()
                told.append("fits")
            except HubError as refused:
                told.append(refused.code)

        try:
            note_catalogue(writer, SPINE)
            await check()
            replace_note(writer, LESS, before=None)
            clock.now += TRUSTED_SECONDS
            await check()
            clock.now += 0.1
            await check()
            assert fit.why == MISFIT
            replace_note(writer, SPINE, before=None)
            await check()
            await fit.read()
            await check()
        finally:
            await graph.close()
        return told

    assert asyncio.run(run()) == ["fits", "fits", "GRAPH_UNAVAILABLE", "GRAPH_UNAVAILABLE", "fits"]


def test_a_graph_that_cannot_be_asked_is_not_taken_for_fitting() -> None:
    async def run() -> str:
        fit = CatalogueFit(graph := Graph("bolt://127.0.0.1:1", "neo4j", "x"), SPINE.version, 5.0)
        try:
            await fit.check()
        except HubError as refused:
            return refused.code
        finally:
            await graph.close()
        return "fits"

    assert asyncio.run(run()) == "GRAPH_UNAVAILABLE"
