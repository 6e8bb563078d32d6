"""What `sluicegate query` tells about a refusal: where it stands in the text, and what the hub says of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from hub.cli.main import app
from hub.cli.query_errors import error_lines, hidden_lines

pytestmark = pytest.mark.unit

CANARY = "13800138000"
NAMED = "query($no: String!) { people(where: {idNumber: {eq: $no}}) { edges { node { name } } } }"


def told(document: str, message: str, *places: tuple[int, int], **variables: Any) -> list[str]:
    locations = [{"line": line, "column": column} for line, column in places]
    error = {"message": message, "locations": locations, "extensions": {"code": "VALIDATION"}}
    return error_lines([error], document, variables)


def test_a_fault_of_the_text_is_told_with_line_and_column() -> None:
    (line,) = told("{ people(first: 1) {\n  edges", "the document is not GraphQL at this place", (2, 8))
    assert line == "VALIDATION at line 2, column 8: the document is not GraphQL at this place"


def test_a_mistyped_name_in_the_variables_is_told_and_no_value() -> None:
    first, second = told(NAMED, "the variable $no is missing", (1, 7), on=CANARY)
    assert first == "VALIDATION at line 1, column 7: the variable $no is missing"
    assert second == "  --variables gives 'on', which the query does not define; did you mean 'no'?"
    (_, third) = told(NAMED, "the variable $no is missing", (1, 7), **{CANARY: 1})
    assert third == "  --variables gives what is no name of a variable, which the query does not define"


def test_what_is_no_fault_of_the_text_is_told_as_before() -> None:
    access = {"owner": "police"}
    error = {
        "message": "not open",
        "path": ["people", "name"],
        "extensions": {"code": "FIELD_DENIED", "access": access},
    }
    assert error_lines([error], NAMED, {"other": 1}) == [
        "FIELD_DENIED people.name: not open",
        '  {"owner": "police"}',
    ]


def test_an_explanation_tells_the_same(home: Path) -> None:
    arguments = ["query", "--app", "fire-inspection", "--purpose", "safety.fire.rental", "--explain"]
    document = "{ people(frist: 1) { edges { node { nmae } } } }"
    ended = CliRunner().invoke(app, [*arguments, document], env={"SLUICEGATE_HOME": str(home)})
    assert ended.exit_code == 1
    lines = ended.stderr.splitlines()
    assert len(lines) == 2
    assert all(line.startswith("error: VALIDATION at line 1, column ") for line in lines)
    assert "The nearest is 'first'." in ended.stderr and "The nearest is 'name'." in ended.stderr


def test_a_nested_list_that_is_cut_is_told_with_how_many_there_are() -> None:
    page = {"coordinate": "Query.dwellings", "path": ["dwellings"], "shown": 1}
    path = ["dwellings", "edges", 0, "node", "residents"]
    nested = {"coordinate": "Dwelling.residents", "path": path, "shown": 20, "total": 25}
    assert hidden_lines({"cut": [page, nested]}) == ["dwellings.edges.0.node.residents: 20 of 25 are shown"]
