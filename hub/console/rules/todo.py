"""What waits for a steward: grants and purposes that end, fields that nobody decided on, unused grants, open drafts.

Blocks, for a thread. From the log it takes which coordinates were answered to which application for which purpose, and
nothing of anybody's data.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Final, TypeVar

from audit.index import open_index
from audit.search import Query
from audit.stores.open import open_reader
from hub.auditor.uses import Uses, earliest, uses
from hub.console.rules.listing import types_of
from hub.console.steward.since import Origins
from hub.console.steward.versions import history
from hub.request.accesses import index_file
from hub.request.running import Hub
from policies.model import PolicySet, Purpose
from policies.purposes import covered, implies
from policies.review.check import subject_of
from policies.review.undecided import in_short, undecided
from policies.rules import Grant
from policies.stewards import Steward
from policies.versions import Past

SOON_DAYS: Final = 30
"""A grant or a purpose that ends within so many days is told."""
UNUSED_DAYS: Final = 90
"""A grant that nobody used for so many days is told."""


@dataclass(frozen=True, slots=True)
class Ending:
    """A grant or a purpose with the day on which it ends; `over` says that the day has gone by."""

    name: str
    day: dt.date
    over: bool
    mine: bool
    purge: dt.date | None = None


@dataclass(frozen=True, slots=True)
class Undecided:
    """Fields and edges of one owner that no rule names, in short; the owner may be nobody."""

    owner: str
    coordinates: tuple[str, ...]
    mine: bool


@dataclass(frozen=True, slots=True)
class Unused:
    """A grant of which nothing was answered; from the first day on which it could be, or the log's first record."""

    name: str
    mine: bool


@dataclass(frozen=True, slots=True)
class Todo:
    """All lists, what the steward answers for first. `reaches` is the log's earliest record, in seconds since 1970."""

    grants: tuple[Ending, ...]
    purposes: tuple[Ending, ...]
    undecided: tuple[Undecided, ...]
    unused: tuple[Unused, ...]
    drafts: tuple[Past, ...]
    reaches: int | None


_Waiting = TypeVar("_Waiting", Ending, Undecided, Unused)


def todo(hub: Hub, steward: Steward, origins: Origins) -> Todo:
    """What waits; StoreUnavailable, and IndexFault or StoreFault where the log cannot be read."""
    policy, now = hub.policy, hub.now()
    today = now.date()
    began = now - dt.timedelta(days=UNUSED_DAYS)
    found, reaches = _uses(hub, began)
    old = {name for name, since in origins.of(hub).items() if dt.datetime.fromisoformat(since.starts) <= began}
    newest = history(hub)
    current = next((past.version.number for past in newest if past.state == "in force"), None)
    return Todo(
        grants=tuple(_mine_first(_ending_grants(policy, steward, today))),
        purposes=tuple(_ending_purposes(policy, steward, today)),
        undecided=tuple(_mine_first(_undecided(hub, steward))),
        unused=tuple(_mine_first(_unused(policy, steward, found, today, old))),
        drafts=tuple(past for past in newest if past.state in {"draft", "approved"} and past.version.base == current),
        reaches=None if reaches is None else reaches // 1000,
    )


def _uses(hub: Hub, since: dt.datetime) -> tuple[Uses, int | None]:
    with closing(open_reader(hub.settings.audit_log)) as reader, open_index(index_file(hub.settings)) as index:
        index.follow(reader)
        return uses(index, Query(since=since)), earliest(index)


def owned(policy: PolicySet, steward: Steward, types: Iterable[str]) -> bool:
    """Whether the steward answers for one of some types."""
    return any(policy.owners.get(each) in steward.owns for each in types)


def _ending_grants(policy: PolicySet, steward: Steward, today: dt.date) -> list[Ending]:
    soon = today + dt.timedelta(days=SOON_DAYS)
    ending = [(each, each.valid.end) for each in policy.grants if each.valid.end is not None and each.valid.end <= soon]
    found = [Ending(each.id, end, end < today, owned(policy, steward, types_of(each))) for each, end in ending if end]
    return sorted(found, key=lambda each: each.day)


def _ending_purposes(policy: PolicySet, steward: Steward, today: dt.date) -> list[Ending]:
    """Purposes with an end, the nearest first: all of them, because what is collected for them must go then."""
    found = [
        Ending(each.id, each.expires, each.expires < today, _of_purpose(policy, steward, each), each.purge)
        for each in policy.purposes.values()
        if each.expires is not None
    ]
    return sorted(found, key=lambda each: (not each.mine, each.day))


def _of_purpose(policy: PolicySet, steward: Steward, purpose: Purpose) -> bool:
    granted = [
        each
        for each in policy.grants
        if any(implies(purpose.id, name) or implies(name, purpose.id) for name in each.purposes)
    ]
    return any(owned(policy, steward, types_of(each)) for each in granted)


def _undecided(hub: Hub, steward: Steward) -> list[Undecided]:
    by_owner: dict[str, list[str]] = {}
    for name in undecided(hub.catalogue, hub.policy):
        by_owner.setdefault(hub.policy.owners.get(name.partition(".")[0], ""), []).append(name)
    return [
        Undecided(owner, tuple(in_short(hub.catalogue, names)), owner in {"", *steward.owns})
        for owner, names in sorted(
            by_owner.items(), key=lambda each: (each[0] not in steward.owns, each[0] == "", each[0])
        )
    ]


def _unused(policy: PolicySet, steward: Steward, found: Uses, today: dt.date, old: Collection[str]) -> list[Unused]:
    """The grants that nobody used, of those that say what they say for long enough (`old`)."""
    return [
        Unused(each.id, owned(policy, steward, types_of(each)))
        for each in policy.grants
        if each.id in old and each.valid.holds(today) and not _was_used(policy, each, found)
    ]


def _was_used(policy: PolicySet, grant: Grant, found: Mapping[tuple[str, str], frozenset[str]]) -> bool:
    """Whether something that the grant gives was answered; another grant may have given it as well."""
    given = grant.coordinates
    selected = {each.id for each in policy.applications.values() if grant.to.selects(subject_of(each))}
    return any(
        application in selected and covered(grant.purposes, purpose) and not given.isdisjoint(coordinates)
        for (application, purpose), coordinates in found.items()
    )


def _mine_first(found: list[_Waiting]) -> list[_Waiting]:
    """What the steward answers for before the rest; both in the order in which they were."""
    return sorted(found, key=lambda each: not each.mine)
