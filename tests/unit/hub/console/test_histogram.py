"""The bars of the log's picture: every day is in one, and none is drawn outside."""

from __future__ import annotations

import datetime as dt
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.console.auditor.histogram import FEWEST, HEIGHT, MOST, WIDTH, bars_of

pytestmark = pytest.mark.unit
DAYS = st.dictionaries(
    st.dates(dt.date(2020, 1, 1), dt.date(2026, 12, 31)).map(str), st.integers(1, 10**9), min_size=1, max_size=40
)


def test_no_day_has_no_bar() -> None:
    assert bars_of({}) == ()


def test_one_day_stands_at_the_right_and_is_a_day_wide() -> None:
    bars = bars_of({"2026-06-30": 5})
    assert len(bars) == FEWEST
    assert [bar.count for bar in bars] == [0] * (FEWEST - 1) + [5]
    assert (bars[-1].since, bars[-1].until, bars[-1].height) == ("2026-06-30", "2026-06-30", HEIGHT)


@given(DAYS)
def test_each_request_is_in_one_bar_and_the_bars_follow_each_other(days: dict[str, int]) -> None:
    bars = bars_of(days)
    assert FEWEST <= len(bars) <= MOST
    assert sum(bar.count for bar in bars) == sum(days.values())
    for bar in bars:
        assert bar.count == sum(count for day, count in days.items() if bar.since <= day <= bar.until)
        assert bar.x >= 0 and bar.x + bar.width <= WIDTH + 0.1
        assert bar.y >= 0 and bar.y + bar.height == pytest.approx(HEIGHT, abs=0.02)
    for one, next_one in pairwise(bars):
        assert dt.date.fromisoformat(next_one.since) - dt.date.fromisoformat(one.until) == dt.timedelta(days=1)
