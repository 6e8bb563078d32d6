"""A small graph that a test writes as a table, loads into the real Neo4j, and asks through every stage but HTTP."""

from __future__ import annotations

import asyncio
import dataclasses
import datetime as dt
import functools
import hashlib
import zlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from textwrap import dedent
from typing import Any, TypeVar

from graphql import (
    FragmentDefinitionNode,
    GraphQLSchema,
    OperationDefinitionNode,
    get_variable_values,
    parse,
    validate,
)
from graphql.execution.values import VariableValues

from hub.errors import HubError
from hub.fair_share import FairShare
from hub.graph.driver import Graph, GraphWriter
from hub.graph.local import GraphAddress
from hub.graph.lots import LOT
from hub.home.seals import ORDER_PRIME, Seals
from hub.request.compile import compile_plan
from hub.request.denials import DenialErrors
from hub.request.normalise import normalise
from hub.request.plan import plan
from hub.request.plan_model import Planned
from hub.request.prepared.documents import is_without_values, size_variables
from hub.request.prepared.plans import make_plan
from hub.request.prepared.round_trips import RoundTrips
from hub.request.prepared.variables import Variables
from hub.request.respond import Answer, respond
from hub.request.template import Binding, Statement
from policies.decide import decide
from policies.language import load
from policies.model import PolicySet
from policies.rules import Subject
from policies.text.spans import checksum
from schema import SPINE
from schema.catalogue import Catalogue, Entity
from schema.graphql import build
from tests.support.oracle.free_texts import DETECTOR

TODAY = dt.date(2026, 6, 30)
SCHEMA = build(SPINE)
SEALS = Seals(b"k" * 32)
T = TypeVar("T")
ALL_CLEAR = """
purposes: [{id: a, zh: 甲, en: A}]
applications: [{id: app, zh: 应用, en: App, department: fire, jurisdiction: 14/01/}]
grants:
  - id: all
    to: {application: [app]}
    for: [a]
    basis: law
    rows: {Person: {}, Dwelling: {}, Building: {}, Region: {}, Event: {}}
    fields: {Person: clear, Dwelling: clear, Building: clear, Region: clear, Event: clear}
"""
"""A policy that hides nothing from `app`, for tests of what a request may say."""


def schema_of(catalogue: Catalogue) -> GraphQLSchema:
    """The GraphQL schema of a catalogue, built once."""
    return SCHEMA if catalogue is SPINE else _built(catalogue)


@functools.lru_cache(maxsize=2)
def _built(catalogue: Catalogue) -> GraphQLSchema:
    return build(catalogue)


def sid(name: str) -> str:
    """The surrogate of a node that a test calls `name`."""
    return hashlib.sha256(name.encode()).hexdigest()[:32]


@dataclass(frozen=True)
class World:
    """Nodes by name: (entity, properties); edges as (source, edge name, target), in the catalogue's direction."""

    nodes: dict[str, tuple[str, dict[str, Any]]] = field(default_factory=dict)
    edges: list[tuple[str, str, str]] = field(default_factory=list)
    catalogue: Catalogue = SPINE

    def load(self, writer: GraphWriter) -> None:
        """Replace everything in the graph by this world."""
        writer.write(lambda tx: tx.run("MATCH (n) DETACH DELETE n"))
        by_label: dict[str, list[dict[str, Any]]] = {}
        for name, (entity, properties) in self.nodes.items():
            by_label.setdefault(entity, []).append(
                {"sid": sid(name), **_lot(name), **_checked(self.catalogue.entity(entity), properties), **properties}
            )
        for label, rows in by_label.items():
            text = f"UNWIND $rows AS row CREATE (n:{label}) SET n = row"
            writer.write(lambda tx, text=text, rows=rows: tx.run(text, rows=rows))  # type: ignore[misc]
        by_edge: dict[tuple[str, str], list[list[str]]] = {}
        for source, edge, target in self.edges:
            by_edge.setdefault((self.nodes[source][0], edge), []).append([sid(source), sid(target)])
        for (label, edge), pairs in by_edge.items():
            end = self.catalogue.entity(label).edge(edge)
            text = f"UNWIND $pairs AS pair MATCH (a:{label} {{sid: pair[0]}}), (b:{end.target} {{sid: pair[1]}}) "
            text += f"CREATE (a)-[:{end.relationship}]->(b)"
            writer.write(lambda tx, text=text, pairs=pairs: tx.run(text, pairs=pairs))  # type: ignore[misc]


def _lot(name: str) -> dict[str, int]:
    """The lot that about half of the nodes keep; the others are as an older release wrote them."""
    surrogate = sid(name)
    return {LOT: int(surrogate[:15], 16) % ORDER_PRIME} if int(surrogate, 16) % 2 else {}


def _checked(entity: Entity, properties: Mapping[str, Any]) -> dict[str, int]:
    """What ties spans to their texts, where both stand there."""
    kept = [each.text_properties for each in entity.fields if each.text_properties]
    return {
        each.check: checksum(properties[each.text], properties[each.spans])
        for each in kept
        if properties.get(each.text) is not None and properties.get(each.spans) is not None
    }


def policy(folder: Path, text: str) -> PolicySet:
    """A policy set written as one YAML text."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "policy.yaml").write_text(dedent(text), encoding="utf-8")
    return load(folder, SPINE)


def subject(policies: PolicySet, application: str, sub: str = "tester") -> Subject:
    """The subject that a registered application's token would make."""
    found = policies.applications[application]
    return Subject(found.id, found.department, found.role, found.level, found.jurisdiction, sub)


