"""What a refused row may show, and the limits at which a source itself is taken to be wrong.

An entry in quarantine names place, field and rule, and no value of the row. A record number stands in it only if it is
a plain code that is neither a resident id nor a telephone number; otherwise its keyed digest does. The names of rules
stay as they are, because stewards sort by them.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from connectors.base import ConnectorError

SMALL_BATCH = 20
"""In a batch with fewer rows the share of refused rows says nothing."""

_CLEAN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/-]{0,63}\Z")
_PERSONAL = re.compile(r"\d{17}[\dXx]|(?<!\d)1\d{10}(?!\d)")


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
    """Whether a resident id number or a mobile number stands in a text."""
    return _PERSONAL.search(text) is not None


def holds_personal_number(text: str) -> bool:
    """Whether a resident id number or a telephone number stands in a text."""
    return _PERSONAL.search(text) is not None


def check_share(stream: str, refused: int, rows: int, most: float, reasons: Callable[[], str]) -> None:
    """Raise ConnectorError if more than the share `most` of a batch is refused: the source itself must be wrong."""
    if rows >= SMALL_BATCH and refused > most * rows:
        raise ConnectorError(
            stream,
            f"{refused} of {rows} rows of a batch are refused, more than the limit of {most:.0%} (limits.quarantined): "
            f"{reasons()}. Each is listed by: sluicegate source refused {stream}",
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
