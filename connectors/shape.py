"""Shapes a row into a valid record, or into an entry for quarantine.

A record is complete or refused as a whole. Cells go through the transforms of their fields, then through the checks
between fields. A refusal names column, rule and reason, and repeats no cell (attack catalogue K09).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import orjson

from connectors.base import FILE, Broken, ConnectorError, Link, Note, Record, Refused, Row
from connectors.days import spelling
from connectors.quarantine import SMALL_BATCH, Unfit, may_be_shown
from connectors.resolve import birth_of, gender_of
from connectors.row_memory import Recalled
from connectors.source_model import FieldRule, Source, Stream
from connectors.transforms import (
    FITTING,
    NORMAL,
    REPEATED,
    TRANSFORMS,
    Context,
    Options,
    Transform,
    blank,
    date,
    day_and_time,
    division_path,
    level_of,
    validity,
)
from connectors.transforms import code as to_code
from connectors.transforms import datetime as to_moment
from schema.catalogue import Catalogue, Field, Kind, Scalar
from schema.normal_forms import normal_form

Digest = Callable[[bytes], str]
OF_ANOTHER_FORM = frozenset({"not-a-date", "not-a-time"})
"""Rules by which a cell is refused for its form alone."""
FUTURE = dt.timedelta(days=1)
"""How far a row's updated time may lie after today: a clock that is fast, or a zone that is meant and not stated."""
CONSTANT = frozenset({Scalar.STRING, Scalar.INT, Scalar.FLOAT})
"""What a field can be, besides an enum, that has one value in each record."""
KEPT = 32_768
"""How many different cells of a column are kept: as many as there are days in ninety years."""
_BELOW_TABLE = "; the row holds little else: a total or a signature below the table is no record, and may stay refused"
_ESCAPED = str.maketrans({"\\": "\\\\", "/": "\\/"})
SUCCESSOR = "successorCode"
"""Node property with the code of the division that took the place of a Region; not a catalogue field."""


def _birth_of_id(birth: Any, id_number: Any) -> None:
    if birth is not None and birth_of(id_number) != birth:
        raise Unfit("birth-mismatch", "the date of birth is not the one in the id number")


def _gender_of_id(gender: Any, id_number: Any) -> None:
    if gender is not None and gender_of(id_number) != gender:
        raise Unfit("gender-mismatch", "the sex is not the one in the id number")


def _not_before(later: Any, earlier: Any) -> None:
    if later is not None and earlier is not None and later < earlier:
        raise Unfit("order-of-times", "lies before the time that it must not precede")


def _level_of_code(level: Any, official: Any) -> None:
    if level_of(division_path(official)) != level:
        raise Unfit("level-mismatch", "the level is not the one of the official code")


CHECKS: Mapping[str, Callable[[Any, Any], None]] = {
    "birth_of_id": _birth_of_id,
    "gender_of_id": _gender_of_id,
    "not_before": _not_before,
    "level_of_code": _level_of_code,
}
"""Rules between two fields, by the name that a source's file uses; a refusal names the first field."""


@dataclass(slots=True)
class _Cell:
    """One column, how its cells become values, and how many of them did not."""

    column: str
    transform: Transform
    options: Options
    required: bool
    kind: Kind | None = None
    unknown: tuple[str, ...] = ()
    """Spellings that stand for a value that nobody knows."""
    unknowns: int = 0
    fits: int = 0
    misfits: int = 0
    cut: int = 0
    example: str = ""
    known: dict[str, tuple[Any, bool]] | None = None
    """Values of cells that came before, for a column with few different ones; half of a register's columns are such."""

    def take(self, row: Row, context: Context) -> Any:
        """The cell's value, None if it is blank; raises Unfit with its column."""
        try:
            if self.column not in row.values:
                raise Unfit("missing", "the record does not have this column")
            cell = row.values[self.column]
            if self.unknown and spelling(cell) in self.unknown:
                self.unknowns += 1
            elif not blank(cell):
                return self._value(cell, context)
            if self.required:
                raise Unfit("missing", "must not be empty")
        except Unfit as unfit:
            unfit.column = self.column
            raise
        return None

    def _value(self, cell: Any, context: Context) -> Any:
        """The value of a cell that is not blank; `context` is the same in all calls, so that a value may be kept."""
        known = self.known if isinstance(cell, str) else None
        if known is not None and cell in known:
            value, cut = known[cell]
        else:
            value, cut = self._transformed(cell, context)
            if known is not None and len(known) < KEPT:
                known[cell] = value, cut
        self.fits += 1
        self.cut += cut
        return value

    def _transformed(self, cell: Any, context: Context) -> tuple[Any, bool]:
        """The value, and whether a time was cut from it."""
        try:
            value = self.transform(cell, self.options, context)
        except Unfit as unfit:
            if unfit.rule in OF_ANOTHER_FORM:
                self.misfits += 1
                self.example = self.example or outline(cell)
            raise
        cut = self.transform in (date, validity) and day_and_time(cell, self.options, context)[1] != dt.time()
        return (normal_form(self.kind, value) if self.kind and isinstance(value, str) else value), cut


