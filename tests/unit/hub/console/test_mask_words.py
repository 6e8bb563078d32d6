"""Each mask that the catalogue offers is said in words, in both languages."""

from __future__ import annotations

import pytest

from hub.console.mask_words import mask_in_words
from hub.console.words import all_words
from schema import SPINE
from schema.declarations import Field

pytestmark = pytest.mark.unit

MASKS = sorted({mask for _, each in SPINE.coordinates() if isinstance(each, Field) for mask in each.masks})


@pytest.mark.parametrize("mask", MASKS)
def test_each_mask_of_the_catalogue_has_words_of_its_own(mask: str) -> None:
    zh, en = (mask_in_words(mask, all_words()[language]) for language in ("zh", "en"))
    assert zh != en
    assert mask not in {zh, en}
    assert "{" not in zh + en
    others = [mask_in_words(each, all_words()["zh"]) for each in MASKS if each != mask]
    assert zh not in others


@pytest.mark.parametrize(
    ("mask", "said"),
    [
        ("partial(3,4)", "仅显示前 3 位和后 4 位"),
        ("partial(0,4)", "仅显示后 4 位"),
        ("partial(2,0)", "仅显示前 2 位"),
        ("region(STREET)", "区划仅到街道"),
        ("address(estate)", "地址仅到小区或村"),
        ("text(surname,phone4)", "文本中的个人信息以占位词代替，仅留姓氏和电话后四位"),
        ("round(1000)", "取整到 1000 的倍数"),
    ],
)
def test_parameters_are_said(mask: str, said: str) -> None:
    assert mask_in_words(mask, all_words()["zh"]) == said
