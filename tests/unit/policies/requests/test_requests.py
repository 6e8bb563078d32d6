"""Requests in a real store: each answered once, bounded, and standing where the version drafted of it stands."""

from __future__ import annotations

import datetime as dt
import secrets
from dataclasses import replace

import pytest
import sqlalchemy as sa

from audit.log import AuditUnavailable
from policies.language import load_files
from policies.requests.model import AccessRequest, Kept, Kind, is_sound
from policies.requests.progress import Standing, State
from policies.requests.store import MOST_OF_A_DAY, MOST_OPEN_OF_APPLICATION, MOST_OPEN_OF_PERSON, Requests, TooMany
from policies.requests.working_days import after_working_days
from policies.stewards import Steward
from policies.store_tables import changing
from policies.versions import Approval, ChangeRefused, Past, Version
from schema import SPINE
from tests.support.policy_stores import FILES

pytestmark = pytest.mark.unit

SUN = Steward("sun", "S-1")
NOW = dt.datetime(2026, 12, 1, 9, tzinfo=dt.UTC)


def request_of(**changes: object) -> AccessRequest:
    plain = AccessRequest(
        id=secrets.token_hex(6),
        form=secrets.token_hex(16),
        account="sun",
        person="S-1",
        application="desk",
        purpose="safety",
        kind=Kind.ACCESS,
        owner="police",
        fields={"Person.phone": "clear"},
        rows="本街道",
        basis="法",
        reason="为何",
        until=dt.date(2027, 3, 1),
        asked="2026-12-01T09:00:00.000000Z",
        due=dt.date(2026, 12, 15),
        lapses=dt.date(2026, 12, 29),
    )
    return replace(plain, **changes)  # type: ignore[arg-type]


class Log:
    """What was recorded; it fails if it is told to."""

    def __init__(self) -> None:
        self.acts: list[tuple[str, str]] = []
        self.fails = False

    def __call__(self, act: str, request: AccessRequest) -> None:
        if self.fails:
            raise AuditUnavailable("no log")
        self.acts.append((act, request.id))


def test_a_request_is_kept_as_it_was_asked_and_answered_once(engine: sa.Engine) -> None:
    log = Log()
    store, asked = Requests(engine, log, lambda: NOW), request_of(reason='"; DROP\n\u3000# 甲')
    assert store.ask([asked]) == [asked]
    assert store.find(asked.id) == asked
    assert store.find("x") is None
    refused = store.refuse(asked, "zhang", "不行")
    assert (refused.state, refused.answer, refused.answerer) == (Kept.REFUSED, "不行", "zhang")
    assert store.find(asked.id) == refused
    with pytest.raises(ChangeRefused, match="answered or withdrawn"):
        store.refuse(asked, "li", "也不行")
    with pytest.raises(ChangeRefused, match="answered or withdrawn"):
        store.withdraw(asked)
    with pytest.raises(ChangeRefused), changing(engine) as connection:
        store.drafted(connection, asked, "li", 2)
    assert store.find(asked.id) == refused
    assert log.acts == [("ask", asked.id), ("refuse", asked.id)]
    assert "不行" not in repr(refused)
    assert asked.reason not in repr(refused)


def test_a_form_that_is_sent_twice_asks_once(engine: sa.Engine) -> None:
    log = Log()
    store, first = Requests(engine, log, lambda: NOW), request_of()
    store.ask([first])
    assert store.ask([replace(first, id="other")]) == [first]
    other = request_of(form=first.form, account="zhao", person="DEMO-STAFF-0008")
    assert store.ask([other]) == [other], "a form of another account is another"
    assert [each.id for each in store.of(SUN)] == [first.id]
    assert log.acts == [("ask", first.id), ("ask", other.id)]


def test_nothing_counts_that_is_not_recorded(engine: sa.Engine) -> None:
    log = Log()
    store, asked = Requests(engine, log, lambda: NOW), request_of()
    log.fails = True
    with pytest.raises(AuditUnavailable):
        store.ask([asked])
    assert store.find(asked.id) is None
    log.fails = False
    store.ask([asked])
    log.fails = True
    with pytest.raises(AuditUnavailable):
        store.withdraw(asked)
    with pytest.raises(AuditUnavailable):
        store.refuse(asked, "zhang", "x")
    assert store.find(asked.id) == asked


@pytest.mark.parametrize(
    ("most", "of", "then"),
    [
        (MOST_OPEN_OF_PERSON, {"account": "sun"}, {"account": "sun", "application": "other"}),
        (MOST_OPEN_OF_PERSON, {"person": "S-1"}, {"account": "sun-again", "application": "other"}),
        (MOST_OPEN_OF_APPLICATION, {"application": "desk"}, {"account": "zhao", "application": "desk"}),
        (MOST_OF_A_DAY, {"account": "sun", "state": Kept.WITHDRAWN}, {"account": "sun", "application": "other"}),
    ],
)
def test_a_flood_ends(most: int, of: dict[str, object], then: dict[str, object], engine: sa.Engine) -> None:
    store = Requests(engine, Log(), lambda: NOW)
    for number in range(most):
        plain = {"account": f"a{number}", "person": f"A-{number}", "application": f"b{number}", **of}
        assert store.ask([request_of(**plain)])
    with pytest.raises(TooMany):
        store.ask([request_of(**then)])
    later = Requests(engine, Log(), lambda: NOW + dt.timedelta(days=40))
    assert later.ask([request_of(**then)]), "what lapsed is no longer counted"


