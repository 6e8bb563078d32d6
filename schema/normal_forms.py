"""The one normal form of a text, by the kind of its field: what is stored, and what a condition compares with.

Two spellings of one code, telephone or id number have one form, at ingest and in conditions alike. The functions are
total and idempotent; a text that is no such code or number only loses its outer blanks and its full-width digits.
"""

from __future__ import annotations

import datetime as dt
import re
import unicodedata

from schema.classification import Kind

VERSION = 1
"""Raised with each change here, so that what was stored in an older form is read again."""

_INVISIBLE = {ord(each): None for each in "\u200b\u200e\u200f\u2060\ufeff\u00ad"}
_WIDE = {
    **{code: code - 0xFEE0 for code in (*range(0xFF10, 0xFF1A), *range(0xFF21, 0xFF3B), *range(0xFF41, 0xFF5B))},
    0x3000: 0x20,
}
_ANY_WIDE = re.compile("[\uff10-\uff19\uff21-\uff3a\uff41-\uff5a\u3000]")
_DOTS = {ord(each): "·" for each in "•‧∙⋅・･᛫"}
_DASHES = {ord(each): "-" for each in "‐‑‒–—―−－"}
_FLOATED = re.compile(r"(\d+)\.0+\Z", re.ASCII)
_DIALLED = re.compile(r"\+?[\d() -]+\Z", re.ASCII)
_BRACKETS = {ord("（"): "(", ord("）"): ")", ord("＋"): "+"}
_FROM_ABROAD = re.compile(r"0086|86(?=1[3-9]\d{9}\Z)", re.ASCII)
_MOBILE = re.compile(r"1[3-9]", re.ASCII)
_DAY = re.compile(
    r"(?P<year>\d{4})([-/.年])(?P<month>\d{1,2})(?:月|\2)(?P<day>\d{1,2})日?(?:[ T]0?0:00(:00(\.0+)?)?)?\Z", re.ASCII
)
_AREA = re.compile(r"010|02\d|0[3-9]\d\d", re.ASCII)


def normal_form(kind: Kind, text: str) -> str:
    """The form in which a text of this kind is stored and compared."""
    match kind:
        case Kind.PHONE:
            return _phone(text)
        case Kind.ID_NUMBER:
            return narrow(text).upper()
        case Kind.CODE:
            plain = narrow(text)
            floated = _FLOATED.match(plain)
            return floated.group(1) if floated else plain
        case Kind.NAME:
            return _plain(_narrowed(text).translate(_DOTS))
        case Kind.ADDRESS:
            return _plain(_narrowed(text))
        case _:
            return _plain(text)


def prefix_form(kind: Kind, text: str) -> str:
    """The form of a text that is the beginning of another; never shorter than what every such text begins with.

    A beginning that says nothing by itself stays as it is: an empty one would be the beginning of everything.
    """
    match kind:
        case Kind.PHONE:
            return _phone(text) or text
        case Kind.ID_NUMBER:
            return narrow(text).upper() or text
        case Kind.CODE:
            return narrow(text) or text
        case _:
            ending = text[len(text.rstrip()) :]
            return normal_form(kind, text) + ending or text


def part_form(kind: Kind, text: str) -> str:
    """The form of a text that stands somewhere in another: a number in it does not lose what follows its point."""
    return narrow(text) if kind is Kind.CODE else normal_form(kind, text)


def is_blank(text: str) -> bool:
    """Whether a text holds nothing that can be seen."""
    return not _seen(text).strip()


def _plain(text: str) -> str:
    return unicodedata.normalize("NFC", _seen(text)).strip()


def _seen(text: str) -> str:
    """The text without invisible signs; none of them counts as printable, so most texts need no search."""
    return text if text.isascii() or text.isprintable() else text.translate(_INVISIBLE)


def _narrowed(text: str) -> str:
    """The text with its full-width letters and digits narrow; most texts have none, and are not walked through."""
    return text.translate(_WIDE) if _ANY_WIDE.search(text) else text


def narrow(text: str) -> str:
    """The text without invisible signs and outer blanks, its full-width letters and digits narrow."""
    return text.strip() if text.isascii() else _plain(_narrowed(text))


def _phone(text: str) -> str:
    """Digits as they are dialled within the country; a landline has a hyphen after its area code."""
    dialled = narrow(text).translate(_DASHES).translate(_BRACKETS)
    if not _DIALLED.match(dialled):
        return dialled
    digits = re.sub(r"\D", "", dialled)
    if dialled.startswith("+"):
        if not digits.startswith("86"):
            return f"+{digits}"
        digits = f"00{digits}"
    abroad = _FROM_ABROAD.match(digits)
    if abroad:
        digits = digits[abroad.end() :]
        digits = digits if _MOBILE.match(digits) or not digits else f"0{digits.removeprefix('0')}"
    # Some still dial a zero before a mobile number of another city.
    digits = digits[1:] if digits.startswith("0") and _MOBILE.match(digits[1:]) else digits
    area = _AREA.match(digits)
    return f"{area.group()}-{digits[area.end() :]}" if area and len(digits) > area.end() else digits


def date_form(text: str) -> dt.date:
    """The day that a text states: ISO 8601, or year, month and day with separators and without leading zeros.

    A time at midnight is taken for its day. Raises ValueError.
    """
    plain = narrow(text)
    found = _DAY.match(plain)
    if found:
        return dt.date(int(found["year"]), int(found["month"]), int(found["day"]))
    if len(plain) <= len("2026-06-01"):
        return dt.date.fromisoformat(plain)
    moment = dt.datetime.fromisoformat(plain)
    if moment.time() != dt.time():
        raise ValueError("a time within a day is no date")
    return moment.date()
