"""Reuse: which collecting purposes a purpose may read, what refuses the load, and what counts as widening."""

from __future__ import annotations

import datetime as dt

import pytest

from policies.decide import decide
from policies.language import load_files
from policies.model import PolicySet
from policies.ownership import touched_types
from policies.review.changes import Kind
from policies.review.check import check, subject_of
from policies.review.diff import diff
from schema import SPINE
from schema.strict_yaml import YamlFileError

pytestmark = pytest.mark.unit

TODAY = dt.date(2026, 6, 30)
POLICY = """
purposes:
  - {id: pop, zh: 人, en: Population}
  - {id: pop.register, zh: 户, en: Register}
  - {id: care, zh: 帮, en: Care}
  - {id: care.visits, zh: 访, en: Visits}
  - {id: care.visits.food, zh: 餐, en: Meals}
  - {id: sec, zh: 治, en: Police work}
  - {id: sec.public, zh: 治, en: Public order}
applications: [{id: app, zh: 应用, en: App, department: fire, jurisdiction: 14/03/21/}]
owners: {Person: police, Dwelling: housing}
grants:
  - {id: all, to: {application: [app]}, for: [sec, care], basis: law, rows: {Person: {}}, fields: {Person.name: clear}}
"""
ON = POLICY + "collection: enforced\n"
OPEN = "id: r, collectedFor: [pop.register], for: [sec]"
CARE = "id: r, collectedFor: [care], for: [sec]"
CLOSE = "id: n, collectedFor: [care], notFor: [sec]"


def made(*rules: str, text: str = ON) -> PolicySet:
    listed = "reuse:\n" + "".join(f"  - {{basis: law, {rule}}}\n" for rule in rules) if rules else ""
    return load_files({"p.yaml": (text + listed).encode()}, SPINE)


def read(policies: PolicySet, purpose: str, today: dt.date = TODAY) -> tuple[str, ...] | None:
    return decide(SPINE, policies, subject_of(policies.applications["app"]), purpose, today).collected


def problem(*rules: str, text: str = ON) -> str:
    with pytest.raises(YamlFileError) as refused:
        made(*rules, text=text)
    return str(refused.value)


def test_without_the_switch_nothing_is_asked() -> None:
    assert read(made(text=POLICY), "sec") is None


@pytest.mark.parametrize(
    ("purpose", "own"),
    [
        ("care", ("care",)),
        ("care.visits", ("care", "care.visits")),
        ("care.visits.food", ("care", "care.visits", "care.visits.food")),
        ("sec", ("sec",)),
    ],
)
def test_a_purpose_reads_its_own_and_what_is_above_it(purpose: str, own: tuple[str, ...]) -> None:
    assert read(made(), purpose) == own


@pytest.mark.parametrize(
    ("rules", "purpose", "seen"),
    [
        ([OPEN], "sec", "pop.register sec"),
        ([OPEN], "sec.public", "pop.register sec sec.public"),
        (["id: r, collectedFor: [pop], for: [sec]"], "sec", "pop sec"),
        (["id: r, collectedFor: [pop], for: [sec.public]"], "sec", "sec"),
        (["id: r, collectedFor: [care.visits], for: [sec]", CLOSE], "sec", "sec"),
        ([CLOSE, "id: r, collectedFor: [care.visits], for: [sec]"], "sec", "sec"),
        ([CARE, "id: n, collectedFor: [care], notFor: [sec.public]"], "sec", "sec"),
        ([CARE, "id: n, collectedFor: [care.visits], notFor: [sec]"], "sec", "care sec"),
        (["id: n, collectedFor: [care.visits], notFor: [care.visits.food]"], "care.visits.food", "care"),
    ],
)  # fmt: skip
def test_a_rule_opens_what_it_names_and_a_prohibition_wins(rules: list[str], purpose: str, seen: str) -> None:
    assert " ".join(read(made(*rules), purpose) or ()) == seen


