"""An obligation is known and strict, or the policy does not load."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from policies.obligations import Cap, CaseRequired, ObligationError, parse, strictest
from schema.predicate import All, CaseHolds, IsCase
from schema.strict_yaml import YamlFileError
from tests.support.small_graph import policy

pytestmark = pytest.mark.unit

GOOD = """
purposes: [{id: a, zh: 甲, en: A}]
applications: [{id: app, zh: 应用, en: App, department: fire, jurisdiction: 14/}]
grants:
  - id: one
    to: {application: [app]}
    for: [a]
    basis: law
    rows: {Event: {number: {eq: $case}}, Person: {}}
    fields: {Event.text: {mask: redact}, Person.name: clear}
    obligations: {case: required, nodeCap: 5}
"""


@pytest.mark.parametrize(
    ("given", "hint"),
    [
        ({"caes": "required"}, "known: case, nodeCap"),
        ({"case": True}, "required"),
        ({"nodeCap": 0}, "at least 1"),
        ({"nodeCap": True}, "whole number"),
        ({"dailyCap": "many"}, "whole number"),
    ],
)
def test_what_is_unknown_or_wrong_is_refused(given: dict[str, Any], hint: str) -> None:
    with pytest.raises(ObligationError, match=hint):
        parse(given)


def test_the_strictest_of_each_kind_holds() -> None:
    found = strictest([parse({"nodeCap": 9, "dailyCap": 3}), parse({"nodeCap": 5, "case": "required"}), {}])
    assert found == {"nodeCap": Cap(5), "dailyCap": Cap(3), "case": CaseRequired()}


def test_an_obligation_of_a_case_joins_every_row(tmp_path: Path) -> None:
    (grant,) = policy(tmp_path, GOOD).grants
    assert grant.rows == {"Event": All((IsCase(), CaseHolds())), "Person": All((All(()), CaseHolds()))}


@pytest.mark.parametrize(
    ("old", "new", "hint"),
    [
        ("Person: {}", "Person: {name: {eq: $case}}", "$case stands in Event.number"),
        ("{eq: $case}", "{in: [$case]}", "unknown placeholder"),
        ("Event: {number: {eq: $case}}", "Event: {not: {number: {eq: $case}}}", "cannot stand under `not`"),
        ("nodeCap: 5", "nodeCap: -5", "nodeCap"),
        ("[{id: a, zh: 甲, en: A}]", "[{id: a, zh: 甲, en: A}, {id: epidemic, zh: 疫, en: E}]", "must say when"),
    ],
)
def test_a_case_is_used_where_it_means_something(tmp_path: Path, old: str, new: str, hint: str) -> None:
    assert old in GOOD
    with pytest.raises(YamlFileError, match=re.escape(hint)):
        policy(tmp_path, GOOD.replace(old, new))
