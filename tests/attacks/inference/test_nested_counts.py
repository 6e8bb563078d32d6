"""How many there are over an edge is told of those alone who may be listed, whatever is asked of the list.

The inspector lists the women among the residents, the neighbour lists whoever lives in their own street and the
dwellings of both, the counter may only count people, the clerk may only find them by their number.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from policies.model import PolicySet
from tests.support.inference_county import Attacker, Truth
from tests.support.small_graph import policy

pytestmark = [pytest.mark.attack, pytest.mark.slow]

POLICY = """
purposes:
  - {id: safety, zh: 安全, en: Safety}
  - {id: street, zh: 街道, en: Street}
  - {id: stat, zh: 统计, en: Statistics}
  - {id: desk, zh: 窗口, en: Desk}
applications:
  - {id: app, zh: 应用, en: App, department: fire, jurisdiction: 14/03/21/}
grants:
  - {id: homes, to: {application: [app]}, for: [safety, street, stat, desk], basis: law, rows: {Dwelling: {}},
     fields: {Dwelling.code: clear, Dwelling.residents: clear}}
  - {id: women, to: {application: [app]}, for: [safety], basis: law, rows: {Person: {gender: {eq: FEMALE}}},
     fields: {Person.name: {mask: surname}}}
  - {id: own-street, to: {application: [app]}, for: [street], basis: law,
     rows: {Person: {region: {startsWith: 14/03/21/001/}}}, fields: {Person.name: clear}}
  - {id: all-counted, to: {application: [app]}, for: [street, stat], basis: law, rows: {Person: {}}, contributors: 10,
     fields: {Person.gender: aggregate}}
  - {id: found, to: {application: [app]}, for: [desk], basis: law, rows: {Person: {}}, match: [Person.idNumber],
     obligations: {matchDailyCap: 5}}
"""
HOMES = "code residentsList(first: {first}) {{ nodes {{ id }} pageInfo {{ totalCount hasNextPage }} }}"


@pytest.fixture(scope="module")
def policies(tmp_path_factory: pytest.TempPathFactory) -> PolicySet:
    return policy(tmp_path_factory.mktemp("nested"), POLICY)


def residents(truth: Truth) -> Counter[tuple[str, str, str]]:
    """How many live in each dwelling, by gender and street."""
    found: Counter[tuple[str, str, str]] = Counter()
    for person, edge, home in truth.world.edges:
        if edge == "dwellings":
            properties = truth.world.nodes[person][1]
            found[truth.world.nodes[home][1]["code"], properties["gender"], properties["region"][:13]] += 1
    return found


def counted(attacker: Attacker, first: int = 200) -> dict[str, Any]:
    return {each["code"]: each["residentsList"] for each in attacker.nodes("dwellings", HOMES.format(first=first))}


def totals(lists: dict[str, Any]) -> dict[str, int]:
    return {code: each["pageInfo"]["totalCount"] for code, each in lists.items()}


@pytest.mark.parametrize("first", [0, 1, 200])
def test_a_count_of_residents_is_that_of_those_who_may_be_listed(truth: Truth, policies: PolicySet, first: int) -> None:
    lists = counted(Attacker(truth, policies, "app", "safety"), first)
    women: Counter[str] = Counter()
    for (code, gender, _), many in residents(truth).items():
        women[code] += many if gender == "FEMALE" else 0
    assert totals(lists) == {code: women[code] for code in lists}
    assert all(len(each["nodes"]) == min(first, each["pageInfo"]["totalCount"]) for each in lists.values())
    assert len(lists) == len(truth.of("Dwelling"))
    # There are dwellings that only men live in, and they look like vacant ones.
    inhabited = {code for code, _, _ in residents(truth)}
    men_only = {code for code in inhabited if not women[code]}
    assert men_only
    assert len({repr(lists[code]) for code in (lists.keys() - inhabited) | men_only}) == 1


def test_a_grant_to_count_adds_nobody_to_a_list(truth: Truth, policies: PolicySet) -> None:
    """Under a threshold the county may be counted; a nested list has one home, and most homes have fewer than ten."""
    lists = counted(Attacker(truth, policies, "app", "street"))
    own: Counter[str] = Counter()
    for (code, _, street), many in residents(truth).items():
        own[code] += many if street == "14/03/21/001/" else 0
    assert totals(lists) == {code: own[code] for code in lists}
    assert sum(own.values()) < sum(residents(truth).values())


@pytest.mark.parametrize("purpose", ["stat", "desk"])
def test_who_may_be_counted_or_found_only_is_in_no_nested_count(
    truth: Truth, policies: PolicySet, purpose: str
) -> None:
    attacker = Attacker(truth, policies, "app", purpose)
    assert set(counted(attacker).values()) == {None}
    assert {each["residents"] for each in attacker.nodes("dwellings", "residents(first: 1) { id }")} == {None}
