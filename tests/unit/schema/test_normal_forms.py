"""Normal forms: one form for every spelling of one value, at ingest and in conditions alike."""

from __future__ import annotations

import datetime as dt
import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schema import SPINE
from schema.catalogue import Kind
from schema.normal_forms import _INVISIBLE, _WIDE, date_form, is_blank, narrow, normal_form, prefix_form
from schema.predicate import Compare, Grammar, Op, parse

pytestmark = pytest.mark.unit

FORMS: list[tuple[Kind, str, str]] = [
    (Kind.PHONE, "１９９０３２１０００１", "19903210001"),
    (Kind.PHONE, "+86 199 0321 0001", "19903210001"),
    (Kind.PHONE, "0086-199-0321-0001", "19903210001"),
    (Kind.PHONE, "019903210001", "19903210001"),
    (Kind.PHONE, "(0353)1234567", "0353-1234567"),
    (Kind.PHONE, "+86 353 1234567", "0353-1234567"),
    (Kind.PHONE, "01012345678", "010-12345678"),
    (Kind.PHONE, "+1 650 123 4567", "+16501234567"),
    (Kind.PHONE, "不详", "不详"),
    (Kind.ID_NUMBER, " 14032120100315329x", "14032120100315329X"),
    (Kind.CODE, "ＰＤ０１", "PD01"),
    (Kind.CODE, "1001.0000", "1001"),
    (Kind.CODE, "1001.5", "1001.5"),
    (Kind.CODE, "A1.0", "A1.0"),
    (Kind.NAME, "买买提•阿不都拉\u200b", "买买提·阿不都拉"),
    (Kind.ADDRESS, "东街８号　二单元", "东街8号 二单元"),
    (Kind.FREE_TEXT, "电话１２３", "电话１２３"),
]


@pytest.mark.parametrize(("kind", "text", "form"), FORMS)
def test_case_4_10_spellings_have_one_form(kind: Kind, text: str, form: str) -> None:
    assert normal_form(kind, text) == form


@given(
    kind=st.sampled_from(Kind), text=st.text(st.sampled_from("0186+-() ０１x.ＡA·•年\u200b\u3000") | st.characters())
)
def test_case_4_10_a_normal_form_is_its_own(kind: Kind, text: str) -> None:
    form = normal_form(kind, text)
    assert normal_form(kind, form) == form


@given(kind=st.sampled_from(Kind), text=st.text(st.sampled_from("+8600 ()-\u200b\ufeff"), min_size=1))
def test_case_4_10_a_beginning_never_becomes_the_beginning_of_everything(kind: Kind, text: str) -> None:
    assert prefix_form(kind, text) != ""


@pytest.mark.parametrize("text", ["2016-04-13", "2016/4/13", "2016年4月13日", "２０１６-4-13", "2016-04-13T00:00:00"])
def test_case_4_10_spellings_of_a_day(text: str) -> None:
    assert date_form(text) == dt.date(2016, 4, 13)


@pytest.mark.parametrize("text", ["2016-04-13T09:00:00", "4/13/2016", "2016-13-04", "2016", ""])
def test_case_4_10_what_is_no_day_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        date_form(text)


@pytest.mark.parametrize(
    ("field", "op", "given", "compared"),
    [
        ("phone", "eq", "+86 199 0321 0001", "19903210001"),
        ("phone", "in", ["１９９０３２１０００１"], ("19903210001",)),
        ("phone", "startsWith", "199-0321", "1990321"),
        ("idNumber", "eq", "14032120100315329x", "14032120100315329X"),
        ("birthDate", "eq", "2010/3/15", dt.date(2010, 3, 15)),
        ("name", "startsWith", "买买提•", "买买提·"),
    ],
)
def test_case_4_10_a_condition_compares_with_what_is_stored(
    field: str, op: str, given: object, compared: object
) -> None:
    found = parse(Grammar(SPINE), SPINE.entity("Person"), {field: {op: given}})
    assert found == Compare(field, Op(op), compared)


SIGNS = st.text(
    st.one_of(st.sampled_from("aZ9 \u3000\u200b\u00ad\ufeff\uff21\uff10\t\x1c\u0301é張"), st.characters()), max_size=12
)


@given(SIGNS)
def test_texts_that_are_not_walked_through_have_the_same_form(text: str) -> None:
    """Most texts hold no sign that is replaced, and are passed by a quicker way."""
    seen = text.translate(_INVISIBLE)
    assert is_blank(text) == (not seen.strip())
    assert narrow(text) == unicodedata.normalize("NFC", seen.translate(_WIDE)).strip()
    assert normal_form(Kind.FREE_TEXT, text) == unicodedata.normalize("NFC", seen).strip()


@pytest.mark.parametrize("sign", [chr(code) for code in range(sys.maxunicode + 1) if code in _INVISIBLE])
def test_no_invisible_sign_passes_for_printable(sign: str) -> None:
    assert is_blank(f"{sign} {sign}")
    assert narrow(f"a{sign}") == "a"
