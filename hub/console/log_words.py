"""What the log says in codes, told in words: acts, kinds, results, effects, purposes, applications, departments.

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
from policies.model import Application, PolicySet, Purpose
from schema.interface.languages import CHINESE

GROUPS: Final = {"what": ("act", "kind"), "kind": ("kind",), "result": ("result",), "effect": ("decided",)}
"""By term: the groups of words in which its codes are looked up."""
CHOICES: Final = {"kind": KINDS, "result": RESULTS, "effect": EFFECTS}
"""By term: every code that it may have."""


class LogWords:
    """The words of one language, and what the policy in force calls its purposes, applications and departments."""

    def __init__(self, words: Words, policy: PolicySet, language: str) -> None:
        self._words = words
        self._titles: Mapping[str, Mapping[str, str]] = {
            "purpose": {each.id: _title(each, language) for each in policy.purposes.values()},
            "application": {each.id: _title(each, language) for each in policy.applications.values()},
            "department": {name: each.name(language) for name, each in policy.departments.items()},
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
        """What the policy in force calls its purposes, applications or departments."""
        return self._titles[term]


def _title(each: Purpose | Application, language: str) -> str:
    return each.zh if language == CHINESE else each.en


def log_words(desk: Desk, language: str) -> LogWords:
    """The words of a language, under the policy in force."""
    return LogWords(all_words()[language], desk.hub.policy, language)
