"""E: what is personal in free text is found however it is written, and nothing of two findings is left between them."""

from __future__ import annotations

import itertools

import pytest

from policies.detect import Detector
from policies.text.masked_text import replace_spans, replacements
from policies.text.spans import Detection, PiiKind, Span, encode, without_overlap

pytestmark = pytest.mark.attack


@pytest.fixture(scope="module")
def detector() -> Detector:
    return Detector()


NOTE = "{}。请尽快处理，谢谢。"


@pytest.mark.parametrize(
    ("written", "kind", "secret"),
    [
        ("当事人身份证430103198108277460", "CN_ID", "430103198108277460"),
        ("身份证４３０１０３１９８１０８２７７４６０", "CN_ID", "４３０１０３１９８１０８２７７４６０"),
        ("回访电话13800576187", "PHONE", "13800576187"),
        ("回访电话138 0057 6187", "PHONE", "138 0057 6187"),
        ("回访电话一三八零零五七六一八七", "PHONE", "一三八零零五七六一八七"),
        ("车牌豫E M2000堵门", "PLATE", "豫E M2000"),
        ("货车京AD12345漏油", "PLATE", "京AD12345"),
        ("汇至银行卡6228485511848733318", "BANK_CARD", "6228485511848733318"),
        ("投诉人毛良要求退费", "PERSON", "毛良"),
        ("欧阳修远女士投诉噪音", "PERSON", "欧阳修远"),
        ("王\u200b建\u200d国主任不作为", "PERSON", "王\u200b建\u200d国"),
        ("家住翠竹园小区5座3单元402号", "ADDRESS", "翠竹园小区5座3单元402号"),
        ("青阳县杨田镇长垅村8组的路塌了", "ADDRESS", "青阳县杨田镇长垅村8组"),
        ("微信wxid_qnfkkjbdo6y联系不上", "IM_ID", "wxid_qnfkkjbdo6y"),
        ("邮箱9718147@qq.com", "EMAIL", "9718147@qq.com"),
    ],
)
def test_e02_personal_information_in_free_text(detector: Detector, written: str, kind: str, secret: str) -> None:
    text = NOTE.format(written)
    (found,) = detector.detect([text])
    assert found.failed is None
    assert [text[each.start : each.end] for each in found.spans if each.kind == kind] == [secret]
    assert secret not in replace_spans(text, encode(found.spans), replacements(()))


@pytest.mark.parametrize(
    "failed", ["曹女士13800576187" * 2_000, "曹女士\ud83d13800576187"], ids=["too long", "surrogate"]
)
def test_e02_what_cannot_be_judged_is_never_without_findings(detector: Detector, failed: str) -> None:
    (found,) = detector.detect([failed])
    assert found == Detection(failed=found.failed)
    assert found.failed


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_e06_overlapping_findings_are_masked_as_one(order: tuple[int, ...]) -> None:
    text = "住幸福里3号王建国13800576187转"
    spans = [
        Span(1, 9, PiiKind.ADDRESS, 0.9),  # reaches into the name
        Span(6, 14, PiiKind.PERSON, 0.2),  # the weakest, and the only one to cover what stands between
        Span(12, 20, PiiKind.PHONE, 1.0),
    ]
    united = without_overlap([spans[place] for place in order])
    assert [(each.start, each.end) for each in united] == [(1, 20)]
    assert replace_spans(text, encode(united), replacements(()))[1:].endswith(text[20:])
    assert not set("幸福王建国138") & set(replace_spans(text, encode(united), replacements(())))


def test_e06_rules_and_model_together_leave_nothing_between(detector: Detector) -> None:
    text = "户主欧阳修远13800576187住6栋2单元13800576188"
    (found,) = detector.detect([text])
    hidden = {place for each in found.spans for place in range(each.start, each.end)}
    assert {place for place, char in enumerate(text) if char.isdigit() or char in "欧阳修远栋单元"} <= hidden
    assert all(one.end <= other.start for one, other in itertools.pairwise(found.spans))
