"""The sample of a day's records that auditors review, and how it is drawn.

Nobody chooses it. The seed is the root of the log's tree after the last record of the day, which holds the random salts
of all records: whoever makes a request cannot foresee it, and whoever has the log can draw the sample again. A record's
lot is SHA-256(root ‖ index as 8 bytes, most significant first); the lowest lots of each stratum are drawn.

A day that is not over is drawn only where no earlier day has a request, so that a new hub has something to review. The
sample is then of the first 1, 2, 4, 8 … requests of the day, as many as there are: it is drawn again when they have
doubled, and nobody chooses when.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from audit.index import Index
from audit.proof import root_at
from audit.record import Coordinates
from audit.search import Query, records, search
from audit.stores.reader import Reader
from audit.touched import Touched, touched
from hub.home.zone import day_of
from schema.catalogue import Catalogue, Coordinate
from schema.declarations import Field

DRAWN: Final = {"sensitive_clear": 5, "personal": 3, "refused": 1, "other": 1}
"""How many records of each stratum are drawn from a day, those first that exposed most."""
REQUESTS: Final = ("query", "refusal")
"""The kinds of records that are drawn."""
DAY: Final = dt.timedelta(days=1)
LOOKED_BACK: Final = (1, 7, 60, None)
"""How many days before another are searched for requests, one after the other: few are quick, None is all of them."""


@dataclass(frozen=True, slots=True)
class Sample:
    """The sample of a day: its seed and the size of the log there, and by stratum the indexes and out of how many."""

    seed: str
    size: int
    drawn: Mapping[str, Sequence[int]]
    out_of: Mapping[str, int]

    @property
    def stratum_of(self) -> Mapping[int, str]:
        """The stratum of each record of the sample."""
        return {index: stratum for stratum, indexes in self.drawn.items() for index in indexes}


def sample_of(index: Index, reader: Reader, catalogue: Catalogue, day: dt.date, zone: dt.tzinfo) -> Sample | None:
    """The sample of a day that is over; None if the log has no record of it."""
    query = Query(since=_begin(day, zone), until=_begin(day + DAY, zone))
    last = search(index, query, limit=1).indexes
    if not last:
        return None
    return _sample(reader, catalogue, touched(index, query, REQUESTS, ()), last[0] + 1)


def samples_so_far(
    index: Index, reader: Reader, catalogue: Catalogue, day: dt.date, zone: dt.tzinfo
) -> Sequence[Sample]:
    """The samples of the first 1, 2, 4, 8 … requests of a day, which holds as many at least; the last one counts."""
    rows = touched(index, Query(since=_begin(day, zone), until=_begin(day + DAY, zone)), REQUESTS, ())
    sizes = [int(rows.indexes[(1 << power) - 1]) + 1 for power in range(len(rows).bit_length())]
    return [_sample(reader, catalogue, rows, size) for size in sizes]


def newest_day(index: Index, reader: Reader, before: dt.date, zone: dt.tzinfo) -> dt.date | None:
    """The last day before another on which somebody asked; None if nobody did."""
    for back in LOOKED_BACK:
        since = None if back is None else _begin(before - dt.timedelta(days=back), zone)
        queries = [Query(kind=kind, since=since, until=_begin(before, zone)) for kind in REQUESTS]
        if found := [at for query in queries for at in search(index, query, limit=1).indexes]:
            (newest,) = records(reader, (max(found),))
            return day_of(newest.record.time, zone)
    return None


def _begin(day: dt.date, zone: dt.tzinfo) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(), zone)


def _sample(reader: Reader, catalogue: Catalogue, rows: Touched, size: int) -> Sample:
    """Drawn from those rows that stand in the first `size` records of the log, whose root is the seed."""
    root = root_at(reader, size)
    kinds = {code: shape.kind for code, shape in rows.shapes.items()}
    known = dict(catalogue.coordinates())
    strata = {code: _stratum(decision, known) for code, decision in rows.decisions.items()}
    found: dict[str, list[int]] = {stratum: [] for stratum in DRAWN}
    columns = (rows.indexes.tolist(), rows.shape_codes.tolist(), rows.decision_codes.tolist())
    for at, shape, decision in zip(*columns, strict=True):
        if at >= size:
            break
        found["refused" if kinds[shape] == "refusal" else strata[decision]].append(at)
    drawn = {stratum: sorted(found[stratum], key=lambda at: _lot(root, at))[:most] for stratum, most in DRAWN.items()}
    return Sample(root.hex(), size, drawn, {stratum: len(indexes) for stratum, indexes in found.items()})


def _lot(root: bytes, index: int) -> bytes:
    return hashlib.sha256(root + index.to_bytes(8, "big")).digest()


def _stratum(decision: Coordinates, known: Mapping[str, Coordinate]) -> str:
    shown = [known.get(name) for name in (*decision.clear, *decision.masked, *decision.answered)]
    if any(isinstance(each := known.get(name), Field) and each.sensitive for name in decision.clear):
        return "sensitive_clear"
    # A name that the catalogue of today does not know counts as personal.
    return "personal" if any(each is None or each.personal for each in shown) else "other"
