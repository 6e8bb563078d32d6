"""A request is prepared from what is kept exactly as it is from its text: same plan, same statement, same refusal."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from hub.errors import HubError
from hub.fair_share import Client
from hub.home.settings import Settings
from hub.processor import LONG_BODY
from hub.request.auth import Identified, registered
from hub.request.decision_cache import DecisionCache
from hub.request.endpoint import SMALL_BODY, Arrival, Request, read, read_head
from hub.request.pipeline import _is_long, read_request
from hub.request.plan_model import Planned
from hub.request.prepared.documents import DocumentCache
from hub.request.prepared.prepare import Parts, Prepared, prepare
from hub.request.record import Trail
from hub.request.running import Hub
from hub.request.template import Statement
from policies.language import load
from policies.model import PolicySet
from schema import SPINE
from tests.support.oracle.free_texts import DETECTOR
from tests.support.serving import COUNTY
from tests.support.small_graph import SCHEMA, SEALS, sid

pytestmark = pytest.mark.unit

POLICY = load(COUNTY, SPINE)
SETTINGS = Settings(home=Path("unused"))
NOW = dt.datetime(2026, 6, 30, 9, 0, tzinfo=dt.UTC)
FIRE = ("fire-inspection", "safety.fire.rental")
PEOPLE = "edges { node { id name } }"


def parts(kept: DocumentCache | None) -> Parts:
    return Parts(SETTINGS, SPINE, SCHEMA, SEALS, DecisionCache(), {}, DETECTOR, kept)


def arrived(body: dict[str, Any], purpose: str = FIRE[1], case: str | None = None) -> Arrival:
    headers = [("content-type", "application/json"), ("access-purpose", purpose)]
    headers += [("case-reference", case)] if case else []
    return Arrival("r", NOW, 0, "POST", "/graphql", tuple(headers), json.dumps(body).encode())


def prepared(
    using: Parts,
    body: dict[str, Any],
    asker: tuple[str, str] = FIRE,
    person: str = "inspector-1",
    policies: PolicySet = POLICY,
    case: str | None = None,
    place: str | None = None,
) -> Prepared:
    application, purpose = asker
    arrival, subject = arrived(body, purpose, case), registered(policies, application, person)
    assert subject is not None
    subject = subject if place is None else replace(subject, jurisdiction=place)
    return prepare(using, Trail(arrival, policies), Identified(read(arrival, SETTINGS), policies, subject), NOW)


def outcome(using: Parts, body: dict[str, Any], **asker: Any) -> tuple[Planned, Statement | None] | tuple[str, ...]:
    try:
        found = prepared(using, body, **asker)
    except HubError as refusal:
        return str(refusal.code), refusal.public_message, *map(str, refusal.also)
    return found.planned, found.statement


ASKED: list[tuple[str, list[dict[str, Any]]]] = [
    (
        "query ($x: String) { people(where: {idNumber: {eq: $x}}) { edges { node { name dwellings { usage } } } } }",
        [{"x": "11010519491231002X"}, {"x": "44030619900101001X"}, {"x": ""}, {"x": None}, {}, {"x": 3}, {"y": "z"}],
    ),
    (
        "query ($x: String) { people(where: {phone: {eq: $x}}) { edges { node { name } } } }",
        [{"x": "13800000000"}, {"x": ""}],
    ),
    (
        "query ($w: DwellingWhere, $n: Int = 5) { dwellings(where: $w, first: $n) { edges { cursor node { id } } } }",
        [
            {"w": {"usage": {"eq": "RENTED"}}},
            {"w": {"usage": {"in": ["RENTED", "VACANT"]}}, "n": 7},
            {"w": {"region": {"startsWith": "14/03/"}}, "n": 7},
            {"w": {"region": {"startsWith": "14-03"}}},
            {"w": {"region": {"in": ["14/03/", "14/04/"]}}},
            {"w": {"region": {"in": []}}},
            {"w": {"or": [{"region": {"eq": "14/03/21/"}}, {"not": {"region": {"eq": "14/03/22/"}}}]}},
            {"w": {"nothing": {"eq": "x"}}},
            {"n": 201},
            {"n": -1},
            {"n": "7"},
            {"w": {}},
        ],
    ),
    (
        "query ($a: Int, $b: Int) { buildings(first: $a) { edges { node { dwellings(first: $b) { usage } } } } }",
        [{"a": 10, "b": 10}, {"a": 200, "b": 10}, {"a": 200, "b": 200}, {"a": 200, "b": True}, {}],
    ),
    (
        f"query ($id: ID!) {{ dwelling(id: $id) {{ usage }} node(id: $id) {{ id }} people {{ {PEOPLE} }} }}",
        [{"id": "x"}, {"id": "A" * 50}, {}],
    ),
    ("query ($id: ID!) { dwelling(id: $id) { usage residents { name } } }", [{"id": "x"}, {"id": "A" * 50}]),
    (
        f"query ($after: String, $yes: Boolean!) {{ people(after: $after) "
        f"{{ {PEOPLE} pageInfo @include(if: $yes) {{ endCursor }} }} }}",
        [{"yes": True}, {"yes": False}, {"yes": True, "after": None}, {"yes": True, "after": "bm9uZQ"}],
    ),
    (
        "query ($k: [PersonOrder!]) { people(orderBy: $k) { edges { node { name } } } }",
        [{"k": [{"name": "ASC"}]}, {"k": [{"region": "ASC"}]}, {"k": []}, {"k": [{"name": "UP"}]}],
    ),
    (
        "query ($x: String) { accessesOf(where: {idNumber: {eq: $x}}) { day } unitsAggregate { count } }",
        [{"x": "11010519491231002X"}, {"x": ""}],
    ),
    (
        f"query A($x: String) {{ people(where: {{idNumber: {{eq: $x}}}}) {{ {PEOPLE} }} }} query B {{ __typename }}",
        [{"x": "11010519491231002X"}],
    ),
]
"""Documents, each with the variables of several requests; some of them are refused."""


@pytest.mark.parametrize("name", [None, "A", "B"])
@pytest.mark.parametrize("turn", range(3))
def test_a_request_is_prepared_the_same_whatever_is_kept(name: str | None, turn: int) -> None:
    kept = parts(DocumentCache())
    for text, given in ASKED:
        for at in range(len(given) * 2):
            variables = given[(at * (turn + 1) + turn) % len(given)]
            body = {"query": text, "variables": variables, "operationName": name}
            assert outcome(kept, body) == outcome(parts(None), body), (text, variables)
    assert kept.kept is not None
    if name is None:
        assert len(kept.kept) >= len(ASKED) // 2
        assert kept.kept.plans > len(ASKED)


def test_a_plan_serves_every_subject_that_the_same_grants_apply_to() -> None:
    using = parts(DocumentCache())
    assert using.kept is not None
    text, given = ASKED[0]
    people = [("inspector-1", "14/03/21/"), ("inspector-2", "14/03/21/001/")]
    statements = []
    for person, place in people * 2:
        found = prepared(using, {"query": text, "variables": given[0]}, person=person, place=place)
        assert found.statement is not None
        subject = found.planned.decision.subject
        assert (subject.application, subject.sub, subject.jurisdiction) == (FIRE[0], person, place)
        statements.append(found.statement)
    assert using.kept.plans == 1
    assert len({each.text for each in statements}) == 1
    assert statements[2] == statements[0] != statements[1] == statements[3]


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        (f"{{ people {{ {PEOPLE} }} }}", True),
        (f"{{ people(first: 200) {{ {PEOPLE} }} }}", True),
        (f"query ($x: String = null) {{ people(where: {{idNumber: {{eq: $x}}}}) {{ {PEOPLE} }} }}", False),
        (f'{{ people(where: {{idNumber: {{eq: "1"}}}}) {{ {PEOPLE} }} }}', False),
        (f'query ($x: String = "1") {{ people(where: {{idNumber: {{eq: $x}}}}) {{ {PEOPLE} }} }}', False),
        ("{ buildings(where: {floors: {gt: 6}}) { edges { node { name } } } }", True),
        ("{ buildings(where: {floors: {gt: 201}}) { edges { node { name } } } }", False),
        ("{ nothing }", False),
        (f"query A {{ people {{ {PEOPLE} }} }} query B {{ __typename }}", False),
        (f"{{ people {{ {PEOPLE} }} }} #{'x' * 8_192}", False),
        (f"{{ __typename person(id: {'9' * 5_000}) @skip(if: true) {{ id }} people {{ {PEOPLE} }} }}", False),
    ],
)
def test_only_a_valid_document_without_values_of_its_own_is_kept(text: str, kept: bool) -> None:
    using = parts(DocumentCache())
    assert using.kept is not None
    for at in range(3):
        outcome(using, {"query": text, "operationName": "A" if text.startswith("query A") else None})
        assert len(using.kept) == (kept and at > 0)
    assert "11010519491231002X" not in repr(using.kept)


def test_documents_that_come_once_push_out_none() -> None:
    using = parts(DocumentCache(limit=3))
    assert using.kept is not None
    texts = [f"{{ people(first: {count}) {{ {PEOPLE} }} }}" for count in range(1, 9)]
    for text in [texts[0], *texts]:
        outcome(using, {"query": text})
    assert len(using.kept) == 1
    assert using.kept.find(read(arrived({"query": texts[0]}), SETTINGS)) is not None


def test_what_is_kept_is_bounded() -> None:
    using = parts(DocumentCache(limit=3, characters=200))
    assert using.kept is not None
    for count in range(1, 8):
        for first in (1, 2, 3):
            text = f"query ($n: Int) {{ people(first: $n) {{ edges {{ node {{ {' id' * count} }} }} }} }}"
            outcome(using, {"query": text, "variables": {"n": first}})
    assert len(using.kept) <= 3
    assert 0 < using.kept.plans <= 9


def test_a_plan_that_depends_on_values_is_made_for_each_request() -> None:
    using = parts(DocumentCache())
    ids = [SEALS.seal_id("fire", FIRE[1], SPINE.entity(name).tag, sid("a")) for name in ("Dwelling", "Building")]
    for each in ids * 2:
        body = {"query": "query ($id: ID!) { node(id: $id) { id __typename } }", "variables": {"id": each}}
        assert outcome(using, body) == outcome(parts(None), body)


def test_one_plan_is_not_that_of_another_decision(tmp_path: Path) -> None:
    """All that a decision depends on, in all combinations, beside one cache."""
    county = {each.name: each.read_text() for each in COUNTY.glob("*.yaml")}
    (tmp_path / "later").mkdir()
    for name, text in county.items():
        (tmp_path / "later" / name).write_text(text.replace("{mask: surname}", "clear"))
    policies = [POLICY, load(tmp_path / "later", SPINE)]
    askers = [
        ("fire-inspection", "safety.fire.rental", "inspector-1"),
        ("fire-inspection", "safety.fire.case", "inspector-1"),
        ("fire-inspection", "safety.fire", "inspector-1"),
        ("welfare-visits", "welfare.visit.elderly", "visitor-1"),
        ("hotline-insight", "insight.voice.analyse", "analyst-1"),
    ]
    texts = [
        f"query ($x: String) {{ people(where: {{idNumber: {{eq: $x}}}}) {{ {PEOPLE} }} }}",
        f"query ($n: Int) {{ events(first: $n) {{ edges {{ node {{ text }} }} }} people(first: $n) {{ {PEOPLE} }} }}",
        "query ($n: Int) { dwellings(first: $n, orderBy: []) { edges { node { usage region residents { name } } } } }",
    ]
    shared, seen = DocumentCache(), set()
    for policy, detector, case, asker, text in [
        (policy, detector, case, asker, text)
        for _ in range(2)
        for policy in policies
        for detector in (DETECTOR, "another")
        for case in (None, "E-1")
        for asker in askers
        for text in texts
    ]:
        found: list[object] = []
        for kept in (shared, None):
            using = replace(parts(kept), detector=detector)
            body = {"query": text, "variables": {"x": "1", "n": 5}}
            try:
                made = prepared(using, body, asker[:2], asker[2], policy, case)
                found.append((made.planned, made.statement))
                seen.add(made.statement.text if made.statement else "")
            except HubError as refusal:
                found.append((refusal.code, refusal.public_message))
        assert found[0] == found[1], (detector, case, asker, text)
    assert len(seen) == 10


def test_large_variables_are_long_work_whether_or_not_their_document_is_kept() -> None:
    kept = DocumentCache()
    text, given = ASKED[2]
    large = {"w": {"region": {"in": ["14/03/21/001/"] * 100}}}

    def is_long(variables: dict[str, Any], query: str = text) -> bool:
        arrival = arrived({"query": query, "variables": variables})
        trail = Trail(arrival, POLICY)
        trail.request = read(arrival, SETTINGS)
        return _is_long(cast(Hub, SimpleNamespace(kept=kept)), trail)

    padded = text + " " * LONG_BODY
    assert [is_long(given[0]), is_long(large), is_long(given[0], padded)] == [False, True, True]
    for query in (text, padded) * 2:
        outcome(parts(kept), {"query": query, "variables": given[0]})
    assert len(kept) == 2
    assert [is_long(given[0]), is_long(large), is_long(given[0], padded)] == [False, True, False]


def test_a_body_that_is_not_small_is_parsed_at_its_senders_turn() -> None:
    turns: list[tuple[Client, bool]] = []

    async def do(client: Client, work: Callable[[], Request], *, long: bool) -> Request:
        turns.append((client, long))
        return work()

    hub = cast(Hub, SimpleNamespace(settings=SETTINGS, processor=SimpleNamespace(do=do)))
    for text in ("{ __typename }", "{ __typename }" + " " * SMALL_BODY):
        arrival = arrived({"query": text})
        found = asyncio.run(read_request(hub, Trail(arrival, POLICY), read_head(arrival, SETTINGS)))
        assert found.query == text
    assert turns == [(("", "", ""), True)]


SMALL = """
purposes: [{id: a, zh: 甲, en: A}, {id: a.b, zh: 乙, en: B}]
applications:
  - {id: one, zh: 一, en: One, department: d, jurisdiction: 14/03/}
  - {id: two, zh: 二, en: Two, department: d, jurisdiction: 14/03/}
