"""Buckets give what they hold and what fills them, whatever the clock does, and processes share them."""

from __future__ import annotations

import multiprocessing
import pickle
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from hub.buckets import REGIONS, SECOND, Bucket, Buckets, Quota

pytestmark = pytest.mark.unit
TEN = Quota(10, 100)


@dataclass
class Clock:
    """A clock that tests set, in nanoseconds."""

    time: int = 5 * SECOND

    def __call__(self) -> int:
        return self.time


def alone(quota: Quota = TEN) -> tuple[Clock, Buckets, Bucket]:
    clock = Clock()
    buckets = Buckets(now=clock)
    return clock, buckets, buckets.bucket(1, "desk a", quota)


def test_a_new_bucket_is_full_and_gives_what_it_holds() -> None:
    _, buckets, own = alone()
    assert buckets.spend([own], 60).left == (40,)
    refused = buckets.spend([own], 41)
    assert refused.left == (40,) and refused.waits == (SECOND // 10,)
    assert buckets.spend([own], 40) == ((0,), ())


def test_it_is_filled_by_its_rate_and_no_further() -> None:
    clock, buckets, own = alone()
    buckets.spend([own], 100)
    clock.time += 3 * SECOND
    assert buckets.spend([own], 31).waits
    assert buckets.spend([own], 30).left == (0,)
    clock.time += 1_000 * SECOND
    assert buckets.spend([own], 101).waits
    assert buckets.spend([own], 100).left == (0,)


def test_after_the_wait_that_is_told_there_is_enough_and_not_before() -> None:
    clock, buckets, own = alone(Quota(7, 100))
    buckets.spend([own], 100)
    (wait,) = buckets.spend([own], 10, 53).waits
    clock.time += wait - 1
    assert buckets.spend([own], 53).waits == (1,)
    clock.time += 1
    assert buckets.spend([own], 53).waits == ()


def test_all_or_nothing_is_spent() -> None:
    clock = Clock()
    buckets = Buckets(now=clock)
    whole, own = buckets.bucket(0, "desk", TEN), buckets.bucket(1, "desk a", Quota(10, 50))
    assert buckets.spend([whole, own], 50).left == (50, 0)
    refused = buckets.spend([whole, own], 20)
    assert refused.left == (50, 0) and refused.waits[0] <= 0 < refused.waits[1]
    assert buckets.spend([whole, buckets.bucket(1, "desk b", Quota(10, 50))], 50).left == (0, 0)


def test_a_clock_that_goes_back_gives_nothing_and_forgets_nothing() -> None:
    clock, buckets, own = alone()
    buckets.spend([own], 100)
    clock.time -= 4 * SECOND
    assert buckets.spend([own], 1).waits == (4 * SECOND + SECOND // 10,)
    clock.time += 4 * SECOND
    assert buckets.spend([own], 1).waits == (SECOND // 10,)


def test_a_clock_that_leaps_fills_a_bucket_once() -> None:
    clock, buckets, own = alone()
    buckets.spend([own], 100)
    clock.time += 10**6 * SECOND
    assert buckets.spend([own], 100).left == (0,)
    assert buckets.spend([own], 1).waits


def test_another_quota_is_another_bucket() -> None:
    clock, buckets, own = alone()
    buckets.spend([own], 100)
    raised, lowered = (buckets.bucket(1, "desk a", each) for each in (Quota(100, 1_000), Quota(10, 20)))
    assert buckets.spend([raised], 1_000).left == (0,)
    assert buckets.spend([lowered], 20).left == (0,)
    clock.time += 1_000 * SECOND
    assert buckets.spend([lowered], 21).waits
    assert buckets.bucket(1, "desk a", TEN) == own


def test_a_window_is_the_time_that_filling_takes() -> None:
    assert (Quota(10, 100).window, Quota(3, 100).window, Quota(10**9, 10).window) == (10, 34, 1)


def test_what_is_full_is_forgotten_first_and_where_nothing_is_two_share() -> None:
    clock = Clock()
    buckets = Buckets(now=clock)
    place = buckets.bucket(1, "desk a", TEN).place
    several = [Bucket(place, bytes([at]) * 16, 10, 10 * SECOND) for at in range(1, 10)]
    for at, each in enumerate(several[:8]):
        assert buckets.spend([each], 20 + at).left == (80 - at,)
    # The ninth shares the bucket that lacks least, and takes nothing from its owner's debt.
    assert buckets.spend([several[8]], 30).left == (50,)
    assert buckets.spend([several[0]], 51).waits
    clock.time += 3 * SECOND  # by now that of the second is full
    assert buckets.spend([several[8]], 100).left == (0,)
    assert buckets.spend([several[1]], 81).waits == (), "a full bucket is as good as a new one"


def test_persons_push_out_no_application() -> None:
    buckets = Buckets(now=Clock())
    desk = buckets.bucket(0, "desk", TEN)
    buckets.spend([desk], 100)
    for at in range(20_000):
        buckets.spend([buckets.bucket(1, f"desk {at}", TEN)], 1)
    assert buckets.spend([desk], 1).waits
    places = {buckets.bucket(0, f"app-{at}", TEN).place for at in range(2_000)}
    persons = {buckets.bucket(1, f"desk {at}", TEN).place for at in range(2_000)}
    assert max(places) < min(persons) and len(places) > REGIONS[0] // 2


def test_the_memory_holds_no_name() -> None:
    buckets = Buckets()
    buckets.spend([buckets.bucket(0, "grid-desk", TEN), buckets.bucket(1, "grid-desk wang.fang", TEN)], 1)
    held = bytes(buckets._memory[:])
    assert any(held)
    assert b"grid-desk" not in held and b"wang" not in held
    assert Buckets().bucket(1, "grid-desk wang.fang", TEN).key != buckets.bucket(1, "grid-desk wang.fang", TEN).key


def test_buckets_of_one_process_stay_there() -> None:
    with pytest.raises(TypeError, match="of one process"):
        pickle.dumps(Buckets())


def spend_all(buckets: Buckets, begin: Callable[[], int], sender: multiprocessing.connection.Connection) -> None:
    """Spend one unit after the other until 3,000 were asked for; tell how many there were."""
    own = buckets.bucket(1, "desk a", Quota(1, 1_000))
    begin()
    sender.send(sum(not buckets.spend([own], 1).waits for _ in range(3_000)))


def test_processes_share_them() -> None:
    spawn = multiprocessing.get_context("spawn")
    buckets, barrier = Buckets.shared(), spawn.Barrier(2)
    pipes = [spawn.Pipe(duplex=False) for _ in range(2)]
    started = [spawn.Process(target=spend_all, args=(buckets, barrier.wait, sender)) for _, sender in pipes]
    for each in started:
        each.start()
    spent = [receiver.recv() for receiver, _ in pipes]
    for each in started:
        each.join()
    # A unit comes in a second: the two may have taken a few seconds.
    assert 1_000 <= sum(spent) <= 1_030
    assert buckets.spend([buckets.bucket(1, "desk a", Quota(1, 1_000))], 100).waits
