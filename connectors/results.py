"""What a pull tells: its progress, and for each stream what became of the rows.

Counts, names and reasons; no value of a row.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from connectors.base import Note, Written


class Report(Protocol):
    """Shows the progress of a pull; called from time to time with the number of rows read so far."""

    def __call__(self, stream: str, rows: int, /) -> None: ...


@dataclass(frozen=True, slots=True)
class Refusals:
    """The rows of a pull that one rule refused: how many, and the name of the first in quarantine."""

    field: str
    rule: str
    rows: int
    first: str
    reason: str


@dataclass(frozen=True, slots=True)
class PullResult:
    """What a pull of one stream did: `read` = inserted + updated + unchanged + quarantined.

    `blank` rows hold no value and are not among those read. `refusals` count the quarantined ones by reason, the most
    frequent first, and `notes` say what else whoever keeps the source should know.

    Of those unchanged, `older` were older than what the graph holds. `vanished` records were no longer at the source,
    and `removed` nodes with them, which no other record describes. `incomplete`: the source gave less than it says it
    has.
    `linked` edges had waited for a node that came in this pull; `unlinked` edges of this pull still wait for theirs.
    `texts`, `personal` and `whole` are those of `Written`.
    """

    source: str
    stream: str
    read: int
    inserted: int
    updated: int
    unchanged: int
    quarantined: int
    linked: int
    unlinked: int
    changes: int
    seconds: float
    texts: int = 0
    personal: int = 0
    whole: Mapping[str, int] = field(default_factory=dict)
    blank: int = 0
    older: int = 0
    vanished: int = 0
    removed: int = 0
    incomplete: bool = False
    refusals: tuple[Refusals, ...] = ()
    notes: tuple[Note, ...] = ()


def add(one: Written, other: Written) -> Written:
    """The counts of two writes together; what else they tell is left out."""
    return Written(
        one.inserted + other.inserted,
        one.updated + other.updated,
        one.unchanged + other.unchanged,
        one.quarantined + other.quarantined,
        one.linked + other.linked,
        one.unlinked + other.unlinked,
        one.changes + other.changes,
        texts=one.texts + other.texts,
        personal=one.personal + other.personal,
        whole=dict(Counter(one.whole) + Counter(other.whole)),
        older=one.older + other.older,
        removed=one.removed + other.removed,
    )
