"""Whether notes follow each other: what is missing between two readings is never taken for nothing."""

from __future__ import annotations

import pytest

from hub.graph.change_notes import Note, Notes

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("last", "head", "numbers", "follow"),
    [
        (4, 4, (), True),
        (4, 6, (5, 6), True),
        (4, 900, (5, 6), True),
        (4, 6, (6,), False),
        (4, 6, (), False),
        (4, 2, (), False),
    ],
    ids=["nothing new", "all", "the first of many", "a gap", "forgotten", "another graph"],
)
def test_notes_follow_a_number(last: int, head: int, numbers: tuple[int, ...], follow: bool) -> None:
    notes = Notes(head, tuple(Note(each, "Event", ("a",)) for each in numbers))
    assert notes.follow(last) is follow
