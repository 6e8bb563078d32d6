"""Whatever a request was, its record says what is known of it, and no personal value stands in the log's file."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from audit.log import show, tail
from audit.record import Record
from hub.home.settings import Settings
from tests.support.serving import Served, serving
from tests.support.small_graph import policy

pytestmark = [pytest.mark.unit, pytest.mark.attack]

CANARY = "CANARY13800000000"
OPEN = """
purposes: [{id: a, zh: 甲, en: A}]
applications: [{id: app, zh: 应用, en: App, department: fire, jurisdiction: 14/}]
grants:
  - {id: g, to: {application: [app]}, for: [a], basis: law, rows: {Event: {}}, fields: {Event: clear}}
"""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("record") / "home") as running:
        yield running


def last(served: Served) -> Record:
    return served.records()[-1]


def test_f01_a_good_request(served: Served) -> None:
    served.ask("query Named { __typename }", person="li", headers={"Case-Reference": "EV-9"})
    record = last(served)
    assert (record.kind, record.result, record.http_status) == ("query", "OK", 200)
    assert (record.application, record.department) == ("fire-inspection", "fire")
    assert record.region == "14/03/21/"
    assert record.purpose == "safety.fire.rental"
    assert record.operation_name == f"#{served.hub.digester.digest('operation', 'Named')}"
    assert record.subject == served.hub.digester.digest("subject", "li")
    assert record.case == served.hub.digester.digest("case", "EV-9")
    assert record.policy_version == served.hub.policy.version
    index = tail(served.hub.settings.audit_file, 1)[0].index
    assert show(served.hub.settings.audit_file, index)[1] == "query q1 { __typename }"


@pytest.mark.parametrize(
    ("changes", "result", "application", "purpose"),
    [
        ({"query": "{"}, "VALIDATION", "fire-inspection", "safety.fire.rental"),
        ({"query": "{ nothing }"}, "VALIDATION", "fire-inspection", "safety.fire.rental"),
        ({"query": "{ __typename }", "purpose": None}, "PURPOSE_REQUIRED", "fire-inspection", None),
        ({"query": "{ __typename }", "purpose": "safety"}, "PURPOSE_DENIED", "fire-inspection", "safety"),
        ({"query": "{ __typename }", "token": "x"}, "UNAUTHENTICATED", None, "safety.fire.rental"),
        ({"query": 1}, "BAD_REQUEST", "fire-inspection", "safety.fire.rental"),
    ],
    ids=str,
)
def test_f01_refusals(
    served: Served, changes: dict[str, Any], result: str, application: str | None, purpose: str | None
) -> None:
    before = len(served.records())
    served.ask(**changes)
    assert len(served.records()) == before + 1
    record = last(served)
    assert (record.kind, record.result, record.application, record.purpose) == (
        "refusal",
        result,
        application,
        purpose,
    )
    assert record.operation is None
    assert record.request_digest


def test_f05_a_purpose_that_is_no_id_is_a_digest(served: Served) -> None:
    served.ask(purpose=CANARY)
    assert last(served).purpose == "#" + served.hub.digester.digest("purpose", CANARY)


def test_f06_variables_and_literals_are_digests_that_can_be_searched(served: Served) -> None:
    query = (
        'query ($id: ID!, $yes: Boolean!) { a: person(id: $id) @include(if: $yes) { id } b: person(id: "%s") { id } }'
    )
    served.ask(query % CANARY, variables={"id": CANARY, "yes": True, "unused": CANARY})
    digest = served.hub.digester.digest("value", CANARY)
    assert dict(last(served).variables) == {"$v1": digest, "$v2": "true", "#0": digest}


def test_f06_nested_variables_have_paths(served: Served) -> None:
    where = {"and": [{"region": {"startsWith": "14/"}}, {"region": {"isNull": None}}]}
    served.ask("query ($w: RegionWhere) { regions(where: $w) { pageInfo { hasNextPage } } }", variables={"w": where})
    digest = served.hub.digester.digest
    found = dict(last(served).variables)
    assert found == {"$v1.and.0.region.startsWith": digest("value", "14/"), "$v1.and.1.region.isNull": "null"}


def test_f04_what_is_too_much_is_cut_and_still_recorded(served: Served) -> None:
    names = ",".join(f'"{n}"' for n in range(1_400))
    served.ask(f"{{ regions(where: {{ region: {{ in: [{names}] }} }}) {{ pageInfo {{ hasNextPage }} }} }}")
    assert last(served).result in {"VALIDATION", "GRAPH_UNAVAILABLE"}
    served.ask("{ __typename }" + "#" * 200_000)
    assert last(served).result == "COST_LIMIT"


COMPARED = "{ pageInfo { hasNextPage } }"


def test_case_1_11_every_value_that_is_compared_is_found_beside_many_others(served: Served) -> None:
    decoys = [f"14/03/21/{n}/" for n in range(199)]
    query = "query ($w: RegionWhere, $more: [String!]) { regions(where: $w) { ...F } "
    query += (
        "b: regions(where: {code: {in: $more}}) { ...F } } fragment F on RegionConnection { pageInfo { hasNextPage } }"
    )
    served.ask(query, variables={"w": {"region": {"in": [*decoys, "14/03/21/009/"]}}, "more": ["x"]})
    record = last(served)
    assert record.result == "GRAPH_UNAVAILABLE"
    digests = {served.hub.digester.digest("value", each) for each in (*decoys, "14/03/21/009/", "x")}
    assert digests <= set(record.variables.values())


@pytest.mark.parametrize("written", [True, False])
def test_case_1_11_more_values_than_a_record_keeps_are_refused(served: Served, written: bool) -> None:
    lists = [[f"14/03/21/{n}/{at}/" for n in range(200)] for at in range(7)]
    parts = [{"region": {"in": each}} for each in lists]
    if written:
        where = str(parts[:3]).replace("'region'", "region").replace("'in'", "in").replace("'", '"')
        query, variables = (
            f"query ($w: [RegionWhere!]!) {{ regions(where: {{or: {where}, and: $w}}) {COMPARED} }}",
            parts[3:],
        )
    else:
        query, variables = f"query ($w: [RegionWhere!]!) {{ regions(where: {{or: $w}}) {COMPARED} }}", parts
    answer = served.ask(query, variables={"w": variables})
    assert answer.json()["errors"][0]["extensions"]["code"] == "COST_LIMIT"
    assert "values" in answer.json()["errors"][0]["message"]
    assert len(last(served).variables) > 200


def test_case_1_11_a_value_is_found_in_the_spelling_that_the_hub_compares(tmp_path: Path) -> None:
    rules = policy(tmp_path / "policy", OPEN)
    with serving(tmp_path / "home", policy=rules) as served:
        query = '{ events(where: {reportedAt: {lt: "2026-06-30T00:00:00Z"}}) { pageInfo { hasNextPage } } }'
        served.ask(query, app="app", purpose="a")
        digest = served.hub.digester.digest
        sent, compared = digest("value", "2026-06-30T00:00:00Z"), digest("value", "2026-06-30T08:00:00+08:00")
        assert dict(last(served).variables) == {"#0": sent, "=0": compared}


@pytest.mark.parametrize("hostile", ["a\nb", "\x1b[2J", "a\u2028b", "\u202egnp", '","result":"OK"', "x" * 50_000])
def test_f05_log_injection(served: Served, hostile: str) -> None:
    before = len(served.records())
    served.ask("{ __typename }", operationName=hostile)
    served.ask("{ __typename }", operationName=hostile, variables={hostile: hostile})
    found = served.records()[before:]
    assert [each.result for each in found] == ["VALIDATION", "VALIDATION"]
    assert all(each.operation_name is None for each in found)


def test_e13_no_canary_in_the_file(tmp_path: Path) -> None:
    with serving(tmp_path / "home") as served:
        served.ask("{ __typename }", person=CANARY, headers={"Case-Reference": CANARY, "User-Agent": CANARY})
        served.ask(f'{{ {CANARY}: person(id: "{CANARY}") {{ id }} }}', variables={"x": CANARY})
        served.ask("query ($i: ID!) { person(id: $i) { id } }", variables={"i": CANARY})
        served.ask(f"{{ {CANARY} }}", operationName=CANARY)
        served.ask(purpose=CANARY)
        served.ask(token=CANARY)
        served.client.post("/graphql", content=CANARY.encode(), headers={"Content-Type": CANARY})
        served.client.get(f"/graphql?q={CANARY}")
        assert len(served.records()) == 8
        files = _files(served.hub.settings)
        assert served.hub.settings.audit_file in files
        for path in files:
            assert CANARY.encode() not in path.read_bytes(), path
        assert CANARY not in json.dumps([str(each) for each in served.records()])


def _files(settings: Settings) -> list[Path]:
    return [path for path in settings.home.rglob("*") if path.is_file()]
