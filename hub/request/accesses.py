"""Answers who saw a resident's data (`accessesOf`), from the audit log.

A resident learns of accesses to their own data only, and nothing of anyone else, of staff, or of what is withheld from
them: the field names one person in full, and no id or list leads to it. An answer names day, department, purpose and
kinds of data: never a time, an application, a person of staff, a place in the log or a count. Purposes
that the policy withholds, or reports only later, look as if nobody had asked for them. The kinds are those of all
personal coordinates that an operation showed, so they are the most that was seen of one person among those it touched.
"""

from __future__ import annotations

import datetime as dt
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from audit.index import IndexFault, open_index
from audit.record import RecordInvalid
from audit.search import Day, Query, days
from audit.stores.base import StoreFault
from audit.stores.open import open_reader
from hub.errors import Code, HubError
from hub.home.settings import Settings
from hub.request.plan_model import Accesses, Planned
from policies.decide import told_to_residents
from policies.model import PolicySet
from schema.catalogue import PROVENANCE, Catalogue, CatalogueError, EdgeEnd, Field

UNLISTED = "unlisted"
"""The kind of data where a record keeps no list of its coordinates, because it was too long."""


@dataclass(frozen=True, slots=True, order=True)
class RecordedAccess:
    """That a department saw a person's data for a purpose on a day; `told`: whether the person is told of it today.

    `masked` are those of the `kinds` that were shown masked alone, `records` is how many records say so.
    """

    day: dt.date
    department: str
    purpose: str
    kinds: tuple[str, ...]
    told: bool
    masked: tuple[str, ...]
    records: int


class NotIndexed(Exception):
    """The index has not caught up with the log by the deadline; it goes on at the next call."""


def index_file(settings: Settings) -> Path:
    """The index of a home's log, which lies beside the recorded head wherever the log is."""
    return settings.audit_head.with_name("audit.index.db")


def days_in_log(
    settings: Settings,
    person: tuple[str, ...],
    since: dt.date | None,
    until: dt.date | None,
    deadline: Callable[[], bool] | None = None,
) -> list[Day]:
    """What the log of a home holds about the person with these digests, by day (`since` and `until` included); blocks.

    Raises NotIndexed if `deadline` says so before all of the log is indexed, FileNotFoundError if there is no log, and
    IndexFault, RecordInvalid or StoreFault.
    """
    after = None if until in (None, dt.date.max) else until + dt.timedelta(days=1)
    zone = settings.zone
    first, last = (_midnight(since, zone), _midnight(after, zone))
    with closing(open_reader(settings.audit_log)) as reader, open_index(index_file(settings)) as index:
        size = reader.size
        if index.follow(reader, until=deadline) < size:
            raise NotIndexed
        recorded = days(index, Query(subject=person, since=first, until=last), zone)
    # A preview shows invented data, and a refused request shows none.
    return [day for day in recorded if day.kind == "query"]


def group_accesses(
    recorded: Iterable[Day], policy: PolicySet, catalogue: Catalogue, today: dt.date
) -> list[RecordedAccess]:
    """One access for each day, department and purpose, newest first; withheld ones are marked, not left out."""
    clear: dict[tuple[dt.date, str, str], set[str]] = {}
    masked: dict[tuple[dt.date, str, str], set[str]] = {}
    records: Counter[tuple[dt.date, str, str]] = Counter()
    for each in recorded:
        key = (each.day, each.department or "", each.purpose or "")
        clear.setdefault(key, set()).update(_kinds(each.decision.clear, catalogue))
        masked.setdefault(key, set()).update(_kinds(each.decision.masked, catalogue))
        records[key] += each.records
    accesses = (
        RecordedAccess(
            day,
            department,
            purpose,
            tuple(sorted(shown | masked[day, department, purpose])),
            told_to_residents(policy, purpose, day, today),
            tuple(sorted(masked[day, department, purpose] - shown)),
            records[day, department, purpose],
        )
        for (day, department, purpose), shown in clear.items()
    )
    return sorted(accesses, key=lambda each: (-each.day.toordinal(), each.department, each.purpose))


def disclosed_rows(accesses: Iterable[RecordedAccess], policy: PolicySet) -> list[dict[str, Any]]:
    """The rows of GraphQL's `Access`: what the person is told."""
    return [
        {
            "day": each.day.isoformat(),
            "department": each.department,
            "purpose": each.purpose,
            "purposeTitle": purpose_title(policy, each.purpose),
            "kinds": list(each.kinds),
        }
        for each in accesses
        if each.told
    ]


def purpose_title(policy: PolicySet, purpose: str) -> str:
    """The Chinese and English names of a purpose; empty for one that the policy does not know."""
    node = policy.purposes.get(purpose)
    return f"{node.zh} {node.en}" if node else ""


def answer_accesses(
    settings: Settings,
    planned: Planned,
    row: Mapping[str, Any],
    digests: Callable[[str], tuple[str, ...]],
    policy: PolicySet,
    catalogue: Catalogue,
) -> dict[str, list[dict[str, Any]]]:
    """By response name: the rows of each `accessesOf` whose person the statement found; blocks.

    Raises HubError AUDIT_UNAVAILABLE if the log cannot be read, or is not indexed by the graph's deadline.
    """
    until = time.monotonic() + settings.graph_deadline

    def is_late() -> bool:
        return time.monotonic() > until

    rows: dict[str, list[dict[str, Any]]] = {}
    for root, sid in _found_people(planned, row):
        try:
            recorded = days_in_log(settings, digests(sid), root.since, root.until, is_late)
        except (NotIndexed, IndexFault, RecordInvalid, StoreFault, OSError):
            raise HubError(
                Code.AUDIT_UNAVAILABLE, "who saw a person's data cannot be looked up now; try again shortly"
            ) from None
        accesses = group_accesses(recorded, policy, catalogue, planned.decision.today)
        rows[root.name] = disclosed_rows(accesses, policy)
    return rows


def _found_people(planned: Planned, row: Mapping[str, Any]) -> Iterator[tuple[Accesses, str]]:
    """Each `accessesOf` with the surrogate of its person, where the statement found them."""
    for root in planned.fetched:
        if isinstance(root, Accesses) and (found := planned.result(root, row)):
            yield root, found[0]


def _kinds(names: Iterable[str], catalogue: Catalogue) -> Iterator[str]:
    for name in names:
        if name.startswith("#"):
            yield UNLISTED
            continue
        try:
            coordinate = catalogue.coordinate(name)
        except CatalogueError:
            continue  # a field that is no longer in the catalogue
        if coordinate.personal and not isinstance(coordinate, EdgeEnd):
            yield coordinate.kind.value if isinstance(coordinate, Field) else PROVENANCE


def _midnight(day: dt.date | None, zone: dt.tzinfo) -> dt.datetime | None:
    return None if day is None else dt.datetime.combine(day, dt.time(), zone)
