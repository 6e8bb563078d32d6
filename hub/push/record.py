"""Makes the audit records of a delivery: what came, before anything of it is written, and what became of it.

They hold source, application, counts and keyed digests of the events' ids, and nothing of the events themselves.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

from audit.record import BEGUN, Digester, Record
from hub.push.cloud_events import Event, Invalid
from hub.push.outcomes import Outcome
from hub.request.endpoint import Reply
from hub.request.record import Trail, asker_of

KIND: Final = "delivery"
BEGIN_NAME: Final = "delivery begin"
END_NAME: Final = "delivery"
LISTED: Final = 100
"""Events of a delivery whose digests stand in its record each; the others stand in one digest."""


def begin_record(trail: Trail, digester: Digester, source: str, items: Sequence[Event | Invalid]) -> Record:
    """What came: how many events, and for each of the first that is one the digest of its source and id (`event.0`).

    `event.others` is one digest over those of all further events, and `others` their number.
    """
    digests = {
        f"event.{each.index}": digester.digest("event", f"{each.source}\x00{each.id}")
        for each in items
        if isinstance(each, Event)
    }
    listed = dict(list(digests.items())[:LISTED])
    others = [digest for name, digest in digests.items() if name not in listed]
    if others:
        listed |= {"event.others": digester.digest("event", "\x00".join(others)), "others": str(len(others))}
    return _record(trail, digester, BEGIN_NAME, BEGUN, 0, {"source": source, "events": str(len(items)), **listed})


def end_record(
    trail: Trail, digester: Digester, source: str | None, outcomes: Sequence[Outcome], reply: Reply
) -> Record:
    """What became of a delivery: how many events of each outcome, or why it was refused."""
    counts = Counter(str(each.status) for each in outcomes)
    facts = {"events": str(len(outcomes)), **{name: str(count) for name, count in sorted(counts.items())}}
    named = {"source": source} if source is not None else {}
    return _record(trail, digester, END_NAME, reply.code, reply.status, named | (facts if outcomes else {}))


def _record(trail: Trail, digester: Digester, name: str, result: str, status: int, facts: Mapping[str, str]) -> Record:
    subject, arrival = trail.subject, trail.arrival
    return Record(
        kind=KIND,
        request_id=arrival.request_id,
        result=result,
        http_status=status,
        **asker_of(subject, digester),
        policy_version=trail.policy.version,
        catalogue_version=trail.catalogue_version,
        operation_name=name,
        variables=facts,
        duration_us=max(0, time.monotonic_ns() - arrival.started) // 1_000,
    )
