"""The notes of committed changes: which nodes a transaction changed, of the types whose changes are told.

A note is written in the transaction that it tells of, and numbered under a lock that is held until the commit. So the
numbers are in the order of commits and without a gap, and whoever has read up to a number has missed nothing before it.
Notes are forgotten after an hour.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

from hub.graph.driver import Graph, Transaction
from schema.catalogue import Catalogue

NOTES_READ: Final = 50
"""How many notes are read at a time; each names the nodes of one batch."""
# The sequence is locked before it is read, in a statement of its own; to set a property takes the lock.
_LOCK = "MERGE (s:ChangeSequence {only: true}) SET s.lock = true"
_NOTE = """
MATCH (s:ChangeSequence {only: true})
SET s.last = coalesce(s.last, 0) + 1
CREATE (:ChangeNote {number: s.last, entity: $entity, sids: $sids, at: datetime.realtime()})"""
_FORGET = """
MATCH (c:ChangeNote) WHERE c.at < datetime.realtime() - duration('PT1H')
WITH c LIMIT 100
DELETE c"""
_SINCE = f"""
OPTIONAL MATCH (s:ChangeSequence {{only: true}})
WITH coalesce(s.last, 0) AS head
CALL (head) {{
  MATCH (c:ChangeNote) WHERE c.number > $last AND c.number <= head
  WITH c ORDER BY c.number LIMIT {NOTES_READ}
  RETURN collect([c.number, c.entity, c.sids]) AS notes
}}
RETURN head, notes"""


def told_types(catalogue: Catalogue) -> frozenset[str]:
    """The types whose changes are told."""
    return frozenset(each.name for each in catalogue if each.tells_changes)


def note_changes(transaction: Transaction, changed: Mapping[str, Collection[str]], told: frozenset[str]) -> None:
    """Note the nodes that a transaction changed, by type; the last statements of it, so that the lock is short."""
    noted = {entity: sids for entity, sids in sorted(changed.items()) if entity in told and sids}
    if not noted:
        return
    transaction.run(_FORGET)
    transaction.run(_LOCK)
    for entity, sids in noted.items():
        transaction.run(_NOTE, entity=entity, sids=sorted(sids))


@dataclass(frozen=True, slots=True)
class Note:
    """The nodes of one type that one transaction changed."""

    number: int
    entity: str
    sids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Notes:
    """What was noted after a number: the first notes of it, and the number of the last one that there is."""

    head: int
    notes: tuple[Note, ...]

    def follow(self, last: int) -> bool:
        """Whether nothing is missing between `last` and these notes."""
        numbers = [each.number for each in self.notes]
        return self.head == last if not numbers else numbers == list(range(last + 1, last + 1 + len(numbers)))


async def notes_since(graph: Graph, last: int | None, seconds: float) -> Notes:
    """The notes after number `last`, or none but the head; raises HubError TIMEOUT or GRAPH_UNAVAILABLE."""
    after = 2**62 if last is None else last
    (row,) = await graph.fetch_for_hub(_SINCE, deadline_seconds=seconds, last=after)
    return Notes(row["head"], tuple(_note(each) for each in row["notes"]))


def _note(row: list[Any]) -> Note:
    number, entity, sids = row
    return Note(number, entity, tuple(sids))
