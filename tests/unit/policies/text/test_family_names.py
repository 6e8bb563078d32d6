"""A surname is left of a name only where the name has one; whoever has none is hidden whole, in fields and in texts."""

from __future__ import annotations

import datetime as dt

import pytest

from policies import masking
from policies.text.family_names import family_name, surname_called
from policies.text.spans import FreeText

pytestmark = pytest.mark.unit
TODAY = dt.date(2026, 6, 30)
WITHOUT = (
    *(
        "努尔买买提",
        "卓玛",
        "扎西",
        "次仁",
        "白玛央金",
        "洛桑",
        "达瓦",
        "尼玛",
        "旦增曲扎",
        "罗布",
        "索朗",
        "桑吉",
        "康珠",
    ),
    *(
        "阿依古丽",
        "古丽娜尔",
        "买买提",
        "麦麦提",
        "买买提·吐尔逊",
        "马合木提",
        "艾山江",
        "沙吾提",
        "海拉提",
        "叶尔江",
        "迪丽热巴",
    ),
    *(
        "司马义",
        "祖农",
        "玉素甫",
        "木拉提",
        "热合曼",
        "依力哈木",
        "伊敏",
        "艾力",
        "哈斯",
        "巴图",
        "孟克",
        "苏日娜",
        "高娃",
    ),
    *(
        "乌云其木格",
        "娜仁花",
        "斯琴",
        "其其格",
        "朝鲁",
        "呼和",
        "包音",
        "玉罕",
        "岩温",
        "沙马拉且",
        "曲比阿乌",
        "马海",
        "吉克",
    ),
    *(
        "史密斯",
        "安娜",
        "马丁",
        "汤姆",
        "麦克",
        "约翰",
        "罗伯特",
        "乔治",
        "山田太郎",
        "田中",
        "高桥凉",
        "山本一",
        "铃木一郎",
    ),
    *(
        "José",
        "John",
        "Li Ming",
        "玛丽亚·伊万诺娃",
        "马·丁",
        "爱新觉罗",
        "王",
        "欧阳",
        "",
        "张A",
        "张3",
        "2",
        "张三李四王五",
    ),
)
WITH = (
    *(
        ("张敏", "张"),
        ("李娜", "李"),
        ("王小二", "王"),
        ("于谦", "于"),
        ("那英", "那"),
        ("欧阳修", "欧阳"),
        ("司马光", "司马"),
    ),
    *(
        ("諸葛孔明", "諸葛"),
        ("陳大文", "陳"),
        ("張三", "張"),
        ("单于飞", "单于"),
        ("艾青", "艾"),
        ("马云", "马"),
        ("古天乐", "古"),
    ),
    *(
        ("安然", "安"),
        ("麦家", "麦"),
        ("罗永浩", "罗"),
        ("卓文君", "卓"),
        ("高圆圆", "高"),
        ("白居易", "白"),
        ("张𠮷", "张"),
    ),
)


@pytest.mark.parametrize("name", WITHOUT)
def test_case_5_01_nobody_is_given_a_surname_that_they_have_not(name: str) -> None:
    assert family_name(name) is None
    assert masking.parse("surname").apply(name, TODAY) == masking.REDACTED
    if name:
        shown = masking.parse("text(surname)").apply(FreeText(name, [0, len(name), 0]), TODAY)
        assert shown == "【姓名】"


@pytest.mark.parametrize(("name", "surname"), WITH)
def test_case_5_01_a_chinese_surname_is_kept(name: str, surname: str) -> None:
    assert family_name(name) == surname
    assert masking.parse("surname").apply(name, TODAY) == f"{surname}**"
    assert surname_called(name) == surname


@pytest.mark.parametrize(
    ("called", "surname"),
    [
        *(
            ("张女士", "张"),
            ("李副主任", "李"),
            ("欧阳老师", "欧阳"),
            ("刘总", "刘"),
            ("王师傅", "王"),
            ("赵老先生", "赵"),
        ),
        *(
            ("老刘", "刘"),
            ("小欧阳", "欧阳"),
            ("阿强", None),
            ("阿依", None),
            ("王某某", "王"),
            ("张某甲", "张"),
            ("李**", "李"),
        ),
        *(
            ("张 敏", "张"),
            ("李。小。龙", "李"),
            ("张<b>敏</b>", "张"),
            ("&#24352;敏", "张"),
            ("张\u200b敏", "张"),
            ("歐陽女士", "歐陽"),
        ),
        *(
            ("卓玛女士", None),
            ("阿姐", None),
            ("史密斯先生", None),
            ("张某", "张"),
            ("买买提.阿不都拉", None),
            ("马·丁", None),
        ),
        *(("玛先生", None), ("慧兰", None), ("老卓玛", None), ("小明", None)),
    ],
)
def test_a_surname_is_told_of_what_somebody_is_called(called: str, surname: str | None) -> None:
    assert surname_called(called) == surname
