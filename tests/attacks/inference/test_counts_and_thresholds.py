"""Whether a number is shown, and which, tells nothing about people whom the asker may not list.

The inspector lists dwellings and no resident, the dispatcher lists events and no reporter, the planner lists the people
of one street and counts those of both. Each asks for counts that differ by one row, and reasons from what is shown.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import pytest

from hub.errors import Code
from policies.model import PolicySet
from tests.support.inference_county import GRIDS, Attacker, Truth
from tests.support.small_graph import policy

pytestmark = [pytest.mark.attack, pytest.mark.slow]

POLICY = """
purposes:
  - {id: safety, zh: 安全, en: Safety}
  - {id: event, zh: 事件, en: Events}
  - {id: plan, zh: 规划, en: Planning}
  - {id: stat, zh: 统计, en: Statistics}
applications:
  - {id: inspector, zh: 检查, en: Inspector, department: fire, jurisdiction: 14/03/21/}
  - {id: dispatcher, zh: 交办, en: Dispatcher, department: grid, jurisdiction: 14/03/21/}
  - {id: planner, zh: 规划, en: Planner, department: plan, jurisdiction: 14/03/21/}
  - {id: counter, zh: 统计, en: Counter, department: stat, jurisdiction: 14/03/21/}
grants:
  - id: dwellings
    to: {application: [inspector]}
    for: [safety]
    basis: law
    rows: {Dwelling: {}}
    fields: {Dwelling.code: clear, Dwelling.usage: clear, Dwelling.region: clear}
  - id: events
    to: {application: [dispatcher]}
    for: [event]
    basis: law
    rows: {Event: {}}
    fields: {Event.number: clear, Event.kind: clear}
  - id: own-street
    to: {application: [planner]}
    for: [plan]
    basis: law
    rows: {Person: {region: {startsWith: 14/03/21/001/}}}
    fields: {Person.name: clear, Person.gender: clear, Person.region: clear, Person.dwellings: clear}
  - id: whole-county
    to: {application: [planner]}
    for: [plan]
    basis: law
    rows: {Person: {}}
    fields: {Person.gender: aggregate, Person.residency: aggregate, Person.birthDate: aggregate}
  - id: numbers
    to: {application: [counter]}
    for: [stat]
    basis: law
    rows: {Dwelling: {}, Event: {}}
    fields: {Dwelling: aggregate, Event: aggregate}
  - id: codes-here
    to: {application: [counter]}
    for: [stat]
    basis: law
    rows: {Dwelling: {region: {startsWith: 14/03/21/001/001/001/}}}
    fields: {Dwelling.code: clear}
