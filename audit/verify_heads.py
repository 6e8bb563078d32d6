"""Checks the heads of the commits and the checkpoints during a verification: each must fit the tree at its size.

Both are kept in the order of their sizes, so one pass over the rows checks all of them. The recorded head, and each
note that a witness kept, is one more checkpoint.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from audit.checkpoint import Checkpoint, NoteRefused, Verifier, open_checkpoint
from audit.diagnosis import Damage
from audit.kept_notes import notes_in
from audit.note import decode
from audit.stores.base import Head
from audit.stores.reader import Reader
from audit.tree import HASH_BYTES, Frontier

PAGE: Final = 1_000
BEFORE_ALL: Final = -1


class Heads:
    """The heads of the commits up to the newest, as far as they are kept; each begins where the one before ended."""

    def __init__(self, reader: Reader, newest: Head) -> None:
        self._heads = _heads(reader, newest.size)
        self._next = next(self._heads, None)
        self._before: int | None = None

    def check(self, tree: Frontier) -> None:
        """Compare the tree with the head of its size, if there is one; Damage if they differ."""
        head = self._next
        if head is None or head.size > tree.size:
            return
        linked = head.start is None or head.start == self._before
        if head.size != tree.size or not linked or head.root != tree.root() or head.frontier != tree.packed:
            raise Damage("head")
        self._before, self._next = head.size, next(self._heads, None)

    def check_end(self) -> None:
        """After the last row: Damage if a head is left over."""
        if self._next is not None:
            raise Damage("head")


class Checkpoints:
    """The checkpoints that were published up to `size`, and those that were kept elsewhere."""

    def __init__(
        self,
        reader: Reader,
        size: int,
        verifier: Verifier | None,
        kept: Sequence[Checkpoint],
        newest: bytes | None,
    ) -> None:
        """`kept` may be in any order; `newest` is the newest note, read before the head of `size` was."""
        self.compared = 0
        """How many published checkpoints were compared with the tree so far."""
        self.covered = 0
        """The largest size at which a checkpoint was compared."""
        self._elsewhere = sorted(enumerate(kept, start=1), key=lambda each: each[1].size, reverse=True)
        self._largest = max((each.size for each in kept), default=None)
        self._size = size
        self._published = _checkpoints(reader, size, verifier)
        self._next = next(self._published, None)
        self._last: int | None = None
        self._sound = (0, Frontier().root())
        self._newest = newest
        self._verifier = verifier

    def check(self, tree: Frontier) -> None:
        """Compare the tree with each checkpoint of its size; Damage if the log was rewritten."""
        while self._next is not None and self._next.size <= tree.size:
            if self._next.size == tree.size:
                self._compare(self._next, tree)
                self.compared += 1
            self._last, self._next = self._next.size, next(self._published, None)
        while self._elsewhere and self._elsewhere[-1][1].size <= tree.size:
            note, checkpoint = self._elsewhere.pop()
            self._compare(checkpoint, tree, note)

    def check_end(self) -> None:
        """After the last row: Damage if a checkpoint covers records that are not there."""
        newest = None if self._newest is None else read_checkpoint(self._newest, self._verifier)
        if self._elsewhere:
            raise Damage("rolled-back", self._size, note=self._elsewhere[-1][0])
        if newest is not None and newest.size > self._size:
            raise Damage("rolled-back", self._size)
        if self._largest is not None and self._last is not None and self._last < self._largest:
            raise Damage("checkpoint")

    def _compare(self, checkpoint: Checkpoint, tree: Frontier, note: int | None = None) -> None:
        if checkpoint.root != tree.root():
            raise Damage("foreign", sound=self._sound, note=note)
        self._sound = (tree.size, checkpoint.root)
        self.covered = tree.size


def read_checkpoint(note: object, verifier: Verifier | None) -> Checkpoint:
    """The checkpoint in a note, its signature checked if there is a `verifier`; Damage if it is not of this log."""
    if not isinstance(note, bytes):
        raise Damage("checkpoint")
    if verifier is None:
        return _read_unsigned(note)
    try:
        return open_checkpoint(note, verifier)
    except NoteRefused as refused:
        raise Damage("foreign" if refused.why in {"foreign", "unsigned"} else "checkpoint") from None


def read_kept_checkpoints(path: Path, verifier: Verifier | None) -> list[Checkpoint]:
    """Each checkpoint in a file of notes; FileNotFoundError if there is none, Damage as in `read_checkpoint`."""
    checkpoints: list[Checkpoint] = []
    for number, note in enumerate(notes_in(path), start=1):
        try:
            checkpoints.append(read_checkpoint(note, verifier))
        except Damage as damage:
            raise Damage(damage.why, note=number) from None
    return checkpoints


def _read_unsigned(note: bytes) -> Checkpoint:
    lines = note.partition(b"\n\n")[0].decode("utf-8", "replace").split("\n")
    root = decode(lines[2]) if len(lines) > 2 else None
    if root is None or len(root) != HASH_BYTES or not (lines[1].isascii() and lines[1].isdigit()):
        raise Damage("checkpoint")
    return Checkpoint(lines[0], int(lines[1]), root)


def _heads(reader: Reader, size: int) -> Iterator[Head]:
    after = BEFORE_ALL
    while page := reader.heads(after, PAGE):
        for head in page:
            if head.size > size:
                return
            yield head
        after = page[-1].size


def _checkpoints(reader: Reader, size: int, verifier: Verifier | None) -> Iterator[Checkpoint]:
    after = BEFORE_ALL
    while page := reader.checkpoints(after, PAGE):
        for kept, note in page:
            # A checkpoint that was published after the head was read belongs to later records.
            if kept > size:
                return
            checkpoint = read_checkpoint(note, verifier)
            if checkpoint.size != kept:
                raise Damage("checkpoint")
            yield checkpoint
        after = page[-1][0]
