"""The provenance of a node, as a cell of a plan, and by which fields its sources are compared."""

from __future__ import annotations

from dataclasses import dataclass

from policies.model import TypeDecision
from schema.catalogue import PROVENANCE, Entity


@dataclass(frozen=True, slots=True)
class ProvenanceCell:
    """`provenance` of a node: pairs of response name and field of its entries (or `__typename`).

    `compared` are the fields by which sources confirm or dispute each other: those that the purpose sees in clear on
    each row of which it sees the provenance. By another one, whoever may push a source could find out a hidden value:
    they would state one after the other until nobody disputes it.
    """

    name: str
    parts: tuple[tuple[str, str], ...]
    compared: frozenset[str]


def compared_fields(entity: Entity, table: TypeDecision) -> frozenset[str]:
    """The fields of a type by which its sources are compared under a decision."""
    told = table.of(PROVENANCE).clear
    return frozenset(each.name for each in entity.fields if told <= table.of(each.name).clear)
