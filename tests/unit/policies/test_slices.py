"""What a slice adds is denied until a rule names it; rules that were there before stay as wide as they were."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from policies.decide import decide
from policies.language import load_files
from policies.model import Decision, PolicySet
from policies.review.check import subject_of
from policies.review.undecided import undecided
from schema import SPINE
from schema.catalogue import Catalogue
from schema.strict_yaml import YamlFileError
from tests.support.sources.slices import HEALTH, composed

pytestmark = pytest.mark.unit

TODAY = dt.date(2026, 6, 30)
POLICY = """
purposes: [{id: a, zh: 甲, en: A}]
applications: [{id: app, zh: 应用, en: App, department: fire, jurisdiction: 14/01/}]
grants:
  - id: all
    to: {application: [app]}
    for: [a]
    basis: law
    rows: ROWS
    fields: FIELDS
"""


EVERY_TYPE = "{" + ", ".join(f"{each.name}: {{}}" for each in SPINE) + "}"
"""All rows of the spine's types."""
ANSWERS = {
    "Person.ageOver": "{answer: [18]}",
    "Person.isResident": "{answer: [$subject.jurisdiction]}",
    "Dwelling.hasOpenInspection": "answer",
}
"""The spine's answers, granted: a type or a tag never grants one."""


@pytest.fixture
def catalogue(tmp_path: Path) -> Catalogue:
    return composed(tmp_path / "slices", {"health.yaml": HEALTH}).catalogue


def policy(catalogue: Catalogue, rows: str, fields: str, more: str = "") -> PolicySet:
    text = POLICY.replace("ROWS", rows).replace("FIELDS", fields) + more
    return load_files({"p.yaml": text.encode()}, catalogue)


def seen(catalogue: Catalogue, found: PolicySet) -> set[str]:
    """All coordinates of which the application has something."""
    decision = decide(catalogue, found, subject_of(found.applications["app"]), "a", TODAY)
    return {name for name, _ in catalogue.coordinates() if shows(decision, name)}


def shows(decision: Decision, coordinate: str) -> bool:
    entity, _, name = coordinate.partition(".")
    return bool(decision.of(entity).of(name).shown)


@pytest.mark.parametrize(
    "fields", ["{Person: clear, Dwelling: clear}", "{grade:general-2: clear}", "{personal: clear}"]
)
def test_a_slice_widens_no_grant_that_was_there(catalogue: Catalogue, fields: str) -> None:
    before, after = policy(SPINE, EVERY_TYPE, fields), policy(catalogue, EVERY_TYPE, fields)
    assert dict(before.grants[0].fields) == dict(after.grants[0].fields)
    assert seen(SPINE, before) == seen(catalogue, after) != set()


def test_what_it_adds_is_granted_by_name(catalogue: Catalogue) -> None:
    rows = "{Person: {}, Dwelling: {}, Clinic: {}}"
    found = policy(catalogue, rows, "{Person.clinics: clear, Dwelling.heating: clear, Clinic: clear}")
    of_clinic = {f"Clinic.{name}" for name in ("code", "name", "level", "phone", "region", "patients")}
    assert seen(catalogue, found) == {"Person.clinics", "Dwelling.heating", *of_clinic}


def test_a_tag_covers_a_new_type_where_rows_name_it(catalogue: Catalogue) -> None:
    with_clinics = policy(catalogue, EVERY_TYPE.replace("{", "{Clinic: {}, ", 1), "{kind:phone: clear}")
    of_the_spine = {"Person.phone", "Event.reporterPhone", "Unit.contactPhone"}
    assert seen(catalogue, with_clinics) == {*of_the_spine, "Clinic.phone"}


def test_a_tag_that_covers_nothing_is_refused(tmp_path: Path) -> None:
    made = composed(tmp_path / "core", {"health.yaml": HEALTH.replace("general-3", "core")}).catalogue
    with pytest.raises(YamlFileError, match=r"p.yaml:10: grade:core covers only what slices add"):
        policy(made, "{Person: {}}", "{grade:core: clear}")


def test_a_prohibition_covers_what_slices_add(catalogue: Catalogue) -> None:
    prohibition = "prohibitions: [{id: none, prohibit: [Dwelling, edge, kind:phone], for: [a], basis: law}]\n"
    rows = "{Person: {}, Dwelling: {}, Clinic: {}}"
    fields = "{Person.clinics: clear, Dwelling.heating: clear, Clinic.phone: clear, Clinic.patients: clear, "
    fields += "Person.name: clear}"
    assert seen(catalogue, policy(catalogue, rows, fields, prohibition)) == {"Person.name"}


def test_what_nobody_has_decided_on_is_listed(catalogue: Catalogue) -> None:
    fields = EVERY_TYPE.replace("{}", "clear")
    fields = fields[:-1] + "".join(f", {entity.name}.provenance: clear" for entity in SPINE)
    assert set(undecided(SPINE, policy(SPINE, EVERY_TYPE, fields + "}"))) == ANSWERS.keys()
    fields += "".join(f", {name}: {given}" for name, given in ANSWERS.items()) + "}"
    assert undecided(SPINE, policy(SPINE, EVERY_TYPE, fields)) == ()
    found = undecided(catalogue, policy(catalogue, EVERY_TYPE, fields))
    assert {"Person.clinics", "Dwelling.heating", "Clinic.phone"} <= set(found)
    assert {each for each in found if not each.startswith("Clinic.")} == {"Person.clinics", "Dwelling.heating"}
    prohibition = "prohibitions: [{id: none, prohibit: [Clinic, Dwelling.heating], for: [a], basis: law}]\n"
    assert undecided(catalogue, policy(catalogue, EVERY_TYPE, fields, prohibition)) == ()
