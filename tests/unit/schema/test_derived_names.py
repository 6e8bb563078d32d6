"""No slice may take a name that the hub or its API has already: the lists of these names are complete."""

from __future__ import annotations

import re

import pytest

from schema import SPINE
from schema.derived_names import OWN_CELLS, OWN_LABELS, OWN_RELATIONSHIPS, OWN_ROOTS, OWN_TYPES, root_fields, type_names
from schema.graphql import build
from tests.support.project import ROOT

pytestmark = pytest.mark.unit

SCHEMA = build(SPINE)


def test_every_type_follows_from_an_entity_or_is_the_hubs() -> None:
    derived = {name for entity in SPINE for name, _ in type_names(entity)}
    found = {name for name in SCHEMA.type_map if not name.startswith("__")}
    assert found - derived <= OWN_TYPES
    # The one type without a bucket, and the one of which no edge has many.
    assert derived - found == {"RegionBucket", "AddressList"}


def test_every_query_field_follows_from_an_entity_or_is_the_hubs() -> None:
    assert SCHEMA.query_type is not None
    assert {*SCHEMA.query_type.fields} == OWN_ROOTS | {name for each in SPINE for name in root_fields(each)}


def test_every_cell_is_a_bucket_or_the_hubs() -> None:
    for entity in SPINE:
        cells = {*SCHEMA.type_map[f"{entity.name}Aggregate"].fields}  # type: ignore[attr-defined]
        assert cells == OWN_CELLS | {bucket.name for _, bucket in entity.buckets()}


def test_every_label_and_relationship_in_a_statement_is_declared_or_the_hubs() -> None:
    text = "".join(
        path.read_text("utf-8")
        for room in ("graph", "ingest", "ingest/purging")
        for path in (ROOT / "hub" / room).glob("*.py")
    )
    labels = {*re.findall(r"\(\w*:([A-Z][a-z]\w+)[ ){]", text)}
    assert {"SourceRecord", "Quarantined", "SurrogateKey"} <= labels
    assert labels - {entity.name for entity in SPINE} <= OWN_LABELS
    relationships = {*re.findall(r"-\[\w*:([A-Z_]+)", text)}
    assert relationships - {edge.relationship for edge in SPINE.edges} == OWN_RELATIONSHIPS
