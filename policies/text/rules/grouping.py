"""How the digits of a number are grouped, which tells one number from several.

138-1234-5678 is one number; 13.5、14.2、15.8 are three. Works on plain text (`plain_text.py`); lengths are in digits.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from dataclasses import dataclass

from policies.text.plain_text import BETWEEN

_DROPPED = re.compile(f"{BETWEEN[:-1]}()\\[\\]]+")
_DIGITS = re.compile("[0-9]+")
_GAP = re.compile("[^0-9()+\\[\\]]+")
_EMOJI = re.compile("[\u2190-\u21ff\u2300-\u23ff\u2500-\u27bf\u2b00-\u2bff\U0001f000-\U0001faff]")


def compact(written: str) -> str:
    """A number without what was put between its digits."""
    return written if written.isalnum() and written.isascii() else _DROPPED.sub("", written)


def candidates(pattern: re.Pattern[str], text: str, first: int, last: int) -> Iterator[re.Match[str]]:
    """Matches from `first` to `last`, also those that begin within another (`1. 138 0013 8000`)."""
    while found := pattern.search(text, first, last):
        yield found
        first = found.start() + 1


@dataclass(frozen=True, slots=True)
class Grouping:
    """The lengths of the groups of digits of one number, and the different signs between them, blanks left out."""

    sizes: tuple[int, ...]
    signs: frozenset[str]

    @property
    def one_by_one(self) -> bool:
        """Every digit stands alone, with the same sign between them."""
        return max(self.sizes) == 1 and len(self.signs) <= 1

    @property
    def is_whole(self) -> bool:
        """One run of digits, each digit alone, or few large groups with one kind of sign: not a list of numbers."""
        if len(self.sizes) == 1 or self.one_by_one:
            return True
        if any(_EMOJI.search(sign) for sign in self.signs):
            return len(self.sizes) <= 6 or max(self.sizes) <= 2
        return len(self.signs) <= 1 and len(self.sizes) <= 6 and min(self.sizes[:-1]) >= 3


def grouping(written: str) -> Grouping:
    """The grouping of a number as it is written; `written` holds one digit at least."""
    sizes = tuple(len(digits) for digits in _DIGITS.findall(written))
    return Grouping(sizes, frozenset(gap.strip() for gap in _GAP.findall(written)) - {""})


def is_day(number: str) -> bool:
    """Whether eight digits are a date of our time (20240702), not a local telephone number."""
    if len(number) != 8:
        return False
    try:
        return 1900 <= dt.date(int(number[:4]), int(number[4:6]), int(number[6:])).year <= 2050
    except ValueError:
        return False
