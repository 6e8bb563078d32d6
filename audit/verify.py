"""Verifies a whole log: recomputes every leaf and root, and checks what depends on them.

A log that verifies is the log that was written: nothing was changed, removed, moved, doubled, cut off or put back. The
first row that does not follow from the rows before it is found and named; then come the heads of the commits, the kept
subtrees, the operation texts and every published checkpoint. Whoever rewrites a log *and* recomputes every root makes
another log that is sound in itself: only a checkpoint shows that, whether in the log (with its signature checked), as
the recorded head, or kept by a witness. So a verdict also says what was compared, and what was not.

The hashes are those of RFC 6962 section 2.1.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from audit.checkpoint import Checkpoint, Verifier
from audit.diagnosis import Damage, diagnose_body, diagnose_row
from audit.open_acts import OpenAct, OpenActs
from audit.record import RecordInvalid, check
from audit.stores.base import Row, StoreFault, Where
from audit.stores.open import open_reader
from audit.stores.reader import Reader
from audit.tree import TILE_HEIGHT, Frontier, leaf_hash
from audit.verify_heads import Checkpoints, Heads, read_kept_checkpoints

PAGE: Final = 1_000
FIRST: Final = -(2**63)
MAX_LEVEL: Final = 8


UNCOVERED_SECONDS: Final = 60
"""A record that is in no checkpoint after so long was not published: a hub stops serving long before that."""


@dataclass(frozen=True, slots=True)
class Compared:
    """What a verification compared, besides the records with the tree.

    `checkpoints` that the log published, and whether their `signatures` were checked with the log's key; `kept` notes
    from outside the log; `uncovered` records at the end are in none of them, and are `overdue` if the first of these
    is more than UNCOVERED_SECONDS old.
    """

    checkpoints: int = 0
    signatures: bool = False
    kept: int = 0
    uncovered: int = 0
    overdue: bool = False

    def missing(self) -> list[str]:
        """What was not compared, a sentence each; empty if all was."""
        return [
            text
            for is_missing, text in (
                (not self.signatures, "no signature: there is no public key of the log; give it with --public-key"),
                (not self.checkpoints, "no published checkpoint: the log holds none"),
                (
                    not self.kept,
                    "no checkpoint from outside the log: an older log that was put back would not be noticed; give one"
                    " with --head",
                ),
                (self.overdue, f"no checkpoint of the last {self.uncovered} records: none covers them"),
            )
            if is_missing
        ]


@dataclass(frozen=True, slots=True)
class Verdict:
    """`size` records verified up to `root` (hex); if not `ok`, why, and the first bad index if it is one record.

    `why` is one of: changed, missing, reordered, duplicated, truncated, added, undecodable (a record); head, node,
    operation, checkpoint (what depends on the records); rolled-back (a checkpoint covers records that are not there);
    foreign (a checkpoint is of another log, or this log was rewritten: the `size` records are older than that);
    older (an older version wrote it); unreadable. `note` is the number, from 1, of the note kept elsewhere that does
    not fit. `compared` says what the verdict rests on. `open` are the acts in a sound log that were begun and have no
    end: they run still, or were killed.
    """

    ok: bool
    size: int
    root: str
    first_bad: int | None = None
    why: str | None = None
    note: int | None = None
    compared: Compared = field(default=Compared(), compare=False)
    open: tuple[OpenAct, ...] = field(default=(), compare=False)


@dataclass(slots=True)
class _Verified:
    """The part of the log that was found sound, and the subtrees that are complete in it."""

    tree: Frontier = field(default_factory=Frontier)
    nodes: dict[tuple[object, object], bytes] = field(default_factory=dict)
    compared: Compared = Compared()
    acts: OpenActs = field(default_factory=OpenActs)


Progress = Callable[[int, int], None]


def _no_progress(_done: int, _total: int) -> None:
    """Nobody watches."""


def verify(
    where: Where,
    *,
    verifier: Verifier | None = None,
    recorded_head: Path | None = None,
    progress: Progress = _no_progress,
) -> Verdict:
    """Verify the log at `where`, which may be written to meanwhile; FileNotFoundError if there is none.

    With a `verifier` the signatures of the checkpoints are checked too. `recorded_head` is the file of one or more
    signed notes that were kept elsewhere, by this hub or by a witness; FileNotFoundError if there is no such file.
    `progress` is told after each 1,000 records how many are done, and of how many.
    """
    verified = _Verified()
    damage: Damage | None = None
    try:
        # Read before the log: what it covers must then be in the log.
        kept = [] if recorded_head is None else read_kept_checkpoints(recorded_head, verifier)
        with closing(open_reader(where)) as reader:
            try:
                _verify(reader, verified, verifier, kept, progress)
            except StoreFault as fault:
                damage = Damage("head") if _of_head(fault) else Damage("unreadable", verified.tree.size)
    except Damage as found:
        damage = found
    except StoreFault as fault:
        damage = Damage("older" if str(fault) == "OLDER_LAYOUT" else "unreadable")
    sound = (verified.tree.size, verified.tree.root())
    if damage is None:
        return Verdict(True, sound[0], sound[1].hex(), compared=verified.compared, open=verified.acts.left())
    size, root = damage.sound or sound
    return Verdict(False, size, root.hex(), damage.index, damage.why, damage.note)


def _of_head(fault: StoreFault) -> bool:
    return str(fault) in {"NO_HEAD", "HEAD_DAMAGED"}


def _verify(
    reader: Reader, verified: _Verified, verifier: Verifier | None, kept: list[Checkpoint], progress: Progress
) -> None:
    newest = reader.checkpoint()
    head = reader.head()
    heads = Heads(reader, head)
    checkpoints = Checkpoints(reader, head.size, verifier, kept, newest)
    heads.check(verified.tree)
    checkpoints.check(verified.tree)
    # Other processes may append after this moment; the head that was read is the one that must hold.
    for row in _rows(reader, head.size):
        _add_row(reader, verified, row)
        if verified.tree.size % PAGE == 0:
            progress(verified.tree.size, head.size)
        heads.check(verified.tree)
        checkpoints.check(verified.tree)
    if verified.tree.size < head.size:
        raise Damage("truncated", verified.tree.size)
    heads.check_end()
    size, last = reader.ends()
    if last is not None and last >= size:
        raise Damage("added", size)
    _check_nodes(reader, verified)
    for digest, text in reader.operations():
        if not isinstance(text, str) or hashlib.sha256(text.encode()).hexdigest() != digest:
            raise Damage("operation")
    checkpoints.check_end()
    uncovered = verified.tree.size - checkpoints.covered
    verified.compared = Compared(
        checkpoints=checkpoints.compared,
        signatures=verifier is not None,
        kept=len(kept),
        uncovered=uncovered,
        overdue=bool(uncovered) and _is_old(reader, checkpoints.covered),
    )


def _is_old(reader: Reader, index: int) -> bool:
    """Whether the record at `index`, which is sound, was made more than UNCOVERED_SECONDS ago."""
    body = reader.rows(index, index + 1, 1)[0].body
    made = dt.datetime.fromisoformat(check(body)) if isinstance(body, bytes) else dt.datetime.min.replace(tzinfo=dt.UTC)
    return dt.datetime.now(dt.UTC) - made > dt.timedelta(seconds=UNCOVERED_SECONDS)


def _rows(reader: Reader, size: int) -> Iterator[Row]:
    # By pages, so that the writer can tidy its WAL during a long verification.
    start = FIRST
    while True:
        page = reader.rows(start, size, PAGE)
        yield from page
        if len(page) < PAGE:
            return
        start = page[-1].index + 1


def _add_row(reader: Reader, verified: _Verified, row: Row) -> None:
    """Add `row` to the tree; Damage, and the tree is unchanged, if it does not follow from the rows before."""
    before, expected = verified.tree, verified.tree.size
    if row.index != expected:
        raise Damage("missing" if row.index > expected else "added", min(row.index, expected))
    if not isinstance(row.body, bytes) or not isinstance(row.leaf, bytes) or leaf_hash(row.body) != row.leaf:
        raise Damage(diagnose_body(reader, row), row.index)
    after = before.copy()
    completed = after.append(row.leaf)
    if after.root() != row.root:
        raise Damage(diagnose_row(reader, before, row), row.index)
    try:
        time = check(row.body)
    except RecordInvalid:
        raise Damage("undecodable", row.index) from None
    if row.month is not None and not time.startswith(row.month):
        raise Damage("changed", row.index)
    verified.tree = after
    verified.acts.take(row.index, row.body)
    verified.nodes.update({(node.level, node.index): node.hash for node in completed})


def _check_nodes(reader: Reader, verified: _Verified) -> None:
    left = dict(verified.nodes)
    unknown = [(level, index) for level, index, kept in reader.kept_nodes() if left.pop((level, index), None) != kept]
    size, _ = reader.ends()
    # Subtrees that were completed meanwhile belong to records that were appended meanwhile.
    if left or not all(_completed_between(node, verified.tree.size, size) for node in unknown):
        raise Damage("node")


def _completed_between(node: tuple[object, object], after: int, by: int) -> bool:
    level, index = node
    if type(level) is not int or type(index) is not int or not 1 <= level <= MAX_LEVEL:
        return False
    return after < (index + 1) << (TILE_HEIGHT * level) <= by
