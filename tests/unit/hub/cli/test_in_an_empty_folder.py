"""Every command in an empty folder, as whoever installed the wheel first tries it: it works, or says what to give."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import typer.main
from typer.core import TyperGroup
from typer.testing import CliRunner, Result

from hub.cli.main import app
from tests.support.serving import COUNTY

pytestmark = pytest.mark.unit

QUERY = "{ people { edges { node { name } } } }"
ASKS = ["--app", "fire-inspection", "--purpose", "safety.fire.rental"]
POLICIES, SOURCES, HOME, LOG = "SLUICEGATE_POLICIES", "--sources", "--home", "there is no audit log"
REFUSED = {
    "policy check": ([], POLICIES),
    "policy draft": (["mine"], "mine"),
    "policy rollback": (["1"], POLICIES),
    "policy approve": (["1", "0d7f"], POLICIES),
    "policy activate": (["1"], POLICIES),
    "policy history": ([], POLICIES),
    "policy export": (["1", "--out", "o"], POLICIES),
    "policy explain": ([*ASKS, "Person.name"], POLICIES),
    "policy diff": (["current", "mine"], POLICIES),
    "policy preview": (["--as", "fire-inspection", "--purpose", "safety.fire", QUERY], POLICIES),
    "policy replay": (["mine"], LOG),
    "operations list": ([], POLICIES),
    "operations check": (["a.graphql"], "a.graphql"),
    "operations add": (["a.graphql", *ASKS, "--folder", "mine"], "mine"),
    "serve": ([], POLICIES),
    "query": ([*ASKS, QUERY], POLICIES),
    "token": (["--app", "fire-inspection"], POLICIES),
    "revoke": (["--person", "inspector-1"], HOME),
    "keys rotate": (["issuer"], HOME),
    "login": ([], "SLUICEGATE_SIGN_IN_ISSUER"),
    "pull": ([], SOURCES),
    "purge": (["epidemic"], SOURCES),
    "source refused": ([], HOME),
    "source status": ([], SOURCES),
    "source retry": (["police"], SOURCES),
    "schema diff": ([], HOME),
    "schema apply": ([], HOME),
    "source try": ([], SOURCES),
    "source new": (["shops.csv"], "shops.csv"),
    "pii redetect": ([], HOME),
    "pii eval": (["set.jsonl"], "set.jsonl"),
    "pii scan": (["notes.txt"], "notes.txt"),
    "audit tail": ([], LOG),
    "audit show": (["0"], LOG),
    "audit verify": ([], LOG),
    "audit search": ([], LOG),
    "audit facets": ([], LOG),
    "audit export": (["o"], LOG),
    "audit subject": (["--sid", "x"], LOG),
    "audit checkpoint": ([], LOG),
    "audit prove": (["0"], LOG),
    "audit continuation": (["0"], LOG),
    "audit accept-loss": ([], POLICIES),
    "audit key": ([], "made when the hub first starts"),
    "audit verify-export": (["o", "--key", "k"], "key"),
    "audit prepare": ([], "postgresql://"),
}
"""By command: arguments, and what its refusal names."""
WORK = {
    "policy schema": [],
    "policy vocabulary": [],
    "schema check": [],
    "schema print": [],
    "sample": ["--out", "county", "--people", "300"],
    "logout": [],
}
ANSWERED = {"graph status", "graph stop", "keys list"}
START_MORE = {"demo", "graph start"}
"""What starts servers; `demo` needs a checkout and says so."""


@pytest.fixture(autouse=True)
def _empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def run(*words: str, **environment: str) -> Result:
    return CliRunner().invoke(app, list(words), input="", env=environment)


def commands(group: TyperGroup, before: tuple[str, ...] = ()) -> set[str]:
    found: set[str] = set()
    for name, each in group.commands.items():
        found |= commands(each, (*before, name)) if isinstance(each, TyperGroup) else {" ".join((*before, name))}
    return found


def test_case_3_17_each_command_is_tried() -> None:
    program = typer.main.get_command(app)
    assert isinstance(program, TyperGroup)
    assert commands(program) == {*REFUSED, *WORK, *ANSWERED, *START_MORE}


@pytest.mark.parametrize("command", REFUSED)
def test_case_3_17_a_refusal_names_what_to_give_and_leaves_nothing(command: str, tmp_path: Path) -> None:
    arguments, named = REFUSED[command]
    found = run(*command.split(), *arguments)
    assert found.exit_code == 1, found.output
    assert found.stderr.startswith("error: ") and named in found.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("command", WORK)
def test_case_3_17_what_needs_nothing_works(command: str) -> None:
    assert run(*command.split(), *WORK[command]).exit_code == 0


def own_policies(folder: Path) -> Path:
    return Path(shutil.copytree(COUNTY, folder / "policies")).relative_to(folder)


def test_case_3_17_a_check_reads_no_other_folder_than_the_one_that_lies_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = own_policies(tmp_path)
    refused = run("policy", "check")
    assert refused.exit_code == 1 and "sluicegate policy check policies" in refused.stderr
    for found in (run("policy", "check", str(own)), run("policy", "check", SLUICEGATE_POLICIES=str(own))):
        assert found.exit_code == 0, found.output
        assert found.stdout.startswith("folder: policies\n")
    shutil.copytree(COUNTY, tmp_path / "examples" / "county" / "policies")
    assert run("policy", "check").exit_code == 1, "two folders could be meant"
    shutil.rmtree(own)
    assert run("policy", "check").stdout.startswith("folder: examples/county/policies\n")


def test_case_3_17_with_policies_of_ones_own_a_token_and_an_explanation_are_given(tmp_path: Path) -> None:
    own = own_policies(tmp_path)
    token = run("token", "--app", "fire-inspection", SLUICEGATE_POLICIES=str(own))
    assert token.exit_code == 0 and token.stdout.count(".") == 2
    told = run("policy", "explain", *ASKS, "Person.name", SLUICEGATE_POLICIES=str(own))
    assert told.exit_code == 0 and "surname" in told.stdout


def test_case_3_17_a_preview_says_which_sources_it_needs(tmp_path: Path) -> None:
    own = own_policies(tmp_path)
    asked = ("policy", "preview", "--as", "fire-inspection", "--purpose", "safety.fire", "--steward", "zhang", QUERY)
    found = run(*asked, SLUICEGATE_POLICIES=str(own), SLUICEGATE_LOCAL_STEWARDS="1")
    assert found.exit_code == 1 and SOURCES in found.stderr
