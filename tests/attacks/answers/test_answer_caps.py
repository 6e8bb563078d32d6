"""Answers of a day are counted before they are told: in lists, in concurrent requests, over several hubs."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from hub.graph.driver import GraphWriter
from hub.graph.local import GraphAddress
from policies.store import PolicyStore
from schema import SPINE
from tests.support.policy_stores import KEY, in_file
from tests.support.serving import Served, code_of, serving
from tests.support.small_graph import World

pytestmark = pytest.mark.attack

CAP = 12
POLICY = f"""
purposes: [{{id: care, zh: 关爱, en: Care}}, {{id: care.home, zh: 上门, en: At home}}]
applications: [{{id: desk, zh: 台, en: Desk, department: grid, jurisdiction: 14/03/21/}}]
stewards:
  - {{account: zhang, person: STAFF-1}}
  - {{account: li, person: STAFF-2}}
grants:
  - id: care
    to: {{application: [desk]}}
    for: [care]
    basis: law
    rows: {{Person: {{}}}}
    fields: {{Person.name: clear, Person.ageOver: {{answer: [18, 60]}}}}
    obligations: {{answerDailyCap: {CAP}}}
"""
PEOPLE = World({f"p{at}": ("Person", {"name": f"张{at}", "birthDate": dt.date(1950, 1, 1)}) for at in range(20)})
NAMES = "{ people(first: 20) { edges { node { name } } } }"


def asking(people: int, cells: str = "ageOver(years: 60)") -> str:
    return f"{{ people(first: {people}) {{ edges {{ node {{ name {cells} }} }} }} }}"


@pytest.fixture
def hubs(empty_graph: GraphAddress, tmp_path: Path) -> Iterator[list[Served]]:
    """Two hubs of one installation, with one store."""
    with ExitStack() as stack:
        with GraphWriter(empty_graph.url, empty_graph.user, empty_graph.password) as writer:
            PEOPLE.load(writer)
        stores = [stack.enter_context(closing(PolicyStore(in_file(tmp_path), KEY, SPINE))) for _ in range(2)]
        stores[0].make(lambda: {"policy.yaml": POLICY.encode()})
        yield [
            stack.enter_context(serving(tmp_path / f"home{at}", empty_graph, store=store))
            for at, store in enumerate(stores)
        ]


def codes(hub: Served, *queries: str, purpose: str = "care") -> list[str]:
    return [code_of(hub.ask(each, app="desk", purpose=purpose)) for each in queries]


def test_each_answer_of_each_node_counts_and_none_is_told_beyond_the_cap(hubs: list[Served]) -> None:
    one, other = hubs
    assert codes(one, NAMES, asking(5), asking(2, "a: ageOver(years: 18) b: ageOver(years: 60)")) == ["OK"] * 3
    refused = other.ask(asking(4), app="desk", purpose="care.home")
    assert code_of(refused) == "DAILY_CAP", "another hub, and a purpose below: 5 + 4 + 4 are more than 12"
    assert "ageOver" not in str(refused.json().get("data")) and "张" not in refused.text
    assert other.records()[-1].result == "DAILY_CAP"
    assert codes(other, asking(3)) == ["OK"], "what was refused is not counted"
    assert codes(one, asking(1), NAMES) == ["DAILY_CAP", "OK"]


def test_requests_at_once_win_nothing(hubs: list[Served]) -> None:
    with ThreadPoolExecutor(20) as pool:
        found = list(pool.map(lambda at: codes(hubs[at % 2], asking(1))[0], range(40)))
    assert found.count("OK") == CAP
    assert set(found) == {"OK", "DAILY_CAP"}
