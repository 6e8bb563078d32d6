"""The masking methods: what is left of a value under each mask of a mask ladder.

A masked value never shows more than its rung allows; a value that cannot be masked as asked is redacted whole. Each
method is one small registered class, which checks its parameters when a policy or a catalogue is loaded. `apply`
defines what it yields; `hub/request/cypher_masks.py` states the same in Cypher, so that the clear value never leaves
the database, and a property test compares the two.
"""

from __future__ import annotations

import base64
import datetime as dt
import hmac
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol

from policies.text.family_names import family_name
from policies.text.masked_text import PARTS, Replacements, replace_spans, replacements
from policies.text.spans import FreeText
from schema.catalogue import RegionLevel, Scalar

REDACTED = "***"
"""What stands for a text of which nothing may be shown. Other types are null."""

OLDEST_BAND = 90
"""Ages from here on share one band: few people are that old."""

_CALL = re.compile(r"([a-z_]+)(?:\(([A-Za-z0-9,]*)\))?\Z")


class MaskError(ValueError):
    """A mask is not registered, or its parameters are wrong."""


class Mask(Protocol):
    """One masking method with its parameters."""

    @property
    def scalars(self) -> frozenset[Scalar]:
        """Which kinds of field it can mask."""

    @property
    def after_fetch(self) -> bool:
        """Whether it is applied when the answer is shaped, because Cypher cannot express it."""

    def apply(self, value: Any, today: dt.date, key: bytes = b"") -> Any:
        """The masked form of a non-null value; `key` belongs to one department and purpose."""


_EVERY = frozenset(Scalar)
_TEXT = frozenset({Scalar.STRING})


@dataclass(frozen=True, slots=True)
class Redact:
    """Nothing of the value: `***` for text, null otherwise."""

    scalars: frozenset[Scalar] = _EVERY
    after_fetch: bool = False

    def apply(self, value: Any, today: dt.date, key: bytes = b"") -> Any:
        """`***` or None."""
        return REDACTED if isinstance(value, str) else None


@dataclass(frozen=True, slots=True)
class Partial:
    """The first and last characters; a value with nothing left to hide between them is hidden whole."""

    keep_first: int
    keep_last: int
    scalars: frozenset[Scalar] = _TEXT
    after_fetch: bool = False

    def apply(self, value: Any, today: dt.date, key: bytes = b"") -> Any:
        """`138****5678`: four stars, whatever the length."""
        text = str(value)
        if len(text) <= self.keep_first + self.keep_last:
            return REDACTED
        return text[: self.keep_first] + "****" + text[len(text) - self.keep_last :]


@dataclass(frozen=True, slots=True)
class Surname:
    """The family name of a Chinese name; a name that has none for certain is hidden whole."""

    scalars: frozenset[Scalar] = _TEXT
    after_fetch: bool = False

    def apply(self, value: Any, today: dt.date, key: bytes = b"") -> Any:
        """`张**`, `欧阳**`; `***` of 卓玛, and of a name of one character."""
        surname = family_name(str(value))
        return f"{surname}**" if surname else REDACTED


@dataclass(frozen=True, slots=True)
class Year:
    """The year of a date."""

    scalars: frozenset[Scalar] = frozenset({Scalar.DATE})
    after_fetch: bool = False

    def apply(self, value: Any, today: dt.date, key: bytes = b"") -> Any:
        """`1957`."""
        return str(value.year)


@dataclass(frozen=True, slots=True)
class AgeBand:
    """Ten years of age, `60-69`; everyone of ninety or more is `90+`."""

    scalars: frozenset[Scalar] = frozenset({Scalar.DATE})
    after_fetch: bool = False

    def apply(self, value: Any, today: dt.date, key: bytes = b"") -> Any:
        """The band of the age in whole years on `today`; None for a date in the future."""
        return age_band(value, today)


