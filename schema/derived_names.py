"""The names of the GraphQL schema that follow from the name of a type, and those that every schema holds.

`graphql.py` builds with them, and a catalogue refuses declarations that would give one name to two things.
"""

from __future__ import annotations

from collections.abc import Iterator

from schema.classification import Scalar
from schema.declarations import PROVENANCE, Answer, Bucket, EdgeEnd, Entity, Field
from schema.own_access.types import MY_ACCESS
from schema.own_access.types import TYPE_NAMES as ACCESS_TYPES

ACCESSES = "accessesOf"
"""The root field that tells who saw a person's data."""
VERIFY = "verify"
"""The root field that tells whether the values by which a person is named agree."""
AGREEMENT = "Agreement"
"""The type of what it tells."""
OWN_ROOTS = frozenset({"node", "nodes", ACCESSES, VERIFY, MY_ACCESS})
"""Root fields that belong to no type."""
LIST_INFO = "ListInfo"
"""The type of what a nested list says of itself."""
LIST = "List"
"""Ends the name of a nested list with its page info, and that of its type."""
SEARCH_FILTER = "TextFilter"
"""The type of comparisons of a searchable field."""
OWN_TYPES = frozenset({
    "Query", "Mutation", "Subscription", "Node", "PageInfo", "ListInfo", "Direction", "Access", AGREEMENT, "Provenance",
    "ID",
    "BucketFilter", "String", "Int", "Float", "Boolean", "Date", "DateTime", "RegionPath", "Enum", SEARCH_FILTER,
    *(f"{scalar}Filter" for scalar in Scalar), *ACCESS_TYPES,
})  # fmt: skip
"""Types that belong to no type of the catalogue, and names that GraphQL gives a meaning."""
OWN_LABELS = frozenset(
    {
        "ChangeNote", "ChangeSequence", "DeliveredEvent", "LoadedCatalogue", "PurgeState", "Quarantined",
        "SourceCursor", "SourceRecord", "SourceRun", "Stale", "SurrogateKey", "VanishedRecord",
    }
)  # fmt: skip
"""Labels of nodes that the hub keeps for itself."""
OWN_RELATIONSHIPS = frozenset({"ASSERTED", "ASSERTS"})
"""Relationships that the hub keeps for itself."""
OWN_PROPERTIES = frozenset({"id", "sid", "lot", "deletedAt", "formerRegion", "successorCode"})
"""Properties of each node that the hub keeps for itself, and `id`."""
OWN_MEMBERS = frozenset({PROVENANCE})
"""Fields of each type that follow from it, and are no property of its nodes."""
OWN_CONDITIONS = frozenset({"and", "or", "not"})
"""Keys of a condition that are no field."""
OWN_CELLS = frozenset({"count", "cursor"})
"""Cells of an aggregate that are no bucket."""


def aggregate_type(entity: Entity) -> str:
    """Name of the type whose rows `…Aggregate` returns."""
    return f"{entity.name}Aggregate"


def enum_type(entity: Entity, field: Field | Answer) -> str:
    """Name of the type of the values of an enum, or of an answer."""
    return f"{entity.name}{field.name[:1].upper()}{field.name[1:]}"


def list_type(entity: Entity) -> str:
    """Name of the type of a nested list of an entity with its page info (`PersonList`)."""
    return f"{entity.name}{LIST}"


def list_field(edge: str) -> str:
    """Name of the field that shows an edge to many as a list with its page info (`residentsList`)."""
    return f"{edge}{LIST}"


def edge_of_list(entity: Entity, field: str) -> EdgeEnd | None:
    """The edge that a field of this name shows as a list with its page info, if it is one."""
    end = entity.edges.get(field.removesuffix(LIST)) if field.endswith(LIST) else None
    return end if end is not None and end.many else None


def root_fields(entity: Entity) -> tuple[str, str, str]:
    """Names of its three root fields: one, many, aggregate (`person`, `people`, `peopleAggregate`)."""
    return entity.name[:1].lower() + entity.name[1:], entity.plural, f"{entity.plural}Aggregate"


def changed_field(entity: Entity) -> str:
    """Name of the field of `Subscription` that tells its changes (`eventChanged`)."""
    return f"{root_fields(entity)[0]}Changed"


def alert_field(entity: Entity) -> str:
    """Name of the field of `Subscription` that tells which of its counts have reached a number (`eventsAlert`)."""
    return f"{entity.plural}Alert"


def bucket_value(bucket: Bucket) -> str:
    """The enum value that names a bucket in `groupBy` (`ageBand` → `AGE_BAND`)."""
    return "".join(f"_{letter}" if letter.isupper() else letter.upper() for letter in bucket.name)


def type_names(entity: Entity) -> Iterator[tuple[str, Field | Answer | None]]:
    """Each type that an entity adds, with the field or answer that it is for, if it is for one."""
    yield entity.name, None
    for ending in (
        "Edge",
        "Connection",
        "List",
        "Where",
        "AggregateWhere",
        "EdgeFilter",
        "Order",
        "Aggregate",
        "Bucket",
    ):
        yield f"{entity.name}{ending}", None
    for field in entity.fields:
        if field.scalar is Scalar.ENUM:
            yield enum_type(entity, field), field
            yield f"{enum_type(entity, field)}Filter", field
    yield from ((enum_type(entity, each), each) for each in entity.answers if each.values)
