"""Operations that come at once are counted together, each within its own limit."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
import sqlalchemy as sa

from hub.errors import Code, HubError
from hub.request.caps import daily_caps
from hub.request.caps.daily_caps import DailyCaps
from hub.request.plan_model import Lookup, NodePlan, Planned
from policies.daily_counts import Counted, Use, count_uses
from policies.model import Decision
from policies.obligations import DAILY_CAP, Cap, StandingCap
from policies.rules import Subject
from policies.versions import StoreUnavailable
from schema import SPINE
from tests.support.policy_stores import a_store, in_file

pytestmark = pytest.mark.unit

NOW = dt.datetime(2026, 6, 30, 9, 0, tzinfo=dt.UTC)
LIMIT = 30


def planned(sub: str, personal: bool) -> Planned:
    """An operation of `sub` that asks the graph, under a cap of the application or of each person."""
    subject = Subject("app", "department", "", "", "14/", sub)
    caps = (StandingCap(DAILY_CAP, "grant", Cap(LIMIT, personal)),)
    decision = Decision("v", subject, "a", NOW.date(), {}, ("grant",), caps=caps)
    return Planned(decision, (Lookup("x", "", NodePlan(SPINE.entity("Person"), ())),))


async def spent(caps: DailyCaps, subs: Sequence[str], personal: bool = False) -> list[str]:
    """What becomes of operations that come at once."""

    async def one(sub: str) -> str:
        try:
            await caps.spend(planned(sub, personal), NOW)
        except HubError as refusal:
            return refusal.code.value
        return "counted"

    return await asyncio.gather(*map(one, subs))


Transactions = list[int]
"""How many operations each transaction counted."""


@pytest.fixture
def transactions(monkeypatch: pytest.MonkeyPatch) -> Transactions:
    seen: Transactions = []

    def noticed(engine: sa.Engine, day: dt.date, operations: Sequence[Counted]) -> list[Use | None]:
        seen.append(len(operations))
        return count_uses(engine, day, operations)

    monkeypatch.setattr(daily_caps, "count_uses", noticed)
    return seen


def test_operations_at_once_share_a_transaction_and_none_passes_the_limit(
    tmp_path: Path, transactions: Transactions
) -> None:
    caps = DailyCaps(a_store(in_file(tmp_path)))
    found = asyncio.run(spent(caps, ["one"] * 48))
    assert found == ["counted"] * LIMIT + [Code.DAILY_CAP.value] * (48 - LIMIT), "first come, first counted"
    assert sum(transactions) == 48
    assert len(transactions) < 10


def test_each_person_has_a_count_of_their_own(tmp_path: Path, transactions: Transactions) -> None:
    caps = DailyCaps(a_store(in_file(tmp_path)))
    found = asyncio.run(spent(caps, ["one", "other"] * (LIMIT + 2), personal=True))
    assert found.count("counted") == 2 * LIMIT
    assert found[-4:] == [Code.DAILY_CAP.value] * 4
    assert len(transactions) < 10


def test_a_store_that_fails_refuses_all_that_waited_and_none_that_comes_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    caps = DailyCaps(a_store(in_file(tmp_path)))
    failing: list[Callable[..., list[Use | None]]] = []

    def away(engine: sa.Engine, day: dt.date, operations: Sequence[Counted]) -> list[Use | None]:
        if failing:
            raise StoreUnavailable("away")
        return count_uses(engine, day, operations)

    monkeypatch.setattr(daily_caps, "count_uses", away)

    async def run() -> list[list[str]]:
        failing.append(away)
        first = await spent(caps, ["one"] * 5)
        failing.clear()
        return [first, await spent(caps, ["one"] * 5)]

    assert asyncio.run(run()) == [[Code.POLICY_UNAVAILABLE.value] * 5, ["counted"] * 5]


def test_who_goes_away_while_it_is_counted_holds_nobody_up(tmp_path: Path) -> None:
    caps = DailyCaps(a_store(in_file(tmp_path)))

    async def run() -> list[str]:
        gone = [asyncio.create_task(caps.spend(planned("one", False), NOW)) for _ in range(4)]
        await asyncio.sleep(0)
        for each in gone:
            each.cancel()
        return await spent(caps, ["one"] * 5)

    assert asyncio.run(run()) == ["counted"] * 5


def test_what_is_left_is_told_without_counting(tmp_path: Path) -> None:
    caps = DailyCaps(a_store(in_file(tmp_path)))
    shared, own = (StandingCap(DAILY_CAP, "grant", Cap(LIMIT, personal)) for personal in (False, True))
    asyncio.run(spent(caps, ["one"] * 4))
    asyncio.run(spent(caps, ["one"] * 3 + ["other"] * 2, personal=True))
    for _ in range(2):
        told = {sub: asyncio.run(caps.left((shared, own), "app", sub, NOW)) for sub in ("one", "other", "third")}
        assert {sub: (left[shared], left[own]) for sub, left in told.items()} == {
            "one": (LIMIT - 4, LIMIT - 3),
            "other": (LIMIT - 4, LIMIT - 2),
            "third": (LIMIT - 4, LIMIT),
        }
    assert asyncio.run(caps.left((shared,), "another", "one", NOW)) == {shared: LIMIT}
    assert asyncio.run(caps.left((shared,), "app", "one", NOW + dt.timedelta(days=1))) == {shared: LIMIT}
    assert asyncio.run(caps.left((), "app", "one", NOW)) == {}


def test_what_is_left_is_not_told_where_it_cannot_be_counted(tmp_path: Path) -> None:
    cap = StandingCap(DAILY_CAP, "grant", Cap(LIMIT))
    assert asyncio.run(DailyCaps().left((cap,), "app", "one", NOW)) == {}
    store = a_store(in_file(tmp_path))
    with store.engine.begin() as sql:
        sql.execute(sa.text("DROP TABLE policy_use"))
    assert asyncio.run(DailyCaps(store).left((cap,), "app", "one", NOW)) == {}
