"""Plans of streams: which stream writes which field, and which streams come before it.

The order of pulls does not matter: for each field the best trust rank wins, then the name of the source and of the
stream. Two streams that both write an edge to one node are refused. Streams that meet those of a push source are
marked, because its events come while they are pulled.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from connectors.base import Derivation, EdgePlan, StreamPlan
from connectors.manifest import ManifestError
from connectors.readers.pushed import PushSource
from connectors.source_model import EdgeRule, Source, Stream
from schema.catalogue import Catalogue, Entity


def plan_streams(sources: Sequence[Source], catalogue: Catalogue) -> dict[str, StreamPlan]:
    """The plan of each stream by its name `source/stream`."""
    pairs = [(source, stream) for source in sources for stream in source.records]
    ranks = {f"{source.name}/{stream.name}": (source.trust, source.name, stream.name) for source, stream in pairs}
    writers: dict[tuple[str, str], set[str]] = {}
    for source, stream in pairs:
        for name in stream.fields:
            writers.setdefault((stream.entity, name), set()).add(f"{source.name}/{stream.name}")
    plans = {}
    for source, stream in pairs:
        name = f"{source.name}/{stream.name}"
        better = {
            each: frozenset(w for w in writers[stream.entity, each] if ranks[w] < ranks[name]) for each in stream.fields
        }
        writers_of_entity = sum(1 for _, other in pairs if other.entity == stream.entity)
        plans[name] = _plan(name, source, stream, better, catalogue, stream.key_is_identity and writers_of_entity == 1)
    _refuse_two_writers(plans.values(), catalogue)
    pushed = [plans[f"{source.name}/{stream.name}"] for source, stream in pairs if isinstance(source, PushSource)]
    return {
        name: replace(plan, beside_events=_meets_any(plan, pushed, plans), shared=_shared(plan, plans.values()))
        for name, plan in plans.items()
    }


def _shared(plan: StreamPlan, plans: Iterable[StreamPlan]) -> tuple[str, ...]:
    """The fields that a stream of another source writes too, from a column of its own."""
    others = [each.fields for each in plans if each.entity == plan.entity and each.source != plan.source]
    return tuple(name for name in plan.fields if any(name in fields for fields in others))


def _meets_any(plan: StreamPlan, pushed: Sequence[StreamPlan], plans: Mapping[str, StreamPlan]) -> bool:
    """Whether one of the pushed streams writes what this one reads or writes, or reads what it writes."""
    return any(
        not _written(plan, plans).isdisjoint(_read(other, plans))
        or not _read(plan, plans).isdisjoint(_written(other, plans))
        for other in pushed
    )


def _written(plan: StreamPlan, plans: Mapping[str, StreamPlan]) -> set[str]:
    """The entity of a stream, and those whose regions follow it, however far."""
    followed = [each.derivation.edge for each in plans.values() if each.derivation]
    found, added = {plan.entity}, True
    while added:
        further = {edge.entity for edge in followed if edge.target in found} - found
        found, added = found | further, bool(further)
    return found


def _read(plan: StreamPlan, plans: Mapping[str, StreamPlan]) -> set[str]:
    """What a stream looks at before it writes: all that it may write, and the targets of its edges."""
    return _written(plan, plans) | {edge.target for edge in plan.edges}


def order_derivations(plans: Iterable[StreamPlan]) -> list[Derivation]:
    """The derivations of regions, each after those that give its target a region; ValueError for a circle."""
    left = [plan.derivation for plan in plans if plan.derivation]
    ordered: list[Derivation] = []
    while left:
        owners = Counter(each.edge.entity for each in left)
        ready = [each for each in left if not owners[each.edge.target]]
        if not ready:
            raise ValueError("the regions of some entities follow each other in a circle")
        ordered += ready
        left = [each for each in left if each not in ready]
    return ordered


def _plan(
    name: str,
    source: Source,
    stream: Stream,
    better: Mapping[str, frozenset[str]],
    catalogue: Catalogue,
    alone: bool,
) -> StreamPlan:
    entity = catalogue.entity(stream.entity)
    edges = tuple(_edge_plan(entity, edge, rule) for edge, rule in stream.edges.items())
    via = next((rule.via for rule in stream.fields.values() if rule.via), None)
    derivation = None
    if via is not None:
        derivation = Derivation(name, next(each for each in edges if each.name == via), tuple(sorted(better["region"])))
    return StreamPlan(
        name=name,
        source=source.name,
        entity=entity.name,
        collected_for=source.collected_for,
        trust=source.trust,
        fields=tuple(each for each, rule in stream.fields.items() if rule.via is None),
        better=better,
        edges=edges,
        derivation=derivation,
        alone=alone,
        full=stream.full,
        exchanged=source.limits.exchanged,
    )


def _edge_plan(entity: Entity, name: str, rule: EdgeRule) -> EdgePlan:
    end = entity.edge(name)
    return EdgePlan(name, entity.name, end.relationship, end.outgoing, end.target, rule.required)


def _refuse_two_writers(plans: Iterable[StreamPlan], catalogue: Catalogue) -> None:
    writers: dict[tuple[str, str], str] = {}
    for plan in plans:
        for edge in plan.edges:
            if catalogue.entity(plan.entity).edge(edge.name).many:
                continue
            first = writers.setdefault((plan.entity, edge.name), plan.name)
            if first != plan.name:
                raise ManifestError(
                    f"{plan.name}: {plan.entity}.{edge.name} leads to one node, and {first} writes it already"
                )
