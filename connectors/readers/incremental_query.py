"""The statement that reads a table from a moment on, whatever the type of its updated column.

It leaves out only rows that are surely older: a column of texts is compared by the day at their beginning, with a day
to spare for zones, and a text that does not begin with such a day is always read again, as is a row without a time.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

import sqlalchemy as sa

from connectors.days import day_form
from connectors.source_model import Source, Stream

_ZONES = dt.timedelta(days=1)
"""A text may state its moment in UTC or in the local time of the source."""

_NO_YEAR = "1900"
"""What sorts before is no year of a register: seconds since 1970, or a blank before the year."""


def from_moment(source: Source, stream: Stream, column: Any, moment: dt.datetime, *, typed: bool) -> Any:
    """The condition for rows at or after a moment. `typed`: the database keeps days and times as such."""
    local = moment.astimezone(source.tzinfo)
    kind = column.type if typed else None
    if isinstance(kind, sa.DateTime):
        zoned = getattr(kind, "timezone", False)
        return sa.or_(column >= (local if zoned else (local - _ZONES).replace(tzinfo=None)), column.is_(None))
    if isinstance(kind, sa.Date):
        return sa.or_(column >= (local - _ZONES).date(), column.is_(None))
    form = day_form(stream.updated.format if stream.updated else None)
    text = sa.cast(column, sa.String)
    return sa.or_(
        text >= (local - _ZONES).strftime(form),
        text < _NO_YEAR,
        *(sa.not_(text.like(pattern)) for pattern in _patterns(form)),
        *(text.like(pattern) for pattern in _other_patterns(form)),
        column.is_(None),
    )


def keeps_times(column_type: Any) -> bool:
    """Whether a column holds nothing but days or times, so that rows come in their order."""
    return isinstance(column_type, sa.DateTime | sa.Date)


def _patterns(form: str) -> tuple[str, ...]:
    """How a text that begins with a day of this form looks."""
    return (f"{form.replace('%Y', '____').replace('%m', '__').replace('%d', '__')}%",)


def _other_patterns(form: str) -> tuple[str, ...]:
    """Texts that have eight characters at their beginning, as a day without separators has, and are none."""
    return ("____-%", "____/%", "____.%", "____年%") if form == "%Y%m%d" else ()
