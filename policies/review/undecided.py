"""The coordinates on which nobody has decided: no grant and no prohibition names them.

They are denied like everything that is not granted; a steward sees here what a new slice brought.
"""

from __future__ import annotations

from collections.abc import Sequence

from policies.model import PolicySet
from schema.catalogue import PROVENANCE, Catalogue


def undecided(catalogue: Catalogue, policy: PolicySet) -> tuple[str, ...]:
    """Those coordinates, in the order of the catalogue; a rule that names a type or tag names what it covers."""
    granted = {name for grant in policy.grants for name in grant.coordinates}
    prohibited = {name for rule in policy.prohibitions for name in rule.coordinates}
    return tuple(name for name, _ in catalogue.coordinates() if name not in granted | prohibited)


def in_short(catalogue: Catalogue, coordinates: Sequence[str]) -> list[str]:
    """Those coordinates for a person to read: `Unit.*` for a type of which each is among them."""
    among, listed = set(coordinates), list[str]()
    for entity in catalogue:
        fields, answers = ([each.name for each in members] for members in (entity.fields, entity.answers))
        own = [f"{entity.name}.{name}" for name in (*fields, *entity.edges, PROVENANCE, *answers)]
        found = [each for each in own if each in among]
        listed += [f"{entity.name}.*"] if len(found) == len(own) else found
    return listed
