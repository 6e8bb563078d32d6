"""What both stores of the log share: the interface `Store`, addresses, faults, and the step from one head to the next.

An index is given once, and a log only grows: nothing is appended to a damaged or shortened one.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from audit.tree import HASH_BYTES, Frontier, Subtree

LAYOUT: Final = 2
"""Version of the tables, in both stores."""

SERVER: Final = "postgresql://"

Where = Path | str
"""The address of a log: a path, or `postgresql://USER:PASSWORD@HOST/DATABASE`."""

Append = Sequence[tuple[bytes, bytes]]
"""What must stand together: (leaf hash, canonical bytes) of a record and of its continuations."""

REMEDIES: Final = {
    "OLDER_LAYOUT": "it was written by an older version; move it away, and a new log is begun",
    "NEWER_LAYOUT": "it was written by a newer version than this program",
    "NOT_A_LOG": "this is not an audit log",
    "NOT_PREPARED": "the database is not prepared; run `sluicegate audit prepare`",
    "NO_PARTITION": "there is no partition for this month; run `sluicegate audit prepare`",
    "ROLE_TOO_STRONG": "its role could change or delete records; it must not be an owner or a superuser",
    "FSYNC_OFF": "the server runs with fsync off",
    "COMMIT_NOT_SYNCHRONOUS": "the server runs with synchronous_commit off",
    "SYNC_RETRIED": "the server runs with data_sync_retry on",
    "PUT_BACK": "the log was put back or replaced: it does not hold the recorded head; find out why, and only then"
    " `sluicegate audit accept-loss`",
    "FORKED": "the log was rewritten: it does not hold the checkpoint that was published",
    "FOREIGN": "its newest checkpoint, or the recorded head, is not signed by this log's key",
    "NO_RECORDED_HEAD": "checkpoints were published, but the recorded head is gone; find out why, and only then"
    " `sluicegate audit accept-loss`",
    "SPENT": "the disk is full; only what was under way is still written",
}
"""What a code means to the operator; other codes are names of SQLite or errno, or SQLSTATEs."""


class StoreFault(Exception):
    """The store failed. `lasting`: only opening it again may help. The text is a code, never a value."""

    def __init__(self, code: str, *, lasting: bool) -> None:
        super().__init__(code)
        self.lasting = lasting


@dataclass(frozen=True, slots=True)
class Placed:
    """Where the rows of one append stand: the index of the first, and size and root after the last."""

    index: int
    size: int
    root: bytes


@dataclass(frozen=True, slots=True)
class Head:
    """The tree at one commit: `size` leaves, their root (32 bytes), the frontier as `Frontier.packed` gives it.

    `start` is the size before that commit, where the store keeps it.
    """

    size: int
    root: bytes
    frontier: bytes
    start: int | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """One row as it is kept, unchecked. `month` (`YYYY-MM`) only where the store keeps it."""

    index: int
    leaf: object
    root: object
    body: object
    month: str | None = None


class Store(Protocol):
    """One connection that appends, used by one thread: `begin`, `append`, `commit`; after a StoreFault, `drop`."""

    @property
    def prepared_until(self) -> dt.date | None:
        """The first day for which records could not be kept, because nothing is prepared; None if there is no end."""

    @property
    def spent(self) -> bool:
        """Whether the reserve was given up: only what is under way may still be written."""

    def begin(self, until: float) -> None:
        """Take the writer's lock, waiting until the monotonic time `until`; connects if need be."""

    def append(self, appends: Sequence[Append]) -> list[Placed]:
        """Add the rows of each append after the head, in the open transaction."""

    def keep_texts(self, texts: dict[str, str]) -> None:
        """Keep each operation text under its hash, once, in the open transaction."""

    def publish(self, size: int, note: bytes) -> bool:
        """Keep a checkpoint, in the open transaction; False, and nothing is kept, if there is one as large."""

    def commit(self) -> None:
        """Return when the transaction is on the disk."""

    def relieve(self, code: str) -> bool:
        """Give up what is in reserve if `code` says that the disk is full; whether another try may now succeed."""

    def tidy(self, *, now: bool = False) -> None:
        """Do the work between commits, if enough was written or `now`; make the reserve again."""

    def drop(self) -> None:
        """Roll back and close, whatever state the connection is in."""


@dataclass(frozen=True, slots=True)
class Growth:
    """What a commit adds: rows (index, leaf, root, body), completed subtrees, and where each append stands."""

    rows: list[tuple[int, bytes, bytes, bytes]]
    nodes: list[Subtree]
    placed: list[Placed]


def load_frontier(head: Head, last: int | None, seen: int) -> Frontier:
    """The frontier to append to; StoreFault HEAD_DAMAGED unless `head` belongs to a log whose last index is `last`.

    `seen` is the largest size that was seen before: a shorter log was put back from an older copy. Appending after a
    damaged end would hide the damage.
    """
    try:
        frontier = Frontier.load(head.size, head.frontier)
    except (TypeError, ValueError, AttributeError):
        raise StoreFault("HEAD_DAMAGED", lasting=True) from None
    if frontier.root() != head.root or last != (head.size - 1 if head.size else None) or head.size < seen:
        raise StoreFault("HEAD_DAMAGED", lasting=True)
    return frontier


def grow(frontier: Frontier, appends: Sequence[Append]) -> Growth:
    """Append to `frontier`; it is changed in place."""
    growth = Growth([], [], [])
    for leaves in appends:
        first = frontier.size
        for leaf, body in leaves:
            growth.nodes.extend(frontier.append(leaf))
            growth.rows.append((frontier.size - 1, leaf, frontier.root(), body))
        growth.placed.append(Placed(first, frontier.size, frontier.root()))
    return growth


def checked_head(size: object, root: object, frontier: object, start: int | None = None) -> Head:
    """A row of the table of heads as a head; StoreFault HEAD_DAMAGED if it is not one."""
    if (
        type(size) is int
        and isinstance(root, bytes)
        and isinstance(frontier, bytes)
        and len(root) == HASH_BYTES
        and size >= 0
    ):
        return Head(size, root, frontier, start)
    raise StoreFault("HEAD_DAMAGED", lasting=True)


def explain_code(code: str) -> str:
    """A code with its meaning and remedy, if it is one of REMEDIES."""
    return f"{code}: {REMEDIES[code]}" if code in REMEDIES else code


def check_layout(version: int) -> None:
    """StoreFault OLDER_LAYOUT or NEWER_LAYOUT unless tables of `version` are those of this program."""
    if version != LAYOUT:
        raise StoreFault("OLDER_LAYOUT" if version < LAYOUT else "NEWER_LAYOUT", lasting=True)
