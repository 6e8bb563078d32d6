"""What columns are taken for: type, transform, form and words; and that what is not sure is not guessed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

import pytest

from connectors.drafts.columns import columns_of
from connectors.drafts.guess import Drafted, Guess
from connectors.drafts.guesses import guess_all
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
        ("检查日期", ["2031-01-31", *repeated("2016-04-13", times=30)], Scalar.DATE, "date", None),
        ("有效期至", ["2031-01-31", *repeated("2016-04-13", times=30)], Scalar.DATE, "validity", None),
        ("开学日期", repeated("2016-04-13", "2031-01-31"), Scalar.DATE, "validity", None),
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
        ([*repeated("甲类", times=20), "乙类"], True),
        ([*repeated("甲类", times=20), "乙类", "丙类"], False),
        ([*repeated("甲类", times=40), "乙类", "丙类"], True),
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
    for spoiled in ([*codes[:19], codes[0]], [*codes[:18], None, None], [*codes[:17], "合计", "无", None]):
        assert drafted(("商铺编号", spoiled)).key is None
    assert drafted(("证件号码", [f"E{n:08}" for n in range(20)])).key is None


def test_what_counts_the_lines_is_the_key_only_where_nothing_better_is() -> None:
    lines = ("序号", [str(n) for n in range(20)])
    better = drafted(lines, ("商铺编号", [f"PD{n:03}" for n in range(20)])).key
    assert better is not None
    assert (better.column, better.counts_lines) == ("商铺编号", False)
    alone = drafted(lines, ("类别", repeated("餐饮", "零售"))).key
    assert alone is not None
    assert (alone.column, alone.counts_lines) == ("序号", True)


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


def test_a_line_below_the_table_takes_no_key_away() -> None:
    made = drafted(("商铺编号", [*(f"PD{n:03}" for n in range(20)), "合计"]), ("人数", [*range(20), 190]))
    assert made.key is not None
    assert (made.key.column, made.key.misfits) == ("商铺编号", 1)


@pytest.mark.parametrize(
    ("header", "good", "bad", "scalar", "transform"),
    [
        ("面积", ["87.5"], "约九十", Scalar.FLOAT, "number"),
        ("人数", ["12", "7"], "1,200", Scalar.INT, "integer"),
        ("成立日期", ["2016-04-13"], "不详", Scalar.DATE, "date"),
        ("date", ["31/12/2020", "03/04/2021"], "?", Scalar.DATE, "date"),
        ("更新时间", ["2026-06-01 10:00:00"], "昨天", Scalar.DATETIME, "datetime"),
        ("状态", ["在营", "停业"], "?", Scalar.ENUM, "enum"),
        ("列", ["140321001001001", "140321001001002"], "无", Scalar.REGION, "region_of_grid"),
        ("列", ["140321001001001", "140321001001002"], "140321", Scalar.REGION, "region_of_grid"),
        ("身份证号", [ID, OTHER_ID], ID[:17] + "1", Scalar.STRING, "resident_id"),
        ("电话", ["19903210001"], "无", Scalar.STRING, "phone"),
    ],
)
@pytest.mark.parametrize("wrong", [1, 3])
def test_a_few_cells_that_do_not_fit_change_no_type_and_are_counted(
    header: str, good: list[str], bad: str, scalar: Scalar, transform: str, wrong: int
) -> None:
    """Three of sixty are one in twenty, which is the limit."""
    cells = [*[bad] * wrong, *(good[at % len(good)] for at in range(60 - wrong))]
    found = guess(header, cells)
    assert (found.scalar, found.transform, found.misfits) == (scalar, transform, wrong)
    assert f"{wrong} of 60 cells ({wrong / 60:.1%}) do" in found.unfit
    assert bad not in found.values


@pytest.mark.parametrize(("header", "good", "bad"), [("面积", "87.5", "约九十"), ("成立日期", "2016-04-13", "不详")])
def test_more_cells_that_do_not_fit_do(header: str, good: str, bad: str) -> None:
    assert guess(header, [*[bad] * 4, *[good] * 56]).scalar is None
    assert guess(header, [bad, *[good] * 3]).scalar is None


def test_the_form_of_days_that_fits_all_is_taken_before_one_that_fits_most() -> None:
    found = guess("date", [*repeated("03/04/2021", times=40), "31/12/2020"])
    assert (found.scalar, found.format, found.misfits) == (Scalar.DATE, "%d/%m/%Y", 0)


def test_a_personal_column_that_is_no_more_than_a_text_says_how_many_cells_do_not_fit() -> None:
    found = guess("身份证号", [*repeated(ID[:17] + "1", times=10), *repeated(ID, times=50)])
    assert (found.transform, found.misfits) == ("text", 0)
    assert "60 of its 60 cells look like" in found.why
    assert "10 of 60 cells do not fit `as: resident_id`" in found.why


def test_numbers_by_which_excel_counts_days_are_no_numbers() -> None:
    found = guess("成立日期", [str(45000 + at) for at in range(20)])
    assert found.scalar is None
    assert "formatted as dates" in found.why
    assert guess("金额", [str(45000 + at) for at in range(20)]).scalar is Scalar.INT


def test_a_column_that_was_not_read_is_not_guessed_and_says_why() -> None:
    (column,) = columns_of(["身份证号"], [[None]] * 9, {"身份证号": "digits are lost"})
    (found,) = guess_all((column,), nobody, TODAY).guesses
    assert (found.scalar, found.why) == (None, "digits are lost")


@pytest.mark.parametrize("header", ["状态", "status", "status2", "人员类别", "列1", "type"])
@pytest.mark.parametrize(
    "words",
    [
        ("正常", "在逃"), ("已结案", "被捕"), ("无", "吸毒"), ("求职", "信访"), ("一般", "社区矫正"), ("无", "精神病"),
        ("released", "arrested"), ("normal", "Wanted"), ("none", "HIV"), ("flu", "TB"), ("normal", "drug_user"),
        ("汉族", "回族"), ("无", "佛教"), ("正常", "低保"), ("married", "single"), ("Han", "Uyghur"),
    ],
)  # fmt: skip
def test_a_list_with_a_sensitive_word_is_sensitive_whatever_its_header_says(
    header: str, words: tuple[str, str]
) -> None:
    found = guess(header, [*[words[0]] * 190, *[words[1]] * 10])
    assert found.personal is not None
    assert (found.personal.name, found.personal.sensitive, found.personal.masks) == ("sensitive", True, ("redact",))
    assert (found.scalar, found.grade, found.values) == (Scalar.STRING, Grade.GENERAL_4, {})


@pytest.mark.parametrize("words", [("信访局", "公安局"), ("戒毒所", "医院"), ("在营", "停业"), ("handled", "hanging")])
def test_offices_and_plain_words_are_not_sensitive(words: tuple[str, str]) -> None:
    assert guess("状态", repeated(*words)).personal is None


@pytest.mark.parametrize("words", [("指纹", "密码"), ("行程", "住址"), ("face", "card")])
def test_a_list_with_a_word_for_what_is_never_stored_is_not_guessed(words: tuple[str, str]) -> None:
    found = guess("类型", repeated(*words))
    assert (found.scalar, found.values) == (None, {})
    assert "never stored" in found.why


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
