"""Two departments lay rows side by side by their ids, their pseudonyms, or by how many neighbours each row has.

Ids and pseudonyms join nothing. What both are shown in clear joins rows that are alike in nothing else: that much is
inherent, and no more than that is recovered.
"""

from __future__ import annotations

from collections import Counter

import pytest

from policies.model import PolicySet
from tests.support.inference_county import PEOPLE, TWO_DEPARTMENTS, Attacker, Truth
from tests.support.small_graph import policy

pytestmark = [pytest.mark.attack, pytest.mark.slow]

POLICY = f"""{TWO_DEPARTMENTS}  - id: homes
    to: {{application: [two]}}
    for: [housing]
    basis: law
    rows: {{Person: {{}}, Dwelling: {{}}}}
    fields: {{Dwelling.code: clear, Dwelling.residents: clear, Person.gender: clear}}
"""
PAIRS = [
    (("one", "study"), ("two", "study")),
    (("one", "study"), ("one", "study.again")),
    (("two", "study"), ("two", "housing")),
]


@pytest.fixture(scope="module")
def policies(tmp_path_factory: pytest.TempPathFactory) -> PolicySet:
    return policy(tmp_path_factory.mktemp("joins"), POLICY)


@pytest.mark.parametrize(("first", "second"), PAIRS, ids="-".join)
def test_no_id_and_no_pseudonym_is_the_same_for_two(
    truth: Truth, policies: PolicySet, first: tuple[str, str], second: tuple[str, str]
) -> None:
    attackers = [Attacker(truth, policies, *each) for each in (first, second)]
    one, two = ([set(row.values()) for row in each.nodes("people", "id name")] for each in attackers)
    assert len(one) == len(two) == PEOPLE
    recovered = len((set().union(*one) & set().union(*two)) - {None})
    print(f"{first} {second}: recovered {recovered} of {PEOPLE}")
    assert recovered == 0


@pytest.mark.parametrize(("first", "second"), PAIRS, ids="-".join)
def test_an_id_of_another_opens_nothing(
    truth: Truth, policies: PolicySet, first: tuple[str, str], second: tuple[str, str]
) -> None:
    ids = [row["id"] for row in Attacker(truth, policies, *first).nodes("people", pages=1)][:60]
    other = Attacker(truth, policies, *second)
    found = [other.ask("query($i: ID!) { node(id: $i) { id } person(id: $i) { gender } }", {"i": each}) for each in ids]
    assert found == [{"node": None, "person": None}] * len(ids)


def test_the_number_of_residents_joins_no_more_than_what_both_show_in_clear(truth: Truth, policies: PolicySet) -> None:
    """Homes are joined by how many men and women live in them, which both purposes may see."""
    signatures = []
    for application, purpose in (("one", "study"), ("two", "housing")):
        attacker = Attacker(truth, policies, application, purpose)
        homes = attacker.nodes("dwellings", "id residents(first: 200) { gender }")
        signatures.append(
            {
                truth.named(attacker.department, purpose, home["id"]): tuple(
                    sorted(Counter(each["gender"] for each in home["residents"]).items())
                )
                for home in homes
            }
        )
    one, two = signatures
    alone = [{sign for sign, times in Counter(each.values()).items() if times == 1} for each in signatures]
    by_sign = {sign: home for home, sign in two.items()}
    recovered = sum(by_sign[sign] == home for home, sign in one.items() if sign in alone[0] & alone[1])
    print(f"recovered {recovered} of {len(one)} homes, each alike in nothing else")
    assert one == two
    assert recovered == len(alone[0]) < 20
