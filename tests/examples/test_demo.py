"""`sluicegate demo --check` as its users run it: all eleven registers, counted against the manifest, and the tour."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from hub.sample.generate import read_summary
from tests.support.county import ROOT, environment
from tests.support.ports import free_port

pytestmark = [pytest.mark.examples, pytest.mark.slow, pytest.mark.wide]

PEOPLE = 800


def test_the_demo_brings_eleven_registers_in_and_counts_them(tmp_path: Path) -> None:
    home = tmp_path / "home"
    ended = subprocess.run(
        [sys.executable, "-m", "hub", "demo", "--people", str(PEOPLE), "--port", str(free_port()), "--check"],
        env=environment({"home": home}, tmp_path / "tmp"),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    told = ended.stdout
    summary = read_summary(home / "county")
    assert len(summary.sources) == 14
    for name, count in summary.sources.items():
        assert f"│ {name}" in told or f" {name} " in told, name
        assert f"{count.rows:,}" in told
    assert "Fire alarms, delivered to the hub: " in told
    assert "one question over four registers" in told
    assert "but summary.json says" not in told
    # Whoever asks in another terminal finds the demo's catalogue.
    shown = subprocess.run(
        [sys.executable, "-m", "hub", "schema", "print"],
        env=environment({"home": home}, tmp_path / "tmp"),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert "raisedAt" in shown.stdout, shown.stderr
