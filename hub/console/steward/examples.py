"""Pieces of a policy to begin with: a grant, a mask and a prohibition, in names that the version in force has.

Each loads where it is put; none is of data that the steward does not answer for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from policies.editing.rules import GRANTS, add
from policies.model import PolicySet
from policies.stewards import Steward
from schema.catalogue import Catalogue
from schema.declarations import Entity, Field

IN_JURISDICTION: Final = {"region": {"startsWith": "$subject.jurisdiction"}}


@dataclass(frozen=True, slots=True)
class Example:
    """A rule to begin with; `kind` is a part of a key of `wording/`."""

    kind: str
    section: str
    rule: Mapping[str, Any]

    @property
    def text(self) -> str:
        """It as a file of its own would say it."""
        return self.put_into(b"").decode()

    def put_into(self, content: bytes) -> bytes:
        """A file with the rule at its end, or at that of its section; EditRefused if it cannot take it."""
        return add(content, "example.yaml", self.section, self.rule)


def examples(catalogue: Catalogue, policy: PolicySet, steward: Steward, basis: str) -> Mapping[str, Example]:
    """The examples by their kinds; none where the policy has no application, no purpose or no fitting type."""
    found = next(_fitting(catalogue, policy, steward), None)
    if found is None or not policy.applications or not policy.purposes:
        return {}
    entity, field = found
    name, common = f"{entity.name}.{field.name}", {"for": [next(iter(policy.purposes))], "basis": basis}
    to = {"to": {"application": [next(iter(policy.applications))]}, **common, "rows": {entity.name: IN_JURISDICTION}}
    made = (
        Example("grant", GRANTS, {"id": "example-grant", **to, "fields": {f"{entity.name}.region": "clear"}}),
        Example("mask", GRANTS, {"id": "example-mask", **to, "fields": {name: {"mask": field.masks[-1]}}}),
        Example("prohibition", "prohibitions", {"id": "example-prohibition", "prohibit": [name], **common}),
    )
    return {each.kind: each for each in made}


def _fitting(catalogue: Catalogue, policy: PolicySet, steward: Steward) -> Iterator[tuple[Entity, Field]]:
    """Types of the steward that lie in a region, with a field of each that can be masked; sensitive ones first."""
    for entity in catalogue:
        owner = policy.owners.get(entity.name)
        if entity.located and (owner is None or owner in steward.owns):
            masked = [each for each in entity.fields if each.masks and each.name != "region"]
            yield from ((entity, each) for each in sorted(masked, key=lambda each: not each.personal)[:1])