@dataclass(frozen=True)
class Asked:
    """Everything one operation went through."""

    planned: Planned
    statement: Statement | None
    answer: Answer

    @property
    def codes(self) -> list[str]:
        """The codes of the errors beside the data."""
        return [error.code.value for error in self.answer.errors]


def prepare(
    policies: PolicySet,
    who: Subject,
    purpose: str,
    document: str,
    variables: Mapping[str, Any] | None = None,
    case: str | None = None,
    catalogue: Catalogue = SPINE,
) -> tuple[Planned, Statement | None]:
    """Stages 4 to 7 of one operation, limits apart."""
    parsed, schema = parse(document), schema_of(catalogue)
    errors = validate(schema, parsed)
    assert not errors, errors
    operation = next(each for each in parsed.definitions if isinstance(each, OperationDefinitionNode))
    fragments = {each.name.value: each for each in parsed.definitions if isinstance(each, FragmentDefinitionNode)}
    values = get_variable_values(schema, operation.variable_definitions or (), dict(variables or {}))
    assert isinstance(values, VariableValues), values
    decision = dataclasses.replace(decide(catalogue, policies, who, purpose, TODAY), case=case)
    planned = plan(operation, fragments, values, decision, schema, catalogue, SEALS)
    statement = compiled(planned, DETECTOR, catalogue)
    if is_without_values(normalise(parsed)):
        statement = by_kept_plan(operation, fragments, values, planned, statement, catalogue)
    return planned, statement


def compiled(planned: Planned, detector: str = "", catalogue: Catalogue = SPINE) -> Statement | None:
    """The statement of a plan, filled in for the subject of its decision."""
    template = compile_plan(planned, catalogue, detector)
    return template.bind(Binding(planned.decision, SEALS)) if template is not None else None


def by_kept_plan(
    operation: OperationDefinitionNode,
    fragments: dict[str, FragmentDefinitionNode],
    variables: VariableValues,
    planned: Planned,
    statement: Statement | None,
    catalogue: Catalogue = SPINE,
) -> Statement | None:
    """The statement by a plan that was made for somebody else, with other values, on another day.

    It is what the plain way makes, and knows how it goes together with others.
    """
    decision, schema = planned.decision, schema_of(catalogue)
    split = Variables(schema, operation, size_variables(operation, fragments)).split(variables)
    if split is None:
        return statement
    nobody = Subject("another", "nobody", "none", "none", "99/99/", "nobody")
    theirs = dataclasses.replace(decision, subject=nobody, today=dt.date(1999, 1, 1), case=decision.case and "another")
    kept = make_plan(operation, fragments, split.slotted, theirs, schema, catalogue, SEALS, DETECTOR)
    bound = kept.bind(Binding(decision, SEALS, split.values))
    if bound is None:
        return statement
    assert bound[0] == planned
    if len(bound[0].parts) != len(planned.parts):
        return statement  # two roots that ask for the same with these values, as for two ids that are both unknown
    assert bound[1] == statement
    return bound[1]


def denial_errors(policies: PolicySet, planned: Planned, catalogue: Catalogue = SPINE) -> DenialErrors:
    """The errors of what is denied, without other purposes that would do."""
    return DenialErrors(catalogue, policies, planned.decision, lambda: planned.decision, lambda purpose: False)


def with_graph(address: GraphAddress, work: Callable[[Graph], Awaitable[T]]) -> T:
    """What `work` makes of a reader of the graph at `address`, which is closed afterwards."""

    async def run() -> T:
        graph = Graph(address.url, address.user, address.password)
        try:
            return await work(graph)
        finally:
            await graph.close()

    return asyncio.run(run())


async def ask(
    graph: Graph,
    policies: PolicySet,
    who: Subject,
    purpose: str,
    document: str,
    variables: Mapping[str, Any] | None = None,
    case: str | None = None,
    catalogue: Catalogue = SPINE,
) -> Asked:
    """The answer to one operation, from the real graph."""
    planned, statement = prepare(policies, who, purpose, document, variables, case, catalogue)
    rows: list[dict[str, Any]] = [{}]
    if statement is not None:
        rows = await graph.fetch(statement.text, statement.parameters, deadline_seconds=120.0, byte_cap=50_000_000)
        if statement.joint is not None and _in_company(statement):
            alone = _comparable(rows[0])
            assert [_comparable(row) for row in await rows_of(graph, statement, statement)] == [alone, alone]
    access = denial_errors(policies, planned, catalogue)
    return Asked(planned, statement, respond(planned, rows[0], {}, catalogue, SEALS, access, 50_000_000))


def _comparable(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row without its number, and with the cells of an aggregate, which come in any order, in one order."""
    parts = {name: part for name, part in row.items() if name != "i"}
    return {
        name: {**part, "rows": sorted(part["rows"], key=repr)} if isinstance(part, dict) else part
        for name, part in parts.items()
    }


def _in_company(statement: Statement) -> bool:
    """One text in three goes to the graph together with itself too: more would take too long."""
    return zlib.crc32(statement.text.encode()) % 3 == 0


async def rows_of(graph: Graph, *together: Statement) -> list[dict[str, Any]]:
    """The rows of statements that go to the graph together."""
    joint = together[0].joint
    assert joint is not None
    trips = RoundTrips(graph, FairShare(1), 120.0, 50_000_000)
    rows = await trips.joint_rows(joint, list(together), 120.0)
    graph.statements -= 1  # that of this test beside the operation's own
    found = [row for _, row in sorted(rows.items()) if not isinstance(row, HubError)]
    assert len(found) == len(together)
    return [dict(each) for each in found]
