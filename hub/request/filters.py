"""Checks the filters, sort orders, cursors and groupings of a request against the decision.

A request compares, sorts and groups only by what it may see in clear, or through a granted bucket or match; anything
else is refused. That depends on schema, policy and purpose alone, so the refusal may say so. What a condition names (a
division, a node by its key) is told here too, for it says where the graph begins. Source: semantics 9 to 11 of the
design's section 4.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any

from hub.errors import Code, HubError
from hub.request.plan_model import OrderKey
from policies.aggregate import counts_a_list
from policies.model import Decision
from schema.catalogue import Bucket, Catalogue, Entity, Field, Scalar
from schema.graphql import aggregate_type, bucket_value
from schema.predicate import (
    TRUE,
    All,
    Any_,
    Compare,
    Grammar,
    Not,
    Op,
    Predicate,
    PredicateError,
    Related,
    negation_normal,
    parse,
)

MAX_SORT_KEYS = 4
MAX_SEARCHES = 4
FAN_OUT = 20
"""How many nodes an edge to many is taken to lead to."""
_NARROWING = frozenset({Op.EQ, Op.IN, Op.STARTS_WITH})
_NAMING = frozenset({Op.EQ, Op.IN})
TURNS = 1
"""How often a condition may go back over the edge that it came by: the neighbours of neighbours are neighbours."""
NoteUse = Callable[[str, str], None]
"""Called with (coordinate, how) for each coordinate that a condition, a sort or a grouping reads."""


def page_condition(catalogue: Catalogue, entity: Entity, source: Any) -> Predicate:
    """What a connection's `where` says, not yet checked against the decision; raises VALIDATION."""
    return _parse(Grammar(catalogue), entity, source)


def page_where(
    catalogue: Catalogue, decision: Decision, entity: Entity, condition: Predicate, use: NoteUse
) -> Predicate:
    """The condition of a connection that is no match, checked; raises FIELD_NOT_FILTERABLE."""
    _check(catalogue, decision, entity, condition, use)
    return condition


def page_match(decision: Decision, entity: Entity, condition: Predicate, use: NoteUse) -> Compare | None:
    """The comparison if a connection's condition is a match, on a coordinate that is not clear."""
    matched = _whole_value(decision, entity, condition)
    if matched is None or decision.of(entity.name).of(matched.field).clear:
        return None
    use(f"{entity.name}.{matched.field}", "matched")
    return matched


def edges_followed(
    catalogue: Catalogue, entity: Entity, condition: Predicate, came_by: str = "", turns: int = 0
) -> int:
    """How many edges a condition may follow for each row of `entity`; raises COST_LIMIT if it goes back and forth.

    `came_by` is the edge that leads back, `turns` how often the condition went back before.
    """
    match condition:
        case All(parts) | Any_(parts):
            return sum(edges_followed(catalogue, entity, each, came_by, turns) for each in parts)
        case Related(edge, _, where):
            end = entity.edge(edge)
            turns += end.coordinate == came_by
            if turns > TURNS:
                text = (
                    f"the condition goes back and forth over {end.coordinate}; ask in two queries, the second by `in`"
                )
                raise HubError(Code.COST_LIMIT, text)
            inner = edges_followed(catalogue, catalogue.entity(end.target), where, end.inverse, turns)
            return (FAN_OUT if end.many else 1) * (1 + inner)
        case _:
            return 0


def conditions_of(where: Predicate) -> tuple[Predicate, ...]:
    """The conditions that must all hold, in their order."""
    if isinstance(where, All):
        return tuple(each for part in where.parts for each in conditions_of(part))
    return (where,)


def names_division(where: Predicate) -> bool:
    """Whether the rows that a request asks for all lie in divisions that it names."""
    return any(
        isinstance(each, Compare) and each.field == "region" and not each.bucket and each.op in _NARROWING
        for each in conditions_of(where)
    )


