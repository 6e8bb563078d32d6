"""How the requests of one application fared in the last day, counted from the index of the log; blocks, for a thread.

It counts, by result and purpose, and tells of no person, no value and no record; the application is given by the code.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Final

from audit.facets import facets
from audit.index import open_index
from audit.search import Query
from audit.stores.open import open_reader
from hub.request.accesses import index_file
from hub.request.running import Hub

DAY: Final = dt.timedelta(days=1)
GOOD: Final = "OK"


@dataclass(frozen=True, slots=True)
class Fared:
    """How many requests since a moment (seconds since 1970), by result, and those by code that were refused."""

    since: int
    total: int
    answered: int
    refused: Mapping[str, int]
    purposes: Mapping[str, int]


def fared(hub: Hub, application: str, purposes: Collection[str], now: dt.datetime) -> Fared:
    """The counts of the last day; raises IndexFault or StoreFault.

    Only `purposes`, which are its own, are named: that another one was asked for in vain would tell that there is one.
    """
    settings, since = hub.settings, now - DAY
    with closing(open_reader(settings.audit_log)) as reader, open_index(index_file(settings)) as index:
        index.follow(reader)
        counts = facets(index, Query(application=application, since=since), settings.zone)
    results = dict(counts["result"])
    answered = results.pop(GOOD, 0)
    known = {name: count for name, count in counts["purpose"].items() if name in purposes}
    return Fared(int(since.timestamp()), answered + sum(results.values()), answered, results, known)
