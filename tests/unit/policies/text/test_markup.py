"""What is written in markup or escapes is read as it is meant, and each character knows where it was written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.text.markup import unescape
from policies.text.plain_text import readings

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        *(
            ("1&nbsp;2", "1 2"),
            ("1&nbsp2", "1 2"),
            ("&#49;&#x32;&#0051;", "123"),
            ("&#49&#50", "12"),
            ("&middot;", "·"),
        ),
        *(("\\u5f20\\u654f", "张敏"), ("\\\\u0031", "1"), ("\\ud842\\udfb7田", "𠮷田"), ("\\u{1F600}", "😀")),
        *(("%u5F20%31", "张1"), ("%E5%BC%A0", "张"), ("%D5%C5", "张"), ("%2531", "1"), ("\\xe5\\xbc\\xa0", "张")),
        *(
            ("\\345\\274\\240", "张"),
            ("=E5=BC=A0", "张"),
            ("=E5=\n=BC=A0", "张"),
            ("1=\r\n2", "12"),
            ("a\\/b\\n", "a/b\n"),
        ),
        *(("&amp;amp;#49;", "1"), ("&lt;b&gt;", "<b>"), ("&ZeroWidthSpace;", ""), ("＆＃４９；", "1")),
    ],
)
def test_an_escape_is_read_as_what_it_stands_for(written: str, meant: str) -> None:
    assert meant in {each.text for each in readings(written)[1:]}


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        *(("<b>1</b>2", "12"), ("<span style='x'>1</span>2", "12"), ("[b]1[/b]2", "12"), ("1<!-- 9 -->2", "12")),
        *(("<td>1</td>\n <td>2</td>", "\n1\n2\n"), ("1<br/>2", "1\n2"), ("<name>a</name><phone>1</phone>", " a 1 ")),
        *(("<![CDATA[1]]>2", "12"), ("&lt;b&gt;1&lt;/b&gt;2", "12"), ("<w:t>1</w:t></w:r><w:r><w:t>2</w:t>", "12")),
    ],
)
def test_tags_part_words_or_do_not(written: str, meant: str) -> None:
    last = readings(written)[-1]
    assert last.text.replace("\n", " ") == meant.replace("\n", " ")


@pytest.mark.parametrize(
    "text",
    [
        *(
            "涨幅20%以上",
            "a < b",
            "C:\\temp",
            "&13800138000;",
            "&nothing;",
            "50%10月",
            "x==y",
            "[注]",
            "\\ud842",
            "&#9999999;",
        ),
        *("路灯不亮", "<3", "&", "%zz", "=E5", "%FF%FE"),
    ],
)
def test_what_stands_for_nothing_stays(text: str) -> None:
    assert unescape(text, tags=True) is None
    assert [each.text for each in readings(text)] == [readings(text)[0].text]


def test_each_character_knows_where_it_was_written() -> None:
    written = "号\u200b：&#49;<b>\u200b3</b>&amp;#56;"
    last = readings(written)[-1]
    assert last.text == "号:138"
    places = [written[slice(*last.span(at, at + 1))] for at in range(5)]
    assert places == ["号", "：", "&#49;", "3", "&amp;#56;"]
    assert written[slice(*last.span(2, 5))] == "&#49;<b>\u200b3</b>&amp;#56;"


PIECES = st.sampled_from(
    [
        "&",
        "#",
        "49",
        ";",
        "<",
        "b",
        ">",
        "/",
        "%",
        "31",
        "E5",
        "\\u",
        "0031",
        "=",
        "\n",
        "张",
        "\u200b",
        "nbsp",
        "[",
        "]",
        "!--",
    ]
)


@given(st.lists(PIECES, max_size=30).map("".join))
def test_places_are_ordered_and_within_the_text(text: str) -> None:
    for each in readings(text):
        places = [each.span(at, at + 1) for at in range(len(each.text))]
        assert all(0 <= start < end <= len(text) for start, end in places)
        assert places == sorted(places)
