"""What a form may choose from: names of the policy and the catalogue, with their words, and who may change what.

A steward is offered what touches their own departments' data only: the store refuses the rest.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from policies.editing.rules import GRANTS
from policies.editing.written import same
from policies.model import PolicySet
from policies.stewards import Steward
from schema.catalogue import Catalogue, CatalogueError
from schema.classification import Scalar
from schema.declarations import PROVENANCE, Answer, Entity, Field

SELECTORS: Final = ("application", "department", "role", "level")
PROHIBIT: Final = "prohibit"
"""What stands in the form where a prohibition names a thing."""
IN_JURISDICTION: Final = {"startsWith": "$subject.jurisdiction"}
IS_CASE: Final = {"eq": "$case"}


@dataclass(frozen=True, slots=True)
class Choices:
    """The policy and the catalogue as a person who changes one rule meets them."""

    catalogue: Catalogue
    policy: PolicySet
    steward: Steward

    def selectors(self) -> dict[str, list[str]]:
        """By attribute of a subject: the values that some registered application has."""
        applications = self.policy.applications.values()
        return {
            "application": list(self.policy.applications),
            **{name: sorted({getattr(each, name) for each in applications} - {""}) for name in SELECTORS[1:]},
        }

    def owns(self, entity: str) -> bool:
        """Whether the steward may change what is seen of a type."""
        owner = self.policy.owners.get(entity)
        return owner is None or owner in self.steward.owns

    def others(self, types: Iterable[str]) -> dict[str, str]:
        """Of some types: those that the steward may not change, each with its owner."""
        return {each: self.policy.owners[each] for each in types if not self.owns(each)}

    def types_of(self, rule: Mapping[str, Any]) -> list[str]:
        """The types that a rule says something of, in the order of the catalogue."""
        named = {*rule.get("rows", {})}
        for name in (*rule.get("fields", {}), *rule.get("match", ()), *rule.get("verify", ()), *rule.get(PROHIBIT, ())):
            named |= set(self._types_named(name))
        return [entity.name for entity in self.catalogue if entity.name in named]

    def _types_named(self, name: str) -> Iterator[str]:
        if "." in name or name in self.catalogue:
            yield name.partition(".")[0]
            return
        try:
            yield from (each.partition(".")[0] for each in self.catalogue.tagged(name))
        except CatalogueError:
            return

    def effects(self, name: str, section: str) -> list[str]:
        """What a rule may say of a coordinate or a whole type, the weakest first; nothing is the empty text."""
        if section != GRANTS:
            return ["", PROHIBIT]
        if "." not in name:
            return ["", "aggregate", "clear"]
        found = self.catalogue.coordinate(name)
        if isinstance(found, Answer):
            return ["", *_answers(found)]
        if not isinstance(found, Field):
            return ["", "clear"]
        return ["", *(["aggregate"] if found.buckets else []), *(f"mask:{rung}" for rung in found.masks), "clear"]

    def matchable(self, entity: str) -> list[str]:
        """The fields by which one node of a type may be found."""
        return [f"{entity}.{each.name}" for each in self.catalogue.entity(entity).fields if each.matchable]

    def names_of(self, entity: str) -> list[str]:
        """The type and all of its coordinates."""
        found = self.catalogue.entity(entity)
        fields, answers = ([each.name for each in members] for members in (found.fields, found.answers))
        own = (*fields, *found.edges, PROVENANCE, *answers)
        return [entity, *(f"{entity}.{each}" for each in own)]

    def conditions(self, entity: str, present: Iterable[str]) -> dict[str, dict[str, Any]]:
        """The conditions that a form can add to the rows of a type, by what stands for them in the form."""
        found = self.catalogue.entity(entity)
        return {token: part for token, part in self._conditions(found) if not part.keys() & set(present)}

    def _conditions(self, entity: Entity) -> Iterator[tuple[str, dict[str, Any]]]:
        if entity.located:
            yield "region", {"region": dict(IN_JURISDICTION)}
        case = self.catalogue.case
        if case is not None and case.entity == entity.name:
            yield "case", {case.number: dict(IS_CASE)}
        for field in entity.fields:
            for value in field.values:
                yield f"{field.name}={value}", {field.name: {"eq": value}}

    def token_of(self, entity: str, key: str, value: Any) -> str:
        """What stands in the form for a condition; empty for one that a form cannot make."""
        offered = self.conditions(entity, ())
        return next((token for token, part in offered.items() if same(part, {key: value})), "")


AGES: Final = ("18", "60", "18,60", "80")
"""What a form offers of an answer that is asked with a number; other values are written in the text."""


def _answers(answer: Answer) -> list[str]:
    """How a form can give an answer: for the asker's own division, or for one of a few numbers."""
    if answer.argument is None:
        return ["answer"]
    offered = {Scalar.INT: AGES, Scalar.REGION: ("$subject.jurisdiction",)}
    return [f"answer:{each}" for each in offered.get(answer.argument.scalar, ())]


def effect_token(effect: Any) -> str:
    """What stands in the form for an effect of a rule."""
    if isinstance(effect, dict) and "answer" in effect:
        return f"answer:{','.join(map(str, effect['answer']))}"
    return f"mask:{effect['mask']}" if isinstance(effect, dict) else str(effect)


def effect_of_token(token: str) -> Any:
    """The effect that a token stands for."""
    if token.startswith("answer:"):
        return {
            "answer": [int(each) if each.isdecimal() else each for each in token.removeprefix("answer:").split(",")]
        }
    return {"mask": token.removeprefix("mask:")} if token.startswith("mask:") else token
