"""A diff says what widens, and lets nothing widen unsaid: one kind of change a row, and a proof of each direction."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from hub.cli.main import app
from hub.steward.compare_decisions import Outcome
from policies.implication import implies, resolve
from policies.language import load_files
from policies.model import PolicySet
from policies.obligations import OBLIGATIONS
from policies.review.changes import Diff, Kind
from policies.review.diff import diff
from policies.rules import Subject
from schema import SPINE
from schema.predicate import Grammar, negation_normal, parse

pytestmark = pytest.mark.unit
DAY = dt.date(2026, 6, 30)
OWN = "{region: {startsWith: $subject.jurisdiction}}"
RENTED = "{region: {startsWith: $subject.jurisdiction}, dwellings: {some: {usage: {eq: RENTED}}}}"
MINE = "{region: {startsWith: $subject.jurisdiction}, reports: {some: {number: {eq: $case}}}}"


def policy(**given: str) -> PolicySet:
    return load_files({"policy.yaml": text_of(**given).encode()}, SPINE)


def text_of(
    fields: str = "Person.name: clear",
    rows: str = OWN,
    app: str = "jurisdiction: 14/03/",
    extra: str = "",
    purpose: str = "",
    more: str = "",
    department: str = "fire",
) -> str:
    return f"""
purposes:
  - {{id: a, zh: 甲, en: A{purpose}}}
  - {{id: b, zh: 乙, en: B}}
applications:
  - {{id: app, zh: 应用, en: App, department: {department}, {app}}}