def test_a_rule_holds_on_its_days() -> None:
    policies = made(f"{OPEN}, valid: {{from: 2026-06-30, to: 2026-07-01}}")
    days = [dt.date(2026, 6, 29), dt.date(2026, 6, 30), dt.date(2026, 7, 1), dt.date(2026, 7, 2)]
    assert ["pop.register" in (read(policies, "sec", day) or ()) for day in days] == [False, True, True, False]


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        ("id: r, collectedFor: [nobody], for: [sec]", "unknown purpose 'nobody'"),
        ("id: r, collectedFor: [pop], for: [nobody]", "unknown purpose 'nobody'"),
        ("id: r, collectedFor: [pop], notFor: [nobody]", "unknown purpose 'nobody'"),
        ("id: r, collectedFor: [pop]", "write either `for`, or `notFor`"),
        ("id: r, collectedFor: [pop], for: [sec], notFor: [care]", "write either `for`, or `notFor`"),
        ("id: r, collectedFor: [pop], notFor: [sec], valid: {to: 2027-01-01}", "a prohibition has no end"),
        ("id: all, collectedFor: [pop], for: [sec]", "'all' is defined twice"),
        ("id: r, collectedFor: [], for: [sec]", "collectedFor"),
        ("id: r, collectedFor: [pop], for: [sec], valid: {from: 2027-01-02, to: 2027-01-01}", "ends before it begins"),
        ("id: r, collectedFor: [pop], for: [sec], rows: {Person: {}}", "unknown key"),
    ],
)
def test_what_a_rule_cannot_say_refuses_the_load(rule: str, told: str) -> None:
    assert told in problem(rule)
    assert "p.yaml:" in problem(rule)


def test_rules_without_the_switch_refuse_the_load() -> None:
    assert "write `collection: enforced` too" in problem(OPEN, text=POLICY)
    assert "enforced" in problem(text=POLICY + "collection: relaxed\n")
    assert "'r' is defined twice" in problem(OPEN, OPEN)


def kinds(before: PolicySet, after: PolicySet) -> dict[str, str]:
    found = diff(SPINE, before, after, TODAY).changes
    return {each.purpose: each.kind.value for each in found if each.thing == "collected for"}


def test_what_may_be_read_more_widens() -> None:
    plain, opened, both = made(), made(OPEN), ("sec", "sec.public")
    assert kinds(plain, opened) == dict.fromkeys(both, "widened")
    assert kinds(opened, plain) == dict.fromkeys(both, "narrowed")
    assert kinds(opened, made("id: r, collectedFor: [pop], for: [sec]")) == dict.fromkeys(both, "changed rows")
    closed = made(OPEN, "id: n, collectedFor: [pop.register], notFor: [sec]")
    assert kinds(closed, opened) == dict.fromkeys(both, "widened")
    assert kinds(plain, plain) == {}


def test_the_switch_narrows_and_taking_it_out_widens() -> None:
    assert kinds(made(text=POLICY), made()) == {"*": "narrowed"}
    assert kinds(made(), made(text=POLICY)) == {"*": "widened"}


def test_what_begins_later_is_told_with_its_day() -> None:
    later = made(f"{OPEN}, valid: {{from: 2026-09-01}}")
    found = [each for each in diff(SPINE, made(), later, TODAY).changes if each.thing == "collected for"]
    assert {(each.kind, each.since) for each in found} == {(Kind.WIDENED, dt.date(2026, 9, 1))}


def test_reuse_touches_the_types_of_every_owner() -> None:
    assert touched_types(made(), made()) == {}
    for before, after in ((made(), made(OPEN)), (made(OPEN), made()), (made(text=POLICY), made())):
        assert set(touched_types(before, after)) == {"Person", "Dwelling"}


def test_check_names_rules_that_open_nothing() -> None:
    policies = made(
        "id: late, collectedFor: [pop], for: [sec], valid: {to: 2026-06-29}",
        OPEN,
        "id: n, collectedFor: [pop.register], notFor: [sec.public]",
    )
    found = sorted(each.text for each in check(SPINE, policies, TODAY) if each.rule == "reuse")
    assert [each.partition(" ")[0] for each in found] == ["late", "r"]
    assert "but n prohibits it" in found[1]
