"""`sluicegate operations`: what is written is what loads, and what does not load leaves the folder as it was."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from hub.cli.main import app
from policies.language import load
from schema import SPINE
from tests.support.registered.county import BUILDINGS, RESIDENTS, TYPE_NAME
from tests.support.serving import COUNTY

pytestmark = pytest.mark.unit
Run = Callable[..., Result]
FOR = ("--app", "fire-inspection", "--purpose", "safety.fire.rental", "--folder", "policies")
REVIEWED = ("--reviewed", "housing=2026-06-01", "--reviewed", "police=2026-06-02")


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SLUICEGATE_HOME", str(tmp_path / "home"))
    shutil.copytree(COUNTY, "policies")
    Path("buildings.graphql").write_text(BUILDINGS, "utf-8")
    Path("persisted.json").write_text(json.dumps({"a": RESIDENTS, "b": TYPE_NAME}), "utf-8")
    Path("literal.graphql").write_text('query Q { node(id: "CANARY") { id } }', "utf-8")
    Path("binary.graphql").write_bytes(b"\xff")

    def run(*arguments: str, code: int = 0) -> Result:
        result = CliRunner().invoke(app, ["operations", *arguments])
        assert result.exit_code == code, result.output
        return result

    return run


def test_documents_of_several_files_are_added_and_listed(run: Run) -> None:
    run("add", "buildings.graphql", "persisted.json", *FOR, *REVIEWED)
    listed = json.loads(run("list", "policies", "--json").stdout)
    assert [each["name"] for each in listed] == ["Buildings", "Residents", "TypeName"]
    assert {(each["application"], each["purpose"]) for each in listed} == {("fire-inspection", "safety.fire.rental")}
    assert {json.dumps(each["reviewed"]) for each in listed} == {'{"housing": "2026-06-01", "police": "2026-06-02"}'}
    assert {each.document for each in load(Path("policies"), SPINE).operations.values()} == {
        BUILDINGS,
        RESIDENTS,
        TYPE_NAME,
    }
    assert run("list", "policies").stdout.splitlines()[-1] == "3 registered; bound to them alone: no application"


def test_bound_applications_are_named(run: Run) -> None:
    registry = Path("policies/applications.yaml")
    text = registry.read_text("utf-8").replace("  - id: grid-desk\n", "  - id: grid-desk\n    documents: registered\n")
    registry.write_text(text, "utf-8")
    assert run("list", "policies").stdout == "0 registered; bound to them alone: grid-desk\n"


WRONG = [
    (("add", "buildings.graphql", *FOR), "say who reviewed them: --reviewed OWNER=YYYY-MM-DD"),
    (("add", "buildings.graphql", *FOR, "--reviewed", "housing"), "--reviewed takes OWNER=YYYY-MM-DD"),
    (("add", "buildings.graphql", *FOR, "--reviewed", "police=2026-06-01"), "which housing owns; add `housing:"),
    (("add", "buildings.graphql", "buildings.graphql", *FOR, *REVIEWED), "registered twice for fire-inspection"),
    (("add", "literal.graphql", *FOR, *REVIEWED), "operations.yaml:6: line 1, column 20 of the document: a value"),
    (("add", "buildings.graphql", *FOR, *REVIEWED, "--purpose", "x"), "unknown purpose 'x'"),
    (("check", "buildings.graphql", "literal.graphql"), "literal.graphql: line 1, column 20 of the document: a value"),
    (("check", "binary.graphql"), "binary.graphql is no document in UTF-8"),
    (("check", "nowhere.graphql"), "nowhere.graphql: No such file or directory"),
    (("list", "nowhere"), "is no folder here"),
]


@pytest.mark.parametrize(("arguments", "told"), WRONG, ids=[told for _, told in WRONG])
def test_what_cannot_be_registered_is_told_and_nothing_is_written(
    run: Run, arguments: tuple[str, ...], told: str
) -> None:
    refused = run(*arguments, code=1).stderr
    assert told in refused and "CANARY" not in refused
    assert not Path("policies/operations.yaml").exists()
