"""Verification tells whether all values agree, and no sequence of questions tells more.

Twins are people who differ in what is hidden alone. Sequences of questions are generated, valid ones and others, and
asked of two twins: as long as no question states all true values, both get the same answers, byte for byte.
`VERIFY_SEQUENCES` sets how many there are.
"""

from __future__ import annotations

import json
import os
import random
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from hub.graph.driver import GraphWriter
from hub.graph.local import GraphAddress
from policies.language import load_files
from policies.store import PolicyStore
from schema import SPINE
from tests.support.policy_stores import FILES, KEY, in_file
from tests.support.serving import Served, code_of, serving
from tests.support.small_graph import World

pytestmark = pytest.mark.attack

SEQUENCES = int(os.environ.get("VERIFY_SEQUENCES", "200"))
GRANTS = """
  - id: desk
    to: {application: [app]}
    for: [a]
    basis: law
    rows: {Person: {region: {startsWith: $subject.jurisdiction}}}
    verify: [Person.idNumber, Person.name, Person.address]
    obligations: {matchDailyCap: 1000000}
"""
CONTENT = {"policy.yaml": FILES["policy.yaml"] + GRANTS.encode()}
HERE, THERE = "14/01/", "14/02/"
NAMES = ("安静", "白露", "陈默", "杜若")
ADDRESSES = ("学门街1号", "学门街2号", "学门街3号", "学门街4号")
PRESENT = {f"11010119900307{at:03}X": (NAMES[at], ADDRESSES[at]) for at in range(4)}
"""By number: people whose name and address are known; a twin has other ones."""
MISSING = ("110101199003070100", "110101199003070119", "110101199003070127", "110101199003070135", "110101199003070143")
"""Nobody, someone elsewhere, two people, one without a name, one without an address."""
OTHERS = ("杜康", "无名街9号")
"""Guesses that are right of nobody."""
SHAPES = ("plain", "plain", "plain", "and", "variable", "twice", "less", "more", "in", "beginning", "null", "either")


def world() -> World:
    nodes: dict[str, tuple[str, dict[str, Any]]] = {}
    for number, (name, address) in PRESENT.items():
        nodes[number] = ("Person", {"idNumber": number, "name": name, "address": address, "region": HERE})
    _, elsewhere, two, nameless, homeless = MISSING
    known = {"name": "安静", "address": "学门街1号"}
    nodes["elsewhere"] = ("Person", {"idNumber": elsewhere, "region": THERE, **known})
    nodes |= {f"two{at}": ("Person", {"idNumber": two, "region": HERE, **known}) for at in range(2)}
    nodes["nameless"] = ("Person", {"idNumber": nameless, "region": HERE, "address": "学门街1号"})
    nodes["homeless"] = ("Person", {"idNumber": homeless, "region": HERE, "name": "安静"})
    return World(nodes, [])


@pytest.fixture(scope="module")
def graph(empty_graph: GraphAddress) -> GraphAddress:
    with GraphWriter(empty_graph.url, empty_graph.user, empty_graph.password) as writer:
        world().load(writer)
    return empty_graph


