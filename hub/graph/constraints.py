"""Creates the graph's constraints and indexes, which follow from the catalogue.

They are online when `ensure_constraints` returns. Neo4j Community has uniqueness constraints only: presence and type
are the connectors' job. A jurisdiction is an indexed prefix: located entities have a composite index on (region, sid),
the order in which pages are read (design §3, §10). Only searchable fields have a full-text index.
"""

from __future__ import annotations

from collections.abc import Container, Iterator
from dataclasses import dataclass

from hub.graph.driver import GraphWriteError, GraphWriter
from schema.catalogue import Catalogue, Entity, Field
from schema.conditions.search_text import ANALYZER

ONLINE_SECONDS = 300
_UNIQUE = (
    ("SourceRecord", "key"),
    ("SourceCursor", "source"),
    ("SourceRun", "source"),
    ("VanishedRecord", "key"),
    ("Quarantined", "key"),
    ("LoadedCatalogue", "only"),
    ("DeliveredEvent", "key"),
    ("ChangeSequence", "only"),
    ("ChangeNote", "number"),
)
_INDEXED = (
    ("Quarantined", ("stream",)),
    ("Quarantined", ("target",)),
    ("DeliveredEvent", ("at",)),
    ("ChangeNote", ("at",)),
)
_ALREADY_EXISTS = (
    "Neo.ClientError.Schema.EquivalentSchemaRuleAlreadyExists",
    "Neo.ClientError.Schema.ConstraintAlreadyExists",
    "Neo.ClientError.Schema.IndexAlreadyExists",
)


@dataclass(frozen=True, slots=True)
class Constraints:
    """Names of all constraints and indexes, and of those that this call created."""

    names: tuple[str, ...]
    created: tuple[str, ...]


def counted_by(entity: Entity) -> frozenset[str]:
    """The fields by which the nodes of divisions are counted from indexes; empty where nodes are read.

    Of people all that have a bucket, of other types the region alone: they are counted by the people behind them, for
    whom each node is read anyway. An index on a field costs a pull 14 µs of the graph's processor a person.
    """
    fields = frozenset(each.name for each in entity.fields if any(bucket.comparable for bucket in each.buckets))
    return fields if entity.subjects == () else fields & {"region"}


def text_index(entity: Entity, field: Field) -> str:
    """The name of the full-text index of a searchable field."""
    return f"{entity.name.lower()}_{field.name.lower()}_text"


def names_of(catalogue: Catalogue) -> tuple[str, ...]:
    """The names of all constraints and indexes of a catalogue."""
    return tuple(name for name, _ in _statements(catalogue))


def ensure_constraints(writer: GraphWriter, catalogue: Catalogue) -> Constraints:
    """Create what is missing and wait until everything is online; running it again changes nothing.

    A hub and a pull may run this at the same time over an empty graph. Raises GraphWriteError, also if an index is not
    online within five minutes.
    """
    statements = dict(_statements(catalogue))
    existing = {row["name"] for row in writer.run_schema("SHOW INDEXES YIELD name")}
    for name, statement in statements.items():
        if name not in existing:
            _create(writer, statement)
    writer.run_schema(f"CALL db.awaitIndexes({ONLINE_SECONDS})")
    return Constraints(tuple(statements), tuple(name for name in statements if name not in existing))


def drop_obsolete(writer: GraphWriter, catalogue: Catalogue, labels: Container[str]) -> tuple[str, ...]:
    """Drop the constraints and indexes on these labels that do not follow from the catalogue; returns their names."""
    wanted = dict(_statements(catalogue))
    dropped = []
    for row in writer.run_schema("SHOW INDEXES YIELD name, labelsOrTypes, owningConstraint"):
        (label,) = row["labelsOrTypes"] or ("",)
        if label in labels and row["name"] not in wanted:
            kind = "CONSTRAINT" if row["owningConstraint"] else "INDEX"
            writer.run_schema(f"DROP {kind} $name IF EXISTS", name=row["name"])
            dropped.append(row["name"])
    return tuple(dropped)


def _create(writer: GraphWriter, statement: str) -> None:
    try:
        writer.run_schema(statement)
    except GraphWriteError as failed:
        # `IF NOT EXISTS` checks before it creates: if two processes do so at once, the later one gets this error.
        if failed.code not in _ALREADY_EXISTS:
            raise


def _statements(catalogue: Catalogue) -> Iterator[tuple[str, str]]:
    for entity in catalogue:
        yield _unique(entity.name, "sid")
        for field in entity.fields:
            if field.indexed:
                yield _index(entity.name, (field.name,))
            if field.searchable:
                yield _text_index(entity, field)
        if entity.located:
            yield _index(entity.name, ("region", "sid"))
        if counted := counted_by(entity):
            # Each part of a count has its own (hub/request/counts).
            yield _index(entity.name, ("region",))
            for name in sorted(counted - {"region"} | {"deletedAt"}):
                yield _index(entity.name, ("region", name))
    for label, name in _UNIQUE:
        yield _unique(label, name)
    for label, names in _INDEXED:
        yield _index(label, names)


def _unique(label: str, name: str) -> tuple[str, str]:
    constraint = f"{label.lower()}_{name.lower()}_unique"
    return constraint, f"CREATE CONSTRAINT {constraint} IF NOT EXISTS FOR (n:{label}) REQUIRE n.{name} IS UNIQUE"


def _index(label: str, names: tuple[str, ...]) -> tuple[str, str]:
    index = f"{label.lower()}_{'_'.join(name.lower() for name in names)}"
    properties = ", ".join(f"n.{name}" for name in names)
    return index, f"CREATE RANGE INDEX {index} IF NOT EXISTS FOR (n:{label}) ON ({properties})"


def _text_index(entity: Entity, field: Field) -> tuple[str, str]:
    """It is written with each transaction: what was pulled is found."""
    index = text_index(entity, field)
    options = f"{{indexConfig: {{`fulltext.analyzer`: '{ANALYZER}', `fulltext.eventually_consistent`: false}}}}"
    made = f"CREATE FULLTEXT INDEX {index} IF NOT EXISTS FOR (n:{entity.name}) ON EACH [n.{field.name}]"
    return index, f"{made} OPTIONS {options}"
