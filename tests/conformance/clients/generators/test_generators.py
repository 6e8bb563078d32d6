"""Code generators make clients of docs/schema.graphql, and each runs the three operations against a real hub."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from graphql import parse, print_ast

from tests.conformance.clients.generators import programs
from tests.conformance.clients.generators.programs import HERE, Node, Program
from tests.conformance.clients.node_programs import Operation
from tests.conformance.clients.test_clients import CLIENTS_PAGE, COUNTS, MATCH, PAGE, asked, operations_of, plain
from tests.support.county import County

pytestmark = [pytest.mark.conformance, pytest.mark.slow, pytest.mark.wide]


@pytest.fixture(scope="module")
def operations(county: County) -> list[Operation]:
    return operations_of(county)


def generated(generator: str, folder: Path, request: pytest.FixtureRequest) -> Program:
    """The client that a generator makes."""
    if generator == "ariadne-codegen":
        return programs.ariadne(folder)
    if generator == "genqlient":
        return programs.genqlient(folder)
    node: Node = request.getfixturevalue("node")
    return node.codegen() if generator == "graphql-codegen" else node.relay()


@pytest.mark.parametrize("generator", ["graphql-codegen", "relay-compiler", "ariadne-codegen", "genqlient"])
def test_a_generated_client_gets_whole_answers(
    county: County, operations: list[Operation], tmp_path: Path, generator: str, request: pytest.FixtureRequest
) -> None:
    program = generated(generator, tmp_path / "client", request)
    found = program.run(f"{county.hub.url}/graphql", operations)
    assert [each.get("error") or each.get("thrown") for each in found] == [None, None, None]
    for answer, operation in zip(found, operations, strict=True):
        assert plain(answer["data"]) == plain(asked(county, operation)["data"])


def test_relay_sees_where_errors_are_if_they_are_listed(
    county: County, operations: list[Operation], node: Node
) -> None:
    match = operations[1]
    listed = {**match, "headers": {**match["headers"], "Access-Errors": "list"}}
    _, answer, _ = node.relay().run(f"{county.hub.url}/graphql", [operations[0], listed, operations[2]])
    assert [error["path"] for error in asked(county, match, **{"Access-Errors": "list"})["errors"]] == [
        ["people", "edges", 0, "node", "gender"]
    ]
    assert answer["denied"] == ["Person.gender is not open to the purpose safety.fire.rental"]


def test_relay_pages_backwards(county: County, operations: list[Operation], node: Node) -> None:
    """Three pages that Relay puts before each other are the end of the list."""
    document = "query Backwards($n: Int) { buildings(last: $n) { edges { node { id code } } } }"
    backwards: Operation = {**operations[0], "document": document, "variables": {"n": 7}}
    *_, answer = node.relay().run(f"{county.hub.url}/graphql", [*operations, backwards])
    wanted = asked(county, {**backwards, "variables": {"n": 21}})["data"]["buildings"]["edges"]
    assert [edge["node"]["code"] for edge in answer["data"]["buildings"]["edges"]] == [
        edge["node"]["code"] for edge in wanted
    ]
    assert len(wanted) == 21


def test_the_operations_are_those_of_the_other_clients() -> None:
    written = parse((HERE / "operations.graphql").read_text("utf-8"))
    assert [print_ast(each) for each in written.definitions] == [
        print_ast(parse(each).definitions[0]) for each in (PAGE, MATCH, COUNTS)
    ]


def test_the_page_names_the_versions_that_are_tried() -> None:
    told = dict(
        re.findall(
            r"^\| `([\w@/-]+)` ([\d.]+)",
            CLIENTS_PAGE.partition("| generator |")[2].partition("\n### ")[0],
            re.MULTILINE,
        )
    )
    tried = json.loads((HERE / "package.json").read_text("utf-8"))["dependencies"]
    tried |= re.findall(r"^(\S+)==(\S+)", (HERE / "requirements.lock").read_text("utf-8"), re.MULTILINE)
    tried |= re.findall(r"/(genqlient) v(\S+)", (HERE / "genqlient" / "go.mod").read_text("utf-8"))
    assert told.keys() == {"@graphql-codegen/cli", "relay-compiler", "ariadne-codegen", "genqlient"}
    assert [name for name, version in told.items() if not f"{tried[name]}.".startswith(f"{version}.")] == []
