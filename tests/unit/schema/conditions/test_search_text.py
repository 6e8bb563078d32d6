"""What may be searched for, and that the question to the index holds no syntax of the caller's."""

from __future__ import annotations

import random
import re

import pytest

from schema import SPINE
from schema.catalogue import Catalogue, CatalogueError, Entity, Field, Grade, Kind, Scalar
from schema.conditions.search_text import LONGEST, TAKES, index_query, is_searchable
from schema.predicate import Compare, Grammar, Op, PredicateError, negation_normal, parse

pytestmark = pytest.mark.unit

UNIT = SPINE.entity("Unit")


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("便利", '"便利"'),
        ("便利 东街", '"便利" AND "东街"'),
        ("ABC便利", '"便利"'),
        ("Wifi-101", "*wifi* AND *101*"),
        ("便a利Shop", "*shop*"),
        ("𠮷野", '"𠮷野"'),
        ('便利" OR *:*', '"便利"'),
        ("theatre", "*theatre*"),
        ("the 101", "*101*"),
    ],
)
def test_the_question_is_made_of_chinese_phrases_or_else_of_words(text: str, query: str) -> None:
    assert is_searchable(text)
    assert index_query(text) == query


@pytest.mark.parametrize(
    "text", ["店", "ab", "the", "his", "www", "a b c", "*:*", "~~~", "店 铺", "東" * 101, "カタカナ"]
)
def test_what_the_index_cannot_find_is_no_search(text: str) -> None:
    assert not is_searchable(text)


def test_no_sign_of_a_text_is_syntax(rng: random.Random) -> None:
    signs = list('+-&|!(){}[]^"~*?:\\/ \n\x00ANDORT便利東店9aZ𠮷')
    for _ in range(5_000):
        text = "".join(rng.choices(signs, k=rng.randint(0, LONGEST)))
        if is_searchable(text):
            for part in index_query(text).split(" AND "):
                assert re.fullmatch(r'"[便利東店𠮷]{2,}"|\*[a-z0-9]{3,}\*', part), text


def test_a_condition_takes_it_in_a_request() -> None:
    found = parse(Grammar(SPINE), UNIT, {"name": {"contains": " 东街便利 "}})
    assert found == Compare("name", Op.CONTAINS, "东街便利")
    assert negation_normal(parse(Grammar(SPINE), UNIT, {"not": {"name": {"contains": "东街"}}})) == Compare(
        "name", Op.NOT_CONTAINS, "东街"
    )


@pytest.mark.parametrize("text", ["店", "x" * 101, "~", "\u200b\u200b"])
def test_a_refusal_says_what_is_taken_and_repeats_nothing(text: str) -> None:
    with pytest.raises(PredicateError) as refused:
        parse(Grammar(SPINE), UNIT, {"name": {"contains": text}}, ("where",))
    assert str(refused.value) in {f"where.name.contains: {TAKES}", f"where.name.contains: {EMPTY}"}


EMPTY = "an empty text says nothing; leave it out, or ask {isNull: true} for what has no value"


@pytest.mark.parametrize("source", [{"name": {"contains": "东街便利"}}, {"name": {"contains": "$subject.department"}}])
def test_rows_of_a_grant_do_not_turn_on_what_a_text_contains(source: object) -> None:
    with pytest.raises(PredicateError, match="unknown comparison; name takes eq, in, startsWith, isNull"):
        parse(Grammar(SPINE, placeholders=True), UNIT, source)


def test_a_field_that_is_not_searchable_takes_no_search() -> None:
    with pytest.raises(PredicateError, match="unknown comparison"):
        parse(Grammar(SPINE), UNIT, {"creditCode": {"contains": "东街便利"}})


@pytest.mark.parametrize(("scalar", "kind"), [(Scalar.STRING, Kind.PHONE), (Scalar.STRING, Kind.ID_NUMBER)])
def test_numbers_of_people_are_not_searched_in_part(scalar: Scalar, kind: Kind) -> None:
    field = Field("phone", scalar, "电话", "Phone", kind, Grade.GENERAL_3, personal=True, searchable=True)
    with pytest.raises(CatalogueError, match=r"Shop\.phone: only a String of a kind that is searched"):
        Catalogue((Entity("Shop", "shops", "店", "A shop", (field,)),), ())
