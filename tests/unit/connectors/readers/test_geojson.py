"""GeoJSON: properties and the position of a point are columns; what has no position is refused with the reason."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from connectors.base import ConnectorError, Row
from tests.support.sources.read_files import items, notes, refusals, rows

pytestmark = pytest.mark.unit

PLACED = {"fields": {"code": "k", "name": "v", "validFrom": "@longitude", "validTo": "@latitude"}}
"""A stream that reads the position; what it does with it matters to no reader."""


def point(*coordinates: Any) -> dict[str, Any]:
    return {"type": "Point", "coordinates": list(coordinates)}


def feature(key: str, geometry: Any, **more: Any) -> dict[str, Any]:
    return {"type": "Feature", "id": 7, "properties": {"k": key, "v": "路灯"}, "geometry": geometry, **more}


def written(folder: Path, *features: Any, **more: Any) -> Path:
    path = folder / "a.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features, **more}), "utf-8")
    return path


def test_properties_id_and_position_are_columns(tmp_path: Path) -> None:
    path = written(tmp_path, feature("a", point(113.58, 37.86, 700.5)), feature("b", None))
    read = [each.values for each in items("geojson", path, stream=PLACED) if isinstance(each, Row)]
    assert read == [
        {"k": "a", "v": "路灯", "@id": 7, "@longitude": 113.58, "@latitude": 37.86},
        {"k": "b", "v": "路灯", "@id": 7, "@longitude": None, "@latitude": None},
    ]


WITHOUT = {
    "a line": ({"type": "LineString", "coordinates": [[113, 37], [114, 38]]}, "only a point"),
    "an area": ({"type": "Polygon", "coordinates": []}, "only a point"),
    "a text": ("113,37", "only a point"),
    "latitude first": (point(37.86, 113.58), "no longitude and latitude in degrees"),
    "metres": (point(12_643_000, 4_560_000), "no longitude and latitude in degrees"),
    "one number": (point(113.58), "no longitude and latitude"),
    "words": (point("113", "37"), "no longitude and latitude"),
    "truth": (point(True, False), "no longitude and latitude"),
    "none": (point(None, None), "no longitude and latitude"),
    "four": (point(1, 2, 3, 4), "no longitude and latitude"),
    "more digits than a float has": (point(int("9" * 399), 37), "no longitude and latitude"),
    "no number": (point(113, float("nan")), "no longitude and latitude"),
}


@pytest.mark.parametrize(("geometry", "told"), WITHOUT.values(), ids=WITHOUT)
def test_what_has_no_position_is_refused_where_it_is_read(tmp_path: Path, geometry: Any, told: str) -> None:
    path = written(tmp_path, feature("a", geometry), feature("b", point(113.58, 37.86)))
    (wrong,) = refusals("geojson", path, stream=PLACED)
    assert (wrong.number, wrong.field, wrong.rule, wrong.key) == (1, "@longitude", "not-a-position", ("a",))
    assert told in wrong.reason
    assert rows("geojson", path) == [(1, "a", "路灯"), (2, "b", "路灯")]
    assert notes("geojson", path) == {"no-points": 1}


def test_an_infinite_number_is_no_position(tmp_path: Path) -> None:
    path = tmp_path / "a.geojson"
    path.write_text(json.dumps({"features": [feature("a", point(113.58, "X"))]}).replace('"X"', "NaN"), "utf-8")
    assert [each.rule for each in refusals("geojson", path, stream=PLACED)] == ["not-a-position"]


@pytest.mark.parametrize(
    ("given", "rule"),
    [
        (7, "not-a-record"),
        ({"type": "Point"}, "not-a-record"),
        ({"type": "Feature", "properties": []}, None),
        ({"type": "Feature", "properties": "x"}, "not-a-record"),
        (feature("a", None) | {"properties": {"k": "a", "@longitude": 1}}, "member-twice"),
    ],
)
def test_what_is_no_feature_is_refused_alone(tmp_path: Path, given: Any, rule: str | None) -> None:
    path = written(tmp_path, given, feature("b", None))
    assert [each.rule for each in refusals("geojson", path)] == ([rule] if rule else [])
    assert rows("geojson", path)[-1] == (2, "b", "路灯")


FAULTS: dict[str, tuple[bytes, str]] = {
    "cut short": (b'{"type": "FeatureCollection", "features": [{"type"', "was cut short"),
    "a list": (b"[]", "no FeatureCollection"),
    "features twice": (b'{"features": [], "features": []}', "no FeatureCollection"),
    "of another system": (
        b'{"features": [], "crs": {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::3857"}}}',
        "another system",
    ),
}


@pytest.mark.parametrize(("content", "told"), FAULTS.values(), ids=FAULTS)
def test_k02_a_file_that_is_no_collection_is_refused(tmp_path: Path, content: bytes, told: str) -> None:
    (tmp_path / "a.geojson").write_bytes(content)
    with pytest.raises(ConnectorError, match=told):
        rows("geojson", tmp_path / "a.geojson")


@pytest.mark.parametrize("name", ["urn:ogc:def:crs:OGC:1.3:CRS84", "urn:ogc:def:crs:EPSG::4490", "EPSG:4326"])
def test_degrees_of_wgs_84_and_of_cgcs2000_are_taken(tmp_path: Path, name: str) -> None:
    path = written(tmp_path, feature("a", None), crs={"type": "name", "properties": {"name": name}})
    assert rows("geojson", path) == [(1, "a", "路灯")]


def test_a_file_that_is_too_large_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connectors.readers.geojson.MAX_FILE_BYTES", 100)
    with pytest.raises(ConnectorError, match="larger than 100 bytes"):
        rows("geojson", written(tmp_path, feature("a", None)))
