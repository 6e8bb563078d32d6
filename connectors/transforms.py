"""The transforms that turn a cell into a value of the catalogue, by the names that a source's file uses.

Each is a pure function of the cell, the options of its field and the context of the pull, and raises `Unfit` instead of
guessing. Blank cells are null and reach no transform. Numbers are not taken for text, because digits could be lost;
times have a zone; codes, telephones and id numbers have one form (`schema/normal_forms.py`).
"""

from __future__ import annotations

import datetime as dt
import math
import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from connectors.base import Place
from connectors.days import parse_day, parse_moment
from connectors.quarantine import Unfit
from connectors.resolve import is_resident_id
from schema.catalogue import Kind, RegionLevel, Scalar
from schema.normal_forms import is_blank, narrow, normal_form
from schema.region_paths import path_of_code

MAX_TEXT = 20_000
_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/-]{0,63}\Z")
_CREDIT_CODE = re.compile(r"[1-9A-HJ-NPQRTUWXY][0-9A-HJ-NPQRTUWXY]\d{6}[0-9A-HJ-NPQRTUWXY]{10}\Z", re.ASCII)
_CREDIT_SIGNS = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_REGISTRATION = re.compile(r"\d{13}(\d{2})?\Z", re.ASCII)
_PHONE = re.compile(r"(1\d{10}|0\d{2,3}-\d{7,8})\Z", re.ASCII)
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)\Z", re.ASCII)
_THOUSANDS = re.compile(r"[+-]?\d{1,3}([,，]\d{3})+(\.\d*)?\Z", re.ASCII)
_SCIENTIFIC = re.compile(r"[+-]?(\d+(\.\d+)?[Ee]\+\d+|\d\.\d+[Ee]-?\d+)\Z", re.ASCII)
_SCIENTIFIC_REASON = "a number in scientific notation has lost digits; export the column as text"
_DIVISION = re.compile(r"\d{12}(\d{3})?\Z", re.ASCII)
# Control characters except tab and line ends, lone surrogates, non-characters, and the character that stands for
# damaged text. Private-use characters pass: registers write rare names with them.
_FORBIDDEN = re.compile("[\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\\x7f-\\x9f\\ud800-\\udfff\\ufdd0-\\ufdef\\ufffd-\\uffff]")


@dataclass(frozen=True, slots=True)
class Context:
    """What a transform may know besides the cell."""

    places: Mapping[str, Place]
    zone: dt.tzinfo
    today: dt.date


@dataclass(frozen=True, slots=True)
class Options:
    """The options of one field, as the source's file states them."""

    format: str | None = None
    values: Mapping[str, str] | None = None
    least: float | None = None
    most: float | None = None


BOOLEANS = ("true", "false")
"""To what `values` leads in a Boolean field."""
Transform = Callable[[Any, Options, Context], Any]


def blank(cell: Any) -> bool:
    """Whether a cell holds nothing: null, or text of blanks only."""
    return cell is None or (isinstance(cell, str) and is_blank(cell))


def text(cell: Any, _options: Options, _context: Context) -> str:
    """Text, outer blanks removed, in Unicode normal form C."""
    if not isinstance(cell, str):
        raise Unfit("not-text", "a text was expected; a number may have lost digits")
    if len(cell) > MAX_TEXT:
        raise Unfit("too-long", f"longer than {MAX_TEXT} characters")
    if _FORBIDDEN.search(cell):
        raise Unfit("bad-character", "holds a control character, or one that stands for damaged text")
    return unicodedata.normalize("NFC", _exact(cell).strip())


def code(cell: Any, _options: Options, _context: Context) -> str:
    """A plain code: ASCII letters and digits, and . _ : / - within; whole numbers are taken too."""
    found = normal_form(Kind.CODE, _digits(cell))
    if not _CODE.match(found):
        raise Unfit("not-a-code", "a plain code of at most 64 letters and digits was expected")
    return found


def _digits(cell: Any) -> str:
    """A cell of a code as text: text as it is, a whole number by its digits, and anything else is empty."""
    if isinstance(cell, str):
        return _exact(cell)
    if isinstance(cell, bool) or not isinstance(cell, int | float | Decimal) or not _finite(cell):
        return ""
    # A larger floating-point number may have lost digits already.
    if isinstance(cell, float) and abs(cell) >= 2**53:
        raise Unfit("scientific-notation", _SCIENTIFIC_REASON)
    return str(int(cell)) if cell == int(cell) else ""


def _finite(cell: float | Decimal) -> bool:
    try:
        return math.isfinite(cell)
    except (OverflowError, ValueError):  # more digits than a float takes, or a signalling NaN
        return False


