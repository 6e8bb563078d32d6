"""Whatever people write, the rule of a request is one grant that says just that, in whatever file it is put."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policies.language import load_files
from policies.requests.model import LONGEST_LINE, is_sound
from policies.requests.rule_text import OWN_FILE, check_rule, files_for, rule_of
from policies.requests.sheet import wishes_of
from policies.versions import ChangeRefused
from schema import SPINE
from schema.strict_yaml import YamlFile, YamlFileError
from tests.support.project import ROOT
from tests.unit.policies.requests.test_requests import request_of

pytestmark = pytest.mark.property

FOLDER = ROOT / "examples" / "county" / "policies"
FILES = {path.name: path.read_bytes() for path in sorted(FOLDER.glob("*.yaml"))}
GRANTING = [name for name, content in FILES.items() if b"\ngrants:" in content and name != "expect.yaml"]
ASKED = request_of(application="grid-desk", purpose="welfare.elder")
SLY = st.sampled_from(
    ['"', "'", "\\", ": ", " #", "#", "\\n", "- id: x", "{", "}", "[", "&a", "*a", "!!x", "<<", "%", "@", "`", "|", ">"]
)
SEEN = st.characters(exclude_categories=("C", "Zl", "Zp", "Zs")) | st.sampled_from(" \u3000")
TEXTS = (
    st.lists(SLY | st.text(SEEN, max_size=5), min_size=1, max_size=12)
    .map(lambda parts: "".join(parts).strip())
    .filter(lambda text: is_sound(text, LONGEST_LINE))
)
KNOWN = {name: each for name, each in SPINE.coordinates() if name.startswith(("Person.", "Event.", "Dwelling."))}
WISHES = st.dictionaries(st.sampled_from(sorted(KNOWN)), st.integers(0, 9), min_size=1, max_size=8).map(
    lambda chosen: {name: wishes_of(KNOWN[name])[at % len(wishes_of(KNOWN[name]))] for name, at in chosen.items()}
)


@given(basis=TEXTS, rows=TEXTS, reason=TEXTS, fields=WISHES)
def test_a_rule_says_what_was_asked_and_nothing_else(
    basis: str, rows: str, reason: str, fields: dict[str, str]
) -> None:
    asked = replace(ASKED, basis=basis, rows=rows, reason=reason, fields=fields)
    text = rule_of(asked, SPINE)
    check_rule(asked, text)
    content = YamlFile("rule", text.encode()).content
    assert content["grants"][0]["basis"] == basis
    assert set(content["grants"][0]["rows"]) == set(asked.types)
    assert {*content["grants"][0].get("fields", ()), *content["grants"][0].get("match", ())} == set(fields)


@settings(max_examples=20)
@given(basis=TEXTS, fields=WISHES)
def test_a_rule_loads_as_it_is_made(basis: str, fields: dict[str, str]) -> None:
    asked = replace(ASKED, basis=basis, fields=fields)
    policy = load_files({**FILES, OWN_FILE: rule_of(asked, SPINE).encode()}, SPINE)
    grant = next(each for each in policy.grants if each.id == asked.grant)
    assert grant.basis == basis
    assert grant.valid.end == asked.until
    assert grant.to.application == frozenset({"grid-desk"})
    assert {*grant.fields, *grant.match} == set(fields)


@settings(max_examples=20)
@given(basis=TEXTS, name=st.sampled_from(GRANTING))
def test_a_file_keeps_all_that_was_in_it(basis: str, name: str) -> None:
    asked = replace(ASKED, basis=basis)
    added = files_for({name: FILES[name]}, rule_of(asked, SPINE), asked)
    assert set(added) == {OWN_FILE, name}
    before, after = (YamlFile(name, each).content for each in (FILES[name], added[name]))
    assert after.pop("grants")[:-1] == before.pop("grants")
    assert after == before
    assert added[name].startswith(FILES[name].rstrip())


def test_rules_come_one_after_another_into_one_file() -> None:
    files = dict(FILES)
    for at in range(3):
        asked = replace(ASKED, id=f"{at:012x}")
        files[OWN_FILE] = files_for(files, rule_of(asked, SPINE), asked)[OWN_FILE]
    policy = load_files(files, SPINE)
    assert [each.id for each in policy.grants if each.id.startswith("ask-")] == [f"ask-{at:012x}" for at in range(3)]


def test_a_file_in_another_layout_takes_it_too_or_is_not_offered() -> None:
    text = rule_of(ASKED, SPINE)
    grant = text.partition("grants:\n")[2]
    flat = ("grants:\n" + grant.replace("\n  ", "\n")[2:]).replace(ASKED.grant, "other").encode()
    ends_otherwise = (text.replace(ASKED.grant, "other") + "expect: []\n").encode()
    added = files_for({"flat.yaml": flat, "otherwise.yaml": ends_otherwise, OWN_FILE: ends_otherwise}, text, ASKED)
    assert "otherwise.yaml" not in added
    assert added[f"requests-{ASKED.id}.yaml"] == text.encode(), "the own file cannot take it"
    assert len(YamlFile("flat.yaml", added["flat.yaml"]).content["grants"]) == 2


RULE = rule_of(ASKED, SPINE)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "grants: []\n",
        "grants:\n",
        RULE + RULE.partition("\n")[2],
        RULE + "stewards:\n  - {account: x, person: X}\n",
        RULE + "---\n" + RULE,
        RULE.replace(ASKED.grant, "another"),
        RULE.replace("grid-desk", "fire-inspection"),
        RULE.replace("{application: [", "{department: [fire], application: ["),
        RULE.replace("welfare.elder", "safety"),
        RULE.replace("- id", "- &a id"),
        RULE + "\u2028",
        RULE + "#" * 20_000,
        "- id: x\n",
    ],
)
def test_a_text_that_is_not_this_rule_is_refused(text: str) -> None:
    with pytest.raises((ChangeRefused, YamlFileError)):
        check_rule(ASKED, text)


def test_a_rule_may_be_narrowed() -> None:
    check_rule(ASKED, RULE.replace("Person.phone: clear", 'Person.phone: {mask: "partial(3,4)"}'))
    check_rule(ASKED, "# why\n" + RULE.replace("grants:", "grants: # one"))


def test_a_type_of_which_nobody_knows_a_region_needs_rows_from_the_steward() -> None:
    asked = replace(ASKED, fields={"Gone.field": "clear"})
    assert "Gone: {}" in rule_of(asked, SPINE)
    with pytest.raises(YamlFileError):
        load_files({**FILES, OWN_FILE: rule_of(asked, SPINE).encode()}, SPINE)


def test_the_last_day_is_the_one_that_was_asked_for() -> None:
    day = dt.date(2027, 1, 31)
    assert YamlFile("r", rule_of(replace(ASKED, until=day), SPINE).encode()).content["grants"][0]["valid"] == {
        "to": day
    }
