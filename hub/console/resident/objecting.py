"""Makes the objection of a resident to what they were shown; blocks, for a thread.

A page names an access by a handle that only a page of that session knows: neither day nor purpose stands in an address,
and what was not shown to this person cannot be named.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from hub.console.objections.desk_work import facts_of, facts_of_text
from hub.console.objections.objection import Objection
from hub.console.objections.store import Objections
from hub.console.resident.recording import own_record
from hub.console.sessions.residents import Resident
from hub.request.accesses import RecordedAccess
from hub.request.denials import EXPECTED_WORKING_DAYS
from hub.request.running import Hub
from policies.requests.sheet import new_form
from policies.requests.working_days import after_working_days
from policies.versions import ChangeRefused, moment

ONE: Final = "one"
WHOLE: Final = "whole"
SCOPES: Final = (ONE, WHOLE)
"""What an objection is about: the access that was chosen, or all that was shown of its department."""


DIGITS: Final = 12
"""Of the number of an objection, which is read out on the telephone."""


@dataclass(frozen=True, slots=True)
class Written:
    """The form of an objection as it was sent, or as it is shown first."""

    access: str
    form: str = field(default_factory=new_form)
    scope: str = ONE
    reason: str = field(default="", repr=False)


def handle_of(held: str, access: RecordedAccess) -> str:
    """The name of an access in the pages of the session that a browser holds."""
    said = "\n".join(("access", access.day.isoformat(), access.department, access.purpose))
    return hmac.digest(held.encode(), said.encode(), "sha256").hex()[:32]


def chosen(resident: Resident, handle: str, told: Sequence[RecordedAccess]) -> RecordedAccess | None:
    """The access of this handle among those that the resident is told of."""
    named = ((handle_of(resident.held, each), each) for each in told)
    return next((each for name, each in named if hmac.compare_digest(name.encode(), handle.encode())), None)


def covers(objection: Objection, access: RecordedAccess) -> bool:
    """Whether an objection is about an access, alone or among others of its department."""
    return (
        objection.department == access.department
        and access.purpose in objection.purposes
        and objection.first <= access.day <= objection.last
    )


def send(
    hub: Hub,
    objections: Objections,
    resident: Resident,
    written: Written,
    access: RecordedAccess,
    told: Sequence[RecordedAccess],
) -> Objection:
    """Keep the objection that a form makes, recorded before it is kept; raises TooMany.

    `access` was chosen among all that the resident is `told` of.
    """
    whole = written.scope == WHOLE
    about = [each for each in told if each.department == access.department] if whole else [access]
    now = hub.now()
    new = Objection(
        id=f"{secrets.randbelow(10**DIGITS):0{DIGITS}d}",
        form=written.form,
        subject=resident.digests[0],
        department=access.department,
        purposes=tuple(dict.fromkeys(each.purpose for each in about)),
        first=min(each.day for each in about),
        last=max(each.day for each in about),
        whole=whole,
        records=sum(each.records for each in about),
        reason=written.reason,
        sent=moment(now),
        due=after_working_days(now.date(), EXPECTED_WORKING_DAYS),
    )

    def record(kept: Objection) -> None:
        facts = facts_of_text(hub, kept, kept.reason)
        hub.log.append_sync(own_record(hub.digester, "admin", "objection send", resident.digests, facts))

    return objections.send(new, resident.digests, record)


def withdraw(hub: Hub, objections: Objections, resident: Resident, name: str) -> None:
    """Take back an objection of the resident that waits, recorded before it counts; ChangeRefused for any other."""
    found = next((each for each in objections.of(resident.digests) if each.id == name and each.waits), None)
    if found is None:
        raise ChangeRefused("no objection of this number waits")

    def record(ended: Objection) -> None:
        facts = facts_of(hub, ended)
        hub.log.append_sync(own_record(hub.digester, "admin", "objection withdraw", resident.digests, facts))

    objections.withdraw(found, record)
