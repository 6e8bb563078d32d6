"""How many requests go to the graph together after they failed together."""

import asyncio
from typing import Any

import pytest

from hub.errors import Code, HubError
from hub.fair_share import FairShare
from hub.request.prepared.round_trips import RoundTrips
from hub.request.template import JointTemplate, Statement

ONE, OTHER = ("desk", "one", ""), ("other", "other", "")


class FailingTogether:
    """A graph that answers each statement, and fails for every statement for several."""

    def __init__(self, *, failing_alone: bool) -> None:
        self.asked: list[str] = []
        self._failing_alone = failing_alone

    async def fetch_numbered(self, *_: Any, **__: Any) -> Any:
        self.asked.append("together")
        raise HubError(Code.RESULT_LIMIT, "for all")

    async def fetch(self, *_: Any, **__: Any) -> Any:
        self.asked.append("alone")
        if self._failing_alone:
            raise HubError(Code.RESULT_LIMIT, "for one")
        return [{"row": 1}]


@pytest.mark.parametrize("failing_alone", [False, True])
def test_after_a_failure_for_all_the_next_go_alone(monkeypatch: pytest.MonkeyPatch, failing_alone: bool) -> None:
    monkeypatch.setattr("hub.request.prepared.round_trips.TOGETHER_SECONDS", 1_000.0)

    async def run() -> list[list[str]]:
        graph, turns = FailingTogether(failing_alone=failing_alone), FairShare(1)
        trips = RoundTrips(graph, turns, 60.0, 1_000)  # type: ignore[arg-type]
        statement = Statement("", {"a": 1}, (), JointTemplate("", ("a",)), "decided")

        async def three_that_wait() -> list[str]:
            graph.asked.clear()
            async with turns.turn(OTHER, 60.0):
                tasks = [asyncio.create_task(trips.fetch(ONE, statement)) for _ in range(3)]
                await asyncio.sleep(0.05)
            await asyncio.gather(*tasks, return_exceptions=True)
            return [*graph.asked]

        return [await three_that_wait() for _ in range(2)]

    first, second = asyncio.run(run())
    assert first == ["together", "alone", "alone", "alone"]
    assert second == ["alone"] * 3


class Held:
    """A graph whose answers wait until they are let go."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.let_go = asyncio.Event()

    async def fetch_numbered(self, *_: Any, **__: Any) -> Any:
        self.asked.append("together")
        await self.let_go.wait()
        return {0: {"row": 1}}

    async def fetch(self, *_: Any, **__: Any) -> Any:
        self.asked.append("alone")
        await self.let_go.wait()
        return [{"row": 1}]


@pytest.mark.parametrize(("own", "asked"), [((), ["alone"]), (("a",), ["alone"] * 4)], ids=["alike", "not alike"])
def test_what_differs_in_nothing_waits_for_its_like_and_then_goes_together(
    own: tuple[str, ...], asked: list[str]
) -> None:
    async def run() -> tuple[list[str], list[str], list[Any]]:
        graph = Held()
        trips = RoundTrips(graph, FairShare(8), 60.0, 1_000)  # type: ignore[arg-type]
        statement = Statement("", {"a": 1}, (), JointTemplate("", own), "decided")
        tasks = []
        for _ in range(4):
            tasks.append(asyncio.create_task(trips.fetch(ONE, statement)))
            await asyncio.sleep(0.01)
        first = [*graph.asked]
        graph.let_go.set()
        return first, graph.asked, await asyncio.gather(*tasks)

    first, every, rows = asyncio.run(run())
    assert first == asked
    assert every == (["alone", "together"] if not own else asked)
    assert rows == [{"row": 1}] * 4


def test_one_of_its_like_that_gives_up_lets_the_next_go() -> None:
    async def run() -> list[Any]:
        graph = Held()
        trips = RoundTrips(graph, FairShare(8), 60.0, 1_000)  # type: ignore[arg-type]
        statement = Statement("", {}, (), JointTemplate("", ()), "decided")
        tasks = []
        for _ in range(3):
            tasks.append(asyncio.create_task(trips.fetch(ONE, statement)))
            await asyncio.sleep(0.01)
        tasks[0].cancel()
        await asyncio.sleep(0.01)
        graph.let_go.set()
        return await asyncio.gather(*tasks[1:])

    assert asyncio.run(run()) == [{"row": 1}] * 2
