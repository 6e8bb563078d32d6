"""Which columns of invented registers are called personal: how many are found, and how many are called so wrongly."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from connectors.drafts.columns import columns_of
from connectors.drafts.personal_kinds import SHARE, personal_kind
from hub.ingest.trial.name_cells import looks_like_name
from tests.support.sources import register_columns
from tests.support.sources.register_columns import Known, known_columns

pytestmark = pytest.mark.unit

SEED = 7
MEASURED = {
    # kind: columns of it, found as it, and called so though they are something else
    "name": (18, 18, 3),
    "id": (11, 11, 0),
    "phone": (14, 14, 0),
    "address": (4, 4, 0),
    "birth": (2, 2, 0),
    "account": (5, 5, 0),
    "sensitive": (2, 2, 0),
    "attribute": (2, 2, 0),
    "text": (3, 3, 0),
}
"""Recall is found / columns (1.0 for each kind), precision of `name` 18 / 21."""
TAKEN_FOR_PERSONAL = {
    "names of places": "name",
    "brands that are called like people": "name",
    "lanes that begin with a surname": "name",
}
"""Columns in which nothing is personal, and what they are called."""


def kind_of(known: Known) -> str | None:
    (column,) = columns_of([known.header], [[cell] for cell in known.cells])
    found = personal_kind(column, looks_like_name)
    return found[0].name if found else None


def test_what_is_found_and_what_is_called_personal_wrongly() -> None:
    every = [(each, kind_of(each)) for each in known_columns(SEED)]
    there = Counter(each.kind for each, _ in every if each.kind)
    found = Counter(each.kind for each, kind in every if kind is not None and kind == each.kind)
    wrong = Counter(kind for each, kind in every if kind is not None and kind != each.kind)
    assert {name: (there[name], found[name], wrong[name]) for name in there} == MEASURED
    assert {each.what: kind for each, kind in every if kind is not None and each.kind is None} == TAKEN_FOR_PERSONAL


@pytest.mark.parametrize("seed", range(1, 6))
def test_no_column_of_people_passes_for_something_else(seed: int) -> None:
    missed = [each.what for each in known_columns(seed) if each.kind is not None and kind_of(each) is None]
    assert missed == []


@pytest.mark.parametrize(
    ("kind", "one"),
    [("id", register_columns.resident_id), ("phone", register_columns.mobile), ("name", register_columns.person)],
)
@pytest.mark.parametrize("every", [5, 8])
def test_one_cell_in_five_is_enough(kind: str, one: register_columns.Make, every: int) -> None:
    rng = random.Random(SEED)
    cells = [one(rng) if at % every == 0 else f"x{at}" for at in range(300)]
    known = Known("列", None, "", tuple(cells))
    assert SHARE == 0.2
    assert (kind_of(known) == kind) == (every == 5)


@pytest.mark.parametrize(
    "text",
    [
        "祁慧兰",
        "葛平",
        "欧阳慧兰",
        "张 敏",
        "买买提·阿不都拉",
        "张某某",
        "王*",
        "李师傅",
        "张女士",
        "张伟、李强",
        "John Smith",
    ],
)
def test_a_name_is_told(text: str) -> None:
    assert looks_like_name(text)


@pytest.mark.parametrize(
    "text", ["", "、", "有限公司", "高中", "和平社区", "正常", "PD00001", "19903210001", "张庄镇", "汉族"]
)
def test_what_is_no_name_is_not(text: str) -> None:
    assert not looks_like_name(text)
