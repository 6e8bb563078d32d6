"""Each difference of two catalogues is told, with what it means for clients and for the graph."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from schema import SPINE
from schema.changes.differences import Change, How, Part, Taken, Work, differences, work_of
from schema.outline import version_of

pytestmark = pytest.mark.unit

Outline = dict[str, Any]
Edit = Callable[[Outline], object]
OUTLINE: Outline = dict(SPINE.outline)
PICKLED = pickle.dumps(OUTLINE)
PERSON = ("entities", "Person")
UNIT_NAME = ("entities", "Unit", "fields", "name")
PHONE = (*PERSON, "fields", "phone")
LIVES_IN = ("edges", "LIVES_IN")


def at(outline: Outline, *path: str | int) -> Any:
    """What stands at a path."""
    found: Any = outline
    for each in path:
        found = found[each]
    return found


def edited(edit: Edit) -> Outline:
    outline: Outline = pickle.loads(PICKLED)  # a tenth of the time of a deep copy
    edit(outline)
    return outline


def put(*path: str | int, value: Any) -> Edit:
    def edit(outline: Outline) -> None:
        at(outline, *path[:-1])[path[-1]] = value

    return edit


def drop(*path: str | int) -> Edit:
    return lambda outline: at(outline, *path[:-1]).pop(path[-1])


def change_list(*path: str | int, by: Callable[[list[Any]], object]) -> Edit:
    return lambda outline: by(at(outline, *path))


def adding(entity: str = "Vehicle") -> Edit:
    return lambda outline: outline["entities"].update({entity: copy.deepcopy(at(outline, *PERSON))})


TEXTS = ("textSpans", "textCheck", "textWords", "textDetector", "textDetectedAt")
CASES: dict[str, tuple[Edit, Part, How, str, bool, Work, Taken | None]] = {
    "type added": (adding(), Part.TYPE, How.ADDED, "Vehicle", False, Work.INDEXES, None),
    "type removed": (
        drop("entities", "Event"), Part.TYPE, How.REMOVED, "Event", True, Work.REMOVAL, Taken("Event"),
    ),
    "field added": (
        lambda outline: at(outline, *PERSON, "fields").update(nickname=copy.deepcopy(at(outline, *PHONE))),
        Part.FIELD, How.ADDED, "Person.nickname", False, Work.INDEXES, None,
    ),
    "field removed": (
        drop(*PHONE), Part.FIELD, How.REMOVED, "Person.phone", True, Work.REMOVAL, Taken("Person", ("phone",)),
    ),
    "free text removed": (
        drop("entities", "Event", "fields", "text"),
        Part.FIELD, How.REMOVED, "Event.text", True, Work.REMOVAL, Taken("Event", ("text", *TEXTS)),
    ),
    "place removed": (
        drop(*PERSON, "fields", "region"),
        Part.FIELD, How.REMOVED, "Person.region", True, Work.REMOVAL, Taken("Person", ("region", "formerRegion")),
    ),
    "edge added": (
        lambda outline: outline["edges"].update(OWNS=copy.deepcopy(at(outline, *LIVES_IN))),
        Part.EDGE, How.ADDED, "Person.dwellings", False, Work.NONE, None,
    ),
    "edge removed": (
        drop(*LIVES_IN),
        Part.EDGE, How.REMOVED, "Person.dwellings", True, Work.REMOVAL, Taken(relationship="LIVES_IN"),
    ),
    "edge renamed": (
        put(*LIVES_IN, "inverse", value="dwellers"),
        Part.SETTING, How.CHANGED, "Person.dwellings", True, Work.NONE, None,
    ),
    "edge leads elsewhere": (
        put(*LIVES_IN, "target", value="Building"),
        Part.SETTING, How.CHANGED, "Person.dwellings", True, Work.RELOAD, None,
    ),
    "one of many": (
        put(*LIVES_IN, "many", value=False), Part.SETTING, How.CHANGED, "Person.dwellings", True, Work.RELOAD, None,
    ),
    "value added": (
        change_list(*PERSON, "fields", "gender", "values", by=lambda each: each.append("UNKNOWN")),
        Part.VALUE, How.ADDED, "Person.gender", False, Work.NONE, None,
    ),
    "value removed": (
        change_list(*PERSON, "fields", "residency", "values", by=lambda each: each.remove("LODGER")),
        Part.VALUE, How.REMOVED, "Person.residency", True, Work.REMOVAL, Taken("Person", ("residency",), "LODGER"),
    ),
    "values in another order": (
        change_list(*PERSON, "fields", "residency", "values", by=list.reverse),
        Part.VALUE, How.CHANGED, "Person.residency", False, Work.NONE, None,
    ),
    "mask added": (
        change_list(*PHONE, "masks", by=lambda each: each.insert(1, "partial(0,2)")),
        Part.MASK, How.ADDED, "Person.phone", False, Work.NONE, None,
    ),
    "mask removed": (
        change_list(*PHONE, "masks", by=list.pop), Part.MASK, How.REMOVED, "Person.phone", True, Work.NONE, None,
    ),
    "ladder in another order": (
        change_list(*PHONE, "masks", by=list.reverse), Part.MASK, How.CHANGED, "Person.phone", True, Work.NONE, None,
    ),
    "bucket added": (
        change_list(*PHONE, "buckets", by=lambda each: each.append({"name": "p", "kind": "value", "level": None})),
        Part.BUCKET, How.ADDED, "Person.phone", False, Work.INDEXES, None,
    ),
    "bucket removed": (
        change_list(*PERSON, "fields", "birthDate", "buckets", by=list.pop),
        Part.BUCKET, How.REMOVED, "Person.birthDate", True, Work.INDEXES, None,
    ),
    "bucket changed": (
        put(*PERSON, "fields", "birthDate", "buckets", 0, "kind", value="words"),
        Part.BUCKET, How.CHANGED, "Person.birthDate", True, Work.INDEXES, None,
    ),
    "grade": (
        put(*PHONE, "grade", value="core"), Part.CLASSIFICATION, How.CHANGED, "Person.phone", True, Work.NONE, None,
    ),
    "personal": (
        put(*PHONE, "personal", value=False),
        Part.CLASSIFICATION, How.CHANGED, "Person.phone", True, Work.NONE, None,
    ),
    "another slice": (
        put(*PHONE, "slice", value="health"),
        Part.CLASSIFICATION, How.CHANGED, "Person.phone", True, Work.NONE, None,
    ),
    "an edge is personal": (
        put(*LIVES_IN, "personal", value=False),
        Part.CLASSIFICATION, How.CHANGED, "Person.dwellings", True, Work.NONE, None,
    ),
    "words for people": (
        put(*PHONE, "zh", value="电话"), Part.TEXT, How.CHANGED, "Person.phone", False, Work.NONE, None,
    ),
    "deprecated": (
        put(*PHONE, "deprecated", value="Use mobile"),
        Part.DEPRECATION, How.ADDED, "Person.phone", False, Work.NONE, None,
    ),
    "what a value is called": (
        put(*PERSON, "fields", "gender", "value_words", 0, "zh", value="男性"),
        Part.TEXT, How.CHANGED, "Person.gender", False, Work.NONE, None,
    ),
    "scalar": (
        put(*PHONE, "scalar", value="Int"), Part.SETTING, How.CHANGED, "Person.phone", True, Work.RELOAD, None,
    ),
    "indexed": (
        put(*PHONE, "indexed", value=False), Part.SETTING, How.CHANGED, "Person.phone", False, Work.INDEXES, None,
    ),
    "searched for words": (
        put(*PHONE, "searchable", value=True), Part.SETTING, How.CHANGED, "Person.phone", False, Work.INDEXES, None,
    ),
    "no search any more": (
        put(*UNIT_NAME, "searchable", value=False), Part.SETTING, How.CHANGED, "Unit.name", True, Work.INDEXES, None,
    ),
    "no match any more": (
        put(*PHONE, "matchable", value=False), Part.SETTING, How.CHANGED, "Person.phone", True, Work.NONE, None,
    ),
    "plural": (put(*PERSON, "plural", value="persons"), Part.SETTING, How.CHANGED, "Person", True, Work.NONE, None),
    "whom it tells about": (
        put("entities", "Region", "subjects", value=[]), Part.SETTING, How.CHANGED, "Region", True, Work.INDEXES, None,
    ),
    "case": (put("case", "department", value="status"), Part.CASE, How.CHANGED, "case", True, Work.NONE, None),
    "something new in a field": (
        put(*PHONE, "retained", value=30), Part.SETTING, How.CHANGED, "Person.phone", True, Work.RELOAD, None,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_each_kind_of_change_says_what_it_means(name: str) -> None:
    edit, *expected = CASES[name]
    (change,) = differences(OUTLINE, edited(edit))
    found = (change.part, change.how, change.where, change.breaking, change.work, change.taken)
    assert found == tuple(expected)


def test_a_text_that_is_none_any_more_leaves_what_stood_beside_it() -> None:
    found = differences(OUTLINE, edited(put("entities", "Event", "fields", "text", "kind", value="code")))
    assert [(each.part, each.work, each.taken) for each in found] == [
        (Part.CLASSIFICATION, Work.NONE, None),
        (Part.SETTING, Work.REMOVAL, Taken("Event", TEXTS)),
    ]


def test_a_deprecation_is_told_whatever_becomes_of_it() -> None:
    first, other = (edited(put(*PHONE, "deprecated", value=reason)) for reason in ("Use mobile", "Use contact"))
    told = [
        str(each) for old, new in ((OUTLINE, first), (first, other), (first, OUTLINE)) for each in differences(old, new)
    ]
    assert told == [
        "Person.phone: deprecation added",
        "Person.phone: deprecation changed from Use mobile to Use contact",
        "Person.phone: deprecation removed",
    ]


def test_a_catalogue_does_not_differ_from_itself() -> None:
    assert differences(OUTLINE, copy.deepcopy(OUTLINE)) == ()


def leaves(node: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """The path of everything in an outline but of itself."""
    within = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, each in within:
        yield (*path, key)
        yield from leaves(each, (*path, key))


def mutations(outline: Outline, path: tuple[str | int, ...]) -> Iterator[Edit]:
    """What may be done to one place without which the outline would be no outline."""
    value = at(outline, *path)
    if isinstance(value, bool):
        yield put(*path, value=not value)
    elif isinstance(value, str):
        yield put(*path, value=f"{value}x")
    elif value is None:
        yield put(*path, value="x")
    elif isinstance(value, list):
        yield put(*path, value=[*value, {"name": "x"} if path[-1] == "buckets" else "x"])
        if len(value) > 1:
            yield put(*path, value=value[::-1])
    if isinstance(path[-1], int) or (len(path) > 1 and path[-2] in {"entities", "fields", "edges"}):
        yield drop(*path)


def test_every_single_mutation_is_told_both_ways() -> None:
    told = 0
    for path in leaves(OUTLINE):
        for edit in mutations(OUTLINE, path):
            other = edited(edit)
            if version_of(other) == version_of(OUTLINE):
                continue
            told += 1
            assert differences(OUTLINE, other), path
            assert differences(other, OUTLINE), path
    assert told > 1_000


def test_the_most_that_is_asked_of_a_graph() -> None:
    def change(work: Work) -> Change:
        return Change(Part.FIELD, How.CHANGED, "Person.phone", work=work)

    assert work_of([]) is Work.NONE
    assert work_of([change(Work.INDEXES), change(Work.RELOAD), change(Work.REMOVAL)]) is Work.RELOAD
    assert work_of([change(Work.REMOVAL), change(Work.INDEXES), change(Work.NONE)]) is Work.REMOVAL


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("type added", "Vehicle: type added"),
        ("field removed", "Person.phone: field removed (breaking; taken out of the graph)"),
        ("edge removed", "Person.dwellings: edge LIVES_IN removed (breaking; taken out of the graph)"),
        ("value added", "Person.gender: value UNKNOWN added"),
        ("scalar", "Person.phone: setting scalar changed from String to Int (breaking; needs an empty graph)"),
        ("personal", "Person.phone: classification personal changed from yes to no (breaking)"),
        ("words for people", "Person.phone: text zh changed"),
        ("case", "case: case department changed from handlingDepartment to status (breaking)"),
    ],
)
def test_a_change_is_one_line(name: str, line: str) -> None:
    assert [str(each) for each in differences(OUTLINE, edited(CASES[name][0]))] == [line]