@dataclass(frozen=True, slots=True)
class Region:
    """A region path cut at a level of the administrative tree."""

    level: RegionLevel
    scalars: frozenset[Scalar] = frozenset({Scalar.REGION})
    after_fetch: bool = False

    def apply(self, value: Any, today: dt.date, key: bytes = b"") -> Any:
        """`14/03/21/001/`; a path that ends above the level stays as it is."""
        return cut_region(str(value), self.level)


@dataclass(frozen=True, slots=True)
class Initial:
    """The first character of a name, and a full stop; a name of one character is hidden whole."""

    scalars: frozenset[Scalar] = _TEXT
    after_fetch: bool = False

    def apply(self, value: Any, today: dt.date, key: bytes = b"") -> Any:
        """`祁.`, `J.`"""
        text = str(value)
        return f"{text[0]}." if len(text) > 1 else REDACTED


@dataclass(frozen=True, slots=True)
class Round:
    """A number to the nearest multiple of a base, halves upwards."""

    base: int
    scalars: frozenset[Scalar] = frozenset({Scalar.INT, Scalar.FLOAT})
    after_fetch: bool = False

    def apply(self, value: Any, today: dt.date, key: bytes = b"") -> Any:
        """`90` of 87.5 by 10; a whole number stays one."""
        rounded = math.floor(value / self.base + 0.5) * self.base
        return float(rounded) if isinstance(value, float) else rounded


@dataclass(frozen=True, slots=True)
class Pseudonym:
    """A stand-in that is the same wherever the value is, within one department and purpose, and nowhere else."""

    scalars: frozenset[Scalar] = _TEXT
    after_fetch: bool = True

    def apply(self, value: Any, today: dt.date, key: bytes = b"") -> Any:
        """Sixteen letters and digits of a keyed hash: without the key a small domain cannot be tried through."""
        if not key:
            raise MaskError("a pseudonym needs a key")
        digest = hmac.digest(key, str(value).encode("utf-8", "surrogatepass"), "sha256")
        return base64.b32encode(digest[:10]).decode("ascii")


@dataclass(frozen=True, slots=True)
class Address:
    """An address cut after its street, or after its estate or village; one without such a part is hidden whole."""

    level: str
    scalars: frozenset[Scalar] = _TEXT
    after_fetch: bool = True

    def apply(self, value: Any, today: dt.date, key: bytes = b"") -> Any:
        """`平定县榆关街道` of a whole address by `street`; `…阳光小区` by `estate`."""
        found = ADDRESS_LEVELS[self.level].match(str(value))
        return found.group(0) if found else REDACTED


@dataclass(frozen=True, slots=True)
class Text:
    """Free text with placeholders for all that is personal in it; `parts` are left of some kinds.

    Takes a `FreeText`: a text without the spans that were found in it is redacted whole.
    """

    parts: tuple[str, ...]
    instead: Replacements
    scalars: frozenset[Scalar] = _TEXT
    after_fetch: bool = True

    def apply(self, value: Any, today: dt.date, key: bytes = b"") -> Any:
        """`【姓名】称楼上漏水，【电话尾号1478】`."""
        return replace_spans(value.text, value.spans, self.instead) if isinstance(value, FreeText) else REDACTED


ADDRESS_LEVELS: Mapping[str, re.Pattern[str]] = {
    "street": re.compile(r"[^0-9０-９]{1,40}?(?:街道|鎮|镇|鄉|乡|大道|路|街|巷)"),
    "estate": re.compile(r"[^0-9０-９]{1,40}?(?:小區|小区|花園|花园|家園|家园|公寓|新村|苑|村)"),
}
"""What an address keeps: no digit may stand in it, so neither a house number nor a room number can."""


def age_band(birth: dt.date, today: dt.date) -> str | None:
    """The decade of age on `today`: `0-9` … `80-89`, `90+`; None before birth."""
    age = today.year - birth.year - ((today.month, today.day) < (birth.month, birth.day))
    if age < 0:
        return None
    if age >= OLDEST_BAND:
        return f"{OLDEST_BAND}+"
    return f"{age // 10 * 10}-{age // 10 * 10 + 9}"


