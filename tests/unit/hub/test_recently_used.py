"""What was used last is kept, and no more than was said."""

from __future__ import annotations

import pytest

from hub.recently_used import RecentlyUsed

pytestmark = pytest.mark.unit


def test_the_least_recently_used_goes_first() -> None:
    kept: RecentlyUsed[str, int] = RecentlyUsed(2)
    kept.keep("a", 1)
    kept.keep("b", 2)
    assert kept.find("a") == 1
    kept.keep("c", 3)
    assert (kept.find("b"), kept.values(), len(kept)) == (None, (1, 3), 2)


def test_what_was_kept_first_stays() -> None:
    kept: RecentlyUsed[str, int] = RecentlyUsed(2)
    assert [kept.keep("a", 1), kept.keep("a", 2), kept.find("a")] == [1, 1, 1]


def test_keys_weigh_no_more_than_they_may() -> None:
    kept: RecentlyUsed[str, int] = RecentlyUsed(9, len, 6)
    for number, key in enumerate(("aaa", "bbb", "cc")):
        kept.keep(key, number)
    assert kept.values() == (1, 2)
    kept.keep("ddddddd", 3)
    assert kept.values() == (), "what is too heavy alone is not kept"
