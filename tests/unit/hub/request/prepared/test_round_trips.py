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
