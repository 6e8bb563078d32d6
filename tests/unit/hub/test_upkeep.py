"""A background task that fails is told and started again, and a hub ends whatever state its tasks are in."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from hub import upkeep
from hub.graph.catalogue_fit import CatalogueFit
from hub.graph.merged_grids import MergedGrids
from hub.readiness import Readiness
from hub.upkeep import Upkeep
from tests.support.serving import serving

pytestmark = pytest.mark.unit

Work = Callable[[], Awaitable[None]]


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upkeep, "FIRST_PAUSE", 0.01)


async def fails() -> None:
    raise ValueError("CANARY")


async def ends() -> None:
    """Does not go on."""


async def is_cancelled_from_within() -> None:
    raise asyncio.CancelledError


@pytest.mark.parametrize("work", [fails, ends, is_cancelled_from_within])
def test_case_2_07_a_task_that_fails_is_told_and_started_again(work: Work, caplog: pytest.LogCaptureFixture) -> None:
    registry, runs = CollectorRegistry(), 0
    kept = Upkeep(registry)

    enough = asyncio.Event()

    async def counted() -> None:
        nonlocal runs
        runs += 1
        if runs == 3:
            enough.set()
        await work()

    async def run() -> None:
        async with kept.running({"counted": counted}):
            await enough.wait()

    asyncio.run(run())
    assert registry.get_sample_value("sluicegate_task_failures_total", {"task": "counted"}) == runs
    assert len(kept.warnings()) == 1
    assert "counted" in kept.warnings()[0]
    assert len([line for line in caplog.messages if "counted" in line]) == runs
    assert "CANARY" not in caplog.text + kept.warnings()[0]


def test_case_2_07_a_failure_of_long_ago_is_not_told(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    kept = Upkeep(CollectorRegistry(), lambda: now)
    kept.failed("task", None)
    assert kept.warnings()
    now = upkeep.TOLD_SECONDS
    assert not kept.warnings()


def test_case_2_07_the_pause_doubles_and_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []

    async def no_sleep(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 8:
            raise KeyError

    monkeypatch.setattr(upkeep, "FIRST_PAUSE", 1.0)
    monkeypatch.setattr(asyncio, "sleep", no_sleep)
    with pytest.raises(KeyError):
        asyncio.run(Upkeep(CollectorRegistry())._supervise("task", fails))
    assert pauses == [1, 2, 4, 8, 16, 30, 30, 30]


def test_case_2_07_a_task_that_does_not_end_is_left_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upkeep, "STOP_SECONDS", 0.05)
    done = False

    async def stubborn() -> None:
        while not done:
            try:
                await asyncio.sleep(3_600)
            except asyncio.CancelledError:
                continue

    async def run() -> None:
        nonlocal done
        async with Upkeep(CollectorRegistry()).running({"stubborn": stubborn}):
            await asyncio.sleep(0.01)
        done = True

    asyncio.run(run())
    assert done


def test_case_2_07_a_thread_that_fails_is_told_and_started_again() -> None:
    kept, runs = Upkeep(CollectorRegistry()), []

    def work() -> None:
        runs.append(1)
        if len(runs) < 3:
            raise ValueError("CANARY")

    kept.in_thread("work", work, threading.Event()).join(20)
    assert len(runs) == 3
    assert "work" in kept.warnings()[0]


@pytest.mark.parametrize(
    ("task", "owner", "function"),
    [
        ("merged grids", MergedGrids, "keep_current"),
        ("catalogue", CatalogueFit, "keep_current"),
        ("readiness", Readiness, "watch"),
    ],
)
def test_case_2_07_a_hub_tells_its_failing_task_goes_on_and_stops(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, task: str, owner: type, function: str
) -> None:
    real, calls = getattr(owner, function), []

    async def once_broken(self: object, *given: object) -> None:
        calls.append(1)
        if len(calls) < 3:
            raise ValueError("CANARY")
        await real(self, *given)

    monkeypatch.setattr(owner, function, once_broken)
    with serving(tmp_path / "home") as served:
        while len(calls) < 3:
            time.sleep(0.01)
        told = served.client.get("/readyz").json()
        metrics = served.client.get("/metrics").text
        assert served.ask().status_code == 200
    assert [each for each in told["warnings"] if task in each and "ValueError" in each]
    assert f'sluicegate_task_failures_total{{task="{task}"}} 2.0' in metrics
    assert "CANARY" not in str(told) + metrics
    assert not served.hub.log.healthy
