"""Turns at the hub's own processor: long work stops neither the loop nor short work, and nothing runs out of turn."""

from __future__ import annotations

import asyncio
import threading
from functools import partial

import pytest

from hub.errors import Code, HubError
from hub.fair_share import Client
from hub.processor import Processor

pytestmark = pytest.mark.unit
A: Client = ("fire", "ann", "10.0.0.1")
B: Client = ("housing", "bo", "10.0.0.2")
SECONDS = 20.0


class Held:
    """Long work that goes on until it is let go."""

    def __init__(self) -> None:
        self.begun, self.let_go = threading.Event(), threading.Event()

    def __call__(self) -> str:
        self.begun.set()
        assert self.let_go.wait(SECONDS)
        return "long"


def test_short_work_is_done_while_long_work_goes_on() -> None:
    async def scene() -> tuple[str, str]:
        processor, held = Processor(SECONDS), Held()
        long = asyncio.create_task(processor.do(A, held, long=True))
        await asyncio.to_thread(held.begun.wait, SECONDS)
        short = await processor.do(A, lambda: "short", long=False)
        held.let_go.set()
        return short, await long

    assert asyncio.run(scene()) == ("short", "long")


def test_one_piece_of_long_work_at_a_time_and_a_turn_that_does_not_come_is_refused() -> None:
    async def scene() -> tuple[bool, HubError]:
        processor, first, second = Processor(0.01), Held(), Held()
        running = asyncio.create_task(processor.do(A, first, long=True))
        await asyncio.to_thread(first.begun.wait, SECONDS)
        with pytest.raises(HubError) as refused:
            await processor.do(B, second, long=True)
        first.let_go.set()
        await running
        return second.begun.is_set(), refused.value

    begun, refused = asyncio.run(scene())
    assert not begun
    assert refused.code is Code.TOO_MANY_REQUESTS


def test_whoever_used_least_is_next() -> None:
    async def scene() -> list[Client]:
        processor, held, order = Processor(SECONDS), Held(), list[Client]()
        running = asyncio.create_task(processor.do(A, held, long=True))
        await asyncio.to_thread(held.begun.wait, SECONDS)
        waiting = [asyncio.create_task(processor.do(each, partial(order.append, each), long=True)) for each in (A, B)]
        await asyncio.sleep(0)
        held.let_go.set()
        await asyncio.gather(running, *waiting)
        return order

    assert asyncio.run(scene()) == [B, A]


@pytest.mark.parametrize(("beside", "rests"), [(A, False), (B, True)])
def test_after_heavy_work_the_thread_rests_if_somebody_else_came(
    monkeypatch: pytest.MonkeyPatch, beside: Client, rests: bool
) -> None:
    monkeypatch.setattr("hub.processor.HEAVY_SECONDS", 0.0)
    monkeypatch.setattr("hub.processor.REST", 1e9)

    async def scene() -> tuple[bool, bool]:
        processor, held = Processor(SECONDS), Held()
        long = asyncio.create_task(processor.do(A, held, long=True))
        await asyncio.to_thread(held.begun.wait, SECONDS)
        await processor.do(beside, lambda: "short", long=False)
        held.let_go.set()
        following = asyncio.create_task(processor.do(beside, lambda: "long", long=True))
        done, waiting = await asyncio.wait({long, following}, timeout=0.3 if rests else SECONDS)
        short_goes_on = await processor.do(B, lambda: True, long=False)
        for each in waiting:
            each.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        return not done, short_goes_on

    assert asyncio.run(scene()) == (rests, True)


def test_work_that_fails_gives_its_turn_to_the_next() -> None:
    def fail() -> None:
        raise ValueError

    async def scene() -> str:
        processor = Processor(SECONDS)
        for long in (False, True):
            with pytest.raises(ValueError):
                await processor.do(A, fail, long=long)
        return await processor.do(A, lambda: "done", long=True)

    assert asyncio.run(scene()) == "done"
