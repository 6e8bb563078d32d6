"""Which rules reach the provenance of a type: a grant by its own name only, a prohibition by type and tag too."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from policies.decide import decide
from policies.review.undecided import in_short, undecided
from schema import SPINE
from schema.strict_yaml import YamlFileError
from tests.support.small_graph import policy, subject

pytestmark = pytest.mark.unit

POLICY = """
purposes: [{{id: a, zh: 甲, en: A}}]
applications: [{{id: app, zh: 应用, en: App, department: fire, jurisdiction: 14/01/}}]
grants:
  - id: g
    to: {{application: [app]}}
    for: [a]
    basis: law
    rows: {{Person: {{}}, Dwelling: {{}}}}
    fields: {fields}
"""


def told_of(folder: Path, fields: str, more: str = "") -> set[str]:
    """The types whose provenance a policy opens."""
    made = policy(folder, POLICY.format(fields=fields) + more)
    decision = decide(SPINE, made, subject(made, "app"), "a", dt.date(2026, 6, 30))
    return {entity.name for entity in SPINE if decision.of(entity.name).of("provenance").shown}


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ("{Person: clear, Dwelling: clear}", set()),
        ("{Dwelling.usage: clear, kind:birth: clear}", set()),
        ("{Person.provenance: clear}", {"Person"}),
        ("{Person: clear, Person.provenance: clear}", {"Person"}),
        ("{Person.provenance: clear, Dwelling.provenance: clear}", {"Person", "Dwelling"}),
    ],
)
def test_a_grant_opens_provenance_by_its_own_name_only(tmp_path: Path, fields: str, expected: set[str]) -> None:
    assert told_of(tmp_path, fields) == expected


def test_the_tag_of_provenance_grants_nothing(tmp_path: Path) -> None:
    with pytest.raises(YamlFileError, match="provenance covers only what slices add, or provenance; name its"):
        told_of(tmp_path, "{provenance: clear}")


@pytest.mark.parametrize(
    ("prohibited", "left"),
    [
        ("Person.provenance", {"Dwelling"}),
        ("Person", {"Dwelling"}),
        ("provenance", set()),
        # What is said of a dwelling tells about who lives there.
        ("personal", set()),
        ("sensitive", {"Person", "Dwelling"}),
    ],
)
def test_a_prohibition_takes_provenance_by_type_and_tag(tmp_path: Path, prohibited: str, left: set[str]) -> None:
    prohibition = f"prohibitions: [{{id: none, prohibit: [{prohibited}], for: [a], basis: law}}]"
    assert told_of(tmp_path, "{Person.provenance: clear, Dwelling.provenance: clear}", prohibition) == left


@pytest.mark.parametrize("effect", ["{mask: redact}", "aggregate"])
def test_provenance_is_clear_or_not_granted(tmp_path: Path, effect: str) -> None:
    with pytest.raises(YamlFileError, match=r"Person.provenance is the provenance of a node: it is `clear` or not"):
        told_of(tmp_path, f"{{Person.provenance: {effect}}}")


def test_no_rule_chooses_rows_by_provenance(tmp_path: Path) -> None:
    text = POLICY.format(fields="{Person.name: clear}")
    with pytest.raises(YamlFileError, match="provenance"):
        policy(tmp_path, text.replace("{Person: {}, Dwelling", "{Person: {provenance: {isNull: true}}, Dwelling"))


def test_nobody_is_found_by_provenance(tmp_path: Path) -> None:
    rule = "    match: [Person.provenance]\n    obligations: {matchDailyCap: 5}\n"
    with pytest.raises(YamlFileError, match=r"Person.provenance cannot be matched"):
        policy(tmp_path, POLICY.format(fields="{Person.name: clear}") + rule)


def test_provenance_that_nobody_decided_on_is_listed(tmp_path: Path) -> None:
    made = policy(tmp_path, POLICY.format(fields="{Person: clear, Dwelling.provenance: clear}"))
    found = undecided(SPINE, made)
    assert "Person.provenance" in found and "Dwelling.provenance" not in found
    shown = in_short(SPINE, found)
    assert {"Person.provenance", "Unit.*"} <= set(shown)
    assert not [each for each in shown if each.startswith("Unit.") and each != "Unit.*"]


def test_an_expectation_tests_provenance(tmp_path: Path) -> None:
    given = "expect: [{app: app, purpose: a, coordinate: Person.provenance, effects: [EFFECT]}]\n"
    text = POLICY.format(fields="{Person.provenance: clear}")
    assert policy(tmp_path / "good", text + given.replace("EFFECT", "clear")).expectations
    with pytest.raises(YamlFileError, match="it can have clear"):
        policy(tmp_path / "bad", text + given.replace("EFFECT", "aggregate"))
