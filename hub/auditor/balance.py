"""What sharing achieved beside what it exposed, by month and purpose, as the log holds it.

Counted are answered operations. A record names all fields of its operation and all persons whom it touched, so an
exposure (persons × sensitive fields) is the most that was seen, never less.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from audit.export import csv_line, safe_cell
from audit.index import Index
from audit.index_columns import SUBJECT
from audit.record import Coordinates
from audit.search import Query, QueryRefused, span_name
from audit.stores.reader import Reader
from audit.touched import Numbers, distinct, touched
from hub.auditor.unusual_counts import Uses
from hub.recently_used import RecentlyUsed
from schema.catalogue import Catalogue
from schema.declarations import Field

MOST_MONTHS: Final = 12
COUNTED: Final = ("operations", "departments", "persons", "without", "clear", "masked")
"""The numbers of a row, in their order."""
UNLISTED: Final = "#"
"""A record whose list of coordinates was too long has its digest instead, which begins so."""


_Month = tuple[str, str, str, str | None, str]
"""What the log holds of a month, when it begins and ends, a purpose, and the version of the catalogue."""
MOST_KEPT: Final = 120
"""Months with a purpose or without whose numbers are kept."""


@dataclass(frozen=True, slots=True)
class Row:
    """One purpose in one month (`2026-06`).

    `departments` and `persons` are different ones, `without` are operations that showed no personal field; `clear` and
    `masked` are persons × sensitive fields.
    """

    month: str
    purpose: str
    operations: int
    departments: int
    persons: int
    without: int
    clear: int
    masked: int


_KEPT: Final = RecentlyUsed[_Month, tuple[Row, ...]](MOST_KEPT)


def month_of(text: str) -> dt.date:
    """The first day of a month such as `2026-06`; QueryRefused for anything else."""
    try:
        if len(text) == len("2026-06"):
            return dt.date.fromisoformat(f"{text}-01")
    except ValueError:
        pass
    raise QueryRefused("write a month as 2026-06", "month")


def month_before(first: dt.date, count: int) -> dt.date:
    """The first day of the month so many months before."""
    years, month = divmod(first.year * 12 + first.month - 1 - count, 12)
    if years < 1:
        raise QueryRefused("choose a later month", "later")
    return dt.date(years, month + 1, 1)


def last_day(first: dt.date) -> dt.date:
    """The last day of a month, given its first."""
    return (first + dt.timedelta(days=31)).replace(day=1) - dt.timedelta(days=1)


def balance(
    index: Index, reader: Reader, catalogue: Catalogue, last: dt.date, months: int, purpose: str | None, zone: dt.tzinfo
) -> Sequence[Row]:
    """The rows of so many months up to the one that begins at `last`, newest first; of a purpose with those below it.

    `reader` is of the log that the index followed. A month is counted again once the log holds another record of it.
    QueryRefused for more than MOST_MONTHS, or if a month has too much to count.
    """
    if not 1 <= months <= MOST_MONTHS:
        raise QueryRefused(f"choose 1 to {MOST_MONTHS} months", "months", most=str(MOST_MONTHS))
    found: list[Row] = []
    for first in (month_before(last, before) for before in range(months)):
        end = last_day(first) + dt.timedelta(days=1)
        span = (dt.datetime.combine(first, dt.time(), zone), dt.datetime.combine(end, dt.time(), zone))
        found += _kept_or_counted(index, reader, catalogue, span, purpose)
    return found


def _kept_or_counted(
    index: Index, reader: Reader, catalogue: Catalogue, span: tuple[dt.datetime, dt.datetime], purpose: str | None
) -> Sequence[Row]:
    """The rows of one month; counting 130,000 records with 20 persons each takes 0.15 s."""
    begin, end = span

    def key() -> _Month:
        name = span_name(index, reader, begin, end)
        return name, begin.isoformat(), end.isoformat(), purpose, catalogue.version

    before = key()
    kept = _KEPT.find(before)
    if kept is not None:
        return kept
    uses = Uses(touched(index, Query(since=begin, until=end, purpose=purpose), ("query",), (SUBJECT,)))
    counted = tuple(_rows_of(uses, f"{begin:%Y-%m}", *_coordinates(catalogue)))
    # What another process indexed in between may be counted already.
    return _KEPT.keep(before, counted) if key() == before else counted


def _rows_of(uses: Uses, month: str, personal: Collection[str], sensitive: Collection[str]) -> Iterator[Row]:
    rows = uses.rows
    purposes = sorted({each.purpose or "" for each in rows.shapes.values()})
    of_row = uses.by_purpose({purpose: number for number, purpose in enumerate(purposes)})
    count, touches = len(purposes), uses.persons_of_row()
    operations = np.bincount(of_row, minlength=count)
    persons = distinct(of_row[rows.subjects.rows], rows.subjects.heads, count)
    without = np.bincount(of_row[~_shows(rows.decisions, personal)[rows.decision_codes]], minlength=count)
    clear, masked = (
        np.bincount(of_row, touches * _named(rows.decisions, effect, sensitive)[rows.decision_codes], count)
        for effect in ("clear", "masked")
    )
    departments: dict[int, set[str]] = {}
    for code in np.unique(rows.shape_codes).tolist():
        shape = rows.shapes[code]
        departments.setdefault(purposes.index(shape.purpose or ""), set()).add(shape.department or "")
    for at in np.argsort(-operations, kind="stable").tolist():
        if operations[at]:
            numbers = (operations[at], len(departments[at]), persons[at], without[at], clear[at], masked[at])
            yield Row(month, purposes[at], *map(int, numbers))


def sensitive_of(catalogue: Catalogue) -> Collection[str]:
    """The coordinates of sensitive fields."""
    return _coordinates(catalogue)[1]


def _coordinates(catalogue: Catalogue) -> tuple[Collection[str], Collection[str]]:
    """The personal coordinates, and the sensitive ones among them."""
    known = dict(catalogue.coordinates())
    personal = {name for name, each in known.items() if each.personal}
    return personal, {name for name, each in known.items() if isinstance(each, Field) and each.sensitive}


def _shows(decisions: Mapping[int, Coordinates], personal: Collection[str]) -> NDArray[np.bool_]:
    """By code of a decision: whether it showed a personal field, or may have."""
    flags = np.zeros(max(decisions, default=0) + 1, np.bool_)
    for code, each in decisions.items():
        flags[code] = any(name in personal or name.startswith(UNLISTED) for name in (*each.clear, *each.masked))
    return flags


def _named(decisions: Mapping[int, Coordinates], effect: str, sensitive: Collection[str]) -> Numbers:
    """By code of a decision: how many sensitive fields had this effect; a list that was too long counts as one."""
    numbers = np.zeros(max(decisions, default=0) + 1, np.int64)
    for code, each in decisions.items():
        numbers[code] = sum(name in sensitive or name.startswith(UNLISTED) for name in getattr(each, effect))
    return numbers


def terms_of(row: Row, name: str) -> Mapping[str, str]:
    """The search that shows the operations behind a number of a row; it finds purposes below this one too."""
    first = month_of(row.month)
    terms = {"since": str(first), "until": str(last_day(first)), "kind": "query"}
    if row.purpose:
        terms["purpose"] = row.purpose
    return {**terms, "effect": name} if name in {"clear", "masked"} else terms


def as_csv(rows: Sequence[Row], titles: Sequence[str]) -> bytes:
    """The rows for a spreadsheet (RFC 4180, UTF-8 with a byte order mark); no cell runs as a formula."""
    lines = [csv_line([safe_cell(each) for each in titles])]
    for row in rows:
        numbers = [str(getattr(row, name)) for name in COUNTED]
        lines.append(csv_line([safe_cell(row.month), safe_cell(row.purpose), *numbers]))
    return b"\xef\xbb\xbf" + b"".join(lines)
