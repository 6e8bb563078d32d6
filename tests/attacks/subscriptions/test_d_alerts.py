"""D01 and D02: no alert tells of a count what the aggregate does not tell for the same purpose."""

from __future__ import annotations

import pytest

from tests.support.serving import code_of
from tests.support.subscribing.calls import BASE, THRESHOLD, Calls, calls, county, often, told

__all__ = ["county", "often"]  # the fixtures of all scenes with calls
pytestmark = [pytest.mark.attack, pytest.mark.usefixtures("often")]
NUMBERS = range(THRESHOLD, 18)
NOT_FOR_ALERTS = ["first: 1", 'after: "x"', "orderBy: []", "atMost: 4"]


def walk(county: Calls, arguments: str) -> dict[int, dict[str, int]]:
    """What an alert begins with, for each number that may be asked for."""
    counter, found = county.connect("counter", "stat"), {}
    for number in NUMBERS:
        document = f"subscription {{ eventsAlert({arguments}, atLeast: {number}) {{ kind count }} }}"
        counter.subscribe("1", document)
        found[number] = told(counter.next())
        counter.send("complete", id="1")
    county.close()
    return found


@pytest.mark.parametrize("noise", [0, 2, 3, 5, 6, 9, 13])
def test_d01_d02_a_walk_over_all_numbers_finds_the_published_counts_and_no_others(county: Calls, noise: int) -> None:
    county.write(*calls("NOISE", noise), *calls("LEAK", 12, people=2), *calls("OTHER", 14))
    published = {each["kind"]: each["count"] for each in county.published()}
    assert published["LEAK"] is None
    assert all(count is None or count % BASE == 0 for count in published.values())
    reached = {
        number: {kind: count for kind, count in published.items() if count is not None and count >= number}
        for number in NUMBERS
    }
    assert walk(county, "groupBy: [KIND]") == reached


@pytest.mark.parametrize("pair", [(5, 4), (3, 2), (13, 12), (10, 9)])
def test_d02_two_worlds_with_the_same_published_counts_are_told_alike(county: Calls, pair: tuple[int, int]) -> None:
    """One caller more or less: whatever is watched, what comes is what the aggregate would say."""
    seen = []
    for number in pair:
        county.write(*calls("NOISE", number), *calls("LEAK", 6))
        seen.append((walk(county, "groupBy: [KIND]"), {each["kind"]: each["count"] for each in county.published()}))
    (walked, published), (other, of_other) = seen
    assert (walked == other) is (published == of_other)


DENIED = [
    "groupBy: [STATUS]",
    "groupBy: [KIND, REGION_STREET, REGION_GRID]",
    "groupBy: [WORD]",
    "where: {status: {eq: CLOSED}}",
    'where: {number: {eq: "C1"}}',
    'where: {not: {number: {eq: "C1"}}}',
    'where: {number: {in: ["C1", "C2", "C3"]}}, groupBy: [KIND]',
    'where: {reporter: {some: {name: {eq: "CANARY"}}}}',
    "where: {grid: {some: {level: {eq: GRID}}}}",
    'where: {reporterPhone: {startsWith: "138"}}',
    "where: {}",
    "where: null",
    "groupBy: [NONE]",
]


@pytest.mark.parametrize("arguments", DENIED)
def test_d02_what_the_aggregate_refuses_no_alert_is_opened_with(county: Calls, arguments: str) -> None:
    token = county.scene.served.issuer.issue("counter", "clerk-1")
    asked = county.scene.served.ask(f"{{ eventsAggregate({arguments}) {{ count }} }}", token=token, purpose="stat")
    code = code_of(asked)
    assert code in {"FIELD_NOT_FILTERABLE", "VALIDATION", "COST_LIMIT"}
    statements = county.scene.served.hub.graph.statements
    counter = county.watch(f"{arguments}, atLeast: 10", "count")
    message = counter.receive()
    assert message["type"] == "error"
    assert message["payload"][0]["extensions"]["code"] == code
    assert "CANARY" not in str(message) and "C1" not in str(message)
    assert county.scene.served.hub.graph.statements == statements
    assert county.scene.records()[-1].result == code


@pytest.mark.parametrize("argument", NOT_FOR_ALERTS)
def test_d02_an_alert_takes_no_other_argument(county: Calls, argument: str) -> None:
    counter = county.watch(f"groupBy: [KIND], atLeast: 10, {argument}")
    assert counter.code_of_error() == "VALIDATION"


def test_d01_who_may_count_nothing_is_told_nothing(county: Calls) -> None:
    client = county.connect("next-desk", "stat")
    client.subscribe("1", "subscription { eventsAlert(atLeast: 10) { count } }")
    assert client.code_of_error() == "PURPOSE_DENIED"


def test_d02_to_begin_again_tells_the_same(county: Calls) -> None:
    """Nothing is added to a count by chance, so that there is nothing to average; each beginning is counted."""
    county.write(*calls("NOISE", 5), *calls("LEAK", 7))
    before = len(county.scene.records("query"))
    seen = []
    for _ in range(5):
        counter = county.watch("groupBy: [KIND], atLeast: 4")
        seen.append(told(counter.next()))
        county.close()
    assert seen == [{"NOISE": 4, "LEAK": 8}] * 5
    assert len(county.scene.records("query")) == before + 10
