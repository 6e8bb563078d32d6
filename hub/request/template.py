"""A statement whose parameters are filled in for each request: its text, and where each parameter comes from.

The text and what is kept beside it depend on schema, policy and the shape of a document only. What belongs to one
subject, day, case or value is named here, and put in when a request binds the template.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from itertools import takewhile
from typing import Any, Final

from hub.errors import Code, HubError
from hub.home.seals import ID_CHARACTERS, Seals
from policies.model import Decision
from policies.rules import placeholder_value
from schema.conditions.search_text import index_query
from schema.predicate import All, Compare, Op, Placeholder, Predicate
from schema.slot import Slot

_CHINA = dt.timezone(dt.timedelta(hours=8))
_FIRST, _LAST = dt.datetime(1, 1, 2, tzinfo=_CHINA), dt.datetime.max.replace(tzinfo=_CHINA)


@dataclass(frozen=True, slots=True)
class CommonPath:
    """The longest path with which each of `paths` begins; an index can seek it, which an OR alone would prevent."""

    paths: tuple[str | Placeholder, ...]


@dataclass(frozen=True, slots=True)
class SealedId:
    """The surrogate in an id that the request sends, for a node of the type `tag`; empty for any other id."""

    slot: Slot
    place: str
    tag: int


@dataclass(frozen=True, slots=True)
class IndexQuery:
    """The question to a full-text index that finds each text which holds `text`."""

    text: Slot | str = field(repr=False)


@dataclass(frozen=True, slots=True)
class ListOrder:
    """The key of the order in which a department is shown lists for a purpose."""


LIST_ORDER: Final = ListOrder()
Source = Slot | Placeholder | CommonPath | SealedId | IndexQuery | ListOrder
"""What a parameter is filled in from."""


@dataclass(frozen=True, slots=True)
class Reference:
    """One property or edge that a statement reads: at which position (`select`, `where`, `order`, …), and for whom."""

    coordinate: str
    position: str
    origin: str


@dataclass(frozen=True, slots=True)
class Statement:
    """Text, parameters, and what the text reads; no byte of the text comes from the request."""

    text: str
    parameters: dict[str, Any]
    references: tuple[Reference, ...]
    joint: JointTemplate | None = field(default=None, compare=False)
    """How it goes to the graph together with others of the same decision."""
    decided: Hashable = field(default=None, repr=False, compare=False)
    """All of its decision that `joint` does not fix."""

    @property
    def company(self) -> Hashable:
        """Equal for statements that may go together."""
        return self.joint, self.decided


@dataclass(frozen=True, slots=True)
class Binding:
    """What one request fills in: its decision, with subject, day and case, and the values of its slots.

    Without `seals`, neither an id nor the order of a list can be filled in.
    """

    decision: Decision
    seals: Seals | None = field(default=None, repr=False)
    values: tuple[Any, ...] = field(default=(), repr=False)

    def value(self, source: Any) -> Any:
        """What a source stands for, and anything else as it is; raises HubError VALIDATION, PredicateError."""
        match source:
            case Slot(index):
                return source.read(self.values[index])
            case Placeholder():
                return self._of_decision(source)
            case CommonPath(paths):
                return common_path([str(self.value(each)) for each in paths])
            case SealedId(slot, place, tag):
                opened = open_id(self._sealed_by, self.decision, place, self.value(slot))
                return opened[1] if opened and opened[0] == tag else ""
            case IndexQuery(text):
                return index_query(self.value(text))
            case ListOrder():
                return self._sealed_by.order_key(self.decision.subject.department, self.decision.purpose)
            case tuple() if is_filled_in(source):
                return tuple(self.value(each) for each in source)
            case _:
                return source

    @property
    def decided(self) -> Hashable:
        """What a kept plan does not fix: whose decision it is, on which day, for which case; and the order of lists."""
        order = None if self.seals is None else self.seals.order_version
        return self.decision.subject.attributes, self.decision.today, self.decision.case, order

    @property
    def _sealed_by(self) -> Seals:
        if self.seals is None:
            raise AssertionError("an id, or the order of a list, takes the seals of the hub")
        return self.seals

    def _of_decision(self, source: Placeholder) -> Any:
        if source.name == "case":
            return self.decision.case
        return placeholder_value(source, self.decision.subject, self.decision.today)


@dataclass(frozen=True, slots=True)
class Template:
    """The text of a statement, its parameters and the sources of others by name, and what the text reads."""

    text: str
    parameters: Mapping[str, Any] = field(repr=False)
    sources: Mapping[str, Any] = field(repr=False)
    references: tuple[Reference, ...]

    def bind(self, binding: Binding, joint: JointTemplate | None = None) -> Statement:
        """The statement of one request, which may go together with others of `joint`; raises as `Binding.value`."""
        parameters = {**self.parameters, **fill_in(self.sources, binding)}
        return Statement(self.text, parameters, self.references, joint, binding.decided if joint is not None else None)


@dataclass(slots=True, eq=False)
class JointTemplate:
    """The text that answers several requests of one decision at once: `$all` holds a map for each of them.

    The map has the parameters of the names in `own`, and the number `i` of the row that is its answer; all other
    parameters are the same for all. It is equal to itself only. `seconds` is what one row took at last.
    """

    text: str
    own: tuple[str, ...]
    seconds: float = 0.0


def fill_in(sources: Mapping[str, Any], binding: Binding) -> dict[str, Any]:
    """What one request puts in the place of each source; raises as `Binding.value`."""
    return {name: stored(binding.value(source)) for name, source in sources.items()}


def is_filled_in(value: Any) -> bool:
    """Whether a parameter is a source, or a list with one in it."""
    if isinstance(value, tuple | list):
        return any(isinstance(each, Source) for each in value)
    return isinstance(value, Source)


def is_of_request(value: Any) -> bool:
    """Whether two requests of one decision may fill in a source, or a list with one in it, with different values."""
    if isinstance(value, tuple | list):
        return any(map(is_of_request, value))
    return isinstance(value, Slot | SealedId | IndexQuery)


def open_id(seals: Seals, decision: Decision, place: str, given: str) -> tuple[int, str] | None:
    """What an id of this department and purpose stands for, None for another's; a text that is no id is refused."""
    if not seals.is_id(given):
        text = f"{place} takes an id of {ID_CHARACTERS} characters as an answer of this hub gives it"
        raise HubError(Code.VALIDATION, text)
    return seals.open_id(decision.subject.department, decision.purpose, given)


