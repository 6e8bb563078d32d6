"""The properties that a statement reads, from its text alone: `Type.property`, companions of a text as the text itself.

It shares nothing with what the hub says of its own statements.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from hub.graph.constraints import text_index
from hub.graph.lots import LOT
from schema.catalogue import PROVENANCE, Catalogue
from tests.support.ways_out.rules import Asker

HOUSE = ("sid", LOT, "deletedAt")
"""What each node has that no policy names."""
OF_PROVENANCE = frozenset({"SourceRecord", "SourceRun"})


def properties(catalogue: Catalogue, text: str) -> set[str]:
    """What a statement reads of nodes, in any position, but what each node has."""
    followed = {f"-[:{edge.relationship}]->": edge.target for edge in catalogue.edges}
    followed |= {f"<-[:{edge.relationship}]-": edge.source for edge in catalogue.edges}
    followed |= {"<-[:ASSERTS]-": "SourceRecord"}
    reached = re.findall(r"(<-\[:\w+\]-|-\[:\w+\]->)\((n\d+)\)", text)
    indexes = {text_index(each, of): each.name for each in catalogue for of in each.fields if of.searchable}
    searched = re.findall(r"queryNodes\('(\w+)', \$p\d+\) YIELD node AS (n\d+)", text)
    labels = (
        {var: indexes[name] for name, var in searched}
        | dict(re.findall(r"\((n\d+):(\w+)", text))
        | {var: followed[arrow] for arrow, var in reached}
    )
    read = ((labels[var], name) for var, name in re.findall(r"\b(n\d+)\.(\w+)", text))
    return {f"{label}.{_field(catalogue, label, name)}" for label, name in read if name not in HOUSE}


def _field(catalogue: Catalogue, label: str, name: str) -> str:
    """The field that a property belongs to."""
    texts = [each for each in catalogue.entity(label).fields if each.text_properties] if label in catalogue else []
    companions: Mapping[str, str] = {name: each.name for each in texts for name in each.text_properties.names}  # type: ignore[union-attr]
    return companions.get(name, name)


def read_without_leave(asker: Asker, texts: Iterable[str]) -> set[str]:
    """What statements of an asker read that no rule gives them, and on which no rule of theirs turns."""
    catalogue, readable = asker.sight.catalogue, asker.readable()
    found = {each for text in texts for each in properties(catalogue, text)}
    if any(asker.sight.gives(each.name, PROVENANCE, "clear") for each in catalogue):
        found = {each for each in found if each.partition(".")[0] not in OF_PROVENANCE}
    return found - readable
