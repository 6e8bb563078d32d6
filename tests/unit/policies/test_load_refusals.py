"""A policy folder is read whole and says what it means, or it does not load: empty, unread and half-written parts."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from hub.cli.main import app
from policies.language import load, load_files
from policies.model import PolicySet
from schema import SPINE
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
    rows:
      Person: {gender: {eq: MALE}}
      Event: {kind: {eq: NOISE}}
    fields: {Person.name: clear, Event.kind: clear}
"""
STOP = b"prohibitions: [{id: stop, prohibit: [Person.name], for: [a], basis: law}]\n"


def one_file(text: str) -> PolicySet:
    return load_files({"p.yaml": text.encode()}, SPINE)


def _link_to_nothing(path: Path) -> None:
    path.symlink_to(path.parent / "nowhere.yaml")


def _folder(path: Path) -> None:
    path.mkdir()
    (path / "stop.yaml").write_bytes(STOP)


ENTRIES: dict[str, Callable[[Path], object]] = {
    "prohibitions.yml": lambda path: path.write_bytes(STOP),
    "prohibitions.YAML": lambda path: path.write_bytes(STOP),
    "prohibitions.Yml": lambda path: path.write_bytes(STOP),
    "prohibitions.yaml.bak": lambda path: path.write_bytes(STOP),
    "prohibitions.yaml~": lambda path: path.write_bytes(STOP),
    "prohibitions.yaml ": lambda path: path.write_bytes(STOP),
    "prohibitions.json": lambda path: path.write_bytes(STOP),
    "prohibitions": lambda path: path.write_bytes(STOP),
    "._prohibitions.yaml": lambda path: path.write_bytes(STOP),
    ".prohibitions.yaml": lambda path: path.write_bytes(STOP),
    "more": _folder,
    "more.yaml": _folder,
    ".git": _folder,
    "gone.yaml": _link_to_nothing,
}


