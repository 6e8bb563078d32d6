"""Commands take the slices that the settings name, and say what is wrong with them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from hub.cli.main import app
from tests.push.pushing import APP, CLINICS, sources_in
from tests.support.ports import free_port
from tests.support.project import ROOT
from tests.support.sources.slices import HEALTH, write_slices

pytestmark = pytest.mark.unit

POLICIES = str(ROOT / "examples" / "county" / "policies")


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


def test_policy_check_lists_what_nobody_has_decided_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = json.loads(run("policy", "check", POLICIES, "--json").stdout)["undecided"]
    slices = write_slices(tmp_path / "slices", {"health.yaml": HEALTH})
    monkeypatch.setenv("SLUICEGATE_SLICES", str(slices))
    checked = run("policy", "check", POLICIES, "--json")
    assert checked.exit_code == 0, checked.output
    new = set(json.loads(checked.stdout)["undecided"]) - set(before)
    of_clinic = {f"Clinic.{name}" for name in ("code", "name", "level", "phone", "region", "patients", "provenance")}
    assert new == {"Person.clinics", "Dwelling.heating", *of_clinic}
    (line,) = (each for each in run("policy", "check", POLICIES).stdout.splitlines() if each.startswith("undecided:"))
    assert "Clinic.*" in line
    assert "Dwelling.heating" in line
    assert "Clinic.phone" not in line


@pytest.mark.parametrize(
    "command",
    [
        ("policy", "check", POLICIES),
        ("policy", "vocabulary"),
        ("policy", "diff", POLICIES, POLICIES),
        ("policy", "explain", "--folder", POLICIES, "--app", "grid-desk", "--purpose", "event.dispatch", "Person.name"),
        ("serve", "--port", "8699"),
    ],
    ids=lambda words: " ".join(words[:2]),
)
def test_a_slice_that_is_wrong_stops_every_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]
) -> None:
    monkeypatch.setenv("SLUICEGATE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("SLUICEGATE_POLICIES", POLICIES)
    slices = write_slices(tmp_path / "slices", {"health.yaml": HEALTH.replace("kind: code", "kind: codes")})
    monkeypatch.setenv("SLUICEGATE_SLICES", str(slices))
    ended = run(*command)
    assert ended.exit_code == 1
    assert ended.stderr.startswith("error: health.yaml:10: entities.Clinic.fields.code.kind: write one of 'name'")
    assert not (tmp_path / "home" / "policy.db").exists()


def test_a_type_of_a_slice_is_explained_like_any_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLUICEGATE_SLICES", str(write_slices(tmp_path / "slices", {"health.yaml": HEALTH})))
    asked = ("policy", "explain", "--folder", POLICIES, "--app", "grid-desk", "--purpose", "event.dispatch")
    assert "nothing" in run(*asked, "Clinic.phone").stdout
    assert "| `Clinic.phone` | `redact` < `partial(0,4)` |" in run("policy", "vocabulary").stdout


def test_a_hub_takes_events_about_a_type_of_a_slice_from_applications_that_it_knows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The type is found, so the start gets as far as the application."""
    monkeypatch.setenv("SLUICEGATE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("SLUICEGATE_POLICIES", POLICIES)
    monkeypatch.setenv("SLUICEGATE_SOURCES", str(sources_in(tmp_path / "sources", CLINICS.replace(APP, "nobody"))))
    monkeypatch.setenv("SLUICEGATE_PORT", str(free_port()))
    ended = run("serve")
    assert (ended.exit_code, "desk.yaml:8: records.clinics.entity: " in ended.stderr) == (1, True), ended.stderr
    monkeypatch.setenv("SLUICEGATE_SLICES", str(write_slices(tmp_path / "slices", {"health.yaml": HEALTH})))
    ended = run("serve")
    assert ended.exit_code == 1
    assert ended.stderr.startswith("error: source desk: accepts: nobody: no application of the policy version in force")
