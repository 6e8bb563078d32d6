"""A key that is clear for two purposes is told where it joins what neither shows together, and only there."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from policies.language import load
from policies.review.check import check
from policies.review.joins import Join, joins
from schema import SPINE
from tests.support.serving import COUNTY
from tests.support.small_graph import policy

pytestmark = pytest.mark.unit
DAY = dt.date(2026, 6, 30)
POLICY = """
purposes: [{{id: a, zh: 甲, en: A}}, {{id: b, zh: 乙, en: B}}]
applications: [{{id: app, zh: 应用, en: App, department: fire, jurisdiction: 14/}}]
grants:
  - {{id: one, to: {{application: [app]}}, for: [a], basis: law, rows: {{Person: {{}}, Event: {{}}, Dwelling: {{}}}},
     fields: {{{one}}}}}
  - {{id: two, to: {{application: [app]}}, for: [b], basis: law, rows: {{Person: {{}}, Event: {{}}, Dwelling: {{}}}},
     fields: {{{two}}}}}
"""
EDGE = "Event.reporter: clear"


def found(tmp_path: Path, one: str, two: str) -> list[Join]:
    return joins(SPINE, policy(tmp_path, POLICY.format(one=one, two=two)), DAY)


JOINED = [
    (f"Event.number: clear, {EDGE}, Person.name: clear", f"Event.number: clear, {EDGE}, Person.phone: clear"),
    (
        f"Event.number: clear, {EDGE}, Person.name: clear, Person.phone: {{mask: 'partial(0,4)'}}",
        f"Event.number: clear, {EDGE}, Person.name: {{mask: surname}}, Person.phone: clear",
    ),
    # Reached from the person: the same edge from its other end.
    (
        "Event.number: clear, Person.reports: clear, Person.name: clear",
        f"Event.number: clear, {EDGE}, Person.phone: clear",
    ),
]


@pytest.mark.parametrize(("one", "two"), JOINED)
def test_case_1_12_a_clear_key_that_joins_names_and_telephones_is_told(tmp_path: Path, one: str, two: str) -> None:
    assert found(tmp_path, one, two) == [
        Join("app", ("a", "b"), ("Event.number",), (("Person.name",), ("Person.phone",)))
    ]


def test_case_1_12_the_times_of_records_join_too(tmp_path: Path) -> None:
    one, two = "Person.provenance: clear, Person.name: clear", "Person.provenance: clear, Person.gender: clear"
    (join,) = found(tmp_path, one, two)
    assert (join.keys, join.added) == (("Person.provenance",), (("Person.name",), ("Person.gender",)))
    assert found(tmp_path, one, "Person.gender: clear") == []


def test_case_1_12_a_key_of_the_person_joins_too(tmp_path: Path) -> None:
    (join,) = found(tmp_path, "Person.phone: clear, Person.name: clear", "Person.phone: clear, Person.gender: clear")
    assert (join.keys, join.added) == (("Person.phone",), (("Person.name",), ("Person.gender",)))


@pytest.mark.parametrize(
    ("one", "two"),
    [
        (f"Event.number: clear, {EDGE}, Person.name: clear", f"{EDGE}, Person.phone: clear"),
        (f"Event.number: clear, {EDGE}, Person.name: clear", "Event.number: clear, Person.phone: clear"),
        (
            f"Event.number: clear, {EDGE}, Person.name: clear, Person.phone: clear",
            f"Event.number: clear, {EDGE}, Person.phone: clear",
        ),
        ("Event.kind: clear, Event.reporterName: clear", "Event.kind: clear, Event.reporterPhone: clear"),
        ("Event.number: clear, Event.kind: clear", "Event.number: clear, Event.status: clear"),
    ],
    ids=["no key", "no edge", "one shows all", "not a key", "nothing personal"],
)
def test_case_1_12_what_joins_to_no_more_is_not_told(tmp_path: Path, one: str, two: str) -> None:
    assert found(tmp_path, one, two) == []


def test_case_1_12_the_check_of_the_example_names_its_pair() -> None:
    told = [each for each in check(SPINE, load(COUNTY, SPINE), DAY) if each.rule == "join"]
    assert [(each.level, each.place) for each in told] == [("warning", "applications")]
    for word in ("grid-desk", "event.dispatch", "event.callback", "Event.number", "Person.name", "Person.phone"):
        assert word in told[0].text
