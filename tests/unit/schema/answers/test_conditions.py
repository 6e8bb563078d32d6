"""Answers of a slice: how they are declared, what is wrong with one, and what their conditions read."""

from __future__ import annotations

from pathlib import Path

import pytest

from schema import SPINE
from schema.answers.conditions import filled
from schema.declarations import Answer
from schema.predicate import All, Any_, Compare, Op, Placeholder, Related
from schema.strict_yaml import YamlFileError
from tests.support.sources.slices import composed

pytestmark = pytest.mark.unit

SLICE = """
slice: care
extends:
  Person:
    answers:
      ANSWER
"""
PLAIN = (
    "needsVisit: {zh: 是否需要走访, en: Needs a visit, grade: general-3, personal: true, sensitive: true, when: WHEN}"
)


def answer(folder: Path, text: str) -> Answer:
    """The answer that a slice declares for people."""
    made = composed(folder, {"care.yaml": SLICE.replace("ANSWER", text)}).catalogue
    return next(each for each in made.entity("Person").answers if each.slice == "care")


def test_a_condition_may_read_what_hangs_on_a_node(tmp_path: Path) -> None:
    found = answer(
        tmp_path, PLAIN.replace("WHEN", "{rents: {some: {status: {eq: CONFIRMED}}}, not: {phone: {isNull: true}}}")
    )
    assert found.reads == {"Person.rents", "Tenancy.status", "Person.phone"}
    assert found.cases[0].when == All(
        (Compare("phone", Op.IS_NULL, False), Related("rents", True, Compare("status", Op.EQ, "CONFIRMED")))
    )
    assert found.values == () and {"answer", "personal", "sensitive", "grade:general-3"} == found.tags


def test_the_first_value_that_holds_is_the_answer(tmp_path: Path) -> None:
    text = """band:
        zh: 年龄段
        en: Age band
        grade: general-2
        personal: true
        values:
          CHILD: {zh: 儿童, en: A child, when: {birthDate: {gt: $today - 14y}}}
          OLD: {zh: 老人, en: Old, when: {birthDate: {lte: $today - 60y}}}
"""
    found = answer(tmp_path, text)
    assert found.values == ("CHILD", "OLD")
    assert found.cases[1].when == Compare("birthDate", Op.LTE, Placeholder("today", 60))


def test_a_value_takes_the_place_of_the_argument() -> None:
    age, resident = SPINE.entity("Person").answer("ageOver"), SPINE.entity("Person").answer("isResident")
    assert age is not None and resident is not None
    assert filled(age.cases[0].when, 18) == Compare("birthDate", Op.LTE, Placeholder("today", 18))
    assert filled(Any_((resident.cases[0].when,)), "14/03/") == Any_((Compare("region", Op.STARTS_WITH, "14/03/"),))


def test_what_an_answer_reads_is_found_by_what_is_read() -> None:
    assert list(SPINE.answers_reading("Person.birthDate")) == ["Person.ageOver"]
    assert list(SPINE.answers_reading("Inspection.rectifyBy")) == ["Dwelling.hasOpenInspection"]
    assert list(SPINE.answers_reading("Person.phone")) == []


ARGUMENT = "argument: {name: n, type: Int, zh: 数, en: Number}"
FAULTS = {
    "a name that there is not": (PLAIN.replace("WHEN", "{income: {gt: 3}}"), r"care.yaml:6: .*income"),
    "nothing": (PLAIN.replace("WHEN", "{}"), "nothing stands here"),
    "no condition": (PLAIN.replace(", when: WHEN", ""), "says `when` it is yes, or lists `values`"),
    "a subject": (
        PLAIN.replace("WHEN", "{region: {startsWith: $subject.jurisdiction}}"),
        "unknown placeholder; the condition of an answer takes \\$today",
    ),
    "a case": (PLAIN.replace("WHEN", "{reports: {some: {number: {eq: $case}}}}"), "no case stands in the condition"),
    "less personal than what it reads": (
        PLAIN.replace("WHEN", "{idNumber: {isNull: true}}").replace(", sensitive: true", ""),
        "reads Person.idNumber, which is sensitive, so that the answer is too; add `sensitive: true`",
    ),
    "said of people, and not personal": (
        PLAIN.replace("WHEN", "{phone: {isNull: true}}").replace("personal: true, sensitive: true, ", ""),
        "what is said of people is `personal: true`",
    ),
    "an argument that nothing reads": (
        PLAIN.replace("when: WHEN", "ARG, when: {phone: {isNull: true}}").replace("ARG", ARGUMENT),
        r"no condition reads \$n",
    ),
    "an argument of another type": (
        PLAIN.replace("when: WHEN", "ARG, when: {phone: {eq: $n}}").replace("ARG", ARGUMENT),
        r"\$n is of the type Int, and phone is not",
    ),
    "years of what is no day": (
        PLAIN.replace("when: WHEN", "ARG, when: {phone: {eq: $today - $n}}").replace("ARG", ARGUMENT),
        "compares with a date field only",
    ),
    "an argument of a type that is not asked with": (
        PLAIN.replace("when: WHEN", "ARG, when: {phone: {isNull: true}}").replace(
            "ARG", ARGUMENT.replace("Int", "Date")
        ),
        "an answer is asked with one of: Int, RegionPath, String",
    ),
    "the name of a field": (
        PLAIN.replace("WHEN", "{phone: {isNull: true}}").replace("needsVisit", "phone"),
        "declared in",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_what_is_wrong_is_told_with_file_line_and_remedy(tmp_path: Path, fault: str) -> None:
    text, told = FAULTS[fault]
    with pytest.raises(YamlFileError, match=told):
        answer(tmp_path, text)
