"""A condition is checked against the catalogue, name by name and value by value."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from schema import SPINE
from schema.predicate import (
    FALSE,
    TRUE,
    All,
    Any_,
    Compare,
    Grammar,
    Not,
    Op,
    Placeholder,
    Predicate,
    PredicateError,
    Related,
    negation_normal,
    parse,
)

pytestmark = pytest.mark.unit

PERSON = SPINE.entity("Person")
POLICY = Grammar(SPINE, placeholders=True)
REQUEST = Grammar(SPINE)
AGGREGATE = Grammar(SPINE, buckets=True)

GOOD: list[tuple[Grammar, Any, Predicate]] = [
    (POLICY, {}, TRUE),
    (REQUEST, {"name": {"eq": "张三"}}, Compare("name", Op.EQ, "张三")),
    (REQUEST, {"gender": {"eq": "MALE", "in": None}}, Compare("gender", Op.EQ, "MALE")),
    (
        REQUEST,
        {"birthDate": {"gte": "1950-01-01", "lt": dt.date(1960, 1, 1)}},
        All((Compare("birthDate", Op.GTE, dt.date(1950, 1, 1)), Compare("birthDate", Op.LT, dt.date(1960, 1, 1)))),
    ),
    (REQUEST, {"phone": {"isNull": True}}, Compare("phone", Op.IS_NULL, True)),
    (REQUEST, {"gender": {"in": ["MALE"]}}, Compare("gender", Op.IN, ("MALE",))),
    (
        REQUEST,
        {"not": {"dwellings": {"none": {"usage": {"eq": "RENTED"}}}}},
        Not(Related("dwellings", False, Compare("usage", Op.EQ, "RENTED"))),
    ),
    (
        POLICY,
        {"region": {"startsWith": "$subject.jurisdiction"}},
        Compare("region", Op.STARTS_WITH, Placeholder("subject.jurisdiction")),
    ),
    (POLICY, {"birthDate": {"lte": "$today - 60y"}}, Compare("birthDate", Op.LTE, Placeholder("today", 60))),
    (REQUEST, {"name": {"eq": "$today"}}, Compare("name", Op.EQ, "$today")),
    (AGGREGATE, {"ageBand": {"in": ["60-69"]}}, Compare("birthDate", Op.IN, ("60-69",), "ageBand")),
]


@pytest.mark.parametrize(("grammar", "source", "expected"), GOOD)
def test_a_condition_is_read(grammar: Grammar, source: Any, expected: Predicate) -> None:
    assert parse(grammar, PERSON, source) == expected


BAD: list[tuple[Grammar, Any, str]] = [
    (REQUEST, None, "where"),
    (REQUEST, {}, "where: an empty condition"),
    (REQUEST, {"or": []}, "or: an empty list"),
    (REQUEST, {"and": []}, "and: an empty list"),
    (REQUEST, {"not": {}}, "not: an empty condition"),
    (REQUEST, {"name": {}}, "name: nothing is compared"),
    (REQUEST, {"name": {"eq": None, "in": None}}, "name: nothing is compared"),
    (REQUEST, {"name": {"in": []}}, "name.in: an empty list"),
    (REQUEST, {"name": {"eq": ""}}, "name.eq: an empty text"),
    (REQUEST, {"name": {"in": ["x", ""]}}, "name.in.1: an empty text"),
    (REQUEST, {"name": {"startsWith": ""}}, "name.startsWith: an empty text"),
    (REQUEST, {"region": {"startsWith": ""}}, "region.startsWith: an empty text"),
    (REQUEST, {"dwellings": {}}, "dwellings: nothing is compared"),
    (REQUEST, {"dwellings": {"some": None, "none": None}}, "dwellings: nothing is compared"),
    (REQUEST, {"dwellings": {"some": {}}}, "dwellings.some: an empty condition"),
    (REQUEST, {"dwellings": {"none": {"code": {}}}}, "dwellings.none.code: nothing is compared"),
    (AGGREGATE, {"ageBand": {}}, "ageBand: nothing is compared"),
    (REQUEST, {"nme": {"eq": "x"}}, "nme"),
    (REQUEST, {"name": None}, "isNull"),
    (REQUEST, {"name": {"eq": None}}, "isNull"),
    (REQUEST, {"name": {"contains": "x"}}, "name.contains"),
    (REQUEST, {"name": {"$gt": "x"}}, "unknown comparison"),
    (REQUEST, {"__proto__": {"eq": "x"}}, "__proto__"),
    (REQUEST, {"name": {"eq": 7}}, "string"),
    (REQUEST, {"name": {"in": "x"}}, "list"),
    (REQUEST, {"name": {"in": ["x"] * 201}}, "200"),
    (POLICY, {"phone": {"isNull": None}}, "true or false"),
    (REQUEST, {"gender": {"eq": "OTHER"}}, "MALE, FEMALE"),
    (REQUEST, {"birthDate": {"eq": "30 February"}}, "date"),
    (REQUEST, {"region": {"startsWith": "14/03/2"}}, "segments"),
    (REQUEST, {"or": {"name": {"eq": "x"}}}, "list"),
    (REQUEST, {"dwellings": {"every": {}}}, "some"),
    (REQUEST, {"ageBand": {"eq": "60-69"}}, "ageBand"),
    (AGGREGATE, {"ageBand": {"startsWith": "6"}}, "eq, in"),
    (POLICY, {"region": {"startsWith": "$subject.sub"}}, "unknown placeholder"),
    (POLICY, {"region": {"startsWith": "$Subject.jurisdiction"}}, r"small letters: \$subject\.jurisdiction; known: "),
    (
        POLICY,
        {"name": {"in": ["$SUBJECT.Role"]}},
        r"name\.in\.0: unknown placeholder, write .*: \$subject\.role; known: ",
    ),
    (POLICY, {"birthDate": {"lt": "$Today - 18Y"}}, r"write it in small letters: \$today - 18y; known: "),
    (POLICY, {"reports": {"some": {"number": {"eq": "$Case"}}}}, r"write it in small letters: \$case; known: "),
    (POLICY, {"region": {"startsWith": "$Subject.juristiction"}}, r", the nearest is \$subject\.jurisdiction; known: "),
    (POLICY, {"region": {"startsWith": "$jurisdiction"}}, r", the nearest is \$subject\.jurisdiction; known: "),
    (POLICY, {"birthDate": {"lt": "$today -18y"}}, r", the nearest is \$today - 60y; known: "),
    (POLICY, {"region": {"startsWith": "$subject.area"}}, "unknown placeholder; known: "),
    (POLICY, {"name": {"eq": "$subject.jurisdiction"}}, "region"),
    (POLICY, {"region": {"eq": "$subject.role"}}, "region"),
    (POLICY, {"name": {"eq": "$today"}}, "date field"),
]


@pytest.mark.parametrize(("grammar", "source", "hint"), BAD)
def test_what_is_unknown_or_of_another_type_is_refused(grammar: Grammar, source: Any, hint: str) -> None:
    with pytest.raises(PredicateError, match=hint):
        parse(grammar, PERSON, source)


def test_a_refusal_never_repeats_the_value() -> None:
    with pytest.raises(PredicateError) as refused:
        parse(REQUEST, PERSON, {"birthDate": {"eq": "canary-value"}})
    assert "canary-value" not in str(refused.value)


def test_not_stands_in_the_leaves() -> None:
    condition = parse(
        REQUEST,
        PERSON,
        {
            "not": {
                "or": [{"name": {"eq": "a"}}, {"not": {"birthDate": {"lt": "1950-01-01"}}}, {"phone": {"isNull": True}}]
            }
        },
    )
    assert negation_normal(condition) == All(
        (
            Compare("name", Op.NOT_EQ, "a"),
            Compare("birthDate", Op.LT, dt.date(1950, 1, 1)),
            Compare("phone", Op.IS_NULL, False),
        )
    )


def test_not_some_is_none_and_stops_at_the_edge() -> None:
    inner = Compare("usage", Op.EQ, "RENTED")
    assert negation_normal(Not(Related("dwellings", True, inner))) == Related("dwellings", False, inner)
    assert negation_normal(Not(Any_((TRUE, FALSE)))) == All((FALSE, TRUE))
