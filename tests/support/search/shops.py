"""Shops of two streets with names to search for, and a policy that shows names in one street only."""

from __future__ import annotations

import random
from pathlib import Path

from hub.graph.constraints import ensure_constraints
from hub.graph.driver import GraphWriter
from hub.graph.local import GraphAddress
from policies.model import PolicySet
from tests.support.small_graph import World, policy

HERE, THERE = "14/03/21/001/001/", "14/03/21/002/001/"
POLICY = """
purposes: [{id: market, zh: 市, en: Markets}, {id: tax, zh: 税, en: Tax}]
applications:
  - {id: market-desk, zh: 台, en: Desk, department: market, jurisdiction: 14/03/21/001/}
grants:
  - id: names
    to: {application: [market-desk]}
    for: [market]
    basis: law
    rows: {Unit: {region: {startsWith: $subject.jurisdiction}}, Person: {}}
    fields:
      Unit.name: clear
      Unit.region: clear
      Unit.representative: clear
      Person.represents: clear
      Person.name: clear
  - id: kinds
    to: {application: [market-desk]}
    for: [market, tax]
    basis: law
    rows: {Unit: {}}
    fields: {Unit.kind: clear}
"""
WORLD = World(
    nodes={
        "a": ("Unit", {"name": "东街便利店", "kind": "SHOP", "region": HERE}),
        "b": ("Unit", {"name": "东街ABC便民超市", "kind": "SHOP", "region": HERE}),
        "c": ("Unit", {"name": "东便街", "kind": "SCHOOL", "region": HERE}),
        "d": ("Unit", {"name": "西街便利店", "kind": "SHOP", "region": THERE}),
        "e": ("Unit", {"name": "东街便利店", "kind": "SHOP", "region": HERE, "deletedAt": "now"}),
        "f": ("Unit", {"kind": "SHOP", "region": HERE}),
        "p": ("Person", {"name": "甲", "region": HERE}),
        "q": ("Person", {"name": "乙", "region": HERE}),
    },
    edges=[("a", "representative", "p"), ("d", "representative", "q")],
)


def load_shops(address: GraphAddress, folder: Path) -> PolicySet:
    """Load the shops with their indexes; the policy."""
    with GraphWriter(address.url, address.user, address.password) as writer:
        ensure_constraints(writer, WORLD.catalogue)
        WORLD.load(writer)
    return policy(folder, POLICY)


def some_texts(rng: random.Random, count: int) -> list[str]:
    """Texts of Chinese, letters, digits, signs that nobody sees and marks that cling to what stands before them."""
    signs = [
        *"便利东街店水管破裂漏𠮷㐀々カナ한글",
        *"abABk89_.,-' ",
        "\u200d",
        "\ufeff",
        "\u0301",
        "\ufe00",
        "😀",
        "\n",
        "the",
        "not",
    ]
    return ["".join(rng.choices(signs, k=rng.randint(1, 30))) for _ in range(count)]