@pytest.mark.parametrize("name", ENTRIES)
def test_case_1_01_whatever_lies_in_a_policy_folder_is_read_or_refuses_it_by_name(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "p"
    policy(folder, GOOD)
    ENTRIES[name](folder / name)
    with pytest.raises(YamlFileError, match=rf"^{re.escape(name)}: "):
        load(folder, SPINE)
    done = CliRunner().invoke(app, ["policy", "check", str(folder)])
    assert (done.exit_code, done.stdout) == (1, "")
    assert f"error: {name}: " in done.stderr


def test_case_1_01_all_that_is_not_read_is_told_at_once_and_a_link_to_a_file_is_read(tmp_path: Path) -> None:
    folder = tmp_path / "p"
    policy(folder, GOOD)
    (tmp_path / "kept").write_bytes(STOP)
    (folder / "linked.yaml").symlink_to(tmp_path / "kept")
    assert [each.id for each in load(folder, SPINE).prohibitions] == ["stop"]
    (folder / "b.yml").touch()
    (folder / "\x07.yaml").touch()
    with pytest.raises(YamlFileError, match=r"'\\x07\.yaml': its name(?s:.)*\nb\.yml: is not read"):
        load(folder, SPINE)


EMPTY = {
    "a comparison": ("{eq: MALE}", "{}", "p.yaml:10: gender: empty"),
    "a comparison without a value": ("{eq: MALE}", "", "p.yaml:10"),
    "a negation": ("{gender: {eq: MALE}}", "{not: {}}", "p.yaml:10: not: empty"),
    "a negation of a negation": ("{gender: {eq: MALE}}", "{not: {not: {}}}", "not.not: empty"),
    "all of nothing": ("{gender: {eq: MALE}}", "{and: []}", "and: empty"),
    "one of nothing": ("{gender: {eq: MALE}}", "{or: []}", "or: empty"),
    "an alternative": ("{gender: {eq: MALE}}", "{or: [{gender: {eq: MALE}}, {}]}", "or.1: empty"),
    "an edge": ("{gender: {eq: MALE}}", "{dwellings: {}}", "dwellings: empty"),
    "behind an edge": ("{gender: {eq: MALE}}", "{dwellings: {some: {usage: {}}}}", "dwellings.some.usage: empty"),
    "a list of values": ("{eq: MALE}", "{in: []}", "gender.in: empty"),
    "rows of a type": ("Person: {gender: {eq: MALE}}", "Person:", "p.yaml:10: where: expected a condition"),
    "rows": ("rows:\n      Person: {gender: {eq: MALE}}\n      Event: {kind: {eq: NOISE}}", "rows: {}", "0.rows: "),
    "purposes": ("for: [a]", "for: []", "p.yaml:7: grants.0.for: nothing stands here"),
    "purposes left out": ("for: [a]", "for:", "p.yaml:7: grants.0.for: nothing stands here"),
    "whom": ("{application: [app]}", "{}", "names nobody"),
    "an attribute": ("{application: [app]}", "{application: [app], role: []}", "grants.0.to.role: nothing"),
    "an attribute left out": ("{application: [app]}", "{application: [app], role: }", "grants.0.to.role: nothing"),
    "no application": ("{application: [app]}", "{application: []}", "grants.0.to.application: nothing"),
    "fields": ("fields: {Person.name: clear, Event.kind: clear}", "fields: {}", "grants.0.fields: nothing"),
    "a field": ("Person.name: clear", "Person.name: {}", "grants.0.fields.Person.name: nothing"),
    "a match": ("basis: law", "basis: law\n    match: []", "grants.0.match: nothing"),
    "obligations": ("basis: law", "basis: law\n    obligations: {}", "grants.0.obligations: nothing"),
    "an obligation": ("basis: law", "basis: law\n    obligations: {case: }", "grants.0.obligations.case: nothing"),
    "validity": ("basis: law", "basis: law\n    valid: {}", "grants.0.valid: nothing"),
    "an end left out": ("basis: law", "basis: law\n    valid: {to: }", "grants.0.valid.to: nothing"),
    "an end that is null": ("basis: law", "basis: law\n    valid: {to: null}", "grants.0.valid.to: nothing"),
    "staff": ("jurisdiction: 14/}", "jurisdiction: 14/, staff: {}}", "applications.0.staff: nothing"),
    "developers": ("jurisdiction: 14/}", "jurisdiction: 14/, developers: []}", "applications.0.developers: nothing"),
    "whom it acts for": ("jurisdiction: 14/}", "jurisdiction: 14/, actsFor: []}", "applications.0.actsFor: nothing"),
    "an expiry left out": ("en: A}", "en: A, expires: }", "purposes.0.expires: nothing"),
    "a prohibition": ("grants:", "prohibitions: [{id: s, prohibit: [], for: [a], basis: x}]\ngrants:", "0.prohibit: "),
    "its purposes": ("grants:", "prohibitions: [{id: s, prohibit: [Person], for: [], basis: law}]\ngrants:", "0.for: "),
    "a section": ("grants:", "prohibitions: []\ngrants:", "prohibitions: nothing"),
    "a section left out": ("grants:", "prohibitions:\ngrants:", "prohibitions: nothing"),
    "owners": ("grants:", "owners: {}\ngrants:", "owners: nothing"),
}  # fmt: skip


@pytest.mark.parametrize(("old", "new", "hint"), EMPTY.values(), ids=EMPTY.keys())
def test_case_1_15_what_says_nothing_refuses_the_load_by_name(old: str, new: str, hint: str) -> None:
    assert old in GOOD
    with pytest.raises(YamlFileError, match=re.escape(hint)):
        one_file(GOOD.replace(old, new, 1))


@pytest.mark.parametrize("content", [b"", b"# taken out\n", b"{}"])
def test_case_1_15_a_file_that_says_nothing_refuses_the_load(content: bytes) -> None:
    with pytest.raises(YamlFileError, match=r"^stop\.yaml:1: says nothing"):
        load_files({"good.yaml": GOOD.encode(), "stop.yaml": content}, SPINE)


NEGATED = {
    "none": "Person: {reports: {none: {number: {eq: $case}}}}",
    "some under none": "Person: {dwellings: {none: {residents: {some: {reports: {some: {number: {eq: $case}}}}}}}}",
    "not": "Person: {not: {reports: {some: {number: {eq: $case}}}}}",
    "every: none that is not": "Person: {reports: {none: {not: {number: {eq: $case}}}}}",
    "twice": "Person: {not: {not: {reports: {some: {number: {eq: $case}}}}}}",
    "one of several": "Person: {reports: {none: {or: [{kind: {eq: NOISE}}, {number: {eq: $case}}]}}}",
    "beside": "Person: {reports: {some: {kind: {eq: NOISE}}, none: {number: {eq: $case}}}}",
}


@pytest.mark.parametrize("rows", NEGATED.values(), ids=NEGATED.keys())
def test_case_1_04_a_case_under_a_negation_refuses_the_load(rows: str) -> None:
    with pytest.raises(YamlFileError, match=r"p\.yaml:10: .*\$case cannot stand under `(not|none)`"):
        one_file(GOOD.replace("Person: {gender: {eq: MALE}}", rows))


def test_case_1_04_a_grant_that_names_a_case_needs_one_for_all_of_its_rows(tmp_path: Path) -> None:
    (grant,) = policy(tmp_path, GOOD.replace("{kind: {eq: NOISE}}", "{number: {eq: $case}}")).grants
    assert "case" in grant.obligations
    assert grant.rows["Event"] == All((IsCase(), CaseHolds()))
    person = grant.rows["Person"]
    assert isinstance(person, All) and CaseHolds() in person.parts


def test_case_3_19_several_errors_are_told_at_once_with_the_lines_as_they_should_be() -> None:
    text = GOOD.replace(
        "Person.name: clear, Event.kind: clear", "Person.name: surname, Person.phone: {mask: partial(3,4)}"
    )
    with pytest.raises(YamlFileError) as shape:
        one_file(text.replace("basis: law", "basis: 5"))
    assert [line.partition(": ")[0] for line in str(shape.value).splitlines()] == ["p.yaml:8", "p.yaml:12", "p.yaml:12"]
    assert '`Person.name: {mask: "surname"}`' in str(shape.value)
    assert '`Person.phone: {mask: "partial(3,4)"}`' in str(shape.value)

    names = (
        GOOD + "  - {id: two, to: {role: [x]}, for: [b], basis: law, rows: {Persn: {}}, fields: {Person.nme: clear}}\n"
    )
    with pytest.raises(YamlFileError) as found:
        one_file(names.replace("Event.kind: clear", "Event.knd: clear"))
    assert [line.partition(": ")[0] for line in str(found.value).splitlines()] == ["p.yaml:12", "p.yaml:13"]

    with pytest.raises(YamlFileError, match=r"a\.yaml:2: (?s:.)*\nb\.yaml:1: "):
        load_files({"a.yaml": b"x:\n\t- 1\n", "b.yaml": "grants：[]".encode()}, SPINE)


ANOTHER_FORM = {
    "a list": ("for: [a]", "for: a", "grants.0.for: a list is wanted here, with brackets: [a]"),
    "a list of two": ("for: [a]", "for: a, b", "with brackets: [a, b]"),
    "a list of what is no word": ("for: [a]", "for: 5", "with brackets and commas, such as [first, second]"),
    "whom": ("{application: [app]}", "{application: app}", "with brackets: [app]"),
    "a section": ("grants:", "prohibitions: {id: x}\ngrants:", "prohibitions: a list is wanted here; begin each"),
    "values": ("{eq: MALE}", "{in: MALE}", "gender.in: expected a list of at most 200 values, such as in: [A, B]"),
    "alternatives": ("{gender: {eq: MALE}}", "{or: {gender: {eq: MALE}}}", "conditions, such as or: [{…: …}, {…: …}]"),
    "a key in large letters": (
        "id: one",
        "ID: one",
        "p.yaml:5: grants.0.ID: unknown key; write it in these letters: id",
    ),
    "a key that may be left out": (
        "basis: law",
        "basis: law\n    Valid: {}",
        "unknown key; write it in these letters: valid",
    ),
    "a key in small letters": (
        "en: A}",
        "en: A, delayeddays: 5}",
        "unknown key; write it in these letters: delayedDays",
    ),
    "a section in large letters": (
        "grants:",
        "Grants:",
        "p.yaml:4: Grants: unknown key; write it in these letters: grants",
    ),
    "a key deeper down": ("{application: [app]}", "{Application: [app]}", "0.to.Application: unknown key; write it in"),
    "a mistyped key": ("basis:", "bassis:", "have it; the nearest is basis, which is missing here"),
    "a mistyped key that may be left out": ("en: A}", "en: A, expiry: 2027-01-01}", "have it; the nearest is expires"),
    "a key that nothing is like": ("basis: law", "basis: law\n    colour: red", "the policy language does not have it"),
    "a key that little is like": ("en: A}", "en: A, parent: b}", "0.parent: unknown key; the policy language does not"),
    "a key beside the one it is like": (
        "id: one",
        "id: one\n    ID: two",
        "0.ID: unknown key; the policy language does not",
    ),
    "a block": ("{application: [app]}", "app", "grants.0.to: write a block of keys"),
    "one text": ("basis: law", "basis: [law]", "basis: expected one text, not a list or a block"),
    "true": ("basis: law", "basis: law\n    accesses: 'true'", "accesses: write true or false, without quotes"),
    "a number": ("basis: law", "basis: law\n    contributors: '5'", "write a whole number, without quotes"),
    "nothing": ("basis: law", "", "grants.0.basis: this key is missing; add it"),
    "one of several": (
        "grants:",
        "stewards: [{account: li, person: S-1, roles: [Steward]}]\ngrants:",
        "write one of 'steward', 'approver', 'auditor', 'operator' or 'developer'",
    ),
    "no name": ("department: fire", "department: fire, role: Big", "applications.0.role: write small letters"),
    "an unseen sign": ("department: fire", "department: 'fi\u200bre'", "the sign U+200B is invisible; write small"),
    "a code": ("14/}", "'140321001000'}", "such as 14/03/21/001/; this is 14/03/21/001/"),
    "a code without quotes": ("14/}", "140321001000}", "put quotes around a path, and write it so: 14/03/21/001/"),
    "no last stroke": ("14/}", "14/03}", "; this is 14/03/"),
}


@pytest.mark.parametrize(("old", "new", "told"), ANOTHER_FORM.values(), ids=ANOTHER_FORM.keys())
def test_what_has_another_form_is_refused_once_with_the_form_to_write(old: str, new: str, told: str) -> None:
    assert old in GOOD
    with pytest.raises(YamlFileError) as refused:
        one_file(GOOD.replace(old, new, 1))
    assert told in str(refused.value)
    assert ("nearest" in told) == ("nearest" in str(refused.value))
    assert len(str(refused.value).splitlines()) == 1


@pytest.mark.parametrize("written", ["2026-6-5", "'2026-02-28'", "2026/02/28", "20260228", "2026-02-28T08:00:00+08:00"])
def test_case_3_18_a_day_in_another_form_is_refused_with_what_to_write(written: str) -> None:
    with pytest.raises(YamlFileError, match=r"^p\.yaml:2: purposes\.0\.expires: write a day such as 2026-02-28"):
        one_file(GOOD.replace("en: A}", f"en: A, expires: {written}}}"))


@pytest.mark.parametrize("bound", ["", "obligations: {nodeCap: 5}"])
def test_case_1_07_a_match_without_a_case_or_a_cap_refuses_the_load(bound: str) -> None:
    text = GOOD.replace("basis: law", f"basis: law\n    match: [Person.idNumber]\n    {bound}")
    with pytest.raises(YamlFileError, match=r"^p\.yaml:9: `match` without a bound .*matchDailyCap"):
        one_file(text)


@pytest.mark.parametrize(
    "bound", ["{case: required}", "{matchDailyCap: 5}", "{dailyCap: 5}", "{matchDailyCap: {limit: 5, per: person}}"]
)
def test_case_1_07_a_match_with_one_of_them_loads(bound: str) -> None:
    text = GOOD.replace("basis: law", f"basis: law\n    match: [Person.idNumber]\n    obligations: {bound}")
    assert one_file(text).grants[0].match == {"Person.idNumber"}


@pytest.mark.parametrize(
    "cap",
    ["{limit: 5}", "{per: person}", "{limit: 0, per: person}", "{limit: 5, per: desk}", "{limit: true, per: person}"],
)
def test_a_personal_cap_is_whole_or_refused(cap: str) -> None:
    with pytest.raises(YamlFileError, match="obligation dailyCap takes a whole number"):
        one_file(GOOD.replace("basis: law", f"basis: law\n    obligations: {{dailyCap: {cap}}}"))


@pytest.mark.parametrize(
    ("names", "told"),
    [
        ("[ap]", "'ap' is no other registered application; there are: desk, other"),
        ("[app]", "'app' is no other registered application"),
        ("[desk, other]", "'other' is of another department"),
    ],
)
def test_whom_an_application_acts_for_is_another_of_its_department(names: str, told: str) -> None:
    more = (
        "  - {id: desk, zh: 应用, en: App, department: fire, jurisdiction: 14/}\n"
        "  - {id: other, zh: 应用, en: App, department: grid, jurisdiction: 14/}\ngrants:"
    )
    entry = "applications:\n  - {id: app, zh: 应用, en: App, department: fire, jurisdiction: 14/, actsFor: %s}\n"
    text = re.sub(r"applications: .*\ngrants:", lambda _: entry + more, GOOD)
    assert one_file(text % "[desk]").may_act("app", "desk")
    assert not one_file(text % "[desk]").may_act("desk", "app")
    with pytest.raises(YamlFileError, match=re.escape(told)):
        one_file(text % names)
