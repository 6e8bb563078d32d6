"""Conditions on rows: one frozen form for a GraphQL `where` and for the `rows` of a policy.

`parse` takes the nested mapping that GraphQL coercion or YAML yields; it checks each name against the catalogue and
each value against its field, and never repeats a value in an error. Logic is three-valued (Kleene): a comparison with
null is unknown, and an unknown row is not a match. `negation_normal` moves every `not` down to the leaves, where the
compiler can put a guard beside each comparison.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from schema.catalogue import Answer, Bucket, Catalogue, CatalogueError, Entity, Field, Scalar
from schema.conditions.operators import BUCKET_OPERATORS, NEGATED, OPERATORS, Op, operators_of
from schema.conditions.search_text import TAKES, is_searchable
from schema.nearest_name import nearest_name
from schema.region_paths import path_meant
from schema.signs import odd_sign
from schema.slot import Slot
from schema.values import coerce, coerce_part, coerce_prefix, expected

__all__ = [
    "ARGUMENT", "BUCKET_OPERATORS", "FALSE", "MAX_VALUES", "OPERATORS", "SAYS_NOTHING", "TRUE", "YEARS_AGO", "All",
    "Any_", "CaseHolds", "Compare", "Grammar", "IsCase", "Not", "Op", "Placeholder", "Predicate", "PredicateError",
    "Related", "conjuncts", "has_case", "negation_normal", "parse",
]  # fmt: skip

MAX_VALUES = 200
"""Longest list that `in` takes."""


class PredicateError(ValueError):
    """A condition names something unknown or compares with a value of another type. Never carries the value."""

    def __init__(self, path: tuple[str, ...], problem: str) -> None:
        super().__init__(f"{'.'.join(path) or 'where'}: {problem}")
        self.path = path
        self.problem = problem


SAYS_NOTHING = "empty, so it says nothing; remove it, or say what is meant"
"""Why an empty condition, comparison or list in a policy is refused."""

_OF_SUBJECT = ("application", "department", "role", "level", "jurisdiction")
_OTHERS = ("$case", "$today", "$today - 60y")
_KNOWN = ", ".join(("$subject." + "|".join(_OF_SUBJECT), *_OTHERS))
_NEAREST = {**{each: f"$subject.{each}" for each in _OF_SUBJECT}, **{each: each for each in _OTHERS}}
_COERCE_PART = {Op.STARTS_WITH: coerce_prefix, Op.CONTAINS: coerce_part}
_PLACEHOLDER = re.compile(rf"\$(subject\.(?:{'|'.join(_OF_SUBJECT)})|today(?: - (\d{{1,3}})y)?)\Z")

ARGUMENT, YEARS_AGO = "argument", "today - argument"
"""Placeholders of an answer's argument, and of the day so many years ago; a request puts a value in their place."""


@dataclass(frozen=True, slots=True)
class Placeholder:
    """A value known only when a request is decided: `$subject.jurisdiction`, `$today`, `$today - 60y`."""

    name: str
    years_ago: int = 0


@dataclass(frozen=True, slots=True)
class Compare:
    """A leaf: one field (or one of its aggregate buckets) against one value; `IN` takes a tuple, `IS_NULL` a bool."""

    field: str
    op: Op
    value: Any
    bucket: str | None = None


@dataclass(frozen=True, slots=True)
class Related:
    """`some`: at least one node over the edge satisfies `where`; otherwise (`none`) no node does."""

    edge: str
    some: bool
    where: Predicate


@dataclass(frozen=True, slots=True)
class All:
    """Every part holds; with no part, true."""

    parts: tuple[Predicate, ...]