def common_path(paths: list[str]) -> str:
    """The longest path with which all begin, a separator after every segment; empty if they share none."""
    segments = zip(*(path.rstrip("/").split("/") for path in paths), strict=False)
    return "".join(f"{each[0]}/" for each in takewhile(lambda each: len(set(each)) == 1, segments))


def shared_path(predicates: list[Predicate]) -> CommonPath | str | None:
    """The path that every predicate demands, as far as they agree; None if one demands no path, or if it is empty."""
    paths = [_demanded_path(each) for each in predicates]
    known = [each for each in paths if each is not None]
    if len(known) < len(paths):
        return None
    if any(isinstance(each, Placeholder) for each in known):
        return CommonPath(tuple(known))
    return common_path([str(each) for each in known]) or None


def _demanded_path(predicate: Predicate) -> str | Placeholder | None:
    match predicate:
        case Compare("region", Op.STARTS_WITH | Op.EQ, str() | Placeholder() as value):
            return value or None
        case All(parts):
            return next((found for each in parts if (found := _demanded_path(each))), None)
        case _:
            return None


def _at_china(moment: dt.datetime) -> dt.datetime:
    """The moment at +08:00; the first or last that can be sent, where that would lie outside the years 1 to 9999."""
    try:
        return max(moment.astimezone(_CHINA), _FIRST)
    except OverflowError:
        return _FIRST if moment.year == 1 else _LAST


def stored(value: Any) -> Any:
    """A parameter as the graph stores such values: times at +08:00, because `=` in Cypher compares the offset too."""
    if isinstance(value, dt.datetime):
        return _at_china(value)
    if isinstance(value, tuple):
        return [stored(each) for each in value]
    return value
