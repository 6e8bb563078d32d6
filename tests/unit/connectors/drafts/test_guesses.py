"""What columns are taken for: type, transform, form and words; and that what is not sure is not guessed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

import pytest

from connectors.drafts.columns import columns_of
from connectors.drafts.guesses import Drafted, Guess, guess_all
from schema.classification import Grade, Kind, Scalar

pytestmark = pytest.mark.unit

TODAY = dt.date(2026, 6, 30)
ID, OTHER_ID = "140321195703129022", "11010519491231002X"


def nobody(_text: str) -> bool:
    return False


def drafted(*columns: tuple[str, Sequence[Any]]) -> Drafted:
    headers = [header for header, _ in columns]
    rows = list(zip(*(cells for _, cells in columns), strict=True))
    return guess_all(columns_of(headers, rows), nobody, TODAY)


def guess(header: str, cells: Sequence[Any]) -> Guess:
    return drafted((header, cells)).guesses[0]


def repeated(*words: Any, times: int = 10) -> list[Any]:
    return [*words] * times


@pytest.mark.parametrize(
    ("header", "cells", "scalar", "transform", "form"),
    [
        ("成立日期", repeated("2016/4/13", "2020-01-31"), Scalar.DATE, "date", None),
        ("成立日期", repeated("20160413", "20200131"), Scalar.DATE, "date", None),
        ("有效期至", repeated("2016-04-13", "2031-01-31"), Scalar.DATE, "validity", None),
        ("date", repeated("31/12/2020", "03/04/2021"), Scalar.DATE, "date", "%d/%m/%Y"),
        ("date", repeated("12/31/2020", "03/04/2021"), Scalar.DATE, "date", "%m/%d/%Y"),
        ("更新时间", repeated("2026-06-01 10:00:00"), Scalar.DATETIME, "datetime", None),
        ("更新时间", repeated("2026/6/1 10:00"), Scalar.DATETIME, "datetime", "%Y/%m/%d %H:%M"),
        ("面积", repeated("87.5", "90"), Scalar.FLOAT, "number", None),
        ("人数", repeated("3", 4), Scalar.INT, "integer", None),
        ("建成年份", repeated("1998", "2004"), Scalar.INT, "integer", None),
        ("序号", [str(n) for n in range(20)], Scalar.STRING, "code", None),
        ("列", repeated("001", "002"), Scalar.STRING, "code", None),
        ("列", repeated("140321001001001", "140321001001002"), Scalar.REGION, "region_of_grid", None),
        ("列", repeated("140321001000", "140321002000"), Scalar.REGION, "region_of_code", None),
        ("统一社会信用代码", ["91350100M000100Y43"], Scalar.STRING, "code", None),
        ("类别", repeated("餐饮", "零售"), Scalar.ENUM, "enum", None),
        ("店名", [f"面馆{n}" for n in range(20)], Scalar.STRING, "text", None),
    ],
)  # fmt: skip
def test_what_fits_nearly_all_cells_is_guessed(
    header: str, cells: Sequence[Any], scalar: Scalar, transform: str, form: str | None
) -> None:
    found = guess(header, cells)
    assert (found.scalar, found.transform, found.format) == (scalar, transform, form)
    assert found.personal is None


@pytest.mark.parametrize(
    ("header", "cells"),
    [
        ("date", repeated("03/04/2021", "05/06/2021")),  # the day, or the month, stands first
        ("招牌", [f"红绿灯{n}" for n in range(20)]),
        ("空", [None] * 20),
        ("列", repeated({"a": 1})),
        ("人脸照片", repeated("a.jpg")),
        ("fingerprint_data", repeated("x")),
    ],
)
def test_what_is_not_sure_is_not_guessed(header: str, cells: Sequence[Any]) -> None:
    found = guess(header, cells)
    assert found.scalar is None
    assert found.why


@pytest.mark.parametrize(
    ("cells", "is_enum"),
    [
        (repeated("甲类", "乙类", times=5), True),
        (repeated("甲类", "乙类", times=4), False),
        (repeated(*(f"第{n}类" for n in range(20)), times=5), True),
        (repeated(*(f"第{n}类" for n in range(21)), times=5), False),
        ([*repeated("甲类", times=20), "乙类"], False),
        (repeated("很长很长很长很长很长很长很长的词", times=20), False),
        (repeated("代号123456", times=20), False),
    ],
)
def test_the_rule_of_enums(cells: Sequence[Any], is_enum: bool) -> None:
    found = guess("列", cells)
    assert (found.scalar is Scalar.ENUM) == is_enum
    assert bool(found.values) == is_enum


@pytest.mark.parametrize(
    ("header", "words", "is_enum"),
    [
        ("handler", ("lihua", "wangfang"), False),
        ("worker", ("Ahmet", "Olga"), False),
        ("worker", ("LIHUA", "OLGA"), False),
        ("列", ("Ахмет", "Ольга"), False),
        ("shopStatus", ("trading", "idle"), True),
        ("status2", ("trading", "idle"), True),
        ("经营状态", ("trading", "idle"), True),
        ("列", ("open", "closed"), True),
        ("列", ("A", "B2"), True),
        ("列", ("open", "lihua"), False),
        ("estate", ("lihua", "wangfang"), False),
    ],
)
def test_words_in_latin_letters_may_be_names(header: str, words: tuple[str, ...], is_enum: bool) -> None:
    found = guess(header, repeated(*words))
    assert (found.scalar is Scalar.ENUM, bool(found.values)) == (is_enum, is_enum)


@pytest.mark.parametrize(
    "header",
    ["diagnosis", "nation", "Nationality", "personNation", "ethnicity", "religion", "disease", "health", "crime",
     "passportno", "诊断", "民族", "宗教", "病种", "犯罪记录", "护照"],
)  # fmt: skip
def test_what_is_sensitive_is_redacted_and_none_of_its_words_is_kept(header: str) -> None:
    found = guess(header, repeated("open", "closed"))
    assert found.personal is not None
    assert (found.personal.sensitive, found.personal.masks, found.values) == (True, ("redact",), {})


def test_a_destination_is_not_a_nation() -> None:
    assert guess("destination", repeated("open", "closed")).personal is None


def test_words_that_are_not_known_get_a_number_and_the_known_ones_their_own() -> None:
    assert guess("状态", repeated("在营", "停业", "待定")).values == {
        "停业": "SUSPENDED", "在营": "OPEN", "待定": "STATUS_3",
    }  # fmt: skip
    assert guess("是否", repeated("是", "否")).values == {"否": "NO", "是": "YES"}


def test_no_word_of_a_personal_column_is_kept() -> None:
    few = guess_all(columns_of(["列"], [[each] for each in repeated("祁慧兰", "葛平")]), lambda _: True, TODAY).guesses[
        0
    ]
    assert (few.scalar, few.kind, few.values) == (Scalar.STRING, Kind.NAME, {})
    assert guess("民族", repeated("汉族", "回族")).values == {}
    # These words are ours, not the sample's.
    assert guess("性别", repeated("男", "女")).values == {"男": "MALE", "女": "FEMALE"}
    assert guess("性别", repeated("男", "女", "葛平")).values == {}


@pytest.mark.parametrize(
    ("header", "cells", "kind", "transform", "masks"),
    [
        ("列", repeated(ID, OTHER_ID), Kind.ID_NUMBER, "resident_id", ("redact", "partial(0,4)")),
        ("列", repeated(ID[:17] + "1"), Kind.ID_NUMBER, "text", ("redact", "partial(0,4)")),
        ("电话", repeated("19903210001"), Kind.PHONE, "phone", ("redact", "partial(0,4)")),
        ("电话", repeated("6012345"), Kind.PHONE, "text", ("redact", "partial(0,4)")),
        ("电话", repeated(19903210001), Kind.PHONE, "phone", ("redact", "partial(0,4)")),
        ("住址", repeated("东街8号"), Kind.ADDRESS, "text", ("redact", "address(street)")),
        ("生日", repeated("1957-03-12"), Kind.BIRTH, "date", ("redact", "age_band")),
        ("生日", repeated("不详"), Kind.BIRTH, "text", ("redact",)),
        ("备注", repeated("无"), Kind.FREE_TEXT, "text", ("redact", "text")),
        ("银行卡号", repeated("6228480000000000"), Kind.ID_NUMBER, "text", ("redact",)),
    ],
)
def test_a_personal_column_has_the_safest_ladder(
    header: str, cells: Sequence[Any], kind: Kind, transform: str, masks: tuple[str, ...]
) -> None:
    found = guess(header, cells)
    assert found.personal is not None
    assert (found.kind, found.transform, found.personal.masks) == (kind, transform, masks)
    assert found.grade >= Grade.GENERAL_3


def test_days_that_are_those_of_the_id_numbers_are_days_of_birth() -> None:
    both = drafted(("证件", repeated(ID, OTHER_ID)), ("日期", repeated("1957-03-12", "1949-12-31")))
    assert [each.kind for each in both.guesses] == [Kind.ID_NUMBER, Kind.BIRTH]
    others = drafted(("证件", repeated(ID, OTHER_ID)), ("日期", repeated("2016-03-12", "2017-12-31")))
    assert [each.kind for each in others.guesses] == [Kind.ID_NUMBER, Kind.TIME]


def test_the_key_has_a_plain_code_in_each_row_and_none_twice() -> None:
    codes = [f"PD{n:03}" for n in range(20)]
    made = drafted(("批次", [f"B{n}" for n in range(20)]), ("商铺编号", codes), ("列", ["x"] * 20))
    assert made.key is not None
    assert made.key.column == "商铺编号"
    for spoiled in ([*codes[:19], codes[0]], [*codes[:19], None]):
        assert drafted(("商铺编号", spoiled)).key is None
    assert drafted(("证件号码", [f"E{n:08}" for n in range(20)])).key is None


def test_one_column_alone_is_the_place_and_the_finest_wins() -> None:
    made = drafted(
        ("社区", repeated("140321001001")),
        ("网格", repeated("140321001001001")),
        ("别的网格", repeated("140321001001002")),
    )
    assert [each.scalar for each in made.guesses] == [Scalar.STRING, Scalar.REGION, Scalar.STRING]
    assert [each.field for each in made.guesses] == ["community", "region", "grid2"]


def test_a_column_of_changes_is_the_updated_one() -> None:
    made = drafted(("登记时间", repeated("2026-06-01 10:00:00")), ("更新时间", repeated("2026-06-02 10:00:00")))
    assert made.updated is not None
    assert made.updated.column == "更新时间"
    assert drafted(("更新时间", [None, *repeated("2026-06-02 10:00:00")])).updated is None


def test_a_few_cells_that_do_not_fit_are_told() -> None:
    found = guess("面积", [*repeated("87.5", times=199), "约九十"])
    assert (found.scalar, found.misfits) == (Scalar.FLOAT, 1)
    assert guess("面积", [*repeated("87.5", times=50), "约九十"]).scalar is None


@pytest.mark.parametrize(
    ("header", "field", "named"),
    [
        ("法定代表人电话", "representativePhone", True),
        ("shop_no", "shopNo", True),
        ("ShopNo", "shopNo", True),
        ("ID", "column1", False),
        ("招牌", "column1", False),
        ("region", "column1", False),
        ("1st", "column1", False),
        ("企业名称", "name", True),
    ],
)
def test_the_names_of_fields(header: str, field: str, named: bool) -> None:
    found = guess(header, repeated("甲类"))
    assert (found.field, found.named) == (field, named)


def test_no_two_fields_have_one_name() -> None:
    assert [each.field for each in drafted(("电话", ["1"]), ("手机", ["2"]), ("座机电话", ["3"])).guesses] == [
        "phone", "phone2", "phone3",
    ]  # fmt: skip
