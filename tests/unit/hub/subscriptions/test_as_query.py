"""The query that a subscription becomes: it asks for one node, or for counts, and keeps everything else as it was."""

from __future__ import annotations

import pytest
from graphql import parse, print_ast, validate

from hub.errors import HubError
from hub.subscriptions.as_query import as_query, asks_for_changes
from schema import SPINE
from tests.support.small_graph import SCHEMA

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("subscription", "query"),
    [
        (
            "subscription { eventChanged { number } }",
            "query ($changed: ID!) { eventChanged: event(id: $changed) { number } }",
        ),
        (
            "subscription S($x: Boolean!) { seen: eventChanged { ...F text @include(if: $x) } } "
            "fragment F on Event { id }",
            "query S($x: Boolean!, $changed: ID!) { seen: event(id: $changed) { ...F text @include(if: $x) } } "
            "fragment F on Event { id }",
        ),
        (
            "subscription ($changed: Boolean!) { eventChanged { id @skip(if: $changed) } }",
            "query ($changed: Boolean!, $changed_: ID!) "
            "{ eventChanged: event(id: $changed_) { id @skip(if: $changed) } }",
        ),
    ],
)
def test_a_subscription_becomes_a_query_of_one_node(subscription: str, query: str) -> None:
    made = as_query(subscription, None, SPINE)
    assert print_ast(parse(made.text)) == print_ast(parse(query))
    assert validate(SCHEMA, parse(made.text)) == []
    assert validate(SCHEMA, parse(subscription)) == []
    assert made.entity.name == "Event"


@pytest.mark.parametrize(
    ("document", "told"),
    [
        ("{ events { edges { cursor } } }", "send queries by POST"),
        ("subscription A { eventChanged { id } } subscription B { eventChanged { id } }", "one operation"),
        ("subscription { eventChanged { id } again: eventChanged { id } }", "one root field"),
        ("subscription { ...F } fragment F on Subscription { eventChanged { id } }", "one root field"),
        ("subscription { eventChanged @skip(if: true) { id } }", "one root field"),
        ('subscription { eventChanged(id: "13811110001") { id } }', "takes no argument"),
        ("subscription { eventChnged { id } }", "did you mean eventChanged?"),
        ("subscription { eventsAlrt(atLeast: 10) { count } }", "did you mean eventsAlert?"),
        ("subscription { peopleAlert(atLeast: 10) { count } }", "has no field peopleAlert"),
        ("subscription { eventsAggregate { count } }", "has no field eventsAggregate"),
        ("subscription { personChanged { id } }", "has no field personChanged"),
        ("subscription { __typename }", "has no field __typename"),
        ("subscription { eventChanged { id } } type T { id: ID }", "nothing besides"),
        ('subscription { eventChanged { id("13811110001', "is not GraphQL"),
    ],
)
def test_what_is_no_subscription_of_one_field_is_refused(document: str, told: str) -> None:
    with pytest.raises(HubError) as refused:
        as_query(document, None, SPINE)
    assert told in refused.value.public_message
    assert "1381111" not in refused.value.public_message


@pytest.mark.parametrize(
    "document",
    [
        "subscription { eventChanged { ...F } } fragment F on Event { id @skip(if: $changed) }",
        "subscription { eventChanged { reporter { accesses(id: $changed) } } }",
    ],
)
def test_a_variable_that_is_not_declared_is_not_that_of_the_node(document: str) -> None:
    made = as_query(document, None, SPINE)
    assert any("'$changed' is not defined" in each.message for each in validate(SCHEMA, parse(made.text)))


def test_another_name_is_refused() -> None:
    with pytest.raises(HubError, match="operationName"):
        as_query("subscription A { eventChanged { id } }", "B", SPINE)
    assert as_query("subscription A { eventChanged { id } }", "A", SPINE).operation_name == "A"


@pytest.mark.parametrize(
    ("subscription", "variables", "query", "at_least"),
    [
        (
            "subscription { eventsAlert(groupBy: [KIND], atLeast: 20) { kind count } }",
            {},
            "{ eventsAlert: eventsAggregate(groupBy: [KIND]) { kind count } }",
            20,
        ),
        (
            "subscription S($w: EventAggregateWhere, $n: Int!) "
            "{ many: eventsAlert(where: $w, atLeast: $n) { ...F } } fragment F on EventAggregate { count }",
            {"n": 12, "w": {}},
            "query S($w: EventAggregateWhere) "
            "{ many: eventsAggregate(where: $w) { ...F } } fragment F on EventAggregate { count }",
            12,
        ),
        (
            "subscription S($n: Int! = 30) { eventsAlert(atLeast: $n) { count } }",
            {},
            "query S { eventsAlert: eventsAggregate { count } }",
            30,
        ),
    ],
)
def test_an_alert_becomes_a_query_of_counts(
    subscription: str, variables: dict[str, object], query: str, at_least: int
) -> None:
    made = as_query(subscription, None, SPINE, variables)
    assert print_ast(parse(made.text)) == print_ast(parse(query))
    assert validate(SCHEMA, parse(made.text)) == validate(SCHEMA, parse(subscription)) == []
    assert (made.entity.name, made.at_least, made.variable) == ("Event", at_least, None)


NUMBER = "takes a whole number of at least 1"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ("groupBy: [KIND]", "must be told atLeast"),
        ("atLeast: 0", NUMBER),
        ("atLeast: -20", NUMBER),
        ("atLeast: 20.0", NUMBER),
        ("atLeast: null", NUMBER),
        ('atLeast: "13811110001"', NUMBER),
        ("atLeast: 13811110001", NUMBER),
        ("atLeast: [20]", NUMBER),
        ("atLeast: $none", NUMBER),
        ("atLeast: $text", NUMBER),
        ("atLeast: $maybe", NUMBER),
        ("atLeast: $yes", NUMBER),
        ("atLeast: $absent", NUMBER),
        ("atLeast: 20, atLeast: 10", "each once"),
        ("atLeast: 20, first: 10", "and nothing else"),
        ('atLeast: 20, after: "13811110001"', "and nothing else"),
    ],
)
def test_what_is_no_alert_is_refused(arguments: str, told: str) -> None:
    declared = "$text: String!, $maybe: Int, $yes: Int!, $absent: Int!"
    document = f"subscription ({declared}) {{ eventsAlert({arguments}) {{ count }} }}"
    with pytest.raises(HubError) as refused:
        as_query(document, None, SPINE, {"text": "20", "maybe": 20, "yes": True, "none": 20})
    assert told in refused.value.public_message
    assert "1381111" not in refused.value.public_message


@pytest.mark.parametrize(
    ("document", "asks"),
    [
        ("subscription { eventChanged { number } }", True),
        ("query A { __typename } subscription B { eventChanged { number } }", True),
        ("query subscription { __typename }", False),
        ("mutation { x }", False),
        ("subscription {", False),
        ("", False),
        ("{ " * 100_000, False),
    ],
)
def test_a_document_with_a_subscription_asks_for_changes(document: str, asks: bool) -> None:
    """What cannot be read is refused as a query would be."""
    assert asks_for_changes(document) is asks
