"""The sessions of residents in a real store: one a person, which ends by itself, and none of staff."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from hub.console.sessions.residents import IDLE_SECONDS, LONGEST_SECONDS, ResidentSessions
from hub.console.sessions.store import Sessions
from hub.home.sign_in import Identity
from policies.store_tables import engine_of, make
from tests.support.console.clock import Clock
from tests.support.policy_stores import in_file

pytestmark = pytest.mark.unit

ANN, BOB = ("a1", "a0"), ("b1",)


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[sa.Engine]:
    engine = engine_of(in_file(tmp_path))
    make(in_file(tmp_path), engine)
    yield engine
    engine.dispose()


def test_it_is_found_by_what_the_browser_holds_and_the_store_does_not_hold_that(engine: sa.Engine) -> None:
    sessions = ResidentSessions(engine, Clock())
    held = sessions.begin(ANN)
    found = sessions.find(held)
    assert found is not None
    assert (found.digests, found.held) == (ANN, held)
    assert sessions.find(held[:-1]) is None
    with engine.connect() as connection:
        row = connection.execute(sa.text("SELECT * FROM resident_session")).one()
    assert held not in map(str, row)


def test_it_ends_without_use_and_at_last(engine: sa.Engine) -> None:
    clock = Clock()
    sessions = ResidentSessions(engine, clock)
    idle, busy = sessions.begin(ANN), sessions.begin(BOB)
    for _ in range(LONGEST_SECONDS // (IDLE_SECONDS // 2) - 1):
        clock.now += IDLE_SECONDS // 2
        assert sessions.find(busy) is not None
    assert sessions.find(idle) is None
    clock.now += IDLE_SECONDS // 2
    assert sessions.find(busy) is None


def test_a_clock_that_was_set_back_ends_it(engine: sa.Engine) -> None:
    clock = Clock()
    sessions = ResidentSessions(engine, clock)
    held = sessions.begin(ANN)
    clock.now -= 3_600
    assert sessions.find(held) is None


def test_a_person_has_one(engine: sa.Engine) -> None:
    sessions = ResidentSessions(engine, Clock())
    first, other = sessions.begin(ANN), sessions.begin(BOB)
    second = sessions.begin(ANN)
    assert (sessions.find(first), sessions.find(second) is not None) == (None, True)
    sessions.begin(ANN, before=other)
    assert sessions.find(other) is None, "the browser held it before"


def test_it_is_ended_alone(engine: sa.Engine) -> None:
    sessions = ResidentSessions(engine, Clock())
    ann, bob = sessions.begin(ANN), sessions.begin(BOB)
    sessions.end(ann)
    assert (sessions.find(ann), sessions.find(bob) is not None) == (None, True)


def test_no_session_of_one_kind_is_one_of_the_other(engine: sa.Engine) -> None:
    clock = Clock()
    residents, staff = ResidentSessions(engine, clock), Sessions(engine, clock)
    assert staff.find(residents.begin(ANN)) is None
    assert residents.find(staff.begin("zhang", Identity("https://login.example", "zhang", 0))) is None
