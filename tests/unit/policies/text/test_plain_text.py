"""Plain text: what becomes what, and where each character stood."""

from __future__ import annotations

import pytest

from policies.text.plain_text import PlainText, digits, normalise

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        *(("", ""), ("张三住这里", "张三住这里"), ("abc 12", "abc 12")),
        *(("１３８：（Ａ）", "138:(A)"), ("a\u3000b\u00a0c", "a b c"), ("𝟏𝟑𝟖", "138"), ("⼀⽅", "一方")),
        *(("١٣٨۰", "1380"), ("१३८०", "1380"), ("๑๓๘๐", "1380"), ("🯱🯳🯸", "138"), ("᠑᠓᠘", "138")),
        *(("陳鍾葉蕭雲", "陈钟叶萧云"), ("滬Ａ・魯B", "沪A・鲁B"), ("戶號門牌號碼", "户号门牌号码")),
        *(("1\u200b3\u200d8\ufeff0", "1380"), ("\u202e张\u202c三", "张三"), ("1️⃣3️⃣8️⃣", "138")),
        *(("张\u0336三\u0336", "张三"), ("e\u0301", "e"), ("é", "é"), ("\u00ad软", "软")),
        *(("①③⑧⓪", "1380"), ("①张三②李四", "①张三②李四"), ("1③⑧0", "1380"), ("①13812345678", "①13812345678")),
        *(("👍🏽好😀", "👍好😀"), ("𠮷野家", "𠮷野家"), ("a\tb\nc", "a\tb\nc"), ("\x00a\x1b", "a")),
    ],
)
def test_what_is_written_is_made_plain(written: str, plain: str) -> None:
    assert normalise(written).text == plain


@pytest.mark.parametrize(
    ("written", "plain", "covered"),
    [
        *(("张三", "三", "三"), ("😀张三😀", "张三", "张三"), ("𠮷１２", "12", "１２")),
        *(
            ("号1\u200b3\u200b8\u200b码", "138", "1\u200b3\u200b8"),
            ("叫张\u0336三\u0336。", "张三", "张\u0336三\u0336"),
        ),
        *(("打1️⃣2️⃣!", "12", "1️⃣2️⃣"), ("\u202e王五\u202c", "王五", "王五"), ("👩🏽张\ufe0f", "👩张", "👩🏽张\ufe0f")),
    ],
)
def test_a_plain_stretch_covers_what_was_written(written: str, plain: str, covered: str) -> None:
    normal = normalise(written)
    start = normal.text.index(plain)
    first, last = normal.span(start, start + len(plain))
    assert written[first:last] == covered


@pytest.mark.parametrize(("start", "end"), [(-1, 1), (0, 3), (2, 1)])
@pytest.mark.parametrize("written", ["张三", "张\u200b三"])
def test_a_span_outside_the_text_is_an_error(written: str, start: int, end: int) -> None:
    with pytest.raises(ValueError, match="outside"):
        normalise(written).span(start, end)


def test_an_empty_span_is_empty() -> None:
    assert normalise("a\u200bb").span(1, 1) == (2, 2)
    assert normalise("ab\u200b").span(2, 2) == (3, 3)


def test_plain_text_needs_no_table() -> None:
    assert normalise("市民张三来电，") == PlainText("市民张三来电,", "市民张三来电，", None)


@pytest.mark.parametrize(
    ("plain", "seen"),
    [
        *(("一三八零零一三八零零零", "13800138000"), ("壹叁捌 零零〇〇-五六", "138 0000-56")),
        *(("138一二三四5678", "13812345678"), ("幺三八洞洞拐两", "1380072"), ("三楼一号", "三楼一号")),
        *(("二〇二四年", "二〇二四年"), ("一二三四五", "12345"), ("住四门五零二室", "住四门五零二室")),
    ],
)
def test_spelled_numbers_are_digits_one_for_one(plain: str, seen: str) -> None:
    assert digits(plain) == seen
