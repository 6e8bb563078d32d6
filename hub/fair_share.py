"""Turns among clients for statements in the graph, of which so many run at once and no more.

Whoever used least lately is next: first by application, then by person, then by address. Where there are several turns,
no application holds all of them and no client more than half, so that nobody waits for the end of another's long work.
Where too many wait, it is those of whoever used most that are refused.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter, OrderedDict, deque
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Final

from hub.errors import Code, HubError

HALF_LIFE: Final = 10.0
"""Seconds after which what somebody used counts half."""
REMEMBERED: Final = 10_000
"""Of how many it is remembered what they used; beyond that, those that came last longest ago are forgotten."""
WAITING: Final = 100
"""How many requests of one client may wait; further ones are refused at once."""
WAITING_IN_ALL: Final = 500
"""How many turns all clients may wait for; each keeps a body and what was made of it, half a megabyte at most, and at
the graph those of its company, 31 at most. For one too many, the newest of whoever used most lately is refused."""
RETRY_SECONDS: Final = 5
"""When one that was refused because too many wait may come again: what waits now has been answered, or refused."""
LEAST: Final = 0.001
"""Seconds left at a turn that came last of all; none would mean to Neo4j that there is no limit."""

Client = tuple[str, str, str]
"""Application, person and address; empty where they are not known."""


class FairShare:
    """The turns of one hub; used on its event loop."""

    def __init__(self, turns: int, now: Callable[[], float] = time.monotonic) -> None:
        self._turns, self._now = turns, now
        self._of_application = max(1, turns - max(1, turns // 4))
        self._of_one = max(1, turns // 2)
        self._held: Counter[tuple[str, ...]] = Counter()
        self._waiting: dict[Client, deque[asyncio.Future[None]]] = {}
        self._used: OrderedDict[tuple[str, ...], tuple[float, float]] = OrderedDict()

    def turn(self, client: Client, seconds: float, clients: Sequence[Client] = ()) -> Turn:
        """Inside this context it is the client's turn; gives how many of the `seconds` are left, more than none.

        What it used is charged to `clients` in equal parts, as they are at its end, or to the client alone. Raises
        HubError TOO_MANY_REQUESTS if its turn does not come in that time, or too many of its requests wait, and
        OVERLOADED if too many wait in all.
        """
        return Turn(self, client, seconds, clients)

    @property
    def running(self) -> int:
        """How many turns are taken now."""
        return self._held[()]

    @property
    def waiting(self) -> int:
        """How many requests wait for their turn now."""
        return sum(map(len, self._waiting.values()))

    def now(self) -> float:
        """Seconds of its clock."""
        return self._now()

    def end(self, client: Client, charged: Sequence[Client], seconds: float) -> None:
        """End a turn that took so long; it is charged to each in equal parts."""
        for each in charged:
            self._charge(each, seconds / len(charged))
        self._release(client)

    async def wait(self, client: Client, seconds: float) -> None:
        """Return at the client's turn; raises as `turn`."""
        if self._may_begin(client):
            self._begin(client)
            return
        if len(self._waiting.get(client, ())) >= WAITING:
            raise _busy()
        if self.waiting >= WAITING_IN_ALL:
            self._make_room(client)
        waiting = self._waiting.setdefault(client, deque())
        loop = asyncio.get_running_loop()
        turn: asyncio.Future[None] = loop.create_future()
        waiting.append(turn)
        patience = loop.call_later(seconds, _give_up, turn)
        try:
            await turn
        except BaseException:
            self._give_back(client, turn)
            raise
        finally:
            patience.cancel()

    def _make_room(self, newest: Client) -> None:
        """Refuse the newest request of whoever used most lately; raises if that is the one that has just come."""
        heaviest = max(self._waiting, key=self._usage)
        if self._usage(heaviest) <= self._usage(newest):
            raise _overloaded()
        turn = self._waiting[heaviest].pop()
        self._forget_if_none_waits(heaviest)
        if not turn.done():  # else it has just given up
            turn.set_exception(_overloaded())

    def _give_back(self, client: Client, turn: asyncio.Future[None]) -> None:
        """Wait no longer; a turn that came in the same moment is the next one's."""
        if turn.done() and not turn.cancelled() and turn.exception() is None:
            self._release(client)
            return
        if turn in self._waiting.get(client, ()):
            self._waiting[client].remove(turn)
            self._forget_if_none_waits(client)

    def _may_begin(self, client: Client) -> bool:
        return (
            self._held[()] < self._turns
            and self._held[client[:1]] < self._of_application
            and self._held[client] < self._of_one
        )

    def _begin(self, client: Client) -> None:
        for who in ((), client[:1], client):
            self._held[who] += 1

    def _release(self, client: Client) -> None:
        for who in ((), client[:1], client):
            self._held[who] -= 1
            if not self._held[who]:
                del self._held[who]
        while ready := [each for each in self._waiting if self._may_begin(each)]:
            following = min(ready, key=self._usage)
            turn = self._waiting[following].popleft()
            self._forget_if_none_waits(following)
            if not turn.done():  # else it has just given up
                self._begin(following)
                turn.set_result(None)

    def _forget_if_none_waits(self, client: Client) -> None:
        if not self._waiting[client]:
            del self._waiting[client]

    def _usage(self, client: Client) -> tuple[float, ...]:
        """What application, person and client used, so that the first in which two differ decides."""
        now = self._now()
        return tuple(self._lately(client[:depth], now) for depth in (1, 2, 3))

    def _lately(self, who: tuple[str, ...], now: float) -> float:
        used, at = self._used.get(who, (0.0, 0.0))
        return float(used * 0.5 ** ((now - at) / HALF_LIFE))

    def _charge(self, client: Client, seconds: float) -> None:
        now = self._now()
        for depth in (1, 2, 3):
            who = client[:depth]
            self._used[who] = (self._lately(who, now) + seconds, now)
            self._used.move_to_end(who)
        while len(self._used) > REMEMBERED:
            self._used.popitem(last=False)


class Turn:
    """One turn, as a context; gives how many seconds are left of its time. A class, because each request has three of
    them: as generators they took twice as much.
    """

    __slots__ = ("_began", "_client", "_clients", "_seconds", "_share")

    def __init__(self, share: FairShare, client: Client, seconds: float, clients: Sequence[Client]) -> None:
        self._share, self._client, self._seconds, self._clients = share, client, seconds, clients
        self._began = 0.0

    async def __aenter__(self) -> float:
        asked = self._share.now()
        await self._share.wait(self._client, self._seconds)
        self._began = self._share.now()
        try:
            await asyncio.sleep(0)  # whoever came meanwhile waits in its queue before the next turn is given
        except BaseException:
            self._end()
            raise
        self._began = self._share.now()
        return max(LEAST, self._seconds - (self._began - asked))

    async def __aexit__(
        self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None
    ) -> None:
        self._end()

    def _end(self) -> None:
        self._share.end(self._client, self._clients or (self._client,), self._share.now() - self._began)


def _give_up(turn: asyncio.Future[None]) -> None:
    """The time of one that waits is over."""
    if not turn.done():
        turn.set_exception(_busy())


def _busy() -> HubError:
    text = "the hub is busy with other requests; wait for your own, ask for less at once, and try again shortly"
    return HubError(Code.TOO_MANY_REQUESTS, text, retry_after=1)


def _overloaded() -> HubError:
    text = "more requests wait for this hub than it can answer; try again a little later, and send fewer at once"
    return HubError(Code.OVERLOADED, text, retry_after=RETRY_SECONDS)
