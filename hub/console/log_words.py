"""What the log says in codes, told in words: acts, kinds, results, effects, and what policy and catalogue name.

A code that has no word, as an older or a newer version may have written one, is told as it stands.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from audit.record import KINDS, Record
from audit.search import EFFECTS
from hub.auditor.known_words import RESULTS
from hub.auditor.record_tables import act_of
from hub.console.desk import Desk
from hub.console.words import Words, all_words
from hub.request.running import Hub
from policies.model import PolicySet
from schema.catalogue import Catalogue
from schema.interface.languages import name_in

GROUPS: Final = {"what": ("act", "kind"), "kind": ("kind",), "result": ("result",), "effect": ("decided",)}
"""By term: the groups of words in which its codes are looked up."""
CHOICES: Final = {"kind": KINDS, "result": RESULTS, "effect": EFFECTS}
"""By term: every code that it may have."""


class LogWords:
    """The words of one language, and what policy and catalogue call purposes, applications, departments and fields."""

    def __init__(self, words: Words, policy: PolicySet, catalogue: Catalogue, language: str) -> None:
        self._words = words
        fields = {name: name_in(language, each) for name, each in catalogue.coordinates()}
        self._titles: Mapping[str, Mapping[str, str]] = {
            "purpose": {each.id: name_in(language, each) for each in policy.purposes.values()},
            "application": {each.id: name_in(language, each) for each in policy.applications.values()},
            "department": {name: each.name(language) for name, each in policy.departments.items()},
            "coordinate": {each.name: name_in(language, each) for each in catalogue} | fields,
        }

    def word(self, term: str, code: str) -> str:
        """The word for a code of a term of a search, or of `what` somebody did; the code itself if there is none."""
        if term in self._titles:
            return self._titles[term].get(code, code)
        key = code.replace(" ", "_").replace("-", "_")
        found = (self._words.get(f"{group}_{key}") for group in GROUPS.get(term, ()))
        return next((word for word in found if word), code)

    def what(self, record: Record) -> str:
        """The code of what somebody did."""
        return act_of(record)

    def titles(self, term: str) -> Mapping[str, str]:
        """By code: what policy or catalogue call purposes, applications, departments, or types and their fields."""
        return self._titles[term]


def log_words(desk: Desk, language: str) -> LogWords:
    """The words of a language, under the policy in force."""
    return log_words_of(desk.hub, language)


def log_words_of(hub: Hub, language: str) -> LogWords:
    """The words of a language, under a hub's policy and catalogue of now."""
    return LogWords(all_words()[language], hub.policy, hub.catalogue, language)
