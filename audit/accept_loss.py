"""Lets an operator go on with a log that does not hold the recorded head (`sluicegate audit accept-loss`).

The loss itself is recorded: size and root of what was recorded and of what was found, in a record of the log.
"""

from __future__ import annotations

import time
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from audit.checkpoint import Checkpoint, Signer, sign_checkpoint
from audit.publish import holds, newest_checkpoint
from audit.record import Record, RecordInvalid, pack
from audit.recorded_head import RecordedHead
from audit.stores.base import Placed, StoreFault, Where
from audit.stores.open import open_reader, open_store
from audit.tree import leaf_hash

LOCK_SECONDS: Final = 2.0


class LossRefused(ValueError):
    """There is no loss to accept, or a new recorded head would not repair it. The text says which."""


@dataclass(frozen=True, slots=True)
class AcceptedLoss:
    """The index of the record of a loss, and where the former head is kept (None: there was none)."""

    index: int
    kept: Path | None


def accept_loss(where: Where, record: Record, *, signer: Signer, recorded: Path) -> AcceptedLoss:
    """Append `record` (kind `admin`) with size and root of the recorded and of the present head, and publish.

    The new checkpoint becomes the recorded head in the file `recorded`; the former one is kept beside it. Raises
    LossRefused if the log holds the recorded head, or not even its own checkpoints; and whatever opening and writing
    the store raises.
    """
    if record.kind != "admin":
        raise RecordInvalid("a loss is accepted by a record of kind admin")
    head_file = RecordedHead(recorded, signer.verifier)
    with closing(open_reader(where)) as reader:
        newest, present, lost = newest_checkpoint(reader, signer.verifier), reader.head(), _lost_head(head_file)
        if newest is not None and not holds(reader, newest[0]):
            raise LossRefused("the log does not hold its own checkpoints: it is damaged, and a new head does not help")
        if lost is not None and holds(reader, lost):
            raise LossRefused("the log holds the recorded head: nothing is lost")
    heads = {"foundSize": str(present.size), "foundRoot": present.root.hex()}
    if lost is not None:
        heads |= {"recordedSize": str(lost.size), "recordedRoot": lost.root.hex()}
    placed, note = _append_and_publish(where, replace(record, variables=dict(record.variables) | heads), signer)
    return AcceptedLoss(placed.index, head_file.replace(note, f"lost-{placed.size}"))


def _lost_head(head_file: RecordedHead) -> Checkpoint | None:
    try:
        return head_file.read()
    except StoreFault:
        return None  # not a note of this log: it says nothing, and is kept as it is


def _append_and_publish(where: Where, record: Record, signer: Signer) -> tuple[Placed, bytes]:
    store = open_store(where)
    try:
        store.begin(time.monotonic() + LOCK_SECONDS)
        placed = store.append([[(leaf_hash(body), body) for body in pack(record)]])[0]
        note = sign_checkpoint(signer, placed.size, placed.root)
        store.publish(placed.size, note)
        store.commit()
    finally:
        store.drop()
    return placed, note
