"""Every name in a source's block is checked against the catalogue before a row is read.

From all blocks together come the stream plans: which stream writes which field, and which comes first for it (a
static list for each coordinate: trust rank, then name), so that the order of pulls does not matter.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from connectors.base import Derivation, EdgePlan, StreamPlan
from connectors.manifest import EdgeRule, FieldRule, ManifestError, Source, Stream, read_block
from connectors.shape import CHECKS
from connectors.transforms import FITTING, TRANSFORMS
from schema.catalogue import NEVER_STORE, Catalogue, CatalogueError, Entity, Scalar

NEVER_STORE_ZH = ("人脸", "面部", "指纹", "虹膜", "声纹", "基因", "步态", "轨迹", "行程")
_WORDS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+")


def load_sources(folder: Path, catalogue: Catalogue, variables: Mapping[str, str]) -> tuple[Source, ...]:
    """All sources that the folder's `*.yaml` declare, checked, in the order in which they are to be pulled.

    Raises ManifestError.
    """
    files = sorted(folder.glob("*.yaml"))
    if not files:
        raise ManifestError(f"{folder.name}: no *.yaml that declares a source")
    sources = []
    for path in files:
        source = read_block(path, variables)
        for stream in source.records:
            _Checker(path.name, catalogue, source, stream).check()
        sources.append(source)
    return _ordered(sources)


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
        rivals = sum(1 for _, other in pairs if other.entity == stream.entity)
        plans[name] = _plan(name, source, stream, better, catalogue, _single(stream) and rivals == 1)
    _refuse_rivals(plans.values(), catalogue)
    return plans


def downstream(plans: Iterable[StreamPlan]) -> list[Derivation]:
    """Rules ordered so that a rule stands after those that give its target a region."""
    left = [plan.derivation for plan in plans if plan.derivation]
    ordered: list[Derivation] = []
    while left:
        owners = Counter(each.edge.entity for each in left)
        ready = [each for each in left if not owners[each.edge.target]]
        if not ready:
            raise ValueError("regions that follow each other in a circle")
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
    )


def _edge_plan(entity: Entity, name: str, rule: EdgeRule) -> EdgePlan:
    end = entity.edge(name)
    return EdgePlan(name, entity.name, end.relationship, end.outgoing, end.target, rule.required)


def _single(stream: Stream) -> bool:
    return stream.key == (stream.fields[stream.identity].column,)


def _refuse_rivals(plans: Iterable[StreamPlan], catalogue: Catalogue) -> None:
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


def _ordered(sources: Sequence[Source]) -> tuple[Source, ...]:
    """By `after`, else by name; raises ManifestError for an unknown name or a circle."""
    byname = {each.name: each for each in sources}
    if len(byname) != len(sources):
        raise ManifestError("two sources have the same name")
    done: dict[str, Source] = {}
    for source in sources:
        for name in source.after:
            if name not in byname:
                raise ManifestError(f"{source.name}: after: unknown source {name}; known: {', '.join(byname)}")
    while len(done) < len(byname):
        ready = [n for n in sorted(byname) if n not in done and set(byname[n].after) <= set(done)]
        if not ready:
            raise ManifestError(f"after: a circle among {', '.join(sorted(set(byname) - set(done)))}")
        done[ready[0]] = byname[ready[0]]
    return tuple(done.values())


class _Checker:
    """Checks one stream; each error says where it stands and what would be allowed there."""

    def __init__(self, file: str, catalogue: Catalogue, source: Source, stream: Stream) -> None:
        self._file, self._catalogue, self._source, self._stream = file, catalogue, source, stream

    def check(self) -> None:
        """Raises ManifestError for the first fault."""
        try:
            entity = self._catalogue.entity(self._stream.entity)
        except CatalogueError as error:
            raise self._error("entity", str(error)) from None
        self._never_store()
        for name, rule in self._stream.fields.items():
            self._field(entity, name, rule)
        for name, edge in self._stream.edges.items():
            self._edge(entity, name, edge)
        self._identity()
        self._checks()
        if self._stream.successor and entity.name != "Region":
            raise self._error("successor", "only Region records have a successor")

    def _field(self, entity: Entity, name: str, rule: FieldRule) -> None:
        try:
            field = entity.field(name)
        except CatalogueError as error:
            raise self._error(f"fields.{name}", str(error)) from None
        if rule.via is not None:
            if name != "region" or rule.via not in self._stream.edges:
                known = ", ".join(self._stream.edges) or "none"
                raise self._error(f"fields.{name}", f"only region is taken via an edge of this stream: {known}")
            return
        fitting = FITTING[field.scalar]
        if rule.transform is not None and rule.transform not in fitting:
            raise self._error(f"fields.{name}.as", f"{field.scalar} takes {', '.join(fitting)}")
        if field.scalar is Scalar.ENUM:
            wrong = set((rule.values or {"": ""}).values()) - set(field.values)
            if wrong:
                raise self._error(f"fields.{name}.values", f"must lead to {', '.join(field.values)}")
        elif rule.values is not None:
            raise self._error(f"fields.{name}.values", "only an enum has values")
        if field.scalar is Scalar.REGION and rule.transform is None:
            raise self._error(f"fields.{name}.as", f"say which of {', '.join(fitting)}")

    def _edge(self, entity: Entity, name: str, rule: EdgeRule) -> None:
        try:
            end = entity.edge(name)
        except CatalogueError as error:
            raise self._error(f"edges.{name}", str(error)) from None
        if rule.entity != end.target:
            raise self._error(f"edges.{name}.entity", f"the edge leads to {end.target}")
        if rule.transform not in TRANSFORMS or rule.transform not in FITTING[Scalar.STRING]:
            raise self._error(f"edges.{name}.as", f"takes {', '.join(FITTING[Scalar.STRING])}")
        if rule.required and end.target == entity.name:
            raise self._error(f"edges.{name}.required", "an edge to its own type cannot be required")
        if not end.many and not _single(self._stream):
            raise self._error(f"edges.{name}", f"leads to one {end.target}: the key must be the identity")

    def _identity(self) -> None:
        identity = self._stream.fields.get(self._stream.identity)
        if identity is None or identity.column is None:
            known = ", ".join(n for n, rule in self._stream.fields.items() if rule.column)
            raise self._error("identity", f"must be a field of this stream: {known}")
        field = self._catalogue.entity(self._stream.entity).field(self._stream.identity)
        if field.scalar is not Scalar.STRING:
            raise self._error("identity", "must be a text field")
        # People are matched by a valid id number and by nothing weaker: names and phones are shared.
        if self._stream.entity == "Person" and (
            self._stream.identity != "idNumber" or identity.transform != "resident_id"
        ):
            raise self._error("identity", "a Person is identified by idNumber, as resident_id")

    def _checks(self) -> None:
        for i, each in enumerate(self._stream.checks):
            if each.rule not in CHECKS:
                raise self._error(f"checks.{i}.rule", f"known: {', '.join(CHECKS)}")
            wrong = set(each.fields) - set(self._stream.fields)
            if len(each.fields) != 2 or wrong:
                raise self._error(f"checks.{i}.fields", "two fields of this stream")

    def _never_store(self) -> None:
        for column in self._stream.columns:
            words = {word.lower() for word in _WORDS.findall(column)}
            if words & NEVER_STORE or any(word in column for word in NEVER_STORE_ZH):
                raise self._error("columns", "biometrics and travel tracks are never stored")

    def _error(self, path: str, problem: str) -> ManifestError:
        return ManifestError(f"{self._file}: records.{self._stream.name}.{path}: {problem}")
