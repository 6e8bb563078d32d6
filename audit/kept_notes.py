"""Reads a file of checkpoints that were kept outside the log: one signed note, or many, one after the other.

Every note in the file is read. Blank lines between notes do not matter, so that a witness may append a note to the file
whenever they fetch one.

C2SP signed-note: signature lines begin with an em dash and a blank; the first line after them that begins otherwise
belongs to the next note.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from audit.note import MAX_NOTE_BYTES

_SIGNATURE: Final = "— ".encode()


def notes_in(path: Path) -> Iterator[bytes]:
    """The bytes of each note in the file, in order; FileNotFoundError if there is no such file.

    The bytes may be no note at all; a file without one gives one that is empty.
    """
    with path.open("rb") as file:
        note, signed, found = b"", False, False
        while line := file.readline(MAX_NOTE_BYTES + 1):
            if signed and not line.startswith(_SIGNATURE):
                yield note
                note, signed, found = b"", False, True
            if not note and not line.strip():
                continue
            signed = line.startswith(_SIGNATURE)
            # One byte too many is enough for the note to be refused.
            note = (note + line)[: MAX_NOTE_BYTES + 1]
        if note or not found:
            yield note if not signed or note.endswith(b"\n") else note + b"\n"
