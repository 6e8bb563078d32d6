"""Cutting keeps every character outside the spans and none inside; what is no list of spans leaves nothing of the text.

And masking twice changes nothing, with what the real detector finds in the masked text. `TEXT_MASK_TEXTS` sets how many
texts it judges twice; `TEST_SEED` repeats a run.
"""

from __future__ import annotations

import datetime as dt
import itertools
import os
import random
from pathlib import Path

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from policies import masking
from policies.detect import Detector
from policies.text.labelled_sets import read
from policies.text.masked_text import LABELS, PARTS, PLACEHOLDER, replace_spans, replacements
from policies.text.plain_text import digits, normalise, readings
from policies.text.spans import KINDS, FreeText, PiiKind, Span, SpansError, decode, encode, without_overlap
from tests.support.oracle import free_texts

pytestmark = pytest.mark.property
TODAY = dt.date(2026, 6, 30)
TEXTS_JUDGED = int(os.environ.get("TEXT_MASK_TEXTS", "1500"))
RUNGS = ("text", "text(phone4)", "text(surname)", "text(surname,phone4)")
SETS = sorted((Path(__file__).parents[1] / "pii").glob("*.jsonl"))
LETTERS = (
    *("张", "陳", "歐", "𠮷", "😀", "👩🏽‍💻", "🇨🇳", "1️⃣", "é", "e\u0301", "Ａ", "１", "7", "一", "壹", "\u3000", " "),
    *("\u200b", "\u200d", "\u202e", "\ufeff", "\ufe0f", "\x00", "\n", "，", "【姓名】", "【姓", "【", "】", "\ud83d"),
)
TEXTS = st.one_of(st.lists(st.sampled_from(LETTERS), max_size=30).map("".join), st.text(max_size=30))


@st.composite
def spanned(draw: st.DrawFn) -> tuple[str, tuple[Span, ...]]:
    """A text, and spans of it in order and without overlap."""
    text = draw(TEXTS)
    ends = sorted(draw(st.sets(st.integers(0, len(text)), max_size=12)))
    pairs = zip(ends[::2], ends[1::2], strict=False)
    return text, tuple(Span(start, end, draw(st.sampled_from(KINDS))) for start, end in pairs)


@st.composite
def scattered(draw: st.DrawFn) -> tuple[str, list[Span]]:
    """A text, and spans anywhere in it, as several recognisers would find them."""
    text = draw(TEXTS.filter(bool))
    starts = draw(st.lists(st.integers(0, len(text) - 1), max_size=8))
    kinds = st.sampled_from(KINDS)
    return text, [Span(at, draw(st.integers(at + 1, len(text))), draw(kinds), draw(st.floats(0, 1))) for at in starts]


def show(rung: str, text: str, stored: list[int]) -> str:
    return str(masking.mask_fetched(rung, FreeText(text, stored), TODAY, b""))


@given(spanned(), st.sampled_from(RUNGS))
def test_what_is_outside_stays_and_what_is_inside_goes(made: tuple[str, tuple[Span, ...]], rung: str) -> None:
    text, spans = made
    assert show(rung, text, encode(spans)) == free_texts.masked(rung, text, encode(spans))
    # The same text with strangers inside: not one of them is left, and everything else is.
    secret = list(text)
    for each in spans:
        secret[each.start : each.end] = [chr(0xE000 + at) for at in range(each.start, each.end)]
    kept = show(rung, "".join(secret), encode(spans))
    assert not any("\ue000" <= each < "\uf000" for each in kept if each not in text)
    ends = [0, *itertools.chain.from_iterable((each.start, each.end) for each in spans), len(text)]
    outside = [text[start:end] for start, end in zip(ends[::2], ends[1::2], strict=True)]
    labels = [f"【{LABELS[each.kind]}】" for each in spans]
    assert kept == "".join(itertools.chain.from_iterable(itertools.zip_longest(outside, labels, fillvalue="")))


@given(st.text(min_size=1, max_size=20), st.sampled_from(sorted(PARTS)))
@example("张三", "surname")
@example("阿依古丽", "surname")
@example("卓玛", "surname")
@example("小红", "surname")
@example("老欧阳", "surname")
@example("１３８ 0000 1478", "phone4")
@example("5012", "phone4")
@example("0353-6012345转801", "phone4")
def test_a_part_is_the_end_of_a_long_number_or_a_surname_with_more_behind_it(span: str, part: str) -> None:
    kind = PARTS[part][0]
    kept = show(f"text({part})", span, [0, len(span), KINDS.index(kind)])
    assert PLACEHOLDER.fullmatch(kept)
    if kind is PiiKind.PHONE and kept != "【电话】":
        tail, written = kept[5:-1], digits(normalise(span).text)
        assert "".join(each for each in written if each.isascii() and each.isdigit()).find(tail) > 2
    if kind is PiiKind.PERSON and kept != "【姓名】":
        left = kept.removeprefix("【姓").removesuffix("】")
        assert normalise(left).text in readings(span)[-1].text
        assert len(left) < len(span)


