"""Two departments lay their lists side by side: a place in one says no more than chance about a place in the other.

Both are shown people under pseudonyms only, so that nothing in a row can be joined. Bounds are those of a random order:
one place in a list and two neighbours are expected to be the same by chance, however long the list.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import pytest

from policies.model import PolicySet
from tests.support.inference_county import PEOPLE, TWO_DEPARTMENTS, Attacker, Truth
from tests.support.small_graph import policy

pytestmark = [pytest.mark.attack, pytest.mark.slow]
CHANCE = 7
"""A Poisson number of mean 1 or 2 is larger with a chance of about one in a thousand; the keys are fixed here."""


@pytest.fixture(scope="module")
def policies(tmp_path_factory: pytest.TempPathFactory) -> PolicySet:
    return policy(tmp_path_factory.mktemp("order"), TWO_DEPARTMENTS)


def same_places(one: Sequence[str], two: Sequence[str]) -> int:
    """At how many places both lists have the same person."""
    return sum(a == b for a, b in zip(one, two, strict=True))


def same_neighbours(one: Sequence[str], two: Sequence[str]) -> int:
    """How many pairs stand side by side in both lists."""

    def pairs(names: Sequence[str]) -> set[frozenset[str]]:
        return {frozenset(pair) for pair in pairwise(names)}

    return len(pairs(one) & pairs(two))


def correlation(one: Sequence[str], two: Sequence[str]) -> float:
    """Spearman's rank correlation of the places of the same people."""
    place = {name: at for at, name in enumerate(two)}
    gaps = sum((at - place[name]) ** 2 for at, name in enumerate(one))
    return 1 - 6 * gaps / (len(one) * (len(one) ** 2 - 1))


PAIRS = [
    (("one", "study"), ("two", "study")),
    (("one", "study"), ("one", "plan")),
    (("one", "study"), ("one", "study.again")),
    (("one", "study"), ("two", "plan")),
]


@pytest.mark.parametrize(("first", "second"), PAIRS, ids="-".join)
@pytest.mark.parametrize(
    ("order", "other"),
    [
        ("", ""),
        (", orderBy: []", ", orderBy: []"),
        (", orderBy: [{gender: DESC}]", ", orderBy: [{gender: DESC}]"),
        (", orderBy: [{gender: ASC}]", ", orderBy: [{gender: DESC}]"),
    ],
)
def test_case_1_05_places_of_two_lists_tell_no_more_than_chance(
    truth: Truth, policies: PolicySet, first: tuple[str, str], second: tuple[str, str], order: str, other: str
) -> None:
    one, two = Attacker(truth, policies, *first).people(order), Attacker(truth, policies, *second).people(other)
    if order != other:
        two.reverse()
    assert sorted(one) == sorted(two)
    assert len(one) == PEOPLE
    # The order by sex is asked for and shown; within each sex the lists must have nothing in common.
    everyone = truth.of("Person")
    halves = [{name for name in everyone if everyone[name]["gender"] == sex} for sex in ("MALE", "FEMALE")]
    for half in halves if order.endswith("C}]") else [set(everyone)]:
        a, b = [name for name in one if name in half], [name for name in two if name in half]
        found = same_places(a, b), same_places(a, b[::-1]), same_neighbours(a, b), round(correlation(a, b), 3)
        print(f"{first} {second} {order}: recovered {found[0]} of {len(a)} places; {found}")
        assert max(found[:3]) <= CHANCE
        assert abs(found[3]) < 4 / len(a) ** 0.5


def test_case_1_05_nested_lists_and_first_rows_have_no_common_order(truth: Truth, policies: PolicySet) -> None:
    """Of homes with three people or more: the first resident is the same for two purposes as often as chance has it."""
    lists = []
    for application, purpose in PAIRS[0]:
        attacker = Attacker(truth, policies, application, purpose)
        homes = attacker.nodes("dwellings", "id residents(first: 200) { id } one: residents(first: 1) { id }")
        named = {}
        for home in homes:
            inside = [truth.named(attacker.department, purpose, each["id"]) for each in home["residents"]]
            assert [each["id"] for each in home["one"]] == [each["id"] for each in home["residents"]][:1]
            named[truth.named(attacker.department, purpose, home["id"])] = inside
        lists.append(named)
    one, two = lists
    large = [home for home, inside in one.items() if len(inside) >= 3]
    expected = sum(1 / len(one[home]) for home in large)
    same = sum(one[home][0] == two[home][0] for home in large)
    print(f"{same} of {len(large)} first residents are the same; by chance {expected:.0f}")
    assert len(large) > 200
    assert abs(same - expected) < 4 * expected**0.5


def test_case_1_05_an_order_is_kept_from_page_to_page_and_request_to_request(truth: Truth, policies: PolicySet) -> None:
    attacker = Attacker(truth, policies, "one", "study")
    people = attacker.people()
    assert people == attacker.people()
    assert len(set(people)) == PEOPLE
    sexes = [truth.of("Person")[each]["gender"] for each in attacker.people(", orderBy: [{gender: DESC}]")]
    assert sexes == sorted(sexes, reverse=True)
