"""A name is found whole, and each name of a list: by the rules alone, and with the model."""

from __future__ import annotations

import pytest

from policies.detect import Detector
from policies.text.spans import PiiKind

pytestmark = pytest.mark.unit


@pytest.fixture(scope="module", params=["rules", "model"])
def detector(request: pytest.FixtureRequest) -> Detector:
    return Detector(model=None) if request.param == "rules" else Detector()


def names(detector: Detector, text: str) -> list[str]:
    spans = detector.detect([text])[0].spans
    return [text[each.start : each.end] for each in spans if each.kind is PiiKind.PERSON]


DOTTED = (
    *(
        "买买提·阿不都拉",
        "阿不来提·阿不都克里木",
        "吐尔逊·阿不力孜",
        "阿卜杜拉·热西提",
        "买买提·吐尔苡江",
        "帕尔哈提·茹孜",
        "胡达拜尔迪·喀迪尔",
        "再努拉·司马义",
    ),
    *(
        "伊明·阿不都热依木",
        "库尔班·托乎提",
        "卡德尔·买买提",
        "阿依古丽·买合木提",
        "买买提·吐尔荪·阿不都拉",
        "约翰·史密斯",
    ),
)
AROUND = (
    "租客{}来访",
    "联系人{}已到",
    "民警找到{}了解情况",
    "昨天{}打来电话",
    "{}都不在家",
    "户主{}因病去世",
    "由{}代收",
)


@pytest.mark.parametrize("name", DOTTED)
@pytest.mark.parametrize("around", AROUND)
def test_case_5_06_a_name_with_a_middle_dot_is_found_whole_and_no_verb(
    detector: Detector, around: str, name: str
) -> None:
    assert names(detector, around.format(name)) == [name]


@pytest.mark.parametrize("dot", ["・", "•", ".", "‧", " · "])
def test_case_5_06_whichever_dot_is_typed(detector: Detector, dot: str) -> None:
    name = f"买买提{dot}阿不都拉"
    assert names(detector, f"租客{name}来访") == [name]


def test_case_5_06_a_name_without_its_dot_is_found_whole(detector: Detector) -> None:
    assert names(detector, "租客买买提阿不都拉来访") == ["买买提阿不都拉"]


LISTED = ("张敏", "李强", "王芳", "欧阳敏", "刘小红")
SEPARATORS = ("、", "，", ",", " ", "　", "和", "及", "以及", "与", "/", "／", "；", " 、 ", "， ", "\n")


@pytest.mark.parametrize("separator", SEPARATORS)
@pytest.mark.parametrize("label", ["联系人：", "家庭成员:", "户主："])
def test_case_5_04_each_name_of_a_list_is_found(detector: Detector, label: str, separator: str) -> None:
    assert names(detector, label + separator.join(LISTED)) == list(LISTED)


@pytest.mark.parametrize(
    "text",
    [
        "联系人：张敏（父）、李强（子）、王芳（女）",
        "联系人：张敏 13800138000、李强 13900139000、王芳 13700137000",
        "联系人：张敏（13800138000），李强（13900139000），王芳（13700137000）",
        "联系人：张敏13800138000，李强13900139000，王芳13700137000",
        "租客张敏、李强和王芳来访",
        "联系人：张敏、李强，王芳来电反映",
    ],
)
def test_case_5_04_what_stands_beside_each_name_ends_no_list(detector: Detector, text: str) -> None:
    assert names(detector, text) == ["张敏", "李强", "王芳"]


def test_case_5_04_a_listed_name_may_be_a_word(detector: Detector) -> None:
    assert names(detector, "联系人：张敏、高兴、王芳") == ["张敏", "高兴", "王芳"]


@pytest.mark.parametrize(
    "more",
    [
        "、房东",
        "、物业经理",
        "，白天联系",
        "，安全生产负责",
        "，常年在外",
        "，高新区某厂工人",
        " 时间待定",
        "；方便时回电",
    ],
)
def test_case_5_04_what_is_no_name_ends_a_list(detector: Detector, more: str) -> None:
    assert names(detector, f"联系人：张敏{more}") == ["张敏"]
