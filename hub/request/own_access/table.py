"""What one asker may see, as plain data: for each of their purposes every type, field and edge, and what may be done.

It is read from the very decisions that requests are planned with, so that it says what an operation meets. It speaks of
the asker's own grants and of prohibitions only; row conditions are stated, not evaluated, and nothing here reads data.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from hub.request.accesses import purpose_title
from hub.request.answering.cell import asked_of
from hub.request.answers.access import opens_more, widest
from hub.request.decision_cache import DecisionCache
from hub.request.own_access.row_words import scope_in_words
from hub.request.purpose import needs_case
from policies.decide import purposes_of, shows, tells_accesses
from policies.model import Decision, FieldDecision, PolicySet, RowSet, TypeDecision
from policies.obligations import NODE_CAP, Cap, StandingCap
from policies.rules import ANSWER, Subject, effect_in_words, verify_in_words
from policies.succession import Successors
from schema.catalogue import PROVENANCE, Catalogue, Entity
from schema.derived_names import bucket_value


@dataclass(frozen=True, slots=True)
class Asker:
    """Whose access is told, under which policy, on which day; `has_case`: whether they name a case.

    `hypothetical`: whether a developer asks what they would be told with another role or level.
    """

    policy: PolicySet
    subject: Subject = field(repr=False)
    today: dt.date
    has_case: bool
    hypothetical: bool = False


@dataclass(frozen=True)
class AccessTable:
    """The decisions for all purposes of an asker, as requests with and without a case are decided."""

    catalogue: Catalogue
    asker: Asker
    decisions: Mapping[str, Decision]
    """By purpose: what a request of the asker meets, with a case if they name one."""
    with_case: Mapping[str, Decision]
    case_required: frozenset[str]
    """Purposes for which nothing is answered without a case."""

    def type_access(self, purpose: str) -> list[dict[str, Any]]:
        """What may be seen for a purpose: an entry for each type of the catalogue."""
        if purpose not in self._types:
            decision = self.decisions[purpose]
            self._types[purpose] = [self._type(decision, self.with_case[purpose], each) for each in self.catalogue]
        return self._types[purpose]

    @cached_property
    def _types(self) -> dict[str, list[dict[str, Any]]]:
        return {}

    def effect(self, decision: Decision, coordinate: str) -> dict[str, Any]:
        """What a selection of a coordinate meets: its effect and its masks."""
        effects = _effects(decision, coordinate)
        if not shows(self.catalogue, decision, coordinate):
            return {"effect": "DENIED", "masks": []}
        met = "ANSWERED" if effects.answers else "CLEAR" if effects.clear else "MASKED"
        return {"effect": met, "masks": [rung for rung, _ in effects.masks]}

    def _type(self, decision: Decision, with_case: Decision, entity: Entity) -> dict[str, Any]:
        table = decision.of(entity.name)
        fields, answers = ([each.name for each in members] for members in (entity.fields, entity.answers))
        names = (*fields, *entity.edges, PROVENANCE, *answers)
        return {
            "type": entity.name,
            "listed": bool(table.visible),
            "counted": bool(table.contributing),
            "matchedBy": list(table.matchable),
            "verifiedBy": list(map(list, table.verified)),
            "accesses": tells_accesses(decision, entity.name),
            "contributors": table.contributors,
            "rounding": table.rounding,
            "buckets": table.buckets,
            "coordinates": [self._coordinate(decision, with_case, entity, name) for name in names],
        }

    def _coordinate(self, decision: Decision, with_case: Decision, entity: Entity, name: str) -> dict[str, Any]:
        coordinate, table = f"{entity.name}.{name}", decision.of(entity.name)
        effects, met = table.of(name), self.effect(decision, coordinate)
        buckets = [bucket for of, bucket in entity.buckets() if of.name == name]
        is_shown, is_field = met["effect"] != "DENIED", entity.has(name)
        opens = opens_more(with_case, decision, coordinate) or (
            not is_shown and shows(self.catalogue, with_case, coordinate)
        )
        return {
            "coordinate": coordinate,
            **met,
            "filter": effects.comparable and is_shown and name != PROVENANCE,
            "order": effects.comparable and is_field,
            "groupBy": [bucket_value(each) for each in buckets] if effects.countable else [],
            "match": bool(effects.match),
            "verify": bool(table.verified_with(name)),
            "asked": [str(asked) for asked in asked_of(effects, self.asker.subject)],
            "needsCase": opens and not self.asker.has_case,
            "rows": _rows(table, name),
        }


def table_of(catalogue: Catalogue, decisions: DecisionCache, successors: Successors, asker: Asker) -> AccessTable:
    """The table of an asker, by decisions that are kept for requests too."""
    policy, subject, today = asker.policy, asker.subject, asker.today
    purposes = purposes_of(policy, subject, today)

    def decide(purpose: str, *, with_case: bool) -> Decision:
        return decisions.decide(catalogue, policy, subject, purpose, today, successors, with_case=with_case)

    wanting = (each for each in purposes if needs_case(decisions.applicable(policy, subject, each, today)))
    return AccessTable(
        catalogue,
        asker,
        {each: decide(each, with_case=asker.has_case) for each in purposes},
        {each: decide(each, with_case=True) for each in purposes},
        frozenset(wanting),
    )


def caps_of(table: AccessTable) -> tuple[StandingCap, ...]:
    """The daily caps of all purposes, each once."""
    return tuple(dict.fromkeys(cap for decision in table.decisions.values() for cap in decision.caps))


def purpose_access(table: AccessTable, left: Mapping[StandingCap, int], purpose: str) -> dict[str, Any]:
    """What is told of a purpose beside its types; `left` is what is left today of the caps that could be counted."""
    decision = table.decisions[purpose]
    node_cap = decision.obligations.get(NODE_CAP)
    return {
        "purpose": purpose,
        "title": purpose_title(table.asker.policy, purpose),
        "caseRequired": purpose in table.case_required,
        "nodeCap": node_cap.limit if isinstance(node_cap, Cap) else None,
        "collectedFor": None if decision.collected is None else list(decision.collected),
        "dailyCaps": [
            {
                "counts": each.kind,
                "limit": each.cap.limit,
                "perPerson": each.cap.personal,
                "grant": each.grant,
                "left": left.get(each),
            }
            for each in decision.caps
        ],
    }


def _effects(decision: Decision, coordinate: str) -> FieldDecision:
    entity, _, name = coordinate.partition(".")
    return decision.of(entity).of(name)


def _rows(table: TypeDecision, name: str) -> list[dict[str, str]]:
    """Each effect that some rows have, and what their conditions say of the asker's scope."""
    effects = table.of(name)
    found: list[tuple[str, RowSet]] = [("clear", effects.clear), *effects.masks]
    found += [("aggregate", effects.aggregate), ("match", effects.match)]
    found += [(verify_in_words(names), rows) for names, rows in table.verified_with(name).items()]
    found += [(effect_in_words(ANSWER, asked), rows) for asked, rows in effects.answers]
    return [{"effect": effect, "where": _where(table, rows)} for effect, rows in found if rows]


def _where(table: TypeDecision, rows: RowSet) -> str:
    return " or ".join(sorted({scope_in_words(each) for each in widest(table, rows)}))
