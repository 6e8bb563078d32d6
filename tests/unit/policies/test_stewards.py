"""Stewards are told apart as people, by what a reader sees; each changes only what their department owns."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from policies.language import load_files
from policies.ownership import touched_types
from policies.review.changes import Kind
from policies.review.diff import diff
from policies.stewards import Role, visible_form
from policies.store import PolicyStore
from policies.versions import ChangeRefused
from schema import SPINE
from schema.strict_yaml import YamlFileError
from tests.support.policy_stores import FILES, POLICY, a_store, in_file

pytestmark = pytest.mark.unit

TODAY = dt.date(2026, 6, 30)
OWNED = {"policy.yaml": (POLICY + "owners: {Building: housing, Person: police}\n").encode()}


def files(*lines: str, **others: bytes) -> dict[str, bytes]:
    """The policy with these stewards."""
    return {**FILES, **OWNED, "stewards.yaml": "\n".join(["stewards:", *(f"  - {each}" for each in lines)]).encode()}


@pytest.mark.parametrize(
    "person",
    [
        "S-1\u200b",
        "S-\u200d1", "\ufeffS-1", "S\u00ad-1", "S-1\ufe0f", "S-1\u034f", "S-1\u3164", "S-1\u2800",
        "Ѕ-1", "S‐1", "S−1", "Ｓ-1", "s-1", "S-l", "S-I", "S-1 ", " S-1", "S\u00a0-1", "S-１", "S-①",
        "\u202eS-1", "S-1\u0300",
    ],
    ids=ascii,
)  # fmt: skip
def test_case_1_09_a_look_alike_of_a_person_refuses_the_load(person: str) -> None:
    spelled = person.encode("unicode_escape").decode().replace("\\x", "\\u00")
    with pytest.raises(YamlFileError, match=r"stewards.yaml:3: .*(U\+|looks like|blank)"):
        load_files(files("{account: zhang, person: S-1}", f'{{account: other, person: "{spelled}"}}'), SPINE)


@pytest.mark.parametrize(
    ("one", "other", "says"),
    [
        ("{account: li, person: S-1}", "{account: li, person: S-2}", "two people"),
        ("{account: li, person: S-1}", "{account: li, person: S-1}", "named twice"),
        ("{account: li1, person: S-1}", "{account: lil, person: S-2}", "looks like"),
        ("{account: a, person: S-1, subject: x}", "{account: b, person: S-2, subject: x}", "sign in alike"),
        ("{account: a, person: S-1}", '{account: b, person: S-2, subject: "x\\u200b"}', "U+200B"),
        ("{account: a, person: 张三}", '{account: b, person: "张\\u200b三"}', "U+200B"),
        ("{account: a, person: S-1}", "{account: b, person: S-2, roles: [boss]}", "auditor"),
        ("{account: a, person: S-1}", "{account: b, person: S-2, owns: [polise]}", "owns no type"),
        ("{account: a, person: S-1}", "{account: b, person: S-2, roles: [auditor, steward]}", "steward and auditor"),
        ("{account: a, person: S-1}", "{account: b, person: S-1, roles: [auditor]}", "steward and auditor"),
    ],
)
def test_case_1_09_who_cannot_be_told_apart_refuses_the_load(one: str, other: str, says: str) -> None:
    with pytest.raises(YamlFileError, match=r"stewards\.yaml:3: ") as refused:
        load_files(files(one, other), SPINE)
    assert says in str(refused.value)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("chen", "chen."), ("chen", "ch en"), ("chen", "ch-en"), ("chen", "ｃｈｅｎ"), ("chen", "Chen"),
        ("zhang01", "zhang1"), ("zhang01", "zhang001"), ("zhang-1", "zhang-01"), ("S-0417", "S 417"), ("S-1", "S-O1"),
        ("买买提·阿不都拉", "买买提阿不都拉"), ("li@police", "li+police"),
    ],
)  # fmt: skip
def test_case_1_09_signs_and_zeros_tell_nobody_apart(one: str, other: str) -> None:
    with pytest.raises(YamlFileError, match=r"stewards.yaml:3: .*looks like"):
        load_files(files(f'{{account: a, person: "{one}"}}', f'{{account: b, person: "{other}"}}'), SPINE)


@pytest.mark.parametrize(("one", "other"), [("chen", "ch-en"), ("zhang01", "zhang1"), ("li-1", "li-01")])
def test_case_1_09_signs_and_zeros_tell_no_accounts_apart(one: str, other: str) -> None:
    with pytest.raises(YamlFileError, match=r"stewards.yaml:3: .*looks like"):
        load_files(files(f"{{account: {one}, person: P-1}}", f"{{account: {other}, person: P-2}}"), SPINE)


def test_people_who_look_different_are_different() -> None:
    people = [
        "S-1",
        "S-2",
        "张三",
        "张三丰",
        "DEMO-STAFF-0417",
        "DEMO-STAFF-0471",
        "S-10",
        "S-100",
        "li.na@police",
        "买买提·阿不都拉",
    ]
    lines = [f'{{account: a{at}, person: "{person}"}}' for at, person in enumerate(people)]
    stewards = load_files(files(*lines), SPINE).stewards
    assert len({visible_form(each.person) for each in stewards.values()}) == len(people)
    assert stewards["a0"].roles == (Role.STEWARD, Role.APPROVER) and stewards["a0"].owns == ()


ZHANG = "{account: zhang, person: S-1, owns: [housing, police]}"
LI = "{account: li, person: S-2, roles: [steward, approver]}"


@pytest.mark.parametrize(
    ("after", "account", "kind", "shows"),
    [
        ([ZHANG, LI, "{account: wang, person: S-3}"], "wang", Kind.NEW, "person S-3, steward, approver"),
        ([ZHANG], "li", Kind.CHANGED, ""),
        ([ZHANG, LI.replace("S-2", "S-1")], "li", Kind.CHANGED, "person S-1"),
        ([ZHANG, LI.replace("steward, approver", "auditor")], "li", Kind.CHANGED, "auditor"),
        ([ZHANG, LI.replace("[steward", "[steward, operator")], "li", Kind.CHANGED, "operator"),
        ([ZHANG, LI.replace("S-2", "S-2, owns: [police]")], "li", Kind.CHANGED, "of police"),
        ([ZHANG, LI.replace("S-2", "S-2, subject: x")], "li", Kind.CHANGED, ""),
    ],
)
def test_case_1_09_a_change_of_the_stewards_is_a_widening_and_says_who(
    after: list[str], account: str, kind: Kind, shows: str
) -> None:
    before = load_files(files(ZHANG, LI), SPINE)
    found = diff(SPINE, before, load_files(files(*after), SPINE), TODAY)
    (change,) = found.changes
    assert found.widens and (change.thing, change.kind) == (f"steward {account}", kind)
    assert all(shows in each.effect for each in change.after) and bool(change.after) == (after != [ZHANG])


def test_the_same_stewards_are_no_change() -> None:
    before, after = (load_files(files(*lines), SPINE) for lines in ([ZHANG, LI], [LI, ZHANG]))
    assert diff(SPINE, before, after, TODAY).changes == ()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[PolicyStore]:
    stewards = files(
        ZHANG,
        LI,
        "{account: wang, person: S-3, roles: [approver]}",
        "{account: zhao, person: S-4, roles: [auditor, operator]}",
        "{account: qian, person: S-5, owns: [police]}",
    )
    made = a_store(in_file(tmp_path), files=stewards)
    yield made
    made.close()


def with_policy(store: PolicyStore, old: str, new: str) -> Mapping[str, bytes]:
    of = store.in_force().files
    text = of["policy.yaml"].decode()
    assert old in text
    return {**of, "policy.yaml": text.replace(old, new).encode()}


GRANT = ("{Building.name: clear}", "{Building.name: clear, Building.code: clear}")
HIDDEN = "{id: hidden, prohibit: [Building.code], for: [a], basis: law}"
CHANGES = {
    "a grant": GRANT,
    "its rows": ("rows: {Building: {}}", 'rows: {Building: {code: {eq: "B1"}}}'),
    "its purposes": ("for: [a]", "for: [a]\n    valid: {to: 2026-12-31}"),
    "an application": ("department: fire, jurisdiction: 14/01/", "department: fire, jurisdiction: 14/"),
    "a purpose": ("zh: 甲, en: A", "zh: 甲, en: A, expires: 2026-12-31"),
    "the owner": ("Building: housing, Person: police", "Building: police, Person: housing"),
    "a prohibition": ("owners:", f"prohibitions: [{HIDDEN}]\nowners:"),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
@pytest.mark.parametrize("account", ["li", "qian"])
def test_a_steward_changes_only_what_their_department_owns(
    store: PolicyStore, change: tuple[str, str], account: str
) -> None:
    draft = with_policy(store, *change)
    with pytest.raises(ChangeRefused, match=r"of Building .*, which housing owns"):
        store.draft(draft, account)
    assert store.draft(draft, "zhang").number == 2


SHARED = (
    "rows: {Building: {}}\n    fields: {Building.name: clear}",
    """rows: {Building: {}, Person: {}}
    fields: {Building.name: clear, Building.code: clear, Person.name: clear, Person.phone: clear}
  - id: people
    to: {application: [app]}
    for: [a]
    basis: law
    rows: {Person: {}}
    fields: {Person.birthDate: clear}
