"""Whatever keeps the log keeps it in one way: an index is given once, and what was kept only grows.

Said here: what a store does for the one who appends (`Store`) and for those who read (`Reader`), and the step from one
head to the next that both kinds share. `audit/stores/sqlite.py` keeps the log in one file, `audit/stores/postgres.py`
on a server; `audit/stores/open.py` chooses by the address.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from audit.tree import HASH_BYTES, Frontier, Subtree

LAYOUT: Final = 2
SERVER: Final = "postgresql://"

Where = Path | str
"""The address of a log: a path, or `postgresql://USER:PASSWORD@HOST/DATABASE`."""

Append = Sequence[tuple[bytes, bytes]]
"""What must come to stand together: (leaf hash, canonical bytes) of a record and its continuations."""

REMEDIES: Final = {
    "OLDER_LAYOUT": "it is of an older version; move it away, and a new one is begun",
    "NEWER_LAYOUT": "it is of a newer version than this program",
    "NOT_A_LOG": "this is no audit log",
    "NOT_PREPARED": "the database is not prepared; `sluicegate audit prepare` does it",
    "NO_PARTITION": "there is no partition for this month; `sluicegate audit prepare` makes them",
    "ROLE_TOO_STRONG": "its role could change or delete records; it may be no owner and no superuser",
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
"""What a code means to who runs the hub; other codes are SQLite's names, errno's, or SQLSTATEs."""


class StoreFault(Exception):
    """The store refused. `lasting`: only a reopening may help. The text is a code, never a value."""

    def __init__(self, code: str, *, lasting: bool) -> None:
        super().__init__(code)
        self.lasting = lasting


@dataclass(frozen=True, slots=True)
class Placed:
    """Where one append's rows came to stand: the first one's index, and size and root after the last."""

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
    """One row as it is kept; what should be bytes is checked by who trusts it. `month` only where it is kept."""

    index: int
    leaf: object
    root: object
    body: object
    month: str | None = None


class Store(Protocol):
    """One connection that appends, used by one thread: `begin`, `append`, `commit`; after a StoreFault, `drop`."""

    @property
    def spent(self) -> bool:
        """Whether the reserve was given up, so that only what is under way may still be written."""

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
        """What is to be done between commits, if enough has come or `now`; makes the reserve again."""

    def drop(self) -> None:
        """Roll back and close, whatever state the connection is in."""


class Reader(Protocol):
    """One connection that only reads; also the `Leaves` of proofs. FileNotFoundError if there is no log.

    All raise StoreFault. Ranges are [start, stop). Each call sees what was committed before it.
    """

    @property
    def size(self) -> int:
        """How many records the newest head covers."""

    def head(self) -> Head:
        """The newest head; StoreFault HEAD_DAMAGED if it is none."""

    def heads(self, after: int, limit: int) -> list[Head]:
        """The heads of the commits whose size is beyond `after`, smallest first, as far as they are kept."""

    def ends(self) -> tuple[int, int | None]:
        """The size of the newest head and the largest index of a row, at one moment."""

    def count(self) -> int:
        """How many rows there are."""

    def rows(self, start: int, stop: int, limit: int) -> list[Row]:
        """The rows with start ≤ index < stop, by index."""

    def alike(self, leaf: bytes, index: int) -> Row | None:
        """A row with that leaf at any other index than `index`."""

    def leaves(self, start: int, stop: int) -> list[bytes]:
        """The leaf hashes from `start` to before `stop`."""

    def nodes(self, level: int, start: int, stop: int) -> list[bytes]:
        """The roots of perfect subtrees of height 8 × `level`, level ≥ 1."""

    def kept_nodes(self) -> Iterator[tuple[object, object, object]]:
        """Each (level, index, hash) as it is kept."""

    def operation(self, digest: str) -> str | None:
        """The text of an operation by its SHA-256 in hex, if it is kept."""

    def operations(self) -> Iterator[tuple[object, object]]:
        """Each (hash, text) as it is kept."""

    def checkpoint(self) -> bytes | None:
        """The newest checkpoint that was published, a signed note."""

    def checkpoints(self, after: int, limit: int) -> list[tuple[int, object]]:
        """The (size, note) of checkpoints whose size is beyond `after`, smallest first."""

    def close(self) -> None:
        """Give the connection back."""


@dataclass(frozen=True, slots=True)
class Grown:
    """What a commit adds: rows (index, leaf, root, body), subtrees that became complete, and who stands where."""

    rows: list[tuple[int, bytes, bytes, bytes]]
    nodes: list[Subtree]
    placed: list[Placed]


def load_frontier(head: Head, last: int | None, seen: int) -> Frontier:
    """The frontier to append to; StoreFault if the head is not that of a log that ends with index `last`.

    `seen` is the largest size that was seen before. To append after a damaged end would hide the damage; a shorter
    log than was seen before was put back.
    """
    try:
        frontier = Frontier.load(head.size, head.frontier)
    except (TypeError, ValueError, AttributeError):
        raise StoreFault("HEAD_DAMAGED", lasting=True) from None
    if frontier.root() != head.root or last != (head.size - 1 if head.size else None) or head.size < seen:
        raise StoreFault("HEAD_DAMAGED", lasting=True)
    return frontier


def grow(frontier: Frontier, appends: Sequence[Append]) -> Grown:
    """Append to `frontier`; it is changed in place."""
    grown = Grown([], [], [])
    for leaves in appends:
        first = frontier.size
        for leaf, body in leaves:
            grown.nodes.extend(frontier.append(leaf))
            grown.rows.append((frontier.size - 1, leaf, frontier.root(), body))
        grown.placed.append(Placed(first, frontier.size, frontier.root()))
    return grown


def sound_head(size: object, root: object, frontier: object, start: int | None = None) -> Head:
    """The head of a row of whatever is kept; StoreFault HEAD_DAMAGED if it is none."""
    if (
        type(size) is int
        and isinstance(root, bytes)
        and isinstance(frontier, bytes)
        and len(root) == HASH_BYTES
        and size >= 0
    ):
        return Head(size, root, frontier, start)
    raise StoreFault("HEAD_DAMAGED", lasting=True)


def explained(code: str) -> str:
    """A code with what it means, if there is more to say."""
    return f"{code}: {REMEDIES[code]}" if code in REMEDIES else code
