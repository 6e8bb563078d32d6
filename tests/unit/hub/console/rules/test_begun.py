"""A new rule begins with the field, purpose and application that a page names, and with nothing that it may not."""

from __future__ import annotations

import pytest

from hub.console.refusals import PageRefused
from hub.console.rules.begun import begun_with, usual_file
from hub.console.rules.choices import Choices
from hub.console.rules.drafting import Start
from policies.language import load, read_folder
from policies.stewards import Role, Steward
from policies.versions import Version
from schema import SPINE
from tests.support.serving import COUNTY

pytestmark = pytest.mark.unit
CHOICES = Choices(SPINE, load(COUNTY, SPINE), Steward("a", "p", roles=(Role.STEWARD,), owns=("police",)))
FILES = read_folder(COUNTY)


def test_a_field_begins_with_its_first_mask_on_the_rows_of_the_own_jurisdiction() -> None:
    asked = {"field": "Person.phone", "purpose": "welfare.elder", "application": "grid-desk", "other": "x"}
    assert begun_with(asked, CHOICES, "grants") == {
        "for": ["welfare.elder"],
        "to": {"application": ["grid-desk"]},
        "rows": {"Person": {"region": {"startsWith": "$subject.jurisdiction"}}},
        "fields": {"Person.phone": {"mask": SPINE.coordinate("Person.phone").masks[0]}},  # type: ignore[union-attr]
    }
    assert begun_with({"field": "Person.residency"}, CHOICES, "grants")["fields"] == {"Person.residency": "aggregate"}
    assert begun_with({"field": "Person.household"}, CHOICES, "grants")["fields"] == {"Person.household": "clear"}


def test_a_whole_type_and_a_prohibition() -> None:
    assert begun_with({"field": "Person"}, CHOICES, "grants")["fields"] == {}, "what is seen of it is chosen there"
    assert begun_with({"field": "Person"}, CHOICES, "prohibitions") == {"for": [], "prohibit": ["Person"]}
    assert begun_with({}, CHOICES, "grants") == {"for": [], "to": {}, "rows": {}, "fields": {}}


@pytest.mark.parametrize(
    "asked",
    [
        {"field": "Person.nothing"},
        {"field": "Nothing"},
        {"field": "Event.text"},
        {"purpose": "nothing"},
        {"application": "nobody"},
    ],
)
def test_what_there_is_not_or_another_owns_is_refused(asked: dict[str, str]) -> None:
    with pytest.raises(PageRefused):
        begun_with(asked, CHOICES, "grants")


def test_a_new_rule_goes_beside_those_of_its_application() -> None:
    start = Start(Version(1, "", "", "", None, "", ""), FILES, FILES)
    assert usual_file(start, "grants", "fire-inspection") == "fire.yaml"
    assert usual_file(start, "prohibitions", "") == "prohibitions.yaml"
    assert usual_file(start, "grants", "nobody") in FILES
