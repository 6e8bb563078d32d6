"""A nested list with its page info, made of rows that the graph could have given."""

from __future__ import annotations

from typing import Any

import pytest

from hub.request.respond import Answer, respond
from policies.model import PolicySet
from schema import SPINE
from tests.support.small_graph import ALL_CLEAR, SEALS, denial_errors, policy, prepare, sid, subject

pytestmark = pytest.mark.unit


@pytest.fixture(scope="module")
def policies(tmp_path_factory: pytest.TempPathFactory) -> PolicySet:
    return policy(tmp_path_factory.mktemp("policy"), ALL_CLEAR)


def answer_of(policies: PolicySet, shown: str, *rows: Any) -> Answer:
    """The answer for one person, whose dwellings are these rows."""
    document = f"{{ people(first: 1) {{ edges {{ node {{ {shown} }} }} }} }}"
    planned, _ = prepare(policies, subject(policies, "app"), "a", document)
    row = {"r0": [[[0], [sid("p"), list(rows)]]]}
    return respond(planned, row, {}, SPINE, SEALS, denial_errors(policies, planned), 100_000)


def list_of(answer: Answer) -> Any:
    (edge,) = answer.data["people"]["edges"]
    (found,) = edge["node"].values()
    return found


def dwelling(name: str, total: int) -> list[Any]:
    return [total, [sid(name), f"code {name}"]]


def test_each_name_shows_its_own_nodes_and_info(policies: PolicySet) -> None:
    shown = """dwellingsList(first: 2) { t: __typename a: nodes { code } b: nodes { c: code __typename }
        pageInfo { n: totalCount hasNextPage __typename } }"""
    answer = answer_of(policies, shown, dwelling("d", 3), dwelling("e", 3))
    assert list_of(answer) == {
        "t": "DwellingList",
        "a": [{"code": "code d"}, {"code": "code e"}],
        "b": [{"c": "code d", "__typename": "Dwelling"}, {"c": "code e", "__typename": "Dwelling"}],
        "pageInfo": {"n": 3, "hasNextPage": True, "__typename": "ListInfo"},
    }
    (cut,) = answer.cut
    path = ("people", "edges", 0, "node", "dwellingsList")
    assert cut.told() == {"coordinate": "Person.dwellings", "path": path, "shown": 2, "total": 3}


@pytest.mark.parametrize(
    ("first", "rows", "more"),
    [(0, [dwelling("d", 2)], True), (1, [dwelling("d", 1)], False), (5, [], False), (0, [], False)],
)
def test_the_edges_of_a_list(policies: PolicySet, first: int, rows: list[Any], more: bool) -> None:
    shown = f"dwellingsList(first: {first}) {{ nodes {{ id }} pageInfo {{ totalCount hasNextPage }} }}"
    answer = answer_of(policies, shown, *rows)
    found = list_of(answer)
    assert found["pageInfo"] == {"totalCount": rows[0][0] if rows else 0, "hasNextPage": more}
    assert len(found["nodes"]) == min(first, len(rows))
    assert bool(answer.cut) == more


def test_a_count_alone_shows_nobody(policies: PolicySet) -> None:
    answer = answer_of(policies, "dwellingsList { pageInfo { totalCount } }", [7, [sid("d")]])
    assert list_of(answer) == {"pageInfo": {"totalCount": 7}}
    assert answer.nodes == 1


def test_what_is_denied_in_a_list_is_told_with_the_names_that_lead_there(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    some = ALL_CLEAR.replace("Dwelling: clear", "Dwelling.code: clear")
    limited = policy(tmp_path_factory.mktemp("some"), some)
    answer = answer_of(limited, "l: dwellingsList { n: nodes { code usage } }", dwelling("d", 1))
    (error,) = answer.errors
    assert error.path == ("people", "edges", "node", "l", "n", "usage")
    assert list_of(answer) == {"n": [{"code": "code d", "usage": None}]}
