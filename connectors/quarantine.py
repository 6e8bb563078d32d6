"""What a refused row may show, the numbers of people it may not, and the limits at which a source itself is wrong.

An entry in quarantine names place, field and rule, and no value of the row. A record number stands in it only if it is
a plain code that holds no number of a person; otherwise its keyed digest does. The names of rules stay as they are,
because stewards sort by them. The forms of such numbers are those by which drafts tell what is personal, too. A text is
rather taken to hold one than not; a credit code with its right check sign (GB 32100) is that of a unit, and is none.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from stdnum.cn import uscc

from connectors.base import ConnectorError
from schema.normal_forms import narrow

SMALL_BATCH = 20
"""In a batch with fewer rows the share of refused rows says nothing."""

_CLEAN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/-]{0,63}\Z")

_GAP = r"[ ._/()（）-]{0,2}"
_AREA = r"(?:10|2\d|[3-9]\d\d)"
ID = re.compile(
    rf"(?<!\d)[1-8]\d{{5}}{_GAP}(?P<day>(?:18|19|20)\d\d{_GAP}\d\d{_GAP}\d\d){_GAP}\d{{3}}{_GAP}[\dXx](?!\d)", re.ASCII
)
"""A number of 18 signs, rightly or wrongly checked; `day` is the day of birth, maybe with gaps."""
MOBILE = re.compile(
    rf"(?<!\d)(?:\+?(?:00)?86{_GAP}|0)?(?:1[3-9]\d(?:{_GAP}\d){{8}}|1\d{{10}})(?!\d)",
    re.ASCII,
)
LANDLINE = re.compile(
    rf"(?<!\d)(?:\+?(?:00)?86{_GAP}0?|[(（]?0){_AREA}{_GAP}[2-8]\d{{2,3}}{_GAP}\d{{4}}(?!\d)", re.ASCII
)
"""With its area code; without one it is a number like others."""
# Grid codes have 15 digits too: theirs pass for years of birth below 25.
_OLD_ID = re.compile(
    r"(?<!\d)[1-8]\d{5}(?:2[5-9]|[3-9]\d)(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}(?!\d)", re.ASCII
)
_LONG = re.compile(r"\d{17}[\dXx]", re.ASCII)
_PASSPORT = re.compile(
    r"(?<![0-9A-Za-z])(?:[CDEGHLMPSTW]\d{8}|[HM]\d{10}|E[A-HJ-NP-Z]\d{7}|[DPS]E?\d{7})(?![0-9A-Za-z])",
    re.ASCII | re.IGNORECASE,
)
_CODE = re.compile(r"(?<![0-9A-Za-z])[0-9A-HJ-NPQRTUWXY]{18}(?![0-9A-Za-z])", re.ASCII)
_BORN = re.compile(r"\d{6}(?:18|19|20)\d{9}[\dX]\Z", re.ASCII)


class Unfit(Exception):
    """A cell that cannot be taken. Rule and reason are fixed texts without the value.

    `awaits` is (entity, identity) of the node that the cell needs; the caller fills in `column`.
    """

    def __init__(self, rule: str, reason: str, awaits: tuple[str, str] | None = None) -> None:
        super().__init__(f"{rule}: {reason}")
        self.rule = rule
        self.reason = reason
        self.awaits = awaits
        self.column = ""


def may_be_shown(number: str) -> bool:
    """Whether a record number may be shown as it is."""
    return _CLEAN.match(number) is not None and not holds_number_of_person(number)


def holds_number_of_person(text: str) -> bool:
    """Whether the number of an identity card, a telephone or a passport stands in a text."""
    plain = narrow(text)
    return _holds_any(plain) and _holds_any(_CODE.sub(lambda at: "" if _is_of_unit(at[0]) else at[0], plain))


def _holds_any(text: str) -> bool:
    return any(form.search(text) for form in (ID, MOBILE, LANDLINE, _OLD_ID, _LONG, _PASSPORT))


def _is_of_unit(code: str) -> bool:
    """Whether 18 signs are a credit code: one id number in 31 has its check sign too, but also a year of birth."""
    return bool(uscc.is_valid(code)) and _BORN.match(code) is None


def check_share(stream: str, refused: int, rows: int, most: float, reasons: Callable[[], str]) -> None:
    """Raise ConnectorError if more than the share `most` of a batch is refused: the source itself must be wrong."""
    if rows >= SMALL_BATCH and refused > most * rows:
        raise ConnectorError(
            stream,
            f"{refused} of {rows} rows of a batch are refused, more than the limit of {most:.0%} (limits.quarantined): "
            f"{reasons()}. Each is listed by: sluicegate source refused {stream}",
        )


def check_any_read(stream: str, rows: int, unread: int, reasons: Callable[[], str]) -> None:
    """Raise ConnectorError if `unread` files or sheets are all that a read gave: nothing else could be read."""
    if unread and unread == rows:
        raise ConnectorError(
            stream,
            f"no row can be read, and of its files or sheets {unread} cannot; nothing is changed: {reasons()}. Each is "
            f"listed by: sluicegate source refused {stream}",
        )


def check_growth(stream: str, rows: int, before: int | None, most: float) -> None:
    """Raise ConnectorError if a full read has more than `most` times the rows of the last one."""
    if before and rows > most * max(before, SMALL_BATCH):
        raise ConnectorError(
            stream, f"more than {most:g} times the {before} rows of the last full read; nothing more is taken"
        )


def check_not_empty(stream: str, rows: int, before: int | None) -> None:
    """Raise ConnectorError if a full read has no rows and the last one had some."""
    if before and rows == 0:
        raise ConnectorError(stream, f"no rows, where the last full read had {before}; nothing is changed")