def search_to_begin_with(catalogue: Catalogue, entity: Entity, where: Predicate) -> Compare | None:
    """The `contains` by whose index rows are found; None where a division, a key or a relation to one finds fewer."""
    if names_division(where) or _names_key(entity, where) or relation_to_key(catalogue, entity, where) is not None:
        return None
    searches = (each for each in conditions_of(where) if isinstance(each, Compare) and each.op is Op.CONTAINS)
    return next(searches, None)


def relation_to_key(catalogue: Catalogue, entity: Entity, where: Predicate) -> Related | None:
    """The relation that leads, over others or at once, to a node by a key; None where a row is asked for by its own."""
    if _names_key(entity, where):
        return None
    for each in conditions_of(where):
        if isinstance(each, Related) and each.some:
            target = catalogue.entity(entity.edge(each.edge).target)
            if _names_key(target, each.where) or relation_to_key(catalogue, target, each.where) is not None:
                return each
    return None


def _names_key(entity: Entity, where: Predicate) -> bool:
    """Whether a condition names what few nodes have and an index finds: a number, a code, a name."""
    return any(
        isinstance(each, Compare) and each.op in _NAMING and not each.bucket and _is_key(entity.field(each.field))
        for each in conditions_of(where)
    )


def _is_key(field: Field) -> bool:
    return field.indexed and field.scalar is Scalar.STRING


def person_match(catalogue: Catalogue, decision: Decision, person: Entity, source: Any, use: NoteUse) -> Compare:
    """The match that names the person of `accessesOf`; raises FIELD_NOT_FILTERABLE, VALIDATION."""
    matched = _whole_value(decision, person, _parse(Grammar(catalogue), person, source))
    if matched is None:
        names = decision.of(person.name).matchable
        raise HubError(
            Code.FIELD_NOT_FILTERABLE,
            f"accessesOf tells of one {person.name}, whom its condition names in full and by nothing else, such as "
            f"{{{names[0]}: {{eq: …}}}}; this purpose may match {', '.join(names)}",
        )
    use(f"{person.name}.{matched.field}", "matched")
    return matched


def aggregate_where(catalogue: Catalogue, decision: Decision, entity: Entity, source: Any, use: NoteUse) -> Predicate:
    """The condition of an aggregate: clear coordinates as they are, others through their buckets."""
    predicate = _coarsen(entity, _parse(Grammar(catalogue, buckets=True), entity, source))
    _check(catalogue, decision, entity, predicate, use)
    return predicate


def _parse(grammar: Grammar, entity: Entity, source: Any) -> Predicate:
    if source is None:
        return TRUE
    try:
        condition = negation_normal(parse(grammar, entity, source, ("where",)))
    except PredicateError as wrong:
        raise HubError(Code.VALIDATION, str(wrong)) from None
    if _searches(condition) > MAX_SEARCHES:
        text = f"a condition may search texts by `contains` {MAX_SEARCHES} times at most; ask in several queries"
        raise HubError(Code.COST_LIMIT, text)
    return condition


def _searches(condition: Predicate) -> int:
    """How often a condition asks what a text contains."""
    match condition:
        case All(parts) | Any_(parts):
            return sum(map(_searches, parts))
        case Related(_, _, where):
            return _searches(where)
        case Compare(_, op):
            return int(op in {Op.CONTAINS, Op.NOT_CONTAINS})
        case _:
            return 0


def _whole_value(decision: Decision, entity: Entity, predicate: Predicate) -> Compare | None:
    """The comparison if the condition is one `eq` alone, on a coordinate that a grant lets be matched; else None."""
    if not isinstance(predicate, Compare) or predicate.op is not Op.EQ or predicate.bucket is not None:
        return None
    return predicate if decision.of(entity.name).of(predicate.field).match else None


