"""A decision is kept for all who share its subject attributes, and nothing of one person or case is kept with it.

Stage 5. A bounded cache, least recently used first out: its size depends on its limit, not on the number of
applications. Keyed by everything a decision depends on: policy version, subject attributes, purpose and day, so that
it needs no invalidation when a version changes or a grant begins or ends.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections import OrderedDict

from hub.request.purpose import Purposed
from policies.decide import decide
from policies.model import Decision
from schema.catalogue import Catalogue

KEPT = 512
"""Most decisions kept."""

_Key = tuple[str, tuple[str, ...], str, dt.date]


class Decisions:
    """Decisions of one hub; used from its event loop."""

    def __init__(self, limit: int = KEPT) -> None:
        self._limit = limit
        self._kept: OrderedDict[_Key, Decision] = OrderedDict()

    def __len__(self) -> int:
        return len(self._kept)

    def of(self, catalogue: Catalogue, purposed: Purposed) -> Decision:
        """The decision on a request, with its own subject and case."""
        policy, subject = purposed.identified.policy, purposed.identified.subject
        key = (policy.version, subject.attributes, purposed.purpose, purposed.today)
        kept = self._kept.get(key)
        if kept is None:
            anybody = dataclasses.replace(subject, sub="")
            kept = decide(catalogue, policy, anybody, purposed.purpose, purposed.today)
            self._kept[key] = kept
            if len(self._kept) > self._limit:
                self._kept.popitem(last=False)
        self._kept.move_to_end(key)
        return dataclasses.replace(kept, subject=subject, case=purposed.case)
