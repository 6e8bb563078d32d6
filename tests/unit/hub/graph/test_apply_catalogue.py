"""`schema apply` on a real county: it adds, takes out what is gone, and loses nothing that comes back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import neo4j
import pytest

import hub.graph.apply_catalogue
from hub.graph.apply_catalogue import Applied, apply_catalogue
from hub.graph.constraints import ensure_constraints
from hub.graph.driver import GraphWriter
from hub.graph.loaded_catalogue import CatalogueMisfit, read_note, require_fit
from hub.graph.local import GraphAddress
from schema import SPINE
from schema.catalogue import Catalogue, Kind, Scalar
from schema.outline import canonical, version_of
from tests.support.pulling import ask, county, one, pull
from tests.support.sources.other_catalogues import (
    replace_note,
    with_changed_field,
    with_field,
    without_edge,
    without_field,
    without_type,
)

pytestmark = [pytest.mark.unit, pytest.mark.slow]

PEOPLE = 100
EVERYTHING = """
MATCH (n) WHERE n.sid IS NOT NULL
RETURN labels(n) AS labels, n.sid AS sid,
  properties(n) AS values,
  COLLECT { MATCH (n)-[x]->(m) WHERE m.sid IS NOT NULL RETURN [type(x), m.sid] ORDER BY type(x), m.sid } AS edges
