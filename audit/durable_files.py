"""Writes small files so that they outlast a power failure: file and folder are synced before a call returns.

Only the owner may read a file that is made here, and an existing file is never written to.
"""

from __future__ import annotations

import os
from pathlib import Path


def write_new_file(path: Path, content: bytes) -> None:
    """Make the file `path` (mode 0600) with `content` and sync it; FileExistsError if there is one."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def sync_folder(path: Path) -> None:
    """Return when the names in the folder `path` are on the disk."""
    folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
