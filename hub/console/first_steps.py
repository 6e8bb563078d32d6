"""What each role can do first, for the home page: pages by their words in the menu, in the order of a first day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from policies.stewards import Role

FIRST: Final[Mapping[Role, Sequence[str]]] = {
    Role.STEWARD: ("matrix", "rule_list", "rule_todo", "ask_queue"),
    Role.APPROVER: ("versions", "review_preview"),
    Role.AUDITOR: ("log", "over_unusual", "over_review", "whole"),
    Role.OPERATOR: ("ops_sources", "ops_health", "ops_settings"),
    Role.DEVELOPER: ("dev_catalogue", "dev_query", "ask_mine", "dev_operations"),
}
"""Each has a sentence `first_<role>_<word>` in `wording/`."""


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do: the address of its page, and the key of the sentence that says what it is."""

    path: str
    word: str


def first_steps(roles: Sequence[Role], paths: Mapping[str, str]) -> Mapping[Role, Sequence[Step]]:
    """By role what to do first, of the pages that may be opened (their paths by their words)."""
    return {
        role: [Step(paths[word], f"first_{role}_{word}") for word in FIRST.get(role, ()) if word in paths]
        for role in roles
    }
