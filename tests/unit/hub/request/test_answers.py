"""What an honest application is told: members that are ignored, limits that were met, purposes that would do."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from hub.request import floods
from hub.request.cost import LIMITS
from tests.support.serving import Served, code_of, serving
from tests.support.small_graph import policy

pytestmark = pytest.mark.unit

POLICY = """
purposes:
  - {id: a, zh: 甲, en: A}
  - {id: b, zh: 乙, en: B}
  - {id: c, zh: 丙, en: C}
  - {id: d, zh: 丁, en: D}
applications:
  - {id: app, zh: 应用, en: App, department: fire, jurisdiction: 14/}
owners: {Region: civil, Event: hotline, Person: police}
grants:
  - {id: ga, to: {application: [app]}, for: [a], basis: law, rows: {Region: {}},
     fields: {Region.code: clear, Region.events: clear}}
  - {id: gb, to: {application: [app]}, for: [b], basis: law, rows: {Event: {}},
     fields: {Event.number: clear, Event.grid: clear}}
  - {id: gc, to: {application: [app]}, for: [c], basis: law, rows: {Event: {}, Region: {}, Person: {}},
     fields: {Event.number: clear, Region.events: clear, Region.code: clear, Person.name: clear}}
  - {id: gd, to: {application: [app]}, for: [d], basis: law, rows: {Region: {}}, fields: {Region.code: clear}}
  - {id: gd-case, to: {application: [app]}, for: [d], basis: law, obligations: {case: required},
     rows: {Event: {number: {eq: $case}}, Region: {}},
     fields: {Event.number: clear, Event.grid: clear, Region.name: clear}}
