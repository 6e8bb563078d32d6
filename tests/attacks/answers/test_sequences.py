"""No sequence of permitted requests learns more of what an answer reads than its listed values tell.

Two worlds differ in nothing but that: birth dates between the listed ages, grids within the asker's own jurisdiction or
outside of it, dates and findings of inspections behind the same answer. Whatever is asked, in whatever order, both are
answered alike. `ANSWER_SEQUENCES` sets how many requests are sent.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import os
import random
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hub.errors import HubError
from hub.graph.constraints import ensure_constraints
from hub.graph.driver import Graph, GraphWriter
from hub.graph.local import GraphAddress
from policies.model import PolicySet
from schema import SPINE
from tests.support.oracle.random_documents import Document, document
from tests.support.oracle.random_worlds import GRIDS, STREETS, world
from tests.support.small_graph import SEALS, TODAY, World, ask, policy, sid, subject

pytestmark = [pytest.mark.attack, pytest.mark.slow, pytest.mark.dosed]

SEQUENCES = int(os.environ.get("ANSWER_SEQUENCES", "100"))
POLICY = """
purposes: [{id: care, zh: 关爱, en: Care}]
applications: [{id: desk, zh: 台, en: Desk, department: grid, jurisdiction: JURISDICTION}]
grants:
  - id: care
    to: {application: [desk]}
    for: [care]
    basis: law
    rows: {Person: {}, Dwelling: {}, Inspection: {}}
    match: [Person.idNumber]
    obligations: {matchDailyCap: 1000000}
    fields:
      Person.name: clear
      Person.gender: clear
      Person.dwellings: clear
      Person.ageOver: {answer: [18, 60]}
      Person.isResident: {answer: [$subject.jurisdiction]}
      Dwelling.code: clear
      Dwelling.residents: clear
      Dwelling.inspections: clear
      Dwelling.hasOpenInspection: answer
      Inspection.number: clear