def test_a_queue_is_of_the_owners_of_the_version_in_force() -> None:
    asked = request_of()
    police, housing = (Steward("z", "Z-1", owns=(owner,)) for owner in ("police", "housing"))
    assert asked.is_for(police, {"Person": "police"})
    assert not asked.is_for(housing, {"Person": "police"})
    assert asked.is_for(housing, {"Person": "housing"}), "the owner changed since"
    assert not asked.is_for(police, {"Person": "housing"})
    assert asked.is_for(police, {}), "a type that has no owner any more stays with the one that was asked"
    assert not asked.is_for(housing, {})
    nobody = replace(asked, owner="")
    assert nobody.is_for(housing, {})


def test_a_person_is_one_under_all_their_accounts() -> None:
    asked = request_of()
    others = {"sun": Steward("sun", "S-2")}
    assert asked.is_of(Steward("sun", "other"), {})
    assert asked.is_of(Steward("boss", "S-1"), {})
    assert asked.is_of(Steward("boss", "s1"), {}), "written otherwise"
    assert asked.is_of(Steward("boss", "S-2"), others), "by the version in force"
    assert not asked.is_of(Steward("boss", "S-3"), others)


@pytest.mark.parametrize(
    ("text", "most", "lines", "sound"),
    [
        ("法", 1, False, True),
        ("", 9, False, False),
        (" \n ", 9, True, False),
        ("甲\u3000乙", 9, False, True),
        ("a\nb", 9, False, False),
        ("a\nb", 9, True, True),
        ("abc", 2, True, False),
        *((f"a{sign}b", 9, True, False) for sign in "\x00\x1b\x7f\x85\t\r\u200b\u202e\u2066\u2028\u2029\ufeff\u00ad"),
        *((f"a{sign}b", 9, True, False) for sign in "\ud800\uffff\ue000\u3164\u2800\U000e0041"),
    ],
)
def test_a_text_has_no_sign_that_nobody_sees(text: str, most: int, lines: bool, sound: bool) -> None:
    assert is_sound(text, most, lines=lines) is sound


@pytest.mark.parametrize(
    ("day", "count", "then"),
    [
        ("2026-12-01", 10, "2026-12-15"),  # a Tuesday
        ("2026-12-04", 1, "2026-12-07"),  # over a weekend
        ("2026-12-05", 1, "2026-12-07"),  # from a Saturday
        ("2026-12-05", 0, "2026-12-05"),
        ("2026-12-31", 2, "2027-01-04"),
    ],
)
def test_working_days(day: str, count: int, then: str) -> None:
    assert after_working_days(dt.date.fromisoformat(day), count) == dt.date.fromisoformat(then)


def versions(*states: str, approved: bool = False) -> dict[int, Past]:
    """Versions from 1 on with these states, each made from the one before."""
    found = {}
    for number, state in enumerate(states, start=1):
        version = Version(number, "h", "zhang", "Z", number - 1 or None, "", "")
        approvals = (Approval(number, "h", "li", "L", ""),) if approved else ()
        found[number] = Past(version, approvals, None, state)
    return found


POLICY = load_files(FILES, SPINE)
DRAFTED = {"state": Kept.DRAFTED, "version": 2}


@pytest.mark.parametrize(
    ("of", "states", "approved", "today", "state"),
    [
        ({}, (), False, "2026-12-29", State.ASKED),
        ({}, (), False, "2026-12-30", State.LAPSED),
        ({"until": dt.date(2026, 12, 3)}, (), False, "2026-12-03", State.ASKED),
        ({"until": dt.date(2026, 12, 3)}, (), False, "2026-12-04", State.LAPSED),
        ({"state": Kept.REFUSED}, (), False, "2027-12-30", State.REFUSED),
        ({"state": Kept.WITHDRAWN}, (), False, "2027-12-30", State.WITHDRAWN),
        (DRAFTED, ("in force", "draft"), False, "2026-12-30", State.DRAFTED),
        (DRAFTED, ("in force", "approved"), True, "2026-12-30", State.APPROVED),
        (DRAFTED, ("in force", "scheduled"), True, "2026-12-30", State.APPROVED),
        (DRAFTED, ("past", "in force"), True, "2026-12-30", State.IN_FORCE),
        (DRAFTED, ("past", "in force"), True, "2027-03-01", State.IN_FORCE),
        (DRAFTED, ("past", "in force"), True, "2027-03-02", State.ENDED),
        (DRAFTED, ("past", "past", "in force"), True, "2026-12-30", State.ENDED),
        (DRAFTED, ("past", "draft", "in force"), False, "2026-12-29", State.ASKED),
        (DRAFTED, ("past", "approved", "in force"), True, "2026-12-29", State.ASKED),
        (DRAFTED, ("past", "draft", "in force"), False, "2026-12-30", State.LAPSED),
        (DRAFTED, ("in force", "lapsed"), True, "2026-12-29", State.ASKED),
        (DRAFTED, ("in force",), False, "2026-12-29", State.ASKED),
    ],
)
def test_where_a_request_stands(
    of: dict[str, object], states: tuple[str, ...], approved: bool, today: str, state: State
) -> None:
    standing = Standing(versions(*states, approved=approved), POLICY, dt.date.fromisoformat(today))
    assert standing.state(request_of(**of)) is state


def test_a_request_is_late_after_its_day_and_only_while_it_waits() -> None:
    for day, late in (("2026-12-15", False), ("2026-12-16", True), ("2026-12-30", False)):
        assert Standing({}, POLICY, dt.date.fromisoformat(day)).is_late(request_of()) is late
    refused = request_of(state=Kept.REFUSED)
    assert not Standing({}, POLICY, dt.date(2026, 12, 16)).is_late(refused)
