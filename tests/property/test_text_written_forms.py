"""A number or name is found whole in every way of writing it and in every sentence around it.

`TEST_SEED` repeats a run.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Sequence

import pytest
from stdnum import luhn

from policies.detect import Detector
from policies.text.spans import Detection, PiiKind

pytestmark = pytest.mark.property
RULES, WHOLE = Detector(model=None), Detector()
CARRIERS = (
    *(
        "电话：{}",
        "手机{}",
        "联系电话{}。",
        "打{}找我",
        "请回电{}，谢谢",
        "来电人的号码是{}",
        "（{}）",
        "{}",
        "{}，无人接听",
    ),
    *("张女士{}反映漏水", "业主 {} 来电", "请拨打{}联系他", "机主{}欠费", "回访{}未接", "微信同号{}", "联系人王芳，{}"),
    *(
        "我的手机号为{}，请尽快",
        "住3号楼，{}",
        "1. {}",
        "tel:{}",
        "致电{}\n未接",
        "【{}】",
        "短信发到{}了",
        "通过{}联系",
    ),
    *("已电联{}", "家属电话：{}；", "夜间可打{}", "留言：{}"),
)
GAPS = (" ", "-", "  ", "·", "—", ".", "_", " - ", "*", "/", "\t", "\u3000", "\u2009", "~", "😀")
WIDE = str.maketrans("0123456789+-()", "０１２３４５６７８９＋－（）")
SPELLED = str.maketrans("0123456789", "零一二三四五六七八九")


def mobile(rng: random.Random) -> str:
    return rng.choice(("13", "15", "17", "18", "19")) + "".join(rng.choices("0123456789", k=9))


def grouped(number: str, gap: str, sizes: tuple[int, ...]) -> str:
    ends = itertools.accumulate(sizes, initial=0)
    return gap.join(number[start : start + size] for start, size in zip(ends, sizes, strict=False))


def with_a_zero(rng: random.Random) -> list[str]:
    """One mobile behind a 0, in each way of writing it."""
    number = mobile(rng)
    plain = [f"0{number}", f"+86 0{number}", f"+86(0){number}", f"0086-0{number}", f"(0){number}", f"860{number}"]
    apart = [f"0{gap}{grouped(number, gap, (3, 4, 4))}" for gap in GAPS]
    apart += [f"0{grouped(number, gap, (3, 4, 4))}" for gap in GAPS if gap != "."]
    apart += [f"0{gap}{number}" for gap in GAPS if gap != "."]
    apart += [" ".join(f"0{number}"), "-".join(f"0{number}"), "、".join(f"0{number}"), "\u200b".join(f"0{number}")]
    spelled = [f"0{number}".translate(SPELLED), f"零{number}", f"O{number}"]
    return [*plain, *apart, *spelled, *(each.translate(WIDE) for each in (*plain, *apart))]


def covered(found: Detection, start: int, end: int, kind: PiiKind) -> bool:
    return any(each.start <= start and end <= each.end and each.kind is kind for each in found.spans)


def missed(
    written: Sequence[str], kind: PiiKind, carriers: Sequence[str] = CARRIERS, detector: Detector = RULES
) -> list[str]:
    """Texts in which what was written is not found whole."""
    placed = [(carrier, shape) for carrier in carriers for shape in written]
    texts = [carrier.replace("{}", shape) for carrier, shape in placed]
    starts = [carrier.index("{}") for carrier, _ in placed]
    judged = zip(texts, starts, placed, detector.detect(texts), strict=True)
    return [text for text, at, (_, shape), found in judged if not covered(found, at, at + len(shape), kind)]


def test_case_5_03_a_zero_before_a_mobile_is_found_with_it(rng: random.Random) -> None:
    assert not missed(with_a_zero(rng), PiiKind.PHONE)


ORDERED = (
    "我5月下的单{}",
    "订单{}一直没发货",
    "{}这个订单要退",
    "单子{}",
    "单号是{}",
    "上周买的，{}，还没到",
    "编号 {} 的件",
)
CARDED = (
    "卡号{}",
    "银行卡：{}",
    "转到{}",
    "钱打到{}上",
    "账号为{}",
    "信用卡{}被盗刷",
    "{}这张卡",
    "退款到{}",
    "Visa {}",
)


def order_numbers(rng: random.Random, heads: tuple[str, ...]) -> list[str]:
    """Numbers of 16 to 20 digits that pass Luhn's check, as one in ten numbers does."""
    made = [head + "".join(rng.choices("0123456789", k=rng.randint(15, 18) - len(head))) for head in heads * 20]
    made += [f"{head}{rng.randint(0, 999):03}20260618{rng.randint(0, 9999):04}" for head in heads]
    return [each + str(luhn.calc_check_digit(each)) for each in made]


def test_case_5_07_a_right_check_digit_makes_no_card_of_an_order(rng: random.Random) -> None:
    other = order_numbers(rng, ("4", "45", "51", "22", "37", "90"))
    texts = [carrier.replace("{}", number) for carrier in ORDERED for number in other]
    texts += [carrier.replace("{}", each) for carrier in ORDERED[:5] for each in order_numbers(rng, ("62",))]
    texts.append("我5月下的单4500002026061801237")
    judged = zip(texts, RULES.detect(texts), strict=True)
    assert not [text for text, found in judged if any(each.kind is PiiKind.BANK_CARD for each in found.spans)]