@pytest.mark.parametrize(
    ("span", "left"),
    [
        *(
            ("张三", "姓张"),
            ("欧阳修", "姓欧阳"),
            ("欧阳", "姓名"),
            ("王", "姓名"),
            ("Ai·买提", "姓名"),
            ("𠮷田", "姓名"),
        ),
        *(
            ("老刘", "姓刘"),
            ("小欧阳", "姓欧阳"),
            ("阿依古丽", "姓名"),
            ("小王师傅", "姓名"),
            ("老A", "姓名"),
            ("老", "姓名"),
        ),
    ],
)
def test_a_surname_is_left_where_it_is_one_for_certain(span: str, left: str) -> None:
    assert show("text(surname)", span, [0, len(span), 0]) == f"【{left}】"


@given(scattered())
def test_overlapping_spans_leave_no_character_out(made: tuple[str, list[Span]]) -> None:
    text, spans = made
    united = without_overlap(spans)
    assert {at for each in spans for at in range(each.start, each.end)} == {
        at for each in united for at in range(each.start, each.end)
    }
    assert all(earlier.end <= later.start for earlier, later in itertools.pairwise(united))
    assert {each.kind for each in united} <= {each.kind for each in spans}
    assert decode(encode(united), len(text)) == united


NUMBERS = st.integers(-3, 12)
LISTS = st.one_of(st.lists(NUMBERS, max_size=12), st.lists(st.tuples(NUMBERS, NUMBERS, NUMBERS), max_size=4).map(
    lambda found: [number for each in found for number in each]
))  # fmt: skip


@given(TEXTS, LISTS, st.sampled_from(RUNGS))
@example("甲乙丙丁", [2, 3, 0, 0, 1, 0], "text")  # unordered
@example("甲乙丙丁", [0, 5, 0], "text")  # outside
@example("甲乙丙丁", [0, 1], "text")  # broken off
@example("甲乙丙丁", [0, 1, len(KINDS)], "text")  # of no kind
@example("甲乙丙丁", [-3, 1, 0], "text")  # before the beginning
@example("甲乙丙丁", [0, 2, 0, 1, 3, 0], "text(phone4)")  # overlapping
@example("甲乙丙丁", [2, 2, 0], "text")  # empty
def test_what_is_no_list_of_spans_leaves_nothing(text: str, stored: list[int], rung: str) -> None:
    wanted = free_texts.masked(rung, text, stored)
    assert show(rung, text, stored) == wanted
    if wanted != masking.REDACTED:
        assert encode(decode(stored, len(text))) == stored
        return
    with pytest.raises(SpansError):
        decode(stored, len(text))


@given(spanned(), st.lists(st.one_of(st.none(), st.text(max_size=2), st.floats()), min_size=1, max_size=6))
def test_a_list_of_something_else_leaves_nothing(made: tuple[str, tuple[Span, ...]], other: list[object]) -> None:
    text, spans = made
    assume(len(text) > 0)
    assert show("text", text, [*encode(spans), *other]) == masking.REDACTED  # type: ignore[list-item]


@pytest.fixture(scope="module")
def detector() -> Detector:
    return Detector()


def corpus(rng: random.Random) -> list[str]:
    """Texts of the labelled sets, and such texts run together, broken off and peppered with odd letters."""
    whole = [each.text for path in SETS for each in read(path.read_bytes().splitlines())]
    made = list(whole)
    while len(made) < TEXTS_JUDGED:
        first, second = rng.choice(whole), rng.choice(whole)
        text = first[: rng.randint(0, len(first))] + second[rng.randint(0, len(second)) :]
        at = rng.randint(0, len(text))
        made.append(text[:at] + rng.choice(LETTERS[:-1]) * rng.randint(0, 2) + text[at:])
    return rng.sample(made, TEXTS_JUDGED)


@pytest.mark.slow
@pytest.mark.parametrize("rung", RUNGS)
def test_masking_twice_changes_nothing(detector: Detector, rng: random.Random, rung: str) -> None:
    def mask(texts: list[str]) -> list[str]:
        judged = zip(texts, detector.detect(texts), strict=True)
        return [masking.REDACTED if found.failed else show(rung, text, encode(found.spans)) for text, found in judged]

    texts = corpus(rng)
    once = mask(texts)
    assert sum(before != after for before, after in zip(texts, once, strict=True)) > len(texts) // 3
    changed = [(before, after) for before, after in zip(once, mask(once), strict=True) if before != after]
    assert not changed, f"{len(changed)} of {len(texts)}, such as {changed[:3]}"


def test_a_placeholder_is_never_personal(detector: Detector) -> None:
    labels = [*(f"【{label}】" for label in LABELS.values()), "【电话尾号1478】", "【姓张】", "【姓欧阳】", "【姓廉】"]
    around = ("来电人{}，电话", "{}女士反映", "市民{}、{}和{}说", "{}", "住{}，身份证{}", "老{}在{}家")
    texts = [each.replace("{}", label) for each in around for label in labels]
    for text, found in zip(texts, detector.detect(texts), strict=True):
        inside = {at for place in PLACEHOLDER.finditer(text) for at in range(*place.span())}
        assert not [each for each in found.spans if inside & set(range(each.start, each.end))], text
        assert replace_spans(text, encode(found.spans), replacements(())).count("【") >= text.count("【")


def test_a_placeholder_hides_nobody(detector: Detector) -> None:
    text = "【姓名】来电人张伟民，电话13812345678【电话】，身份证140321195703011234"
    (found,) = detector.detect([text])
    masked = replace_spans(text, encode(found.spans), replacements(()))
    assert not any(value in masked for value in ("张伟民", "13812345678", "140321195703011234"))
