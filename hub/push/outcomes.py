"""What becomes of an event, and which of several versions of a record is kept. Pure.

The outcome of all events of a record does not depend on their order: the latest version is kept, of equally late ones
always the same, and an entry in quarantine stays if it is later than what the graph holds.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from connectors.base import Record, Refused
from connectors.resolve import milliseconds

Version = tuple[int, str]
"""When a record changed, in epoch milliseconds, and its fingerprint: the greater one is kept."""


class Status(StrEnum):
    """What became of an event."""

    STORED = "stored"
    UNCHANGED = "unchanged"
    """The graph held the record as it is."""
    OUTDATED = "outdated"
    """A later version of the record is in the graph; nothing was changed."""
    REFUSED = "refused"
    """It is in quarantine; the same event will be refused again."""
    WAITS = "waits"
    """Something that it names is not in the graph yet; it has to be sent again."""
    REUSED = "reused"
    """Another event came before with the same `source` and `id`."""
    INVALID = "invalid"
    """It is no event, or of no type that the source takes; nothing of it was kept."""


ACKNOWLEDGED = frozenset({Status.STORED, Status.UNCHANGED, Status.OUTDATED, Status.REFUSED})
"""What lasts: the same event gets the same answer again."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one event; `field`, `rule` and `reason` say why it was not taken, without its values."""

    status: Status
    field: str | None = None
    rule: str | None = None
    reason: str | None = None

    def told(self, index: int) -> dict[str, Any]:
        """It as the sender reads it."""
        why = {"field": self.field, "rule": self.rule, "reason": self.reason}
        return {"index": index, "status": str(self.status)} | {name: text for name, text in why.items() if text}


REUSED = Outcome(Status.REUSED, "id", "id-reused", "another event with this source and id came before; take a new id")


@dataclass(frozen=True, slots=True)
class Offered:
    """The keyed digests of an event's id and of its content, and what its row became."""

    key: str
    body: str
    shaped: Record | Refused = field(repr=False)


def version_of(record: Record) -> Version:
    """The version of a record; raises ValueError for one without a time."""
    moment = milliseconds(record.as_of)
    if moment is None:
        raise ValueError("a pushed record has no time")
    return moment, record.fingerprint


def newest(stored: Mapping[str, Version], records: Iterable[Record]) -> dict[str, Version]:
    """The version of each record that is kept, by key."""
    kept = dict(stored)
    for each in records:
        kept[each.key] = max(version_of(each), kept.get(each.key, (-(2**63), "")))
    return kept


def outcome_of_record(record: Record, stored: Version | None, kept: Version) -> Outcome:
    """What becomes of a valid record."""
    mine = version_of(record)
    if mine == stored:
        return Outcome(Status.UNCHANGED)
    return Outcome(Status.STORED if mine == kept else Status.OUTDATED)


def outcome_of_refused(refused: Refused, kept: Version | None) -> Outcome:
    """What becomes of a row that was refused."""
    waits = refused.awaits is not None
    if waits and _is_covered(refused, kept):
        return Outcome(Status.OUTDATED)
    return Outcome(Status.WAITS if waits else Status.REFUSED, refused.field, refused.rule, refused.reason)


def _is_covered(refused: Refused, kept: Version | None) -> bool:
    moment = milliseconds(refused.as_of)
    return kept is not None and moment is not None and moment <= kept[0]


Entry = tuple[int, str, str, str]
"""Of an entry in quarantine: the time of its row, and its rule, field and reason; the greater one is kept."""


def entry_of(refused: Refused) -> Entry:
    """The entry of a refused row; one without a time is the only one of its key."""
    return milliseconds(refused.as_of) or 0, refused.rule, refused.field, refused.reason


def to_enter(
    refused: Iterable[Refused], entries: Mapping[str, Entry], kept: Mapping[str, Version]
) -> dict[str, Refused]:
    """The refused rows that get an entry, by key: those later than what is there."""
    latest, chosen = dict(entries), {}
    for each in refused:
        earlier = each.key not in latest or entry_of(each) > latest[each.key]
        if earlier and not _is_covered(each, kept.get(each.key)):
            latest[each.key], chosen[each.key] = entry_of(each), each
    return chosen


def to_clear(entries: Mapping[str, Entry], kept: Mapping[str, Version]) -> list[str]:
    """The keys of entries that are not later than the version that is kept."""
    return sorted(key for key, entry in entries.items() if key in kept and entry[0] <= kept[key][0])
