"""The version store keeps its rules on both databases: a row a rule, and what a second person is needed for."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from itertools import count
from pathlib import Path

import pytest
import sqlalchemy as sa

from policies.daily_counts import Counted, Use, count_uses, forget
from policies.store import PolicyStore
from policies.versions import ChangeRefused, Conflict, PolicyStoreError, StoreUnavailable, Version, moment
from schema import SPINE
from schema.strict_yaml import YamlFileError
from tests.support.policy_stores import FILES, KEY, Clock, a_store, changed, in_file, publish
from tests.support.postgres import Postgres, postgres

pytestmark = pytest.mark.unit
NAMES = count()


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    with postgres() as running:
        yield running


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.server)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return in_file(tmp_path)
    server: Postgres = request.getfixturevalue("server")
    return server.database(f"store{next(NAMES)}")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(url: str, clock: Clock) -> Iterator[PolicyStore]:
    made = a_store(url, clock)
    yield made
    made.close()


def states(store: PolicyStore) -> list[str]:
    return [each.state for each in store.history()]


def test_an_empty_store_takes_the_folder_as_version_1(store: PolicyStore) -> None:
    (first,) = store.history()
    assert (first.version.number, first.version.author, first.state) == (1, "bootstrap", "in force")
    assert store.in_force().files == FILES
    assert store.make(lambda: changed("not taken")) is False
    assert store.in_force().files == FILES


def test_an_empty_store_takes_no_folder_that_does_not_load(url: str) -> None:
    with closing(PolicyStore(url, KEY, SPINE)) as store:
        with pytest.raises(YamlFileError):
            store.make(lambda: {"policy.yaml": b"grant: []"})
        assert store.make(lambda: FILES) is True


def test_from_draft_to_history(store: PolicyStore) -> None:
    files = changed("two")
    draft = store.draft(files, "zhang", note="why")
    assert (draft.number, draft.base, draft.note, draft.person) == (2, 1, "why", "S-1")
    assert states(store) == ["in force", "draft"]
    store.approve(2, draft.hash, "li")
    assert states(store) == ["in force", "approved"]
    assert store.standing().version == 1
    store.activate(2, "zhang")
    assert states(store) == ["past", "in force"]
    assert store.in_force().files == files, "to the byte, comments too"
    assert store.standing().approver == "li"


REFUSED: list[tuple[str, Callable[[PolicyStore, Version], object], str]] = [
    ("a draft of nobody's", lambda store, draft: store.draft(changed("x"), "nobody"), "'nobody' is no steward"),
    ("a draft of nothing", lambda store, draft: store.draft(FILES, "zhang"), "nothing is changed"),
    ("his own", lambda store, draft: store.approve(2, draft.hash, "zhang"), "nobody approves their own"),
    (
        "his other account",
        lambda store, draft: store.approve(2, draft.hash, "zhang-second"),
        "nobody approves their own",
    ),
    ("another hash", lambda store, draft: store.approve(2, "0" * 32, "li"), "another content"),
    ("part of the hash", lambda store, draft: store.approve(2, draft.hash[:12], "li"), "whole content hash"),
    ("no version", lambda store, draft: store.approve(9, draft.hash, "li"), "there is no version 9"),
    ("an approval of nobody's", lambda store, draft: store.approve(2, draft.hash, "root"), "'root' is no steward"),
    ("not approved", lambda store, draft: store.activate(2, "li"), "version 2 is not approved"),
    ("activated by nobody", lambda store, draft: store.activate(2, "nobody"), "'nobody' is no steward"),
    ("again", lambda store, draft: store.activate(1, "li"), "activated already; to return to it: policy rollback 1"),
    (
        "in the past",
        lambda store, draft: store.activate(2, "li", dt.datetime(2020, 1, 1, tzinfo=dt.UTC)),
        "cannot start in the past",
    ),
    ("no old version", lambda store, draft: store.rollback(7, "zhang"), "there is no version 7"),
]


@pytest.mark.parametrize(("act", "told"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_refused(tmp_path: Path, act: Callable[[PolicyStore, Version], object], told: str) -> None:
    store = a_store(in_file(tmp_path))
    draft = store.draft(changed("two"), "zhang")
    with pytest.raises(ChangeRefused, match=told):
        act(store, draft)
    assert states(store) == ["in force", "draft"]


def test_an_approval_holds_once_for_each_steward(store: PolicyStore) -> None:
    draft = store.draft(changed("two"), "zhang")
    store.approve(2, draft.hash, "li")
    with pytest.raises(ChangeRefused, match="approved version 2 already"):
        store.approve(2, draft.hash, "li")
    store.approve(2, draft.hash, "wang")
    assert [each.account for each in store.history()[1].approvals] == ["li", "wang"]


def test_an_approval_of_one_who_is_no_steward_any_more_does_not_count(store: PolicyStore) -> None:
    without_li = {**FILES, "stewards.yaml": FILES["stewards.yaml"].replace(b"account: li", b"account: li-gone")}
    held = store.draft(without_li, "zhang")
    store.approve(held.number, held.hash, "li")
    store.approve(held.number, held.hash, "wang")
    store.activate(held.number, "wang")
    assert store.standing().approver == "li", "he was one when it started"
    with pytest.raises(ChangeRefused, match="'li' is no steward"):
        store.draft(changed("three", without_li), "li")


def test_what_does_not_load_or_fails_its_own_expectation_is_no_draft(store: PolicyStore) -> None:
    with pytest.raises(YamlFileError, match=r"policy\.yaml:\d+"):
        store.draft({**FILES, "policy.yaml": FILES["policy.yaml"].replace(b"clear", b"clera")}, "zhang")
    wish = b"expect: [{app: app, purpose: a, coordinate: Building.name, effects: []}]"
    with pytest.raises(ChangeRefused, match=r"expect\.yaml:1: app for a has clear"):
        store.draft({**FILES, "expect.yaml": wish}, "zhang")


def test_what_can_never_be_in_force_is_not_approved(store: PolicyStore, clock: Clock) -> None:
    late = store.draft(changed("late"), "zhang")
    until = FILES["policy.yaml"].replace(b"basis: law", b"basis: law\n    valid: {to: 2026-07-01}")
    wish = b"expect: [{app: app, purpose: a, coordinate: Building.name, effects: [clear]}]"
    expiring = store.draft({**FILES, "policy.yaml": until, "expect.yaml": wish}, "zhang")
    clock.forward(days=10)
    with pytest.raises(ChangeRefused, match=r"expect\.yaml:1: app for a has nothing"):
        store.approve(expiring.number, expiring.hash, "li")
    publish(store, changed("first"))
    with pytest.raises(Conflict, match="made from version 1, but version 4 is in force"):
        store.approve(late.number, late.hash, "li")
    assert states(store) == ["past", "draft", "draft", "in force"]


def test_a_draft_is_approved_while_its_base_is_in_force_until_a_planned_change(
    store: PolicyStore, clock: Clock
) -> None:
    draft, planned = store.draft(changed("two"), "zhang"), store.draft(changed("three"), "zhang")
    store.approve(planned.number, planned.hash, "li")
    store.activate(planned.number, "li", clock.now + dt.timedelta(hours=1))
    store.approve(draft.number, draft.hash, "li")
    store.activate(draft.number, "li")
    assert states(store) == ["past", "in force", "scheduled"]


def test_a_scheduled_version_comes_into_force_by_itself(store: PolicyStore, clock: Clock) -> None:
    draft = store.draft(changed("two"), "zhang")
    store.approve(2, draft.hash, "li")
    begins = clock.now + dt.timedelta(hours=1)
    store.activate(2, "li", begins)
    assert states(store) == ["in force", "scheduled"]
    assert store.standing(begins - dt.timedelta(microseconds=1)).version == 1
    assert store.standing(begins).version == 2
    clock.forward(hours=2)
    assert states(store) == ["past", "in force"]


def test_an_urgent_change_makes_a_scheduled_one_lapse(store: PolicyStore, clock: Clock) -> None:
    planned = store.draft(changed("planned"), "zhang")
    store.approve(2, planned.hash, "li")
    store.activate(2, "li", clock.now + dt.timedelta(hours=1))
    publish(store, changed("urgent"))
    clock.forward(hours=2)
    assert store.standing().version == 3, "what nobody saw beside the urgent change does not undo it"
    assert states(store) == ["past", "lapsed", "in force"]


def test_two_plans_for_one_hour_conflict(store: PolicyStore, clock: Clock) -> None:
    for mark in ("one", "other"):
        draft = store.draft(changed(mark), "zhang")
        store.approve(draft.number, draft.hash, "li")
    store.activate(2, "li", clock.now + dt.timedelta(hours=1))
    with pytest.raises(Conflict, match="made from version 1, but version 2 will then be in force"):
        store.activate(3, "li", clock.now + dt.timedelta(hours=2))


def test_back_to_an_old_version_is_a_new_one_that_needs_approval(store: PolicyStore) -> None:
    publish(store, changed("two"))
    back = store.rollback(1, "zhang")
    assert (back.number, back.base, back.note) == (3, 2, "back to version 1")
    assert store.files(3) == FILES
    with pytest.raises(ChangeRefused, match="not approved"):
        store.activate(3, "li")
    store.approve(3, back.hash, "li")
    store.activate(3, "li")
    assert store.in_force().files == FILES
    assert states(store) == ["past", "past", "in force"]


def test_of_two_who_activate_at_once_one_wins(store: PolicyStore) -> None:
    drafts = [store.draft(changed(str(at)), "zhang") for at in range(4)]
    for draft in drafts:
        store.approve(draft.number, draft.hash, "li")

    def activate(draft: Version) -> str:
        try:
            store.activate(draft.number, "wang")
        except Conflict:
            return "conflict"
        return "in force"

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(activate, drafts)) == ["conflict"] * 3 + ["in force"]


def test_a_clock_that_lags_does_not_undo_what_is_in_force(url: str, store: PolicyStore, clock: Clock) -> None:
    lagging = Clock()
    with closing(a_store(url, lagging)) as behind:
        drafts = [store.draft(changed(str(at)), "zhang") for at in range(2)]
        for draft in drafts:
            store.approve(draft.number, draft.hash, "li")
        clock.forward(minutes=5)
        store.activate(2, "li")
        with pytest.raises(Conflict, match="version 2"):
            behind.activate(3, "li")
    assert store.standing().version == 2


def test_of_two_hubs_that_start_at_once_one_makes_the_store(url: str) -> None:
    def start(at: int) -> bool:
        with closing(PolicyStore(url, KEY, SPINE)) as store:
            return store.make(lambda: changed(str(at)))

    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(start, range(4)))
    assert sorted(made) == [False, False, False, True]


def test_a_change_whose_witness_fails_did_not_happen(url: str) -> None:
    seen: list[str] = []

    def witness(row: object) -> None:
        seen.append(type(row).__name__)
        if len(seen) > 3:
            raise LookupError

    with closing(a_store(url, witness=witness)) as store:
        draft = store.draft(changed("two"), "zhang")
        assert seen == ["Version", "Activation", "Version"]
        with pytest.raises(LookupError):
            store.approve(2, draft.hash, "li")
        with pytest.raises(LookupError):
            store.draft(changed("three"), "zhang")
        assert states(store) == ["in force", "draft"]


@pytest.mark.parametrize("table", ["policy_version", "policy_file", "policy_approval", "policy_activation"])
@pytest.mark.parametrize("statement", ["DELETE FROM {}", "UPDATE {} SET version = 9"])
def test_rows_are_only_added(store: PolicyStore, table: str, statement: str) -> None:
    publish(store, changed("two"))
    text = statement.format(table).replace("SET version", "SET number" if table == "policy_version" else "SET version")
    with pytest.raises(sa.exc.DBAPIError, match="append only"), store.engine.begin() as connection:
        connection.execute(sa.text(text))


def test_a_count_is_right_across_threads(store: PolicyStore) -> None:
    day = dt.date(2026, 6, 30)

    def one(_: int) -> bool:
        return add(store, day, "app", "a", [Use("dailyCap", 1, 30)]) is None

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(one, range(48))) == [False] * 18 + [True] * 30


def add(store: PolicyStore, day: dt.date, application: str, purpose: str, uses: list[Use]) -> Use | None:
    return count_uses(store.engine, day, [Counted(application, purpose, uses)])[0]


def test_what_is_noted_is_counted_beyond_its_limit_and_tells_when_it_is_reached(store: PolicyStore) -> None:
    day = dt.date(2026, 6, 30)

    def over(more: int, limit: int, purpose: str = "a", person: str = "") -> bool:
        use = Use("failed", more, limit, person=person, everywhere=True)
        return count_uses(store.engine, day, [Counted("app", purpose, noted=[use])]) != [None]

    assert [over(0, 3), over(2, 3), over(0, 3)] == [False] * 3
    assert [over(1, 3, "b"), over(0, 3, "b"), over(0, 4)] == [False, True, False], "one count for all purposes"
    assert [over(5, 4), over(0, 8), over(0, 9)] == [True, True, False]
    assert [over(0, 1, person="p"), over(2, 1, person="p")] == [False, True], "a person has a count of their own"


def test_operations_counted_at_once_are_counted_as_if_one_by_one(store: PolicyStore) -> None:
    day = dt.date(2026, 6, 30)

    def operation(more: int, failed: int, purpose: str = "a") -> Counted:
        caps = [Use("matchDailyCap", more, 5), Use("dailyCap", 1, 4, grant="g")]
        return Counted("app", purpose, caps, [Use("failed", failed, 3, everywhere=True)])

    for operations in (
        [operation(2, 0), operation(2, 0), operation(2, 0), operation(1, 0)],
        [operation(1, 0, "b"), operation(6, 0, "b"), operation(1, 0, "b")],
        [operation(0, 2), operation(0, 1, "c"), operation(0, 1), operation(0, 0)],
    ):
        together = count_uses(store.engine, day, operations)
        alone = [count_uses(store.engine, day + dt.timedelta(days=1), [each])[0] for each in operations]
        assert together == alone
    rows = "SELECT application, purpose, kind, used FROM policy_use WHERE day = '{}' ORDER BY 1, 2, 3"
    with store.engine.begin() as connection:
        found = [connection.exec_driver_sql(rows.format(each)).all() for each in ("2026-06-30", "2026-07-01")]
    assert found[0] == found[1] != []


def test_uses_are_counted_all_or_none(store: PolicyStore) -> None:
    day = dt.date(2026, 6, 30)
    both = [Use("matchDailyCap", 2, 3), Use("dailyCap", 1, 9)]
    assert add(store, day, "app", "a", both) is None
    assert add(store, day, "app", "a", both) == both[0]
    assert add(store, day, "app", "a", [Use("dailyCap", 8, 9)]) is None, "the second try took nothing"
    assert add(store, day, "app", "a", [Use("dailyCap", 1, 9)]) == Use("dailyCap", 1, 9)
    assert add(store, day, "app", "b", both) is None, "another purpose has a count of its own"
    assert add(store, day + dt.timedelta(days=1), "app", "a", both) is None, "so has another day"
    assert add(store, day, "other", "a", [Use("dailyCap", 9, 8)]) is not None
    forget(store.engine, day + dt.timedelta(days=8))
    assert add(store, day, "app", "a", both) is None
    assert add(store, day + dt.timedelta(days=1), "app", "a", both) == both[0], "seven days are kept"


def test_a_store_that_is_away_is_not_an_empty_one(tmp_path: Path) -> None:
    store = a_store(in_file(tmp_path))
    (tmp_path / "policy.db").rename(tmp_path / "elsewhere")
    with pytest.raises(StoreUnavailable):
        store.standing()
    assert not (tmp_path / "policy.db").exists()
    (tmp_path / "elsewhere").rename(tmp_path / "policy.db")
    assert store.standing().version == 1


def test_a_store_that_is_put_in_the_place_of_another_is_read(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    with closing(a_store(in_file(tmp_path / "other"))) as other:
        publish(other, changed("a note"))
    store = a_store(in_file(tmp_path))
    assert store.standing().version == 1
    (tmp_path / "other" / "policy.db").replace(tmp_path / "policy.db")
    assert store.standing().version == 2
    assert add(store, dt.date(2026, 6, 30), "app", "a", [Use("operation", 1, 1)]) is None
    (tmp_path / "policy.db").unlink()
    with pytest.raises(StoreUnavailable):
        store.standing()


def test_a_store_of_a_newer_program_is_not_used(store: PolicyStore, url: str) -> None:
    with store.engine.begin() as connection:
        connection.execute(sa.text("UPDATE policy_schema SET version_num = '9999'"))
    with pytest.raises(PolicyStoreError, match="newer program"):
        a_store(url)


@pytest.mark.parametrize("url", ["mysql://127.0.0.1/x", "sqlite://", "postgresql+psycopg2://h/x", "nonsense"])
def test_another_database_is_refused(url: str) -> None:
    with pytest.raises(PolicyStoreError, match="policy_store is"):
        PolicyStore(url, KEY, SPINE)


def test_a_server_that_is_away_names_no_secret(server: Postgres) -> None:
    store = PolicyStore("postgresql+psycopg://postgres:hidden-word@127.0.0.1:9/x", KEY, SPINE)
    with pytest.raises(StoreUnavailable) as caught:
        store.standing()
    assert "hidden-word" not in f"{caught.value!r} {store!r} {store.engine!r}"


def test_a_time_without_a_zone_is_no_time() -> None:
    with pytest.raises(ValueError, match="without a zone"):
        moment(dt.datetime(2026, 6, 30))
    assert moment(dt.datetime(2026, 6, 30, 8, tzinfo=dt.timezone(dt.timedelta(hours=8)))) == (
        "2026-06-30T00:00:00.000000Z"
    )
