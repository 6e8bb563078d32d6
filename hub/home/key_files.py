"""Reads and creates the key files of a home.

A key file that anyone but its owner may read is refused. A key is created once, complete, with mode 0600; two processes
that start together end up with the same one. The file `made` beside the keys names those that there were: one of them
that is missing is not silently made again, because what was written with it would be lost. Where `made` itself is gone
and there is a log or a policy store beside the folder, every key of a home counts as made.
"""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from audit.durable_files import write_new_file

MAX_BYTES = 65_536
MADE = "made"
OF_A_HOME = ("digest.key", "seal.key", "policy.key")
"""The keys that a home has as soon as a hub has served in it; `graph.key` comes with the first pull."""

_WRITTEN = ("audit.db", "audit.head", "policy.db")
"""What a home holds that was written with its keys."""


class KeyRefused(RuntimeError):
    """A key file cannot be used; the text names the file and the remedy, and holds nothing of the key."""


class NotPrivate(RuntimeError):
    """A file of the owner alone may be read by others, or is no plain file."""


def read_private(path: Path) -> bytes:
    """The first MAX_BYTES of a plain file that only its owner may read; raises OSError or NotPrivate."""
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC), "rb") as file:
        mode = os.fstat(file.fileno()).st_mode
        content = file.read(MAX_BYTES)
    if not stat.S_ISREG(mode) or stat.S_IMODE(mode) & 0o077:
        raise NotPrivate
    return content


def replace_private(path: Path, content: bytes) -> None:
    """Have a file that only its owner may read hold `content`; whoever reads it finds it whole. Raises OSError."""
    draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    write_new_file(draft, content)
    draft.replace(path)


def read_or_create(path: Path, make_key: Callable[[], bytes], *, replaceable: bool = False) -> bytes:
    """The content of the key file `path`, which is created with the result of `make_key` if it does not exist.

    Raises KeyRefused for a file that others may read, that is not a plain file, or that cannot be read or written, and
    for one that was there once, unless it is `replaceable`.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    made = path.with_name(MADE)
    if not replaceable:
        _note_lost(made)
    # Read before the file is looked for: another process that starts now makes the file first, and then its line.
    was_made = not replaceable and path.name in _names(made)
    if not os.path.lexists(path):
        if was_made:
            raise KeyRefused(
                f"{path} is missing, and what was written with it cannot be read with another; restore it from its "
                f"backup. If it is lost for good, remove its line from {made}: then a new one is made"
            )
        _create(path, make_key())
    content = _read(path)
    if not (replaceable or was_made) and path.name not in _names(made):
        _note(made, path.name)
    return content


def _note_lost(made: Path) -> None:
    """Name every key of a home as made where the folder of keys was lost: without a name a new one would be made."""
    home = made.parent.parent
    if not made.exists() and any((home / name).exists() for name in _WRITTEN):
        _note(made, "\n".join(OF_A_HOME))


def _names(made: Path) -> list[str]:
    try:
        return made.read_text("utf-8").split()
    except FileNotFoundError:
        return []
    except (OSError, UnicodeDecodeError):
        raise KeyRefused(f"{made} cannot be read; it names the keys that were made here, one a line") from None


def _note(made: Path, name: str) -> None:
    # A home that cannot be written is read all the same: the name is noted as soon as it can be.
    with suppress(OSError), os.fdopen(os.open(made, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), "w") as file:
        file.write(f"{name}\n")


def _read(path: Path) -> bytes:
    try:
        return read_private(path)
    except OSError:
        raise KeyRefused(f"{path} cannot be read; it must be a plain file (no link) that its owner may read") from None
    except NotPrivate:
        raise KeyRefused(
            f"{path} may be read by others; run chmod 600 on it, and replace the key if somebody may have read it"
        ) from None


def _create(path: Path, content: bytes) -> None:
    # Written to a draft and then linked: of two starting processes one wins, and neither sees half a key.
    draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    try:
        write_new_file(draft, content)
        os.link(draft, path)
    except FileExistsError:
        return
    except OSError:
        raise KeyRefused(f"{path} cannot be written; check the permissions and free space of its folder") from None
    finally:
        draft.unlink(missing_ok=True)
