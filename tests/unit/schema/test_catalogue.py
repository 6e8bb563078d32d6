"""The catalogue refuses what contradicts itself, and knows each name once."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from policies.ladders import faults_of_ladders
from schema import SPINE
from schema.catalogue import Bucket, Catalogue, CatalogueError, Edge, Entity, Field, Kind, RegionLevel, Scalar

pytestmark = pytest.mark.unit


def entity(*fields: Field, name: str = "Thing", plural: str = "things") -> Entity:
    return Entity(name, plural, "物", "A thing", fields)


def text(name: str = "title", **changes: Any) -> Field:
    return dataclasses.replace(Field(name, Scalar.STRING, "题", "Title", Kind.CODE), **changes)


BAD = {
    "a field twice": (entity(text(), text()),),
    "a field called id": (entity(text("id")),),
    "a name that is not plain": (entity(text("ti`tle")),),
    "a homoglyph": (entity(text("tіtle")),),  # Cyrillic і
    "biometrics": (entity(text("faceImage")),),
    "travel tracks": (entity(text("travelLog")),),
    "an enum without values": (entity(text(scalar=Scalar.ENUM)),),
    "values without an enum": (entity(text(values=("A",))),),
    "a mask that is not a call": (entity(text(masks=("partial(3",))),),
    "a value bucket on text": (entity(text(buckets=(Bucket("title"),))),),
    "a bucket that hides a field": (entity(text(), text("other", buckets=(Bucket("title", "age_band"),))),),
    "a region bucket without a level": (entity(text(buckets=(Bucket("street", "region"),))),),
    "two entities with one plural": (entity(text()), entity(text(), name="Other")),
}


@pytest.mark.parametrize("entities", BAD.values(), ids=BAD.keys())
def test_a_contradiction_is_refused(entities: tuple[Entity, ...]) -> None:
    with pytest.raises(CatalogueError):
        Catalogue(entities, ())


def test_two_edges_of_one_relationship_are_refused() -> None:
    made = (
        Edge("R", "Thing", name, True, "Thing", f"inverse{name.title()}", True, "", "", "", "")
        for name in ("ones", "others")
    )
    with pytest.raises(CatalogueError, match="share a relationship"):
        Catalogue((entity(text()),), tuple(made))


def test_an_edge_to_nowhere_is_refused() -> None:
    edge = Edge("R", "Thing", "others", True, "Nowhere", "things", True, "", "", "", "")
    with pytest.raises(CatalogueError, match="Nowhere"):
        Catalogue((entity(text()),), (edge,))


def test_an_edge_is_known_at_both_ends() -> None:
    dwellings = SPINE.entity("Person").edge("dwellings")
    residents = SPINE.entity("Dwelling").edge("residents")
    assert (dwellings.inverse, residents.inverse) == (residents.coordinate, dwellings.coordinate)
    assert dwellings.outgoing
    assert not residents.outgoing


@pytest.mark.parametrize("name", ["Person.fone", "Persn.phone", "Person", "Person.", ""])
def test_an_unknown_coordinate_is_an_error(name: str) -> None:
    with pytest.raises(CatalogueError):
        SPINE.coordinate(name)


def test_every_mask_on_every_ladder_is_registered_and_fits_its_field() -> None:
    assert list(faults_of_ladders(SPINE)) == []


def test_every_level_has_its_segment() -> None:
    assert [level.depth for level in RegionLevel] == [1, 2, 3, 4, 5, 6]


def test_each_entity_tells_whom_it_is_about() -> None:
    about = {each.name: each.subjects for each in SPINE}
    assert about == {
        "Region": None,
        "Address": (("dwellings", "residents"),),
        "Building": (("dwellings", "residents"),),
        "Dwelling": (("residents",),),
        "Person": (),
        "Household": (("members",),),
        "Unit": (("representative",),),
        "Event": (("reporter",),),
        "Part": None,
        "Tenancy": (("landlord",), ("tenant",)),
        "Inspection": (("dwelling", "residents"), ("unit", "representative")),
    }
