"""Clients that others made run three real operations with their defaults, or with the setting of docs/clients.md."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.conformance.clients.node_programs import Operation, install, run
from tests.support.county import County

pytestmark = [pytest.mark.conformance, pytest.mark.slow]

PAGE = """query Buildings($n: Int) {
  buildings(first: $n) {
    edges { cursor node { id code dwellings(first: 1) { id code usage } } }
    pageInfo { hasNextPage endCursor }
  }
}"""
MATCH = """query Found($no: String!) {
  people(where: {idNumber: {eq: $no}}) { edges { node { id name phone gender } } }
}"""
COUNTS = "query Counts { peopleAggregate(groupBy: [REGION_STREET, AGE_BAND]) { regionStreet ageBand count } }"
CLIENTS_PAGE = (Path(__file__).parents[3] / "docs" / "clients.md").read_text("utf-8")
SETTINGS: dict[str, dict[str, Any]] = {
    "apollo": {},
    "urql": {"preferGetMethod": False},
    "graphql_request": {},
}
"""What has to be set; the rest is each client's default."""


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return install(tmp_path_factory.mktemp("clients"))


@pytest.fixture(scope="module")
def operations(county: County) -> list[Operation]:
    return operations_of(county)


def operations_of(county: County) -> list[Operation]:
    """The three operations, each as the application that may ask it."""
    wanted = [
        ("fire-inspection", "safety.fire", PAGE, {"n": 3}),
        ("fire-inspection", "safety.fire.rental", MATCH, {"no": "140321195703129022"}),
        ("statistics", "stat", COUNTS, {}),
    ]
    return [
        {"document": document, "variables": variables, "headers": _headers(county, application, purpose)}
        for application, purpose, document, variables in wanted
    ]


def _headers(county: County, application: str, purpose: str) -> dict[str, str]:
    headers = county.hub.headers(application, purpose)
    return {name: headers[name] for name in ("Authorization", "Access-Purpose")}


def plain(value: Any) -> Any:
    """A value without what clients add to it; of cursors, which are sealed anew each time, that they are there."""
    if isinstance(value, dict):
        there = {name: bool(value[name]) for name in ("cursor", "endCursor") if name in value}
        return {name: plain(each) for name, each in value.items() if name != "__typename"} | there
    return [plain(each) for each in value] if isinstance(value, list) else value


def asked(county: County, operation: Operation, **headers: str) -> dict[str, Any]:
    """The answer to an operation, without a client."""
    content = json.dumps({"query": operation["document"], "variables": operation["variables"]}).encode()
    sent = {**operation["headers"], "Content-Type": "application/json", "Access-Errors": "none", **headers}
    answer: dict[str, Any] = county.hub.send("POST", sent, content).body
    return answer


@pytest.mark.parametrize("client", SETTINGS)
def test_a_client_gets_whole_answers(county: County, programs: Path, operations: list[Operation], client: str) -> None:
    found = run(programs, client, f"{county.hub.url}/graphql", operations, **SETTINGS[client])
    assert [each.get("error") or each.get("thrown") for each in found] == [None, None, None]
    for answer, operation in zip(found, operations, strict=True):
        wanted = asked(county, operation)
        assert "errors" not in wanted
        assert plain(answer["data"]) == plain(wanted["data"])


def test_the_three_operations_hide_something(county: County, operations: list[Operation]) -> None:
    """Otherwise they would not show that what is hidden does not make a client throw the answer away."""
    page, match, counts = (asked(county, each)["extensions"]["access"] for each in operations)
    assert page["cut"][0] == {"coordinate": "Query.buildings", "path": ["buildings"], "shown": 3}
    lists = [each for each in page["cut"] if each["coordinate"] == "Building.dwellings"]
    assert lists[0]["path"] == ["buildings", "edges", 0, "node", "dwellings"]
    assert lists[0]["total"] > lists[0]["shown"] == 1
    (denied,) = match["denied"]
    assert (denied["coordinate"], denied["owner"]) == ("Person.gender", "police")
    assert {each["coordinate"]: each["masks"] for each in match["masked"]} == {
        "Person.name": ["surname"],
        "Person.phone": ["partial(3,4)"],
    }
    (suppressed,) = counts["suppressed"]
    assert suppressed["path"] == ["peopleAggregate"]
    assert suppressed["rows"] > 0


def test_urql_is_told_what_to_set(county: County, programs: Path, operations: list[Operation]) -> None:
    found = run(programs, "urql", f"{county.hub.url}/graphql", operations[:1])
    assert "preferGetMethod: false" in found[0]["error"]


@pytest.mark.parametrize(("language", "program"), [("sh", ["bash", "-c"]), ("python", [sys.executable, "-c"])])
def test_the_snippets_of_the_page_get_an_answer(
    county: County, language: str, program: list[str], tmp_path: Path
) -> None:
    # Those of other languages that stand before are run where what they show is tested.
    page = CLIENTS_PAGE if language == "sh" else CLIENTS_PAGE.partition("## Snippets")[2]
    snippets = "".join(re.findall(rf"```{language}\n(.*?)```", page, re.DOTALL))
    known = {"HUB": county.hub.url, "TOKEN": county.hub.token("fire-inspection"), "NO_PROXY": "*"}
    done = subprocess.run(
        [*program, snippets],
        cwd=tmp_path,
        env={**os.environ, **known},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, "")
    buildings = county.cypher("MATCH (b:Building) RETURN b.code AS code")
    assert sum(each["code"] in done.stdout for each in buildings) >= 2
    if language == "sh":
        assert "type Query" in (tmp_path / "schema.graphql").read_text("utf-8")


def test_the_page_names_what_is_set() -> None:
    assert "`preferGetMethod: false`" in CLIENTS_PAGE
    assert [name for name, given in SETTINGS.items() if given] == ["urql"]
