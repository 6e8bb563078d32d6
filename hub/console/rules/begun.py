"""What a new rule begins with, where a page leads to its form: a field, a purpose, an application.

A field begins with the least that a rule can show of it, on the rows of the asker's own jurisdiction.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from hub.console.refusals import PageRefused
from hub.console.rules.choices import PROHIBIT, Choices, effect_of_token
from hub.console.rules.drafting import Start
from policies.editing.rules import GRANTS, rules_of

BEGINS: Final = ("field", "purpose", "application")
"""What the address of a new rule may name; a `field` may be a whole type."""


def begun_with(asked: Mapping[str, str], choices: Choices, section: str) -> dict[str, Any]:
    """The rule that such an address begins; PageRefused for a name that there is not, or data of another owner."""
    field, purpose, application = (asked.get(name, "") for name in BEGINS)
    entity = field.partition(".")[0]
    known = {
        "field": {"", *(name for each in choices.catalogue for name in choices.names_of(each.name))},
        "purpose": {"", *choices.policy.purposes},
        "application": {"", *choices.policy.applications},
    }
    for name, value in zip(BEGINS, (field, purpose, application), strict=True):
        if value not in known[name] or (name == "field" and value and not choices.owns(entity)):
            raise PageRefused("choice", name=name)
    found: dict[str, Any] = {"for": [purpose] if purpose else []}
    if section != GRANTS:
        return {**found, PROHIBIT: [field] if field else []}
    found["to"] = {"application": [application]} if application else {}
    own_region = {**choices.conditions(entity, ()).get("region", {})} if field else {}
    found["rows"] = {entity: own_region} if own_region else {}
    found["fields"] = {field: effect_of_token(_least(choices, field))} if "." in field else {}
    return found


def _least(choices: Choices, field: str) -> str:
    """The first mask of a field; without one, the least that it has."""
    offered = choices.effects(field, GRANTS)
    return next((each for each in offered if each.startswith("mask:")), offered[1])


def usual_file(start: Start, section: str, application: str) -> str:
    """The file in which a new rule stands best: that of the application's rules, else of others of the section."""
    rules = [each for each in rules_of(start.files) if each.section == section]
    of_it = [each for each in rules if application and application in each.content.get("to", {}).get("application", ())]
    return next((each.file for each in (*of_it, *rules)), "")
