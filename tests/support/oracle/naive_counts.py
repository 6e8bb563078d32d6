"""The naive oracle's counts: which cells of an aggregate are shown, worked out row by row (semantics 10).

A row that the asker may list is counted exactly; of others a cell is withheld unless enough people are behind it.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product
from typing import Any

from policies import masking
from schema.catalogue import Bucket, Entity, Field
from schema.predicate import All, Any_, Compare, Not, Predicate
from tests.support.oracle.naive_view import Sight


def coarse_fields(where: Predicate) -> set[str]:
    """The fields that a condition reads through buckets."""
    match where:
        case All(parts) | Any_(parts):
            return set().union(*map(coarse_fields, parts))
        case Not(part):
            return coarse_fields(part)
        case Compare(name, _, _, bucket):
            return {name} if bucket else set()
        case _:
            return set()


def picks_rows(where: Predicate) -> bool:
    """Whether a condition compares a value as it is, or asks what is over an edge."""
    match where:
        case All(parts) | Any_(parts):
            return any(map(picks_rows, parts))
        case Not(part):
            return picks_rows(part)
        case Compare(_, _, _, bucket):
            return bucket is None
        case _:
            return True


def aggregate(
    sight: Sight, entity: Entity, where: Predicate, buckets: list[tuple[Field, Bucket]]
) -> list[tuple[tuple[Any, ...], int | None]]:
    """Each cell of the full domain, then unforeseen ones that reach the threshold (semantics 10)."""
    exact = counts_a_list(sight, entity, where, buckets)
    groups: dict[tuple[Any, ...], list[str]] = {}
    for name in sight.names(entity):
        there = sight.visible(name) if exact else sight.contributes(name)
        if there and sight.counted.truth(where, name) is True:
            for key in product(*(sight.falls(name, *each) for each in buckets)):
                groups.setdefault(key, []).append(name)
    read = coarse_fields(where) | {each.name for each, _ in buckets}
    if exact:
        return cells(sight, {key: len(names) for key, names in groups.items()}, buckets, 0)
    rules = [rule for rule in sight.rules[entity.name] if rule.effects]
    threshold, base = max(rule.contributors for rule in rules), max(rule.rounding for rule in rules)
    counts: dict[tuple[Any, ...], int | None] = {
        key: int(len(names) / base + 0.5) * base
        for key, names in groups.items()
        if enough(sight, entity, [name for name in names if not listed(sight, name, read)], threshold)
    }
    return cells(sight, counts, buckets, None)


def counts_a_list(sight: Sight, entity: Entity, where: Predicate, buckets: list[tuple[Field, Bucket]]) -> bool:
    """Whether the asker could list these very rows and count them: whatever the rows are, so it may be told."""
    read = coarse_fields(where) | {each.name for each, _ in buckets}
    shown = all(sight.gives(entity.name, each, "clear") and clear_beyond_counts(sight, entity, each) for each in read)
    return shown and (picks_rows(where) or lists_all_it_counts(sight, entity))


def clear_beyond_counts(sight: Sight, entity: Entity, field_: str) -> bool:
    """Whether each row condition that opens a field to aggregates also has it in clear."""
    rules = [rule for rule in sight.rules[entity.name] if field_ in rule.effects]
    clear = [rule.demands for rule in rules if rule.effects[field_].name == "clear"]
    counted = [rule.demands for rule in rules if rule.effects[field_].name == "aggregate"]
    return all(any(less <= more for less in clear) for more in counted)


def lists_all_it_counts(sight: Sight, entity: Entity) -> bool:
    """Whether each row condition that counts is one that shows rows, or demands more than one."""
    shows = [rule.demands for rule in sight.rules[entity.name] if rule.shows]
    return all(any(less <= rule.demands for less in shows) for rule in sight.rules[entity.name] if rule.effects)


def listed(sight: Sight, name: str, read: set[str]) -> bool:
    """Whether the asker may list the row with all these fields in clear."""
    given = [{each for each, effect in rule.effects.items() if effect.name == "clear"} for rule in sight.holding(name)]
    return sight.visible(name) and read <= set().union(*given)


def enough(sight: Sight, entity: Entity, names: list[str], threshold: int) -> bool:
    """Whether enough people are behind rows that the asker may not list, and none of them is behind most."""
    return len({each for name in names for each in sight.subjects(name)}) >= threshold and not dominated(
        sight, entity, names
    )


def cells(
    sight: Sight, counts: Mapping[tuple[Any, ...], int | None], buckets: list[tuple[Field, Bucket]], empty: int | None
) -> list[tuple[tuple[Any, ...], int | None]]:
    """The cells in the order of an answer."""
    if any(bucket.kind == "words" for _, bucket in buckets):  # only what reaches the threshold is told
        return sorted(counts.items(), key=lambda cell: (-(cell[1] or 0), [str(each) for each in cell[0]]))[:200]
    whole = list(product(*(domain(sight, *each) for each in buckets)))
    extra = sorted(set(counts) - set(whole), key=repr)
    return [(key, counts.get(key, empty)) for key in [*whole, *extra]]


def dominated(sight: Sight, entity: Entity, names: list[str]) -> bool:
    """Whether more than half of the rows tell about one person; only some types tell about just one."""
    told = [each for name in names for each in sight.subjects(name)]
    return tells_of_one(sight, entity) and any(told.count(each) > len(names) / 2 for each in set(told))


def tells_of_one(sight: Sight, entity: Entity) -> bool:
    """Whether a node of the type tells about one person at most, as an event about who reported it."""
    if entity.subjects is None or len(entity.subjects) > 1:
        return False
    steps = []
    for step in entity.subjects[0] if entity.subjects else ():
        steps.append(entity.edges[step])
        entity = sight.catalogue.entity(steps[-1].target)
    return bool(steps) and not any(each.many for each in steps)


def domain(sight: Sight, field_: Field, bucket: Bucket) -> list[Any]:
    """Each value the bucket can have within the subject's jurisdiction, whether or not a node has it."""
    if bucket.kind == "age_band":
        return list(masking.AGE_BANDS)
    if bucket.kind == "value":
        return list(field_.values)
    if bucket.kind == "words":
        return []
    regions = sight.catalogue.entity("Region")
    at_level = {sight.value(n, "region") for n in sight.names(regions) if sight.value(n, "level") == bucket.level}
    return sorted(path for path in at_level if path is not None and path.startswith(sight.who.jurisdiction))
