"""What a pull wrote last, so that hubs that read from other servers of a cluster see it.

In a cluster (`neo4j://`) reads go to followers, which may be a moment behind. A bookmark makes a follower wait until it
has the transaction that the bookmark names. The last ones of a pull lie in the home, and hubs read them for a minute:
by then every follower has what was written, and a bookmark of a graph that was put back meanwhile would stop all reads.
"""

from __future__ import annotations

import json
import logging
import os
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Final

from hub.graph.local import GraphAddress

RECENT_SECONDS: Final = 60.0
_log = logging.getLogger("sluicegate.graph")


def is_routed(address: GraphAddress) -> bool:
    """Whether the driver chooses among servers; a bookmark changes nothing otherwise."""
    return address.url.startswith("neo4j")


def nothing_written() -> tuple[str, ...]:
    """The bookmarks where there is one server: none."""
    return ()


def note_writes(path: Path, bookmarks: Sequence[str]) -> None:
    """Keep the bookmarks of a writer for the hubs of this home; where that fails, what was written is written still."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with open(draft, "w", encoding="utf-8", opener=partial(os.open, mode=0o600)) as file:
            json.dump(list(bookmarks), file)
        draft.replace(path)
    except OSError:
        draft.unlink(missing_ok=True)
        _log.warning("what was written is not noted for hubs that read from other servers; they may be a moment behind")


class RecentWrites:
    """The bookmarks of what was written in the last minute."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._read: tuple[float, tuple[str, ...]] = (0.0, ())

    def __call__(self) -> tuple[str, ...]:
        """The bookmarks that a reading has to wait for; none where nothing is known."""
        try:
            written = self._path.stat().st_mtime
            if abs(time.time() - written) > RECENT_SECONDS:
                return ()
            if self._read[0] != written:
                self._read = (written, tuple(json.loads(self._path.read_text("utf-8"))))
        except (OSError, ValueError):
            return ()
        return self._read[1]