"""


@pytest.fixture(scope="module")
def policies(tmp_path_factory: pytest.TempPathFactory) -> PolicySet:
    return policy(tmp_path_factory.mktemp("counts"), POLICY)


def count(attacker: Attacker, root: str, where: Mapping[str, Any]) -> int | None:
    """The one number of an aggregate."""
    kind = {"dwellings": "Dwelling", "events": "Event", "people": "Person"}[root]
    document = f"query($w: {kind}AggregateWhere) {{ {root}Aggregate(where: $w) {{ count }} }}"
    document = document if where else f"{{ {root}Aggregate {{ count }} }}"
    found: int | None = attacker.ask(document, {"w": where} if where else {})[f"{root}Aggregate"][0]["count"]
    return found


def test_case_1_06_a_count_of_one_dwelling_does_not_tell_whether_it_is_inhabited(
    truth: Truth, policies: PolicySet
) -> None:
    """Under the old threshold, null or a number told of 120 of 120."""
    inspector = Attacker(truth, policies, "inspector", "safety")
    codes = [each["code"] for each in inspector.nodes("dwellings", "code")][:60]
    inhabited = {code: any(target == f"d{int(code[1:])}" for _, _, target in truth.world.edges) for code in codes}
    shown = {code: count(inspector, "dwellings", {"code": {"in": [code]}}) for code in codes}
    by_answer: dict[int | None, set[bool]] = {}
    for code, number in shown.items():
        by_answer.setdefault(number, set()).add(inhabited[code])
    recovered = sum(len(by_answer[number]) == 1 for number in shown.values())
    print(f"recovered {recovered} of {len(codes)}")
    assert set(shown.values()) == {1}
    assert recovered == 0


def test_case_1_06_what_may_be_listed_is_counted_exactly_zero_included(truth: Truth, policies: PolicySet) -> None:
    inspector = Attacker(truth, policies, "inspector", "safety")
    dwellings = [each for label, each in truth.world.nodes.values() if label == "Dwelling"]
    vacant = [each for each in dwellings if each["usage"] == "VACANT"]
    assert count(inspector, "dwellings", {"usage": {"eq": "VACANT"}}) == len(vacant)
    assert count(inspector, "dwellings", {"code": {"eq": "D99999"}}) == 0
    assert count(inspector, "dwellings", {}) == len(dwellings)
    grid = GRIDS[0]
    here = [each for each in vacant if each["region"] == grid]
    for where in ({"region": {"eq": grid}}, {"regionGrid": {"eq": grid}}, {"region": {"startsWith": grid}}):
        assert count(inspector, "dwellings", {"and": [where, {"usage": {"eq": "VACANT"}}]}) == len(here)
    document = "{ dwellingsAggregate(groupBy: [USAGE, REGION_GRID]) { usage regionGrid count } }"
    rows = inspector.ask(document)["dwellingsAggregate"]
    truly = Counter((each["usage"], each["region"]) for each in dwellings)
    assert {(row["usage"], row["regionGrid"]): row["count"] for row in rows} == {
        (row["usage"], row["regionGrid"]): truly[row["usage"], row["regionGrid"]] for row in rows
    }


def test_case_1_06_counts_over_all_but_two_events_do_not_tell_who_reported_both(
    truth: Truth, policies: PolicySet
) -> None:
    dispatcher = Attacker(truth, policies, "dispatcher", "event")
    numbers = [each["number"] for each in dispatcher.nodes("events", "number")][:24]
    reporter = {source: target for source, edge, target in truth.world.edges if edge == "reporter"}
    same = 0
    for one, two in zip(numbers[::2], numbers[1::2], strict=True):
        pair = {"number": {"in": [one, two]}}
        assert count(dispatcher, "events", pair) == 2
        assert count(dispatcher, "events", {"not": pair}) == len(dispatcher.truth.of("Event")) - 2
        same += reporter.get(f"e{int(one[1:])}") == reporter.get(f"e{int(two[1:])}")
    print(f"every pair answers alike; {same} pairs have one reporter")


PICKING: list[tuple[str, str, str, dict[str, Any]]] = [
    ("counter", "stat", "dwellings", {"code": {"eq": "D00001"}, "usage": {"eq": "RENTED"}}),
    ("counter", "stat", "dwellings", {"code": {"in": ["D00001", "D00002"]}, "usage": {"eq": "RENTED"}}),
    ("counter", "stat", "dwellings", {"not": {"code": {"in": ["D00001"]}}, "usage": {"eq": "RENTED"}}),
    ("counter", "stat", "dwellings", {"code": {"startsWith": "D0001"}, "usage": {"eq": "RENTED"}}),
    ("counter", "stat", "dwellings", {"code": {"isNull": True}, "usage": {"eq": "RENTED"}}),
    ("counter", "stat", "events", {"number": {"eq": "T00001"}}),
    ("planner", "plan", "people", {"name": {"eq": "王伟芳"}, "residency": {"eq": "LODGER"}}),
    ("planner", "plan", "people", {"or": [{"name": {"eq": "王伟芳"}}, {"residency": {"eq": "LODGER"}}]}),
    ("planner", "plan", "people", {"region": {"startsWith": "14/03/21/001/"}, "gender": {"eq": "MALE"}}),
    ("planner", "plan", "people", {"dwellings": {"some": {"usage": {"eq": "RENTED"}}}, "ageBand": {"eq": "20-29"}}),
    ("planner", "plan", "people", {"dwellings": {"none": {"usage": {"eq": "RENTED"}}}, "residency": {"eq": "LODGER"}}),
]


@pytest.mark.parametrize(("application", "purpose", "root", "where"), PICKING, ids=str)
def test_case_1_06_where_a_threshold_counts_hidden_people_no_key_picks_them(
    truth: Truth, policies: PolicySet, application: str, purpose: str, root: str, where: dict[str, Any]
) -> None:
    kind = {"dwellings": "Dwelling", "events": "Event", "people": "Person"}[root]
    document = f"query($w: {kind}AggregateWhere) {{ {root}Aggregate(where: $w) {{ count }} }}"
    refused = Attacker(truth, policies, application, purpose).refusal(document, {"w": where})
    assert refused is not None
    assert refused.code is Code.FIELD_NOT_FILTERABLE


def test_case_1_06_the_refusal_says_which_buckets_it_takes(truth: Truth, policies: PolicySet) -> None:
    document = 'query { peopleAggregate(where: {name: {eq: "x"}, residency: {eq: LODGER}}) { count } }'
    refused = Attacker(truth, policies, "planner", "plan").refusal(document)
    assert refused is not None
    for word in ("Person.name", "gender", "ageBand", "residency", "regionGrid"):
        assert word in refused.public_message


def test_case_1_06_people_who_may_be_listed_do_not_fill_a_threshold(truth: Truth, policies: PolicySet) -> None:
    """The planner lists a street and counts both: a cell is shown if ten hidden people are in it, whoever else is."""
    planner = Attacker(truth, policies, "planner", "plan")
    people = truth.of("Person")
    document = "{ peopleAggregate(groupBy: [AGE_BAND, GENDER]) { ageBand gender count } }"
    rows = planner.ask(document)["peopleAggregate"]
    assert any(row["count"] for row in rows)
    shown = count(planner, "people", {})
    hidden = [each for each in people.values() if not each["region"].startswith("14/03/21/001/")]
    assert len(hidden) >= 10
    assert shown == len(people)
    assert count(planner, "people", {"gender": {"eq": "MALE"}}) == sum(p["gender"] == "MALE" for p in people.values())


def test_case_1_06_a_cell_with_listed_people_and_a_few_hidden_ones_is_withheld(
    truth: Truth, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Otherwise the number, less those who are listed, is the number of a few."""
    few = [name for name, each in truth.of("Person").items() if not each["region"].startswith(GRIDS[0])]
    text = POLICY.replace("startsWith: 14/03/21/001/}", f"startsWith: {GRIDS[0]}}}", 1)
    names = sorted({truth.of("Person")[name]["name"] for name in few})[:3]
    rows = f"Person: {{or: [{{region: {{startsWith: {GRIDS[0]}}}}}, {{name: {{in: {names}}}}}]}}"
    text = text.replace(
        "rows: {Person: {}}\n    fields: {Person.gender: aggregate",
        f"rows: {{{rows}}}\n    fields: {{Person.gender: aggregate",
    )
    planner = Attacker(truth, policy(tmp_path_factory.mktemp("few"), text), "planner", "plan")
    assert len(planner.nodes("people", "name")) >= 10
    assert count(planner, "people", {}) is None
    assert count(planner, "people", {"region": {"startsWith": GRIDS[0]}}) == len(planner.nodes("people", "name"))
