"""When a purpose has ended, and from when on its data is to be gone."""

from __future__ import annotations

import datetime as dt

import pytest

from policies.collecting.endings import due_to_purge, end_of, ended, in_words, overdue
from policies.model import Purpose
from policies.yaml_models import purposes_of

pytestmark = pytest.mark.unit

DAY = dt.date(2026, 6, 30)
NEXT, BEFORE = dt.date(2026, 7, 1), dt.date(2026, 6, 29)


def purposes(**ends: tuple[dt.date | None, dt.date | None]) -> dict[str, Purpose]:
    """Purposes by id, `_` for a dot, each with `expires` and `purge`."""
    each = {name.replace("_", "."): days for name, days in ends.items()}
    return {name: Purpose(name, "", "", expires=expires, purge=purge) for name, (expires, purge) in each.items()}


# What the tree says, the purpose, its first day after the end, and who says so.
ENDS = [
    (purposes(a=(None, None)), "a", None, None),
    (purposes(a=(DAY, None)), "a", NEXT, "a"),
    (purposes(a=(None, DAY)), "a", DAY, "a"),
    (purposes(a=(DAY, DAY)), "a", DAY, "a"),
    (purposes(a=(DAY, NEXT)), "a", NEXT, "a"),
    (purposes(a=(DAY, None), a_b=(None, None)), "a.b", NEXT, "a"),
    (purposes(a=(DAY, None), a_b=(BEFORE, None)), "a.b", DAY, "a.b"),
    (purposes(a=(BEFORE, None), a_b=(DAY, None)), "a.b", DAY, "a"),
    (purposes(a=(None, None), a_b=(DAY, None)), "a", None, None),
    (purposes(a=(DAY, None)), "a.gone.since", NEXT, "a"),
    (purposes(a=(DAY, None)), "ab", None, None),
]


@pytest.mark.parametrize(("tree", "purpose", "since", "by"), ENDS)
def test_a_purpose_ends_with_the_first_of_its_line(
    tree: dict[str, Purpose], purpose: str, since: dt.date | None, by: str | None
) -> None:
    end = end_of(tree, purpose)
    assert (end and end.since, end and end.purpose.id) == (since, by)
    if since is not None:
        assert ended(tree, purpose, since) == end
        assert ended(tree, purpose, since - dt.timedelta(days=1)) is None


def test_what_is_due_is_told_once_for_a_line() -> None:
    tree = purposes(a=(None, DAY), a_b=(None, BEFORE), c=(DAY, NEXT), d=(DAY, None), e_f=(None, BEFORE))
    assert [each.id for each in due_to_purge(tree, DAY)] == ["a", "e.f"]
    assert [each.id for each in due_to_purge(tree, NEXT)] == ["a", "c", "e.f"]
    assert [each.id for each in due_to_purge(tree, BEFORE)] == ["a.b", "e.f"]


def test_only_what_is_held_is_overdue() -> None:
    tree = purposes(a=(None, DAY), c=(DAY, DAY))
    assert [each.id for each in overdue(tree, ["a.b", "cc"], DAY)] == ["a"]
    assert overdue(tree, ["a.b", "c"], BEFORE) == ()
    assert in_words(tree["a"]) == (
        "the data collected for a had to be deleted by 2026-06-30, and is in the graph; remove it with: sluicegate "
        "purge a"
    )


def test_purposes_are_read_where_the_rest_does_not_load() -> None:
    never = "prohibitions: [{id: p, prohibit: [No.such], for: [a], basis: b}]"
    text = f"purposes: [{{id: a, zh: x, en: X, purge: 2026-06-30}}]\n{never}\n"
    assert purposes_of({"p.yaml": text.encode()})["a"].purge == DAY
