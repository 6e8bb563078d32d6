"""Reading the log makes nothing: no key, no index beside a copy, and no record where the log can only be read."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from hub.cli.main import app
from hub.home.settings import Settings
from tests.support.searched_log import NUMBER, Run, audit_commands, searched_home
from tests.support.serving import COUNTY

pytestmark = pytest.mark.conformance


@pytest.fixture
def settings(home: Path) -> Settings:
    return searched_home(home)


@pytest.fixture
def run(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("SLUICEGATE_POLICIES", str(COUNTY))
    return audit_commands(settings)


READING = [
    ["tail"], ["show", "0"], ["search"], ["facets", "--json"], ["verify"], ["checkpoint"], ["prove", "0"], ["key"],
    ["export", "OUT"], ["subject", "--person"], ["search", "person=-"], ["verify-export", "OUT", "--key", "x"],
]  # fmt: skip


@pytest.mark.parametrize("command", READING, ids=str)
def test_case_3_13_reading_a_copied_log_makes_nothing(settings: Settings, tmp_path: Path, command: list[str]) -> None:
    copy = tmp_path / "copy"
    copy.mkdir()
    shutil.copy(settings.audit_file, copy / "audit.db")
    before = {path.name: path.read_bytes() for path in copy.iterdir()}
    words = [str(tmp_path / "out") if word == "OUT" else word for word in command]
    where = [] if command[0] == "verify-export" else ["--home", str(copy)]
    found = CliRunner().invoke(app, ["audit", *words, *where], input=f"{NUMBER}\n")
    assert found.exception is None or isinstance(found.exception, SystemExit), found.exception
    assert {path.name: path.read_bytes() for path in copy.iterdir()} == before
    reads = command in READING[:6]
    assert found.exit_code == (0 if reads else 1), found.output
    assert ("not recorded" in found.stderr) == (command[0] in {"tail", "show", "facets"} or command == ["search"])


def test_case_3_13_a_copy_is_proved_with_the_public_key(run: Run, settings: Settings, tmp_path: Path) -> None:
    public = run("key").stdout.strip()
    shutil.copy(settings.audit_file, tmp_path / "audit.db")
    found = CliRunner().invoke(app, ["audit", "prove", "0", "--public-key", public, "--home", str(tmp_path)])
    assert found.exit_code == 0 and json.loads(found.stdout)["index"] == 0
    assert [path.name for path in tmp_path.iterdir() if path.name != "home"] == ["audit.db"]


def test_case_3_13_a_missing_key_is_told_and_not_made(run: Run, settings: Settings) -> None:
    settings.graph_key.unlink()
    assert "graph.key is missing" in run("search", "person=-", given=f"{NUMBER}\n").stderr
    assert not settings.graph_key.exists()
    settings.audit_key.unlink()
    assert "audit.key is missing" in run("search").stderr
    assert not settings.audit_key.exists()