def _exact(cell: str) -> str:
    if _SCIENTIFIC.match(cell.strip()):
        raise Unfit("scientific-notation", _SCIENTIFIC_REASON)
    return cell


def integer(cell: Any, options: Options, context: Context) -> int:
    """A whole number within the field's limits."""
    found = number(cell, options, context)
    if not found.is_integer() or abs(found) > 2**53:
        raise Unfit("not-an-integer", "a whole number was expected")
    return int(found)


def number(cell: Any, options: Options, _context: Context) -> float:
    """A finite number within the field's limits."""
    if isinstance(cell, bool) or not isinstance(cell, int | float | Decimal | str):
        raise Unfit("not-a-number", "a number was expected")
    try:
        found = float(_plain_number(cell) if isinstance(cell, str) else cell)
    except (ValueError, OverflowError):
        raise Unfit("not-a-number", "a number was expected") from None
    if not math.isfinite(found):
        raise Unfit("not-a-number", "a finite number was expected")
    if (options.least is not None and found < options.least) or (options.most is not None and found > options.most):
        raise Unfit("out-of-range", "outside the limits of the field")
    return found


def _plain_number(cell: str) -> str:
    plain = narrow(cell)
    if _THOUSANDS.match(plain):
        raise Unfit("thousands-separator", "commas stand between the digits; export plain digits")
    if not _NUMBER.match(_exact(plain)):
        raise Unfit("not-a-number", "a number in plain digits was expected")
    return plain


def date(cell: Any, options: Options, context: Context) -> dt.date:
    """A real calendar day that is not after today; of a moment, its day in the zone of the source."""
    found = day_and_time(cell, options, context)[0]
    if found > context.today:
        raise Unfit("in-future", "the day lies in the future")
    return found


def day_and_time(cell: Any, options: Options, context: Context) -> tuple[dt.date, dt.time]:
    """The day of a cell, and the time beside it, which a date does not keep."""
    if isinstance(cell, dt.datetime):
        local = _in_zone(cell, context.zone) if cell.tzinfo else cell
        return local.date(), local.time()
    if isinstance(cell, dt.date):
        return cell, dt.time()
    if not isinstance(cell, str):
        raise Unfit("not-a-date", "a date was expected")
    try:
        return parse_day(cell, options.format, context.zone)
    except (ValueError, OverflowError):
        raise Unfit("not-a-date", "no such day, or not in the declared form") from None


def validity(cell: Any, options: Options, context: Context) -> dt.date:
    """A real calendar day, which may lie in the future."""
    return date(cell, options, Context(context.places, context.zone, dt.date.max))


def datetime(cell: Any, options: Options, context: Context) -> dt.datetime:
    """A moment with a zone: its own, or else the source's. A day is its first moment."""
    found = cell
    if isinstance(cell, str):
        try:
            found = parse_moment(cell, options.format)
        except ValueError:
            raise Unfit("not-a-time", "no such time, or not in the declared form") from None
    elif isinstance(cell, dt.date) and not isinstance(cell, dt.datetime):
        found = dt.datetime.combine(cell, dt.time())
    if not isinstance(found, dt.datetime):
        raise Unfit("not-a-time", "a time was expected")
    moment = _in_zone(found if found.tzinfo else found.replace(tzinfo=context.zone), context.zone)
    if moment.timestamp() <= 0:
        raise Unfit("sentinel", "a time at or before 1970 stands for an unknown one")
    return moment


def _in_zone(moment: dt.datetime, zone: dt.tzinfo) -> dt.datetime:
    """The moment in a zone, where it must lie in the years 1 to 9999 too."""
    try:
        return moment.astimezone(zone)
    except (OverflowError, ValueError):
        raise Unfit("not-a-time", "a time out of range") from None


def enum(cell: Any, options: Options, _context: Context) -> str:
    """The value of the catalogue that the file declares for the source's word."""
    values = options.values or {}
    word = cell.strip() if isinstance(cell, str) else _digits(cell)
    for spelling in (word, narrow(word)):
        if spelling in values:
            return values[spelling]
    raise Unfit("unknown-value", "not one of the declared values")


def boolean(cell: Any, options: Options, context: Context) -> bool:
    """Yes or no: as the source has it, or what the file declares for the source's word, in the words of `BOOLEANS`."""
    return cell if isinstance(cell, bool) else enum(cell, options, context) == BOOLEANS[0]


def resident_id(cell: Any, _options: Options, _context: Context) -> str:
    """A valid resident id number (GB 11643), the check character in upper case."""
    found = normal_form(Kind.ID_NUMBER, _digits(cell))
    if not is_resident_id(found):
        raise Unfit("bad-resident-id", "not a valid resident id number: length, date or check character is wrong")
    return found


