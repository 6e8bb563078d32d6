"""The differences of two catalogues, each with what it means for clients and for the graph.

They are found between outlines (`schema/outline.py`), so that a catalogue can be compared with one that was kept as
data. Two outlines that are not the same differ in at least one change: what no rule here knows is breaking, and calls
for a graph that is loaded anew.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from schema.declarations import TextProperties

Outline = Mapping[str, Any]


class Part(StrEnum):
    """What a change is about."""

    TYPE = "type"
    FIELD = "field"
    ANSWER = "answer"
    EDGE = "edge"
    VALUE = "value"
    MASK = "mask"
    BUCKET = "bucket"
    CLASSIFICATION = "classification"
    TEXT = "text"
    DEPRECATION = "deprecation"
    SETTING = "setting"
    CASE = "case"


class How(StrEnum):
    """What happened to it."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


class Work(StrEnum):
    """What the graph needs before it fits: nothing, constraints and indexes, something taken out, or all data anew."""

    NONE = "none"
    INDEXES = "indexes"
    REMOVAL = "removal"
    RELOAD = "reload"


@dataclass(frozen=True, slots=True)
class Taken:
    """What a removal takes out of the graph, names of the catalogue all: nodes with `label`, or only their properties
    (where `value` is given, from the nodes that hold it in the first of them), or a `relationship`.
    """

    label: str | None = None
    properties: tuple[str, ...] = ()
    value: str | None = None
    relationship: str | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """One difference. `where` is a type, a coordinate or `case`; `name` is what it is called there, if that is more.

    `breaking`: a query, a policy or a source that was right before may be refused, or mean something else.
    """

    part: Part
    how: How
    where: str
    name: str = ""
    before: str = ""
    after: str = ""
    breaking: bool = False
    work: Work = Work.NONE
    taken: Taken | None = None

    def __str__(self) -> str:
        what = f"{self.part} {self.name}".rstrip()
        changed = (
            f" from {self.before} to {self.after}" if self.how is How.CHANGED and self.before != self.after else ""
        )
        marks = [*(["breaking"] if self.breaking else []), *_MARKS[self.work]]
        return f"{self.where}: {what} {self.how}{changed}" + (f" ({'; '.join(marks)})" if marks else "")


_MARKS: Final[Mapping[Work, tuple[str, ...]]] = {
    Work.NONE: (),
    Work.INDEXES: (),
    Work.REMOVAL: ("taken out of the graph",),
    Work.RELOAD: ("needs an empty graph",),
}


@dataclass(frozen=True, slots=True)
class _Rule:
    """What a change of one key means; the functions are given the value after it."""

    part: Part
    breaking: Callable[[Any], bool]
    work: Callable[[Any], Work]


def _rule(part: Part, breaking: bool, work: Work = Work.NONE) -> _Rule:
    return _Rule(part, lambda _: breaking, lambda _: work)


