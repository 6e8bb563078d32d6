"""The city's parts agree with docs/sample-county.md, section 9."""

import json
import math
import re
from collections import Counter
from typing import Any

import pytest

from tests.unit.hub.sample.whole.conftest import Whole, first, seen_before

pytestmark = pytest.mark.unit


def features(whole: Whole) -> list[dict[str, Any]]:
    collection = json.loads((whole.folder / "parts" / "parts.geojson").read_text("utf-8"))
    assert collection["type"] == "FeatureCollection"
    found: list[dict[str, Any]] = collection["features"]
    return found


def flaw(feature: dict[str, Any], whole: Whole, seen: set[str]) -> str:
    geometry, properties = feature["geometry"], feature["properties"]
    twice = seen_before(seen, properties["partCode"])
    return first(
        ("duplicate", twice),
        ("not_a_point", geometry["type"] != "Point"),
        ("swapped_point", geometry["type"] == "Point" and geometry["coordinates"][1] > 90),
        ("impossible_date", properties["installedOn"] == "2026-02-31"),
    ) or whole.place_flaw(properties["gridCode"])


def test_the_features_hold_what_the_summary_says(whole: Whole) -> None:
    seen: set[str] = set()
    whole.agrees("parts", [flaw(feature, whole, seen) for feature in features(whole)])
    assert whole.summary.sources["parts"].good == 733 + 3


def test_wrong_features_stand_apart(whole: Whole) -> None:
    """Else a batch of the full county would hold more of them than a source may have."""
    seen: set[str] = set()
    wrong = [bool(flaw(feature, whole, seen)) for feature in features(whole)]
    assert max(sum(wrong[at : at + 50]) for at in range(len(wrong))) <= 4


def test_a_feature_has_its_form(whole: Whole) -> None:
    for feature in features(whole):
        assert feature.keys() == {"type", "geometry", "properties"}
        assert list(feature["properties"]) == ["partCode", "kind", "status", "owner", "gridCode", "installedOn"]
        assert re.fullmatch(r"140321\d{10}", feature["properties"]["partCode"])
    kinds = Counter(feature["properties"]["kind"] for feature in features(whole))
    assert set(kinds) == {"井盖", "消火栓", "路灯", "果皮箱", "座椅", "指示牌", "行道树", "其他"}
    assert {feature["properties"]["status"] for feature in features(whole)} == {"完好", "破损", "丢失", "移除"}


def test_the_parts_lie_in_fifteen_square_kilometres_each_grid_in_its_own(whole: Whole) -> None:
    places: dict[str, list[tuple[float, float]]] = {}
    for feature in features(whole):
        if not flaw(feature, whole, set()):
            places.setdefault(feature["properties"]["gridCode"], []).append(tuple(feature["geometry"]["coordinates"]))
    points = [point for each in places.values() for point in each]
    west, east = min(x for x, _ in points), max(x for x, _ in points)
    south, north = min(y for _, y in points), max(y for _, y in points)
    width = (east - west) * 111.32 * math.cos(math.radians(south))
    height = (north - south) * 111.0
    assert 13.5 < width * height <= 15.2
    boxes = [(min(p), max(p), min(q), max(q)) for each in places.values() for p, q in [zip(*each, strict=True)]]
    for index, (left, right, low, high) in enumerate(boxes):
        for other_left, other_right, other_low, other_high in boxes[:index]:
            assert right <= other_left or other_right <= left or high <= other_low or other_high <= low
