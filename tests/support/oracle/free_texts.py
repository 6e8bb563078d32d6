"""Free texts with the properties stored beside them, and what a mask leaves of one, a character at a time.

The oracle's side of the mask `text` and of the bucket `words`: of `policies/text` it takes what may be left of a name
or a telephone number, which have tables of their own (`test_family_names.py`, `test_phone_tail.py`).
"""

from __future__ import annotations

import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from policies.text.family_names import surname_called
from policies.text.phone_tail import phone_tail
from schema.declarations import TextProperties

DETECTOR, OLDER = "0123456789abcdef", "fedcba9876543210"
"""The detector in force in the tests' worlds, and the one before it."""
WHOLE = "***"
CALLED = (
    *("姓名", "地址", "身份证号", "电话", "车牌", "银行卡号", "信用代码"),
    *("证件号", "邮箱", "社交账号", "产权证号", "户口号", "房屋编码"),
)
"""What each kind is called, in the order of the numbers that the graph keeps."""
NAME, PHONE = CALLED.index("姓名"), CALLED.index("电话")


@dataclass(frozen=True)
class Prose:
    """A text, its spans as (start, end, kind), and its words."""

    text: str
    spans: tuple[tuple[int, int, int], ...]
    words: tuple[str, ...]

    @property
    def stored(self) -> list[int]:
        """The spans as the graph keeps them."""
        return [number for span in self.spans for number in span]


def written(marked: str, *words: str) -> Prose:
    """A text in which `<姓名|张三>` marks a span."""
    text, spans = "", []
    for plain, kind, span in re.findall(r"([^<]*)(?:<([^|]+)\|([^>]+)>)?", marked):
        text += plain
        if kind:
            spans.append((len(text), len(text) + len(span), CALLED.index(kind)))
            text += span
    return Prose(text, tuple(spans), words)


PROSES = (
    written("<姓名|张三>稱樓上漏水，<电话|138 0000 1111>", "漏水", "樓上"),
    written("来电人<姓名|欧阳修远>，身份证<身份证号|140321195703011234>，车<车牌|晋C12345>占道", "占道"),
    written("<姓名|老刘>和<姓名|小李>吵架，住<地址|𠮷祥苑3栋2单元501>😀", "吵架", "漏水"),
    written("夜间噪音扰民，无人处理", "噪音", "扰民", "占道"),
    written("<姓名|王>家<姓名|司马>漏水，回电<电话|５０１２>或<电话|１３９００００３３３３>", "漏水", "噪音"),
    written("<姓名|Ai·买提>微信<社交账号|wx_a1>，卡<银行卡号|6222 0000>，信<邮箱|a@b.cn>", "扰民"),
    written("<房屋编码|A1><产权证号|B2><户口号|C3><证件号|E1234><信用代码|91>"),
    written("漏水", "漏水"),
    written(""),
)
OF_TEXT: Mapping[str, Prose] = {each.text: each for each in PROSES}
TEXT = TextProperties("text")
"""What stands beside the text of an event, and of any other field that is called `text`."""
BROKEN = ([0, 1], [1, 0, 0], [0, 99, 0], [0, 1, 13], [-1, 1, 0], [1, 2, 0, 0, 1, 0], [0, 2, 0, 1, 3, 0], [0, 0, 0])
"""Lists that are no spans: broken off, backwards, beyond the end, of no kind, unordered, overlapping, empty."""


MISMATCH = -1
"""A checksum of no text and spans, as beside a text that was being replaced when it was read."""


def beside(rng: random.Random, text: str, kept: TextProperties = TEXT) -> dict[str, Any]:
    """What stands beside a text in the graph: found by this detector, or an older one, or none, or in vain.

    Or found in another text than this.
    """
    known = OF_TEXT[text]
    found: dict[str, Any] = {kept.spans: known.stored, kept.words: list(known.words), kept.detector: DETECTOR}
    draw = rng.random()
    if draw < 0.6:
        return found
    if draw < 0.7:
        return found | {kept.detector: OLDER}
    if draw < 0.8:
        return {}
    if draw < 0.85:
        return found | {kept.check: MISMATCH}
    # Words beside a text that could not be judged are no ingest's doing; they must count for nothing all the same.
    return found | {kept.spans: None if draw < 0.9 else rng.choice(BROKEN)}


def anything_beside(rng: random.Random, text: str) -> dict[str, Any]:
    """Spans anywhere in any text, some of them broken, and a detector, which may be another."""
    cuts = sorted(rng.sample(range(len(text) + 1), min(len(text) + 1, 2 * rng.randint(0, 4)) // 2 * 2))
    spans = [number for at in range(0, len(cuts), 2) for number in (*cuts[at : at + 2], rng.randrange(len(CALLED)))]
    if rng.random() < 0.15:
        spans = rng.choice(BROKEN)
    made = {"textSpans": spans if rng.random() < 0.9 else None, "textDetector": rng.choice((*[DETECTOR] * 8, OLDER))}
    return made | ({"textCheck": MISMATCH} if rng.random() < 0.05 else {})


def trusted(properties: Mapping[str, Any], kept: TextProperties = TEXT) -> Sequence[int] | None:
    """The spans of the detector in force and of this text; None without."""
    sound = _judged(properties, kept) and properties.get(kept.check) != MISMATCH
    return properties.get(kept.spans) if sound else None


def _judged(properties: Mapping[str, Any], kept: TextProperties) -> bool:
    return properties.get(kept.spans) is not None and properties.get(kept.detector) == DETECTOR


def countable(properties: Mapping[str, Any], kept: TextProperties = TEXT) -> list[str]:
    """The words that an aggregate may count."""
    return list(properties.get(kept.words) or ()) if _judged(properties, kept) else []


def masked(rung: str, text: str, stored: Sequence[int] | None) -> str:
    """The text under `text`, `text(phone4)`, `text(surname)` or `text(surname,phone4)`."""
    spans = None if stored is None else _spans(stored, len(text))
    if spans is None:
        return WHOLE
    inside = {at: span for span in spans for at in range(span[0], span[1])}
    return "".join(_shown(rung, text, at, inside.get(at)) for at in range(len(text)))


def _spans(stored: Sequence[int], length: int) -> list[tuple[int, int, int]] | None:
    if len(stored) % 3:
        return None
    spans = [(stored[at], stored[at + 1], stored[at + 2]) for at in range(0, len(stored), 3)]
    covered = [at for start, end, _ in spans for at in range(start, end)]
    sound = all(0 <= start < end <= length and 0 <= kind < len(CALLED) for start, end, kind in spans)
    return spans if sound and covered == sorted(set(covered)) else None


def _shown(rung: str, text: str, at: int, span: tuple[int, int, int] | None) -> str:
    if span is None:
        return text[at]
    start, end, kind = span
    if at > start:
        return ""
    left = ""
    if kind == PHONE and "phone4" in rung:
        left = _last_four(text[start:end])
    if kind == NAME and "surname" in rung:
        left = _family(text[start:end])
    return f"【{left or CALLED[kind]}】"


def _last_four(span: str) -> str:
    tail = phone_tail(span)
    return f"电话尾号{tail}" if tail else ""


def _family(span: str) -> str:
    surname = surname_called(span)
    return f"姓{surname}" if surname else ""