class Shaper:
    """Shapes the rows of one stream; pure except for the keyed digest that it is given."""

    def __init__(self, source: Source, stream: Stream, catalogue: Catalogue, context: Context, digest: Digest) -> None:
        self._stream, self._context, self._digest = stream, context, digest
        self._name = f"{source.name}/{stream.name}"
        self._unit = source.unit
        entity = catalogue.entity(stream.entity)
        self._fields = {
            name: _field_cell(rule, column, entity.field(name), name == stream.identity)
            for name, rule in stream.fields.items()
            if (column := rule.column) is not None
        }
        self._constants = {
            name: constant_of(rule.value, entity.field(name), context)
            for name, rule in stream.fields.items()
            if rule.value is not None
        }
        self._links = {
            name: _cell(rule.column, TRANSFORMS[rule.transform], Options(), rule.required)
            for name, rule in stream.edges.items()
        }
        updated, successor = stream.updated, stream.successor
        self._updated = updated and _Cell(updated.column, to_moment, Options(updated.format), True)
        self._successor = successor and _Cell(successor, to_code, Options(), False)
        self._dates = [each for each in self._fields.values() if each.transform in (date, validity)]
        self._unsure = [each for each in self._fields.values() if each.unknown]
        self._formed = [*self._fields.values(), *([self._updated] if self._updated else ())]
        self._unfitted = list(self._formed)

    def shape(self, row: Row | Broken) -> Record | Refused:
        """The record in a row, or why it is refused."""
        if isinstance(row, Broken):
            place = self._number(row.key) or self._name_without_number(row)
            return self._refused(row, place, Unfit(row.rule, row.reason), row.field, None)
        number = self._number(tuple(row.values.get(each) for each in self._stream.key))
        as_of: dt.datetime | None = None
        try:
            if number is None:
                raise _with_column(self._stream.key[0], Unfit("missing", "the record has no number"))
            as_of = self._time_of(row)
            values = {name: cell.take(row, self._context) for name, cell in self._fields.items()} | self._constants
            self._check(values)
            links = self._take_links(row)
            if self._successor:
                values[SUCCESSOR] = self._successor.take(row, self._context)
        except Unfit as unfit:
            return self._refused(row, number or self._name_without_number(row), unfit, unfit.column, as_of)
        return self._record(number, values, links, as_of)

    def recall(self, row: Row, fingerprint: str, as_of: dt.datetime | None) -> Recalled | None:
        """A row of which fingerprint and time of its record are known; None if it has to be shaped.

        What `check_formats` counts is kept: each cell of a record that is not blank had its declared form.
        """
        number = self._number(tuple(row.values[each] for each in self._stream.key))
        if number is None:
            return None
        for cell in [each for each in self._unfitted if not blank(row.values[each.column])]:
            cell.fits += 1
            self._unfitted.remove(cell)
        return Recalled(f"{self._name}:{number}", number, as_of, fingerprint, row)

    @property
    def cuts(self) -> int:
        """How many values have lost a time so far, or stand for an unknown one, of which `notes` will tell."""
        return sum(each.cut for each in self._dates) + sum(each.unknowns for each in self._unsure)

    def _time_of(self, row: Row) -> dt.datetime | None:
        """When the row was updated; one that says so of a day to come would win over each later row until then."""
        if not self._updated:
            return None
        moment: dt.datetime | None = self._updated.take(row, self._context)
        if moment is not None and moment.date() - self._context.today > FUTURE:
            raise _with_column(self._updated.column, Unfit("in-future", "the row says it changed after tomorrow"))
        return moment

    def check_formats(self, full: bool) -> None:
        """Raise ConnectorError if a column of dates or times holds some, and none of them in its declared form.

        Then the declaration is wrong, not the rows. A few rows of an incremental read say nothing about that.
        """
        for cell in self._formed:
            if not cell.fits and cell.misfits >= (2 if full else SMALL_BATCH):
                form = cell.options.format or "ISO 8601"
                raise ConnectorError(
                    self._name,
                    f"column {cell.column}: none of {cell.misfits} values is of the form {form}; they look like "
                    f"{cell.example} (9 stands for a digit). Correct `format`",
                )

    def notes(self) -> list[Note]:
        """What the pull should tell about the cells taken so far."""
        return [
            Note(
                f"cut-times {cell.column}", f"values of {cell.column} hold a time; a date keeps the day alone", cell.cut
            )
            for cell in self._fields.values()
            if cell.cut
        ] + [
            Note(
                f"unknown {cell.column}",
                f"values of {cell.column} stand for an unknown one, and are null",
                cell.unknowns,
            )
            for cell in self._unsure
            if cell.unknowns
        ]

    def _take_links(self, row: Row) -> tuple[Link, ...]:
        taken = ((name, cell, cell.take(row, self._context)) for name, cell in self._links.items())
        return tuple(Link(name, cell.column, found) for name, cell, found in taken if found is not None)

    def _check(self, values: Mapping[str, Any]) -> None:
        for check in self._stream.checks:
            try:
                CHECKS[check.rule](*(values.get(each) for each in check.fields))
            except Unfit as unfit:
                raise _with_column(self._fields[check.fields[0]].column, unfit) from None

    def _record(
        self, number: str, values: Mapping[str, Any], links: tuple[Link, ...], as_of: dt.datetime | None
    ) -> Record:
        identity = str(values[self._stream.identity])
        content = orjson.dumps([values, [(each.edge, each.identity) for each in links], as_of])
        key = f"{self._name}:{number}"
        return Record(key, number, identity, values, links, as_of, self._digest(content))

    def _refused(self, row: Row | Broken, number: str, unfit: Unfit, column: str, as_of: dt.datetime | None) -> Refused:
        key = f"{self._name}:{number}"
        # Nobody finds a row at its source by the digest of its number.
        place = f" ({self._place(row)})" if number.startswith("~") and not self._stream.cursor else ""
        reason = unfit.reason + place
        if column in self._stream.key and not self._stream.cursor and _holds_little(row):
            reason += _BELOW_TABLE
        return Refused(key, number, column, unfit.rule, reason, as_of, unfit.awaits)

    def _number(self, cells: tuple[Any, ...] | None) -> str | None:
        """The number of the record if it may be shown, else its keyed digest; None if a part of it is blank."""
        if not cells or any(blank(cell) for cell in cells):
            return None
        parts = [str(cell).strip().strip("\ufeff").strip() for cell in cells]
        # Within a part of several, `/` is escaped: else (1/2, 3) and (1, 2/3) would be one record.
        number = parts[0] if len(parts) == 1 else "/".join(each.translate(_ESCAPED) for each in parts)
        return number if may_be_shown(number) else "~" + self._digest(number.encode("utf-8", "replace"))[:16]

    def _name_without_number(self, row: Row | Broken) -> str:
        """The name of a row without a number: its place in a full read, else a digest of what could be read of it."""
        if isinstance(row, Broken) and row.field == FILE:
            return row.part
        if self._stream.cursor:
            content = repr(sorted((str(k), str(v)) for k, v in row.values.items()))
            return "~" + self._digest(content.encode("utf-8", "replace"))[:16]
        return self._place(row)

    def _place(self, row: Row | Broken) -> str:
        """Where a row stands: its file and sheet if there are several, and its line or number."""
        return f"{row.part} {self._unit} {row.number}".strip()


