"""Whatever is asked for, and however time passes, a bucket gives no more than it holds and is filled by meanwhile."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some

from hub.buckets import SECOND, Buckets, Quota

pytestmark = pytest.mark.property
QUOTAS = some.builds(Quota, some.integers(1, 10**9), some.integers(10, 10**9))
PAUSES = some.one_of(some.just(0), some.integers(1, 1_000), some.integers(0, 100 * SECOND))
Asked = list[tuple[int, float]]
ASKED = some.lists(some.tuples(PAUSES, some.floats(0, 1.2)), max_size=40)


def spent(quota: Quota, asked: Asked) -> list[tuple[int, int]]:
    """When how much was given, for (nanoseconds to wait, share of the burst to ask for)."""
    time = 0
    buckets = Buckets(now=lambda: time)
    own, given_out = buckets.bucket(1, "desk a", quota), []
    for pause, share in asked:
        time += pause
        units = max(1, round(share * quota.burst))
        found = buckets.spend([own], units)
        assert 0 <= found.left[0] <= quota.burst
        if not found.waits:
            given_out.append((time, units))
    return given_out


@given(QUOTAS, ASKED)
def test_no_window_holds_more_than_the_burst_and_what_is_filled(quota: Quota, asked: Asked) -> None:
    given_out = spent(quota, asked)
    for first, (began, _) in enumerate(given_out):
        total = 0
        for ended, units in given_out[first:]:
            total += units
            # One nanosecond more than has passed, because it is counted in whole ones.
            assert total * SECOND <= quota.burst * SECOND + quota.rate * (ended - began + 1)


@given(QUOTAS, ASKED)
def test_what_is_refused_is_less_than_it_lacked(quota: Quota, asked: Asked) -> None:
    """Nobody is refused what they may have: a plain bucket of fractions, kept beside it, has too little then."""
    time = 0
    buckets = Buckets(now=lambda: time)
    own, level = buckets.bucket(1, "desk a", quota), quota.burst * SECOND
    for pause, share in asked:
        time += pause
        level = min(quota.burst * SECOND, level + pause * quota.rate)
        units = max(1, round(share * quota.burst))
        refused = bool(buckets.spend([own], units).waits)
        if not refused:
            level -= units * SECOND
        else:
            # Each time that something was taken up to a nanosecond of filling may have been lost.
            assert units * SECOND > level - quota.rate * (len(asked) + 1)


@given(QUOTAS, ASKED, some.floats(0.01, 1))
def test_after_the_wait_it_is_given(quota: Quota, asked: Asked, share: float) -> None:
    time = 0
    buckets = Buckets(now=lambda: time)
    own, units = buckets.bucket(1, "desk a", quota), max(1, round(share * quota.burst))
    for pause, part in asked:
        time += pause
        buckets.spend([own], max(1, round(part * quota.burst)))
    waits = buckets.spend([own], units).waits
    if waits:
        time += waits[0]
        assert buckets.spend([own], units).waits == ()


@given(QUOTAS, ASKED, some.lists(some.integers(-100 * SECOND, 100 * SECOND), min_size=1, max_size=10))
def test_a_clock_that_goes_to_and_fro_gives_no_more_than_the_time_it_reached(
    quota: Quota, asked: Asked, leaps: list[int]
) -> None:
    time = 10**6 * SECOND
    buckets = Buckets(now=lambda: time)
    own, earliest, latest, total = buckets.bucket(1, "desk a", quota), time, time, 0
    for at, (_, share) in enumerate(asked):
        time = max(0, time + leaps[at % len(leaps)])
        earliest, latest = min(earliest, time), max(latest, time)
        units = max(1, round(share * quota.burst))
        total += 0 if buckets.spend([own], units).waits else units
    assert total * SECOND <= quota.burst * SECOND + quota.rate * (latest - earliest + 1)
