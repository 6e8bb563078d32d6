"""Makes a graph fit another catalogue: its note, its constraints and indexes, and what the catalogue has no more.

Nothing is taken out that was not asked for, and no value becomes another: where the form of a value changes, the graph
is to be loaded anew. From the first write to the last the note says that the work is not finished, so that no hub
answers and no pull writes meanwhile; work that was interrupted is ended by the next call. What is taken out goes in
transactions of a bounded size. The next pull reads every register in full, and an event that is sent again is written
again, so that nothing stays as it was left.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from hub.graph.constraints import drop_obsolete, ensure_constraints
from hub.graph.driver import GraphWriter
from hub.graph.loaded_catalogue import ANEW, CatalogueMisfit, Note, change_note, describe_misfit, read_note
from schema.catalogue import Catalogue
from schema.changes.differences import Change, Part, Taken, Work, differences, work_of

BATCH: Final = 10_000
"""Nodes or relationships that one transaction takes out or changes."""
REREAD: Final = frozenset({Part.TYPE, Part.FIELD, Part.EDGE, Part.VALUE})
"""After a change of these, or after something was taken out, a row that was read may become another record."""

# A register whose digest is another is read in full; how many rows it had is kept, to notice a loss.
_READ_ANEW = "MATCH (c:SourceCursor) SET c.manifest = ''"
# An event that is sent again is written again, and not answered by what became of it before.
_DELIVERED = "MATCH (d:DeliveredEvent) WITH d LIMIT $batch DELETE d RETURN count(*) AS done"
# A record whose fingerprint is another is written again when its row comes.
_RECORDS_OF = "OPTIONAL MATCH (r:SourceRecord)-[:ASSERTS]->(n) SET r.hash = '' RETURN count(DISTINCT n) AS done"
_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]*", re.ASCII)

Progress = Callable[[str, int], None]
"""Called with what is taken out and how many so far."""


@dataclass(frozen=True, slots=True)
class Applied:
    """What was done: the changes, and of how many nodes and relationships something was taken out (or all)."""

    changes: tuple[Change, ...] = ()
    nodes: int = 0
    relationships: int = 0
    created: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()


def apply_catalogue(
    writer: GraphWriter, catalogue: Catalogue, *, removing: bool, progress: Progress = lambda *_: None
) -> Applied:
    """Make the graph fit; an empty one fits already.

    Raises CatalogueMisfit before anything is written where something would be taken out and `removing` was not said, or
    where only loading anew helps, or later where another one changed the note meanwhile; GraphWriteError.
    """
    note = read_note(writer)
    if note is None:
        return Applied()
    changes, held = note.differences(catalogue), note
    work = work_of(changes)
    if work is Work.RELOAD or (work is Work.REMOVAL and not removing):
        raise CatalogueMisfit(describe_misfit(note, catalogue))
    # What was begun before is ended first: it was asked for then.
    begun = () if note.before is None else differences(note.before, note.outline)
    left, gone = _removals(begun), _removals(changes)
    taken = _take_out(writer, left, progress)
    if changes:
        held = change_note(writer, note, catalogue, before=note.outline)
        taken += _take_out(writer, gone, progress)
    if any(each.part in REREAD or each.taken is not None for each in (*begun, *changes)):
        writer.write(lambda tx: tx.run(_READ_ANEW))
        _forget_deliveries(writer)
    created = ensure_constraints(writer, catalogue).created
    dropped = drop_obsolete(writer, catalogue, _labels(note))
    if note.version != catalogue.version or note.before is not None:
        change_note(writer, held, catalogue, before=None)
    return Applied(changes, taken["nodes"], taken["relationships"], created, dropped)


def _labels(note: Note) -> frozenset[str]:
    return frozenset(note.outline["entities"]).union(note.before["entities"] if note.before else ())


@dataclass(frozen=True, slots=True)
class _Removal:
    """One statement, to be run until it has nothing left to do."""

    where: str
    text: str
    value: str | None
    counted: str


def _removals(changes: Iterable[Change]) -> list[_Removal]:
    """What is to be taken out, relationships first: the nodes of a type may be at the ends of many."""
    found = [
        _Removal(
            each.where,
            _statement(each.taken),
            each.taken.value,
            "relationships" if each.taken.relationship else "nodes",
        )
        for each in changes
        if each.taken is not None
    ]
    return sorted(found, key=lambda each: each.counted, reverse=True)


def _take_out(writer: GraphWriter, removals: Iterable[_Removal], progress: Progress) -> Counter[str]:
    """Take out of the graph what is gone; doing it again changes nothing. Counts `nodes` and `relationships`."""
    done = Counter[str]()
    for each in removals:
        for count in _batches(writer, each):
            done[each.counted] += count
            progress(each.where, done[each.counted])
    return done


def _batches(writer: GraphWriter, removal: _Removal) -> Iterator[int]:
    while True:
        (row,) = writer.write(lambda tx: tx.run(removal.text, batch=BATCH, value=removal.value))
        if not row["done"]:
            return
        yield row["done"]


def _forget_deliveries(writer: GraphWriter) -> None:
    while writer.write(lambda tx: tx.run(_DELIVERED, batch=BATCH))[0]["done"]:
        pass


def _statement(taken: Taken) -> str:
    """One step of a removal. Labels, relationships and properties are names of catalogues, and nothing else."""
    if taken.relationship is not None:
        return (
            f"MATCH ()-[x:{_name(taken.relationship)}]->() WITH x LIMIT $batch "
            "CALL (x) { UNWIND x.records AS key MATCH (r:SourceRecord {key: key}) SET r.hash = '' } "
            "DELETE x RETURN count(*) AS done"
        )
    label, properties = _name(taken.label or ""), [f"n.{_name(each)}" for each in taken.properties]
    if not properties:
        return (
            f"MATCH (n:{label}) WITH n LIMIT $batch "
            "CALL (n) { MATCH (r:SourceRecord)-[:ASSERTS]->(n) DETACH DELETE r } "
            "DETACH DELETE n RETURN count(*) AS done"
        )
    held = (
        f"{properties[0]} = $value"
        if taken.value is not None
        else " OR ".join(f"{each} IS NOT NULL" for each in properties)
    )
    return f"MATCH (n:{label}) WHERE {held} WITH n LIMIT $batch REMOVE {', '.join(properties)} WITH n {_RECORDS_OF}"


def _name(text: str) -> str:
    """A name that stands in a statement; what is none was put into the note by something else."""
    if not _NAME.fullmatch(text):
        raise CatalogueMisfit(f"the graph's note of its catalogue holds a name that is none; {ANEW}")
    return text
