"""Names what the log holds of a span of time, so that what was counted of it can be kept until that changes."""

from __future__ import annotations

import datetime as dt

import numpy as np

from audit.index import Index
from audit.proof import root_at
from audit.search import milliseconds
from audit.stores.reader import Reader


def span_name(index: Index, reader: Reader, since: dt.datetime, until: dt.datetime) -> str:
    """The root of the log's tree at the newest record from `since` to before `until`; that of none if there is none.

    It commits to every record up to that one, and no later one lies in the span: wherever the name is the same, all
    that is counted of the span alone is the same too. Raises IndexFault and StoreFault.
    """
    begin, end = milliseconds(since), milliseconds(until)
    with index.at_one_moment():
        for run in reversed(index.runs()):
            if run.until >= begin and run.since < end:
                times = index.columns(run).times
                found = np.flatnonzero((times >= begin) & (times < end))
                if len(found):
                    return root_at(reader, run.first + int(found[-1]) + 1).hex()
    return root_at(reader, 0).hex()
