"""Random triples of world, policy and document: the same seed draws the same ones."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from policies.model import PolicySet
from tests.support.oracle.expected_answers import expected
from tests.support.oracle.naive_view import Sight, rules_for
from tests.support.oracle.random_documents import Document, document, entities_of
from tests.support.oracle.random_worlds import APPLICATIONS, PURPOSES, TICKETS, policies
from tests.support.oracle.sources import readable
from tests.support.small_graph import SEALS, TODAY, World, sid, subject

WORLDS, DOCUMENTS = 5, 5
"""Each pair of a policy and a document meets every world: planning its statement takes most of the time."""

TRIES = 3
"""What shows nothing is drawn again, so often at most: most of what is asked should be answered."""


@dataclass(frozen=True)
class Case:
    """One triple; `label` names the draw that made it."""

    label: str
    policies: PolicySet
    sight: Sight
    document: Document


def draw(seed: int, worlds: list[World], folder: Path, pairs: int, documents: int = DOCUMENTS) -> Iterator[list[Case]]:
    """`pairs` of a policy and a document, each with every world; all worlds are of one catalogue.

    So many `documents` are drawn for one policy.
    """
    for index in range(-(-pairs // documents)):
        rng = random.Random(f"{seed}:{index}")
        rules = policies(rng, folder / str(index), worlds[0].catalogue, collecting=index % 5 == 4)
        for number in range(documents):
            for _ in range(TRIES):
                cases = list(_cases(rng, f"{index}.{number}", rules, worlds))
                first = cases[0]
                if expected(first.sight, first.document.text, first.document.variables).shown:
                    break
            yield cases


def _cases(rng: random.Random, label: str, rules: PolicySet, worlds: list[World]) -> Iterator[Case]:
    """One document for somebody's purpose, with every world."""
    catalogue = worlds[0].catalogue
    who, purpose = subject(rules, rng.choice(APPLICATIONS)), rng.choice(PURPOSES)
    found = rules_for(rules, who, purpose, TODAY, catalogue)
    case = rng.choice((None, *TICKETS))
    sights = [Sight(each, found, who, purpose, TODAY, case, readable(rules, purpose, TODAY)) for each in worlds]
    names = rng.sample(sorted(worlds[0].nodes), 12)
    ids = [_id(rng, worlds[0], name, who.department, purpose) for name in names]
    asked = document(rng, ids, sights[0].filterable, entities=entities_of(catalogue), catalogue=catalogue)
    for w, sight in enumerate(sights):
        yield Case(f"{label}.{w}", rules, sight, asked)


def _id(rng: random.Random, made: World, name: str, department: str, purpose: str) -> str:
    """A sealed id, sometimes another department's."""
    tag = made.catalogue.entity(made.nodes[name][0]).tag
    return SEALS.seal_id(rng.choice((department, department, department, "other")), purpose, tag, sid(name))
