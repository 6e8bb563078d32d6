"""Reads from the log what a resident's page shows them; blocks, for a thread.

It is what `accessesOf` tells of the same person: day, department, purpose and kinds of data, and never a time, an
application, a person of staff, a case or a count. What a purpose withholds leaves no gap. On which days the person
opened the page themself is told apart.
"""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from audit.index import IndexFault, open_index
from audit.record import RecordInvalid
from audit.search import Query, days
from audit.stores.base import StoreFault
from hub.auditor.subject_accesses import accesses_of
from hub.console.refusals import PageRefused
from hub.request.accesses import NotIndexed, RecordedAccess, index_file
from hub.request.running import Hub
from policies.model import PolicySet
from policies.purposes import implies
from policies.review.check import subject_of
from schema.catalogue import Catalogue

MOST_ROWS: Final = 200
"""Rows on a page, the newest first; a month shows the rest."""
MOST_VISITS: Final = 10
"""Days on which somebody opened the page as this person, the newest first."""
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Seen:
    """What a person is told: the `months` (YYYY-MM, newest first) with an access, and the rows of the one chosen."""

    months: Sequence[str]
    rows: Sequence[RecordedAccess]
    more: bool
    """Whether there are more rows than these."""
    visits: Sequence[dt.date]
    """The last days on which somebody opened the page as this person, the newest first."""


@dataclass(frozen=True, slots=True)
class Owned:
    """A sort of data, by the name of its type, with the department that owns it."""

    name: str
    zh: str
    en: str
    department: str


def read_or_refuse(work: Callable[[], Result]) -> Callable[[], Result]:
    """Work that reads the log, with what is wrong with that told as a page tells it: PageRefused."""

    def refusing() -> Result:
        try:
            return work()
        except NotIndexed:
            raise PageRefused("my_later") from None
        except (IndexFault, RecordInvalid, StoreFault, OSError):
            raise PageRefused("store") from None

    return refusing


def told_to(hub: Hub, policy: PolicySet, digests: tuple[str, ...]) -> list[RecordedAccess]:
    """All of which the person with these digests is told today, the newest first.

    Raises NotIndexed if the log is not indexed by the deadline of the graph, and as `accesses_of`.
    """
    until = time.monotonic() + hub.settings.graph_deadline
    found = accesses_of(hub.settings, digests, policy, hub.catalogue, deadline=lambda: time.monotonic() > until)
    return [each for each in found if each.told]


def seen_of(hub: Hub, policy: PolicySet, digests: tuple[str, ...], month: str) -> Seen:
    """What the person with these digests is told today, of one month or (with an empty one) of all.

    Raises as `told_to`.
    """
    told = told_to(hub, policy, digests)
    chosen = [each for each in told if month in ("", month_of(each))]
    months = list(dict.fromkeys(map(month_of, told)))
    return Seen(months, chosen[:MOST_ROWS], len(chosen) > MOST_ROWS, _visits(hub, digests))


def _visits(hub: Hub, digests: tuple[str, ...]) -> list[dt.date]:
    """The last days on which the log has a reading by this person; it is indexed by now."""
    with open_index(index_file(hub.settings)) as index:
        found = {each.day for each in days(index, Query(who=digests, kind="subject"), hub.settings.zone)}
    return sorted(found, reverse=True)[:MOST_VISITS]


def month_of(access: RecordedAccess) -> str:
    """The month of an access, such as 2026-06."""
    return f"{access.day:%Y-%m}"


def asked_for_residents(policy: PolicySet, access: RecordedAccess) -> bool:
    """Whether an access is by an application that asks for residents who saw their data, for that purpose."""
    return any(
        each.department == access.department
        and grant.to.selects(subject_of(each))
        and any(implies(purpose, access.purpose) for purpose in grant.purposes)
        for grant in policy.grants
        if grant.accesses
        for each in policy.applications.values()
    )


def owners_of_personal_data(policy: PolicySet, catalogue: Catalogue) -> list[Owned]:
    """The types that tell about people, with their owners as the policy in force names them."""
    return [
        Owned(each.name, each.zh, each.en, policy.owners[each.name])
        for each in catalogue
        if each.subjects is not None and each.name in policy.owners
    ]
