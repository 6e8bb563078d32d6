"""Finds who accessed a person's data, by the person's resident id number; the number itself is not kept."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import TYPE_CHECKING

from hub.auditor.search_terms import person_digests, surrogate_of
from hub.request.accesses import RecordedAccess, days_in_log, group_accesses

if TYPE_CHECKING:
    from audit.record import Digester
    from hub.home.settings import Settings
    from policies.model import PolicySet
    from schema.catalogue import Catalogue


def digests_of_number(settings: Settings, digester: Digester, number: str) -> tuple[str, ...]:
    """The digests under which records name the person with an id number; QueryRefused if it cannot be one."""
    return person_digests(digester, surrogate_of(settings)(number.strip()))


def accesses_of(
    settings: Settings,
    digests: tuple[str, ...],
    policy: PolicySet,
    catalogue: Catalogue,
    since: dt.date | None = None,
    until: dt.date | None = None,
    deadline: Callable[[], bool] | None = None,
) -> list[RecordedAccess]:
    """The accesses to data of the person with these digests, newest first, those of which they are not told too.

    Raises as `days_in_log` does; blocks.
    """
    recorded = days_in_log(settings, digests, since, until, deadline)
    return group_accesses(recorded, policy, catalogue, settings.now().date())
