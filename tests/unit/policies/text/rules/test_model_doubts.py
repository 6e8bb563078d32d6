"""The model is doubted only where the dictionary knows better."""

from __future__ import annotations

import pytest

from policies.text.rules import model_doubts as doubts
from policies.text.spans import PiiKind, Span

pytestmark = pytest.mark.unit


def believed(text: str, piece: str, score: float, kind: PiiKind = PiiKind.PERSON) -> list[str]:
    start = text.index(piece)
    tagged = [Span(start, start + len(piece), kind, score, "tagger")]
    return [text[each.start : each.end] for each in doubts.believed(text, tagged)]


@pytest.mark.parametrize(
    ("text", "piece", "score", "stands"),
    [
        ("周六周日开放至21时", "周", 0.62, []),
        ("本店童叟无欺", "童叟", 0.6, []),
        ("本店童叟无欺", "童叟", 0.97, ["童叟"]),
        ("电影《李双双》今晚放映", "李双双", 0.997, []),
        ("号码138****2207", "****", 0.9, []),
        ("登记租客信息", "信息", 0.7, []),
        ("由调解委员会调解", "由调解", 0.84, []),
        ("两家的恩怨", "恩怨", 0.89, []),
        ("今天高兴又来投诉", "高兴", 0.8, ["高兴"]),
        ("今天高兴又来投诉", "高兴", 0.7, []),
        ("据房东回忆", "房东", 0.97, []),
        ("加QQ联系", "QQ", 0.97, []),
        ("李明说路灯坏了", "李明", 0.6, ["李明"]),
        ("李明说路灯坏了", "李明", 0.3, []),
        ("租金打到栾冰的账户", "栾", 0.6, ["栾冰"]),
        ("马 到 成 功 万 事 大 吉", "成 功", 0.7, []),
        ("李 小 龙欠钱不还", "李 小 龙", 0.7, ["李 小 龙"]),
        ("白杨、红柳两种苗木", "白杨", 0.75, []),
        ("白杨又来投诉", "白杨", 0.8, ["白杨"]),
        ("群接龙 1.报名", "龙 1", 0.69, []),
    ],
)
def test_people(text: str, piece: str, score: float, stands: list[str]) -> None:
    assert believed(text, piece, score) == stands


@pytest.mark.parametrize(
    ("text", "piece", "score", "stands"),
    [
        ("比分6-2拿下", "6-2", 0.8, []),
        ("东湖绿道施工", "东湖绿道", 0.52, []),
        ("约2100户停水", "约2100户", 0.7, []),
        ("住柳树组64号", "柳树组64号", 0.6, ["柳树组64号"]),
        ("沈阳路环卫班组", "沈阳路环卫", 0.6, []),
        ("全县共排查自建房41,206栋", "自建房41", 0.62, []),
        ("取件码6-3-2017", "6-3-2017", 0.95, []),
    ],
)
def test_addresses(text: str, piece: str, score: float, stands: list[str]) -> None:
    assert believed(text, piece, score, PiiKind.ADDRESS) == stands


def test_nothing_found_is_nothing_doubted() -> None:
    assert doubts.believed("周六开放", ()) == []
