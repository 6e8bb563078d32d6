"""What texts contain: the statement, which begins with a full-text index where it can, and the oracle agree.

The conditions stand alone, beside others, negated, behind relations and in counts, under generated policies.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hub.graph.local import GraphAddress
from schema import SPINE
from schema.catalogue import Catalogue, Entity
from tests.property.test_oracle import CATALOGUE_TRIPLES, CATALOGUES, TRIPLES, compare
from tests.support.oracle.random_catalogues import generated_catalogue
from tests.support.oracle.random_documents import Document
from tests.support.oracle.random_worlds import PARTS, leaf, literal
from tests.support.oracle.triples import Case

pytestmark = [pytest.mark.property, pytest.mark.slow]


def test_searches_agree(empty_graph: GraphAddress, rng: random.Random, tmp_path: Path) -> None:
    asked = compare(empty_graph, rng.getrandbits(32), tmp_path, TRIPLES // 2, searching(rng, SPINE))
    assert asked["with a search"] > TRIPLES // 40


@pytest.mark.parametrize("number", range(-(-CATALOGUES // 4)))
def test_searches_agree_on_texts_that_nobody_has_seen(
    empty_graph: GraphAddress, rng: random.Random, tmp_path: Path, number: int
) -> None:
    draws = random.Random(f"{rng.getrandbits(32) + number}:catalogue")
    made = generated_catalogue(draws, tmp_path / "slices")
    count = CATALOGUE_TRIPLES * 5
    asked: Counter[str] = compare(
        empty_graph, draws.getrandbits(32), tmp_path, count, searching(draws, made), made, documents=4, count=2
    )
    assert asked["with a search"] > 0


def searching(rng: random.Random, catalogue: Catalogue) -> Callable[[int, Case], Case]:
    """Puts documents that search into the cases."""
    searched = [entity for entity in catalogue if any(each.searchable for each in entity.fields)]

    def search(_: int, case: Case) -> Case:
        return replace(case, document=_Search(rng, catalogue, rng.choice(searched)).document())

    return search


class _Search:
    """One operation that asks what a text of a type contains."""

    def __init__(self, rng: random.Random, catalogue: Catalogue, entity: Entity) -> None:
        self.rng, self.catalogue, self.entity = rng, catalogue, entity

    def document(self) -> Document:
        where: Any = self.condition()
        entity = self.entity
        ends = list(entity.edges.values())
        if ends and self.rng.random() < 0.3:
            end = self.rng.choice(ends)
            entity = self.catalogue.entity(end.target)
            where = {end.inverse.partition(".")[2]: {self.rng.choice(("some", "some", "none")): where}}
        counts = self.rng.random() < 0.2
        shown = " ".join(["id", *(each.name for each in entity.fields if each.searchable)])
        root = (
            f"{entity.plural}Aggregate(where: %s) {{ count }}"
            if counts
            else f"{entity.plural}(where: %s) {{ edges {{ node {{ {shown} }} }} }}"
        )
        if self.rng.random() < 0.3:
            return Document(f"{{ {root % literal(where)} }}", {}, "")
        kind = f"{entity.name}{'Aggregate' if counts else ''}Where"
        return Document(f"query($w: {kind}) {{ {root % '$w'} }}", {"w": where}, "")

    def condition(self) -> dict[str, Any]:
        found = self.contains()
        draw = self.rng.random()
        if draw < 0.4:
            return found
        beside = leaf(self.rng, self.rng.choice(self.entity.fields))
        if draw < 0.6:
            return {"and": [found, beside]}
        if draw < 0.7:
            return {"and": [found, self.contains()]}
        if draw < 0.8:
            return {"or": [found, beside]}
        return {"not": found} if draw < 0.9 else {"not": {"not": found}}

    def contains(self) -> dict[str, Any]:
        field = self.rng.choice([each for each in self.entity.fields if each.searchable])
        return {field.name: {"contains": self.rng.choice(PARTS)}}
