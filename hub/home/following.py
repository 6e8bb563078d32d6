"""Follows something in the files of a home that a running hub has taken, such as keys or a list of revoked tokens.

What has changed is taken within seconds. What cannot be used changes nothing, and is told: what was taken before stays.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Hashable
from pathlib import Path
from typing import Final

from hub.home.key_files import KeyRefused

LOOK_SECONDS: Final = 2.0
"""How often files are looked at."""
_log = logging.getLogger("sluicegate.keys")


class Follower:
    """Takes something anew whenever its state has changed."""

    def __init__(self, state: Callable[[], Hashable], take: Callable[[], None], what: str, stays: str) -> None:
        """`state` tells what there is now; it and `take` raise KeyRefused where that cannot be used.

        `what` and `stays` are words for the operator: what was read again, and what stays as it was.
        """
        self._state, self._take, self._what, self._stays = state, take, what, stays
        self._taken: Hashable = state()
        self.warnings: tuple[str, ...] = ()

    async def run(self) -> None:
        """Look every two seconds until cancelled."""
        while True:
            await asyncio.to_thread(self.poll)
            await asyncio.sleep(LOOK_SECONDS)

    def poll(self) -> None:
        """Take what there is, if it has changed."""
        try:
            state = self._state()
            if state != self._taken:
                self._take()
                self._taken = state
                _log.info("read again: %s", self._what)
        except KeyRefused as refused:
            # Looked at again the next time, because a file that is being written is soon whole.
            self.warnings = (f"{self._stays}: {refused}",)
            return
        self.warnings = ()

    def read_again(self) -> None:
        """Take it at the next look, whether or not it has changed."""
        self._taken = None


def content_of(file: Path) -> bytes:
    """What a file that is followed holds; nothing where it cannot be read."""
    try:
        return file.read_bytes()
    except OSError:
        return b""
