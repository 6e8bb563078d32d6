"""The condition on what a node was collected for, in the text of statements."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from hub.request.decision_cache import DecisionCache
from hub.request.own_access.table import Asker, purpose_access, table_of
from hub.steward.explain import explain
from policies.model import PolicySet
from schema import SPINE
from tests.support.small_graph import ALL_CLEAR, TODAY, policy, prepare, subject

pytestmark = pytest.mark.unit
ON = "collection: enforced\n"
DIVIDED = ALL_CLEAR.replace("Person: {},", "Person: {region: {startsWith: $subject.jurisdiction}},")


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> PolicySet:
    return policy(tmp_path_factory.mktemp("plain"), DIVIDED)


@pytest.fixture(scope="module")
def enforced(tmp_path_factory: pytest.TempPathFactory) -> PolicySet:
    return policy(tmp_path_factory.mktemp("enforced"), DIVIDED + ON)


def text_of(policies: PolicySet, document: str) -> str:
    _, statement = prepare(policies, subject(policies, "app"), "a", document)
    assert statement is not None
    return statement.text


NODES = {
    "{ people { edges { node { name } } } }": 1,
    "{ people { edges { node { dwellings { code building { code } } } } } }": 3,
    '{ people(where: {dwellings: {some: {code: {eq: "1"}}}}) { edges { node { name } } } }': 2,
    "{ peopleAggregate { count } }": 1,
    "{ people { edges { node { dwellings { code } } } } peopleAggregate { count } }": 3,
}


@pytest.mark.parametrize("document", sorted(NODES))
def test_each_node_is_asked_once(plain: PolicySet, enforced: PolicySet, document: str) -> None:
    assert text_of(enforced, document).count(".collectedFor IN ") == NODES[document]
    assert "collectedFor" not in text_of(plain, document)


def test_a_count_of_a_division_is_not_taken_from_an_index(plain: PolicySet, enforced: PolicySet) -> None:
    document = "{ peopleAggregate { count } }"
    assert "UNION ALL" in text_of(plain, document)
    assert "UNION ALL" not in text_of(enforced, document)


def test_the_purposes_are_a_parameter_and_the_rule_reads_them(enforced: PolicySet) -> None:
    _, statement = prepare(enforced, subject(enforced, "app"), "a", "{ people { edges { node { name } } } }")
    assert statement is not None
    assert ["a"] in statement.parameters.values()
    assert {each.origin for each in statement.references if each.position == "collected"} == {"policy"}


def test_an_explanation_and_my_access_say_what_may_be_read(plain: PolicySet, enforced: PolicySet) -> None:
    told = []
    for policies in (plain, enforced):
        who = subject(policies, "app")
        planned, statement = prepare(policies, who, "a", "{ people { edges { node { name } } } }")
        notes = explain(planned, statement).notes
        table = table_of(SPINE, DecisionCache(), {}, Asker(policies, who, TODAY, has_case=False))
        told.append((notes, purpose_access(table, {}, "a")["collectedFor"]))
    assert told[0] == ((), None)
    assert told[1][1] == ["a"] and told[1][0][0].endswith("one of: a")


def test_a_rule_that_ends_is_decided_anew(tmp_path: Path) -> None:
    """The day is part of what a decision is kept by."""
    purposes = DIVIDED.replace("en: A}]", "en: A}, {id: b, zh: 乙, en: B}]")
    rule = f"reuse: [{{id: r, collectedFor: [b], for: [a], basis: law, valid: {{to: {TODAY}}}}}]\n"
    policies, kept = policy(tmp_path, purposes + ON + rule), DecisionCache()
    days = (TODAY, TODAY + dt.timedelta(days=1))
    found = [kept.decide(SPINE, policies, subject(policies, "app"), "a", day, {}).collected for day in days]
    assert found == [("a", "b"), ("a",)]
