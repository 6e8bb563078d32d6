"""What a steward is told of registered operations: findings on one version, and what changes between two.

That an application may ask another document counts as widening, and so does that it is no longer bound to its own, or
its tokens to a key.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator

from policies.decide import applicable
from policies.model import DOCUMENTS_REGISTERED, KEY_REQUIRED, Application, PolicySet
from policies.operations.registered import Operation
from policies.review.changes import Change, Kind, Shown
from policies.rules import Subject


def faults_of_operations(
    policy: PolicySet, subject_of: Callable[[Application], Subject], today: dt.date
) -> Iterator[tuple[str, str]]:
    """Place and text of each operation that nobody could ask, or that was reviewed on a day to come.

    `subject_of` makes the subject of an application.
    """
    for each in policy.operations.values():
        if not applicable(policy, subject_of(policy.applications[each.application]), each.purpose, today):
            text = f"{each.application} has no grant in force for {each.purpose}, so that {each.name} is refused"
            yield each.place, f"{text}; remove the operation, or grant the purpose"
        late = sorted(name for name, day in each.reviewed.items() if day > today)
        if late:
            yield each.place, f"{each.name} was reviewed by {', '.join(late)} on a day to come; correct the date"
    asking = {application for application, _ in policy.operations}
    for application in policy.applications.values():
        if application.documents == DOCUMENTS_REGISTERED and application.id not in asking:
            text = f"{application.id} is bound to registered operations and has none, so that it may ask nothing"
            yield application.places.get("", "applications"), f"{text}; register one under `operations`"


def changed_operations(before: PolicySet, after: PolicySet, today: dt.date) -> Iterator[Change]:
    """Each operation that comes, goes or gets another purpose, and each application that is bound or let loose."""
    for key in sorted({*before.operations, *after.operations}):
        old, new = before.operations.get(key), after.operations.get(key)
        if old is not None and new is not None and old.purpose != new.purpose:
            yield _change(old, Kind.GONE, today)
            yield _change(new, Kind.NEW, today)
        elif old is None and new is not None:
            yield _change(new, Kind.NEW, today)
        elif old is not None and new is None:
            yield _change(old, Kind.GONE, today)
    for name in sorted({*before.applications} & {*after.applications}):
        for part, strict in (("documents", DOCUMENTS_REGISTERED), ("dpop", KEY_REQUIRED)):
            was, will = (getattr(each.applications[name], part) for each in (before, after))
            if was != will:
                kind = Kind.WIDENED if was == strict else Kind.NARROWED
                yield Change(name, "*", part, kind, (Shown(was),), (Shown(will),), today)


def _change(operation: Operation, kind: Kind, today: dt.date) -> Change:
    shown = (Shown(operation.id),)
    left, right = ((), shown) if kind is Kind.NEW else (shown, ())
    return Change(operation.application, operation.purpose, f"operation {operation.name}", kind, left, right, today)
