"""Reads days and moments from cells, in the form that a source's file declares.

Numbers need no leading zeros where separators stand between them. A day with a time is its day in the zone of the
source, and a moment in ISO 8601 is read whatever form is declared. What is no such day raises ValueError.
"""

from __future__ import annotations

import datetime as dt
import re
from functools import lru_cache
from typing import Any

from schema.normal_forms import date_form, narrow

_TIME = re.compile(
    r"(?:T| +)(\d{1,2}):(\d{2})(?::(\d{2})(?:\.\d*)?)? ?(Z|[+-]\d{2}(?::?\d{2})?)?\Z", re.ASCII | re.IGNORECASE
)
_DIRECTIVES = {"Y": r"\d{4}", "m": r"\d\d", "d": r"\d\d", "H": r"\d\d", "M": r"\d\d", "S": r"\d\d"}
_ADJACENT = re.compile(r"%[A-Za-z]%[A-Za-z]")
_BY_DATE = re.compile(r"%Y([-/.年]?)%m(\1|月)%d")
_MIDNIGHT = dt.time()
_AT_MIDNIGHT = re.compile(r"(?<=\d)[T ]0?0:00(:00(\.0+)?)?(Z|[+-]\d\d:\d\d)?\Z", re.ASCII)
DAY_ZERO = "1900-01-00"
"""How Excel shows the number 0 as a day."""
_START = {"Y": "1", "m": "1", "d": "1", "H": "0", "M": "0", "S": "0"}


def parse_day(cell: str, form: str | None, zone: dt.tzinfo) -> tuple[dt.date, dt.time]:
    """The day that a text states, and the time of the day that stands beside it (midnight if none does)."""
    text = narrow(cell)
    found = None if form and "%H" in form else _TIME.search(text)
    if found is None:
        moment = None if form is None else _parse(text, form)
        return (moment.date(), moment.time()) if moment else (date_form(text), _MIDNIGHT)
    head = text[: found.start()]
    day = date_form(head) if form is None else _parse(head, form).date()
    hour, minute, second, offset = found.groups()
    time = dt.time(int(hour), int(minute), int(second or 0))
    if offset is None:
        return day, time
    stated = dt.datetime.fromisoformat(f"{day}T{time}{offset.upper()}").astimezone(zone)
    return stated.date(), stated.time()


def parse_moment(cell: str, form: str | None) -> dt.datetime:
    """The moment that a text states, in the declared form or in ISO 8601; without a zone if it states none."""
    text = narrow(cell)
    try:
        return dt.datetime.fromisoformat(text)
    except ValueError:
        if form is None:
            raise
    return _parse(text, form)


def spelling(cell: Any) -> str:
    """A cell as a source's file spells it: a day without the midnight beside it; day 0 of a spreadsheet by its name."""
    if isinstance(cell, dt.time):
        return DAY_ZERO if cell == _MIDNIGHT else cell.isoformat()
    if isinstance(cell, dt.date):
        cell = cell.isoformat()
    return _AT_MIDNIGHT.sub("", narrow(str(cell)))


def sorts_by_day(form: str) -> bool:
    """Whether texts of this form sort by their day: it begins with year, month and day."""
    return _BY_DATE.match(form) is not None


def day_form(form: str | None) -> str:
    """The beginning of a form that `sorts_by_day`: its year, month and day."""
    found = _BY_DATE.match(form or "")
    return found.group() if found else "%Y-%m-%d"


def _parse(text: str, form: str) -> dt.datetime:
    if is_numeric(form):
        # The same moment for a tenth of the time (2.5 µs, not 24): half of what shaping a row of a register took.
        found = _pattern(form).fullmatch(text)
        if found is None:
            raise ValueError("another form")
        stated = {**_START, **found.groupdict()}
        year, month, day, hour, minute, second = map(int, stated.values())
        return dt.datetime(year, month, day, hour, minute, second)  # the zone follows
    moment = dt.datetime.strptime(text, form)  # the zone follows
    # strptime also reads `2026111` as a date; without separators only the exact form is accepted.
    if not _pattern(form).fullmatch(text):
        raise ValueError("another form")
    return moment


@lru_cache(maxsize=64)
def is_numeric(form: str) -> bool:
    """Whether a form names year, month and day, and perhaps a time, by plain numbers, each once, and nothing else."""
    named = re.findall("%(.)", form)
    return len(named) == len(set(named)) and {"Y", "m", "d"} <= set(named) <= _DIRECTIVES.keys()


@lru_cache(maxsize=64)
def _pattern(form: str) -> re.Pattern[str]:
    padded = _ADJACENT.search(form) is not None
    parts = []
    for part in re.split(r"(%[A-Za-z%])", form):
        if part[:1] != "%":
            parts.append(re.sub(r"\\?\s+", r"\\s+", re.escape(part)))
        else:
            digits = _DIRECTIVES.get(part[1], ".+")
            plain = digits if padded or part == "%Y" or digits == ".+" else r"\d{1,2}"
            parts.append(f"(?P<{part[1]}>{plain})" if is_numeric(form) else plain)
    return re.compile("".join(parts), re.ASCII | re.IGNORECASE)