def _coarsen(entity: Entity, predicate: Predicate) -> Predicate:
    """The condition, with each enum compared through the bucket of the same name."""
    match predicate:
        case All(parts):
            return All(tuple(_coarsen(entity, each) for each in parts))
        case Any_(parts):
            return Any_(tuple(_coarsen(entity, each) for each in parts))
        case Compare(field, op, value, None) if op in {Op.EQ, Op.IN, Op.NOT_EQ, Op.NOT_IN}:
            own = any(bucket.name == field for bucket in entity.field(field).buckets)
            return Compare(field, op, value, field) if own else predicate
        case _:
            return predicate


def _check(catalogue: Catalogue, decision: Decision, entity: Entity, predicate: Predicate, use: NoteUse) -> None:
    table = decision.of(entity.name)
    match predicate:
        case All(parts) | Any_(parts):
            for part in parts:
                _check(catalogue, decision, entity, part, use)
        case Related(edge, _, where):
            _require(table.of(edge).comparable, f"{entity.name}.{edge}")
            use(f"{entity.name}.{edge}", "clear")
            _check(catalogue, decision, catalogue.entity(entity.edge(edge).target), where, use)
        case Compare(field, _, _, bucket):
            effects = table.of(field)
            coarse = bucket is not None and bool(effects.aggregate)
            _require(effects.comparable or coarse, f"{entity.name}.{field}")
            use(f"{entity.name}.{field}", "clear" if effects.clear else "aggregated")
        case Not():
            raise AssertionError("a condition is checked in negation normal form")


def _require(allowed: bool, coordinate: str) -> None:
    if not allowed:
        raise HubError(
            Code.FIELD_NOT_FILTERABLE,
            f"this purpose does not show {coordinate} in clear, so the query cannot filter, sort or group by it",
        )


def sort_keys(
    decision: Decision, entity: Entity, source: list[Mapping[str, str]] | None, use: NoteUse
) -> tuple[OrderKey, ...]:
    """The sort keys asked for; without any, jurisdiction, if all of it may be seen."""
    table = decision.of(entity.name)
    if source is None:
        if entity.located and table.visible and table.visible <= table.of("region").clear:
            use(f"{entity.name}.region", "clear")
            return (OrderKey(entity.field("region"), False),)
        return ()
    if len(source) > MAX_SORT_KEYS:
        raise HubError(Code.VALIDATION, f"orderBy takes at most {MAX_SORT_KEYS} entries")
    keys = []
    for each in source:
        if len(each) != 1:
            raise HubError(
                Code.VALIDATION,
                "orderBy takes one field in each entry; list several entries for several keys",
            )
        ((name, direction),) = each.items()
        if direction is None:
            raise HubError(Code.VALIDATION, f"orderBy.{name} takes ASC or DESC")
        _require(table.of(name).comparable, f"{entity.name}.{name}")
        use(f"{entity.name}.{name}", "clear")
        keys.append(OrderKey(entity.field(name), direction == "DESC"))
    if len({key.field.name for key in keys}) != len(keys):
        raise HubError(Code.VALIDATION, "orderBy names a field twice")
    return tuple(keys)


def group_buckets(
    decision: Decision, entity: Entity, source: list[str] | None, use: NoteUse
) -> tuple[tuple[Field, Bucket], ...]:
    """The buckets asked for; refuses one on a coordinate that is not open to it, and more buckets than granted."""
    wanted = source or []
    most = decision.of(entity.name).buckets
    if len(wanted) > most:
        raise HubError(Code.COST_LIMIT, f"groupBy may name at most {most} buckets of {entity.name} for this purpose")
    if len(set(wanted)) != len(wanted):
        raise HubError(Code.VALIDATION, "groupBy names a bucket twice")
    named = {bucket_value(bucket): (field, bucket) for field, bucket in entity.buckets()}
    found = tuple(named[each] for each in wanted)
    for field, _ in found:
        effects = decision.of(entity.name).of(field.name)
        _require(effects.countable, f"{entity.name}.{field.name}")
        use(f"{entity.name}.{field.name}", "aggregated")
    return found


