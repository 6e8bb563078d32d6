"""Two answers side by side: rows of one id stand beside each other, whatever their order."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from graphql import parse, validate

from hub.console.review.side_by_side import Line, answers, example_query
from hub.steward.preview import Preview
from policies.decide import decide
from policies.language import load, load_files, read_folder
from policies.review.check import subject_of
from schema import SPINE
from schema.graphql import build
from tests.support.serving import COUNTY

pytestmark = pytest.mark.unit
DAY = dt.date(2026, 6, 1)


def people(*rows: dict[str, Any]) -> Preview:
    return Preview(200, {"data": {"people": {"edges": [{"node": row} for row in rows]}}}, None)


def test_rows_are_beside_each_other_by_their_id() -> None:
    before = people({"id": "x" * 20 + "a", "phone": "138****0000"}, {"id": "x" * 20 + "b", "phone": None})
    after = people({"id": "x" * 20 + "b", "phone": None}, {"id": "x" * 20 + "a", "phone": "13800000000"})
    found = {each.place: each for each in answers(before, after)}
    phone = found["people.edges[xxxxxxxa].node.phone"]
    assert (phone.before, phone.after, phone.differs) == ("138****0000", "13800000000", True)
    assert [each.place for each in found.values() if each.differs] == [phone.place]
    assert found["people.edges[xxxxxxxb].node.phone"].before == "null"


def test_what_is_on_one_side_only_differs_and_a_refusal_is_named() -> None:
    refused = Preview(403, {"errors": [{"message": "no grant", "extensions": {"code": "PURPOSE_DENIED"}}]}, None)
    found = answers(people({"name": "李"}), refused)
    assert Line("people.edges[0].node.name", "李", None) in found
    assert Line("PURPOSE_DENIED 403", None, "no grant") in found
    assert all(each.differs for each in found)
    assert answers(None, people({"name": "李"}))[0].before is None


def test_an_example_is_a_valid_query_of_what_changes_most() -> None:
    files = read_folder(COUNTY)
    text = files["fire.yaml"].decode().replace('Person.phone: {mask: "partial(3,4)"}', "Person.phone: clear")
    policies = [load(COUNTY, SPINE), load_files({**files, "fire.yaml": text.encode()}, SPINE)]
    decisions = [
        decide(SPINE, each, subject_of(each.applications["fire-inspection"]), "safety.fire.rental", DAY)
        for each in policies
    ]
    query = example_query(SPINE, decisions)
    assert "people(first: 5)" in query and "phone" in query and "gender" not in query
    assert validate(build(SPINE), parse(query)) == []
    nothing = decide(SPINE, policies[0], subject_of(policies[0].applications["fire-inspection"]), "stat", DAY)
    assert example_query(SPINE, [nothing]) == ""