grants:
  - id: one
    to: {{application: [app]}}
    for: [a]
    basis: law
    rows: {{Person: {rows}}}
    fields: {{{fields}}}
{extra}
{more}
"""


def compare(before: dict[str, str], after: dict[str, str]) -> Diff:
    return diff(SPINE, policy(**before), policy(**after), DAY)


def told(found: Diff) -> set[tuple[str, str, str]]:
    return {(change.purpose, change.thing, change.kind.value) for change in found.changes}


PARTIAL = 'Person.phone: {mask: "partial(%s)"}'
FIXED = "{region: {startsWith: 14/03/}}"
STAFF = "jurisdiction: 14/03/, staff: {s-1: %s}"
DEVELOPERS = "jurisdiction: 14/03/, developers: [%s]"
ACTS_FOR = "jurisdiction: 14/03/%s}\n  - {id: other, zh: 他, en: Other, department: fire, jurisdiction: 14/03/"
MATCH = "    match: [Person.idNumber]\n    obligations: {dailyCap: 9}"
CAPPED = "    obligations: {dailyCap: 9}"
NOBODY: dict[str, str] = {}
CASES: list[tuple[str, dict[str, str], dict[str, str], set[tuple[str, str, str]]]] = [
    ("the same", NOBODY, NOBODY, set()),
    ("a field more", NOBODY, {"fields": "Person.name: clear, Person.gender: clear"}, {("a", "Person.gender", "new")}),
    ("a field less", {"fields": "Person.name: clear, Person.gender: clear"}, NOBODY, {("a", "Person.gender", "gone")}),
    ("clear to masked", NOBODY, {"fields": "Person.name: {mask: surname}"}, {("a", "Person.name", "narrowed")}),
    ("masked to clear", {"fields": "Person.name: {mask: surname}"}, NOBODY, {("a", "Person.name", "widened")}),
    ("a longer mask", {"fields": PARTIAL % "3,4"}, {"fields": PARTIAL % "0,4"}, {("a", "Person.phone", "narrowed")}),
    ("a shorter mask", {"fields": PARTIAL % "0,4"}, {"fields": PARTIAL % "3,4"}, {("a", "Person.phone", "widened")}),
    ("fewer rows", NOBODY, {"rows": RENTED}, {("a", "Person.name", "narrowed")}),
    ("more rows", {"rows": RENTED}, NOBODY, {("a", "Person.name", "widened")}),
    ("other rows", {"rows": RENTED}, {"rows": "{birthDate: {lte: $today - 60y}}"},
     {("a", "Person.name", "changed rows")}),
    ("older people", {"rows": "{birthDate: {lte: $today - 60y}}"}, {"rows": "{birthDate: {lte: $today - 65y}}"},
     {("a", "Person.name", "narrowed")}),
    ("younger people", {"rows": "{birthDate: {lte: $today - 65y}}"}, {"rows": "{birthDate: {lte: $today - 60y}}"},
     {("a", "Person.name", "widened")}),
    ("a wider place", NOBODY, {"app": "jurisdiction: 14/"},
     {("a", "Person.name", "widened"), ("*", "jurisdiction", "widened")}),
    ("a narrower place", NOBODY, {"app": "jurisdiction: 14/03/21/"},
     {("a", "Person.name", "narrowed"), ("*", "jurisdiction", "narrowed")}),
    ("another place, which no grant asks for", {"rows": FIXED}, {"rows": FIXED, "app": "jurisdiction: 14/04/"},
     {("*", "jurisdiction", "changed rows")}),
    ("another place of staff", {"rows": FIXED, "app": STAFF % "14/03/21/"}, {"rows": FIXED, "app": STAFF % "14/03/"},
     {("*", "staff jurisdiction", "widened")}),
    ("the place written out", NOBODY, {"rows": FIXED}, set()),
    ("written out, wider than staff", {"app": STAFF % "14/03/21/"}, {"app": STAFF % "14/03/21/", "rows": FIXED},
     {("a", "Person.name", "widened")}),
    ("staff listed", NOBODY, {"app": STAFF % "14/03/"}, {("*", "staff", "narrowed")}),
    ("staff no longer listed", {"app": STAFF % "14/03/"}, NOBODY, {("*", "staff", "widened")}),
    ("staff joined", {"app": STAFF % "14/03/"}, {"app": "jurisdiction: 14/03/, staff: {s-1: 14/03/, s-2: 14/03/}"},
     {("*", "staff", "new")}),
    ("leave to act for another", {"app": ACTS_FOR % ""}, {"app": ACTS_FOR % ", actsFor: [other]"},
     {("*", "actsFor", "new")}),
    ("no leave any more", {"app": ACTS_FOR % ", actsFor: [other]"}, {"app": ACTS_FOR % ""},
     {("*", "actsFor", "gone")}),
    ("a developer more", NOBODY, {"app": DEVELOPERS % "s-1"}, {("*", "developers", "new")}),
    ("a developer less", {"app": DEVELOPERS % "s-1, s-2"}, {"app": DEVELOPERS % "s-1"}, {("*", "developers", "gone")}),
    ("another developer", {"app": DEVELOPERS % "s-1"}, {"app": DEVELOPERS % "s-2"},
     {("*", "developers", "new"), ("*", "developers", "gone")}),
    ("a match more", {"extra": CAPPED}, {"extra": MATCH}, {("a", "Person.idNumber", "new")}),
    ("a match less", {"extra": MATCH}, {"extra": CAPPED}, {("a", "Person.idNumber", "gone")}),
    ("a cap more", NOBODY, {"extra": "    obligations: {nodeCap: 5}"}, {("a", "obligation nodeCap", "narrowed")}),
    ("a cap higher", {"extra": "    obligations: {nodeCap: 5}"}, {"extra": "    obligations: {nodeCap: 6}"},
     {("a", "obligation nodeCap", "widened")}),
    ("a cap less", {"extra": "    obligations: {nodeCap: 5}"}, NOBODY, {("a", "obligation nodeCap", "widened")}),
    ("a case less", {"extra": "    obligations: {case: required}"}, NOBODY,
     {("a", "obligation case", "widened"), ("a", "Person.name", "widened")}),
    ("another role's case", {"rows": MINE}, {"rows": MINE, "app": "jurisdiction: 14/03/, role: desk"}, set()),
    ("another department's case", {"rows": MINE}, {"rows": MINE, "department": "police"},
     {("a", "Person.name", "changed rows")}),
    ("a purpose more", NOBODY, {"extra": "  - {id: two, to: {application: [app]}, for: [b], basis: l, "
                                         f"rows: {{Person: {OWN}}}, fields: {{Person.name: clear}}}}"},
     {("b", "Person.name", "new")}),
    ("prohibited", NOBODY, {"more": "prohibitions: [{id: never, prohibit: [Person.name], for: [a], basis: l}]"},
     {("a", "Person.name", "gone"), ("a", "prohibition of Person.name", "narrowed")}),
    ("starts next month", {"extra": "    valid: {to: 2026-06-30}"}, {"extra": "    valid: {to: 2026-07-31}"},
     {("a", "Person.name", "new")}),
    ("ends sooner", NOBODY, {"extra": "    valid: {to: 2026-07-31}"}, {("a", "Person.name", "gone")}),
    ("the purpose ends", NOBODY, {"purpose": ", expires: 2026-12-31"}, {("a", "Person.name", "gone")}),
    ("aggregates of fewer", {"fields": "Person.gender: aggregate", "extra": "    contributors: 20"},
     {"fields": "Person.gender: aggregate", "extra": "    contributors: 10"},
     {("a", "Person contributors", "widened")}),
    ("coarser counts", {"fields": "Person.gender: aggregate", "extra": "    rounding: 5"},
     {"fields": "Person.gender: aggregate", "extra": "    rounding: 10"}, {("a", "Person rounding", "narrowed")}),
    ("counts not comparable", {"fields": "Person.gender: aggregate", "extra": "    rounding: 10"},
     {"fields": "Person.gender: aggregate", "extra": "    rounding: 15"}, {("a", "Person rounding", "changed rows")}),
    ("aggregate to clear", {"fields": "Person.gender: aggregate"}, {"fields": "Person.gender: clear"},
     {("a", "Person.gender", "widened")}),
]  # fmt: skip


@pytest.mark.parametrize(("before", "after", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_one_change_is_told_as_what_it_is(
    before: dict[str, str], after: dict[str, str], expected: set[tuple[str, str, str]]
) -> None:
    found = compare(before, after)
    assert told(found) == expected
    assert found.widens == any(kind in {"new", "widened", "changed rows"} for _, _, kind in expected)
    assert sum(found.counts().values()) == len(found.changes)


@pytest.mark.parametrize(("before", "after"), [case[1:3] for case in CASES], ids=[case[0] for case in CASES])
def test_what_widens_one_way_does_not_widen_only_the_other_way(before: dict[str, str], after: dict[str, str]) -> None:
    opposite = {"new": "gone", "gone": "new", "widened": "narrowed", "narrowed": "widened"}
    there, back = (told(compare(*pair)) for pair in ((before, after), (after, before)))
    assert back == {(purpose, thing, opposite.get(kind, kind)) for purpose, thing, kind in there}


STOP = "prohibitions: [{id: never, prohibit: [Person.reports], for: [a], basis: l}]"


def test_case_1_02_a_prohibition_that_goes_is_a_widening_though_no_grant_gives_the_field_yet() -> None:
    found = compare({"more": STOP}, NOBODY)
    assert found.widens
    assert told(found) == {("a", f"prohibition of {end}", "widened") for end in ("Person.reports", "Event.reporter")}
    new = compare(NOBODY, {"more": STOP})
    assert not new.widens
    assert told(new) == {("a", f"prohibition of {end}", "narrowed") for end in ("Person.reports", "Event.reporter")}


def test_a_change_says_until_when_it_holds() -> None:
    ends = {"extra": "    valid: {to: 2026-12-31}"}
    more = {"fields": "Person.name: clear, Person.phone: clear", **ends}
    (given,) = (each for each in compare({}, more).changes if each.thing == "Person.phone")
    assert (given.since, given.until) == (DAY, dt.date(2026, 12, 31))
    (shorter,) = compare({}, ends).changes
    assert (shorter.since, shorter.until) == (dt.date(2027, 1, 1), None)


def test_case_1_02_rows_that_are_the_same_today_and_wider_later_are_a_widening() -> None:
    today, moving = "{birthDate: {lte: 1966-06-30}}", "{birthDate: {lte: $today - 60y}}"
    assert told(compare({"rows": today}, {"rows": moving})) == {("a", "Person.name", "widened")}
    assert told(compare({"rows": moving}, {"rows": today})) == {("a", "Person.name", "narrowed")}
    ends = {"extra": "    valid: {to: 2026-12-31}"}
    assert told(compare({"rows": today, **ends}, {"rows": moving, **ends})) == {("a", "Person.name", "widened")}


CAP = "    obligations: {dailyCap: %s}"
SPLIT = (
    "    obligations: {dailyCap: 5}\n"
    "  - {id: two, to: {application: [app]}, for: [b], basis: l, obligations: {dailyCap: 5}, "
    f"rows: {{Person: {OWN}}}, fields: {{Person.name: clear}}}}"
)
CAPS = [
    ("5", "6", "widened"),
    ("6", "5", "narrowed"),
    ("5", "{limit: 5, per: person}", "widened"),
    ("{limit: 5, per: person}", "5", "narrowed"),
    ("{limit: 5, per: person}", "{limit: 9, per: person}", "widened"),
]


@pytest.mark.parametrize(("old", "new", "kind"), CAPS)
def test_case_1_02_a_daily_cap_that_allows_more_is_a_widening(old: str, new: str, kind: str) -> None:
    found = compare({"extra": CAP % old}, {"extra": CAP % new})
    assert told(found) == {("a", "obligation dailyCap", kind)}


def test_case_1_02_a_cap_that_is_counted_apart_for_each_purpose_is_a_widening() -> None:
    both = text_of(extra=CAP % "5").replace("for: [a]", "for: [a, b]")
    one = load_files({"policy.yaml": both.encode()}, SPINE)
    found = diff(SPINE, one, policy(extra=SPLIT), DAY)
    assert told(found) == {(purpose, "obligation dailyCap", "widened") for purpose in "ab"}


def test_case_1_02_events_that_become_visible_open_what_their_cases_open() -> None:
    """A case holds only for an event that is seen without it: more events, more cases."""
    events = "  - {id: seen, to: {application: [app]}, for: [a], basis: l, rows: {Event: %s}, "
    events += "fields: {Event.number: clear}}"
    case = {"rows": MINE}
    fewer, more = ({**case, "extra": events % rows} for rows in ("{kind: {eq: NOISE}}", "{}"))
    assert ("a", "Person.name", "widened") in told(compare(fewer, more))
    assert ("a", "Person.name", "narrowed") in told(compare(more, fewer))


def test_a_rule_until_the_end_of_time_can_be_compared() -> None:
    assert compare({"extra": "    valid: {to: 9999-12-31}"}, NOBODY).changes == ()


def test_an_application_registered_or_struck_off_is_told_field_by_field() -> None:
    both = policy(more="").version
    more = "  - {id: desk, zh: 台, en: Desk, department: fire, jurisdiction: 14/}\ngrants:"
    text = "purposes: [{id: a, zh: 甲, en: A}]\napplications:\n"
    text += "  - {id: app, zh: 应, en: App, department: fire, jurisdiction: 14/}\ngrants:\n"
    text += f"  - {{id: one, to: {{department: [fire]}}, for: [a], basis: l, rows: {{Person: {OWN}}}, "
    text += "fields: {Person.name: clear}}\n"
    one = load_files({"p.yaml": text.encode()}, SPINE)
    two = load_files({"p.yaml": text.replace("grants:", more, 1).encode()}, SPINE)
    assert both not in {one.version, two.version}
    for before, after, kind in ((one, two, Kind.NEW), (two, one, Kind.GONE)):
        found = diff(SPINE, before, after, DAY)
        assert [(each.application, each.thing, each.kind) for each in found.changes] == [("desk", "Person.name", kind)]


def test_a_later_change_says_from_which_day() -> None:
    found = compare({}, {"extra": "    valid: {to: 2026-07-31}"})
    assert [(each.kind, each.since) for each in found.changes] == [(Kind.GONE, dt.date(2026, 8, 1))]
    assert found.notes == ("grant one valid: … to … → … to 2026-07-31",)


def test_whose_place_changes_is_counted_and_department_role_and_level_are_noted() -> None:
    found = compare({"app": STAFF % "14/03/21/"}, {"app": STAFF % "14/03/22/" + ", role: desk", "department": "police"})
    (change,) = [each for each in found.changes if each.thing == "staff jurisdiction"]
    assert [each.effect for each in (*change.before, *change.after)] == [
        "1 answer for 14/03/21/",
        "1 answer for 14/03/22/",
    ]
    assert found.notes == ("application app department: fire → police", "application app role: none → desk")
    assert "s-1" not in repr(found)


def test_another_limit_is_noted_and_is_no_change_of_what_may_be_seen() -> None:
    found = compare({}, {"app": "jurisdiction: 14/03/, limits: {person: {rate: 50, burst: 500}}"})
    assert found.changes == ()
    assert found.notes == ("application app limits.person: as the hub sets it → 50 a second, 500 at once",)


def test_staff_are_counted_and_not_named() -> None:
    found = compare({"app": STAFF % "14/03/"}, {"app": "jurisdiction: 14/03/, staff: {s-1: 14/03/, s-2: 14/03/}"})
    assert "s-2" not in repr(found) and "1 more" in repr(found)


SUBJECT = Subject("app", "fire", "desk", "county", "14/03/21/", "x")
PROOFS: list[tuple[str, Any, Any, bool]] = [
    ("itself", {"gender": {"eq": "MALE"}}, {"gender": {"eq": "MALE"}}, True),
    ("a longer prefix", {"region": {"startsWith": "14/03/"}}, {"region": {"startsWith": "14/"}}, True),
    ("a shorter prefix", {"region": {"startsWith": "14/"}}, {"region": {"startsWith": "14/03/"}}, False),
    ("grid 11 and 112", {"region": {"startsWith": "14/112/"}}, {"region": {"startsWith": "14/11/"}}, False),
    ("its own place", {"region": {"startsWith": "$subject.jurisdiction"}}, {"region": {"startsWith": "14/03/"}}, True),
    ("one of two", {"phone": {"eq": "1"}}, {"phone": {"in": ["1", "2"]}}, True),
    ("two of one", {"phone": {"in": ["1", "2"]}}, {"phone": {"eq": "1"}}, False),
    ("a value with a prefix", {"phone": {"in": ["12", "13"]}}, {"phone": {"startsWith": "1"}}, True),
    ("no value", {"phone": {"eq": "1"}}, {"phone": {"isNull": False}}, True),
    ("null is no value", {"phone": {"isNull": True}}, {"phone": {"isNull": False}}, False),
    ("not this, so not null", {"not": {"phone": {"eq": "1"}}}, {"phone": {"isNull": False}}, True),
    ("not two, so not one", {"not": {"phone": {"in": ["1", "2"]}}}, {"not": {"phone": {"eq": "1"}}}, True),
    ("not one, so not two", {"not": {"phone": {"eq": "1"}}}, {"not": {"phone": {"in": ["1", "2"]}}}, False),
    ("another value", {"phone": {"eq": "2"}}, {"not": {"phone": {"eq": "1"}}}, True),
    ("not a prefix, so not a longer", {"not": {"phone": {"startsWith": "1"}}}, {"not": {"phone": {"startsWith": "12"}}},
     True),
    ("older", {"birthDate": {"lt": "1950-01-01"}}, {"birthDate": {"lt": "1960-01-01"}}, True),
    ("the day itself", {"birthDate": {"lte": "1950-01-01"}}, {"birthDate": {"lt": "1950-01-01"}}, False),
    ("before the day", {"birthDate": {"lt": "1950-01-01"}}, {"birthDate": {"lte": "1950-01-01"}}, True),
    ("since the day", {"birthDate": {"gte": "1950-01-01"}}, {"birthDate": {"gt": "1950-01-01"}}, False),
    ("after the day", {"birthDate": {"gt": "1950-01-01"}}, {"birthDate": {"gte": "1950-01-01"}}, True),
    ("other direction", {"birthDate": {"lt": "1950-01-01"}}, {"birthDate": {"gt": "1940-01-01"}}, False),
    ("today", {"birthDate": {"lte": "$today - 60y"}}, {"birthDate": {"lte": "1966-06-30"}}, True),
    ("both", {"gender": {"eq": "MALE"}, "phone": {"eq": "1"}}, {"phone": {"eq": "1"}}, True),
    ("either", {"or": [{"phone": {"eq": "1"}}, {"phone": {"eq": "2"}}]}, {"phone": {"in": ["1", "2"]}}, True),
    ("one of either", {"phone": {"eq": "1"}}, {"or": [{"phone": {"eq": "1"}}, {"gender": {"eq": "MALE"}}]}, True),
    ("either is not both", {"or": [{"phone": {"eq": "1"}}, {"gender": {"eq": "MALE"}}]}, {"phone": {"eq": "1"}}, False),
    ("everybody", {"phone": {"eq": "1"}}, {}, True),
    ("some rented", {"dwellings": {"some": {"usage": {"eq": "RENTED"}}}}, {"dwellings": {"some": {}}}, True),
    ("none at all", {"dwellings": {"none": {}}}, {"dwellings": {"none": {"usage": {"eq": "RENTED"}}}}, True),
    ("none rented", {"dwellings": {"none": {"usage": {"eq": "RENTED"}}}}, {"dwellings": {"none": {}}}, False),
    ("another edge", {"dwellings": {"some": {}}}, {"reports": {"some": {}}}, False),
]  # fmt: skip


@pytest.mark.parametrize(("narrow", "wide", "expected"), [row[1:] for row in PROOFS], ids=[row[0] for row in PROOFS])
def test_a_condition_includes_another_only_where_it_must(narrow: Any, wide: Any, expected: bool) -> None:
    person = SPINE.entity("Person")
    one, other = (
        resolve(negation_normal(parse(Grammar(SPINE, placeholders=True), person, each)), SUBJECT, DAY)
        for each in (narrow, wide)
    )
    assert implies(one, other) is expected


# The command and its page.


@pytest.mark.parametrize(("before", "after", "code"), [("one", "two", 3), ("two", "one", 0), ("one", "one", 0)])
def test_the_command_ends_with_three_where_something_widens(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, before: str, after: str, code: int
) -> None:
    monkeypatch.setenv("SLUICEGATE_HOME", str(tmp_path / "home"))
    for name, fields in (("one", "Person.name: {mask: surname}"), ("two", "Person.name: clear")):
        written(tmp_path / name, fields)
    done = CliRunner().invoke(app, ["policy", "diff", str(tmp_path / before), str(tmp_path / after)])
    assert done.exit_code == code, done.output
    machine = CliRunner().invoke(app, ["policy", "diff", str(tmp_path / before), str(tmp_path / after), "--json"])
    told = json.loads(machine.stdout)
    assert (machine.exit_code, told["widens"]) == (code, code == 3)
    assert sum(told["counts"].values()) == len(told["changes"]) == (before != after)
    assert ("surname where region startsWith $subject.jurisdiction" in machine.stdout) == (before != after)


def test_a_policy_that_is_none_ends_with_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLUICEGATE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("SLUICEGATE_POLICIES", str(tmp_path / "one"))
    written(tmp_path / "one", "Person.name: clear")
    for name in ("nowhere", "7"):
        done = CliRunner().invoke(app, ["policy", "diff", "current", name])
        assert (done.exit_code, done.output.startswith("error: ")) == (1, True)


def test_names_are_shown_as_text_and_never_act_on_a_terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLUICEGATE_HOME", str(tmp_path / "home"))
    written(tmp_path / "one", "Person.name: clear")
    written(tmp_path / "two", "Person.name: clear", '{phone: {eq: "\\e[31m[red]x"}}')
    done = CliRunner().invoke(app, ["policy", "diff", str(tmp_path / "one"), str(tmp_path / "two")])
    assert done.exit_code == 3
    assert "\x1b" not in done.output and "[red]x" in done.output


def written(folder: Path, fields: str, rows: str = OWN) -> None:
    folder.mkdir()
    (folder / "policy.yaml").write_text(text_of(fields, rows), "utf-8")


def test_the_page_explains_every_word_that_the_commands_use() -> None:
    page = (Path(__file__).parents[4] / "docs" / "policy-changes.md").read_text("utf-8")
    for word in (*Kind, *Outcome, *OBLIGATIONS.keys() - {"case"}):
        assert f"`{word}`" in page or f"`over {word}`" in page, word