"""


OTHERS: list[Any] = [0, 1, "", "{}", [], [{}], False, True]
"""What is no map."""
NO_NAMES: list[Any] = [0, [], {}, False]
NO_DOCUMENTS: list[Any] = [0, "", " ", [], {}, None, False]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("answers")
    with serving(folder / "home", policy=policy(folder / "policy", POLICY)) as running:
        yield running


def errors(served: Served, query: str, purpose: str = "a", **more: Any) -> list[Any]:
    found: list[Any] = served.ask(query, app="app", purpose=purpose, **more).json().get("errors", [])
    return found


@pytest.mark.parametrize(
    "extensions",
    [{}, None, {"clientLibrary": {"name": "@apollo/client", "version": "4.0.0"}}, {"persistedQuery": {"version": 1}}],
)
def test_case_3_02_any_map_of_extensions_is_ignored(served: Served, extensions: Any) -> None:
    assert code_of(served.ask(app="app", purpose="a", extensions=extensions)) == "OK"


@pytest.mark.parametrize(
    ("members", "says"),
    [
        *[({"extensions": other}, "extensions") for other in OTHERS],
        *[({"variables": other}, "variables") for other in OTHERS],
        *[({"operationName": name}, "operationName") for name in NO_NAMES],
        *[({"query": text}, "query") for text in NO_DOCUMENTS],
    ],
    ids=str,
)
def test_case_3_02_a_member_of_another_form_is_refused(served: Served, members: dict[str, Any], says: str) -> None:
    sent = {"query": "{ __typename }"} | members
    answer = served.ask(sent.pop("query"), app="app", purpose="a", **sent)
    assert code_of(answer) == "BAD_REQUEST"
    assert says in answer.json()["errors"][0]["message"]


@pytest.mark.parametrize("members", [{"id": "x"}, {"": None}, {"doc_id": [1]}], ids=str)
def test_case_3_02_any_other_member_is_ignored(served: Served, members: dict[str, Any]) -> None:
    assert code_of(served.ask(app="app", purpose="a", **members)) == "OK"
    alone = served.ask(None, app="app", purpose="a", **members)
    assert code_of(alone) == "BAD_REQUEST"


DENIED = [
    ("a", "{ events { edges { node { number grid { code } } } } }", [], "hotline"),
    ("b", "{ people { edges { node { name } } } }", ["c"], "police"),
    ("a", "{ people { edges { node { name phone } } } }", [], "police"),
]


@pytest.mark.parametrize(("purpose", "query", "would", "owner"), DENIED)
def test_case_3_03_what_is_denied_says_who_owns_it_and_which_purpose_answers_all(
    served: Served, purpose: str, query: str, would: list[str], owner: str
) -> None:
    (denied,) = errors(served, query, purpose)
    assert denied["extensions"]["code"] == "FIELD_DENIED"
    assert denied["extensions"]["access"]["purposesThatWould"] == would
    assert denied["extensions"]["access"]["owner"] == owner


def test_what_is_denied_is_no_error_for_a_client_that_says_nothing(served: Served) -> None:
    sent = {"Authorization": f"Bearer {served.issuer.issue('app', 'inspector-1')}", "Access-Purpose": "a"}
    asked = {"query": "{ events { edges { node { number } } } x: eventsAggregate { count } }"}
    url = f"http://127.0.0.1:{served.port}/graphql"
    answer = httpx.post(url, json=asked, headers=sent, trust_env=False)
    told = answer.json()
    assert (answer.status_code, told["data"]) == (200, {"events": None, "x": None})
    assert "errors" not in told
    (denied,) = told["extensions"]["access"]["denied"]
    assert denied["paths"] == [["events"], ["x"]]
    assert (denied["coordinate"], denied["owner"], denied["purposesThatWould"]) == ("Event", "hotline", ["b", "c"])
    record = served.records()[-1]
    assert (record.result, record.decision.denied) == ("OK", ("Event",))


def test_another_value_of_access_errors_is_refused(served: Served) -> None:
    answer = served.ask(app="app", purpose="a", headers={"Access-Errors": "all"})
    assert (answer.status_code, code_of(answer)) == (400, "BAD_REQUEST")
    assert "list or none" in answer.json()["errors"][0]["message"]


@pytest.mark.parametrize(
    ("query", "what"),
    [
        ("{ events { edges { node { number } } } }", "Event"),
        ("{ a: events { edges { node { number } } } b: eventsAggregate { count } }", "Event"),
    ],
)
def test_case_3_04_the_answer_says_that_a_case_is_needed(served: Served, query: str, what: str) -> None:
    found = errors(served, query, "d")
    assert {each["extensions"]["code"] for each in found} == {"FIELD_DENIED"}
    assert found[0]["message"].startswith(f"{what} is open to the purpose d with a case only")
    assert "Case-Reference" in found[0]["message"]
    named = served.ask(query, app="app", purpose="d", headers={"Case-Reference": "E1"})
    assert code_of(named) == "GRAPH_UNAVAILABLE", "with a case the graph is asked"


def test_case_3_04_so_does_the_refusal_of_a_filter(served: Served) -> None:
    query = '{ regions(where: {name: {eq: "x"}}) { edges { node { code } } } }'
    (refused,) = errors(served, query, "d")
    assert refused["extensions"]["code"] == "CASE_REQUIRED"
    assert "Case-Reference" in refused["message"]
    assert code_of(served.ask(query, app="app", purpose="a")) == "FIELD_NOT_FILTERABLE"


def test_case_2_04_what_is_denied_is_worked_out_once_a_coordinate(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    from hub.request import denials

    calls: list[str] = []
    original = denials.DenialErrors._how_to_ask

    def counted(self: Any, coordinate: str) -> dict[str, Any]:
        calls.append(coordinate)
        return original(self, coordinate)

    monkeypatch.setattr(denials.DenialErrors, "_how_to_ask", counted)
    aliases = " ".join(f"p{n}: peopleAggregate {{ count }}" for n in range(190))
    found = errors(served, f"{{ {aliases} }}", "a")
    assert len(found) == 190
    assert calls == ["Person"]


def nested_types(levels: int) -> str:
    return "{ __schema { types { " + "ofType { " * levels + "name" + " }" * levels + " } } }"


@pytest.mark.parametrize(
    ("query", "code", "says"),
    [
        (nested_types(LIMITS.introspection_depth - 3), "OK", ""),
        (nested_types(LIMITS.introspection_depth - 2), "DEPTH_LIMIT", "introspection is nested deeper than 16"),
        (
            "{ regions " + "{ edges { node { parent " * 5 + "{ code }" + " } } }" * 5 + " }",
            "DEPTH_LIMIT",
            "deeper than 12",
        ),
        ("{ " + "a { " * 59 + "b" + " }" * 59 + " }", "DEPTH_LIMIT", "12"),
        ("{ " + "a { " * 200 + "b" + " }" * 200 + " }", "DEPTH_LIMIT", "60"),
        ("{" + "[" * 100, "VALIDATION", ""),
        (
            '{ __type(name: "Person") { fields { type { fields { type { fields { name } } } } } } }',
            "VALIDATION",
            "2 lists",
        ),
    ],
    ids=range(7),
)
def test_case_3_08_the_limit_that_was_met_is_named(served: Served, query: str, code: str, says: str) -> None:
    answer = served.ask(query, app="app", purpose="a")
    assert code_of(answer) == code
    assert code == "OK" or says in answer.json()["errors"][0]["message"]


@pytest.mark.parametrize(
    "query",
    [
        "{ __schema { " + " ".join(f"a{n}: types {{ name fields {{ name }} }}" for n in range(70)) + " } }",
        "{ " + " ".join(f"a{n}: __schema {{ types {{ name fields {{ name }} }} }}" for n in range(70)) + " }",
        "{ ...F } fragment F on Query { " + " ".join(f"a{n}: __schema {{ ...T }}" for n in range(60)) + " } "
        "fragment T on __Schema { types { name fields { name } } }",
    ],
    ids=["lists", "roots", "fragments"],
)
def test_case_2_13_introspection_by_aliases_is_bounded(served: Served, query: str) -> None:
    answer = served.ask(query, app="app", purpose="a")
    assert code_of(answer) == "COST_LIMIT"
    assert "introspection" in answer.json()["errors"][0]["message"]


def test_case_2_13_a_flood_of_refusals_by_a_valid_token_is_counted(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(floods, "BURST", 3)
    folder = tmp_path_factory.mktemp("flood")
    with serving(folder / "home", policy=policy(folder / "policy", POLICY)) as served:
        served.hub.floods._meter._most = 3
        kinds = [
            "{ nothing }",
            "{",
            '{ regions(where: {name: {eq: "x"}}) { edges { node { code } } } }',
            "mutation { a }",
        ]
        for n in range(12):
            assert code_of(served.ask(kinds[n % 4], app="app", purpose="a")) != "OK"
        found = served.records()
        assert sum(each.kind == "refusal" for each in found) < 12
        (one, *_) = [each for each in found if each.kind == "flood"]
        assert one.application == "app"
        assert code_of(served.ask(app="app", purpose="a")) == "OK"
        assert served.records()[-1].kind == "query"