def phone(cell: Any, _options: Options, _context: Context) -> str:
    """A mobile number of 11 digits, or a landline with its area code and a hyphen after it."""
    found = normal_form(Kind.PHONE, _digits(cell))
    if not _PHONE.match(found):
        raise Unfit("not-a-phone", "a mobile number or a landline with area code was expected")
    return found


def credit_code(cell: Any, _options: Options, _context: Context) -> str:
    """A valid unified social credit code (GB 32100-2015) of 18 signs, its letters in upper case."""
    found = normal_form(Kind.CODE, _digits(cell)).upper()
    if _REGISTRATION.match(found):
        raise Unfit(
            "old-registration", "a registration number from before 2015; the unit's code of 18 signs was expected"
        )
    if not _CREDIT_CODE.match(found) or not _has_credit_check(found):
        raise Unfit("bad-credit-code", "not a valid unified social credit code: length, signs or check sign are wrong")
    return found


def _has_credit_check(found: str) -> bool:
    """Whether the last of 18 signs is the check sign (modulus 31, weights are the powers of 3)."""
    values = [_CREDIT_SIGNS.index(each) for each in found]
    return (sum(value * pow(3, place, 31) for place, value in enumerate(values[:17])) + values[17]) % 31 == 0


def region_of_code(cell: Any, _options: Options, context: Context) -> str:
    """The jurisdiction path that an official code of 12 or 15 digits states."""
    return division_path(code(cell, Options(), context))


def division_path(official: str) -> str:
    """The path of an official code: one segment for each level, `-` for a level that the place does not have."""
    if not _DIVISION.match(official):
        raise Unfit("not-a-division", "an official code of 12 or 15 digits was expected")
    path = path_of_code(official)
    if path is None:
        raise Unfit("not-a-division", "the code names no province")
    return path


def level_of(path: str) -> RegionLevel:
    """The level of the division with this path."""
    return list(RegionLevel)[path.count("/") - 1]


def grid(cell: Any, _options: Options, context: Context) -> str:
    """The code of a known grid in force; for a merged grid that of its successor."""
    return _grid_in_force(cell, context)[0]


def region_of_grid(cell: Any, _options: Options, context: Context) -> str:
    """The jurisdiction path of a known grid in force, or of the successor of a merged one."""
    return _grid_in_force(cell, context)[1].path


# The same words whatever the graph holds: what is in quarantine must not depend on the order in which sources came.
_NO_GRID = "no known grid has this code; if divisions are not in yet, pull them first, and name their source in `after`"


def _grid_in_force(cell: Any, context: Context) -> tuple[str, Place]:
    official = code(cell, Options(), context)
    for _ in range(8):
        place = context.places.get(official)
        if place is None or not place.grid:
            raise Unfit("unknown-grid", _NO_GRID, ("Region", official))
        if not place.ended:
            return official, place
        if place.successor is None:
            raise Unfit("ended-grid", "the grid is out of force and no single grid took its place")
        official = place.successor
    raise Unfit("ended-grid", "the successors of the grid form a circle")


TRANSFORMS: Mapping[str, Transform] = {
    "text": text,
    "code": code,
    "integer": integer,
    "number": number,
    "date": date,
    "validity": validity,
    "datetime": datetime,
    "enum": enum,
    "boolean": boolean,
    "resident_id": resident_id,
    "phone": phone,
    "credit_code": credit_code,
    "grid": grid,
    "region_of_grid": region_of_grid,
    "region_of_code": region_of_code,
}
"""By the name that a source's file uses."""

NORMAL: Mapping[Transform, Kind] = {
    code: Kind.CODE,
    resident_id: Kind.ID_NUMBER,
    phone: Kind.PHONE,
    credit_code: Kind.CODE,
}
"""Transforms whose values are in the normal form of a kind already."""

REPEATED = frozenset({enum, date, validity, grid, region_of_grid, region_of_code})
"""Transforms of columns in which few different cells stand."""

FITTING: Mapping[Scalar, tuple[str, ...]] = {
    Scalar.STRING: ("text", "code", "resident_id", "phone", "credit_code", "grid"),
    Scalar.ENUM: ("enum",),
    Scalar.INT: ("integer",),
    Scalar.FLOAT: ("number",),
    Scalar.BOOLEAN: ("boolean",),
    Scalar.DATE: ("date", "validity"),
    Scalar.DATETIME: ("datetime",),
    Scalar.REGION: ("region_of_grid", "region_of_code"),
}
"""The transforms that may fill a field of each scalar; a plain column name means the first."""
