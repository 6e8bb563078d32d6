"""Records in a log that say that a department looked at a resident of the demo, as a query would have written them."""

from __future__ import annotations

from audit.record import Coordinates, Record, utc_now
from hub.auditor.search_terms import person_digests, surrogate_of
from hub.demo.provider import RESIDENTS
from hub.home.audit_log import append_record, digester_of
from hub.home.settings import Settings

SHOWN = Coordinates(clear=("Person.name",), masked=("Person.phone",))


def digests_of(settings: Settings, account: str) -> tuple[str, ...]:
    """The digests under which the log of a home names a resident."""
    return person_digests(digester_of(settings), surrogate_of(settings)(RESIDENTS[account].id_no))


def look_at(
    settings: Settings,
    account: str,
    purpose: str = "safety.fire.rental",
    *,
    department: str = "fire",
    time: str = "",
    shown: Coordinates = SHOWN,
) -> None:
    """Write that a department saw what is `shown` of a resident, at a `time` such as 2026-05-04T02:00:00.000Z."""
    record = Record(
        kind="query",
        request_id=f"{account}-{purpose}-{time}",
        result="OK",
        http_status=200,
        time=time or utc_now(),
        application="fire-inspection",
        department=department,
        subject=digester_of(settings).digest("subject", "inspector-1"),
        purpose=purpose,
        case=digester_of(settings).digest("case", "EV-9"),
        decision=shown,
        nodes=1,
        subjects=digests_of(settings, account),
    )
    append_record(settings, record)
