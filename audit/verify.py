"""A log that verifies is the log that was written: nothing changed, missing, moved, doubled, cut off or put back.

Every leaf is computed again from its bytes and every root from the leaves (RFC 6962 section 2.1), so that
the first row that does not follow from the rows before it is found and named. Then what hangs on the rows: the
heads of the commits, the subtrees, the texts, and every checkpoint that was published. Whoever rewrites the log
*and* recomputes every root after the change makes another log that is whole in itself: only a checkpoint shows
that, in the log if its signature is checked, or the recorded head, or one that a witness kept.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from audit.checkpoint import Checkpoint, Verifier
from audit.diagnosis import Bad, why_body, why_row
from audit.head_check import Checkpoints, Heads, open_file
from audit.record import RecordInvalid, check
from audit.stores.base import Row, StoreFault, Where
from audit.stores.open import open_reader
from audit.stores.reader import Reader
from audit.tree import TILE_HEIGHT, Frontier, leaf_hash

PAGE: Final = 1_000
FIRST: Final = -(2**63)
MAX_LEVEL: Final = 8


@dataclass(frozen=True, slots=True)
class Verdict:
    """`size` records verified up to `root` (hex); if not `ok`, `why`, and the first bad index if it is one.

    `why` is one of: changed, missing, reordered, duplicated, truncated, added, undecodable (a record); head, node,
    operation, checkpoint (what hangs on the records); rolled-back (a checkpoint covers records that are not there);
    foreign (a checkpoint is another log's, or this log was rewritten: what `size` covers is older than that);
    older (another version wrote it); unreadable.
    """

    ok: bool
    size: int
    root: str
    first_bad: int | None = None
    why: str | None = None


@dataclass(slots=True)
class _Good:
    """How far the log was found sound, and the subtrees that were complete by then."""

    tree: Frontier = field(default_factory=Frontier)
    nodes: dict[tuple[object, object], bytes] = field(default_factory=dict)


def verify(where: Where, *, verifier: Verifier | None = None, recorded_head: Path | None = None) -> Verdict:
    """Verify the log at `where`, which may be written to meanwhile; FileNotFoundError if there is none.

    With a `verifier`, the signatures of the checkpoints too. `recorded_head` is the file of a signed note that was kept
    elsewhere, by this hub or by a witness; FileNotFoundError if there is no such file.
    """
    good = _Good()
    bad: Bad | None = None
    try:
        # Read before the log is: what it covers must then be in the log.
        recorded = None if recorded_head is None else open_file(recorded_head, verifier)
        with closing(open_reader(where)) as reader:
            try:
                _verify(reader, good, verifier, recorded)
            except StoreFault as fault:
                bad = Bad("head") if _of_head(fault) else Bad("unreadable", good.tree.size)
    except Bad as found:
        bad = found
    except StoreFault as fault:
        bad = Bad("older" if str(fault) == "OLDER_LAYOUT" else "unreadable")
    sound = (good.tree.size, good.tree.root())
    if bad is None:
        return Verdict(True, sound[0], sound[1].hex())
    size, root = bad.sound or sound
    return Verdict(False, size, root.hex(), bad.index, bad.why)


def _of_head(fault: StoreFault) -> bool:
    return str(fault) in {"NO_HEAD", "HEAD_DAMAGED"}


def _verify(reader: Reader, good: _Good, verifier: Verifier | None, recorded: Checkpoint | None) -> None:
    newest = reader.checkpoint()
    head = reader.head()
    heads = Heads(reader, head)
    checkpoints = Checkpoints(reader, head.size, verifier, recorded, newest)
    heads.check(good.tree)
    checkpoints.check(good.tree)
    # What other processes append after this moment is theirs; the head that was read is what must hold.
    for row in _rows(reader, head.size):
        _follow(reader, good, row)
        heads.check(good.tree)
        checkpoints.check(good.tree)
    if good.tree.size < head.size:
        raise Bad("truncated", good.tree.size)
    heads.check_end()
    size, last = reader.ends()
    if last is not None and last >= size:
        raise Bad("added", size)
    _check_nodes(reader, good)
    for digest, text in reader.operations():
        if not isinstance(text, str) or hashlib.sha256(text.encode()).hexdigest() != digest:
            raise Bad("operation")
    checkpoints.check_end()


def _rows(reader: Reader, size: int) -> Iterator[Row]:
    # By pages, so that a long verification does not keep the writer from tidying its WAL.
    start = FIRST
    while True:
        page = reader.rows(start, size, PAGE)
        yield from page
        if len(page) < PAGE:
            return
        start = page[-1].index + 1


def _follow(reader: Reader, good: _Good, row: Row) -> None:
    """Add `row` to the tree; Bad, and the tree is as it was, if it does not follow from the rows before."""
    before, expected = good.tree, good.tree.size
    if row.index != expected:
        raise Bad("missing" if row.index > expected else "added", min(row.index, expected))
    if not isinstance(row.body, bytes) or not isinstance(row.leaf, bytes) or leaf_hash(row.body) != row.leaf:
        raise Bad(why_body(reader, row), row.index)
    after = before.copy()
    completed = after.append(row.leaf)
    if after.root() != row.root:
        raise Bad(why_row(reader, before, row), row.index)
    try:
        time = check(row.body)
    except RecordInvalid:
        raise Bad("undecodable", row.index) from None
    if row.month is not None and not time.startswith(row.month):
        raise Bad("changed", row.index)
    good.tree = after
    good.nodes.update({(node.level, node.index): node.hash for node in completed})


def _check_nodes(reader: Reader, good: _Good) -> None:
    left = dict(good.nodes)
    unknown = [(level, index) for level, index, kept in reader.kept_nodes() if left.pop((level, index), None) != kept]
    size, _ = reader.ends()
    # Subtrees that were completed meanwhile belong to records that came meanwhile.
    if left or not all(_completed(node, good.tree.size, size) for node in unknown):
        raise Bad("node")


def _completed(node: tuple[object, object], after: int, by: int) -> bool:
    level, index = node
    if type(level) is not int or type(index) is not int or not 1 <= level <= MAX_LEVEL:
        return False
    return after < (index + 1) << (TILE_HEIGHT * level) <= by