def counted_rows(
    decision: Decision, entity: Entity, where: Predicate, buckets: tuple[tuple[Field, Bucket], ...]
) -> tuple[tuple[str, ...], bool]:
    """The fields whose buckets an aggregate reads, and whether it counts the rows of a list exactly.

    It does where the asker could list these rows and count them. Otherwise a threshold withholds small cells, so that
    no condition may pick rows by a key: what is withheld would tell of the people behind it. Raises
    FIELD_NOT_FILTERABLE.
    """
    table = decision.of(entity.name)
    picked, coarse = _picked_by(entity, where)
    read = tuple(sorted(coarse | {field.name for field, _ in buckets}))
    exact = counts_a_list(table, read, picks=bool(picked))
    if picked and not exact:
        names = ", ".join(bucket.name for _, bucket in entity.buckets() if bucket.comparable)
        raise HubError(
            Code.FIELD_NOT_FILTERABLE,
            f"this count is of people whom this purpose may not list, so its condition takes buckets only ({names}), "
            f"not {min(picked)}; a list, or a count without other fields, takes it",
        )
    return read, exact


def _picked_by(entity: Entity, predicate: Predicate) -> tuple[set[str], set[str]]:
    """Coordinates and edges by which a condition can pick single rows, and the fields that it reads through buckets."""
    picked: set[str] = set()
    coarse: set[str] = set()
    match predicate:
        case All(parts) | Any_(parts):
            for part in parts:
                inner = _picked_by(entity, part)
                picked |= inner[0]
                coarse |= inner[1]
        case Related(edge):
            picked.add(f"{entity.name}.{edge}")
        case Compare(field, _, _, bucket):
            (coarse.add(field) if bucket else picked.add(f"{entity.name}.{field}"))
    return picked, coarse


def cursor_binding(decision: Decision, root: str, where: Predicate, keys: tuple[OrderKey, ...]) -> bytes:
    """What a cursor of a list is bound to: one subject, purpose, policy version, root field, condition and order."""
    return _binding(decision, root, where, [(key.field.name, key.descending) for key in keys])


def cell_cursor_binding(
    decision: Decision, entity: Entity, where: Predicate, buckets: tuple[tuple[Field, Bucket], ...]
) -> bytes:
    """What a cursor of an aggregate is bound to: as that of a list, with the grouping in the place of the order."""
    return _binding(decision, aggregate_type(entity), where, [bucket.name for _, bucket in buckets])


def _binding(decision: Decision, root: str, where: Predicate, order_by: list[Any]) -> bytes:
    parts = (
        decision.subject.attributes,
        decision.subject.sub,
        decision.purpose,
        decision.version,
        root,
        where,
        order_by,
    )
    return hashlib.sha256(repr(parts).encode()).digest()


def read_cursor(payload: bytes | None, keys: tuple[OrderKey, ...]) -> tuple[Any, ...]:
    """The values of the sort keys, the place and the surrogate in a cursor; raises BAD_CURSOR."""
    try:
        values = json.loads(payload or b"")
        if not isinstance(values, list) or len(values) != len(keys) + 2:
            raise ValueError
        return (
            *(_typed(key.field, value) for key, value in zip(keys, values, strict=False)),
            int(values[-2]),
            str(values[-1]),
        )
    except ValueError:
        raise bad_cursor() from None


def read_cell_cursor(payload: bytes | None) -> tuple[Any, ...]:
    """The key of the cell in a cursor of an aggregate; raises BAD_CURSOR."""
    if payload is None:
        raise bad_cursor()
    return tuple(json.loads(payload))


def bad_cursor() -> HubError:
    """The refusal of a cursor that is of another query, or of a row that is not there any more."""
    return HubError(Code.BAD_CURSOR, "this cursor does not belong to this query; start again without it")


def _typed(field: Field, value: Any) -> Any:
    if value is None:
        return None
    if field.scalar is Scalar.DATE:
        return dt.date.fromisoformat(value)
    return dt.datetime.fromisoformat(value) if field.scalar is Scalar.DATETIME else value
