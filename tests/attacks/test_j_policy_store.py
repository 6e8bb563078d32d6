"""J: a change of policy takes two people, is what they approved, and cannot be slipped in beside them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from policies.store import PolicyStore
from policies.versions import ChangeRefused, Conflict, PolicyStoreError
from tests.support.policy_stores import FILES, Clock, a_store, changed, in_file, publish

pytestmark = pytest.mark.attack


@pytest.fixture
def store(tmp_path: Path) -> Iterator[PolicyStore]:
    with closing(a_store(in_file(tmp_path))) as made:
        yield made


@pytest.mark.parametrize("account", ["zhang", "zhang-second", "nobody", ""])
def test_j01_nobody_approves_his_own(store: PolicyStore, account: str) -> None:
    draft = store.draft(changed("wider"), "zhang")
    with pytest.raises(ChangeRefused):
        store.approve(draft.number, draft.hash, account)
    with pytest.raises(ChangeRefused, match="not approved"):
        store.activate(draft.number, "zhang")
    assert store.in_force().files == FILES


def test_j01_a_draft_cannot_appoint_its_own_approver(store: PolicyStore) -> None:
    friend = FILES["stewards.yaml"] + b"  - {account: friend, person: S-9}\n"
    draft = store.draft({**FILES, "stewards.yaml": friend}, "zhang")
    with pytest.raises(ChangeRefused, match="'friend' is no steward"):
        store.approve(draft.number, draft.hash, "friend")


def test_j02_an_approval_is_of_one_content(store: PolicyStore) -> None:
    approved = store.draft(changed("harmless"), "zhang")
    store.approve(approved.number, approved.hash, "li")
    edited = store.draft(changed("wider"), "zhang")
    with pytest.raises(ChangeRefused):
        store.approve(edited.number, approved.hash, "li")
    with pytest.raises(ChangeRefused, match="not approved"):
        store.activate(edited.number, "zhang")


def test_j04_the_second_of_two_edits_conflicts(store: PolicyStore) -> None:
    ours, theirs = store.draft(changed("ours"), "zhang"), store.draft(changed("theirs"), "wang")
    for draft in (ours, theirs):
        store.approve(draft.number, draft.hash, "li")
    store.activate(ours.number, "li")
    with pytest.raises(Conflict) as refused:
        store.activate(theirs.number, "li")
    assert "ours" in refused.value.diff
    assert "theirs" in refused.value.diff
    assert store.in_force().files == changed("ours")


def test_j08_rolling_back_is_a_change_like_any_other(store: PolicyStore) -> None:
    publish(store, changed("two"))
    back = store.rollback(1, "zhang")
    assert back.number == 3
    with pytest.raises(ChangeRefused, match="not approved"):
        store.activate(back.number, "zhang")
    with pytest.raises(ChangeRefused):
        store.approve(back.number, back.hash, "zhang")
    assert store.in_force().files == changed("two")


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE policy_file SET content = CAST('grants: []' AS BLOB) WHERE version = 2 AND name = 'policy.yaml'",
        "UPDATE policy_version SET hash = '0' WHERE number = 2",
        "UPDATE policy_activation SET version = 1 WHERE version = 2",
        "UPDATE policy_activation SET starts = '2020-01-01T00:00:00.000000Z' WHERE version = 2",
        "UPDATE policy_activation SET approver = 'zhang' WHERE version = 2",
        "UPDATE policy_activation SET seal = '' WHERE version = 2",
        "DELETE FROM policy_file WHERE version = 2",
        "DELETE FROM policy_activation WHERE version = 1",
    ],
)
def test_j12_a_row_that_was_tampered_with_is_not_in_force(tmp_path: Path, statement: str) -> None:
    clock = Clock()
    with closing(a_store(in_file(tmp_path), clock)) as store:
        publish(store, changed("two"))
        assert store.in_force().files == changed("two")
    with closing(sqlite3.connect(tmp_path / "policy.db")) as raw:
        triggers = raw.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for (name,) in triggers:  # whoever can write the file can do this
            raw.execute(f'DROP TRIGGER "{name}"')
        assert raw.execute(statement).rowcount >= 1
        raw.commit()
    with closing(a_store(in_file(tmp_path), clock)) as store, pytest.raises(PolicyStoreError):
        store.in_force()
