"""What `sluicegate query` tells about a refusal: where it stands in the text, and which name is nearest."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from hub.cli.main import app
from hub.cli.query_errors import error_lines
from schema import SPINE

pytestmark = pytest.mark.unit

CANARY = "13800138000"
NAMED = "query($no: String!) { people(where: {idNumber: {eq: $no}}) { edges { node { name } } } }"


def told(document: str, message: str, *places: tuple[int, int], **variables: Any) -> list[str]:
    locations = [{"line": line, "column": column} for line, column in places]
    error = {"message": message, "locations": locations, "extensions": {"code": "VALIDATION"}}
    return error_lines([error], document, variables, SPINE)


def test_a_fault_of_the_text_is_told_with_line_and_column() -> None:
    (line,) = told("{ people(first: 1) {\n  edges", "the document is not GraphQL at this place", (2, 8))
    assert line == "VALIDATION at line 2, column 8: the document is not GraphQL at this place"


@pytest.mark.parametrize(
    ("document", "message", "column", "guess"),
    [
        ("{ people(first: 1) { edges { node { nmae } } } }", "Cannot query field 'nmae' on type 'Person'.", 37, "name"),
        ("{ people(frist: 1) { edges { node { name } } } }", "Unknown argument 'frist' on …", 10, "first"),
        ("{ people(where: {nmae: {eq: 1}}) { edges { node { name } } } }", "people: where: …", 18, "name"),
    ],
)
def test_the_nearest_name_of_the_schema_is_told(document: str, message: str, column: int, guess: str) -> None:
    (line,) = told(document, message, (1, column))
    assert line.startswith(f"VALIDATION at line 1, column {column}: {message} Did you mean '{guess}'")


def test_a_name_that_the_hub_has_told_is_not_told_again() -> None:
    message = "Variable '$n0' is not defined. The nearest is '$no'."
    assert told(NAMED.replace("$no}", "$n0}"), message, (1, 53)) == [f"VALIDATION at line 1, column 53: {message}"]


def test_a_mistyped_name_in_the_variables_is_told_and_no_value() -> None:
    first, second = told(NAMED, "the variable $no is missing", (1, 7), on=CANARY)
    assert first == "VALIDATION at line 1, column 7: the variable $no is missing"
    assert second == "  --variables gives 'on', which the query does not define; did you mean 'no'?"
    (_, third) = told(NAMED, "the variable $no is missing", (1, 7), **{CANARY: 1})
    assert third == "  --variables gives what is no name of a variable, which the query does not define"


def test_the_name_of_a_field_in_a_variable_is_told() -> None:
    document = "query($w: PersonWhere) { people(where: $w) { edges { node { name } } } }"
    (line,) = told(document, "$w: expected PersonWhere", (1, 7), w={"nmae": {"eq": CANARY}})
    assert line.startswith("VALIDATION at line 1, column 7: $w: expected PersonWhere Did you mean 'name'")
    assert CANARY not in line


def test_what_is_no_fault_of_the_text_is_told_as_before() -> None:
    access = {"owner": "police"}
    error = {
        "message": "not open",
        "path": ["people", "name"],
        "extensions": {"code": "FIELD_DENIED", "access": access},
    }
    assert error_lines([error], NAMED, {"other": 1}, SPINE) == [
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
    assert "Did you mean 'first'?" in ended.stderr and "Did you mean 'name'" in ended.stderr
