"""What an answer says that it hides, made of rows that the graph could have given."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from hub.errors import Code, HubError
from hub.request.answers.access import ERROR_BYTES, tell_hidden
from hub.request.answers.preferences import Preferences
from hub.request.denials import DenialErrors
from hub.request.lists.cuts import path_size
from hub.request.respond import Answer, respond
from policies.decide import decide
from policies.model import PolicySet
from schema import SPINE
from tests.support.small_graph import SEALS, TODAY, denial_errors, policy, prepare, sid, subject

pytestmark = pytest.mark.unit

POLICY = """
purposes:
  - {id: a, zh: 甲, en: A}
  - {id: count, zh: 数, en: Counts}
applications:
  - {id: app, zh: 应用, en: App, department: fire, jurisdiction: 14/}
owners: {Person: police}
grants:
  - id: some
    to: {application: [app]}
    for: [a]
    basis: law
    rows: {Person: {region: {startsWith: $subject.jurisdiction}}, Dwelling: {}}
    fields: {Person.name: {mask: surname}, Person.phone: clear, Person.dwellings: clear, Dwelling.code: clear}
  - id: less
    to: {application: [app]}
    for: [a]
    basis: law
    rows: {Person: {}}
    fields: {Person.phone: {mask: "partial(3,4)"}}
  - {id: found, to: {application: [app]}, for: [a], basis: law, rows: {Person: {}}, match: [Person.idNumber],
     obligations: {matchDailyCap: 5}}
  - {id: counts, to: {application: [app]}, for: [count], basis: law, rows: {Person: {}}, contributors: 10,
     fields: {Person.gender: aggregate}}
