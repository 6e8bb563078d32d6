"""Objections in a real store: bounded, answered once, in the queue of who answers for the department, and deleted."""

from __future__ import annotations

import datetime as dt
import secrets
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa

from audit.log import AuditUnavailable
from hub.console.objections.objection import (
    KEPT_DAYS,
    MOST_OF_A_DAY,
    MOST_OPEN,
    Answering,
    Objection,
    Verdict,
    answering,
)
from hub.console.objections.store import Objections, TooMany
from policies.stewards import Role, Steward
from policies.versions import ChangeRefused, StoreUnavailable, moment

pytestmark = pytest.mark.unit

NOW = dt.datetime(2026, 12, 1, 9, tzinfo=dt.UTC)
FIRE = Answering(frozenset({"fire"}), frozenset({"fire", "housing"}))


def objection_of(**changes: object) -> Objection:
    plain = Objection(
        id=secrets.token_hex(6),
        form=secrets.token_hex(16),
        subject="digest-of-ann",
        department="fire",
        purposes=("safety.fire",),
        first=dt.date(2026, 11, 2),
        last=dt.date(2026, 11, 2),
        whole=False,
        records=2,
        reason='"; DROP\n\u3000# 甲',
        sent=moment(NOW),
        due=dt.date(2026, 12, 15),
    )
    return replace(plain, **changes)  # type: ignore[arg-type]


class Kept:
    """A store whose clock is turned by hand, with what was recorded; it fails if it is told to."""

    def __init__(self, engine: sa.Engine) -> None:
        self.now, self.recorded, self.fails = NOW, list[str](), False
        self.store = Objections(engine, lambda: self.now)

    def record(self, objection: Objection) -> None:
        if self.fails:
            raise AuditUnavailable("no log")
        self.recorded.append(objection.id)

    def send(self, **changes: Any) -> Objection:
        return self.store.send(objection_of(**{"sent": moment(self.now), **changes}), ["digest-of-ann"], self.record)

    def answer(self, found: Objection) -> Objection:
        return self.store.answer(found, Verdict.UPHELD, "zhang", "甲\n乙", self.record)


@pytest.fixture
def kept(engine: sa.Engine) -> Kept:
    return Kept(engine)


def test_it_is_kept_as_it_was_sent_and_answered_once(kept: Kept) -> None:
    sent = kept.send(purposes=("a", "b"), whole=True)
    assert kept.store.find(sent.id) == sent
    assert kept.store.of(["older", "digest-of-ann"]) == [sent]
    assert kept.store.of(["digest-of-bob"]) == []
    answered = kept.answer(sent)
    assert kept.store.find(sent.id) == answered
    assert (answered.verdict, answered.answer, answered.answerer) == (Verdict.UPHELD, "甲\n乙", "zhang")
    with pytest.raises(ChangeRefused):
        kept.answer(sent)
    assert kept.store.find(sent.id) == answered
    assert kept.recorded == [sent.id, sent.id]


def test_one_form_objects_once(kept: Kept) -> None:
    first = kept.send(form="f" * 32)
    assert kept.send(form="f" * 32) == first
    assert kept.recorded == [first.id]


def test_nothing_happens_that_is_not_recorded(kept: Kept) -> None:
    sent = kept.send()
    kept.fails = True
    with pytest.raises(AuditUnavailable):
        kept.send()
    with pytest.raises(AuditUnavailable):
        kept.answer(sent)
    kept.now += dt.timedelta(days=2 * KEPT_DAYS)
    assert kept.store.of([sent.subject]) == [sent]


def test_so_many_wait_and_so_many_are_sent_in_a_day(kept: Kept) -> None:
    sent = [kept.send() for _ in range(MOST_OPEN)]
    with pytest.raises(TooMany):
        kept.send()
    for each in sent:
        kept.answer(each)
    for _ in range(MOST_OF_A_DAY - MOST_OPEN):
        kept.answer(kept.send())
    with pytest.raises(TooMany):
        kept.send()
    kept.now += dt.timedelta(days=1, seconds=1)
    assert kept.send().waits


def test_each_queue_holds_its_departments_and_those_of_nobody(kept: Kept) -> None:
    late, soon = (kept.send(due=dt.date(2026, 12, day)) for day in (9, 8))
    other = kept.send(department="housing")
    nobodys = kept.send(department="statistics", due=dt.date(2026, 12, 20))
    assert kept.store.waiting(FIRE) == [soon, late, nobodys]
    answered = kept.answer(late)
    assert (kept.store.waiting(FIRE), kept.store.answered(FIRE)) == ([soon, nobodys], [answered])
    assert [each.id for each in (late, soon, other, nobodys) if FIRE.holds(each)] == [late.id, soon.id, nobodys.id]


def test_who_answers_for_a_department() -> None:
    one = Steward("one", "P-1", roles=(Role.STEWARD,), owns=("fire",))
    other = Steward("other", "P-2", roles=(Role.STEWARD,), owns=("housing",))
    gone = Steward("gone", "P-3", roles=(Role.APPROVER,), owns=("statistics",))
    assert answering(one, (one, other, gone)) == FIRE, "whoever is no steward answers for nothing"


def test_it_is_late_after_its_day_while_it_waits(kept: Kept) -> None:
    sent = kept.send()
    assert (sent.is_late(sent.due), sent.is_late(sent.due + dt.timedelta(days=1))) == (False, True)
    assert not kept.answer(sent).is_late(sent.due + dt.timedelta(days=1))


def test_it_is_deleted_so_long_after_its_answer_and_never_before(kept: Kept) -> None:
    waits, done = kept.send(), kept.send()
    kept.answer(done)
    kept.now += dt.timedelta(days=KEPT_DAYS)
    kept.store.delete_old(kept.record)
    assert kept.store.find(done.id) is not None
    kept.now += dt.timedelta(seconds=1)
    kept.store.delete_old(kept.record)
    assert kept.store.find(done.id) is None
    assert kept.store.find(waits.id) == waits, "nobody answered it yet"
    assert kept.recorded[-1] == done.id


def test_a_store_that_is_away_is_said_to_be(kept: Kept, engine: sa.Engine) -> None:
    with engine.begin() as connection:
        connection.execute(sa.text("ALTER TABLE resident_objection RENAME TO away"))
    with pytest.raises(StoreUnavailable):
        kept.store.of(["digest-of-ann"])
