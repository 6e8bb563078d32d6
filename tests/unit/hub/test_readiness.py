"""Each change of a part's state is one log line and one metric, whether or not anybody asks."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from hub.app import open_hub
from hub.graph.driver import Graph
from hub.home.settings import Settings
from hub.readiness import LOCAL_AWAY, SERVER_AWAY, Readiness
from policies.language import load
from policies.versions import StoreUnavailable
from schema import SPINE
from tests.support.policy_stores import a_store, in_file
from tests.support.serving import COUNTY, NOWHERE, Served, serving

pytestmark = pytest.mark.unit


def lines(caplog: pytest.LogCaptureFixture, part: str) -> list[str]:
    told = [each.getMessage() for each in caplog.records if each.name == "sluicegate.state"]
    return [line for line in told if line.startswith(f"{part}: ")]


def usable(served: Served, part: str) -> float | None:
    return served.hub.telemetry.registry.get_sample_value("sluicegate_usable", {"part": part})


def changes(served: Served, part: str) -> float | None:
    return served.hub.telemetry.registry.get_sample_value("sluicegate_state_changes_total", {"part": part})


def wait(met: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not met() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert met()


def test_case_2_10_a_graph_that_goes_and_comes_back(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = False

    async def ready() -> bool:
        return there

    with serving(tmp_path / "home") as served:
        wait(lambda: lines(caplog, "graph") == [f"graph: {LOCAL_AWAY}"])
        monkeypatch.setattr(served.hub.graph, "ready", ready)
        there = True
        wait(lambda: len(lines(caplog, "graph")) == 2)
        assert "graph: usable again after" in lines(caplog, "graph")[1]
        assert usable(served, "graph") == 1
        there = False
        wait(lambda: len(lines(caplog, "graph")) == 3)
        assert usable(served, "graph") == 0
        for _ in range(3):
            told = served.client.get("/readyz").json()
            assert (told["graph"], told["warnings"]) == (False, [f"graph: {LOCAL_AWAY}"])
        assert len(lines(caplog, "graph")) == 3
        assert changes(served, "graph") == 3


def test_a_graph_on_a_server_is_not_said_to_be_started_here(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with serving(tmp_path / "home", graph_url="bolt://127.0.0.1:1", graph_password="x") as served:
        wait(lambda: lines(caplog, "graph") == [f"graph: {SERVER_AWAY}"])
        assert served.client.get("/readyz").json()["warnings"] == [f"graph: {SERVER_AWAY}"]
    assert "graph start" not in SERVER_AWAY


def test_case_2_10_a_log_that_cannot_be_written(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with serving(tmp_path / "home") as served:
        wait(lambda: usable(served, "audit") == 1)
        served.hub.log.close()
        wait(lambda: bool(lines(caplog, "audit")))
        assert served.client.get("/readyz").json()["warnings"][0] == lines(caplog, "audit")[0]
        assert (usable(served, "audit"), changes(served, "audit")) == (0, 1)


def test_case_2_10_a_policy_store_that_is_away_and_a_policy_that_is_too_old(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> None:
        raise StoreUnavailable("away")

    store = a_store(in_file(tmp_path))
    with serving(tmp_path / "home", store=store, policy_max_age=3.0) as served:
        wait(lambda: usable(served, "policy store") == 1)
        with monkeypatch.context() as broken:
            broken.setattr(store, "standing", away)
            wait(lambda: usable(served, "policy") == 0)
        assert lines(caplog, "policy store") == ["policy store: it does not answer"]
        assert "too old" in lines(caplog, "policy")[0]
        wait(lambda: usable(served, "policy") == 1)
        wait(lambda: usable(served, "policy store") == 1)
        assert [len(lines(caplog, each)) for each in ("policy", "policy store")] == [2, 2]


@pytest.mark.parametrize(
    ("states", "expected"),
    [
        ([{"audit": ""}, {"audit": ""}], []),
        ([{"audit": ""}, {"audit": "SQLITE_FULL"}, {"audit": "SQLITE_FULL"}], ["audit: SQLITE_FULL"]),
        ([{"audit": "SPENT"}, {"audit": "SQLITE_FULL"}], ["audit: SPENT", "audit: SQLITE_FULL"]),
        ([{"audit": "STALLED"}, {"audit": ""}], ["audit: STALLED", "audit: usable again after 7 s"]),
        ([{"issuer keys": "x"}, {"issuer keys": "x"}], ["issuer keys: x"]),
    ],
)
def test_case_2_10_one_line_for_each_change(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, states: list[Mapping[str, str]], expected: list[str]
) -> None:
    now = 0.0
    settings = Settings.load(home=tmp_path / "home")
    graph = Graph(NOWHERE.url, NOWHERE.user, NOWHERE.password)
    hub = open_hub(settings, graph, load(COUNTY, SPINE), SPINE)
    try:
        readiness = Readiness(hub, lambda: now)
        for each in states:
            readiness.note(each)
            now += 7
    finally:
        hub.log.close()
        asyncio.run(graph.close())
    assert [line for part in states[0] for line in lines(caplog, part)] == expected