@pytest.fixture(scope="module")
def served(graph: GraphAddress, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A hub that counts nothing, so that only what is answered bounds what is learnt."""
    with serving(tmp_path_factory.mktemp("home"), graph, load_files(CONTENT, SPINE)) as running:
        yield running


def ask(served: Served, where: str, **variables: Any) -> Any:
    declared = "($w: PersonWhere!)" if variables else ""
    query = f"query {declared} {{ told: verify(where: {where}) }}"
    return served.ask(query, app="app", purpose="a", person="one", variables=variables)


def told(served: Served, number: str, name: str, address: str) -> str:
    answer = ask(served, where_of({"idNumber": number, "name": name, "address": address}))
    assert code_of(answer) == "OK", answer.text
    return str(answer.json()["data"]["told"])


def where_of(values: dict[str, str]) -> str:
    return "{" + ", ".join(f'{name}: {{eq: "{value}"}}' for name, value in values.items()) + "}"


Question = tuple[str, int, int]
"""Its shape, and which of the pools of names and addresses it guesses; -1 is the person's own."""


def questions(rng: random.Random) -> list[Question]:
    """A sequence; no question has both of the person's own values, for then it may be answered."""
    found: list[Question] = []
    while len(found) < 3:
        name, address = rng.randrange(-1, 3), rng.randrange(-1, 3)
        if (name, address) != (-1, -1):
            found.append((rng.choice(SHAPES), name, address))
    return found


def put(served: Served, question: Question, number: str) -> str:
    """The answer to a question about a person, without what is of each request alone."""
    shape, at_name, at_address = question
    own = PRESENT.get(number, ("安静", "学门街1号"))
    name = own[0] if at_name == -1 else f"{OTHERS[0]}{at_name}"
    address = own[1] if at_address == -1 else f"{OTHERS[1]}{at_address}"
    values = {"idNumber": number, "name": name, "address": address}
    where = where_of(values)
    if shape == "variable":
        answer = ask(served, "$w", w={key: {"eq": value} for key, value in values.items()})
    else:
        answer = ask(served, _shaped(shape, values, where))
    body = answer.json()
    kept = {
        "status": answer.status_code,
        "data": body.get("data"),
        "errors": [(each["message"], each["extensions"]["code"]) for each in body.get("errors", ())],
    }
    return json.dumps(kept, ensure_ascii=False)


def _shaped(shape: str, values: dict[str, str], where: str) -> str:
    number, name, address = (f'"{each}"' for each in values.values())
    return {
        "and": f"{{and: [{{idNumber: {{eq: {number}}}}}, {{and: [{{name: {{eq: {name}}}}}, "
        f"{{address: {{eq: {address}}}}}]}}]}}",
        "twice": f"{{not: {{not: {where}}}}}",
        "less": f"{{idNumber: {{eq: {number}}}, name: {{eq: {name}}}}}",
        "more": f"{where[:-1]}, gender: {{eq: FEMALE}}}}",
        "in": f"{{idNumber: {{eq: {number}}}, name: {{in: [{name}]}}, address: {{eq: {address}}}}}",
        "beginning": f"{{idNumber: {{eq: {number}}}, name: {{eq: {name}}}, address: {{startsWith: {address}}}}}",
        "null": f"{{idNumber: {{eq: {number}}}, name: {{isNull: true}}, address: {{eq: {address}}}}}",
        "either": f"{{idNumber: {{eq: {number}}}, or: [{{name: {{eq: {name}}}}}, {{address: {{eq: {address}}}}}]}}",
    }.get(shape, where)


def test_yes_no_and_cannot_say(served: Served) -> None:
    number = next(iter(PRESENT))
    assert told(served, number, NAMES[0], ADDRESSES[0]) == "AGREES"
    assert told(served, f" {number.lower()} ", f" {NAMES[0]} ", "学门街１号") == "AGREES", "in normal form"
    wrong = [(NAMES[1], ADDRESSES[0]), (NAMES[0], ADDRESSES[1]), (NAMES[1], ADDRESSES[1])]
    assert {told(served, number, *each) for each in wrong} == {"DISAGREES"}
    assert {told(served, each, "安静", "学门街1号") for each in MISSING} == {"CANNOT_SAY"}
    assert {told(served, each, "杜康", "无名街9号") for each in MISSING} == {"CANNOT_SAY"}


@pytest.mark.slow
@pytest.mark.parametrize("group", [tuple(PRESENT), MISSING], ids=["present", "missing"])
def test_no_sequence_tells_twins_apart(served: Served, rng: random.Random, group: tuple[str, ...]) -> None:
    """A name or an address that is right alone changes nothing; nor does why nothing can be said."""
    seen: set[str] = set()
    for at in range(SEQUENCES // 2):
        one, other = rng.sample(group, 2)
        sequence = questions(rng)
        both = [[put(served, each, person) for each in sequence] for person in (one, other)]
        assert both[0] == both[1], f"sequence {at}: {sequence}"
        seen.update(both[0])
    words = {word for word in ("AGREES", "DISAGREES", "CANNOT_SAY") if any(f'"{word}"' in each for each in seen)}
    assert words == {"DISAGREES" if group is not MISSING else "CANNOT_SAY"}
    assert any("FIELD_NOT_FILTERABLE" in each for each in seen)


def test_the_record_names_whom_it_was_about_and_no_value(served: Served) -> None:
    number = next(iter(PRESENT))
    told(served, number, NAMES[0], ADDRESSES[3])
    found = served.records()[-1]
    assert found.decision.matched == ("Person.address", "Person.idNumber", "Person.name")
    assert found.decision.clear == found.decision.masked == ()
    assert len(found.subjects) == 1
    told(served, MISSING[0], NAMES[0], ADDRESSES[3])
    assert served.records()[-1].subjects == ()
    held = b"".join(path.read_bytes() for path in served.hub.settings.audit_file.parent.glob("*") if path.is_file())
    assert not any(each.encode() in held for each in (number, NAMES[0], ADDRESSES[3], MISSING[0]))


def test_a_no_and_a_cannot_say_are_counted_and_then_nothing_is_told(tmp_path: Path, graph: GraphAddress) -> None:
    number = next(iter(PRESENT))
    right, wrong = (number, NAMES[0], ADDRESSES[0]), (number, NAMES[0], ADDRESSES[1])
    nobody = (MISSING[0], NAMES[0], ADDRESSES[0])
    with closing(PolicyStore(in_file(tmp_path), KEY, SPINE)) as store:
        store.make(lambda: CONTENT)
        with serving(tmp_path / "home", graph, store=store, failed_matches=4) as counted:
            words = [told(counted, *each) for each in (right, wrong, nobody) * 2]
            assert words == ["AGREES", "DISAGREES", "CANNOT_SAY"] * 2
            fields = ("idNumber", "name", "address")
            last = [ask(counted, where_of(dict(zip(fields, each, strict=True)))) for each in (right, wrong, nobody)]
    assert {(each.status_code, code_of(each), each.json().get("data")) for each in last} == {(429, "DAILY_CAP", None)}
    assert len({each.json()["errors"][0]["message"] for each in last}) == 1


def test_few_people_are_verified_in_one_operation(served: Served) -> None:
    where = where_of({"idNumber": next(iter(PRESENT)), "name": NAMES[0], "address": ADDRESSES[0]})
    query = " ".join(f"v{at}: verify(where: {where})" for at in range(6))
    answer = served.ask(f"{{ {query} }}", app="app", purpose="a")
    assert code_of(answer) == "COST_LIMIT"


def test_it_lists_nobody_and_opens_nothing_else(served: Served) -> None:
    number = next(iter(PRESENT))
    for query in (
        "{ people { edges { cursor } } }",
        f'{{ people(where: {{idNumber: {{eq: "{number}"}}}}) {{ edges {{ cursor }} }} }}',
        "{ peopleAggregate { count } }",
        f'{{ accessesOf(where: {{idNumber: {{eq: "{number}"}}}}) {{ day }} }}',
    ):
        assert code_of(served.ask(query, app="app", purpose="a")) == "FIELD_DENIED"