MORE
"""
AGES = (18, 60)
CURSOR = re.compile(r'"A[\w-]{60,}"')
"""Cursors are sealed anew each time; their length stays to be compared."""
ENTITIES = tuple(SPINE.entity(name) for name in ("Person", "Person", "Dwelling", "Inspection"))


def rules(folder: Path, more: str = "") -> PolicySet:
    return policy(folder, POLICY.replace("JURISDICTION", STREETS[0]).replace("MORE", more))


def born_like(rng: random.Random, born: dt.date) -> dt.date:
    """Another birth date with the same answers, and any day of any month."""
    bounds = [TODAY.replace(year=TODAY.year - age) for age in AGES]
    between = [dt.date(1900, 1, 1), *sorted(day + dt.timedelta(days=1) for day in bounds), dt.date(2030, 1, 1)]
    lower = max(day for day in between if day <= max(born, between[0]))
    upper = min(day for day in between if day > lower)
    return lower + dt.timedelta(days=rng.randrange((upper - lower).days))


def lying_like(rng: random.Random, region: str) -> str:
    """Another grid with the same answer."""
    inside = region.startswith(STREETS[0])
    return rng.choice([each for each in GRIDS if each.startswith(STREETS[0]) == inside])


def twin(rng: random.Random, made: World) -> World:
    """The same world but for what answers read, and with the same answers."""
    nodes: dict[str, tuple[str, dict[str, Any]]] = {}
    for name, (entity, properties) in made.nodes.items():
        changed = dict(properties)
        if entity == "Person" and "birthDate" in changed:
            changed["birthDate"] = born_like(rng, changed["birthDate"])
        if entity == "Person" and "region" in changed:
            changed["region"] = lying_like(rng, changed["region"])
        if entity == "Inspection":
            changed |= _inspected_like(rng, changed)
        nodes[name] = entity, changed
    return replace(made, nodes=nodes)


def _inspected_like(rng: random.Random, found: dict[str, Any]) -> dict[str, Any]:
    """Another finding that is mended, or is not, as this one; one without a day keeps its null."""
    due = found.get("rectifyBy")
    if found.get("result") == "FAILED" or (found.get("result") == "RECTIFY" and due is not None and due >= TODAY):
        return {"result": "RECTIFY", "rectifyBy": TODAY + dt.timedelta(days=rng.randrange(400))}
    if found.get("result") == "PASSED" or (found.get("result") == "RECTIFY" and due is not None):
        return {"result": "RECTIFY", "rectifyBy": TODAY - dt.timedelta(days=1 + rng.randrange(400))}
    return {}


async def told(graph: Graph, policies: PolicySet, documents: Sequence[Document]) -> list[str]:
    """All that the asker is told of each request, one after the other; a refusal by its code and text."""
    who, found = subject(policies, "desk"), []
    for each in documents:
        try:
            got = await ask(graph, policies, who, "care", each.text, each.variables)
            errors = [(one.code.value, one.path, one.public_message) for one in got.answer.errors]
            answer = json.dumps([got.answer.data, errors, got.answer.nodes], ensure_ascii=False)
            found.append(CURSOR.sub(lambda sealed: f'"cursor of {len(sealed[0])}"', answer))
        except HubError as refusal:
            found.append(f"{refusal.code.value} {refusal.public_message}")
    return found


def compared(
    address: GraphAddress, worlds: Sequence[World], policies: PolicySet, documents: Sequence[Document]
) -> list[list[str]]:
    """What is told of each world, to the same requests."""

    async def run() -> list[list[str]]:
        graph, found = Graph(address.url, address.user, address.password), []
        try:
            with GraphWriter(address.url, address.user, address.password) as writer:
                ensure_constraints(writer, SPINE)
                for each in worlds:
                    each.load(writer)
                    found.append(await told(graph, policies, documents))
        finally:
            await graph.close()
        return found

    return asyncio.run(run())


def requests(rng: random.Random, made: World, count: int) -> list[Document]:
    """Documents about the types of the grant, that ask for what it hides too."""
    names = [name for name, (entity, _) in made.nodes.items() if entity in {each.name for each in ENTITIES}]
    ids = [SEALS.seal_id("grid", "care", SPINE.entity(made.nodes[each][0]).tag, sid(each)) for each in names]
    return [document(rng, ids, lambda *_: True, entities=ENTITIES) for _ in range(count)]


ANSWERED = (
    "{ people(first: 200) { edges { node { id adult: ageOver(years: 18) old: ageOver(years: 60)",
    f'here: isResident(of: "{STREETS[0]}")',
    "dwellings { code hasOpenInspection } } } } }",
)


def test_two_worlds_behind_the_same_answers_are_told_apart_by_no_request(
    empty_graph: GraphAddress, rng: random.Random, tmp_path: Path
) -> None:
    made = world(rng)
    other = twin(rng, made)
    assert made.nodes != other.nodes
    documents = [Document(" ".join(ANSWERED), {}, ""), *requests(rng, made, SEQUENCES)]
    one, two = compared(empty_graph, (made, other), rules(tmp_path), documents)
    differing = [(asked.text, *pair) for asked, *pair in zip(documents, one, two, strict=True) if pair[0] != pair[1]]
    assert differing == []
    first = json.loads(one[0])[0]["people"]["edges"]
    assert {each["node"]["adult"] for each in first} == {True, False, None}
    assert {each["node"]["here"] for each in first} == {True, False, None}
    assert sum("true" in each or "false" in each for each in one[1:]) > SEQUENCES // 20


def test_the_worlds_are_told_apart_where_one_more_age_is_listed(
    empty_graph: GraphAddress, rng: random.Random, tmp_path: Path
) -> None:
    made = world(rng)
    asked = Document("{ people(first: 200) { edges { node { id x: ageOver(years: 40) } } } }", {}, "")
    more = """
  - id: more
    to: {application: [desk]}
    for: [care]
    basis: law
    rows: {Person: {}}
    fields: {Person.ageOver: {answer: [40]}}
"""
    (one,), (two,) = compared(empty_graph, (made, twin(rng, made)), rules(tmp_path, more), [asked])
    assert one != two
