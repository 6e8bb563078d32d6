"""Sessions in a real store: they end by themselves, are those of every worker, and the store opens none."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa

from hub.console.sessions.store import IDLE_SECONDS, LONGEST_SECONDS, MOST_OF_ACCOUNT, Sessions
from hub.home.sign_in import Identity
from policies.store_tables import engine_of
from policies.versions import StoreUnavailable
from tests.support.console.clock import Clock
from tests.support.policy_stores import in_file

pytestmark = pytest.mark.unit

ZHANG = Identity("https://login.example", "zhang", 0)


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_what_a_script_asks_keeps_no_session_alive(engine: sa.Engine, clock: Clock) -> None:
    """A page that follows the log is left open overnight."""
    sessions = Sessions(engine, clock)
    held = sessions.begin("wu", ZHANG)
    for _ in range(IDLE_SECONDS // 100 - 1):
        clock.now += 100
        assert sessions.find(held, by_person=False) is not None
    clock.now += 100
    assert sessions.find(held, by_person=False) is None


def test_a_session_is_found_by_what_the_browser_holds_alone(engine: sa.Engine, clock: Clock) -> None:
    sessions = Sessions(engine, clock)
    held = sessions.begin("zhang", ZHANG)
    found = sessions.find(held)
    assert found is not None
    assert (found.account, found.issuer, found.subject, found.begun) == ("zhang", *_who(ZHANG), int(clock.now))
    with engine.connect() as connection:
        row = connection.execute(sa.text("SELECT * FROM console_session")).one()
    assert held not in map(str, row)
    for other in (*map(str, row), held[:-1], held.swapcase(), "", "x" * 10_000, "\x00"):
        assert sessions.find(other) is None


def _who(identity: Identity) -> tuple[str, str]:
    return identity.issuer, identity.subject


def test_a_session_ends_when_it_is_not_used(engine: sa.Engine, clock: Clock) -> None:
    sessions = Sessions(engine, clock)
    held = sessions.begin("zhang", ZHANG)
    for _ in range(3):
        clock.now += IDLE_SECONDS - 1
        assert sessions.find(held)
    clock.now += IDLE_SECONDS
    assert sessions.find(held) is None
    assert sessions.of("zhang") == []


def test_a_session_ends_in_the_end_however_much_it_is_used(engine: sa.Engine, clock: Clock) -> None:
    sessions, began = Sessions(engine, clock), clock.now
    held = sessions.begin("zhang", ZHANG)
    while clock.now - began < LONGEST_SECONDS - 600:
        clock.now += 600
        assert sessions.find(held)
    clock.now += 600
    assert sessions.find(held) is None


def test_what_one_worker_ends_no_other_finds(engine: sa.Engine, clock: Clock) -> None:
    one, other = Sessions(engine, clock), Sessions(engine, clock)
    held = one.begin("zhang", ZHANG)
    found = other.find(held)
    assert found is not None
    assert other.end("wu", found.name) == 0
    assert other.end("zhang", found.name) == 1
    assert one.find(held) is None


def test_an_account_has_so_many_sessions_and_loses_the_oldest(engine: sa.Engine, clock: Clock) -> None:
    sessions, held = Sessions(engine, clock), []
    stranger = sessions.begin("wu", ZHANG)
    for _ in range(MOST_OF_ACCOUNT + 2):
        clock.now += 1
        held.append(sessions.begin("zhang", ZHANG))
    assert [sessions.find(each) is not None for each in held] == [False] * 2 + [True] * MOST_OF_ACCOUNT
    assert len(sessions.of("zhang")) == MOST_OF_ACCOUNT
    assert sessions.find(stranger)


def test_sessions_that_are_over_are_not_kept(engine: sa.Engine, clock: Clock) -> None:
    sessions = Sessions(engine, clock)
    sessions.begin("zhang", ZHANG)
    clock.now += IDLE_SECONDS
    sessions.begin("wu", ZHANG)
    with engine.connect() as connection:
        assert connection.execute(sa.text("SELECT count(*) FROM console_session")).scalar() == 1


def test_a_store_that_is_away_finds_nobody(tmp_path: Path) -> None:
    sessions = Sessions(engine_of(in_file(tmp_path)))
    with pytest.raises(StoreUnavailable):
        sessions.find("x")
    with pytest.raises(StoreUnavailable):
        sessions.begin("zhang", ZHANG)
