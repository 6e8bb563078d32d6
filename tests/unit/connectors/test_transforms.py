"""Transforms: a cell fits or is refused by a named rule, and no error text shows it."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from collections.abc import Iterable
from contextlib import suppress
from decimal import Decimal
from typing import Any

import pytest
from stdnum.cn import uscc

from connectors.base import Broken, ConnectorError, Place, Record, Refused, Row
from connectors.quarantine import Unfit, may_be_shown
from connectors.readers.readable_cells import Unreadable
from connectors.resolve import birth_of, gender_of, is_resident_id
from connectors.shape import Shaper
from connectors.sources import load_sources
from connectors.transforms import TRANSFORMS, Context, Options, division_path, level_of
from schema import SPINE
from tests.support.pulling import SOURCES

pytestmark = pytest.mark.unit

ZONE = dt.timezone(dt.timedelta(hours=8))
PLACES = {
    "140321001001001": Place("14/03/21/001/001/001/", True),
    "140321001001099": Place("14/03/21/001/001/099/", True, True, "140321001001001"),
    "140321001001098": Place("14/03/21/001/001/098/", True, True, None),
    "140321001001097": Place("14/03/21/001/001/097/", True, True, "140321001001096"),
    "140321001001096": Place("14/03/21/001/001/096/", True, True, "140321001001097"),
    "140321001001": Place("14/03/21/001/001/", False),
}
CONTEXT = Context(PLACES, ZONE, dt.date(2026, 6, 30))
ID = "140321195703129022"

FITS: list[tuple[str, Any, Options, Any]] = [
    ("text", " 祁慧兰 ", Options(), "祁慧兰"),
    ("text", "e\u0301", Options(), "é"),
    ("text", "赵\ue863", Options(), "赵\ue863"),
    ("text", "𠮷野\n二行", Options(), "𠮷野\n二行"),
    ("code", "PD0000001", Options(), "PD0000001"),
    ("code", 17, Options(), "17"),
    ("code", "１２", Options(), "12"),
    ("code", 1001.0, Options(), "1001"),
    ("code", Decimal("1001.0000"), Options(), "1001"),
    ("code", "1001.0", Options(), "1001"),
    ("code", "1E5", Options(), "1E5"),
    ("resident_id", 140321195703129022, Options(), ID),
    ("resident_id", "１４０３２１１９５７０３１２９０２２", Options(), ID),
    ("phone", "１９９０３２１０００１", Options(), "19903210001"),
    ("phone", 19903210001, Options(), "19903210001"),
    ("phone", "+86 199-0321-0001", Options(), "19903210001"),
    ("phone", "03531234567", Options(), "0353-1234567"),
    ("date", "2016/4/13", Options(format="%Y/%m/%d"), dt.date(2016, 4, 13)),
    ("date", "1957/3/12", Options(), dt.date(1957, 3, 12)),
    ("date", "2016年4月3日", Options(format="%Y年%m月%d日"), dt.date(2016, 4, 3)),
    ("date", "2016/4/13 0:00", Options(format="%Y/%m/%d"), dt.date(2016, 4, 13)),
    ("date", "2016-04-13T09:30:00", Options(), dt.date(2016, 4, 13)),
    ("date", "2016-04-12T16:00:00Z", Options(), dt.date(2016, 4, 13)),
    ("date", dt.datetime(2016, 4, 13, 9), Options(), dt.date(2016, 4, 13)),
    ("datetime", "2026/6/8 9:05:00", Options("%Y/%m/%d %H:%M:%S"), dt.datetime(2026, 6, 8, 9, 5, tzinfo=ZONE)),
    ("datetime", "2026-06-18T01:12:00.250Z", Options("%Y-%m-%d %H:%M:%S"),
     dt.datetime(2026, 6, 18, 9, 12, 0, 250_000, tzinfo=ZONE)),
    ("datetime", dt.date(2026, 6, 8), Options(), dt.datetime(2026, 6, 8, tzinfo=ZONE)),
    ("enum", 1, Options(values={"1": "MALE"}), "MALE"),
    ("integer", "12", Options(), 12),
    ("integer", "１２", Options(), 12),
    ("integer", 12.0, Options(), 12),
    ("number", Decimal("1.5"), Options(least=0), 1.5),
    ("date", "19570312", Options(format="%Y%m%d"), dt.date(1957, 3, 12)),
    ("date", "19600229", Options(format="%Y%m%d"), dt.date(1960, 2, 29)),
    ("date", dt.date(2026, 6, 30), Options(), dt.date(2026, 6, 30)),
    ("validity", "2099-12-31", Options(), dt.date(2099, 12, 31)),
    ("datetime", "2026-06-18T09:12:00+08:00", Options(), dt.datetime(2026, 6, 18, 9, 12, tzinfo=ZONE)),
    ("datetime", "2026-06-18T01:12:00Z", Options(), dt.datetime(2026, 6, 18, 9, 12, tzinfo=ZONE)),
    ("datetime", "2026-06-18 09:12:00", Options("%Y-%m-%d %H:%M:%S"), dt.datetime(2026, 6, 18, 9, 12, tzinfo=ZONE)),
    ("enum", " 男", Options(values={"男": "MALE"}), "MALE"),
    ("resident_id", ID, Options(), ID),
    ("resident_id", "14032120100315329x", Options(), "14032120100315329X"),
    ("phone", "19903210001", Options(), "19903210001"),
    ("phone", "0353-1234567", Options(), "0353-1234567"),
    ("credit_code", "91350100M000100Y43", Options(), "91350100M000100Y43"),
    ("credit_code", " 91110000600037341l\u200b", Options(), "91110000600037341L"),
    ("credit_code", "９１３５０１００M000100Y43", Options(), "91350100M000100Y43"),
    ("credit_code", "N2140321MA0ABCDE7X", Options(), "N2140321MA0ABCDE7X"),
    ("grid", "140321001001001", Options(), "140321001001001"),
    ("grid", "140321001001099", Options(), "140321001001001"),
    ("region_of_grid", "140321001001099", Options(), "14/03/21/001/001/001/"),
    ("region_of_code", "140321001000", Options(), "14/03/21/001/"),
]  # fmt: skip

UNFIT: list[tuple[str, Any, Options, str]] = [
    ("text", 4.20321e17, Options(), "not-text"),
    ("text", "a\x00b", Options(), "bad-character"),
    ("text", "\ud800", Options(), "bad-character"),
    ("text", "姓\ufffd", Options(), "bad-character"),
    ("text", "长" * 20_001, Options(), "too-long"),
    ("code", True, Options(), "not-a-code"),
    ("code", 1.5, Options(), "not-a-code"),
    ("code", Decimal("NaN"), Options(), "not-a-code"),
    *((name, cell, Options(), rule) for cell in (int("9" * 399), Decimal("sNaN"), Decimal("1E+400")) for name, rule in [
        ("code", "not-a-code"), ("resident_id", "bad-resident-id"), ("phone", "not-a-phone"), ("grid", "not-a-code"),
        ("credit_code", "bad-credit-code"), ("enum", "unknown-value"), ("region_of_code", "not-a-code"),
        ("region_of_grid", "not-a-code"), ("number", "not-a-number"),
    ]),
    ("code", 1.40321e17, Options(), "scientific-notation"),
    ("code", "1.40321E+17", Options(), "scientific-notation"),
    ("text", "1.39E+10", Options(), "scientific-notation"),
    ("phone", "1.39E+10", Options(), "scientific-notation"),
    ("number", "1.2E+3", Options(), "scientific-notation"),
    ("number", "1,234", Options(), "thousands-separator"),
    ("integer", "1，234", Options(), "thousands-separator"),
    ("number", "1_234", Options(), "not-a-number"),
    ("integer", "1.5", Options(), "not-an-integer"),
    ("integer", 2.0**60, Options(), "not-an-integer"),
    ("number", "nan", Options(), "not-a-number"),
    ("number", "1e999", Options(), "not-a-number"),
    ("number", -3.5, Options(least=0), "out-of-range"),
    ("number", True, Options(), "not-a-number"),
    ("date", "19570230", Options(format="%Y%m%d"), "not-a-date"),
    ("date", "1957312", Options(format="%Y%m%d"), "not-a-date"),
    ("date", "20260701", Options(format="%Y%m%d"), "in-future"),
    ("datetime", "2026-13-01 00:00:00", Options(format="%Y-%m-%d %H:%M:%S"), "not-a-time"),
    ("datetime", "1970-01-01 00:00:00", Options(), "sentinel"),
    ("datetime", 17, Options(), "not-a-time"),
    ("enum", "未分类", Options(values={"噪音": "NOISE"}), "unknown-value"),
    ("enum", ["噪音"], Options(values={"噪音": "NOISE"}), "unknown-value"),
    ("resident_id", "140321195703129023", Options(), "bad-resident-id"),
    ("resident_id", "1.40321195703129E+17", Options(), "scientific-notation"),
    ("resident_id", 140321195703129022.0, Options(), "scientific-notation"),
    ("date", "2016/13/4", Options(format="%Y/%m/%d"), "not-a-date"),
    ("date", "4/13/2016", Options(format="%Y/%m/%d"), "not-a-date"),
    ("date", "2016/4/13 25:00", Options(format="%Y/%m/%d"), "not-a-date"),
    ("phone", "1990321000", Options(), "not-a-phone"),
    ("credit_code", "91350100M000100Y44", Options(), "bad-credit-code"),
    ("credit_code", "91350100M000010Y43", Options(), "bad-credit-code"),
    ("credit_code", "9135O100M000100Y43", Options(), "bad-credit-code"),
    ("credit_code", "91350100M000100I43", Options(), "bad-credit-code"),
    ("credit_code", "91350100M000100Y4", Options(), "bad-credit-code"),
    ("credit_code", "9" * 19, Options(), "bad-credit-code"),
    ("credit_code", "0" * 18, Options(), "bad-credit-code"),
    ("credit_code", 913501000001000143.0, Options(), "scientific-notation"),
    ("credit_code", "350100100012345", Options(), "old-registration"),
    ("credit_code", 350100100012345, Options(), "old-registration"),
    ("credit_code", "3501001000123", Options(), "old-registration"),
    ("grid", "140321999999999", Options(), "unknown-grid"),
    ("grid", "140321001001", Options(), "unknown-grid"),
    ("grid", "140321001001098", Options(), "ended-grid"),
    ("grid", "140321001001097", Options(), "ended-grid"),
    ("region_of_code", "14032", Options(), "not-a-division"),
    ("region_of_code", "000000000000", Options(), "not-a-division"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "cell", "options", "value"), FITS)
def test_fits(name: str, cell: Any, options: Options, value: Any) -> None:
    assert TRANSFORMS[name](cell, options, CONTEXT) == value


@pytest.mark.parametrize(("name", "cell", "options", "rule"), UNFIT)
def test_unfit(name: str, cell: Any, options: Options, rule: str) -> None:
    with pytest.raises(Unfit) as caught:
        TRANSFORMS[name](cell, options, CONTEXT)
    assert caught.value.rule == rule
    assert str(cell)[:40] not in str(caught.value)


def test_why_a_grid_is_unknown_is_told_alike_before_and_after_the_divisions_came() -> None:
    told = set()
    for context in (CONTEXT, Context({}, ZONE, dt.date(2026, 6, 30))):
        with pytest.raises(Unfit, match="if divisions are not in yet, pull them first") as caught:
            TRANSFORMS["grid"]("140321999999999", Options(), context)
        told.add((caught.value.rule, str(caught.value)))
    assert len(told) == 1


@pytest.mark.parametrize(
    ("code", "path", "level"),
    [
        ("140000000000", "14/", "PROVINCE"),
        ("140300000000", "14/03/", "CITY"),
        ("140321000000", "14/03/21/", "DISTRICT"),
        ("140321001000", "14/03/21/001/", "STREET"),
        ("140321001002", "14/03/21/001/002/", "COMMUNITY"),
        ("140321001002005", "14/03/21/001/002/005/", "GRID"),
        ("441900003000", "44/19/-/003/", "STREET"),
        ("140321001000005", "14/03/21/001/-/005/", "GRID"),
    ],
)
def test_a_level_that_a_place_lacks_keeps_its_position(code: str, path: str, level: str) -> None:
    assert (division_path(code), level_of(path)) == (path, level)


@pytest.mark.parametrize(
    ("text", "valid"),
    [
        (ID, True),
        ("140321198810069057", True),
        (ID[:-1] + "3", False),
        ("990321195703129022", False),
        ("14032119570312902", False),
        ("１40321195703129022", False),
        ("", False),
    ],
)
def test_resident_ids(text: str, valid: bool) -> None:
    assert is_resident_id(text) is valid


def test_what_an_id_number_says() -> None:
    assert (birth_of(ID), gender_of(ID)) == (dt.date(1957, 3, 12), "FEMALE")


def checked(bodies: Iterable[str]) -> str:
    """The first body whose check sign as that of a unit is a digit, with it."""
    return next(body + sign for body in bodies if (sign := uscc.calc_check_digit(f"{body}0")).isdigit())


DIGITS_OF_A_UNIT = checked(f"91140321{serial:09}" for serial in range(99))
ID_LIKE_A_UNIT = checked(f"1101011990030{serial}" for serial in range(7000, 7999))
"""The number of a person that has the check sign of a unit by chance."""


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        ("HJ0000000001", True), ("140321001001001", True), ("FW1/2", True),
        ("2026-06-01/0001", True), ("91350100M000100Y43", True), (DIGITS_OF_A_UNIT, True), ("0000012345678", True),
        (ID, False), ("19903210001", False), ("no 19903210001", False), ("祁慧兰", False), ("a" * 65, False),
        ("138-1234-5678", False), ("8613812345678", False), ("008613812345678", False), ("013812345678", False),
        ("110101-19900307-1234", False), ("110101.19900307.1234", False), ("110101/1990-03-07/123X", False),
        ("010-62345678", False), ("0355-6234567", False), ("8610-6234-5678", False), ("110101900307123", False),
        ("E12345678", False), ("EA1234567", False), ("H1234567890", False), ("1/e12345678", False),
        (DIGITS_OF_A_UNIT[:17] + "X", False), (ID_LIKE_A_UNIT, False),
    ],
)  # fmt: skip
def test_only_a_clean_record_number_is_shown(number: str, shown: bool) -> None:
    assert may_be_shown(number) is shown


GOOD = {
    "登记编号": "HJ0000000001", "姓名": "祁慧兰", "公民身份号码": ID, "性别": "女", "出生日期": "19570312",
    "联系电话": "19903210001", "户籍地址": "", "现住地址": "", "现住网格代码": "140321001001001",
    "户籍类别": "常住", "更新时间": "2026-06-01 00:00:00",
}  # fmt: skip


def shape(row: Row | Broken) -> Record | Refused:
    sources = load_sources(SOURCES, SPINE, {"DATA": "/data", "HOTLINE_URL": "http://127.0.0.1:9"})
    police = next(each for each in sources if each.name == "police")
    return Shaper(police, police.records[0], SPINE, CONTEXT, lambda _: "f" * 32).shape(row)


def test_a_good_row_becomes_a_record() -> None:
    record = shape(Row(1, GOOD))
    assert isinstance(record, Record)
    assert (record.key, record.identity) == ("police/register:HJ0000000001", ID)
    assert record.values["address"] is None
    for value in ("祁慧兰", ID, "19903210001"):
        assert value not in repr(record)


@pytest.mark.parametrize(
    ("change", "column", "rule"),
    [
        ({"公民身份号码": ""}, "公民身份号码", "missing"),
        ({"公民身份号码": ID[:-1] + "X"}, "公民身份号码", "bad-resident-id"),
        ({"出生日期": "19570313"}, "出生日期", "birth-mismatch"),
        ({"出生日期": "19000101"}, "出生日期", "birth-mismatch"),
        ({"出生日期": "19570230"}, "出生日期", "not-a-date"),
        ({"性别": "男"}, "性别", "gender-mismatch"),
        ({"现住网格代码": "140321999999999"}, "现住网格代码", "unknown-grid"),
        ({"姓名": " "}, "姓名", "missing"),
        ({"更新时间": ""}, "更新时间", "missing"),
        ({"登记编号": ""}, "登记编号", "missing"),
    ],
)
def test_a_bad_row_is_told_by_column_and_rule(change: dict[str, str], column: str, rule: str) -> None:
    refused = shape(Row(5, {**GOOD, **change}))
    assert isinstance(refused, Refused)
    assert (refused.field, refused.rule) == (column, rule)
    assert refused.row == ("line 5" if column == "登记编号" else "HJ0000000001")
    for value in ("祁慧兰", ID, "19903210001"):
        assert value not in repr(refused)


OUTSIDE = [dt.datetime(1, 1, 1, tzinfo=dt.UTC), dt.datetime(9999, 12, 31, 23, tzinfo=dt.UTC)]


@pytest.mark.parametrize("cell", OUTSIDE)
@pytest.mark.parametrize("zone", [dt.timezone(dt.timedelta(hours=8)), dt.timezone(dt.timedelta(hours=-8))])
@pytest.mark.parametrize("name", ["date", "validity", "datetime"])
def test_case_4_01_a_time_at_the_ends_of_the_calendar_refuses_its_row(
    name: str, zone: dt.timezone, cell: dt.datetime
) -> None:
    """In the zone of the source one of the two lies outside the years that there are; no end of a year is a time."""
    for given in (cell, cell.isoformat(), cell.replace(tzinfo=zone), cell.replace(tzinfo=None)):
        with suppress(Unfit):
            TRANSFORMS[name](given, Options(), Context({}, zone, dt.date.max))
    beyond = OUTSIDE[0] if zone.utcoffset(None) < dt.timedelta() else OUTSIDE[1]
    with pytest.raises(Unfit, match=r"not-a-(time|date)"):
        TRANSFORMS[name](beyond, Options(), Context({}, zone, dt.date.max))


def test_case_4_06_a_row_of_a_day_to_come_is_refused() -> None:
    """It would win over each later row until that day."""
    tomorrow = CONTEXT.today + dt.timedelta(days=1)
    assert isinstance(shape(Row(1, {**GOOD, "更新时间": f"{tomorrow} 23:59:59"})), Record)
    for day in (tomorrow + dt.timedelta(days=1), dt.date(9999, 12, 31)):
        refused = shape(Row(1, {**GOOD, "更新时间": f"{day} 00:00:00"}))
        assert isinstance(refused, Refused)
        assert (refused.field, refused.rule, refused.as_of) == ("更新时间", "in-future", None)


def test_a_row_without_a_number_is_called_the_same_in_every_read_from_a_cursor_on() -> None:
    sources = load_sources(SOURCES, SPINE, {"DATA": "/data", "HOTLINE_URL": "http://127.0.0.1:9"})
    housing = next(each for each in sources if each.name == "housing")

    def name(row: Row | Broken) -> str:
        digest = hashlib.sha256
        found = Shaper(housing, housing.records[0], SPINE, CONTEXT, lambda content: digest(content).hexdigest())
        shaped = found.shape(row)
        assert isinstance(shaped, Refused)
        return shaped.row

    def broken(number: int, **values: Any) -> Broken:
        return Broken(number, "building_no", "not-decodable", "a text is not UTF-8", None, values)

    assert name(broken(4, name=Unreadable())) == name(broken(2, name=Unreadable())) != name(broken(4, name="x"))
    assert name(Row(4, {"name": "x"})) == name(Row(2, {"name": "x"}))


def shaper(**change: Any) -> Shaper:
    sources = load_sources(SOURCES, SPINE, {"DATA": "/data", "HOTLINE_URL": "http://127.0.0.1:9"})
    police = next(each for each in sources if each.name == "police")
    stream = police.records[0]
    birth = stream.fields["birthDate"].model_copy(update=change)
    stream = stream.model_copy(update={"fields": {**stream.fields, "birthDate": birth}})
    return Shaper(police, stream, SPINE, CONTEXT, lambda _: "f" * 32)


@pytest.mark.parametrize(
    ("cell", "form"),
    [("1957/3/12", "%Y/%m/%d"), ("1957/03/12", "%Y/%m/%d"), ("1957-3-12", None), ("1957年3月12日", "%Y年%m月%d日")],
)
def test_case_4_01_dates_without_leading_zeros_are_read(cell: str, form: str | None) -> None:
    record = shaper(format=form).shape(Row(1, {**GOOD, "出生日期": cell}))
    assert isinstance(record, Record)
    assert record.values["birthDate"] == dt.date(1957, 3, 12)


def test_case_4_01_a_format_that_fits_no_row_refuses_the_file() -> None:
    shaping = shaper(format="%Y-%m-%d")
    for number in (1, 2):
        shaping.shape(Row(number, {**GOOD, "出生日期": "12.03.1957"}))
    told = "column 出生日期: none of 2 values is of the form %Y-%m-%d; they look like 99.99.9999"
    with pytest.raises(ConnectorError, match=re.escape(told)):
        shaping.check_formats(full=True)
    shaping.check_formats(full=False)
    shaping.shape(Row(3, {**GOOD, "出生日期": "1957-03-12"}))
    shaping.check_formats(full=True)


def test_case_4_02_a_time_in_a_date_column_is_cut_and_told() -> None:
    shaping = shaper(format="%Y%m%d")
    for cell in ("19570312", "1957-03-12", "19570312 00:00:00"):
        shaping.shape(Row(1, {**GOOD, "出生日期": cell}))
    assert shaping.notes() == []
    record = shaping.shape(Row(2, {**GOOD, "出生日期": "19570312 09:30:00"}))
    assert isinstance(record, Record)
    assert record.values["birthDate"] == dt.date(1957, 3, 12)
    assert [each.rows for each in shaping.notes()] == [1]


def test_records_with_other_keys_have_other_numbers() -> None:
    sources = load_sources(SOURCES, SPINE, {"DATA": "/data", "HOTLINE_URL": "http://127.0.0.1:9"})
    police = next(each for each in sources if each.name == "police")
    stream = police.records[0].model_copy(update={"key": ("登记编号", "性别")})
    shaping = Shaper(police, stream, SPINE, CONTEXT, lambda content: hashlib.sha256(content).hexdigest())

    def number(*parts: str) -> str:
        shaped = shaping.shape(Row(1, dict(zip(stream.key, parts, strict=True))))
        assert isinstance(shaped, Refused)
        return shaped.row

    keys = [("1/2", "3"), ("1", "2/3"), ("1\\", "/2"), ("1", "\\/2"), ("1/2", "/3"), ("1//2", "3")]
    assert len({number(*each) for each in keys}) == len(keys)
    assert number("1", "2") == "1/2"


def test_an_id_number_used_as_record_number_is_kept_as_a_digest() -> None:
    record = shape(Row(1, {**GOOD, "登记编号": ID}))
    assert isinstance(record, Record)
    assert record.number == "~" + "f" * 16
