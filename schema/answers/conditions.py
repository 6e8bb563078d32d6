"""Reads the conditions of answers, and says what they read.

A condition is written as the `rows` of a policy are, with two words of its own: `$years` stands for the argument of
that name, and `$today - $years` for the same day of so many years earlier. Neither a subject nor a case can stand in
it: an answer says the same to whoever may have it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from schema.catalogue import Answer, AnswerCase, Case, Catalogue, CatalogueError, Edge, Entity, Fault
from schema.predicate import (
    ARGUMENT,
    YEARS_AGO,
    All,
    Any_,
    Compare,
    Grammar,
    Not,
    Placeholder,
    Predicate,
    PredicateError,
    Related,
    negation_normal,
    parse,
)


def catalogue_of(entities: tuple[Entity, ...], edges: tuple[Edge, ...], case: Case | None = None) -> Catalogue:
    """The catalogue of these declarations, the conditions of its answers read; raises CatalogueError for all faults."""
    bare = Catalogue(entities, edges, case)
    if not any(each.answers for each in entities):
        return bare
    faults: list[Fault] = []
    made = [
        replace(each, answers=tuple(_read(bare, bare.entity(each.name), answer, faults) for answer in each.answers))
        for each in entities
    ]
    if faults:
        raise CatalogueError(faults=tuple(faults))
    return Catalogue(tuple(made), edges, case)


def _read(catalogue: Catalogue, entity: Entity, answer: Answer, faults: list[Fault]) -> Answer:
    thing, grammar = f"{entity.name}.{answer.name}", Grammar(catalogue, placeholders=True, answer=answer)
    cases: list[AnswerCase] = []
    found: list[str] = []
    for each in answer.cases:
        keys = ("values", each.value, "when") if each.value else ("when",)
        try:
            when = negation_normal(parse(grammar, entity, json.loads(each.written)))
        except PredicateError as wrong:
            faults.append(Fault(thing, wrong.problem, (*keys, *wrong.path)))
            continue
        cases.append(replace(each, when=when))
        found += read_by(catalogue, entity, when)
    made = replace(answer, cases=tuple(cases), reads=frozenset(found))
    if len(cases) == len(answer.cases):
        faults += [Fault(thing, *fault) for fault in _faults(catalogue, made)]
    return made


def _faults(catalogue: Catalogue, answer: Answer) -> Iterator[tuple[str, tuple[str, ...]]]:
    read = [(name, catalogue.coordinate(name)) for name in sorted(answer.reads)]
    for key in ("personal", "sensitive"):
        name = next((name for name, each in read if getattr(each, key, False)), None)
        if name is not None and not getattr(answer, key):
            yield f"reads {name}, which is {key}, so that the answer is too; add `{key}: true`", ()
    if answer.argument is not None and not any(_names_argument(each.when) for each in answer.cases):
        yield (
            f"no condition reads ${answer.argument.name}; compare something with it, or remove the argument",
            ("argument",),
        )


def read_by(catalogue: Catalogue, entity: Entity, condition: Predicate) -> Iterator[str]:
    """The coordinates that a condition reads, fields and edges."""
    match condition:
        case All(parts) | Any_(parts):
            for part in parts:
                yield from read_by(catalogue, entity, part)
        case Not(part):
            yield from read_by(catalogue, entity, part)
        case Related(edge, _, where):
            yield f"{entity.name}.{edge}"
            yield from read_by(catalogue, catalogue.entity(entity.edge(edge).target), where)
        case Compare(field):
            yield f"{entity.name}.{field}"


def filled(condition: Predicate, argument: Any) -> Predicate:
    """A condition with a value in the place of the argument."""
    match condition:
        case All(parts):
            return All(tuple(filled(each, argument) for each in parts))
        case Any_(parts):
            return Any_(tuple(filled(each, argument) for each in parts))
        case Related(_, _, where):
            return replace(condition, where=filled(where, argument))
        case Compare(_, _, value):
            values = tuple(_filled(each, argument) for each in value) if isinstance(value, tuple) else None
            return replace(condition, value=_filled(value, argument) if values is None else values)
        case _:
            return condition


def _filled(value: Any, argument: Any) -> Any:
    if value == Placeholder(ARGUMENT):
        return argument
    return Placeholder("today", argument) if value == Placeholder(YEARS_AGO) else value


def _names_argument(condition: Predicate) -> bool:
    return filled(condition, 1) != condition
