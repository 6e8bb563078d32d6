"""Pages that go backwards show the same list as those that go forwards, in the same order."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from hub.errors import Code, HubError
from hub.graph.driver import Graph, GraphWriter
from hub.graph.local import GraphAddress
from policies.model import PolicySet
from tests.support.small_graph import World, ask, policy, subject, with_graph

pytestmark = pytest.mark.conformance

POLICY = """
purposes: [{id: a, zh: 甲, en: A}]
applications: [{id: app, zh: 应用, en: App, department: fire, jurisdiction: 14/01/}]
grants:
  - id: everywhere
    to: {application: [app]}
    for: [a]
    basis: law
    rows: {Person: {}}
    fields: {Person.name: clear, Person.gender: clear, Person.birthDate: clear}
  - id: own
    to: {application: [app]}
    for: [a]
    basis: law
    rows: {Person: {region: {startsWith: $subject.jurisdiction}}}
    fields: {Person.phone: clear}
  - {id: found, to: {application: [app]}, for: [a], basis: law, rows: {Person: {}}, match: [Person.idNumber],
     obligations: {matchDailyCap: 5}}
"""
PEOPLE = 11
ORDERS = ("", "[]", "[{phone: ASC}]", "[{phone: DESC}]", "[{gender: DESC}, {phone: ASC}]", "[{birthDate: ASC}]")
ROW = "edges { cursor node { name } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor }"


def world() -> World:
    """Some have no telephone, some one that is hidden, and many are alike."""
    made = World()
    for number in range(PEOPLE):
        phone = {"phone": f"{number % 3}"} if number % 4 else {}
        region = "14/01/" if number % 5 else "14/02/"
        properties = {"name": f"n{number}", "idNumber": f"{number}", "region": region, **phone}
        made.nodes[f"p{number}"] = ("Person", properties | {"gender": "MALE" if number % 2 else "FEMALE"})
    return made


@pytest.fixture(scope="module")
def policies(tmp_path_factory: pytest.TempPathFactory) -> PolicySet:
    return policy(tmp_path_factory.mktemp("policy"), POLICY)


@pytest.fixture(scope="module")
def people(empty_graph: GraphAddress) -> Iterator[GraphAddress]:
    with GraphWriter(empty_graph.url, empty_graph.user, empty_graph.password) as writer:
        world().load(writer)
    yield empty_graph


Pages = list[dict[str, Any]]


def pages(address: GraphAddress, policies: PolicySet, order: str, size: int, *, backward: bool) -> Pages:
    """All pages of a list, in the order in which they were asked for; each is one statement."""
    by, at, more, end = ("last", "before", "hasPreviousPage", "startCursor") if backward else FORWARD
    order_by = f", orderBy: {order}" if order else ""
    document = f"query ($n: Int, $c: String) {{ people({by}: $n, {at}: $c{order_by}) {{ {ROW} }} }}"

    async def run(graph: Graph) -> Pages:
        found: Pages = []
        cursor = None
        while not found or found[-1]["pageInfo"][more]:
            variables = {"n": size, "c": cursor}
            answered = await ask(graph, policies, subject(policies, "app"), "a", document, variables)
            found.append(answered.answer.data["people"])
            cursor = found[-1]["pageInfo"][end]
            assert graph.statements == len(found)
        return found

    return with_graph(address, run)


FORWARD = ("first", "after", "hasNextPage", "endCursor")


def names(page: dict[str, Any]) -> list[str]:
    return [each["node"]["name"] for each in page["edges"]]


@pytest.mark.parametrize("size", [1, 3, 11, 20])
@pytest.mark.parametrize("order", ORDERS)
def test_both_ways_show_the_same_list(people: GraphAddress, policies: PolicySet, order: str, size: int) -> None:
    forward = pages(people, policies, order, size, backward=False)
    backward = pages(people, policies, order, size, backward=True)
    there = [name for page in forward for name in names(page)]
    assert sorted(there) == sorted(world().nodes[each][1]["name"] for each in world().nodes)
    assert [name for page in reversed(backward) for name in names(page)] == there
    assert [len(page["edges"]) for page in backward] == [len(page["edges"]) for page in forward]


def test_a_page_says_what_is_on_either_side(people: GraphAddress, policies: PolicySet) -> None:
    sides = [
        (page["pageInfo"]["hasPreviousPage"], page["pageInfo"]["hasNextPage"])
        for page in pages(people, policies, "[]", 4, backward=True)
    ]
    assert sides == [(True, False), (True, True), (False, True)]


def test_a_cursor_leads_both_ways(people: GraphAddress, policies: PolicySet) -> None:
    first, second, _ = pages(people, policies, "[{phone: ASC}]", 4, backward=False)
    document = "query ($c: String) { people(before: $c, orderBy: [{phone: ASC}]) { edges { node { name } } } }"

    async def run(graph: Graph) -> Any:
        variables = {"c": second["pageInfo"]["startCursor"]}
        return (await ask(graph, policies, subject(policies, "app"), "a", document, variables)).answer.data["people"]

    assert names(with_graph(people, run)) == names(first)


def test_the_last_of_a_match_is_the_match(people: GraphAddress, policies: PolicySet) -> None:
    document = f'{{ people(last: 5, where: {{idNumber: {{eq: "3"}}}}) {{ {ROW} }} }}'

    async def run(graph: Graph) -> Any:
        return (await ask(graph, policies, subject(policies, "app"), "a", document)).answer.data["people"]

    page = with_graph(people, run)
    assert names(page) == ["n3"]
    assert (page["pageInfo"]["hasPreviousPage"], page["pageInfo"]["hasNextPage"]) == (False, False)


BOTH_WAYS = ["first: 2, last: 2", 'first: 2, before: "x"', 'last: 2, after: "x"', 'after: "x", before: "x"']


@pytest.mark.parametrize("arguments", BOTH_WAYS)
def test_both_ways_at_once_are_refused(people: GraphAddress, policies: PolicySet, arguments: str) -> None:
    async def run(graph: Graph) -> None:
        document = f"{{ people({arguments}) {{ edges {{ cursor }} }} }}"
        with pytest.raises(HubError, match="forwards, by `first` and `after`, or backwards") as refused:
            await ask(graph, policies, subject(policies, "app"), "a", document)
        assert refused.value.code is Code.VALIDATION
        assert graph.statements == 0

    with_graph(people, run)