"""
TOLD = Preferences()
LISTED = Preferences(lists_errors=True)
PEOPLE = "people(first: 2) { edges { node { name phone idNumber } } }"


@pytest.fixture(scope="module")
def policies(tmp_path_factory: pytest.TempPathFactory) -> PolicySet:
    return policy(tmp_path_factory.mktemp("policy"), POLICY)


def told(
    policies: PolicySet,
    document: str,
    row: dict[str, Any],
    preferences: Preferences = TOLD,
    purpose: str = "a",
    byte_cap: int = 1_000_000,
) -> Answer:
    planned, _ = prepare(policies, subject(policies, "app"), purpose, f"{{ {document} }}")
    errors = denial_errors(policies, planned)
    answer = respond(planned, row, {}, SPINE, SEALS, errors, byte_cap)
    return tell_hidden(planned, answer, errors, preferences, byte_cap)


def rows(*nodes: list[Any]) -> dict[str, Any]:
    return {"r0": [[[at], [sid(str(at)), *node]] for at, node in enumerate(nodes)]}


def listed(*nodes: list[Any], total: int | None = None) -> list[Any]:
    """A nested list as the graph gives it: of `total` nodes, or of these alone."""
    return [[len(nodes) if total is None else total, node] for node in nodes]


def test_what_hides_nothing_has_no_access(policies: PolicySet) -> None:
    answer = told(policies, "people(first: 2) { edges { node { id } } }", rows([], []))
    assert (answer.access, answer.errors) == (None, ())


def test_masks_and_denials_are_told_once_a_coordinate_and_are_no_errors(policies: PolicySet) -> None:
    document = f"{PEOPLE} b: people(first: 2) {{ edges {{ node {{ x: idNumber }} }} }}"
    access = told(policies, document, rows(["祁**", "1"], ["祁**", "2"])).access
    assert access is not None
    assert access.keys() == {"masked", "denied"}
    assert access["masked"] == [
        {"coordinate": "Person.name", "masks": ["surname"]},
        {"coordinate": "Person.phone", "masks": ["partial(3,4)"]},
    ]
    (denied,) = access["denied"]
    assert denied["paths"] == [("people", "edges", "node", "idNumber"), ("b", "edges", "node", "x")]
    assert (denied["coordinate"], denied["owner"]) == ("Person.idNumber", "police")
    assert "not open to the purpose a" in denied["reason"]


@pytest.mark.parametrize("count", [0, 1, 2])
def test_errors_that_are_listed_have_exact_paths(policies: PolicySet, count: int) -> None:
    answer = told(policies, PEOPLE, rows(*[["祁**", "1"]] * count), LISTED)
    assert [each.path for each in answer.errors] == [("people", "edges", at, "node", "idNumber") for at in range(count)]
    assert {each.code for each in answer.errors} <= {Code.FIELD_DENIED}
    # Whether there are rows changes nothing in what is told of the policy.
    assert answer.access == told(policies, PEOPLE, rows()).access


def test_a_denied_root_and_an_edge_have_exact_paths(policies: PolicySet) -> None:
    document = "events { edges { node { id } } } people { edges { node { d: dwellings { usage } household { id } } } }"
    node = [listed([sid("d")], [sid("e")])]
    answer = told(policies, document, rows(node), LISTED)
    place = ("people", "edges", 0, "node")
    assert sorted(each.path for each in answer.errors) == sorted(
        [("events",), (*place, "d", 0, "usage"), (*place, "d", 1, "usage"), (*place, "household")]
    )
    for error in answer.errors:
        found: Any = answer.data
        for step in error.path:
            found = found[step]
        assert found is None


def test_a_person_who_is_not_found_brings_no_error(policies: PolicySet) -> None:
    known = SEALS.seal_id("fire", "a", SPINE.entity("Person").tag, sid("a"))
    answer = told(policies, f'person(id: "{known}") {{ idNumber }}', {"r0": None}, LISTED)
    assert (answer.data, answer.errors) == ({"person": None}, ())


def test_more_listed_errors_than_an_answer_holds_are_refused(policies: PolicySet) -> None:
    two = rows(["祁**", "1"], ["祁**", "2"])
    enough = 2 * (ERROR_BYTES + path_size(("people", "edges", 0, "node", "idNumber")))
    assert len(told(policies, PEOPLE, two, LISTED, byte_cap=enough).errors) == 2
    with pytest.raises(HubError, match="RESULT_LIMIT"):
        told(policies, PEOPLE, two, LISTED, byte_cap=enough - 1)


LONG = "x" * 10_000


@pytest.mark.parametrize(
    ("shown", "node"),
    [
        # The name stands once in the data, and in each path below it again.
        ("dwellings(first: 0) { code }", [listed([sid("d"), "code d"])]),
        (" ".join(f"n{at}: idNumber" for at in range(9)), []),
    ],
    ids=["cut", "denied"],
)
def test_a_long_name_counts_in_each_path_that_is_told(policies: PolicySet, shown: str, node: list[Any]) -> None:
    def tell(name: str) -> Answer:
        document = f"{name}: people(first: 9) {{ edges {{ node {{ {shown} }} }} }}"
        return told(policies, document, rows(*[node] * 9), byte_cap=60_000)

    assert tell("x").access is not None
    with pytest.raises(HubError, match="RESULT_LIMIT"):
        tell(LONG)


def test_a_long_name_counts_in_each_error_that_is_listed(policies: PolicySet) -> None:
    def tell(preferences: Preferences) -> Answer:
        document = f"{LONG}: people(first: 9) {{ edges {{ node {{ idNumber }} }} }}"
        return told(policies, document, rows(*[[]] * 9), preferences, byte_cap=60_000)

    assert tell(TOLD).errors == ()
    with pytest.raises(HubError, match="RESULT_LIMIT"):
        tell(LISTED)


def test_lists_that_end_early_are_told_where_they_are(policies: PolicySet) -> None:
    document = (
        "people(first: 2) { edges { node { one: dwellings(first: 1) { code } two: dwellings(first: 2) { id } } } }"
    )
    dwellings = [[sid(name), f"code {name}"] for name in ("d", "e", "f")]
    answer = told(policies, document, rows([listed(*dwellings[:1])], [listed(*dwellings[:2])], [listed(*dwellings)]))
    assert answer.access == {
        "cut": [
            {"coordinate": "Query.people", "path": ("people",), "shown": 2},
            {"coordinate": "Person.dwellings", "path": ("people", "edges", 1, "node", "one"), "shown": 1, "total": 2},
        ]
    }
    assert [len(each["node"]["two"]) for each in answer.data["people"]["edges"]] == [1, 2]
    answer = told(policies, document, rows([listed(*dwellings[:2], total=30)]))
    assert answer.access is not None
    assert [(each["shown"], each["total"]) for each in answer.access["cut"]] == [(1, 30), (2, 30)]


def test_a_page_of_counts_tells_how_many_there_are(policies: PolicySet) -> None:
    document = "peopleAggregate(groupBy: [GENDER], first: 1) { gender }"
    access = told(policies, document, {"r0": {"rows": []}}, purpose="count").access
    cut = {"coordinate": "Query.peopleAggregate", "path": ("peopleAggregate",), "shown": 1}
    values = len(SPINE.entity("Person").field("gender").values)
    assert access is not None
    assert access["cut"] == [{**cut, "total": values}]


def test_the_row_that_tells_that_there_are_more_is_not_seen(policies: PolicySet) -> None:
    document = "people(first: 1) { edges { node { dwellings(first: 1) { code } } } }"
    answer = told(policies, document, rows([listed([sid("d"), "code d"], [sid("e"), "code e"])]))
    assert answer.nodes == 2
    assert "code e" not in json.dumps(answer.data)


def test_a_match_tells_nothing_of_a_second_one(policies: PolicySet) -> None:
    document = 'people(where: {idNumber: {eq: "140321195703129022"}}) { edges { node { id } } }'
    answer = told(policies, document, rows([], []))
    assert len(answer.data["people"]["edges"]) == 1
    assert answer.access is None


@pytest.mark.parametrize("preferences", [Preferences(), LISTED], ids=["told", "listed"])
def test_counts_that_are_withheld(policies: PolicySet, preferences: Preferences) -> None:
    document = "c: peopleAggregate(groupBy: [GENDER]) { gender n: count m: count }"
    cells = {"r0": {"rows": [["MALE", 40], ["FEMALE", None]]}}
    answer = told(policies, document, cells, preferences, "count")
    withheld = [at for at, row in enumerate(answer.data["c"]) if row["n"] is None]
    assert withheld
    assert answer.access is not None
    (suppressed,) = answer.access["suppressed"]
    assert suppressed["coordinate"] == "PersonAggregate.count"
    assert (suppressed["path"], suppressed["rows"]) == (("c",), len(withheld))
    listed = [("c", at, name) for at in withheld for name in ("n", "m")]
    assert [each.path for each in answer.errors] == (listed if preferences.lists_errors else [])


def test_what_a_case_would_open_is_told_if_none_is_named(policies: PolicySet, tmp_path_factory: Any) -> None:
    with_case = POLICY.replace("{Person.phone: {mask:", "{Person.idNumber: clear, Person.phone: {mask:")
    planned, _ = prepare(policies, subject(policies, "app"), "a", f"{{ {PEOPLE} }}")
    more = policy(tmp_path_factory.mktemp("more"), with_case)
    opened = decide(SPINE, more, subject(more, "app"), "a", TODAY)
    errors = DenialErrors(SPINE, policies, planned.decision, lambda: opened, lambda purpose: False)
    answer = respond(planned, rows(["祁**", "1"]), {}, SPINE, SEALS, errors, 1_000_000)
    access = tell_hidden(planned, answer, errors, Preferences(), 1_000_000).access
    assert access is not None
    assert access["needsCase"] == ["Person.idNumber"]
    assert "with a case only" in access["denied"][0]["reason"]


def test_what_a_case_opens_elsewhere_is_not_told_of_what_stays_as_it_is(policies: PolicySet, tmp_path: Path) -> None:
    """The rules of a case stand first, so that a decision with one numbers all rows otherwise."""
    before = """
  - {id: of-case, to: {application: [app]}, for: [a], basis: law,
     rows: {Person: {region: {startsWith: $subject.jurisdiction}, gender: {eq: MALE}}, Dwelling: {usage: {eq: RENTED}}},
     fields: {Person.idNumber: clear, Person.phone: clear, Dwelling.area: clear}}
  - {id: of-case-rented, to: {application: [app]}, for: [a], basis: law, rows: {Dwelling: {usage: {eq: RENTED}}},
     fields: {Dwelling.code: clear}}"""
    more = policy(tmp_path, POLICY.replace("grants:", f"grants:{before}"))
    document = "{ people { edges { node { name phone dwellings { code usage } } } } }"
    planned, _ = prepare(policies, subject(policies, "app"), "a", document)
    opened = decide(SPINE, more, subject(more, "app"), "a", TODAY)
    errors = DenialErrors(SPINE, policies, planned.decision, lambda: opened, lambda purpose: False)
    answer = respond(planned, rows(), {}, SPINE, SEALS, errors, 1_000_000)
    access = tell_hidden(planned, answer, errors, Preferences(), 1_000_000).access
    assert access is not None
    assert "needsCase" not in access


def test_reasons_are_in_the_language_that_is_asked_for(policies: PolicySet) -> None:
    access = told(policies, PEOPLE, rows(), Preferences(language="zh")).access
    assert access is not None
    assert access["denied"][0]["reason"].startswith("该字段未向此目的开放")


def test_how_to_reach_an_owner_is_told_where_the_policy_says_so(policies: PolicySet, tmp_path: Path) -> None:
    """Once for each coordinate, in the language that is asked for; the listed errors stay as they are."""
    departments = """
departments:
  - {id: fire, zh: 消防, en: Fire}
  - {id: police, zh: 公安局, en: Police, contact: {zh: 拨打 12345, en: call 12345}}
"""
    named = policy(tmp_path, departments + POLICY)
    for language, contact in (("zh", "拨打 12345"), ("en", "call 12345"), (None, "call 12345")):
        access = told(named, PEOPLE, rows(), Preferences(language=language)).access
        assert access is not None
        assert access["denied"][0] | {"owner": "police", "ownerContact": contact} == access["denied"][0]
    before = told(policies, PEOPLE, rows()).access
    assert before is not None
    assert "ownerContact" not in before["denied"][0]
    listed = told(named, PEOPLE, rows(["祁**", "1"]), LISTED).errors
    assert [each.access for each in listed] == [
        each.access for each in told(policies, PEOPLE, rows(["祁**", "1"]), LISTED).errors
    ]
