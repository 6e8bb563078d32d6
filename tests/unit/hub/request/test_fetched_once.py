"""What a request asks for under many names is fetched once, and shown under each of them.

The statement depends on what is asked for, not on how it is called; the answer is bounded by its size, names included.
"""

from __future__ import annotations

from typing import Any

import pytest

from hub.errors import Code, HubError
from hub.request.plan import LISTS
from hub.request.plan_model import Planned
from hub.request.respond import Answer, respond
from policies.model import PolicySet
from schema import SPINE
from tests.support.small_graph import ALL_CLEAR, SEALS, denial_errors, policy, prepare, sid, subject

pytestmark = pytest.mark.unit
ROW = {"s": sid("a"), "k": [1]}
ID = SEALS.seal_id("fire", "a", SPINE.entity("Person").tag, sid("a"))


@pytest.fixture(scope="module")
def policies(tmp_path_factory: pytest.TempPathFactory) -> PolicySet:
    return policy(tmp_path_factory.mktemp("policy"), ALL_CLEAR)


def statement_of(policies: PolicySet, document: str) -> tuple[str, str]:
    """The statement's text and its parameters."""
    _, statement = prepare(policies, subject(policies, "app"), "a", document)
    assert statement is not None
    return statement.text, repr(statement.parameters)


def answer_of(policies: PolicySet, document: str, row: dict[str, Any], byte_cap: int = 1_000_000) -> Answer:
    """The answer made of a row that the graph could have given."""
    planned, _ = prepare(policies, subject(policies, "app"), "a", document)
    return respond(planned, row, {}, SPINE, SEALS, denial_errors(policies, planned), byte_cap)


def aliases(count: int, field: str) -> str:
    return " ".join(f"a{at}: {field}" for at in range(count))


def person(shown: str) -> str:
    return f"{{ people(first: 1) {{ edges {{ node {{ {shown} }} }} }} }}"


ALIKE = [
    (person("name phone"), person("a: phone b: phone c: name")),
    (person("id name"), person(f"name i: id {aliases(100, 'name')}")),
    (person("name"), "{ people(first: 1) { edges { a: node { name } } b: edges { c: node { name } } } }"),
    (person("name phone"), f"{{ a: {person('name')[2:-2]} b: {person('phone')[2:-2]} }}"),
    (
        "{ people(first: 9) { edges { cursor } } }",
        "{ a: people(first: 9) { edges { cursor } } people(first: 2) { __typename } }",
    ),
    (
        person("dwellings(first: 3) { code usage }"),
        person("a: dwellings(first: 1) { code } dwellings(first: 3) { usage }"),
    ),
    (
        person("dwellings(first: 3) { code usage }"),
        person(
            "a: dwellings(first: 1) { code } dwellingsList(first: 3) { n: nodes { usage } pageInfo { totalCount } }"
        ),
    ),
    (
        f'{{ person(id: "{ID}") {{ name phone }} }}',
        f'{{ a: person(id: "{ID}") {{ phone }} node(id: "{ID}") {{ ... on Person {{ name }} }} }}',
    ),
    (
        "{ peopleAggregate(groupBy: [GENDER]) { gender count } }",
        "{ a: peopleAggregate(groupBy: [GENDER]) { b: count } peopleAggregate(groupBy: [GENDER]) { gender } }",
    ),
]


@pytest.mark.parametrize(("plain", "aliased"), ALIKE)
def test_names_change_nothing_in_the_statement(policies: PolicySet, plain: str, aliased: str) -> None:
    assert statement_of(policies, plain) == statement_of(policies, aliased)


DIFFERENT = [
    (person("name"), person("phone")),
    (person("name"), person("name dwellings { code }")),
    (person("dwellings { code }"), person("dwellings { code } b: dwellings(orderBy: [{code: DESC}]) { code }")),
    ("{ people(first: 9) { edges { cursor } } }", "{ people(last: 9) { edges { cursor } } }"),
    ("{ people { edges { cursor } } }", "{ people { edges { cursor } } b: people(orderBy: []) { edges { cursor } } }"),
    (
        '{ people(where: {name: {eq: "a"}}) { edges { cursor } } }',
        '{ people(where: {name: {eq: "a"}}) { edges { cursor } } b: people(where: {name: {eq: "b"}}) { __typename } }',
    ),
]


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_what_differs_is_fetched_apart(policies: PolicySet, one: str, other: str) -> None:
    assert statement_of(policies, one) != statement_of(policies, other)


