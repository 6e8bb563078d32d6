"""Examples of queries for an application and a purpose: its registered operations, and some made of what it may see.

Those that are made hold no value: what one looks for is a variable.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from graphql import parse, print_ast

from hub.request.own_access.table import AccessTable
from policies.model import DOCUMENTS_REGISTERED, PolicySet
from schema.classification import Scalar
from schema.declarations import Entity
from schema.derived_names import bucket_value, root_fields
from schema.graphql import ACCESSES

MOST_TYPES: Final = 6
TIMES: Final = frozenset({Scalar.DATE, Scalar.DATETIME})
VALUE: Final = json.dumps({"value": "…"}, ensure_ascii=False)
"""The variables of a query for one whole value, which whoever asks has to write."""
MOST_FIELDS: Final = 6


@dataclass(frozen=True, slots=True)
class Example:
    """A query: its key in the address, what it does (a word of `wording/`), what it is about, its text, its variables.

    `name` is that of a registered operation, and then nothing is said of what it is about.
    """

    key: str
    does: str
    zh: str
    en: str
    document: str
    variables: str = ""
    name: str = ""


def examples_of(table: AccessTable, policy: PolicySet, purpose: str) -> list[Example]:
    """The examples for one purpose: registered operations, and others if the application may ask others."""
    application = table.asker.subject.application
    own = [each for each in policy.operations.values() if (each.application, each.purpose) == (application, purpose)]
    found = [Example(f"registered-{each.name}", "registered", "", "", each.document, "", each.name) for each in own]
    if policy.applications[application].documents == DOCUMENTS_REGISTERED:
        return found
    return found + list(_Made(table, purpose).all())


@dataclass
class _Made:
    """Makes examples of what a purpose may see."""

    table: AccessTable
    purpose: str
    types: Mapping[str, Mapping[str, Any]] = field(init=False)

    def __post_init__(self) -> None:
        self.types = {each["type"]: each for each in self.table.type_access(self.purpose)}

    def all(self) -> Iterator[Example]:
        """A few of each kind."""
        entities = list(self.table.catalogue)
        listed = [each for each in entities if self.types[each.name]["listed"] and self._fields(each)]
        for entity in listed[:MOST_TYPES]:
            yield self._list(entity)
            yield from self._searches(entity)
        for entity in entities:
            yield from self._matches(entity)
        counted = [each for each in entities if self.types[each.name]["counted"]]
        for entity in counted[:MOST_TYPES]:
            yield self._count(entity)

    def _list(self, entity: Entity) -> Example:
        _, many, _ = root_fields(entity)
        text = f"{{ {many}(first: 5) {{ edges {{ node {{ {self._node(entity)} }} }} pageInfo {{ hasNextPage }} }} }}"
        return _example("list", entity, text)

    def _searches(self, entity: Entity) -> Iterator[Example]:
        """A list by a value of an enum, the newest first where a time may order it."""
        told = {each["coordinate"].partition(".")[2]: each for each in self.types[entity.name]["coordinates"]}
        enums = [each for each in entity.fields if each.values and told[each.name]["filter"]]
        times = [each for each in entity.fields if each.scalar in TIMES and told[each.name]["order"]]
        if not enums:
            return
        _, many, _ = root_fields(entity)
        where = f"where: {{{enums[-1].name}: {{in: [{enums[-1].values[0]}]}}}}"
        order = f", orderBy: [{{{times[0].name}: DESC}}]" if times else ""
        text = f"{{ {many}(first: 5, {where}{order}) {{ edges {{ node {{ {self._node(entity)} }} }} }} }}"
        yield _example("search", entity, text)

    def _count(self, entity: Entity) -> Example:
        _, _, aggregate = root_fields(entity)
        group = next(self._groups(entity), None)
        of, name = (f"(groupBy: [{group[0]}])", f"{group[1]} ") if group else ("", "")
        return _example("count", entity, f"{{ {aggregate}{of} {{ {name}count }} }}")

    def _matches(self, entity: Entity) -> Iterator[Example]:
        told, shown = self.types[entity.name], self._fields(entity)
        if not told["matchedBy"]:
            return
        where = f"where: {{{told['matchedBy'][0]}: {{eq: $value}}}}"
        if shown:
            _, many, _ = root_fields(entity)
            text = f"{many}({where}) {{ edges {{ node {{ {' '.join(shown)} }} }} }}"
            yield _example("match", entity, f"query ($value: String!) {{ {text} }}", VALUE)
        if told["accesses"]:
            text = f"{ACCESSES}({where}) {{ day department purposeTitle kinds }}"
            yield _example("accesses", entity, f"query ($value: String!) {{ {text} }}", VALUE)

    def _node(self, entity: Entity) -> str:
        """Fields that are shown, and the first edge that leads to more."""
        shown = self._fields(entity)
        edges = [each for each in self._shown(entity) if each in entity.edges]
        for name in edges:
            end = entity.edges[name]
            within = self._fields(self.table.catalogue.entity(end.target))[:2]
            if within:
                return f"{' '.join(shown)} {name}{'(first: 3)' if end.many else ''} {{ {' '.join(within)} }}"
        return " ".join(shown)

    def _fields(self, entity: Entity) -> list[str]:
        return [each for each in self._shown(entity) if entity.has(each)][:MOST_FIELDS]

    def _shown(self, entity: Entity) -> Iterable[str]:
        told = self.types[entity.name]["coordinates"]
        return [each["coordinate"].partition(".")[2] for each in told if each["effect"] != "DENIED"]

    def _groups(self, entity: Entity) -> Iterator[tuple[str, str]]:
        """The buckets that a count may be grouped by: as a value, and as the field that tells it."""
        told = {each["coordinate"]: each["groupBy"] for each in self.types[entity.name]["coordinates"]}
        for of, bucket in entity.buckets():
            value = bucket_value(bucket)
            if bucket.kind != "words" and value in told[f"{entity.name}.{of.name}"]:
                yield value, bucket.name


def _example(does: str, entity: Entity, text: str, variables: str = "") -> Example:
    return Example(f"{does}-{entity.name}", does, entity.zh, entity.en, print_ast(parse(text)), variables)
