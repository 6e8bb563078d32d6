"""The purpose tree: which granted or prohibited purposes apply to the purpose of a request.

Access to a purpose covers its descendants, never its parent or a sibling. An id is a dotted path
(`safety.fire.rental`) and is compared exactly, without normalisation. After Byun & Li, "Purpose based access control
for privacy protection in relational database systems" (2008).
"""

from __future__ import annotations

import re
from collections.abc import Iterable

_ID = re.compile(r"[a-z][a-z0-9]*(\.[a-z][a-z0-9]*)*\Z")


def valid_id(text: str) -> bool:
    """Whether `text` has the form of a purpose id."""
    return bool(_ID.match(text)) and len(text) <= 100


def parent(purpose: str) -> str | None:
    """The id one step up, or None at the root."""
    head, dot, _ = purpose.rpartition(".")
    return head if dot else None


def implies(granted: str, asked: str) -> bool:
    """Whether access for `granted` covers `asked`: the same purpose or a descendant of it."""
    return asked == granted or asked.startswith(granted + ".")


def covered(granted: Iterable[str], asked: str) -> bool:
    """Whether one of the granted purposes covers `asked`."""
    return any(implies(each, asked) for each in granted)


def prohibited_for(prohibited: Iterable[str], asked: str) -> bool:
    """Whether a prohibition for these purposes applies to `asked`: the same, a descendant or an ancestor."""
    return any(implies(each, asked) or implies(asked, each) for each in prohibited)