ORDER BY sid
"""
INDEXES = "SHOW INDEXES YIELD name, labelsOrTypes WHERE labelsOrTypes IS NOT NULL RETURN name"


class World:
    """A county in the graph, and what tests do to it."""

    def __init__(self, address: GraphAddress, driver: neo4j.Driver, folder: Path, writer: GraphWriter) -> None:
        self.address, self.driver, self.writer = address, driver, writer
        self.folder, self.home = folder / "data", folder / "home"

    def pull(self) -> None:
        """Pull all sources for the spine."""
        pull(self.home, self.address, self.folder)

    def apply(self, catalogue: Catalogue, *, removing: bool = False) -> Applied:
        """Make the graph fit."""
        return apply_catalogue(self.writer, catalogue, removing=removing)

    def everything(self) -> list[Any]:
        """What the graph holds of the catalogue."""
        found = ask(self.driver, EVERYTHING)
        for each in found:
            kept = {name: str(value) for name, value in each["values"].items() if not name.endswith("DetectedAt")}
            each["values"] = sorted(kept.items())
        return found

    def count(self, text: str) -> int:
        """The only number of a statement."""
        return int(one(self.driver, text))

    def indexes(self) -> set[str]:
        """The names of all indexes on nodes."""
        return {row["name"] for row in ask(self.driver, INDEXES)}


@pytest.fixture(scope="module")
def pulled(
    empty_graph: GraphAddress, graph_driver: neo4j.Driver, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[World, list[Any]]]:
    folder = tmp_path_factory.mktemp("apply")
    county(folder / "data", PEOPLE)
    with GraphWriter(empty_graph.url, empty_graph.user, empty_graph.password) as writer:
        world = World(empty_graph, graph_driver, folder, writer)
        world.pull()
        yield world, world.everything()


@pytest.fixture
def world(pulled: tuple[World, list[Any]]) -> Iterator[World]:
    """The county as it was pulled; after the test it is made so again, and nothing is lost by that."""
    found, before = pulled
    yield found
    found.apply(SPINE, removing=True)
    found.pull()
    require_fit(found.writer, SPINE)
    assert found.everything() == before
    names = set(ensure_constraints(found.writer, SPINE).names)
    assert found.indexes() == names


def test_what_is_new_is_added_and_nothing_is_taken_out(world: World) -> None:
    before = world.everything()
    world.driver.execute_query("CREATE (:DeliveredEvent {key: 'desk:1', at: datetime()})")
    done = world.apply(with_field())
    assert ([str(each) for each in done.changes], done.nodes, done.created) == (
        ["Person.nickname: field added"],
        0,
        ("person_nickname",),
    )
    require_fit(world.writer, with_field())
    assert world.everything() == before
    assert world.count("MATCH (c:SourceCursor) WHERE c.manifest <> '' RETURN count(c)") == 0
    # An event that is sent again is written again.
    assert world.count("MATCH (d:DeliveredEvent) RETURN count(d)") == 0


def test_words_for_people_change_the_note_alone(world: World) -> None:
    cursors = ask(world.driver, "MATCH (c:SourceCursor) RETURN properties(c) AS c ORDER BY c.source")
    done = world.apply(with_changed_field("Person.phone", zh="电话"))
    assert (done.nodes, done.created, done.dropped) == (0, (), ())
    assert ask(world.driver, "MATCH (c:SourceCursor) RETURN properties(c) AS c ORDER BY c.source") == cursors
    with pytest.raises(CatalogueMisfit):
        require_fit(world.writer, SPINE)


FEWER_KINDS = tuple(SPINE.entity("Person").field("residency").values[1:])
REMOVALS: dict[str, tuple[Catalogue, str, str]] = {
    "field": (
        without_field("Person.phone"),
        "MATCH (n:Person) WHERE n.phone IS NOT NULL RETURN count(n)",
        "person_phone",
    ),
    "free text": (
        without_field("Event.text"),
        "MATCH (n:Event) WHERE any(name IN keys(n) WHERE name STARTS WITH 'text') RETURN count(n)",
        "",
    ),
    "a text that is none": (
        with_changed_field("Event.text", kind=Kind.CODE, masks=("redact",), buckets=()),
        "MATCH (n:Event) WHERE n.textSpans IS NOT NULL OR n.textDetector IS NOT NULL RETURN count(n)",
        "",
    ),
    "value": (
        with_changed_field("Person.residency", values=FEWER_KINDS),
        f"MATCH (n:Person) WHERE n.residency IS NOT NULL AND NOT n.residency IN {list(FEWER_KINDS)} RETURN count(n)",
        "",
    ),
    "edge": (without_edge("HAPPENED_IN"), "MATCH ()-[x:HAPPENED_IN]->() RETURN count(x)", ""),
    "type": (
        without_type("Event"),
        "RETURN COUNT { (:Event) } + COUNT { (:SourceRecord {source: 'hotline'}) }",
        "event_sid_unique",
    ),
}


@pytest.mark.parametrize("what", REMOVALS)
def test_what_is_gone_is_taken_out_only_if_that_is_said(
    world: World, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub.graph.apply_catalogue, "BATCH", 7)
    catalogue, held, index = REMOVALS[what]
    before, everything = world.count(held), world.everything()
    assert before > 7
    with pytest.raises(CatalogueMisfit, match="schema apply --removing"):
        world.apply(catalogue)
    assert (world.count(held), world.everything()) == (before, everything)
    require_fit(world.writer, SPINE)

    done = world.apply(catalogue, removing=True)
    assert done.nodes + done.relationships > 7
    assert world.count(held) == 0
    assert index not in world.indexes() and (not index or index in done.dropped)
    require_fit(world.writer, catalogue)


def test_another_form_of_values_is_refused_whatever_is_said(world: World) -> None:
    everything = world.everything()
    catalogue = with_changed_field("Building.floors", scalar=Scalar.FLOAT)
    for removing in (False, True):
        with pytest.raises(CatalogueMisfit, match="pull all sources anew"):
            world.apply(catalogue, removing=removing)
    assert world.everything() == everything
    require_fit(world.writer, SPINE)


class Killed(Exception):
    """Stands for whatever ends a process."""


def killed(_: str, done: int) -> None:
    """Ends the work after its first transaction."""
    raise Killed(done)


@pytest.mark.parametrize("after", ["the same again", "the earlier one", "a third one"])
def test_what_was_interrupted_fits_nothing_until_it_is_ended(
    world: World, after: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub.graph.apply_catalogue, "BATCH", 7)
    less, held, _ = REMOVALS["field"]
    before = world.count(held)
    with pytest.raises(Killed):
        apply_catalogue(world.writer, less, removing=True, progress=killed)
    assert world.count(held) == before - 7
    for catalogue in (SPINE, less):
        with pytest.raises(CatalogueMisfit, match="not finished"):
            require_fit(world.writer, catalogue)
    with pytest.raises(CatalogueMisfit, match="not finished"):
        world.pull()

    wanted = {"the same again": less, "the earlier one": SPINE, "a third one": with_field()}[after]
    world.apply(wanted)
    assert world.count(held) == 0
    require_fit(world.writer, wanted)


def test_applying_again_changes_nothing(world: World) -> None:
    assert world.apply(SPINE) == Applied()


def test_an_empty_graph_fits_and_gets_no_note(world: World) -> None:
    kept = read_note(world.writer)
    assert kept is not None
    world.driver.execute_query("MATCH (n) DETACH DELETE n")
    assert world.apply(with_field(), removing=True) == Applied()
    assert read_note(world.writer) is None
    world.pull()


def test_a_name_in_the_note_that_is_none_reaches_no_statement(world: World) -> None:
    entities = dict(SPINE.outline["entities"])
    entities["Person) DETACH DELETE n //"] = entities["Person"]
    forged = {**SPINE.outline, "entities": entities}
    everything = world.everything()
    world.driver.execute_query(
        "MATCH (c:LoadedCatalogue) SET c.outline = $outline, c.version = $version",
        outline=canonical(forged).decode(),
        version=version_of(forged),
    )
    with pytest.raises(CatalogueMisfit, match="a name that is none"):
        world.apply(SPINE, removing=True)
    assert world.everything() == everything
    replace_note(world.writer, SPINE, before=None)
