"""What a steward does with commands: draft, a second person's approval, activation, and a record of each."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from audit.log import read
from audit.verify import verify
from hub.cli.main import app
from hub.demo.run import _publish_policies
from hub.home.settings import Settings
from policies.vocabulary import PLACEHOLDERS, json_schema, page
from schema import SPINE
from tests.support.policy_stores import FILES, changed
from tests.support.postgres import postgres
from tests.support.serving import COUNTY

pytestmark = pytest.mark.conformance
DOCS = Path(__file__).parents[2] / "docs"
Run = Callable[..., Result]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return written(tmp_path / "policies", FILES)


def written(folder: Path, files: dict[str, bytes] | object) -> Path:
    folder.mkdir(exist_ok=True)
    assert isinstance(files, dict)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return folder


@pytest.fixture
def run(tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("SLUICEGATE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("SLUICEGATE_POLICIES", str(folder))

    monkeypatch.setenv("SLUICEGATE_LOCAL_STEWARDS", "1")

    def invoke(*arguments: str, code: int = 0) -> Result:
        named = ["--as", "zhang"] if arguments[0] in {"history", "export"} else []
        result = CliRunner().invoke(app, ["policy", *arguments, *named])
        assert result.exit_code == code, result.output
        return result

    return invoke


def history(run: Run) -> list[dict[str, object]]:
    return [json.loads(line) for line in run("history", "--json").stdout.splitlines()]


def test_from_a_folder_to_a_version_in_force(tmp_path: Path, folder: Path, run: Run) -> None:
    written(folder, changed("two"))
    # The store took the folder as it was at its first command; so make it before the change.
    first = written(tmp_path / "first", dict(FILES))
    assert first.is_dir()
    run("history")
    written(folder, changed("three"))
    drafted = json.loads(run("draft", str(folder), "--as", "zhang", "--note", "why", "--json").stdout)
    assert (drafted["number"], drafted["base"]) == (2, 1)
    assert "another content" in run("approve", "2", "x", "--as", "li", code=1).stderr
    assert "nobody approves" in run("approve", "2", drafted["hash"], "--as", "zhang", code=1).stderr
    assert "not approved" in run("activate", "2", "--as", "zhang", code=1).stderr
    run("approve", "2", drafted["hash"], "--as", "li")
    run("activate", "2", "--as", "zhang")
    run("export", "2", "--out", str(tmp_path / "out"))
    assert {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()} == changed("three")
    assert "is not empty" in run("export", "2", "--out", str(tmp_path / "out"), code=1).stderr
    back = json.loads(run("rollback", "1", "--as", "li", "--json").stdout)
    run("approve", "3", back["hash"], "--as", "wang")
    run("activate", "3", "--as", "li")
    assert [(each["number"], each["state"], each["author"], each["approvedBy"]) for each in history(run)] == [
        (1, "past", "bootstrap", []),
        (2, "past", "zhang", ["li"]),
        (3, "in force", "li", ["wang"]),
    ]
    told = run("history").stdout
    assert "why" in told
    assert "approved by wang" in told


def test_each_change_and_each_refusal_is_recorded(tmp_path: Path, folder: Path, run: Run) -> None:
    run("history")
    written(folder, changed("two"))
    number_and_hash = json.loads(run("draft", str(folder), "--as", "zhang", "--json").stdout)
    run("approve", "2", number_and_hash["hash"], "--as", "zhang-second", code=1)
    run("approve", "2", number_and_hash["hash"], "--as", "li")
    run("activate", "2", "--as", "li", "--at", "2999-01-01T00:00+08:00")
    written(folder, {"policy.yaml": b"grants: 1"})
    run("draft", str(folder), "--as", "zhang", code=1)
    log = tmp_path / "home" / "audit.db"
    records = [each.record for each in read(log)]
    assert [(each.operation_name, each.result) for each in records] == [
        ("policy draft", "OK"),
        ("policy activate", "OK"),
        ("policy history", "OK"),
        ("policy draft", "OK"),
        ("policy approve", "REFUSED"),
        ("policy approve", "OK"),
        ("policy activate", "OK"),
        ("policy draft", "INVALID"),
    ]
    assert [each.kind for each in records] == ["policy"] * 2 + ["search"] + ["policy"] * 5
    assert records[6].variables == {
        "signedIn": "local",
        "number": "2",
        "base": "1",
        "starts": "2998-12-31T16:00:00.000000Z",
    }
    assert records[3].subject != records[5].subject
    assert b"zhang" not in log.read_bytes(), "a steward is a person: a keyed digest stands for them"
    assert verify(log).ok


def test_without_a_log_nothing_is_changed(tmp_path: Path, folder: Path, run: Run) -> None:
    run("history")
    written(folder, changed("two"))
    log = tmp_path / "home" / "audit.db"
    for path in (log, log.with_name("audit.db-wal"), log.with_name("audit.db-shm")):
        path.unlink(missing_ok=True)
    log.write_bytes(b"no log at all, but long enough to look at")
    run("draft", str(folder), "--as", "zhang", code=1)
    log.unlink()
    # The recorded head remembers that there was one.
    assert "put back or replaced" in run("history", code=1).stderr
    log.with_name("audit.head").unlink()
    assert [each["number"] for each in history(run)] == [1]


def test_a_conflict_shows_both_sides(tmp_path: Path, folder: Path, run: Run) -> None:
    run("history")
    for at, mark in enumerate(("ours", "theirs"), start=2):
        written(folder, changed(mark))
        draft = json.loads(run("draft", str(folder), "--as", "zhang", "--json").stdout)
        run("approve", str(at), draft["hash"], "--as", "li")
    run("activate", "2", "--as", "li")
    refused = run("activate", "3", "--as", "li", code=1)
    assert "+# ours" in refused.stdout
    assert "+# theirs" in refused.stdout
    assert "version 2 is in force" in refused.stderr
    again = run("draft", str(folder), "--as", "zhang", "--base", "1", code=1)
    assert "+# theirs" in again.stdout


def test_a_store_on_postgresql(tmp_path: Path, folder: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    with postgres() as server:
        monkeypatch.setenv("SLUICEGATE_POLICY_STORE", server.database("policies"))
        run("history")
        written(folder, changed("two"))
        draft = json.loads(run("draft", str(folder), "--as", "zhang", "--json").stdout)
        run("approve", "2", draft["hash"], "--as", "li")
        # A second hub, in a home of its own, is given the key that seals the store.
        monkeypatch.setenv("SLUICEGATE_POLICY_KEY_FILE", str(tmp_path / "home" / "keys" / "policy.key"))
        monkeypatch.setenv("SLUICEGATE_HOME", str(tmp_path / "second"))
        run("activate", "2", "--as", "li")
        assert [each["state"] for each in history(run)] == ["past", "in force"]
        assert not list(tmp_path.glob("*/policy.db"))
        monkeypatch.delenv("SLUICEGATE_POLICY_KEY_FILE")
        assert "changed from outside" in run("history", code=1).stderr, "another key is no key"
    assert "does not answer" in run("history", code=1).stderr


@pytest.mark.parametrize(
    ("more", "code", "told"),
    [
        ("", 0, "0 errors, "),
        ("\nexpect: [{app: app, purpose: a, coordinate: Building.name, effects: []}]\n", 1, "error policy.yaml:"),
        ("\ngrant: []\n", 1, "policy.yaml:"),
    ],
)
def test_check(folder: Path, run: Run, more: str, code: int, told: str) -> None:
    written(folder, {"policy.yaml": FILES["policy.yaml"] + more.encode()})
    assert told in run("check", str(folder), code=code).output


def test_check_of_the_example_is_in_order(run: Run) -> None:
    found = json.loads(run("check", str(COUNTY), "--json").stdout)
    assert found["expectations"] > 10
    assert {each["rule"] for each in found["findings"]} <= {"join", "nobody", "reads-hidden"}


def test_case_1_12_a_diff_notes_what_a_draft_joins(tmp_path: Path, run: Run) -> None:
    grid = (COUNTY / "grid.yaml").read_bytes()
    apart = {each.name: each.read_bytes() for each in COUNTY.iterdir()}
    apart["grid.yaml"] = grid.replace(b"      Event.number: clear\n", b"")
    before = written(tmp_path / "before", apart)
    found = json.loads(run("diff", str(before), str(COUNTY), "--json", code=3).stdout)
    assert any("grid-desk sees Event.number in clear for event.dispatch" in each for each in found["notes"])
    same = json.loads(run("diff", str(COUNTY), str(COUNTY), "--json").stdout)
    assert same["notes"] == []


@pytest.mark.parametrize(
    ("app", "purpose", "coordinate", "told"),
    [
        (
            "fire-inspection",
            "safety.fire.rental",
            "Person.phone",
            ["fire-rental-residents (fire.yaml:", "partial(3,4)"],
        ),
        ("fire-inspection", "safety.fire", "Person.phone", ["nothing", "safety.fire.rental", "police"]),
        (
            "fire-inspection",
            "safety.fire.case",
            "Person.name",
            ["the request's case holds", "obligation case: required"],
        ),
        ("welfare-visits", "welfare.elder", "Person.reports", ["no-complaint-profile", "prohibited"]),
        ("statistics", "safety", "Person.name", ["statistics has no grant in force for safety"]),
    ],
)
def test_explain(run: Run, app: str, purpose: str, coordinate: str, told: list[str]) -> None:
    shown = run("explain", "--app", app, "--purpose", purpose, coordinate, "--folder", str(COUNTY)).stdout
    assert [text for text in told if text not in shown] == []


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--app", "nobody", "--purpose", "a", "Building.name"], "registered: app"),
        (["--app", "app", "--purpose", "b", "Building.name"], "known: a"),
        (["--app", "app", "--purpose", "a", "Building.nane"], "nane"),
    ],
)
def test_explain_names_what_is_known(run: Run, arguments: list[str], told: str) -> None:
    assert told in run("explain", *arguments, code=1).stderr


def test_the_published_schema_and_vocabulary_are_those_of_the_models(run: Run) -> None:
    assert json.loads((DOCS / "policy.schema.json").read_text("utf-8")) == json_schema()
    assert (DOCS / "policy-vocabulary.md").read_text("utf-8") == page(SPINE)
    assert json.loads(run("schema").stdout) == json_schema()
    assert run("vocabulary").stdout == page(SPINE)


@pytest.mark.parametrize("text", PLACEHOLDERS)
def test_each_placeholder_of_the_page_is_read(text: str) -> None:
    from schema.predicate import Grammar, parse

    entity, field = ("Person", "birthDate") if "today" in text else ("Event", "number")
    field = "region" if "jurisdiction" in text else field
    parse(Grammar(SPINE, placeholders=True), SPINE.entity(entity), {field: {"eq": text}})


def test_the_demo_publishes_policies_that_have_changed(folder: Path, run: Run) -> None:
    from rich.console import Console

    run("history")
    settings = Settings.load()
    for _ in range(2):
        written(folder, changed("newer"))
        _publish_policies(Console(quiet=True), settings)
    assert [(each["number"], each["author"], each["approvedBy"]) for each in history(run)] == [
        (1, "bootstrap", []),
        (2, "zhang", ["li"]),
    ]
