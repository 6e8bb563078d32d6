"""What the form of a search offers for each of its terms: what policy, catalogue and log know, with the word for it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from hub.console.log_words import CHOICES, LogWords
from hub.request.running import Hub
from policies.model import PolicySet

CLOSED: Final = tuple(CHOICES)
"""The terms that have no other words than those that are offered."""
Choices = Mapping[str, Sequence[tuple[str, str]]]


def choices_of(hub: Hub, told: LogWords, asked: Mapping[str, str]) -> Choices:
    """By term: each code with its word. What was `asked` is among them, whatever it is."""
    policy = hub.policy
    known: dict[str, Iterable[str]] = {
        "purpose": policy.purposes,
        "application": policy.applications,
        "department": _departments(policy),
        "region": _regions(policy),
        "coordinate": (name for name, _ in hub.catalogue.coordinates()),
    }
    found = {term: [(code, told.word(term, code)) for code in sorted(codes)] for term, codes in known.items()}
    for term in CLOSED:
        codes = list(dict.fromkeys((*map(str, CHOICES[term]), *filter(None, [asked.get(term)]))))
        found[term] = [(code, told.word(term, code)) for code in codes]
    return found


def _departments(policy: PolicySet) -> set[str]:
    return {*policy.owners.values(), *(each.department for each in policy.applications.values())}


def _regions(policy: PolicySet) -> set[str]:
    return {region for each in policy.applications.values() for region in (each.jurisdiction, *each.staff.values())}
