"""The last four digits of a telephone are those of the number, however it and its extension are written."""

from __future__ import annotations

import datetime as dt

import pytest

from policies import masking
from policies.detect import Detector
from policies.text.phone_tail import phone_tail
from policies.text.spans import FreeText, encode

pytestmark = pytest.mark.unit
RULES = Detector(model=None)
TODAY = dt.date(2026, 6, 30)
LINES = ("0353-6012345", "03536012345", "(0353)6012345", "0353 601 2345", "０３５３－６０１２３４５", "+86-353-6012345")
EXTENSIONS = (
    *(
        "转801",
        "-801",
        " - 801",
        "分机801",
        "转分机801",
        "，分机号：801",
        "（分机801）",
        "(801)",
        "（转801）",
        "#801",
        "*801",
    ),
    *(
        " ext.801",
        " ext 801",
        " Ext: 801",
        " extension 801",
        " x801",
        " 801分机",
        "按801",
        "，转8001",
        "轉８０１",
        "—801",
    ),
)


@pytest.mark.parametrize("line", LINES)
@pytest.mark.parametrize("extension", EXTENSIONS)
def test_case_5_02_the_tail_is_that_of_the_number_and_not_of_its_extension(line: str, extension: str) -> None:
    assert phone_tail(line + extension) == "2345"
    text = f"来电人座机{line}{extension}，请回电。"
    (found,) = RULES.detect([text])
    shown = masking.mask_fetched("text(phone4)", FreeText(text, encode(found.spans)), TODAY, b"")
    assert "【电话尾号2345】" in shown
    assert "6012345" not in shown


@pytest.mark.parametrize("local", ["6012345", "60123456"])
@pytest.mark.parametrize("extension", ["转801", "-801", "分机801", " ext.801", "#801"])
def test_case_5_02_a_local_number_has_a_tail_too(local: str, extension: str) -> None:
    assert phone_tail(local + extension) == local[-4:]


@pytest.mark.parametrize(
    ("written", "tail"),
    [
        *(
            ("13800138000", "8000"),
            ("138-0013-8000", "8000"),
            ("+86 138 0013 8000", "8000"),
            ("0138 0013 8000", "8000"),
        ),
        *(("138 0013 8000转1234", "8000"), ("13800138000-1234", "8000"), ("一三八零零一三八零零零", "8000")),
        *(("010-6012-3456", "3456"), ("(010) 6012 3456", "3456"), ("6012-3456", "3456"), ("60 12 34 56", "3456")),
        *(("+852 2345 6789", "6789"), ("00852-2345-6789", "6789"), ("+1 212 555 0123", "0123")),
    ],
)
def test_the_tail_of_a_number_without_an_extension(written: str, tail: str) -> None:
    assert phone_tail(written) == tail


@pytest.mark.parametrize(
    "written",
    [
        *("", "5012", "12345", "138001380001", "1380013800", "13800138000、13900139000", "0353-6012345 6"),
        *("电话13800138000", "6012345或6012346", "转801", "12345678901234567890"),
    ],
)
def test_there_is_no_tail_of_what_is_not_one_number_for_certain(written: str) -> None:
    assert phone_tail(written) is None
