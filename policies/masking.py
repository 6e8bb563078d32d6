"""A masked value never shows more than its rung allows; what cannot be masked as asked is redacted.

Each method is one small registered class: it checks its parameters when a policy or a catalogue is loaded, and `apply`
is the definition of what it yields. `hub/cypher.py` says the same in Cypher, so that the clear value never leaves the
database; a property test holds the two against each other.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from schema.catalogue import RegionLevel, Scalar

REDACTED = "***"
"""What stands for a text of which nothing may be shown. Other types are null."""

COMPOUND_SURNAMES = (
    "欧阳", "歐陽", "司马", "司馬", "上官", "诸葛", "諸葛", "东方", "東方", "皇甫", "尉迟",
    "尉遲", "公孙", "公孫", "慕容", "令狐", "司徒", "司空", "夏侯", "轩辕", "軒轅", "长孙",
    "長孫", "宇文", "鲜于", "鮮于", "闾丘", "閭丘", "南宫", "南宮", "端木", "百里", "呼延",
    "独孤", "獨孤", "申屠", "太史", "澹台", "澹臺", "濮阳", "濮陽", "赫连", "赫連", "钟离",
    "鍾離",
)  # fmt: skip
"""Two-character surnames: `surname` keeps both characters."""

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

    def apply(self, value: Any, today: dt.date) -> str | None:
        """The masked form of a non-null value."""


_EVERY = frozenset(Scalar)
_TEXT = frozenset({Scalar.STRING})


@dataclass(frozen=True, slots=True)
class Redact:
    """Nothing of the value: `***` for text, null otherwise."""

    scalars: frozenset[Scalar] = _EVERY

    def apply(self, value: Any, today: dt.date) -> str | None:
        """`***` or None."""
        return REDACTED if isinstance(value, str) else None


@dataclass(frozen=True, slots=True)
class Partial:
    """The first and last characters; a value with nothing left to hide between them is hidden whole."""

    keep_first: int
    keep_last: int
    scalars: frozenset[Scalar] = _TEXT

    def apply(self, value: Any, today: dt.date) -> str | None:
        """`138****5678`: four stars, whatever the length."""
        text = str(value)
        if len(text) <= self.keep_first + self.keep_last:
            return REDACTED
        return text[: self.keep_first] + "****" + text[len(text) - self.keep_last :]


@dataclass(frozen=True, slots=True)
class Surname:
    """The family name of a Chinese name, two characters for a compound one; of others the first character."""

    scalars: frozenset[Scalar] = _TEXT

    def apply(self, value: Any, today: dt.date) -> str | None:
        """`张**`, `欧阳**`; a name of one character is hidden whole."""
        text = str(value)
        if len(text) < 2:
            return REDACTED
        keep = 2 if len(text) > 2 and text[:2] in COMPOUND_SURNAMES else 1
        return text[:keep] + "**"


@dataclass(frozen=True, slots=True)
class Year:
    """The year of a date."""

    scalars: frozenset[Scalar] = frozenset({Scalar.DATE})

    def apply(self, value: Any, today: dt.date) -> str | None:
        """`1957`."""
        return str(value.year)


@dataclass(frozen=True, slots=True)
class AgeBand:
    """Ten years of age, `60-69`; everyone of ninety or more is `90+`."""

    scalars: frozenset[Scalar] = frozenset({Scalar.DATE})

    def apply(self, value: Any, today: dt.date) -> str | None:
        """The band of the age in whole years on `today`; None for a date in the future."""
        return age_band(value, today)


@dataclass(frozen=True, slots=True)
class Region:
    """A region path cut at a level of the administrative tree."""

    level: RegionLevel
    scalars: frozenset[Scalar] = frozenset({Scalar.REGION})

    def apply(self, value: Any, today: dt.date) -> str | None:
        """`14/03/21/001/`; a path that ends above the level stays as it is."""
        return cut_region(str(value), self.level)


def age_band(birth: dt.date, today: dt.date) -> str | None:
    """The decade of age on `today`: `0-9` … `80-89`, `90+`; None before birth."""
    age = today.year - birth.year - ((today.month, today.day) < (birth.month, birth.day))
    if age < 0:
        return None
    if age >= OLDEST_BAND:
        return f"{OLDEST_BAND}+"
    return f"{age // 10 * 10}-{age // 10 * 10 + 9}"


AGE_BANDS = (*(f"{low}-{low + 9}" for low in range(0, OLDEST_BAND, 10)), f"{OLDEST_BAND}+")


def cut_region(path: str, level: RegionLevel) -> str:
    """The first segments of a region path, as many as lead to `level`."""
    segments = [each for each in path.split("/") if each][: level.depth]
    return "".join(f"{each}/" for each in segments)


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


METHODS: Mapping[str, Callable[[tuple[str, ...]], Mask]] = {
    "redact": _no_parameters(Redact),
    "partial": _partial,
    "surname": _no_parameters(Surname),
    "year": _no_parameters(Year),
    "age_band": _no_parameters(AgeBand),
    "region": _region,
}


def parse(text: str) -> Mask:
    """The mask that `partial(3,4)` or `redact` names; raises MaskError that says what is known."""
    found = _CALL.match(text)
    if not found or found.group(1) not in METHODS:
        raise MaskError(f"unknown mask {text!r}; known: {', '.join(METHODS)}")
    parameters = tuple(found.group(2).split(",")) if found.group(2) else ()
    try:
        return METHODS[found.group(1)](parameters)
    except MaskError as wrong:
        raise MaskError(f"mask {text!r} {wrong}") from None
