"""The graph's note of the catalogue that it was loaded for, and whether another catalogue fits.

The note is one node. An empty graph has none and fits every catalogue; the first pull makes it, and only
`apply_catalogue` changes it. What a note says is believed only if its outline has the version that it names. A graph
that was filled before graphs had a note fits no catalogue.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from hub.graph.constraints import Constraints, ensure_constraints
from hub.graph.driver import GraphWriter, Transaction
from schema.catalogue import Catalogue
from schema.changes.differences import Change, Outline, Work, differences, work_of
from schema.outline import canonical, version_of

SHOWN: Final = 20
"""So many differences are told in one refusal."""
APPLY: Final = "sluicegate schema apply"
DIFF: Final = "sluicegate schema diff"
ANEW: Final = "empty the graph (of a local one, remove the folder `graph/` of the home) and pull all sources anew"

READ_NOTE: Final = """
OPTIONAL MATCH (c:LoadedCatalogue)
RETURN c.version AS version, c.outline AS outline, c.before AS before, EXISTS { (:SourceRecord) } AS filled
"""
_MAKE: Final = """
MERGE (c:LoadedCatalogue {only: true})
ON CREATE SET c.version = $version, c.outline = $outline
RETURN c.version AS version
"""
WRITTEN_FOR: Final = "COLLECT { MATCH (c:LoadedCatalogue) RETURN [c.version, c.before IS NULL] }"
"""The notes of a graph, each with its version and whether it is finished, for `check_note`."""
# To remove a property that is not there takes no lock, so it is set first.
_LOCK: Final = "MATCH (c:LoadedCatalogue) SET c.lock = true REMOVE c.lock"
_LOCK_PULLS: Final = "MATCH (s:SourceRun) SET s.lock = true REMOVE s.lock"
_LOCK_EVENTS: Final = "MATCH (k:SurrogateKey) SET k.lock = true REMOVE k.lock"
_HELD: Final = "MATCH (c:LoadedCatalogue) RETURN c.version AS version, c.before AS before"
_CHANGE: Final = """
MATCH (c:LoadedCatalogue)
SET c.version = $version, c.outline = $outline, c.before = $before
"""


class CatalogueMisfit(RuntimeError):
    """A graph was loaded for another catalogue; the text says how they differ, and which command mends it."""


@dataclass(frozen=True, slots=True)
class Note:
    """What a graph says of its catalogue. `before` is there while something is taken out of the graph, and is the
    outline from before that began; until it is done the graph fits nothing.
    """

    version: str
    outline: Outline
    before: Outline | None = None

    def differences(self, catalogue: Catalogue) -> tuple[Change, ...]:
        """What changes from this note to a catalogue."""
        return differences(self.outline, catalogue.outline)


def read_note(writer: GraphWriter) -> Note | None:
    """The note of a graph, None for an empty one; raises CatalogueMisfit for one that cannot be believed."""
    return note_of(writer.read(READ_NOTE))


def note_of(rows: Sequence[Mapping[str, Any]]) -> Note | None:
    """The note in the rows of `READ_NOTE`; raises as `read_note`."""
    if len(rows) != 1:
        raise CatalogueMisfit(f"the graph holds several notes of its catalogue; {ANEW}")
    (row,) = rows
    if row["version"] is None:
        if row["filled"]:
            raise CatalogueMisfit(f"the graph does not say for which catalogue it was loaded; {ANEW}")
        return None
    note = Note(row["version"], _outline(row["outline"]), _outline(row["before"]) if row["before"] else None)
    if version_of(note.outline) != note.version:
        raise _damaged()
    return note


def _outline(text: object) -> Outline:
    try:
        found = json.loads(text) if isinstance(text, str) else None
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise _damaged()
    return found


def _damaged() -> CatalogueMisfit:
    return CatalogueMisfit(f"the graph's note of its catalogue was changed by something else; {ANEW}")


def require_fit(writer: GraphWriter, catalogue: Catalogue) -> None:
    """Raise CatalogueMisfit unless the graph is empty or was loaded for just this catalogue."""
    check_fit(read_note(writer), catalogue)


def check_fit(note: Note | None, catalogue: Catalogue) -> None:
    """As `require_fit`, for a note that was read."""
    if note is None:
        return
    if note.before is not None:
        raise CatalogueMisfit(f"a change of the graph's catalogue was begun and is not finished; end it with: {APPLY}")
    if note.version != catalogue.version:
        raise CatalogueMisfit(describe_misfit(note, catalogue))


def describe_misfit(note: Note, catalogue: Catalogue) -> str:
    """How a note and a catalogue differ, a change a line, and what mends it."""
    changes = note.differences(catalogue)
    more = f"… and {len(changes) - SHOWN} more: {DIFF}"
    return "\n".join([
        f"the graph was loaded for catalogue {note.version[:12]}, and this is {catalogue.version[:12]}",
        *(f"  {each}" for each in changes[:SHOWN]),
        *([more] if len(changes) > SHOWN else []),
        remedy(changes),
    ])  # fmt: skip


def remedy(changes: Sequence[Change]) -> str:
    """What makes a graph fit after these changes."""
    match work_of(changes):
        case Work.RELOAD:
            return f"no command turns what is there into that; {ANEW}, or put the earlier declarations back"
        case Work.REMOVAL:
            return f"to take out of the graph what is gone: {APPLY} --removing; or put the earlier declarations back"
        case _:
            return f"to make the graph fit: {APPLY}"


def prepare_graph(writer: GraphWriter, catalogue: Catalogue) -> Constraints:
    """Create what is missing of constraints and indexes in a graph that fits; raises CatalogueMisfit before it writes,
    and GraphWriteError.
    """
    require_fit(writer, catalogue)
    return ensure_constraints(writer, catalogue)


def note_catalogue(writer: GraphWriter, catalogue: Catalogue) -> None:
    """Make the note of a graph that has none, before its first row; raises CatalogueMisfit if there is another.

    Two pulls over an empty graph agree on one note: the constraint on it must exist.
    """
    outline = canonical(catalogue.outline).decode()

    def make(transaction: Transaction) -> str:
        (row,) = transaction.run(_MAKE, version=catalogue.version, outline=outline)
        return str(row["version"])

    if writer.write(make) != catalogue.version:
        require_fit(writer, catalogue)


def require_note(transaction: Transaction, version: str) -> None:
    """Raise CatalogueMisfit unless the graph's note is that of a catalogue, in the transaction that writes for it.

    The transaction holds its lease or its turn by then, for which a change of the note waits: until it ends, the note
    stays as it is.
    """
    (row,) = transaction.run(f"RETURN {WRITTEN_FOR} AS notes")
    check_note(row["notes"], version)


def check_note(notes: Sequence[Sequence[Any]], version: str) -> None:
    """As `require_note`, for notes that were read as `WRITTEN_FOR`."""
    if notes != [[version, True]]:
        raise CatalogueMisfit(f"the graph's catalogue was changed meanwhile, and the pull has ended; see: {DIFF}")


def wait_for_change(transaction: Transaction) -> None:
    """Wait until a change of the note that is being made is in; the next one waits for this transaction."""
    transaction.run(_LOCK)


def change_note(writer: GraphWriter, note: Note, catalogue: Catalogue, *, before: Outline | None) -> Note:
    """Put the note of a catalogue in the place of `note`, and return it; with `before`, as one that is not finished.

    It waits for the batches and events that are being written; those that come later find the new note. Raises
    CatalogueMisfit, and changes nothing, if another note than `note` is there by now.
    """
    held = [{"version": note.version, "before": _text_of(note.before)}]
    fresh = Note(catalogue.version, catalogue.outline, before)

    def change(transaction: Transaction) -> None:
        wait_for_change(transaction)
        # In the order in which pulls and events take them: lease, then turn.
        transaction.run(_LOCK_PULLS)
        transaction.run(_LOCK_EVENTS)
        if transaction.run(_HELD) != held:
            raise CatalogueMisfit(f"the graph's catalogue was changed meanwhile by another {APPLY}; see: {DIFF}")
        transaction.run(_CHANGE, version=fresh.version, outline=_text_of(fresh.outline), before=_text_of(before))

    writer.write(change)
    return fresh


def _text_of(outline: Outline | None) -> str | None:
    return None if outline is None else canonical(outline).decode()