prohibitions:
  - {id: both, prohibit: [Building.floors, Person.gender], for: [a], basis: law}""",
)
OWN_PART = {
    "a field closed": (", Person.phone: clear", "", True),
    "a field masked": ("Person.phone: clear", 'Person.phone: {mask: "partial(3,4)"}', True),
    "its rows": (
        "Person: {}}\n    fields: {Building",
        'Person: {region: {startsWith: "14/01/"}}}\n    fields: {Building',
        True,
    ),
    "a prohibition": ("Person.gender]", "Person.gender, Person.name]", True),
    "another's field": (", Building.code: clear", "", False),
    "another's rows": ("{Building: {},", '{Building: {code: {eq: "B1"}},', False),
    "another's prohibition": ("[Building.floors, ", "[", False),
    "the whole grant": ("    basis: law\n    rows: {Building", "    basis: another\n    rows: {Building", False),
    "the prohibition's purposes": ("basis: law}\n", "basis: another}\n", False),
}


@pytest.mark.parametrize(("old", "new", "may"), OWN_PART.values(), ids=OWN_PART)
def test_in_a_shared_rule_each_steward_changes_their_own_part(
    store: PolicyStore, old: str, new: str, *, may: bool
) -> None:
    """Closing one's own field in a grant of two owners is one's own business; the rest of the grant is not."""
    shared = store.draft(with_policy(store, *SHARED), "zhang")
    store.approve(shared.number, shared.hash, "li")
    store.activate(shared.number, "zhang")
    draft = with_policy(store, old, new)
    if may:
        assert store.draft(draft, "qian").number == 3
        return
    with pytest.raises(ChangeRefused, match=r"of Building .*, which housing owns"):
        store.draft(draft, "qian")


def test_who_owns_what_is_asked_of_the_version_in_force(store: PolicyStore) -> None:
    draft = dict(with_policy(store, *GRANT))
    draft["stewards.yaml"] = draft["stewards.yaml"].replace(b"S-2,", b"S-2, owns: [housing],")
    with pytest.raises(ChangeRefused, match="which housing owns"):
        store.draft(draft, "li")


def test_what_nobody_owns_any_steward_changes(store: PolicyStore) -> None:
    draft = with_policy(store, "en: App", "en: The app")
    assert touched_types(*(load_files(each, SPINE) for each in (store.in_force().files, draft))) == {}
    assert store.draft(draft, "li").number == 2


@pytest.mark.parametrize(
    ("account", "may"), [("zhang", "dav"), ("wang", "av"), ("zhao", ""), ("li", "dav")], ids=lambda each: each or "-"
)
def test_each_role_permits_its_acts(store: PolicyStore, account: str, may: str) -> None:
    comment = with_policy(store, "en: App", "en: The app")
    if "d" in may:
        store.draft(comment, account)
    else:
        with pytest.raises(ChangeRefused, match="has not the role steward"):
            store.draft(comment, account)
    draft = store.draft(with_policy(store, "en: App", "en: Another app"), "qian")
    if "a" in may:
        store.approve(draft.number, draft.hash, account)
    else:
        with pytest.raises(ChangeRefused, match="has not the role approver"):
            store.approve(draft.number, draft.hash, account)
        store.approve(draft.number, draft.hash, "zhang")
    if "v" in may:
        store.activate(draft.number, account)
    else:
        with pytest.raises(ChangeRefused, match="has not the role steward or approver"):
            store.activate(draft.number, account)


def test_case_1_09_an_author_who_looks_like_the_approver_is_the_same_person(tmp_path: Path) -> None:
    """The store does not rely on the load: an older version may hold what is refused now."""
    store = a_store(in_file(tmp_path), files=files(ZHANG, LI))
    draft = store.draft(with_policy(store, "en: App", "en: The app"), "zhang")
    older = files(ZHANG, '{account: li, person: "S-1\\u200b"}')
    alike = store.in_force()
    with store.engine.connect() as connection, pytest.raises(ChangeRefused, match="nobody approves their own draft"):
        store._second(connection, replace(alike, files=older), draft, "li")
    store.close()
