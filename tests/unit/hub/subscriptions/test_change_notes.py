"""Whether notes follow each other: what is missing between two readings is never taken for nothing."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import cast

import pytest

from hub.errors import HubError
from hub.graph.change_notes import Note, Notes
from hub.request.running import Hub
from hub.subscriptions.follower import Subscriptions
from hub.subscriptions.operation import Operation

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("last", "head", "numbers", "follow"),
    [
        (4, 4, (), True),
        (4, 6, (5, 6), True),
        (4, 900, (5, 6), True),
        (4, 6, (6,), False),
        (4, 6, (), False),
        (4, 2, (), False),
    ],
    ids=["nothing new", "all", "the first of many", "a gap", "forgotten", "another graph"],
)
def test_notes_follow_a_number(last: int, head: int, numbers: tuple[int, ...], follow: bool) -> None:
    notes = Notes(head, tuple(Note(each, "Event", ("a",)) for each in numbers))
    assert notes.follow(last) is follow


BEFORE, EARLY, SEEN, LOST = Notes(4, ()), Notes(5, ()), Notes(5, (Note(5, "Event", ("a",)),)), Notes(9, ())


@pytest.mark.parametrize(
    ("readings", "told"),
    [
        ([EARLY, SEEN], ["a"]),
        ([BEFORE, EARLY, SEEN, Notes(5, ())], ["a"]),
        ([LOST, LOST], ["OVERLOADED"]),
        ([EARLY, LOST], ["OVERLOADED"]),
        ([EARLY, SEEN, Notes(6, ()), Notes(6, (Note(6, "Event", ("b",)),))], ["a", "b"]),
    ],
    ids=["a moment later", "after a while", "forgotten", "forgotten meanwhile", "twice"],
)
def test_a_note_that_is_seen_a_moment_after_its_number_is_not_taken_for_missed(
    monkeypatch: pytest.MonkeyPatch, readings: list[Notes], told: list[str]
) -> None:
    """A graph shows what a transaction has written one by one, so that no real one shows this whenever a test wants."""
    left, heard = [BEFORE, *readings], list[str]()

    class Listener:
        query = SimpleNamespace(entity=SimpleNamespace(name="Event"))
        since = 0

        def offer(self, sids: tuple[str, ...]) -> None:
            heard.extend(sids)

        def end(self, why: HubError) -> None:
            heard.append(str(why.code))

    async def read(_: int | None) -> Notes:
        return left.pop(0) if left else readings[-1]

    async def run() -> None:
        subscriptions = Subscriptions(cast(Hub, None))
        monkeypatch.setattr(subscriptions, "_read", read)
        await subscriptions.add(cast(Operation, Listener()))
        while left:
            await subscriptions.poll()

    asyncio.run(run())
    assert heard == told
