"""Reads GeoJSON files (RFC 7946): the properties of each feature are columns, and so is the position of a point.

`@longitude` and `@latitude` are in degrees of WGS 84 (or CGCS2000, which differs by centimetres), `@id` is the id of
the feature. One that is no point has no position: it is refused where the position is read, else counted.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO, Any, Literal

from connectors.base import Broken, ConnectorError, Header, Item, Note, Row
from connectors.readers.files import FilesSource
from connectors.readers.json_rows import json_key, json_row
from connectors.readers.page_json import Doubled, loads
from connectors.source_model import Stream

MAX_FILE_BYTES = 64 << 20
ID, LONGITUDE, LATITUDE = "@id", "@longitude", "@latitude"
_OWN = (ID, LONGITUDE, LATITUDE)
_LIMITS = (180, 90)
_CRS = ("CRS84", "EPSG::4326", "EPSG:4326", "EPSG::4490", "EPSG:4490")


class GeoJsonSource(FilesSource):
    """GeoJSON files, as their YAML file declares them."""

    kind: Literal["geojson"]

    def items(self, name: str, stream: Stream, file: IO[bytes]) -> Iterator[Item]:
        """Every feature of one file; ConnectorError if it is no collection of features."""
        features = _features(name, file)
        members: dict[str, None] = dict.fromkeys(_OWN)
        unread = 0
        for number, feature in enumerate(features, 1):
            row = _row(stream, number, feature)
            if isinstance(row, Row):
                members.update(dict.fromkeys(row.values))
                unread += row.values[LONGITUDE] is None and feature.get("geometry") is not None
            yield row
        yield Header(tuple(members))
        if unread:
            yield Note("no-points", "features are no points, and are read without their form", unread)


def _features(name: str, file: IO[bytes]) -> list[Any]:
    content = file.read(MAX_FILE_BYTES + 1)
    if len(content) > MAX_FILE_BYTES:
        raise ConnectorError(name, f"it is larger than {MAX_FILE_BYTES:,} bytes; export it in parts, or as JSON lines")
    try:
        found = loads(content, "utf-8")
    except ValueError:
        raise ConnectorError(name, "it is no valid JSON, or was cut short; export it again", terminal=False) from None
    if not isinstance(found, dict) or isinstance(found, Doubled) or not isinstance(found.get("features"), list):
        raise ConnectorError(name, "it is no FeatureCollection; export it as GeoJSON")
    crs = str(found.get("crs") or _CRS[0])
    if not any(each in crs for each in _CRS):
        raise ConnectorError(name, "its coordinates are in another system; export it in WGS 84 or CGCS2000 degrees")
    features: list[Any] = found["features"]
    return features


def _row(stream: Stream, number: int, feature: Any) -> Row | Broken:
    """The row of one feature, or why it is refused."""
    if not isinstance(feature, dict) or isinstance(feature, Doubled) or feature.get("type") != "Feature":
        return Broken(number, "row", "not-a-record", "a feature was expected")
    properties = feature.get("properties") or {}
    row = json_row(stream, number, properties)
    if isinstance(row, Broken):
        return row
    own = next((each for each in _OWN if each in properties), None)
    if own is not None:
        return Broken(number, own, "member-twice", "a property has a name that is kept for the feature itself")
    geometry = feature.get("geometry")
    position = _position(geometry)
    values = {**properties, ID: feature.get("id"), LONGITUDE: None, LATITUDE: None}
    if position is not None:
        values |= {LONGITUDE: position[0], LATITUDE: position[1]}
    if position is None and geometry is not None and {LONGITUDE, LATITUDE} & set(stream.columns):
        return Broken(number, LONGITUDE, "not-a-position", _why_none(geometry), json_key(stream, values))
    return Row(number, values)


def _position(geometry: Any) -> tuple[float, float] | None:
    """Longitude and latitude of a point; None if it is none."""
    if not isinstance(geometry, dict) or geometry.get("type") != "Point":
        return None
    given = geometry.get("coordinates")
    if not isinstance(given, list) or len(given) not in {2, 3}:
        return None
    for value, most in zip(given, _LIMITS, strict=False):
        # NaN is not within; a whole number may be too long for a float, and is only compared.
        if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= most:
            return None
    return float(given[0]), float(given[1])


def _why_none(geometry: Any) -> str:
    if isinstance(geometry, dict) and geometry.get("type") == "Point":
        return "the point has no longitude and latitude in degrees"
    return "only a point has a position; export the point that stands for the form, such as its centre"
