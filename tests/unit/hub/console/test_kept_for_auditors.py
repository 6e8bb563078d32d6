"""Saved searches and the check of the whole log, in a real store: of one person, bounded, and one at a time."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from hub.console.auditor.saved import MOST, SavedSearches
from hub.console.integrity.checks import SILENT_SECONDS, Checks
from hub.home.sign_in import Identity
from tests.support.console.clock import Clock

pytestmark = pytest.mark.unit

WU = Identity("https://login.example", "wu", 0)
OTHERS = (Identity("https://login.example", "li", 0), Identity("https://other.example", "wu", 0))


def test_a_saved_search_is_of_one_person(engine: sa.Engine) -> None:
    saved = SavedSearches(engine)
    assert saved.keep(WU, "今日", "result=OK")
    (mine,) = saved.of(WU)
    assert (mine.name, mine.terms) == ("今日", "result=OK")
    for other in OTHERS:
        assert saved.of(other) == []
        assert not saved.remove(other, mine.id)
    assert saved.of(WU) == [mine]
    assert saved.remove(WU, mine.id)
    assert saved.of(WU) == []


def test_a_name_stands_once_and_there_are_not_too_many(engine: sa.Engine) -> None:
    saved = SavedSearches(engine)
    for at in range(MOST):
        assert saved.keep(WU, f"{at:02}", "result=OK")
    assert not saved.keep(WU, "one more", "result=OK")
    assert saved.keep(WU, "07", "kind=admin")
    assert saved.keep(OTHERS[0], "another's", "result=OK")
    found = {each.name: each.terms for each in saved.of(WU)}
    assert len(found) == MOST
    assert found["07"] == "kind=admin"


def test_one_check_runs_at_a_time_and_a_new_one_takes_the_place_of_the_last(engine: sa.Engine) -> None:
    checks = Checks(engine)
    assert checks.last() is None
    run = checks.begin("wu")
    assert run is not None
    assert Checks(engine).begin("li") is None, "another hub asks"
    assert checks.go_on(run, 1_000, 3_000)
    last = checks.last()
    assert last is not None
    assert (last.done, last.total, last.ended, last.lost) == (1_000, 3_000, 0, False)
    assert checks.end(run, 3_000, "{}")
    assert checks.begin("li") is not None
    assert not checks.end(run, 3_000, "{}"), "the result of the one before is told no more"
    last = checks.last()
    assert last is not None
    assert (last.account, last.verdict) == ("li", "")


def test_a_check_that_was_killed_is_lost_and_another_may_begin(engine: sa.Engine) -> None:
    clock = Clock()
    checks = Checks(engine, clock)
    run = checks.begin("wu")
    assert run is not None
    clock.now += SILENT_SECONDS - 1
    assert checks.begin("li") is None
    assert checks.go_on(run, 1, 2)
    clock.now += SILENT_SECONDS
    last = checks.last()
    assert last is not None
    assert last.lost
    assert checks.begin("li") is not None
    assert not checks.go_on(run, 2, 2)
