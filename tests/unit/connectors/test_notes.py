"""What is noted about rows is said of one as of one."""

from __future__ import annotations

import pytest

from connectors.base import Note

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("text", "of_one"),
    [
        ("lines without any value are passed over", "1 line without any value is passed over"),
        (
            "rows repeat a number, the first is E7; all are told",
            "1 row repeats a number, the first is E7; all are told",
        ),
        ("files have other names, and are passed over", "1 file has other names, and is passed over"),
        (
            "values of 日期 hold a time; a date keeps the day alone",
            "1 value of 日期 holds a time; a date keeps the day alone",
        ),
        ("records less were given, twice", "1 record less was given, twice"),
        (
            "values of 性别 stand for an unknown one, and are null",
            "1 value of 性别 stands for an unknown one, and is null",
        ),
    ],
)
def test_one_row_is_told_in_the_singular_and_more_in_the_plural(text: str, of_one: str) -> None:
    assert Note("rule", text, 1).in_words == of_one
    assert Note("rule", text, 1_200).in_words == f"1,200 {text}"
    assert Note("rule", text).in_words == text
