"""Values that were used last, by key: what a hub keeps so that it need not be made again.

It never holds more than it was told to, the least recently used goes first, and threads may share it.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class RecentlyUsed(Generic[K, V]):
    """At most `limit` values, whose keys weigh no more than `heaviest` together."""

    def __init__(self, limit: int, weigh: Callable[[K], int] | None = None, heaviest: int = 0) -> None:
        self._limit, self._weigh, self._heaviest = limit, weigh, heaviest
        self._kept: OrderedDict[K, V] = OrderedDict()
        self._one_at_a_time = threading.Lock()

    def __len__(self) -> int:
        return len(self._kept)

    def values(self) -> tuple[V, ...]:
        """All that is kept, the least recently used first."""
        with self._one_at_a_time:
            return tuple(self._kept.values())

    def find(self, key: K) -> V | None:
        """The value of a key, which is then the most recently used; None if it is not kept."""
        with self._one_at_a_time:
            found = self._kept.get(key)
            if found is not None:
                self._kept.move_to_end(key)
            return found

    def keep(self, key: K, value: V) -> V:
        """Keep a value; returns it, or the one that another thread kept meanwhile."""
        with self._one_at_a_time:
            kept = self._kept.setdefault(key, value)
            while len(self._kept) > self._limit or self._too_heavy():
                self._kept.popitem(last=False)
            return kept

    def _too_heavy(self) -> bool:
        return self._weigh is not None and sum(map(self._weigh, self._kept)) > self._heaviest
