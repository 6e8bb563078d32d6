"""The rules of a policy, narrowed to what a steward looks for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from policies.model import PolicySet
from policies.purposes import covered, prohibited_for
from policies.review.check import subject_of
from policies.rules import Grant, Prohibition


@dataclass(frozen=True, slots=True)
class Narrowed:
    """Which rules are shown; empty texts leave nothing out."""

    department: str = ""
    application: str = ""
    purpose: str = ""
    type: str = ""


def rules_shown(policy: PolicySet, narrowed: Narrowed) -> list[Grant | Prohibition]:
    """The rules that reach what is named, in the order of the policy, prohibitions last."""
    return [*(_grants(policy, narrowed)), *(_prohibitions(policy, narrowed))]


def types_of(rule: Grant | Prohibition) -> set[str]:
    """The types that a rule says something of."""
    if isinstance(rule, Prohibition):
        return {each.partition(".")[0] for each in rule.coordinates}
    return {*rule.rows, *(each.partition(".")[0] for each in rule.coordinates)}


def _grants(policy: PolicySet, narrowed: Narrowed) -> Iterator[Grant]:
    for grant in policy.grants:
        selected = [each for each in policy.applications.values() if grant.to.selects(subject_of(each))]
        if narrowed.department and narrowed.department not in {each.department for each in selected}:
            continue
        if narrowed.application and narrowed.application not in {each.id for each in selected}:
            continue
        if narrowed.purpose and not covered(grant.purposes, narrowed.purpose):
            continue
        if narrowed.type in {"", *types_of(grant)}:
            yield grant


def _prohibitions(policy: PolicySet, narrowed: Narrowed) -> Iterator[Prohibition]:
    """A prohibition holds for every application."""
    for rule in policy.prohibitions:
        if narrowed.purpose and not prohibited_for(rule.purposes, narrowed.purpose):
            continue
        if narrowed.type in {"", *types_of(rule)}:
            yield rule
