"""What pages ask of the objections of a hub; blocks, for a thread.

Each step is in the audit log before it counts. A record names the objection, its department, and texts by digest alone.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from hub.console.objections.objection import Objection, Verdict, answering
from hub.console.objections.store import Objections, Record
from hub.console.refusals import PageRefused
from hub.home.audit_log import command_record
from hub.home.zone import day_of
from hub.request.running import Hub
from hub.steward.actor import Actor
from hub.steward.changes import reading_record
from policies.stewards import Steward

TEXT: Final = "objection"
"""The kind of digest under which records name what was written."""


@dataclass(frozen=True, slots=True)
class Listed:
    """An objection, whether the day by which it was to be answered is over, and the local days of both texts."""

    objection: Objection
    late: bool
    sent_on: dt.date
    answered_on: dt.date | None


def facts_of(hub: Hub, objection: Objection) -> Mapping[str, str]:
    """What each record says of an objection: its department, and its number as a digest, by which it is found."""
    return {"objection": hub.digester.digest("value", objection.id), "department": objection.department}


def facts_of_text(hub: Hub, objection: Objection, text: str) -> Mapping[str, str]:
    """As `facts_of`, with what was written as a digest."""
    return {**facts_of(hub, objection), "text": hub.digester.digest(TEXT, text)}


def own_objections(hub: Hub, objections: Objections, digests: Sequence[str]) -> Sequence[Listed]:
    """What the person with these digests objected to, the newest first."""
    objections.delete_old(_deletion(hub))
    return _listed(hub, objections.of(digests))


def queue_of(hub: Hub, objections: Objections, steward: Steward) -> tuple[Sequence[Listed], Sequence[Listed]]:
    """What waits for a steward, what is due first before the rest, and what was answered, the newest first."""
    objections.delete_old(_deletion(hub))
    whose = answering(steward, hub.policy.stewards.values())
    return _listed(hub, objections.waiting(whose)), _listed(hub, objections.answered(whose))


def in_queue(hub: Hub, objections: Objections, steward: Steward, name: str) -> Listed:
    """An objection of a steward's queue; PageRefused for any other, as for one that does not exist."""
    objections.delete_old(_deletion(hub))
    found = objections.find(name)
    if found is None or not answering(steward, hub.policy.stewards.values()).holds(found):
        raise PageRefused("obj_missing")
    return _listed(hub, [found])[0]


def answer(
    hub: Hub, objections: Objections, steward: Steward, actor: Actor, name: str, verdict: Verdict, text: str
) -> None:
    """Answer an objection; raises as `in_queue`, and ChangeRefused if it was answered by now."""
    found = in_queue(hub, objections, steward, name).objection

    def record(answered: Objection) -> None:
        facts = {**facts_of_text(hub, answered, text), "verdict": answered.verdict}
        hub.log.append_sync(reading_record(hub.digester, "admin", "console objection answer", actor, facts))

    objections.answer(found, verdict, steward.account, text, record)


def _listed(hub: Hub, found: Sequence[Objection]) -> list[Listed]:
    today, zone = hub.now().date(), hub.settings.zone
    return [
        Listed(
            each, each.is_late(today), day_of(each.sent, zone), day_of(each.answered, zone) if each.answered else None
        )
        for each in found
    ]


def _deletion(hub: Hub) -> Record:
    """A function that records that an objection is deleted, which nobody asked for."""

    def recorded(objection: Objection) -> None:
        record = command_record(hub.digester, "admin", "console objection delete", facts_of(hub, objection))
        hub.log.append_sync(record)

    return recorded
