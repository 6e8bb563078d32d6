"""Parts of the developer's pages: code that sends a query, marks in an answer, examples that a purpose may ask."""

from __future__ import annotations

import ast
import datetime as dt
import json
import re
import shlex
from dataclasses import replace
from pathlib import Path

import pytest

from hub.console.developer.answer_lines import MOST, lines_of, masked_paths
from hub.console.developer.asked import Asked, VariablesUnread, is_local
from hub.console.developer.examples import examples_of
from hub.console.developer.snippets import snippets_of
from hub.console.steward.matrix import Effect
from hub.errors import HubError
from hub.home.settings import Settings
from hub.request.decision_cache import DecisionCache
from hub.request.own_access.table import Asker, table_of
from policies.language import load
from policies.model import DOCUMENTS_REGISTERED
from policies.operations.registered import Operation
from policies.rules import Subject
from schema import SPINE
from tests.support.serving import COUNTY
from tests.support.small_graph import SCHEMA, prepare, subject

pytestmark = pytest.mark.unit

POLICY = load(COUNTY, SPINE)
TODAY = dt.date(2026, 6, 30)
ODD = ["", "o'brien", '"quoted"', "$(id) `id` ${x}", "a\\b\nc", "王小明", "</script>", "{{7*7}} %s {0}"]


@pytest.mark.parametrize("odd", ODD)
def test_code_sends_what_the_page_would_ask_whatever_it_holds(odd: str) -> None:
    asked = Asked("event.dispatch", f"{{ people }} # {odd}", json.dumps({"no": odd}), odd.replace("\n", ""))
    snippets, body = snippets_of(asked, "https://hub.example"), json.loads(asked.body)
    curl = shlex.split(snippets["curl"].replace("\\\n", ""))
    assert curl[:3] == ["curl", "-s", "https://hub.example/graphql"]
    assert json.loads(curl[curl.index("-d") + 1]) == body
    headers = dict(curl[at + 1].split(": ", 1) for at, each in enumerate(curl) if each == "-H")
    assert headers == {"Authorization": "Bearer $TOKEN", **asked.headers}
    assigned = {
        node.targets[0].id: node.value
        for node in ast.walk(ast.parse(snippets["Python"]))
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
    }
    assert ast.literal_eval(assigned["body"]) == body
    sent = assigned["headers"]
    assert isinstance(sent, ast.Dict)
    pairs = zip(sent.keys[1:], sent.values[1:], strict=True)
    assert {ast.literal_eval(key): ast.literal_eval(value) for key, value in pairs if key} == asked.headers
    script = re.search(r"JSON\.stringify\((.*)\),\n\}\);", snippets["TypeScript"], re.DOTALL)
    assert script is not None
    assert json.loads(script[1]) == body


@pytest.mark.parametrize("variables", ["{", "[]", "1", "null", '{"a": 1, "a": 2}', "{'a': 1}", '{"a": NaN}', "\ud800"])
def test_variables_that_are_no_object_are_unread(variables: str) -> None:
    with pytest.raises(VariablesUnread):
        _ = Asked("a", "{ people }", variables).body


@pytest.mark.parametrize("variables", ["", "  \n", "{}"])
def test_a_query_without_variables_has_none(variables: str) -> None:
    assert json.loads(Asked("a", "{ people }", variables).body) == {"query": "{ people }"}


def test_the_lines_of_an_answer_are_its_json_and_no_more_than_a_page_shows() -> None:
    data = {"a": [{"b": 1, "c": None}, {}], "d": [], "e": '文\n"x"', "f": {"g": [[1], [2]]}}
    lines, whole = lines_of(data, {("a", "c"): Effect.NOTHING, ("a",): Effect.MASK})
    assert json.loads("\n".join("  " * each.depth + each.text for each in lines)) == data
    assert whole
    assert {each.text: each.mark for each in lines if each.mark} == {'"a": [': Effect.MASK, '"c": null': Effect.NOTHING}
    lines, whole = lines_of({"a": list(range(MOST))}, {})
    assert (len(lines), whole) == (MOST, False)


def test_masked_coordinates_are_found_through_aliases_fragments_and_interfaces() -> None:
    document = (
        "{ a: people { edges { node { ...p p: phone dwellings { residents { phone name } } } } } "
        'node(id: "x") { ... on Person { phone } ... on Event { number } } } fragment p on Person { tel: phone }'
    )
    found = set(masked_paths(SCHEMA, document, {"Person.phone", "Event.text"}))
    assert found == {
        ("a", "edges", "node", "tel"),
        ("a", "edges", "node", "p"),
        ("a", "edges", "node", "dwellings", "residents", "phone"),
        ("node", "phone"),
    }


@pytest.mark.parametrize("application", POLICY.applications)
def test_each_example_of_each_application_is_one_that_it_may_ask(application: str) -> None:
    who: Subject = subject(POLICY, application)
    table = table_of(SPINE, DecisionCache(), {}, Asker(POLICY, who, TODAY, has_case=True))
    for purpose in table.decisions:
        examples = examples_of(table, POLICY, purpose)
        assert examples, purpose
        assert len({each.key for each in examples}) == len(examples)
        for each in examples:
            variables = json.loads(each.variables) if each.variables else {}
            try:
                planned, _ = prepare(POLICY, who, purpose, each.document, variables, case="A-1")
            except HubError as refusal:
                pytest.fail(f"{purpose} {each.key}: {refusal}")
            assert planned.coordinates.denied == (), (purpose, each.key)


def test_a_hub_is_local_by_its_own_issuer_and_without_a_public_address(tmp_path: Path) -> None:
    own = Settings.load(home=tmp_path / "home")
    assert is_local(own)
    assert not is_local(own.model_copy(update={"issuer_discovery": True}))
    assert not is_local(own.model_copy(update={"issuer_jwks": own.home / "jwks.json"}))
    assert not is_local(own.model_copy(update={"public_url": "https://hub.example"}))


def test_an_application_that_asks_registered_operations_alone_has_no_other_example() -> None:
    own = replace(POLICY.applications["grid-desk"], documents=DOCUMENTS_REGISTERED)
    operation = Operation("sha256:x", "open-events", "grid-desk", "event.dispatch", {}, "{ events { totalCount } }")
    policy = replace(
        POLICY,
        applications={**POLICY.applications, "grid-desk": own},
        operations={
            ("grid-desk", "sha256:x"): operation,
            ("statistics", "sha256:y"): replace(operation, application="statistics"),
        },
    )
    table = table_of(SPINE, DecisionCache(), {}, Asker(policy, subject(policy, "grid-desk"), TODAY, has_case=False))
    assert [each.name for each in examples_of(table, policy, "event.dispatch")] == ["open-events"]
    assert examples_of(table, policy, "event.callback") == []
