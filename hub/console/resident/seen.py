"""Reads from the log what a resident's page shows them; blocks, for a thread.

It is what `accessesOf` tells of the same person: day, department, purpose and kinds of data, and never a time, an
application, a person of staff, a case or a count. What a purpose withholds leaves no gap.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from hub.auditor.subject_accesses import accesses_of
from hub.request.accesses import RecordedAccess
from hub.request.pipeline import Hub
from policies.model import PolicySet
from schema.catalogue import Catalogue

MOST_ROWS: Final = 200
"""Rows on a page, the newest first; a month shows the rest."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What a person is told: the `months` (YYYY-MM, newest first) with an access, and the rows of the one chosen."""

    months: Sequence[str]
    rows: Sequence[RecordedAccess]
    more: bool
    """Whether there are more rows than these."""


@dataclass(frozen=True, slots=True)
class Owned:
    """A sort of data with the department that owns it."""

    zh: str
    en: str
    department: str


def seen_of(hub: Hub, policy: PolicySet, digests: tuple[str, ...], month: str) -> Seen:
    """What the person with these digests is told today, of one month or (with an empty one) of all.

    Raises NotIndexed if the log is not indexed by the deadline of the graph, and as `accesses_of`.
    """
    until = time.monotonic() + hub.settings.graph_deadline
    found = accesses_of(hub.settings, digests, policy, hub.catalogue, deadline=lambda: time.monotonic() > until)
    told = [each for each in found if each.told]
    chosen = [each for each in told if month in ("", month_of(each))]
    months = list(dict.fromkeys(map(month_of, told)))
    return Seen(months, chosen[:MOST_ROWS], len(chosen) > MOST_ROWS)


def month_of(access: RecordedAccess) -> str:
    """The month of an access, such as 2026-06."""
    return f"{access.day:%Y-%m}"


def owners_of_personal_data(policy: PolicySet, catalogue: Catalogue) -> list[Owned]:
    """The types that tell about people, with their owners as the policy in force names them."""
    return [
        Owned(each.zh, each.en, policy.owners[each.name])
        for each in catalogue
        if each.subjects is not None and each.name in policy.owners
    ]