grants:
  - id: both
    to: {department: [d]}
    for: [a]
    basis: law
    rows: {Dwelling: {region: {startsWith: 14/03/21/}}}
    fields: {Dwelling.usage: clear, Dwelling.code: clear, Dwelling.roomNo: clear}
  - id: more
    to: {application: [two]}
    for: [a]
    basis: law
    rows: {Dwelling: {}}
    fields: {Dwelling.code: clear}
prohibitions:
  - {id: none, for: [a.b], prohibit: [Dwelling.roomNo], basis: law}
"""
"""One grant for two applications and two purposes: what differs are a further grant, and a prohibition below."""


@pytest.mark.parametrize("turned", [False, True])
def test_a_plan_is_of_its_purpose_its_grants_and_its_grids(tmp_path: Path, turned: bool) -> None:
    (tmp_path / "policy.yaml").write_text(SMALL)
    policies = load(tmp_path, SPINE)
    grids: list[dict[str, str | None]] = [{}, {"14/03/21/": "14/03/22/"}, {"14/03/21/": None}]
    asked = [(app, purpose, after) for app in ("one", "two") for purpose in ("a", "a.b") for after in grids]
    shared = DocumentCache()
    for app, purpose, successors in asked[:: -1 if turned else 1] * 3:
        found = []
        for kept in (shared, None):
            body = {"query": "{ dwellings { edges { node { usage code roomNo } } } }"}
            made = prepared(replace(parts(kept), successors=successors), body, (app, purpose), "p", policies)
            found.append((made.planned, made.statement))
        assert found[0] == found[1], (app, purpose, successors)
    assert shared.plans == len(asked)


def test_what_is_kept_holds_nobody_and_no_value() -> None:
    kept = DocumentCache()
    for text, given in ASKED:
        for variables in given * 2:
            outcome(parts(kept), {"query": text, "variables": variables})
    plans = [plan for document in kept.documents for plan in document.plans.values()]
    assert len(plans) == kept.plans > len(ASKED) // 2
    held = repr([(plan.planned, plan.template and (plan.template.parameters, plan.template.sources)) for plan in plans])
    for value in ("inspector-1", "fire-inspection", "14/03/21/", "11010519491231002X", "44030619900101001X"):
        assert value not in held