_TEXT = _rule(Part.TEXT, breaking=False)
# A grant by type or tag covers what the slice of the type declares; so another slice is another meaning.
_TAG = _rule(Part.CLASSIFICATION, breaking=True)
_NAME = _rule(Part.SETTING, breaking=True)
_UNKNOWN = _rule(Part.SETTING, breaking=True, work=Work.RELOAD)
# A graph may hold several of what there may be one of from now on.
_MANY = _Rule(Part.SETTING, lambda _: True, lambda many: Work.NONE if many else Work.RELOAD)
_OF_TYPE: Final = {
    "zh": _TEXT,
    "en": _TEXT,
    "plural": _NAME,
    "subjects": _rule(Part.SETTING, breaking=True, work=Work.INDEXES),
    "extensible": _rule(Part.SETTING, breaking=False),
    # Who subscribes is refused where changes are no longer told.
    "tells_changes": _Rule(Part.SETTING, lambda told: not told, lambda _: Work.NONE),
    "slice": _TAG,
}
_OF_FIELD: Final = {
    "zh": _TEXT,
    "en": _TEXT,
    "source": _TEXT,
    "value_words": _TEXT,
    "slice": _TAG,
    "kind": _TAG,
    "grade": _TAG,
    "personal": _TAG,
    "sensitive": _TAG,
    "scalar": _rule(Part.SETTING, breaking=True, work=Work.RELOAD),
    "indexed": _rule(Part.SETTING, breaking=False, work=Work.INDEXES),
    "searchable": _Rule(Part.SETTING, lambda after: not after, lambda _: Work.INDEXES),
    "matchable": _Rule(Part.SETTING, lambda after: not after, lambda _: Work.NONE),
}
_OF_ANSWER: Final = {"zh": _TEXT, "en": _TEXT, "slice": _TAG, "grade": _TAG, "personal": _TAG, "sensitive": _TAG}
_OF_EDGE: Final = {
    "zh": _TEXT,
    "en": _TEXT,
    "inverse_zh": _TEXT,
    "inverse_en": _TEXT,
    "slice": _TAG,
    "personal": _TAG,
    "name": _NAME,
    "inverse": _NAME,
    "many": _MANY,
    "inverse_many": _MANY,
}
_LISTS: Final = {"values": Part.VALUE, "masks": Part.MASK, "buckets": Part.BUCKET}
_DEPRECATED: Final = "deprecated"
_FREE_TEXT: Final = "free_text"


def differences(old: Outline, new: Outline) -> tuple[Change, ...]:
    """What changes from one outline to another: types first, then edges, then the case; empty if they are the same."""
    return (*_types(old["entities"], new["entities"]), *_edges(old["edges"], new["edges"]), *_case(old, new))


def work_of(changes: Sequence[Change]) -> Work:
    """The most that any of the changes asks of the graph."""
    order = list(Work)
    return max((each.work for each in changes), key=order.index, default=Work.NONE)


def _types(old: Outline, new: Outline) -> Iterator[Change]:
    for name in sorted(old.keys() | new.keys()):
        if name not in old:
            yield Change(Part.TYPE, How.ADDED, name, work=Work.INDEXES)
        elif name not in new:
            taken = Taken(label=name)
            yield Change(Part.TYPE, How.REMOVED, name, breaking=True, work=Work.REMOVAL, taken=taken)
        else:
            yield from _keys(name, old[name], new[name], _OF_TYPE, {"fields", "answers"})
            yield from _fields(name, old[name]["fields"], new[name]["fields"])
            yield from _answers(name, *(each[name].get("answers", {}) for each in (old, new)))


def _fields(entity: str, old: Outline, new: Outline) -> Iterator[Change]:
    for name in sorted(old.keys() | new.keys()):
        where = f"{entity}.{name}"
        if name not in old:
            yield Change(Part.FIELD, How.ADDED, where, work=Work.INDEXES)
        elif name not in new:
            taken = Taken(entity, (name, *_beside(name, old[name])))
            yield Change(Part.FIELD, How.REMOVED, where, breaking=True, work=Work.REMOVAL, taken=taken)
        else:
            yield from _field(entity, name, old[name], new[name])


def _field(entity: str, name: str, old: Outline, new: Outline) -> Iterator[Change]:
    where = f"{entity}.{name}"
    yield from _keys(where, old, new, _OF_FIELD, {*_LISTS, _DEPRECATED})
    yield from _deprecation(where, old.get(_DEPRECATED), new.get(_DEPRECATED))
    if beside := _beside(name, old) if not _beside(name, new) else ():
        taken = Taken(entity, beside)
        yield Change(Part.SETTING, How.REMOVED, where, "free text", work=Work.REMOVAL, taken=taken)
    for key, part in _LISTS.items():
        for change in _list(where, part, old[key], new[key]):
            is_value_gone = change.part is Part.VALUE and change.how is How.REMOVED
            yield _taking_value(change, entity, name) if is_value_gone else change


