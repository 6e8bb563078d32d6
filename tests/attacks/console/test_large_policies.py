"""A policy of many rules holds up nobody: what a page does with it grows as the policy does, and not as its square.

Policies are worked on one at a time for everybody, so that one slow page is slow for all. The bounds are wide: what is
bounded here takes a second or two, and took from half a minute to many minutes.
"""

from __future__ import annotations

import datetime as dt
import time
from types import SimpleNamespace
from typing import Any, cast

import pytest

from hub.console.rules.drafting import CHANGE, Edit, Start, edited
from hub.request.running import Hub
from policies.editing.origins import origins
from policies.editing.rules import rules_in, rules_of
from policies.language import load_files
from policies.review.check import check
from schema import SPINE
from schema.strict_yaml import YamlFile
from tests.support.policy_stores import FILES

pytestmark = pytest.mark.attack
TODAY = dt.date(2026, 6, 30)
RULES = 300
RULE = """  - id: rule-{number}
    to: {{application: [app]}}
    for: [a]
    basis: law
    rows: {{Building: {{name: {{eq: "{number}"}}}}}}
    fields: {{Building.name: clear}}
"""


def rules_file(number: int) -> bytes:
    return ("grants:\n" + "".join(RULE.format(number=each) for each in range(number))).encode()


RULES_FILE = rules_file(RULES)


def test_since_when_is_found_also_where_a_version_laid_every_rule_out_anew() -> None:
    older = RULES_FILE.replace(b"  - id:", b"  -   id:").replace(b"\n    ", b"\n      ")
    began = time.monotonic()
    found = origins(rules_in("rules.yaml", RULES_FILE), [(2, {"rules.yaml": RULES_FILE}), (1, {"rules.yaml": older})])
    assert set(found.values()) == {1}
    assert len(found) == RULES
    assert time.monotonic() - began < 15


def test_a_policy_of_many_rules_for_one_application_is_checked() -> None:
    policy = load_files({**FILES, "rules.yaml": rules_file(3 * RULES)}, SPINE)
    began = time.monotonic()
    check(SPINE, policy, TODAY)
    assert time.monotonic() - began < 10


def test_many_expectations_that_fail_are_mended_at_once() -> None:
    expectation = "  - {app: app, purpose: a, coordinate: Building.name, effects: []}  # a comment stays\n"
    files = {**FILES, "expectations.yaml": ("expect:\n" + expectation * RULES).encode()}
    (rule,) = rules_of(FILES)
    start = Start(cast("Any", None), files, files)
    edit = Edit(CHANGE, {**rule.content, "basis": "another"}, rule, rule.file, rule.section, mend_expectations=True)
    now = dt.datetime(2026, 6, 30, tzinfo=dt.UTC)
    hub = cast("Hub", SimpleNamespace(catalogue=SPINE, policy=load_files(FILES, SPINE), now=lambda: now))
    began = time.monotonic()
    mended = edited(hub, start, edit)["expectations.yaml"]
    assert [each["effects"] for each in YamlFile("", mended).content["expect"]] == [["clear"]] * RULES
    assert mended.count(b"# a comment stays") == RULES
    assert time.monotonic() - began < 15