@pytest.mark.parametrize("wrong", [0, 1])
def test_case_5_07_a_word_for_a_card_is_enough_even_where_the_check_digit_is_wrong(
    rng: random.Random, wrong: int
) -> None:
    numbers = [each[:-1] + str((int(each[-1]) + wrong) % 10) for each in order_numbers(rng, ("4", "51", "37", "62"))]
    texts = [carrier.replace("{}", number) for carrier in CARDED for number in numbers]
    starts = [carrier.index("{}") for carrier in CARDED for _ in numbers]
    judged = zip(texts, starts, numbers * len(CARDED), RULES.detect(texts), strict=True)
    missed = [text for text, at, number, found in judged if not covered(found, at, at + len(number), PiiKind.BANK_CARD)]
    assert not missed


def test_a_card_of_this_country_needs_no_word(rng: random.Random) -> None:
    numbers = [each for each in order_numbers(rng, ("6228", "6217")) if len(each) <= 19]
    texts = [f"交给他{number}，已办" for number in numbers]
    assert all(found.spans for found in RULES.detect(texts))


ESCAPES: tuple[Callable[[str], str], ...] = (
    *(lambda char: f"&#{ord(char)};", lambda char: f"&#x{ord(char):X};", lambda char: f"&#{ord(char):07};"),
    *(lambda char: f"\\u{ord(char):04x}", lambda char: f"\\\\u{ord(char):04X}", lambda char: f"%u{ord(char):04X}"),
    *(lambda char: f"\\u{{{ord(char):x}}}", lambda char: f"&amp;#{ord(char)};", lambda char: f"\\U{ord(char):08x}"),
    *(lambda char: "".join(f"%{each:02X}" for each in char.encode()),),
    *(lambda char: "".join(f"={each:02X}" for each in char.encode()),),
    *(lambda char: "".join(f"=\n={each:02X}" for each in char.encode())[2:],),
    *(lambda char: "".join(f"\\x{each:02x}" for each in char.encode()),),
    *(lambda char: "".join(f"%25{each:02x}" for each in char.encode()),),
    *(lambda char: "".join(f"%{each:02X}" for each in char.encode("gb18030")),),
)
HIDDEN = (
    *("&#8203;", "&ZeroWidthSpace;", "&zwnj;", "&shy;", "<wbr>", "<b></b>", "</span><span class='a'>", "<!-- x -->"),
    *("=\n", "\u200b", "\\u200b", "&#xFEFF;", "[b][/b]", "&lt;b&gt;&lt;/b&gt;", "<font color=red></font>", "%E2%80%8B"),
)
"""What is not seen between two characters."""
APART = (
    *("&nbsp;", "&#160;", "&ensp;", "&emsp;", "&thinsp;", "&nbsp;&nbsp;", "&#45;", "&ndash;", "&middot;", "&amp;nbsp;"),
    *("<br>", "</td><td>", "\\u0020", "%20", "&period;", "&#32;", "&hyphen;", "&minus;", "&bull;", " <b>", "</b>-"),
)
NUMBERED = (
    (PiiKind.PHONE, "19903210001", (3, 4, 4), CARRIERS),
    (PiiKind.PHONE, "019903210001", (4, 4, 4), CARRIERS),
    (PiiKind.CN_ID, "140321195703129022", (6, 8, 4), ("身份证{}", "证件号码：{}，", "{}", "本人{}申请", "租客（{}）")),
    (PiiKind.BANK_CARD, "6228480402564890018", (4, 4, 4, 4, 3), ("卡号{}", "打到{}。", "{}", "账号：{}，请查")),
    (PiiKind.PLATE, "晋C12345", (2, 3, 2), ("车牌{}", "{}占道", "一辆（{}）停在门口")),
)


def in_markup(number: str, sizes: tuple[int, ...]) -> list[str]:
    """One number, escaped, with markup between its characters, and in groups with markup between them."""
    shapes = ["".join(map(escape, number)) for escape in ESCAPES]
    shapes += ["".join(map(escape, number[:4])) + number[4:] for escape in ESCAPES]
    shapes += [number[:-1] + escape(number[-1]) for escape in ESCAPES]
    shapes += [hidden.join(number) for hidden in HIDDEN]
    shapes += [grouped(number, hidden, sizes) for hidden in HIDDEN]
    return [*shapes, *(grouped(number, gap, sizes) for gap in APART)]


@pytest.mark.parametrize(("kind", "number", "sizes", "carriers"), NUMBERED, ids=lambda each: str(each)[:12])
def test_case_5_05_a_number_is_found_through_markup_and_escapes(
    kind: PiiKind, number: str, sizes: tuple[int, ...], carriers: tuple[str, ...]
) -> None:
    assert not missed(in_markup(number, sizes), kind, carriers)


@pytest.mark.slow
def test_case_5_05_a_name_is_found_through_markup_and_escapes() -> None:
    shapes = ["".join(map(escape, "祁慧兰")) for escape in ESCAPES] + [hidden.join("祁慧兰") for hidden in HIDDEN]
    carriers = ("来电人：{}，反映漏水", "租客{}来访", "<td>姓名</td><td>{}</td>", "户主<b>{}</b>的电话")
    assert not missed(shapes, PiiKind.PERSON, carriers, WHOLE)
    assert not missed(["".join(map(escape, "王女士")) for escape in ESCAPES], PiiKind.PERSON, ("{}反映漏水",), WHOLE)


def test_case_5_05_what_stands_inside_a_tag_is_found_too() -> None:
    carriers = ("<a href='tel:{}'>拨打</a>", '<input value="{}">', "<img alt={} src=x>", "&lt;a title='{}'&gt;")
    assert not missed(["19903210001", "&#49;9903210001", "199 0321 0001"], PiiKind.PHONE, carriers)
    assert not missed(["qi<at>example.com"], PiiKind.EMAIL, ("邮箱{}", "<b>{}</b>"))
