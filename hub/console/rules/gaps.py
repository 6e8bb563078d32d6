"""What a form of a rule leaves empty or says against itself, by the label that it stands under.

Told before the rule is tried, so that a steward reads of labels instead of the language that rules are written in.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from hub.console.rules.choices import PROHIBIT, Choices
from policies.editing.rules import GRANTS
from policies.obligations import BOUND_A_MATCH
from schema import shapes

KINDS_OF_GAPS: Final = (
    *("id", "id_form", "id_taken", "who", "why", "why_not", "what", "what_not", "rows", "match", "basis", "until"),
)  # fmt: skip
"""Each has words, `rule_gap_<kind>`, and a place in the form, `rule-<place>`."""
LONGEST_NAME: Final = 64
_PLACES: Final = {
    "id_form": "id", "id_taken": "id", "why_not": "why", "what_not": "what", "rows": "what", "match": "duties",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Gap:
    """One thing that is missing or wrong; `entity` is the type that it is about, if it is about one."""

    kind: str
    entity: str = ""

    @property
    def place(self) -> str:
        """Where in the form it stands."""
        return f"rule-{_PLACES.get(self.kind, self.kind)}"


def gaps_of(rule: Mapping[str, Any], section: str, choices: Choices, *, is_new: bool) -> list[Gap]:
    """What is to be filled in before the rule can be tried, from the top of the form to its end."""
    found = list(_name(rule, choices)) if is_new else []
    if section == GRANTS:
        found += _of_grant(rule, choices)
    else:
        found += [
            Gap(kind) for kind, there in (("why_not", rule.get("for")), ("what_not", rule.get(PROHIBIT))) if not there
        ]
    if not rule.get("basis"):
        found.append(Gap("basis"))
    return [*found, *_ends(rule)]


def _name(rule: Mapping[str, Any], choices: Choices) -> Iterator[Gap]:
    name, policy = str(rule.get("id", "")), choices.policy
    if not name:
        yield Gap("id")
    elif len(name) > LONGEST_NAME or not re.fullmatch(shapes.NAME, name):
        yield Gap("id_form")
    elif name in {*(each.id for each in policy.grants), *(each.id for each in policy.prohibitions)}:
        yield Gap("id_taken")


def _of_grant(rule: Mapping[str, Any], choices: Choices) -> Iterator[Gap]:
    what = [*rule.get("fields", ()), *rule.get("match", ())]
    parts = {"who": rule.get("to"), "why": rule.get("for"), "what": what}
    yield from (Gap(kind) for kind, there in parts.items() if not there)
    # What a tag covers, the rows of a rule choose.
    named = [each for each in choices.types_of({"match": what}) if each in {name.partition(".")[0] for name in what}]
    yield from (Gap("rows", each) for each in named if each not in rule.get("rows", {}))
    if rule.get("match") and not set(BOUND_A_MATCH) & rule.get("obligations", {}).keys():
        yield Gap("match")


def _ends(rule: Mapping[str, Any]) -> Iterator[Gap]:
    valid = rule.get("valid", {})
    if {"from", "to"} <= valid.keys() and valid["to"] < valid["from"]:
        yield Gap("until")
