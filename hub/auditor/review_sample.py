"""The sample of a day's records that auditors review, and how it is drawn.

Nobody chooses it. The seed is the root of the log's tree after the last record of the day, which holds the random salts
of all records: whoever makes a request cannot foresee it, and whoever has the log can draw the sample again. A record's
lot is SHA-256(root ‖ index as 8 bytes, most significant first); the lowest lots of each stratum are drawn.
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
from audit.search import Query, search
from audit.stores.reader import Reader
from audit.touched import touched
from schema.catalogue import Catalogue, Coordinate
from schema.declarations import Field

DRAWN: Final = {"sensitive_clear": 5, "personal": 3, "refused": 1, "other": 1}
"""How many records of each stratum are drawn from a day, those first that exposed most."""


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
    begin = dt.datetime.combine(day, dt.time(), zone)
    query = Query(since=begin, until=dt.datetime.combine(day + dt.timedelta(days=1), dt.time(), zone))
    last = search(index, query, limit=1).indexes
    if not last:
        return None
    size = last[0] + 1
    root = root_at(reader, size)
    rows = touched(index, query, ("query", "refusal"), ())
    kinds = {code: shape.kind for code, shape in rows.shapes.items()}
    known = dict(catalogue.coordinates())
    strata = {code: _stratum(decision, known) for code, decision in rows.decisions.items()}
    found: dict[str, list[int]] = {stratum: [] for stratum in DRAWN}
    columns = (rows.indexes.tolist(), rows.shape_codes.tolist(), rows.decision_codes.tolist())
    for at, shape, decision in zip(*columns, strict=True):
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
