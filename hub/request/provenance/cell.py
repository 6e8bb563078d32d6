"""The provenance of a node, as a cell of a plan."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ProvenanceCell:
    """`provenance` of a node: pairs of response name and field of its entries (or `__typename`)."""

    name: str
    parts: tuple[tuple[str, str], ...]
