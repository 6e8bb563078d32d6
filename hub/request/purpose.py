"""Checks the access purpose of a request (stage 3).

A request states exactly one purpose that a grant in force gives to its subject; there is no default. An id must match
exactly, without normalisation. Which other purposes exist is not told: an unknown purpose, a sibling, a parent and an
expired grant are refused with the same text. Source: Byun & Li's access purpose; semantics 1 and 2 of the design's
section 4.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from hub.errors import Code, HubError
from hub.request.auth import Identified
from policies import obligations
from policies.decide import applicable, purposes_of
from policies.model import PolicySet
from policies.rules import Grant, Subject

MAX_PURPOSE = 128
MAX_CASE = 64


Applicable = Callable[[PolicySet, Subject, str, dt.date], tuple[Grant, ...]]
"""As `policies.decide.applicable`."""


@dataclass(frozen=True, slots=True)
class Purposed:
    """A request with a sender, a purpose, and the grants that apply to both."""

    identified: Identified
    purpose: str
    case: str | None = field(repr=False)
    grants: tuple[Grant, ...] = field(repr=False)
    today: dt.date


def check_purpose(identified: Identified, today: dt.date, find: Applicable = applicable) -> Purposed:
    """The request with its purpose and the grants for it; raises PURPOSE_REQUIRED, PURPOSE_DENIED or CASE_REQUIRED.

    `today` is the local date on which grants must be in force; `find` may keep what it found.
    """
    request = identified.request
    if request.purpose_header is None or not request.purpose_header:
        raise HubError(
            Code.PURPOSE_REQUIRED,
            "state one purpose in the header Access-Purpose; there is no default",
            access=_own_purposes(identified.policy, identified.subject, today),
        )
    purpose = request.purpose_header
    grants = find(identified.policy, identified.subject, purpose, today) if len(purpose) <= MAX_PURPOSE else ()
    if not grants:
        raise purpose_denied(identified.policy, identified.subject, today)
    if not request.case_header and needs_case(grants):
        raise HubError(
            Code.CASE_REQUIRED,
            "everything granted for this purpose needs a case: name it in the header Case-Reference",
        )
    return Purposed(identified, purpose, stated_case(request.case_header), grants, today)


def needs_case(grants: tuple[Grant, ...]) -> bool:
    """Whether nothing that is granted is answered without a case."""
    return all(obligations.CASE in grant.obligations for grant in grants)


def stated_case(stated: str | None) -> str | None:
    """The case that a header states, if any."""
    # A text longer than any case number is not a case; whether a case exists is never told.
    return stated if stated and len(stated) <= MAX_CASE else None


def purpose_denied(policy: PolicySet, subject: Subject, today: dt.date) -> HubError:
    """The refusal of a purpose for which a subject has no grant in force, whatever the reason."""
    return HubError(
        Code.PURPOSE_DENIED,
        "this application has no grant in force for the purpose that it states; state another, or ask for a grant",
        access=_own_purposes(policy, subject, today),
    )


def _own_purposes(policy: PolicySet, subject: Subject, today: dt.date) -> Mapping[str, Any]:
    return {"purposesThatWould": list(purposes_of(policy, subject, today))}