@dataclass(frozen=True, slots=True)
class Any_:
    """At least one part holds; with no part, false."""

    parts: tuple[Predicate, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """The part does not hold."""

    part: Predicate


@dataclass(frozen=True, slots=True)
class IsCase:
    """This event is the request's case (`number: {eq: $case}`), and the subject may work on it.

    That is: the subject sees it without the case, it is open, and it is assigned to the subject's department.
    """


@dataclass(frozen=True, slots=True)
class CaseHolds:
    """There is such an event at all: what an obligation of a case adds to the rows of its grant."""


Predicate = Compare | Related | All | Any_ | Not | IsCase | CaseHolds
TRUE = All(())
FALSE = Any_(())


@dataclass(frozen=True, slots=True)
class Grammar:
    """What a condition may contain: placeholders (policies only), aggregate buckets (aggregate roots only).

    `answer` is the answer whose condition it is: the placeholders are then its argument, and days.
    """

    catalogue: Catalogue
    placeholders: bool = False
    buckets: bool = False
    answer: Answer | None = None


def parse(grammar: Grammar, entity: Entity, source: Any, path: tuple[str, ...] = ()) -> Predicate:
    """The predicate that a nested mapping states about `entity`; raises PredicateError."""
    if not isinstance(source, Mapping):
        raise PredicateError(path, "expected a condition such as {name: {eq: …}}, not null or a plain value")
    if not source and not grammar.placeholders:
        raise PredicateError(path, "an empty condition says nothing; leave it out, or say what to compare")
    parts = [_parse_entry(grammar, entity, str(key), value, (*path, str(key))) for key, value in source.items()]
    return parts[0] if len(parts) == 1 else All(tuple(parts))


def _parse_entry(grammar: Grammar, entity: Entity, key: str, value: Any, path: tuple[str, ...]) -> Predicate:
    if key in {"and", "or"}:
        if not isinstance(value, list):
            raise PredicateError(path, f"expected a list of conditions, such as {key}: [{{…: …}}, {{…: …}}]")
        if not value and not grammar.placeholders:
            raise PredicateError(path, "an empty list of conditions says nothing; leave it out, or list some")
        _check_says_something(grammar, value, path)
        parts = tuple(_parse_part(grammar, entity, each, (*path, str(i))) for i, each in enumerate(value))
        return All(parts) if key == "and" else Any_(parts)
    if key == "not":
        return Not(_without_case(_parse_part(grammar, entity, value, path), key, path))
    if key in entity.edges:
        return _parse_edge(grammar, entity, key, value, path)
    return _parse_leaf(grammar, entity, key, value, path)


def _parse_part(grammar: Grammar, entity: Entity, value: Any, path: tuple[str, ...]) -> Predicate:
    """A condition within `and`, `or` or `not`: it must say something, or it holds for every row."""
    _check_says_something(grammar, value, path)
    return parse(grammar, entity, value, path)


def _check_says_something(grammar: Grammar, value: Any, path: tuple[str, ...]) -> None:
    """Refuses `{}` and `[]` inside a condition of a policy: what is left of a line that was taken out."""
    if grammar.placeholders and isinstance(value, Mapping | list) and not value:
        raise PredicateError(path, SAYS_NOTHING)


def _without_case(part: Predicate, key: str, path: tuple[str, ...]) -> Predicate:
    """A negated part: "any event but the case" would hold for everything where no case is named."""
    if has_case(part):
        raise PredicateError(path, f"$case cannot stand under `{key}`, at any depth; say which rows the case opens")
    return part


def _parse_edge(grammar: Grammar, entity: Entity, key: str, value: Any, path: tuple[str, ...]) -> Predicate:
    other = [str(each) for each in value if each not in {"some", "none"}] if isinstance(value, Mapping) else []
    if not isinstance(value, Mapping) or other:
        raise PredicateError((*path, *other[:1]), "an edge takes `some` and `none`")
    _check_says_something(grammar, value, path)
    stated = _stated(grammar, value, path)
    target = grammar.catalogue.entity(entity.edges[key].target)
    inner = replace(grammar, buckets=False)
    parts: list[Predicate] = []
    for quantifier, where in stated.items():
        here = (*path, str(quantifier))
        part = parse(inner, target, where, here)
        parts.append(
            Related(key, quantifier == "some", part if quantifier == "some" else _without_case(part, "none", here))
        )
    return parts[0] if len(parts) == 1 else All(tuple(parts))


def _parse_leaf(grammar: Grammar, entity: Entity, key: str, value: Any, path: tuple[str, ...]) -> Predicate:
    try:
        field, bucket = _field_or_bucket(grammar, entity, key)
    except CatalogueError as unknown:
        raise PredicateError(path, str(unknown)) from None
    if not isinstance(value, Mapping):
        raise PredicateError(path, "expected a comparison such as {eq: …}; for null use {isNull: true}")
    _check_says_something(grammar, value, path)
    allowed = operators_of(field, in_policy=grammar.placeholders) if bucket is None else BUCKET_OPERATORS
    leaves: list[Predicate] = []
    for name, operand in _stated(grammar, value, path).items():
        if name not in allowed:
            raise PredicateError((*path, str(name)), f"unknown comparison; {key} takes {', '.join(allowed)}")
        op = Op(name)
        if grammar.placeholders and operand == "$case":
            leaves.append(_case(grammar, entity, field, op, (*path, str(name))))
            continue
        coerced = _operand(grammar, field, bucket, op, operand, (*path, str(name)))
        leaves.append(Compare(field.name, op, coerced, bucket.name if bucket else None))
    return leaves[0] if len(leaves) == 1 else All(tuple(leaves))


def _stated(grammar: Grammar, operators: Mapping[str, Any], path: tuple[str, ...]) -> Mapping[str, Any]:
    """What a comparison or an edge states: in a request, an operator that is null beside another one is absent.

    Clients with typed inputs send every operator that there is. Where none has a value, nothing is stated: refused.
    """
    if grammar.placeholders:
        return operators
    stated = {name: operand for name, operand in operators.items() if operand is not None}
    if not stated:
        problem = "nothing is compared here; give a value, leave it out, or ask {isNull: true} for what has no value"
        raise PredicateError(path, problem)
    return stated


def _field_or_bucket(grammar: Grammar, entity: Entity, key: str) -> tuple[Field, Bucket | None]:
    if grammar.buckets and not entity.has(key):
        field, bucket = entity.bucket(key)
        if not bucket.comparable:
            raise CatalogueError(f"{key} groups, and cannot be compared")
        return field, bucket
    return entity.field(key), None


def _operand(grammar: Grammar, field: Field, bucket: Bucket | None, op: Op, value: Any, path: tuple[str, ...]) -> Any:
    if isinstance(value, Slot):
        return replace(value, read=lambda given: _operand(grammar, field, bucket, op, given, path))
    if op is Op.IS_NULL:
        if not isinstance(value, bool):
            raise PredicateError(path, "isNull takes true or false")
        return value
    if op is Op.IN:
        if not isinstance(value, list) or len(value) > MAX_VALUES:
            raise PredicateError(path, f"expected a list of at most {MAX_VALUES} values, such as in: [A, B]")
        if not value and not grammar.placeholders:
            raise PredicateError(path, "an empty list compares with nothing; leave it out, or list values")
        _check_says_something(grammar, value, path)
        return tuple(_value(grammar, field, bucket, op, each, (*path, str(i))) for i, each in enumerate(value))
    return _value(grammar, field, bucket, op, value, path)


def _value(grammar: Grammar, field: Field, bucket: Bucket | None, op: Op, value: Any, path: tuple[str, ...]) -> Any:
    if isinstance(value, Slot):
        return replace(value, read=lambda given: _value(grammar, field, bucket, op, given, path))
    if value is None:
        raise PredicateError(path, "a comparison with null never holds; use {isNull: true}")
    _check_not_empty(grammar, value, path)
    if grammar.placeholders and isinstance(value, str) and value.startswith("$"):
        return (
            _placeholder(field, value, path)
            if grammar.answer is None
            else _of_answer(grammar.answer, field, value, path)
        )
    scalar = Scalar.STRING if bucket and bucket.kind == "age_band" else field.scalar
    if not isinstance(value, str) and scalar in {Scalar.STRING, Scalar.ENUM, Scalar.REGION}:
        raise PredicateError(path, f"expected a string (quote numbers){_meant(grammar, scalar, value)}")
    try:
        coerced = _COERCE_PART[op](field, value) if op in _COERCE_PART else coerce(scalar, field, value)
    except (ValueError, TypeError, OverflowError):
        raise PredicateError(path, f"expected {expected(scalar, field)}{_meant(grammar, scalar, value)}") from None
    _check_not_empty(grammar, coerced, path)
    if op is Op.CONTAINS and not is_searchable(coerced):
        raise PredicateError(path, TAKES)
    return coerced


def _meant(grammar: Grammar, scalar: Scalar, value: Any) -> str:
    """What the author of a policy may not see, or may have meant; of a request no value is repeated."""
    if not grammar.placeholders:
        return ""
    odd = odd_sign(value) if isinstance(value, str) else ""
    path = path_meant(value) if scalar is Scalar.REGION else None
    return "".join(f"; {each}" for each in (odd, f"write '{path}'" if path else "") if each)


def _check_not_empty(grammar: Grammar, value: Any, path: tuple[str, ...]) -> None:
    """Refuses an empty text in a request: as a beginning, or under `not`, it would hold for nearly every row."""
    if value == "" and not grammar.placeholders:
        problem = "an empty text says nothing; leave it out, or ask {isNull: true} for what has no value"
        raise PredicateError(path, problem)


def _of_answer(answer: Answer, field: Field, value: str, path: tuple[str, ...]) -> Placeholder:
    """What stands in the condition of an answer: its argument, or a day."""
    argument = answer.argument
    name, _, ago = value.partition(" - ")
    if argument is not None and name == f"${argument.name}" and not ago:
        if field.scalar is not argument.scalar and (field.scalar, argument.scalar) != (Scalar.ENUM, Scalar.STRING):
            raise PredicateError(path, f"{name} is of the type {argument.scalar}, and {field.name} is not")
        return Placeholder(ARGUMENT)
    if name != "$today":
        known = (
            f"${argument.name}, $today, $today - ${argument.name}" if argument is not None else "$today, $today - 60y"
        )
        raise PredicateError(path, f"unknown placeholder; the condition of an answer takes {known}")
    if argument is None or ago != f"${argument.name}":
        return _placeholder(field, value, path)
    if field.scalar is not Scalar.DATE or argument.scalar is not Scalar.INT:
        raise PredicateError(path, f"{value} takes a whole number of years, and compares with a date field only")
    return Placeholder(YEARS_AGO)


def _case(grammar: Grammar, entity: Entity, field: Field, op: Op, path: tuple[str, ...]) -> IsCase:
    if grammar.answer is not None:
        raise PredicateError(path, "no case stands in the condition of an answer, which says the same to everybody")
    case = grammar.catalogue.case
    if case is None or (entity.name, field.name, op) != (case.entity, case.number, Op.EQ):
        only = f"{case.entity}.{case.number}: {{eq: $case}}" if case else "nothing: this catalogue has no cases"
        raise PredicateError(path, f"$case stands in {only}")
    return IsCase()


def has_case(predicate: Predicate) -> bool:
    """Whether a condition depends on the request's case."""
    match predicate:
        case All(parts) | Any_(parts):
            return any(has_case(each) for each in parts)
        case Not(part):
            return has_case(part)
        case Related(_, _, where):
            return has_case(where)
        case _:
            return isinstance(predicate, IsCase | CaseHolds)


def _placeholder(field: Field, value: str, path: tuple[str, ...]) -> Placeholder:
    found = _PLACEHOLDER.match(value)
    if not found:
        raise PredicateError(path, f"unknown placeholder{_placeholder_meant(value)}; known: {_KNOWN}")
    if value.startswith("$today"):
        if field.scalar is not Scalar.DATE:
            raise PredicateError(path, "$today compares with a date field only")
        return Placeholder("today", int(found.group(2) or 0))
    if field.scalar not in {Scalar.STRING, Scalar.REGION, Scalar.ENUM}:
        raise PredicateError(path, f"{value} compares with a text field only")
    if (field.scalar is Scalar.REGION) != value.endswith("jurisdiction"):
        raise PredicateError(path, "$subject.jurisdiction and region fields compare with each other only")
    return Placeholder(found.group(1))


def _placeholder_meant(value: str) -> str:
    small = value.lower()
    if _PLACEHOLDER.match(small) or small == "$case":
        return f", write it in small letters: {small}"
    # What all of them begin with makes none of them likelier.
    near = nearest_name(small.removeprefix("$subject."), _NEAREST, 0.7)
    return f", the nearest is {_NEAREST[near]}" if near else ""


def negation_normal(predicate: Predicate, negate: bool = False) -> Predicate:
    """The same condition with `Not` nowhere: negation stands in the leaves (Kleene logic keeps the meaning)."""
    match predicate:
        case Not(part):
            return negation_normal(part, not negate)
        case All(parts):
            pushed = tuple(negation_normal(each, negate) for each in parts)
            return Any_(pushed) if negate else All(pushed)
        case Any_(parts):
            pushed = tuple(negation_normal(each, negate) for each in parts)
            return All(pushed) if negate else Any_(pushed)
        case Related(edge, some, where):
            # "Any event but the case" is refused when it is read; were it ever built, it would hold nowhere.
            none = some == negate
            return FALSE if none and has_case(where) else Related(edge, not none, negation_normal(where))
        case IsCase() | CaseHolds():
            return FALSE if negate else predicate
        case Compare(field, Op.IS_NULL, value, bucket):
            return Compare(field, Op.IS_NULL, value != negate, bucket)
        case Compare(field, op, value, bucket):
            return Compare(field, NEGATED[op], value, bucket) if negate else predicate


def conjuncts(predicate: Predicate) -> frozenset[Predicate]:
    """The conditions that must all hold; a predicate whose conjuncts include another's holds on fewer rows."""
    match predicate:
        case All(parts):
            return frozenset(each for part in parts for each in conjuncts(part))
        case _:
            return frozenset({predicate})
