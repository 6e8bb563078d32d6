"""Random triples of world, policy and document: the same seed draws the same ones."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from policies.model import PolicySet
from schema import SPINE
from tests.support.oracle.naive_view import Sight, rules_for
from tests.support.oracle.random_documents import Document, document
from tests.support.oracle.random_worlds import APPLICATIONS, PURPOSES, TICKETS, policies
from tests.support.small_graph import SEALS, TODAY, World, sid, subject

WORLDS, DOCUMENTS = 5, 10
"""Each pair of a policy and a document meets every world: planning its statement takes most of the time."""


@dataclass(frozen=True)
class Case:
    """One triple; `label` names the draw that made it."""

    label: str
    policies: PolicySet
    sight: Sight
    document: Document


def draw(seed: int, worlds: list[World], folder: Path, pairs: int) -> Iterator[list[Case]]:
    """`pairs` of a policy and a document, each with every world."""
    for index in range(-(-pairs // DOCUMENTS)):
        rng = random.Random(f"{seed}:{index}")
        rules = policies(rng, folder / str(index))
        for number in range(DOCUMENTS):
            who = subject(rules, rng.choice(APPLICATIONS))
            purpose = rng.choice(PURPOSES)
            found = rules_for(rules, who, purpose, TODAY)
            case = rng.choice((None, *TICKETS))
            sights = [Sight(each, found, who, purpose, TODAY, case) for each in worlds]
            names = rng.sample(sorted(worlds[0].nodes), 12)
            ids = [_id(rng, worlds[0], name, who.department, purpose) for name in names]
            asked = document(rng, ids, sights[0].filterable)
            label = f"{index}.{number}"
            yield [Case(f"{label}.{w}", rules, sight, asked) for w, sight in enumerate(sights)]


def _id(rng: random.Random, made: World, name: str, department: str, purpose: str) -> str:
    """A sealed id, sometimes another department's."""
    tag = SPINE.entity(made.nodes[name][0]).tag
    return SEALS.seal_id(rng.choice((department, department, department, "other")), purpose, tag, sid(name))
