"""Pages say masks, conditions on rows and obligations in the words of both languages."""

from __future__ import annotations

import datetime as dt
import re

import pytest

from hub.console.steward.in_words import Spoken
from hub.console.words import all_words
from policies.language import load, load_files, read_folder
from policies.masking import METHODS
from policies.obligations import Cap, CaseRequired
from policies.review.changes import Shown
from policies.review.diff import diff
from schema import SPINE
from schema.declarations import Field
from schema.predicate import All, Any_, Compare, Grammar, Op, parse
from tests.support.serving import COUNTY

pytestmark = pytest.mark.unit
POLICY = load(COUNTY, SPINE)
SYNTAX = re.compile(r"\$|startsWith|\beq\b|_|\bsome\b")


def spoken(language: str) -> Spoken:
    return Spoken(SPINE, POLICY, all_words()[language], language)


@pytest.mark.parametrize(
    ("source", "zh", "en"),
    [
        (
            {"region": {"startsWith": "$subject.jurisdiction"}, "dwellings": {"some": {"usage": {"eq": "RENTED"}}}},
            "位于使用者的辖区内，且至少一个“居住房屋”符合：“房屋用途”为“出租”",
            "it lies in the jurisdiction of who asks and at least one of “Dwellings that the person lives in”"
            " is such that “Use” is “Let”",
        ),
        ({"birthDate": {"lte": "$today - 60y"}}, "“出生日期”不大于（不晚于）“60 年前的当天”", None),
        ({"residency": {"isNull": True}}, "“人口类别”为空", None),
        (
            {"not": {"residency": {"isNull": False}}},
            "不符合““人口类别”不为空”",
            None,
        ),
        (
            {"or": [{"gender": {"isNull": True}}, {"region": {"eq": "14/"}}]},
            "（“性别”为空，或“现住网格”为“14/”）",
            None,
        ),
    ],
)
def test_a_condition_is_said_in_words(source: object, zh: str, en: str | None) -> None:
    rows = parse(Grammar(SPINE, placeholders=True), SPINE.entity("Person"), source)
    assert spoken("zh").rows(rows, "Person") == zh
    if en is not None:
        assert spoken("en").rows(rows, "Person").casefold() == en.casefold()


def test_every_condition_and_mask_of_the_county_and_every_mask_of_a_ladder_has_words() -> None:
    for language in ("zh", "en"):
        said = spoken(language)
        for grant in POLICY.grants:
            for entity, rows in grant.rows.items():
                assert not SYNTAX.search(said.rows(rows, entity).replace("at least one of", "")), grant.id
        for name, field in SPINE.coordinates():
            masks = field.masks if isinstance(field, Field) else ()
            words = [said.effect(each) for each in masks]
            assert len(set(words)) == len(masks), f"two masks of {name} read the same"
            assert not any(each.partition("(")[0].strip() in METHODS for each in words), name


def test_an_effect_stands_with_its_rows_and_what_has_no_words_stands_as_it_is() -> None:
    said = spoken("zh")
    rows = Compare("gender", Op.IS_NULL, True)
    assert said.effects((Shown("partial(3,4)", (rows,)),), "Person.phone") == "仅显示前 3 位和后 4 位（“性别”为空）"
    assert said.effects((Shown("clear", (All(()),)),), "Person.phone") == "明文"
    assert (said.effect("partial(0,4)"), said.effect("partial(2,0)")) == ("仅显示后 4 位", "仅显示前 2 位")
    assert said.effects((), "Person.phone") == "拒绝（不可见）"
    assert said.effects((Shown("200"),), "obligation nodeCap") == "200"
    assert said.effects((Shown("clear", (rows,)),), "Gone.phone") == "明文（gender isNull True）"
    assert (said.application("nobody"), said.purpose("nothing"), said.thing("Person contributors")) == ("", "", "")


def test_and_stands_in_brackets_beside_or_and_what_another_condition_includes_is_not_said() -> None:
    said, male = spoken("zh"), Compare("gender", Op.EQ, "MALE")
    known, alive = Compare("birthDate", Op.IS_NULL, False), Compare("residency", Op.IS_NULL, True)
    both = All((male, known))
    assert said.effects((Shown("clear", (both, male)),), "Person.name") == said.effects(
        (Shown("clear", (male,)),), "Person.name"
    )
    assert said.effects((Shown("clear", (both, alive)),), "Person.name") == (
        "明文（（“性别”为“男”，且“出生日期”不为空），或“人口类别”为空）"
    )
    assert said.rows(Any_((both, alive)), "Person").startswith("（（“性别”为")


def test_a_prohibition_that_comes_or_goes_is_a_sentence_of_both_languages() -> None:
    never = f"prohibitions: [{{id: never, prohibit: [Person.phone], for: [{next(iter(POLICY.purposes))}], basis: l}}]\n"
    files = read_folder(COUNTY)
    with_it = load_files({**files, "never.yaml": never.encode()}, SPINE)
    there = diff(SPINE, POLICY, with_it, dt.date(2026, 6, 30))
    (new,) = spoken("zh").prohibitions(there)
    assert re.fullmatch(r"新增禁止（规则 never）：为 .+，任何应用都不得查看 联系电话 Person.phone。", new)
    (gone,) = spoken("en").prohibitions(diff(SPINE, with_it, POLICY, dt.date(2026, 6, 30)))
    assert gone.startswith("No longer prohibited (by rule never)")
    assert not [each for each in spoken("zh").other_changes(there) if each.thing.startswith("prohibition")]


def test_an_obligation_is_said_in_words() -> None:
    assert spoken("zh").duty("matchDailyCap", Cap(200, personal=True)) == "每日最多核验次数 200 按每名经办人计"
    assert spoken("en").duty("case", CaseRequired()) == "only with an open case"
