"""The index of rules finds what a scan over all of them finds, in the same order, whoever asks for whatever."""

from __future__ import annotations

import random

import pytest

from policies.model import PolicySet
from policies.purposes import covered, prohibited_for
from policies.rules import Grant, Prohibition, Selector, Subject, Validity
from tests.support.oracle.random_worlds import PURPOSES

pytestmark = pytest.mark.property

WORDS = ("fire", "grid", "")
ASKED = (*PURPOSES, "event.call.back", "safety.firearm", "", "unknown", "safety.")


def some(rng: random.Random) -> frozenset[str] | None:
    return rng.choice((None, None, frozenset(rng.sample(WORDS, rng.randint(0, 2)))))


def rules(rng: random.Random) -> PolicySet:
    grants = tuple(
        Grant(
            id=f"g{index}",
            to=Selector(some(rng), some(rng), some(rng), some(rng)),
            purposes=frozenset(rng.sample(PURPOSES, rng.randint(0, 3))),
            rows={},
            fields={},
            match=frozenset(),
            contributors=10,
            rounding=1,
            buckets=2,
            obligations={},
            basis="generated",
            valid=Validity(),
            place="",
        )
        for index in range(rng.randint(0, 12))
    )
    prohibitions = tuple(
        Prohibition(f"p{index}", frozenset(rng.sample(PURPOSES, rng.randint(0, 3))), frozenset(), "", "")
        for index in range(rng.randint(0, 6))
    )
    return PolicySet("generated", {}, {}, grants, prohibitions, {})


def test_the_index_finds_what_a_scan_finds(rng: random.Random) -> None:
    met = 0
    for _ in range(500):
        policies = rules(rng)
        application, department, role, level = (rng.choice(WORDS) for _ in range(4))
        who = Subject(application, department, role, level, "14/", "s")
        for purpose in ASKED:
            wanted = [each for each in policies.grants if covered(each.purposes, purpose) and each.to.selects(who)]
            found = [each for each in policies.index.grants(who, purpose) if each.to.selects(who)]
            assert found == wanted, purpose
            forbidden = [each for each in policies.prohibitions if prohibited_for(each.purposes, purpose)]
            assert list(policies.index.prohibitions(purpose)) == forbidden, purpose
            met += len(wanted)
    assert met > 500