AGE_BANDS = (*(f"{low}-{low + 9}" for low in range(0, OLDEST_BAND, 10)), f"{OLDEST_BAND}+")


# Known beforehand: a level counts its own depth anew each time it is asked.
_DEPTHS = {level: level.depth for level in RegionLevel}


def cut_region(path: str, level: RegionLevel) -> str:
    """The first segments of a region path, as many as lead to `level`."""
    kept = [each for each in path.split("/") if each][: _DEPTHS[level]]
    return "/".join(kept) + "/" if kept else ""


def _no_parameters(make: Callable[[], Mask]) -> Callable[[tuple[str, ...]], Mask]:
    def build(parameters: tuple[str, ...]) -> Mask:
        if parameters:
            raise MaskError("takes no parameter")
        return make()

    return build


def _partial(parameters: tuple[str, ...]) -> Mask:
    if len(parameters) != 2 or not all(each.isascii() and each.isdigit() and len(each) < 3 for each in parameters):
        raise MaskError("takes two small whole numbers: keep_first, keep_last")
    return Partial(int(parameters[0]), int(parameters[1]))


def _region(parameters: tuple[str, ...]) -> Mask:
    if len(parameters) != 1 or parameters[0] not in RegionLevel.__members__:
        raise MaskError(f"takes one level: {', '.join(RegionLevel)}")
    return Region(RegionLevel(parameters[0]))


def _round(parameters: tuple[str, ...]) -> Mask:
    if len(parameters) != 1 or not parameters[0].isascii() or not parameters[0].isdigit() or int(parameters[0]) < 1:
        raise MaskError("takes one whole number of at least 1: the base")
    return Round(int(parameters[0]))


def _address(parameters: tuple[str, ...]) -> Mask:
    if len(parameters) != 1 or parameters[0] not in ADDRESS_LEVELS:
        raise MaskError(f"takes one level: {', '.join(ADDRESS_LEVELS)}")
    return Address(parameters[0])


def _text_mask(parameters: tuple[str, ...]) -> Mask:
    if not set(parameters) <= set(PARTS) or len(set(parameters)) != len(parameters):
        raise MaskError(f"takes what is left of some kinds, each once: {', '.join(PARTS)}")
    return Text(parameters, replacements(parameters))


METHODS: Mapping[str, Callable[[tuple[str, ...]], Mask]] = {
    "redact": _no_parameters(Redact),
    "partial": _partial,
    "surname": _no_parameters(Surname),
    "initial": _no_parameters(Initial),
    "round": _round,
    "pseudonym": _no_parameters(Pseudonym),
    "address": _address,
    "year": _no_parameters(Year),
    "age_band": _no_parameters(AgeBand),
    "region": _region,
    "text": _text_mask,
}


def mask_fetched(text: str, value: Any, today: dt.date, key: bytes) -> Any:
    """A value masked after the fetch; one that cannot be masked as asked is redacted whole, whatever went wrong."""
    try:
        return parse(text).apply(value, today, key)
    except Exception:
        return REDACTED if isinstance(value, str | FreeText) else None


@lru_cache(maxsize=256)
def parse(text: str) -> Mask:
    """The mask that `partial(3,4)` or `redact` names; raises MaskError that says what is known."""
    found = _CALL.match(text)
    if not found or found.group(1) not in METHODS:
        compact = "".join(text.split())
        if compact != text and _CALL.match(compact):
            raise MaskError(f"write the mask {text!r} without blanks: {compact}")
        raise MaskError(f"unknown mask {text!r}; known: {', '.join(METHODS)}")
    parameters = tuple(found.group(2).split(",")) if found.group(2) else ()
    try:
        return METHODS[found.group(1)](parameters)
    except MaskError as wrong:
        raise MaskError(f"mask {text!r} {wrong}") from None
