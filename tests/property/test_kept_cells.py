"""What shaping keeps or reads by itself is what a fresh shaper, and the standard library, make of the same cells."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from connectors.base import Place, Row
from connectors.days import is_numeric, parse_moment, sorts_by_day
from connectors.shape import Shaper
from connectors.sources import load_sources
from connectors.transforms import Context
from schema import SPINE
from schema.normal_forms import narrow
from tests.support.pulling import SOURCES

pytestmark = pytest.mark.property

FORMS = (
    "%Y%m%d", "%Y-%m-%d", "%Y/%m/%d %H:%M:%S", "%Y年%m月%d日", "%d.%m.%Y", "%Y-%m-%d %H:%M", "%H:%M:%S %Y-%m-%d",
    "%Y%m%d%H%M%S",
)  # fmt: skip
GRID = "140321001001001"
ZONE = ZoneInfo("Asia/Shanghai")
CONTEXT = Context({GRID: Place("14/03/21/001/001/001/", True)}, ZONE, dt.date(2026, 6, 1))
(POLICE,) = (each for each in load_sources(SOURCES, SPINE, {"DATA": "/"}, ["police"]) if each.name == "police")
(REGISTER,) = POLICE.records


@st.composite
def written(draw: st.DrawFn) -> tuple[str, str]:
    """A form, and a text that is written in it, nearly in it, or not."""
    form = draw(st.sampled_from(FORMS))
    text = form
    for sign, most in (("Y", 10_010), ("m", 14), ("d", 33), ("H", 26), ("M", 62), ("S", 63)):
        width = draw(st.sampled_from([2, 2, 2, 1, 3])) if sign != "Y" else 4
        text = text.replace(f"%{sign}", f"{draw(st.integers(0, most)):0{width}}")
    cut = draw(st.integers(0, len(text)))
    return form, text[:cut] + draw(st.sampled_from(["", "", "", "", " ", "0", "x", "１", "-"])) + text[cut:]


@given(case=written())
@example(case=("%Y-%m-%d", "2026-02-29"))
@example(case=("%Y%m%d", "2026111"))
@example(case=("%Y/%m/%d %H:%M:%S", "2026/6/1   7:05:60"))
def test_a_moment_in_plain_numbers_is_the_one_of_the_standard_library(case: tuple[str, str]) -> None:
    form, text = case
    assert is_numeric(form)
    found = moment_or_none(lambda: parse_moment(text, form))
    # ISO 8601 is read whatever form is declared.
    plain = narrow(text)
    others = (lambda: dt.datetime.strptime(plain, form), lambda: dt.datetime.fromisoformat(plain))
    assert found is None or found in [moment_or_none(each) for each in others]


@given(moment=st.datetimes(dt.datetime(1000, 1, 1)), form=st.sampled_from(FORMS))
def test_every_moment_is_read_from_its_text(moment: dt.datetime, form: str) -> None:
    text = moment.strftime(form)
    assert parse_moment(text, form) == dt.datetime.strptime(text, form)


def moment_or_none(read: Callable[[], dt.datetime]) -> dt.datetime | None:
    """What is read, None where it is refused."""
    try:
        return read()
    except ValueError:
        return None


@pytest.mark.parametrize("form", ["%Y-%m", "%Y-%m-%d %d", "%Y-%b-%d", "%y%m%d", "%Y%m%d%%", "%c"])
def test_other_forms_are_left_to_the_standard_library(form: str) -> None:
    assert not is_numeric(form)


def test_a_form_that_sorts_by_day_is_numeric() -> None:
    assert all(is_numeric(form) for form in FORMS if sorts_by_day(form))


CELLS = {
    "登记编号": st.sampled_from(["HJ1", "HJ2", "", " "]),
    "公民身份号码": st.sampled_from(["140321199001011234", "110101199003070097", "1", ""]),
    "姓名": st.sampled_from(["王小明", "", "Ａ"]),
    "性别": st.sampled_from(["男", "女", " 男", "?", ""]),
    "出生日期": st.sampled_from(["19900307", "19900101", "19900307 10:00:00", "20300101", "1990/1/1", ""]),
    "联系电话": st.sampled_from(["13912345678", "1", ""]),
    "户籍类别": st.sampled_from(["常住", "流动", "别", ""]),
    "户籍地址": st.sampled_from(["某路1号", ""]),
    "现住地址": st.sampled_from(["某路1号", ""]),
    "现住网格代码": st.sampled_from([GRID, " " + GRID, "140321001001002", ""]),
    "更新时间": st.sampled_from(["2026-05-01 10:00:00", "2026-5-1 1:00:00", "2026-05-01", "2031-01-01 00:00:00", ""]),
}


@given(rows=st.lists(st.fixed_dictionaries(CELLS), max_size=12))
def test_a_cell_that_came_before_is_shaped_as_if_it_had_not(rows: list[dict[str, str]]) -> None:
    kept = _shaper()
    cut = 0
    for number, values in enumerate(rows):
        fresh = _shaper()
        assert kept.shape(Row(number, values)) == fresh.shape(Row(number, values))
        cut += sum(note.rows for note in fresh.notes())
    assert sum(note.rows for note in kept.notes()) == cut


def test_each_time_that_is_cut_from_a_day_is_counted() -> None:
    good = {
        "登记编号": "HJ1", "公民身份号码": "110101199003070097", "姓名": "王小明", "性别": "", "联系电话": "",
        "户籍类别": "", "户籍地址": "", "现住地址": "", "现住网格代码": GRID, "更新时间": "2026-05-01 10:00:00",
    }  # fmt: skip
    shaper = _shaper()
    for day in ("19900307", "19900307 10:00:00", "19900307 10:00:00", "19900307 11:00:00"):
        shaper.shape(Row(1, {**good, "出生日期": day}))
    assert [note.rows for note in shaper.notes()] == [3]


def _shaper() -> Shaper:
    return Shaper(POLICE, REGISTER, SPINE, CONTEXT, lambda content: f"{hash(content):x}")
