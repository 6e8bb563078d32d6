"""Files of push sources: what they need, and what is not for them; errors name file, line and path."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from connectors.manifest import ManifestError
from connectors.sources import load_sources
from connectors.stream_plans import plan_streams
from hub.home.settings import Settings
from hub.push.push_sources import load_push_sources
from schema import SPINE
from tests.push.pushing import MANIFEST, sources_in

pytestmark = pytest.mark.unit

CSV = """
name: register
kind: csv
where: ${DATA}/register.csv
collectedFor: housing
trust: 1
records:
  - {name: buildings, entity: Building, key: number, identity: code, fields: {code: {column: number, as: code}}}
"""


def first(given: dict[str, Any]) -> dict[str, Any]:
    record: dict[str, Any] = given["records"][0]
    return record


WRONG: dict[str, tuple[Callable[[dict[str, Any]], Any], str]] = {
    "no applications": (lambda b: b.pop("accepts"), "accepts: this key is missing"),
    "an empty list of applications": (lambda b: b.update(accepts=[]), "accepts: nothing stands here"),
    "one application without a list": (lambda b: b.update(accepts="x"), "accepts: a list is expected"),
    "a time to be pulled": (lambda b: b.update(schedule={"every": "1d"}), "schedule: not for a push source"),
    "columns that change": (lambda b: b.update(drift={"new": "refuse"}), "drift: not for a push source"),
    "records that are gone": (lambda b: first(b).update(full=True), "records.0.full: not for a push source"),
    "an address": (lambda b: b.update(where="https://h/x"), "where: not for a push source"),
    "a key to fetch with": (lambda b: b.update(bearer="env:KEY"), "bearer: not for a push source"),
    "no event": (lambda b: first(b).pop("event"), "records.0.event: a push source needs `event`"),
    "no time": (lambda b: first(b).pop("updated"), "records.0.updated: a push source needs `updated`"),
    "a cursor": (lambda b: first(b).update(cursor=True), "records.0.cursor: not for a push source"),
    "successors": (lambda b: first(b).update(successor="s"), "records.0.successor: not for a push source"),
    "a table": (lambda b: first(b).update(table="t"), "records.0.table: `table` is not for a push source"),
    "a key beside the identity": (lambda b: first(b).update(key="ce:id"), "records.0.key: of a push source, the key"),
    "one event for two": (
        lambda b: b["records"][1].update(event="desk.building"),
        "records.1.event: another kind of record takes the same events",
    ),
    "too many events": (lambda b: b.update(limits={"events": 0}), "limits.events"),
    "no bytes": (lambda b: b.update(limits={"bytes": 10}), "limits.bytes"),
    "an unknown field": (lambda b: first(b)["fields"].update(colour="c"), "fields.colour"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_push_source_does_not_load(tmp_path: Path, case: str) -> None:
    change, told = WRONG[case]
    given = yaml.safe_load(MANIFEST)
    change(given)
    sources_in(tmp_path, yaml.safe_dump(given, allow_unicode=True))
    with pytest.raises(ManifestError, match=r"^desk\.yaml:[0-9]+: ") as refused:
        load_sources(tmp_path, SPINE, {})
    assert told in str(refused.value)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("where: ${DATA}/register.csv", "accepts: [x]", "accepts: not for a csv source"),
        ("where: ${DATA}/register.csv\n", "", "where: this key is missing"),
        ("entity: Building", "entity: Building, event: x", "records.0.event: `event` is not for a csv source"),
    ],
)
def test_what_is_for_a_push_source_is_not_for_another(tmp_path: Path, old: str, new: str, told: str) -> None:
    (tmp_path / "a.yaml").write_text(CSV.replace(old, new), "utf-8")
    with pytest.raises(ManifestError) as refused:
        load_sources(tmp_path, SPINE, {"DATA": "/data"})
    assert told in str(refused.value)


def test_a_hub_takes_the_push_sources_of_its_folder_and_needs_no_variable(tmp_path: Path) -> None:
    folder = sources_in(tmp_path / "sources")
    (folder / "register.yaml").write_text(CSV, "utf-8")
    found = load_push_sources(Settings.load(home=tmp_path / "home", sources=folder), SPINE)
    assert found is not None
    assert set(found.sources) == {"desk"}
    # Those of pulled sources are there too: who wins for a field depends on all.
    assert found.plans["desk/buildings"].better["code"] == {"register/buildings"}
    with pytest.raises(
        ManifestError, match=r"source desk: accepts: grid-desk: no application .*known: fire-inspection, other"
    ):
        found.check_applications({"other", "fire-inspection"})
    found.check_applications({"grid-desk", "fire-inspection"})


def test_without_a_push_source_there_is_nothing_to_take(tmp_path: Path) -> None:
    assert load_push_sources(Settings.load(home=tmp_path / "home"), SPINE) is None
    (tmp_path / "a.yaml").write_text(CSV, "utf-8")
    assert load_push_sources(Settings.load(home=tmp_path / "home", sources=tmp_path), SPINE) is None
    with pytest.raises(ManifestError, match="is no folder here"):
        load_push_sources(Settings.load(home=tmp_path / "home", sources=tmp_path / "gone"), SPINE)


def test_streams_that_meet_events_are_marked_and_no_others(tmp_path: Path) -> None:
    """One writes what the other reads or writes, regions that follow included; to read the same is no meeting."""
    (tmp_path / "county.yaml").write_text(COUNTY, "utf-8")

    def met() -> set[str]:
        plans = plan_streams(load_sources(tmp_path, SPINE, {"DATA": "/data"}), SPINE)
        return {name.partition("/")[2] for name, plan in plans.items() if plan.beside_events and "county" in name}

    assert met() == set()
    for (entity, identity, edge, target), expected in MEETINGS.items():
        fields = {identity: {"column": "number", "as": "resident_id" if entity == "Person" else "code"}}
        edges = {edge: {"entity": target, "column": "at"}}
        given = yaml.safe_load(MANIFEST)
        given["records"] = [first(given) | {"entity": entity, "identity": identity, "fields": fields, "edges": edges}]
        sources_in(tmp_path, yaml.safe_dump(given, allow_unicode=True))
        assert met() == expected, entity


COUNTY = """
name: county
kind: csv
where: ${DATA}/register.csv
collectedFor: housing
trust: 1
records:
  - {name: regions, entity: Region, key: k, identity: code, fields: {code: {column: k, as: code}}}
  - name: buildings
    entity: Building
    key: k
    identity: code
    fields: {code: {column: k, as: code}, region: {via: grid}}
    edges: {grid: {entity: Region, column: r}}
  - name: dwellings
    entity: Dwelling
    key: k
    identity: code
    fields: {code: {column: k, as: code}, region: {via: building}}
    edges: {building: {entity: Building, column: b}}
  - name: events
    entity: Event
    key: k
    identity: number
    fields: {number: {column: k, as: code}}
    edges: {grid: {entity: Region, column: r}}
"""
MEETINGS = {
    ("Part", "code", "grid", "Region"): {"regions"},
    ("Event", "number", "reporter", "Person"): {"events"},
    ("Person", "idNumber", "dwellings", "Dwelling"): {"regions", "buildings", "dwellings"},
    ("Region", "code", "buildings", "Building"): {"regions", "buildings", "dwellings", "events"},
}
"""Which streams meet a push source of an entity, with its identity, and an edge to a target."""
