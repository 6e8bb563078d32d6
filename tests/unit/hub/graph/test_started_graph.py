"""A command that has to start the local graph first says so, on standard error alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from hub.graph.local import STARTING, GraphAddress, GraphStatus, LocalGraph, started_graph
from hub.home.settings import Settings

pytestmark = pytest.mark.unit

HERE = GraphAddress("bolt://127.0.0.1:7687", "neo4j", "unused")


@pytest.mark.parametrize(
    ("phase", "told", "stopped"),
    [("stopped", f"{STARTING}\n", 1), ("ready", "", 0), ("starting", "", 0)],
)
def test_a_start_is_told_before_it_is_waited_for(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    phase: str,
    told: str,
    stopped: int,
) -> None:
    seen: list[str] = []
    stops: list[LocalGraph] = []

    def start(_: LocalGraph, owned: bool = False) -> GraphAddress:
        assert owned == bool(told)
        seen.append(capsys.readouterr().err)
        return HERE

    def stop(graph: LocalGraph) -> None:
        stops.append(graph)

    monkeypatch.setattr(LocalGraph, "status", lambda _: GraphStatus(phase))
    monkeypatch.setattr(LocalGraph, "start", start)
    monkeypatch.setattr(LocalGraph, "stop", stop)
    with started_graph(Settings.load(home=tmp_path / "home")) as address:
        assert address == HERE
    assert (seen, len(stops)) == ([told], stopped)
    assert capsys.readouterr() == ("", "")


def test_a_server_is_not_started(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    settings = Settings.load(home=tmp_path / "home", graph_url="bolt://127.0.0.1:9", graph_password="none")
    with started_graph(settings) as address:
        assert address.url == "bolt://127.0.0.1:9"
    assert capsys.readouterr() == ("", "")
