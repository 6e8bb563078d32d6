"""Turns among clients: whoever used least is next, and whatever ends a wait or a turn gives it to the next one."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager

import pytest

from hub import fair_share
from hub.errors import Code, HubError
from hub.fair_share import HALF_LIFE, LEAST, WAITING, Client, FairShare

pytestmark = pytest.mark.unit

A, B = ("fire", "ann", "10.0.0.1"), ("housing", "bo", "10.0.0.2")
C = ("police", "cy", "10.0.0.3")
SECONDS = 60.0


class Clock:
    """Stands still but where a test moves it."""

    def __init__(self) -> None:
        self.at = 1_000.0

    def __call__(self) -> float:
        return self.at


async def settled() -> None:
    """Who may have a turn has it, and whoever may not waits."""
    for _ in range(2):
        await asyncio.sleep(0)


class Scene:
    """Turns, and the clients that came to theirs, in order."""

    def __init__(self, turns: int) -> None:
        self.clock = Clock()
        self.turns = FairShare(turns, self.clock)
        self.order: list[Client] = []
        self.left: list[float] = []

    async def use(self, client: Client, takes: float = 1.0, seconds: float = SECONDS) -> None:
        async with self.turns.turn(client, seconds) as left:
            self.order.append(client)
            self.left.append(left)
            await asyncio.sleep(0)
            self.clock.at += takes

    async def waiting(self, *clients: Client) -> list[asyncio.Task[None]]:
        tasks = [asyncio.create_task(self.use(client)) for client in clients]
        await asyncio.sleep(0)
        return tasks

    @asynccontextmanager
    async def held(self, *clients: Client, takes: float = 1.0) -> AsyncIterator[None]:
        """Each of these has a turn meanwhile."""
        async with AsyncExitStack() as stack:
            for client in clients:
                await stack.enter_async_context(self.turns.turn(client, SECONDS))
            yield
            self.clock.at += takes

    async def assert_all_free(self) -> None:
        """All turns can be had again, and nothing is kept of those that wait no longer."""
        assert not self.turns._waiting
        assert not self.turns._held
        async with self.held(A):
            pass


def run(scenario: Callable[[], Awaitable[None]]) -> None:
    async def bounded() -> None:
        async with asyncio.timeout(SECONDS):
            await scenario()

    asyncio.run(bounded())


@pytest.mark.parametrize(
    "other", [B, ("fire", "bo", "10.0.0.1"), ("fire", "ann", "10.0.0.2")], ids=["application", "person", "address"]
)
def test_whoever_used_less_is_next_however_late_they_came(other: Client) -> None:
    async def scenario() -> None:
        scene = Scene(1)
        async with scene.held(A):
            tasks = await scene.waiting(A, A, A, other)
        await asyncio.gather(*tasks)
        assert scene.order == [other, A, A, A]
        await scene.assert_all_free()

    run(scenario)


def test_two_applications_that_use_as_much_alternate() -> None:
    async def scenario() -> None:
        scene = Scene(1)
        async with scene.held(A):
            tasks = await scene.waiting(*[A] * 4, *[B] * 4)
        await asyncio.gather(*tasks)
        assert scene.order == [B, A] * 4

    run(scenario)


def test_an_application_of_many_people_has_no_more_than_one_of_few() -> None:
    async def scenario() -> None:
        scene = Scene(1)
        many = [("fire", f"person-{number}", f"10.0.1.{number}") for number in range(4)]
        async with scene.held(("fire", "ann", "10.0.0.1")):
            tasks = await scene.waiting(*many, *[B] * 4)
        await asyncio.gather(*tasks)
        assert [client[0] for client in scene.order] == ["housing", "fire"] * 4

    run(scenario)


def test_a_turn_that_is_used_by_several_is_charged_to_all_in_equal_parts() -> None:
    async def scenario() -> None:
        scene = Scene(1)
        others: list[Client] = [A]
        async with scene.turns.turn(A, SECONDS, others):
            others.append(B)
            scene.clock.at += 4.0
        await scene.use(("third", "cy", "10.0.0.3"), takes=3.0)
        async with scene.held(("fourth", "di", "10.0.0.4")):
            tasks = await scene.waiting(("third", "cy", "10.0.0.3"), A, B)
        scene.order.clear()
        await asyncio.gather(*tasks)
        assert scene.order == [A, B, ("third", "cy", "10.0.0.3")]

    run(scenario)


def test_what_was_used_long_ago_counts_little() -> None:
    async def scenario() -> None:
        scene = Scene(1)
        await scene.use(A, takes=50.0)
        scene.clock.at += 10 * HALF_LIFE
        await scene.use(B, takes=1.0)
        async with scene.held(("third", "cy", "10.0.0.3")):
            tasks = await scene.waiting(B, A)
        scene.order.clear()
        await asyncio.gather(*tasks)
        assert scene.order == [A, B]

    run(scenario)


@pytest.mark.parametrize(("turns", "of_client", "of_application"), [(1, 1, 1), (2, 1, 1), (8, 4, 6)])
def test_one_client_and_one_application_leave_turns_to_others(turns: int, of_client: int, of_application: int) -> None:
    async def scenario() -> None:
        scene = Scene(turns)
        tasks = [asyncio.create_task(held_until(scene, A)) for _ in range(turns + 1)]
        await settled()
        assert len(scene.order) == of_client
        tasks += [asyncio.create_task(held_until(scene, ("fire", "eve", "10.0.0.9"))) for _ in range(turns + 1)]
        await settled()
        assert len(scene.order) == of_application
        tasks += [asyncio.create_task(held_until(scene, B)) for _ in range(turns + 1)]
        await settled()
        assert len(scene.order) == turns
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await scene.assert_all_free()

    async def held_until(scene: Scene, client: Client) -> None:
        async with scene.turns.turn(client, SECONDS):
            scene.order.append(client)
            await asyncio.Event().wait()

    run(scenario)


def test_who_stops_waiting_leaves_no_turn_behind() -> None:
    async def scenario() -> None:
        scene = Scene(1)
        async with scene.held(A):
            gone, stays = await scene.waiting(B, A)
            gone.cancel()
            await asyncio.gather(gone, return_exceptions=True)
        await stays
        assert (gone.cancelled(), scene.order) == (True, [A])
        await scene.assert_all_free()

    run(scenario)


def test_a_turn_that_comes_to_one_just_gone_goes_on_to_the_next() -> None:
    async def scenario() -> None:
        scene = Scene(1)
        async with scene.held(A):
            gone, stays = await scene.waiting(B, A)
        gone.cancel()  # The turn is theirs already, but they have not run since.
        await stays
        assert (scene.order, gone.cancelled()) == ([A], True)
        await scene.assert_all_free()

    run(scenario)


def test_one_who_goes_in_the_moment_that_a_turn_ends_is_passed_over() -> None:
    async def scenario() -> None:
        scene = Scene(1)
        async with scene.held(A):
            gone, stays = await scene.waiting(B, A)
            gone.cancel()  # Still in the queue when the turn ends.
        await stays
        assert (scene.order, gone.cancelled()) == ([A], True)
        await scene.assert_all_free()

    run(scenario)


@pytest.mark.parametrize("how", [ValueError, asyncio.CancelledError, HubError(Code.TIMEOUT, "late")])
def test_a_turn_that_fails_is_the_next_ones(how: BaseException | type[BaseException]) -> None:
    async def scenario() -> None:
        scene = Scene(1)
        tasks: list[asyncio.Task[None]] = []
        with pytest.raises(how if isinstance(how, type) else type(how)):
            async with scene.turns.turn(A, SECONDS):
                tasks = await scene.waiting(B)
                raise how
        await asyncio.gather(*tasks)
        assert scene.order == [B]
        await scene.assert_all_free()

    run(scenario)


def test_a_wait_ends_at_its_deadline() -> None:
    async def scenario() -> None:
        scene = Scene(1)
        async with scene.held(A):
            with pytest.raises(HubError) as refused:
                await scene.use(B, seconds=0.0)
            assert (refused.value.code, refused.value.retry_after) == (Code.TOO_MANY_REQUESTS, 1)
        assert scene.order == []
        await scene.assert_all_free()

    run(scenario)


def test_where_too_many_wait_the_newest_of_whoever_used_most_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fair_share, "WAITING_IN_ALL", 3)

    async def scenario() -> None:
        scene = Scene(1)
        await scene.use(A)
        async with scene.held(B):
            heavy = await scene.waiting(A, A)
            light = await scene.waiting(C, C)  # the second of them is one too many
            with pytest.raises(HubError) as refused:
                await scene.use(A)
            assert (refused.value.code, refused.value.retry_after) == (Code.OVERLOADED, fair_share.RETRY_SECONDS)
        found = await asyncio.gather(*heavy, *light, return_exceptions=True)
        assert [getattr(each, "code", None) for each in found] == [None, Code.OVERLOADED, None, None]
        assert Counter(scene.order) == {A: 2, C: 2}
        await scene.assert_all_free()

    run(scenario)


@pytest.mark.parametrize(("waited", "left"), [(0.0, SECONDS), (20.0, SECONDS - 20.0), (2 * SECONDS, LEAST)])
def test_waiting_counts_towards_the_deadline_of_which_something_is_left(waited: float, left: float) -> None:
    async def scenario() -> None:
        scene = Scene(1)
        async with scene.held(A, takes=waited):
            tasks = await scene.waiting(B)
        await asyncio.gather(*tasks)
        assert scene.left == [left]

    run(scenario)


def test_no_client_has_more_than_so_many_waiting() -> None:
    async def scenario() -> None:
        scene = Scene(1)
        async with scene.held(A):
            tasks = await scene.waiting(*[A] * WAITING)
            with pytest.raises(HubError) as refused:
                await scene.use(A)
            assert refused.value.code == Code.TOO_MANY_REQUESTS
            tasks += await scene.waiting(B)
        await asyncio.gather(*tasks)
        assert Counter(scene.order) == {A: WAITING, B: 1}
        await scene.assert_all_free()

    run(scenario)


def test_of_so_many_it_is_remembered_what_they_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fair_share, "REMEMBERED", 6)

    async def scenario() -> None:
        scene = Scene(1)
        for number in range(20):
            await scene.use(("fire", f"person-{number}", "10.0.0.1"))
        assert len(scene.turns._used) == 6

    run(scenario)


def test_whatever_clients_do_the_turns_are_kept(rng: random.Random) -> None:
    async def scenario() -> None:
        scene, holding, most = Scene(3), 0, 0

        async def one() -> None:
            nonlocal holding, most
            client = (rng.choice("pq"), rng.choice("rs"), rng.choice("tu"))
            async with scene.turns.turn(client, rng.choice([0.0, SECONDS])):
                holding += 1
                most = max(most, holding)
                try:
                    for _ in range(rng.randrange(4)):
                        await asyncio.sleep(0)
                    if rng.random() < 0.2:
                        raise ValueError
                finally:
                    holding -= 1
                    scene.clock.at += rng.random()

        tasks = []
        for _ in range(500):
            tasks.append(asyncio.create_task(one()))
            if rng.random() < 0.3:
                rng.choice(tasks).cancel()
            if rng.random() < 0.5:
                await asyncio.sleep(0)
        ended = await asyncio.gather(*tasks, return_exceptions=True)
        assert {type(each) for each in ended} <= {type(None), ValueError, HubError, asyncio.CancelledError}
        assert (holding, most) == (0, 3)
        await scene.assert_all_free()

    run(scenario)