def test_each_name_shows_its_own_part_of_what_was_fetched(policies: PolicySet) -> None:
    document = """{
        a: people(first: 1) { edges { node { x: name y: name id } cursor } pageInfo { hasNextPage } }
        b: people(first: 2) { edges { node {
            phone one: dwellings(first: 1) { code } two: dwellings(first: 2) { id }
        } } }
    }"""
    dwellings = [[2, [sid(name), f"code {name}"]] for name in ("d", "e")]
    nodes = [[sid(name), f"name {name}", "1", dwellings] for name in ("p", "q")]
    rows = [[[at], node] for at, node in enumerate(nodes)]
    answer = answer_of(policies, document, {"r0": rows})
    (first,) = answer.data["a"]["edges"]
    assert first["node"]["x"] == first["node"]["y"] == "name p"
    assert first["node"].keys() == {"x", "y", "id"}
    assert answer.data["a"]["pageInfo"]["hasNextPage"] is True
    shown = [each["node"] for each in answer.data["b"]["edges"]]
    assert [each["one"] for each in shown] == [[{"code": "code d"}]] * 2
    assert [len(each["two"]) for each in shown] == [2, 2]
    assert answer.nodes == 1 + 2 * (1 + 1 + 2)
    assert set(answer.subjects) == {sid("p"), sid("q")}


def test_what_is_masked_here_is_masked_once_for_all_its_names(
    policies: PolicySet, monkeypatch: pytest.MonkeyPatch
) -> None:
    masked: list[str] = []

    def mask(_: str, value: str, *__: object) -> str:
        masked.append(value)
        return "*"

    monkeypatch.setattr("hub.request.respond.mask_fetched", mask)
    nodes = [[sid(name), {"m": "some", "v": name}] for name in ("p", "q")]
    rows = [[[at], node] for at, node in enumerate(nodes)]
    document = f"{{ people(first: 2) {{ edges {{ node {{ {aliases(100, 'name')} }} }} }} }}"
    answer = answer_of(policies, document, {"r0": rows})
    assert masked == ["p", "q"]
    assert [set(each["node"].values()) for each in answer.data["people"]["edges"]] == [{"*"}, {"*"}]


def test_people_of_longer_lists_are_not_recorded_for_shorter_ones(policies: PolicySet) -> None:
    document = "{ a: people(first: 1) { edges { node { id } } } b: people(first: 3) { edges { cursor } } }"
    rows = [[[0], [sid(name)]] for name in ("p", "q", "r")]
    answer = answer_of(policies, document, {"r0": rows})
    assert answer.subjects == (sid("p"),)
    assert len(answer.data["b"]["edges"]) == 3


@pytest.mark.parametrize(
    "shown",
    [aliases(380, "name"), aliases(380, "id"), f"{'n' * 60_000}: name", aliases(380, "__typename")],
    ids=["a text", "an id", "a long name", "what is not fetched"],
)
def test_the_answer_is_bounded_by_its_size_with_names(policies: PolicySet, shown: str) -> None:
    node = [sid("a"), "x" * 100]
    row = {"r0": [[[0], node]]}
    with pytest.raises(HubError, match="larger than 3500 bytes") as refused:
        answer_of(policies, person(shown), row, byte_cap=3_500)
    assert refused.value.code is Code.RESULT_LIMIT
    assert answer_of(policies, person("a: name b: id __typename"), row, byte_cap=3_500).nodes == 1


def with_orders(count: int) -> str:
    """As many lists over one edge, each in another order."""
    keys = [f"{{{name}: {how}}}" for name in ("code", "unitNo", "roomNo", "usage", "area") for how in ("ASC", "DESC")]
    orders = [
        *([key] for key in keys),
        *([a, b] for a in keys for b in keys if a.partition(":")[0] != b.partition(":")[0]),
    ]
    lists = [
        f"a{at}: dwellings(orderBy: [{', '.join(order)}]) {{ id }}"
        for at, order in zip(range(count), orders, strict=False)
    ]
    assert len(lists) == count
    return person(" ".join(lists))


def with_conditions(count: int) -> str:
    one = '{alias}: people(first: 1, where: {{name: {{eq: "{alias}"}}}}) {{ edges {{ cursor }} }}'
    return f"{{ {' '.join(one.format(alias=f'a{at}') for at in range(count))} }}"


@pytest.mark.parametrize("ask", [lambda count: with_orders(count - 1), with_conditions], ids=["orders", "conditions"])
def test_a_statement_makes_a_bounded_number_of_lists(policies: PolicySet, ask: Any) -> None:
    planned: Planned
    planned, _ = prepare(policies, subject(policies, "app"), "a", ask(LISTS))
    assert planned.lists == LISTS
    with pytest.raises(HubError, match=f"more than {LISTS} lists") as refused:
        prepare(policies, subject(policies, "app"), "a", ask(LISTS + 1))
    assert refused.value.code is Code.COST_LIMIT