def _answers(entity: str, old: Outline, new: Outline) -> Iterator[Change]:
    """Answers stand in no node: the graph needs nothing, whatever becomes of them."""
    for name in sorted(old.keys() | new.keys()):
        where = f"{entity}.{name}"
        if name not in old:
            yield Change(Part.ANSWER, How.ADDED, where)
        elif name not in new:
            yield Change(Part.ANSWER, How.REMOVED, where, breaking=True)
        else:
            yield from _keys(where, old[name], new[name], _OF_ANSWER, default=_NAME)


def _deprecation(where: str, before: str | None, after: str | None) -> Iterator[Change]:
    """Clients are asked not to name a field any more, or may again; a query that names it is answered as before."""
    if before != after:
        how = How.CHANGED if before and after else How.ADDED if after else How.REMOVED
        yield Change(Part.DEPRECATION, how, where, before=before or "", after=after or "")


def _taking_value(change: Change, entity: str, field: str) -> Change:
    taken = Taken(entity, (field,), change.name)
    return Change(change.part, change.how, change.where, change.name, breaking=True, work=Work.REMOVAL, taken=taken)


def _beside(name: str, field: Outline) -> tuple[str, ...]:
    """The properties that the graph keeps beside a field."""
    if field["kind"] == _FREE_TEXT:
        return TextProperties(name).names
    return ("formerRegion",) if name == "region" else ()


def _edges(old: Outline, new: Outline) -> Iterator[Change]:
    for name in sorted(old.keys() | new.keys()):
        edge = new.get(name) or old[name]
        where = f"{edge['source']}.{edge['name']}"
        if name not in old:
            yield Change(Part.EDGE, How.ADDED, where, name)
        elif name not in new:
            taken = Taken(relationship=name)
            yield Change(Part.EDGE, How.REMOVED, where, name, breaking=True, work=Work.REMOVAL, taken=taken)
        else:
            yield from _keys(where, old[name], new[name], _OF_EDGE)


def _case(old: Outline, new: Outline) -> Iterator[Change]:
    before, after = old["case"] or {}, new["case"] or {}
    yield from _keys("case", before, after, {}, default=_rule(Part.CASE, breaking=True))


def _keys(
    where: str,
    old: Outline,
    new: Outline,
    rules: Mapping[str, _Rule],
    without: Iterable[str] = (),
    default: _Rule = _UNKNOWN,
) -> Iterator[Change]:
    for key in sorted((old.keys() | new.keys()) - set(without)):
        before, after = old.get(key), new.get(key)
        if before != after:
            rule = rules.get(key, default)
            texts = ("", "") if rule is _TEXT else (_text(before), _text(after))
            yield Change(rule.part, How.CHANGED, where, key, *texts, rule.breaking(after), rule.work(after))


def _list(where: str, part: Part, old: Sequence[Any], new: Sequence[Any]) -> Iterator[Change]:
    before, after = ({_key(each): each for each in listed} for listed in (old, new))
    # Whether a field is counted from an index follows from its buckets.
    work = Work.INDEXES if part is Part.BUCKET else Work.NONE
    for name in (each for each in before if each not in after):
        yield Change(part, How.REMOVED, where, name, breaking=True, work=work)
    for name in (each for each in after if each not in before):
        yield Change(part, How.ADDED, where, name, work=work)
    stayed = [name for name in before if name in after]
    for name in (each for each in stayed if before[each] != after[each]):
        texts = _text(before[name]), _text(after[name])
        yield Change(part, How.CHANGED, where, name, *texts, breaking=True, work=work)
    if stayed != (reordered := [name for name in after if name in before]):
        # A ladder's order says which of two masks reveals more.
        texts = _text(stayed), _text(reordered)
        yield Change(part, How.CHANGED, where, "order", *texts, breaking=part is Part.MASK)


def _key(item: Any) -> str:
    return str(item["name"] if isinstance(item, Mapping) else item)


def _text(value: Any) -> str:
    if isinstance(value, Mapping):
        return " ".join(f"{key}={_text(each)}" for key, each in value.items())
    if isinstance(value, list):
        return f"[{', '.join(map(_text, value))}]"
    if value is None:
        return "nothing"
    return str(value) if not isinstance(value, bool) else "yes" if value else "no"
