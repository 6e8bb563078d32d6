"""What one pull of a stream has to tell besides its counts: rows refused by reason, repeated numbers, changed columns.

It holds names of columns and rules, and names of rows as quarantine gives them; no value of a row.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from connectors.base import FILE, Header, Note, Record, Refused
from connectors.quarantine import holds_number_of_person
from connectors.results import Refusals

SHOWN = 3
"""How many reasons an error message names."""
BLANK = "blank-lines"
MAX_COLUMNS = 500
INCOMPLETE = frozenset({"fewer-records", "truncated", "incomplete", "hidden-sheets"})
"""Rules of notes by which a reader says that the source gave less than it has: nothing is removed after such a read."""


@dataclass(slots=True)
class Findings:
    """Collects what a pull finds, batch by batch."""

    reasons: dict[tuple[str, str], Refusals] = field(default_factory=dict)
    notes: dict[str, Note] = field(default_factory=dict)
    columns: tuple[str, ...] = ()
    identity: str = ""
    """The column that says whom or what a row is about."""
    updated: str | None = None
    """The column that says when a row changed, if the source declares one."""

    def refused(self, entries: Iterable[Refused]) -> None:
        """Count refused rows by column and rule."""
        for each in entries:
            before = self.reasons.get((each.field, each.rule))
            first, reason = (before.first, before.reason) if before else (each.row, each.reason)
            rows = before.rows + 1 if before else 1
            self.reasons[each.field, each.rule] = Refusals(each.field, each.rule, rows, first, reason)

    def note(self, note: Note) -> None:
        """Keep a note; the rows of several by the same rule are added up."""
        before = self.notes.get(note.rule)
        self.notes[note.rule] = note if before is None else Note(note.rule, before.text, before.rows + note.rows)

    def header(self, header: Header, before: Sequence[str]) -> None:
        """Keep the columns that the source has now, and note what is not as at the last pull."""
        now = set(header.columns) if header.complete else {*header.columns, *before}
        self.columns = tuple(sorted(name for name in now if name.isprintable() and not holds_number_of_person(name)))[
            :MAX_COLUMNS
        ]
        added, gone = sorted(set(self.columns) - set(before)), sorted(set(before) - set(self.columns))
        if before and added:
            self.note(Note("new-columns", f"columns that were not there at the last pull: {', '.join(added)}"))
        if before and gone:
            self.note(Note("missing-columns", f"columns of the last pull that are gone: {', '.join(gone)}"))

    def repeated(self, record: Record) -> None:
        """Note a number that came before in this pull with other values."""
        kept = "one is kept, always the same, for no `updated` column is declared; correct the numbers at the source"
        if self.updated:
            kept = f"the latest by {self.updated} is kept, and of equally late ones always the same"
        text = f"rows repeat a number with other values, the first is {record.number}; {kept}"
        self.note(Note("repeated-number", text, 1))

    def contested(self, records: Iterable[tuple[str, Sequence[str]]]) -> None:
        """Note records, by number, that say otherwise than another one of the stream about the same node."""
        which = f"the latest by {self.updated}" if self.updated else "the one with the largest number"
        for number, fields in records:
            text = (
                f"rows have the {self.identity} of another row under another number, and say otherwise; the first is "
                f"{number}, in {', '.join(fields)}. Of them {which} is kept: correct the "
                f"{self.identity} of one at the source, or remove one"
            )
            self.note(Note("contested", text, 1))

    def missed(self, records: Sequence[Record]) -> None:
        """Note records that an incremental read should have brought, and that a full one found."""
        if records:
            self.note(
                Note(
                    "missed",
                    f"records changed too late for the incremental reads and were found by the full one, the first is "
                    f"{records[0].number}; raise limits.overlap",
                    len(records),
                )
            )

    @property
    def incomplete(self) -> bool:
        """Whether the source gave less than it says it has, or one of its files could not be read."""
        return not INCOMPLETE.isdisjoint(self.notes) or self.unread > 0

    @property
    def unread(self) -> int:
        """How many files or sheets could not be read, or not to their end."""
        return sum(each.rows for (column, _), each in self.reasons.items() if column == FILE)

    @property
    def blank(self) -> int:
        """How many rows hold no value."""
        return self.notes[BLANK].rows if BLANK in self.notes else 0

    def refusals(self) -> tuple[Refusals, ...]:
        """The refused rows by reason, the most frequent first."""
        return tuple(sorted(self.reasons.values(), key=lambda each: (-each.rows, each.field, each.rule)))

    def summary(self) -> str:
        """The most frequent reasons, for an error message."""
        every = self.refusals()
        lines = [
            f"{each.rows} by {each.field} {each.rule} ({each.reason}; first: {each.first})" for each in every[:SHOWN]
        ]
        more = sum(each.rows for each in every[SHOWN:])
        return "; ".join([*lines, f"{more} for other reasons"] if more else lines)
