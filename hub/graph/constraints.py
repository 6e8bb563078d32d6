"""The graph's constraints and indexes are those that the catalogue implies, online before anything relies on them.

Neo4j Community has uniqueness constraints only: presence and type are the connectors' job. A jurisdiction is an
indexed prefix: located entities have a composite index on (region, sid), in which order pages come (design §3, §10).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from hub.graph.driver import GraphWriteError, GraphWriter
from schema.catalogue import Catalogue

ONLINE_SECONDS = 300
_UNIQUE = (("SourceRecord", "key"), ("SourceCursor", "source"), ("Quarantined", "key"))
_INDEXED = (
    ("Quarantined", ("stream",)),
    ("Quarantined", ("target",)),
)
_MADE_BY_ANOTHER = (
    "Neo.ClientError.Schema.EquivalentSchemaRuleAlreadyExists",
    "Neo.ClientError.Schema.ConstraintAlreadyExists",
    "Neo.ClientError.Schema.IndexAlreadyExists",
)


@dataclass(frozen=True, slots=True)
class Constraints:
    """Names of all constraints and indexes, and of those that were not there before."""

    names: tuple[str, ...]
    created: tuple[str, ...]


def ensure_constraints(writer: GraphWriter, catalogue: Catalogue) -> Constraints:
    """Create what is missing and wait until all is online; running it again changes nothing.

    A hub and a pull may do this at once over an empty graph. Raises GraphWriteError, also if an index is not online
    within five minutes.
    """
    wanted = dict(_statements(catalogue))
    before = {row["name"] for row in writer.run_schema("SHOW INDEXES YIELD name")}
    for name, statement in wanted.items():
        if name not in before:
            _create(writer, statement)
    writer.run_schema(f"CALL db.awaitIndexes({ONLINE_SECONDS})")
    return Constraints(tuple(wanted), tuple(each for each in wanted if each not in before))


def _create(writer: GraphWriter, statement: str) -> None:
    try:
        writer.run_schema(statement)
    except GraphWriteError as failed:
        # `IF NOT EXISTS` looks before it creates: of two processes at once, the later one is told that it exists.
        if failed.code not in _MADE_BY_ANOTHER:
            raise


def _statements(catalogue: Catalogue) -> Iterator[tuple[str, str]]:
    for entity in catalogue:
        yield _unique(entity.name, "sid")
        for field in entity.fields:
            if field.indexed:
                yield _index(entity.name, (field.name,))
        if entity.located:
            yield _index(entity.name, ("region", "sid"))
    for label, name in _UNIQUE:
        yield _unique(label, name)
    for label, names in _INDEXED:
        yield _index(label, names)


def _unique(label: str, name: str) -> tuple[str, str]:
    called = f"{label.lower()}_{name.lower()}_unique"
    return called, f"CREATE CONSTRAINT {called} IF NOT EXISTS FOR (n:{label}) REQUIRE n.{name} IS UNIQUE"


def _index(label: str, names: tuple[str, ...]) -> tuple[str, str]:
    called = f"{label.lower()}_{'_'.join(name.lower() for name in names)}"
    on = ", ".join(f"n.{name}" for name in names)
    return called, f"CREATE RANGE INDEX {called} IF NOT EXISTS FOR (n:{label}) ON ({on})"
