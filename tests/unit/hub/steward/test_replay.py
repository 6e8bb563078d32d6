"""A replay counts the operations of a log that no hub has to serve: by time, by person, and by what was recorded."""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from audit.log import AuditLog, read
from audit.record import Coordinates, Digester, Record
from hub.steward.compare_decisions import Outcome, ReplayInputs
from hub.steward.replay import Replay, replay
from schema import SPINE
from tests.support.replay_policies import CURRENT, DRAFT
from tests.support.small_graph import SCHEMA, policy

pytestmark = pytest.mark.unit


ZONE = ZoneInfo("Asia/Shanghai")
DAY = dt.datetime.now(ZONE)


@dataclass(frozen=True)
class Logged:
    """A log written record by record."""

    path: Path

    def write(self, *records: Record) -> None:
        log = AuditLog.open(self.path)
        try:
            for record in records:
                log.append_sync(record)
        finally:
            log.close()


def record(number: int, at: dt.datetime, **given: Any) -> Record:
    known: dict[str, Any] = {
        "kind": "query",
        "request_id": f"r{number}",
        "result": "OK",
        "http_status": 200,
        "time": at.astimezone(dt.UTC).isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z",
        "application": "app",
        "department": "fire",
        "purpose": "a",
        "decision": Coordinates(clear=("Person.name",), masked=("Person.phone",)),
        "subjects": (f"person-{number}",),
    }
    return Record(**known | given)


def replayed(path: Path, tmp_path: Path, since: dt.datetime, draft: str = DRAFT) -> Replay:
    current = policy(tmp_path / "current", CURRENT)
    digester, after = Digester(b"k" * 32), policy(tmp_path / "draft", draft)
    found = ReplayInputs(SPINE, SCHEMA, after, current, lambda _: None, digester, DAY.date(), ZONE)
    return replay(path, found, since)


def test_only_what_was_asked_since_the_moment_is_counted(tmp_path: Path) -> None:
    log = Logged(tmp_path / "audit.db")
    log.write(*(record(number, DAY - dt.timedelta(hours=20 - number)) for number in range(20)))
    found = replayed(log.path, tmp_path, DAY - dt.timedelta(hours=5, minutes=30))
    assert found.operations == 5
    assert found.groups[0].pairs == {Outcome.COARSENED: 5, Outcome.DISCLOSED_CLEAR: 5}


def test_people_beyond_one_record_are_counted_once_each(tmp_path: Path) -> None:
    log = Logged(tmp_path / "audit.db")
    many = tuple(f"{number:022}" for number in range(6_000))
    log.write(record(1, DAY, subjects=many), record(2, DAY, subjects=many[:10]), record(3, DAY, subjects=("other",)))
    assert len(list(read(log.path))) > 3
    found = replayed(log.path, tmp_path, DAY - dt.timedelta(hours=1))
    assert found.groups[0].pairs == {Outcome.COARSENED: 6_001, Outcome.DISCLOSED_CLEAR: 6_001}
    assert found.operations == 3


def test_an_operation_whose_coordinates_did_not_fit_is_said_to_be_unread(tmp_path: Path) -> None:
    log = Logged(tmp_path / "audit.db")
    log.write(record(1, DAY, decision=Coordinates(clear=tuple(f"Person.f{n}" for n in range(2_000)))), record(2, DAY))
    found = replayed(log.path, tmp_path, DAY - dt.timedelta(hours=1))
    assert (found.operations, found.unread) == (1, 1)


def test_an_operation_that_needs_a_case_breaks_where_it_named_none(tmp_path: Path) -> None:
    log = Logged(tmp_path / "audit.db")
    log.write(record(1, DAY), record(2, DAY, case="digest-of-a-case"))
    draft = CURRENT.replace("obligations: {", "obligations: {case: required, ")
    found = replayed(log.path, tmp_path, DAY - dt.timedelta(hours=1), draft)
    assert found.groups[0].broken == {"case required": 1}
    assert found.groups[0].pairs == {Outcome.WITHHELD_CLEAR: 1, Outcome.WITHHELD_MASKED: 1}


OF_A_CASE = """
  - id: case
    to: {application: [app]}
    for: [a]
    basis: law
    obligations: {case: required}
    rows: {Event: {number: {eq: $case}}}
    fields: {Event.kind: clear}
"""
"""A grant whose rows only a case opens."""


@pytest.mark.parametrize(("case", "broken"), [(None, {}), ("digest-of-a-case", {"filter on Event.address": 1})])
def test_what_only_a_case_opens_is_denied_without_one(tmp_path: Path, case: str | None, broken: dict[str, int]) -> None:
    """A list of a type that is not open is null, and its condition is not looked at; with a case it is refused."""
    text = 'query q1 { events(where: {address: {eq: ""}}) { edges { node { kind } } } }'
    log = AuditLog.open(tmp_path / "audit.db")
    asked = record(1, DAY, operation=hashlib.sha256(text.encode()).hexdigest(), case=case, decision=Coordinates())
    log.append_sync(asked, text)
    log.close()
    found = replayed(tmp_path / "audit.db", tmp_path, DAY - dt.timedelta(hours=1), CURRENT + OF_A_CASE)
    assert [dict(each.broken) for each in found.groups if each.broken] == ([broken] if broken else [])


def test_other_records_are_no_operations(tmp_path: Path) -> None:
    log = Logged(tmp_path / "audit.db")
    log.write(*(record(1, DAY, kind=kind) for kind in ("preview", "policy", "replay", "pull")))
    assert replayed(log.path, tmp_path, DAY - dt.timedelta(hours=1)).groups == ()
