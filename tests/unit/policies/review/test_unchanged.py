"""What is left out of a comparison, because the rules behind it are the same, would have told nothing."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from policies.language import load
from policies.model import PolicySet
from policies.review.check import subject_of
from policies.review.diff import diff_with_joins
from policies.review.joins import joins, new_joins
from policies.review.unchanged import Unchanged
from policies.rules import CLEAR, Prohibition, Validity
from schema import SPINE
from tests.support.serving import COUNTY
from tests.support.small_graph import policy
from tests.unit.policies.review.test_joins import POLICY

pytestmark = pytest.mark.unit
DAY = dt.date(2026, 6, 30)
KNOWN = load(COUNTY, SPINE)
APPLICATION, PURPOSE = "fire-inspection", "safety.fire.rental"
SUBJECT = subject_of(KNOWN.applications[APPLICATION])


def with_grant(number: int, **changed: object) -> PolicySet:
    """The county's policy with one grant changed."""
    grants = list(KNOWN.grants)
    grants[number] = replace(grants[number], **changed)  # type: ignore[arg-type]
    return replace(KNOWN, version="other", grants=tuple(grants))


def with_purpose(name: str, **changed: object) -> PolicySet:
    """The county's policy with one purpose changed."""
    purpose = replace(KNOWN.purposes[name], **changed)  # type: ignore[arg-type]
    return replace(KNOWN, version="other", purposes={**KNOWN.purposes, name: purpose})


def with_application(**changed: object) -> PolicySet:
    """The county's policy with one application changed."""
    application = replace(KNOWN.applications[APPLICATION], **changed)  # type: ignore[arg-type]
    return replace(KNOWN, version="other", applications={**KNOWN.applications, APPLICATION: application})


def with_prohibition() -> PolicySet:
    """The county's policy with one prohibition more."""
    never = Prohibition("never", frozenset({PURPOSE}), frozenset({"Person.phone"}), "law", "x.yaml:1")
    return replace(KNOWN, version="other", prohibitions=(*KNOWN.prohibitions, never))


def without_grant(number: int) -> PolicySet:
    """The county's policy without one grant."""
    return replace(KNOWN, version="other", grants=KNOWN.grants[:number] + KNOWN.grants[number + 1 :])


PERSONS = next(number for number, each in enumerate(KNOWN.grants) if each.fields.get("Person.name") == CLEAR)
CHANGED: list[Callable[[], PolicySet]] = [
    lambda: without_grant(PERSONS),
    lambda: with_grant(PERSONS, fields={}, match=frozenset()),
    lambda: with_grant(PERSONS, obligations={}),
    lambda: with_grant(PERSONS, valid=Validity(end=dt.date(2026, 9, 1))),
    lambda: with_grant(PERSONS, purposes=frozenset(KNOWN.purposes)),
    lambda: with_purpose("safety", contributors=50),
    lambda: with_purpose(PURPOSE, expires=dt.date(2026, 8, 1)),
    lambda: with_application(department="police"),
    lambda: with_application(staff={"s-1": "14/03/01/"}),
    with_prohibition,
    lambda: replace(KNOWN, version="other", grants=KNOWN.grants[::-1]),
    lambda: KNOWN,
]


@pytest.mark.parametrize("changed", CHANGED)
def test_a_comparison_tells_the_same_as_one_that_leaves_nothing_out(
    changed: Callable[[], PolicySet], monkeypatch: pytest.MonkeyPatch
) -> None:
    other = changed()
    found = [diff_with_joins(SPINE, *pair, DAY) for pair in ((KNOWN, other), (other, KNOWN))]
    monkeypatch.setattr(Unchanged, "decision", lambda *_: False)
    assert found == [diff_with_joins(SPINE, *pair, DAY) for pair in ((KNOWN, other), (other, KNOWN))]


def test_new_joins_are_those_of_one_policy_that_the_other_has_not(tmp_path: Path) -> None:
    key, other = "Event.number: clear, Event.reporter: clear", "Event.text: clear"
    before, after = (
        policy(tmp_path / name, POLICY.format(one=f"{key}, Person.name: clear", two=two))
        for name, two in (("before", f"{key}, {other}"), ("after", f"{key}, Person.phone: clear"))
    )
    brought = [each for each in joins(SPINE, after, DAY) if each not in joins(SPINE, before, DAY)]
    assert brought
    assert new_joins(SPINE, before, after, DAY) == brought
    assert new_joins(SPINE, after, before, DAY) == []


def test_a_rule_that_only_moved_in_its_file_leaves_its_decisions_unchanged() -> None:
    moved = replace(KNOWN, grants=tuple(replace(each, place="elsewhere:9") for each in KNOWN.grants))
    assert Unchanged(KNOWN, moved).decision(SUBJECT, PURPOSE)


@pytest.mark.parametrize(
    "changed",
    [
        with_prohibition,
        lambda: with_purpose("safety", contributors=50),
        lambda: with_application(level="another"),
        lambda: replace(KNOWN, applications={}),
        lambda: replace(KNOWN, grants=()),
        lambda: replace(KNOWN, grants=tuple(replace(each, obligations={}) for each in KNOWN.grants)),
    ],
)
def test_what_a_decision_is_made_of_may_not_differ(changed: Callable[[], PolicySet]) -> None:
    assert not Unchanged(KNOWN, changed()).decision(SUBJECT, PURPOSE)
