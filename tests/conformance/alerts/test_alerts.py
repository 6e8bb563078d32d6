"""Alerts over a real graph: a pull makes the change, and a group is told when its published count has reached a number.

The counts are of three callers or more, rounded to fours.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

from audit.log import AuditUnavailable
from hub.subscriptions import alert
from tests.support.subscribing.calls import COUNTS, THRESHOLD, Calls, calls, county, often, told

__all__ = ["county", "often"]  # the fixtures of all scenes with calls
pytestmark = [pytest.mark.conformance, pytest.mark.usefixtures("often")]
BY_KIND = "groupBy: [KIND], atLeast: 8"
TOLD_SECONDS = 5.0


@pytest.fixture
def granted(county: Calls) -> Iterator[Calls]:
    """The scene, whose first policy is in force again when the test ends."""
    yield county
    county.scene.grant(COUNTS)


def test_a_group_is_told_when_it_reaches_the_number_and_again_after_it_fell_below(county: Calls) -> None:
    county.write(*calls("NOISE", 8), *calls("LEAK", 4))
    counter = county.watch(BY_KIND)
    assert told(counter.next()) == {"NOISE": 8}
    county.write(*calls("NOISE", 8), *calls("LEAK", 6))
    assert told(counter.next()) == {"LEAK": 8}
    before = county.settled()
    county.write(*calls("NOISE", 12), *calls("LEAK", 7))
    after = county.settled()
    assert before < after
    county.write(*calls("NOISE", 4), *calls("LEAK", 7))
    assert after < county.settled()
    assert counter.is_silent(0.1), "what had reached it is not told again, nor that it fell below"
    county.write(*calls("NOISE", 9), *calls("LEAK", 7))
    assert told(counter.next()) == {"NOISE": 8}


def test_each_evaluation_is_one_statement_and_one_record_before_what_it_tells(county: Calls) -> None:
    county.write(*calls("NOISE", 4))
    counter = county.watch(BY_KIND)
    first = counter.next()
    assert first["data"] == {"eventsAlert": []}, "an alert begins with a delivery, even if nothing has reached it"
    graph, before = county.scene.served.hub.graph, county.settled()
    statements = graph.statements
    county.write(*calls("NOISE", 6))
    payload = counter.next()
    record = county.scene.records("query")[before]
    assert (record.result, record.http_status, record.nodes) == ("OK", 0, 0)
    assert (record.application, record.purpose) == ("counter", "stat")
    assert record.decision.aggregated == ("Event.kind",)
    assert record.policy_version == payload["extensions"]["policyVersion"]
    assert payload["extensions"]["receipt"]["index"] > first["extensions"]["receipt"]["index"]
    assert "access" not in payload["extensions"], "of groups that are not told nothing is said"
    middle = county.settled()
    assert before < middle
    assert graph.statements == statements + middle - before
    county.write(*calls("NOISE", 7))
    after = county.settled()
    assert middle < after, "silence is an answer, and is asked and recorded as one"
    assert graph.statements == statements + after - before
    assert counter.is_silent(0.1)


def test_the_record_is_that_of_the_aggregate(county: Calls) -> None:
    county.write(*calls("NOISE", 4))
    arguments, token = "where: {kind: {eq: NOISE}}, groupBy: [KIND]", county.scene.served.issuer.issue("counter", "b")
    text = f"{{ eventsAlert: eventsAggregate({arguments}) {{ kind count }} }}"
    asked = county.scene.served.ask(text, token=token, purpose="stat").json()
    query = county.scene.records("query")[-1]
    payload = county.watch(f"{arguments}, atLeast: 4").next()
    assert payload["data"]["eventsAlert"] == [each for each in asked["data"]["eventsAlert"] if each["count"]]
    assert told(payload) == {"NOISE": 4}
    evaluation = county.scene.records("query")[-1]
    for name in ("operation", "decision", "purpose", "application", "policy_version"):
        assert getattr(evaluation, name) == getattr(query, name)


def test_what_is_withheld_has_reached_nothing(county: Calls) -> None:
    county.write(*calls("NOISE", 9, people=THRESHOLD - 1), *calls("LEAK", 9), *[("DISPUTE", 0)] * 9, *calls("OTHER", 0))
    counter = county.watch("groupBy: [KIND], atLeast: 4")
    assert told(counter.next()) == {"LEAK": 8}
    assert {each["kind"]: each["count"] for each in county.published()}["NOISE"] is None
    county.write(*calls("NOISE", 9, people=THRESHOLD), *calls("LEAK", 9), *[("DISPUTE", 0)] * 9)
    assert told(counter.next()) == {"NOISE": 8}


def test_rounded_counts_are_compared_and_never_true_ones(county: Calls) -> None:
    county.write(*calls("NOISE", 4))
    counter = county.watch("groupBy: [KIND], atLeast: 5")
    assert told(counter.next()) == {}
    before = county.settled()
    county.write(*calls("NOISE", 5))
    assert before < county.settled()
    assert counter.is_silent(0.1), "there are five, and four are published"
    county.write(*calls("NOISE", 6))
    assert told(counter.next()) == {"NOISE": 8}
    county.write(*calls("NOISE", 5))
    county.settled()
    county.write(*calls("NOISE", 7))
    assert told(counter.next()) == {"NOISE": 8}


def test_all_together_and_by_places(county: Calls) -> None:
    county.write(*calls("NOISE", 3), *calls("LEAK", 5), street="100")
    whole = county.watch("atLeast: 8", "count")
    assert whole.next()["data"]["eventsAlert"] == [{"count": 8}]
    streets = county.watch("groupBy: [KIND, REGION_STREET], atLeast: 4", "k: kind regionStreet __typename")
    assert streets.next()["data"]["eventsAlert"] == [
        {"k": kind, "regionStreet": "14/03/21/100/", "__typename": "EventAggregate"} for kind in ("NOISE", "LEAK")
    ]


def test_numbers_and_conditions_may_be_variables(county: Calls) -> None:
    county.write(*calls("NOISE", 8), *calls("LEAK", 8))
    counter = county.connect("counter", "stat")
    document = (
        "subscription S($n: Int!, $w: EventAggregateWhere, $by: [EventBucket!]) "
        "{ seen: eventsAlert(where: $w, groupBy: $by, atLeast: $n) { ...F } } fragment F on EventAggregate { kind }"
    )
    variables = {"n": 8, "w": {"kind": {"eq": "LEAK"}}, "by": ["KIND"]}
    counter.send("subscribe", id="1", payload={"query": document, "variables": variables, "operationName": "S"})
    assert counter.next()["data"] == {"seen": [{"kind": "LEAK"}]}


def test_changes_that_come_together_are_one_evaluation(county: Calls, monkeypatch: pytest.MonkeyPatch) -> None:
    county.write(*calls("NOISE", 4))
    monkeypatch.setattr(alert, "SECONDS", 6.0)
    counter = county.watch(BY_KIND)
    assert told(counter.next()) == {}
    began, before = time.monotonic(), len(county.scene.records("query"))
    for number in (5, 6, 7, 8):
        county.write(*calls("NOISE", number))
    assert told(counter.next()) == {"NOISE": 8}
    passed = time.monotonic() - began
    assert passed > 4
    assert len(county.scene.records("query")) - before <= passed // 6 + 1


def test_nothing_is_evaluated_while_nothing_changes(county: Calls) -> None:
    county.write(*calls("NOISE", 4))
    counter = county.watch(BY_KIND)
    counter.next()
    before = county.settled()
    assert counter.is_silent(3.0)
    assert len(county.scene.records("query")) == before


@pytest.mark.parametrize(
    "policy",
    [
        COUNTS.replace("to: {application: [counter]}", "to: {application: [desk]}"),
        COUNTS.replace("rounding: 4", "rounding: 5"),
        COUNTS.replace("contributors: 3", "contributors: 4"),
    ],
    ids=["revoked", "another rounding", "another threshold"],
)
def test_another_policy_ends_it(granted: Calls, policy: str) -> None:
    granted.write(*calls("NOISE", 4))
    counter = granted.watch(BY_KIND)
    counter.next()
    granted.scene.grant(policy)
    changed = time.monotonic()
    granted.write(*calls("NOISE", 8))
    assert counter.code_of_error() == "POLICY_CHANGED"
    assert time.monotonic() - changed < TOLD_SECONDS
    assert counter.is_silent(1.0)


def test_a_daily_cap_counts_each_evaluation(granted: Calls) -> None:
    capped = COUNTS.replace("    contributors: 3\n", "    contributors: 3\n    obligations: {dailyCap: 3}\n")
    assert capped != COUNTS
    granted.write(*calls("NOISE", 4))
    granted.scene.grant(capped)
    before = granted.settled()
    counter = granted.watch("groupBy: [KIND], atLeast: 40")
    assert told(counter.next()) == {}
    for number in (5, 6, 7):
        granted.write(*calls("NOISE", number))
        granted.settled()
    assert counter.code_of_error() == "DAILY_CAP", "no evaluation told anything, and each was counted"
    assert len(granted.scene.records("query")) == before + 4, "one record of its opening, and three evaluations"
    assert granted.scene.records("refusal")[-1].result == "DAILY_CAP"
    assert granted.watch(BY_KIND).code_of_error() == "DAILY_CAP", "to subscribe again wins nothing"


@pytest.mark.parametrize("number", [1, THRESHOLD - 1])
def test_a_number_below_the_threshold_is_refused(county: Calls, number: int) -> None:
    counter = county.watch(f"groupBy: [KIND], atLeast: {number}")
    message = counter.receive()
    assert message["type"] == "error"
    (error,) = message["payload"]
    assert error["extensions"]["code"] == "VALIDATION"
    assert f"atLeast takes {THRESHOLD} or more here" in error["message"]


def test_who_may_list_the_rows_may_watch_the_first(county: Calls) -> None:
    county.write(("NOISE", 1))
    desk = county.connect("desk", "event")
    desk.subscribe("1", "subscription { eventsAlert(groupBy: [KIND], atLeast: 1) { kind count } }")
    assert told(desk.next()) == {"NOISE": 1}
    county.write(("NOISE", 1), ("LEAK", 1))
    assert told(desk.next()) == {"LEAK": 1}


def test_more_groups_than_are_watched_are_refused(county: Calls, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alert, "PAGE_CELLS", 6)
    counter = county.watch(BY_KIND)
    assert counter.code_of_error() == "COST_LIMIT"


def test_what_cannot_be_recorded_is_not_told(county: Calls, monkeypatch: pytest.MonkeyPatch) -> None:
    county.write(*calls("NOISE", 4))
    counter = county.watch(BY_KIND)
    counter.next()

    async def fail(*_: Any) -> None:
        raise AuditUnavailable("the disk is full")

    monkeypatch.setattr(county.scene.served.hub.log, "append", fail)
    county.write(*calls("NOISE", 8))
    message = counter.receive()
    assert message["type"] == "error"
    assert message["payload"][0]["extensions"]["code"] == "AUDIT_UNAVAILABLE"
    assert "NOISE" not in str(message)