def outline(cell: Any) -> str:
    """The form of a cell without its content: 9 for each digit, A for each letter, 字 for other signs of writing."""
    kinds = ((str.isdigit, "9"), (str.isascii, "A"), (str.isalnum, "字"))
    text = str(cell)[:40]
    return "".join(
        next((sign for is_kind, sign in kinds if is_kind(each)), "?") if each.isalnum() else each for each in text
    )


def constant_of(value: str | int | float, field: Field, context: Context) -> Any:
    """The value of a field that is the same in each record, in the form that a cell would get; raises Unfit."""
    if field.scalar is Scalar.ENUM:
        if value not in field.values:
            raise Unfit("unknown-word", f"must be one of {', '.join(field.values)}")
        return value
    if field.scalar not in CONSTANT:
        raise Unfit("not-constant", "only a text, a number or a word of an enum can be the same in each record")
    found = TRANSFORMS[FITTING[field.scalar][0]](value, Options(), context)
    return normal_form(field.kind, found) if field.scalar is Scalar.STRING else found


def _field_cell(rule: FieldRule, column: str, field: Field, identity: bool) -> _Cell:
    options = Options(rule.format, rule.values, rule.least, rule.most)
    transform = TRANSFORMS[rule.transform or FITTING[field.scalar][0]]
    kind = field.kind if field.scalar is Scalar.STRING and NORMAL.get(transform) is not field.kind else None
    return replace(_cell(column, transform, options, rule.required or identity, kind), unknown=rule.unknown)


def _cell(column: str, transform: Transform, options: Options, required: bool, kind: Kind | None = None) -> _Cell:
    return _Cell(column, transform, options, required, kind, known={} if transform in REPEATED else None)


def _holds_little(row: Row | Broken) -> bool:
    """Whether at most half of its cells hold something."""
    return isinstance(row, Row) and 2 * sum(not blank(each) for each in row.values.values()) <= len(row.values)


def _with_column(column: str, unfit: Unfit) -> Unfit:
    unfit.column = column
    return unfit
