"""A form changes what a steward's own department answers for, and leaves the rest of a rule as it is."""

from __future__ import annotations

from typing import Any

import pytest

from hub.console.refusals import PageRefused
from hub.console.rules.choices import Choices
from hub.console.rules.form import RuleForm
from hub.console.rules.view import Viewer
from hub.console.words import all_words
from policies.editing.rules import RuleText, rules_of
from policies.language import load, read_folder
from policies.stewards import Role, Steward
from schema import SPINE
from tests.support.serving import COUNTY

pytestmark = pytest.mark.unit
POLICY = load(COUNTY, SPINE)
RULES = rules_of(read_folder(COUNTY))


def choices(*owns: str) -> Choices:
    return Choices(SPINE, POLICY, Steward("a", "p", roles=(Role.STEWARD,), owns=owns))


def sent(rule: RuleText, whose: Choices) -> dict[str, str]:
    """What the page of a rule sends if nothing is changed."""
    view = Viewer(whose, rule.section, all_words()["en"], "en").view(
        rule.content, rule.content, whose.types_of(rule.content)
    )
    found: dict[str, str] = {}
    if not view.others:
        options = [*view.purposes, *(each for group in view.who.values() for each in group)]
        found |= {each.name: "on" for each in options if each.chosen}
        found |= {name: text for name, text in view.values.items() if name != "id"}
        found |= {name: "on" for name, chosen in view.ticks.items() if chosen}
    for each in view.types:
        if not each.owner:
            found |= {f"type.{each.name}": "on"}
            found |= {option.name: "on" for option in each.conditions if option.chosen}
            found |= {
                f"what.{line.name}": option.name for line in each.lines for option in line.effects if option.chosen
            }
            found |= {line.match.name: "on" for line in each.lines if line.match and line.match.chosen}
    if rule.section != "grants":
        found = {name: text for name, text in found.items() if name.startswith(("for.", "what.", "type.", "basis"))}
    return found


def read(rule: RuleText, whose: Choices, **changed: str) -> dict[str, Any]:
    return RuleForm({**sent(rule, whose), **changed}, whose, rule.section).rule(rule.content)


@pytest.mark.parametrize("owns", [("police", "housing", "hotline", "civil-affairs"), ("police",), ("hotline",), ()])
def test_a_form_without_a_change_gives_the_rule(owns: tuple[str, ...]) -> None:
    for rule in RULES:
        assert read(rule, choices(*owns)) == dict(rule.content), rule.id


def named(name: str) -> RuleText:
    return next(rule for rule in RULES if rule.id == name)


def test_j03_what_is_of_another_owner_is_not_taken_from_a_form() -> None:
    rule, police = named("fire-case"), choices("police")
    changed = read(rule, police, **{"what.Person.name": "mask:surname"})
    assert changed["fields"] == {**rule.content["fields"], "Person.name": {"mask": "surname"}}
    for field in (
        {"what.Event.text": "clear"},
        {"basis": "x"},
        {"to.application.grid-desk": "on"},
        {"addRow.Event": "case"},
    ):
        with pytest.raises(PageRefused):
            read(rule, police, **field)


def test_an_own_part_is_offered_and_a_type_of_another_is_not() -> None:
    whose = choices("police")
    view = Viewer(whose, "grants", all_words()["zh"], "zh").view({}, {}, [])
    offered = {each.name for each in view.more_types}
    assert "Person" in offered
    assert "Event" not in offered
    with pytest.raises(PageRefused):
        RuleForm({"type.Event": "on", "what.Event.number": "clear"}, whose, "grants").rule({})


def test_conditions_are_added_kept_and_taken_out() -> None:
    rule, whose = named("fire-rental-residents"), choices("police", "housing")
    added = read(rule, whose, **{"addRow.Person": "residency=FLOATING"} if _has("FLOATING") else {})
    assert added["rows"]["Person"].items() >= rule.content["rows"]["Person"].items()
    fields = sent(rule, whose)
    del fields["keep.Dwelling.usage"]
    left = RuleForm(fields, whose, "grants").rule(rule.content)
    assert left["rows"]["Dwelling"] == {"region": {"startsWith": "$subject.jurisdiction"}}


def _has(value: str) -> bool:
    return value in SPINE.entity("Person").field("residency").values
