"""What hangs holds up its own lane alone, and a lane takes only so much."""

from __future__ import annotations

import asyncio
import threading

import pytest

from hub.console.lanes import MOST_WAITING, Lane, Lanes
from hub.console.refusals import PageRefused

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(("lane", "why"), [(Lane.PROVIDER, "provider"), (Lane.SESSIONS, "store")])
def test_a_full_lane_refuses_and_the_others_go_on(lane: Lane, why: str) -> None:
    hung = threading.Event()

    async def flood() -> None:
        lanes = Lanes()
        waiting = [asyncio.create_task(lanes.do(lane, lambda: hung.wait(20))) for _ in range(MOST_WAITING)]
        await asyncio.sleep(0)
        with pytest.raises(PageRefused) as refused:
            await lanes.do(lane, lambda: True)
        assert refused.value.why == why
        for other in set(Lane) - {lane}:
            assert await asyncio.wait_for(lanes.do(other, threading.get_ident), 10) != threading.get_ident()
        waiting[0].cancel()
        hung.set()
        done = await asyncio.wait_for(asyncio.gather(*waiting, return_exceptions=True), 10)
        assert done.count(True) >= MOST_WAITING - 1
        await asyncio.sleep(0.05)
        assert await lanes.do(lane, lambda: 7) == 7, "and it takes work again"

    asyncio.run(flood())


def test_what_fails_leaves_its_place() -> None:
    def fail() -> None:
        raise KeyError("x")

    async def run() -> None:
        lanes = Lanes()
        for _ in range(MOST_WAITING + 5):
            with pytest.raises(KeyError):
                await lanes.do(Lane.LOG, fail)

    asyncio.run(run())
