"""Follows the list of revoked tokens for one hub: what a command puts there holds within seconds.

A list that cannot be used, or is gone, changes nothing, and is told: what it said before stays.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from audit.record import Digester
from hub.home.revocations import Revocations, RevocationsRefused
from hub.request.auth import content_of

LOOK_SECONDS: Final = 2.0
_log = logging.getLogger("sluicegate.keys")


class RevocationFollower:
    """Keeps what the list in a file says; raises RevocationsRefused for one that cannot be used at the start."""

    def __init__(self, file: Path, digester: Digester) -> None:
        self._file, self._digester = file, digester
        self._content = content_of(file)
        self._current = Revocations.load(file, digester)
        self.warnings: tuple[str, ...] = ()

    def covers(self, claims: Mapping[str, Any]) -> bool:
        """Whether the token with these claims, which were checked, is revoked."""
        return self._current.covers(claims)

    async def run(self) -> None:
        """Look every two seconds until cancelled."""
        while True:
            await asyncio.to_thread(self.poll)
            await asyncio.sleep(LOOK_SECONDS)

    def poll(self) -> None:
        """Take what the file says if its content has changed."""
        content = content_of(self._file)
        if content == self._content:
            self.warnings = ()
            return
        try:
            if not content:
                raise RevocationsRefused(f"{self._file} cannot be read any more; restore it")
            self._current = Revocations.load(self._file, self._digester)
        except RevocationsRefused as refused:
            # Looked at again the next time, because a file that is being restored is soon whole.
            self.warnings = (f"the revoked tokens of before stay revoked: {refused}",)
            return
        self._content, self.warnings = content, ()
        _log.info("the list of revoked tokens was read again")
