"""A key file is readable by its owner only, or it is not used.

Keys are made once, whole, with mode 0600; two processes that start together agree on one.
"""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Callable
from pathlib import Path

MAX_BYTES = 65_536


class KeyRefused(RuntimeError):
    """A key file cannot be used; the text names the file and the remedy, never the key."""


def keep(path: Path, make: Callable[[], bytes]) -> bytes:
    """The content of `path`, made with `make` if there is no such file.

    Raises KeyRefused for a file that others may read, that is no plain file, or that cannot be read or written.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not os.path.lexists(path):
        _create(path, make())
    return read(path)


def read(path: Path) -> bytes:
    """The content of a key file that only its owner may read; raises KeyRefused."""
    try:
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC), "rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            content = file.read(MAX_BYTES)
    except OSError:
        raise KeyRefused(f"{path} cannot be read as a plain file") from None
    if not stat.S_ISREG(mode) or stat.S_IMODE(mode) & 0o077:
        raise KeyRefused(f"{path} may be read by others; chmod 600 it, and replace it if it was exposed")
    return content


def _create(path: Path, content: bytes) -> None:
    # Written whole beside it, then linked: two starting processes agree on one key, and none sees half of it.
    draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.link(draft, path)
    except FileExistsError:
        return
    except OSError:
        raise KeyRefused(f"{path} cannot be written") from None
    finally:
        draft.unlink(missing_ok=True)
