"""No variable of a condition that is left out, null or empty ever adds a row to an answer, over generated conditions.

Each condition is asked of a real graph in full, then with each of its variables left out, null and empty: such a
request is refused, or answers with rows of the full answer only.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hub.errors import Code, HubError
from hub.graph.driver import Graph, GraphWriter
from hub.graph.local import GraphAddress
from policies.model import PolicySet
from tests.support.fuzz import cases
from tests.support.small_graph import ALL_CLEAR, World, ask, policy, subject

pytestmark = pytest.mark.property
CONDITIONS = 60

NAMES, USAGES = ("甲", "乙", "丙"), ("RENTED", "VACANT")
PEOPLE = {f"p{i}": {"name": NAMES[i % 3], "phone": f"{i}1", "region": f"14/0{i % 2 + 1}/"} for i in range(6)}
FLATS = {f"d{i}": {"code": f"D{i}", "usage": USAGES[i % 2], "region": "14/01/"} for i in range(3)}
LIVES = [("p0", "d0"), ("p1", "d1"), ("p2", "d0"), ("p3", "d2")]


@pytest.fixture(scope="module")
def address(empty_graph: GraphAddress) -> Iterator[GraphAddress]:
    nodes = {name: ("Person", each) for name, each in PEOPLE.items()}
    nodes |= {name: ("Dwelling", each) for name, each in FLATS.items()}
    with GraphWriter(empty_graph.url, empty_graph.user, empty_graph.password) as writer:
        World(nodes, [(person, "dwellings", flat) for person, flat in LIVES]).load(writer)
    yield empty_graph


class Condition:
    """A random `where` of people as GraphQL text, some parts of which are variables."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.variables: dict[str, Any] = {}
        self.types: dict[str, str] = {}
        self.text = self.where("Person", 3)

    def part(self, type_name: str, value: Any, share: float = 0.6) -> str:
        """The value as a literal or as a variable."""
        if self.rng.random() > share:
            return literal(value)
        name = f"v{len(self.variables)}"
        self.variables[name], self.types[name] = value, type_name
        return f"${name}"

    def where(self, entity: str, depth: int, edges: int = 2) -> str:
        """A condition of at most `depth` levels; a third edge would go back and forth, which is refused."""
        draw = self.rng.random()
        if depth and draw < 0.15:
            return f"{{not: {self.where(entity, depth - 1, edges)}}}"
        if depth and draw < 0.4:
            parts = [self.where(entity, depth - 1, edges) for _ in range(self.rng.choice((1, 2)))]
            return f"{{{self.rng.choice(('and', 'or'))}: [{', '.join(parts)}]}}"
        if depth and edges and draw < 0.6:
            edge, other = ("dwellings", "Dwelling") if entity == "Person" else ("residents", "Person")
            quantifier = self.rng.choice(("some", "none"))
            if self.rng.random() < 0.3:
                where = {"region": {"startsWith": "14/01/"}}
                kind = self.rng.choice((f"{other}EdgeFilter", f"{other}Where"))
                if kind == f"{other}EdgeFilter":
                    return f"{{{edge}: {self.part(kind, {quantifier: where}, 1.0)}}}"
                return f"{{{edge}: {{{quantifier}: {self.part(kind, where, 1.0)}}}}}"
            return f"{{{edge}: {{{quantifier}: {self.where(other, depth - 1, edges - 1)}}}}}"
        return self.leaf(entity)

    def leaf(self, entity: str) -> str:
        if entity == "Person" and self.rng.random() < 0.6:
            field, value = self.rng.choice((("name", self.rng.choice(NAMES)), ("phone", f"{self.rng.randrange(6)}1")))
        else:
            field, value = "region", self.rng.choice(("14/01/", "14/02/"))
        scalar = "RegionPath" if field == "region" else "String"
        draw = self.rng.random()
        if draw < 0.2:
            return f"{{{field}: {self.part(f'{scalar}Filter', {'eq': value})}}}"
        if draw < 0.4:
            return f"{{{field}: {{in: {self.part(f'[{scalar}!]', [value])}}}}}"
        if draw < 0.6:
            return (
                f"{{{field}: {{startsWith: {self.part(scalar, value)}, isNull: {self.part('Boolean', False, 0.3)}}}}}"
            )
        return f"{{{field}: {{eq: {self.part(scalar, value)}}}}}"

    @property
    def document(self) -> str:
        head = ", ".join(f"${name}: {kind}" for name, kind in self.types.items())
        return f"query({head}) {{ people(where: {self.text}) {{ edges {{ node {{ phone }} }} }} }}"

    def reduced(self) -> Iterator[dict[str, Any]]:
        """The variables, with each of them in turn left out, null and empty."""
        for name, value in self.variables.items():
            rest = {other: each for other, each in self.variables.items() if other != name}
            yield rest
            yield rest | {name: None}
            if not isinstance(value, bool):
                yield rest | {name: type(value)()}
            if isinstance(value, dict):
                yield rest | {name: dict.fromkeys(value)}
                yield rest | {name: {key: type(each)() for key, each in value.items()}}


def literal(value: Any) -> str:
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key}: {literal(each)}' for key, each in value.items())}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(literal, value))}]"
    return str(value).lower() if isinstance(value, bool) else f'"{value}"'


def test_case_1_15_no_variable_left_out_null_or_empty_adds_a_row(address: GraphAddress, tmp_path: Path) -> None:
    policies = policy(tmp_path / "policy", ALL_CLEAR)

    async def run() -> tuple[int, int]:
        graph = Graph(address.url, address.user, address.password)
        answered = refused = 0
        try:
            for case in cases(CONDITIONS):
                condition = Condition(case.rng)
                if not condition.variables:
                    continue
                full = await rows(graph, policies, condition.document, condition.variables)
                assert full is not None, (case, condition.document)
                for variables in condition.reduced():
                    fewer = await rows(graph, policies, condition.document, variables)
                    refused += fewer is None
                    answered += 1
                    assert fewer is None or fewer <= full, (case, condition.document, variables)
        finally:
            await graph.close()
        return answered, refused

    answered, refused = asyncio.run(run())
    assert answered >= refused > 0


async def rows(graph: Graph, policies: PolicySet, document: str, variables: dict[str, Any]) -> set[str] | None:
    """The telephones that are answered; None for VALIDATION."""
    try:
        asked = await ask(graph, policies, subject(policies, "app"), "a", document, variables)
    except HubError as refusal:
        assert refusal.code is Code.VALIDATION
        return None
    return {edge["node"]["phone"] for edge in asked.answer.data["people"]["edges"]}
