"""Follows the list of revoked tokens for one hub: what a command puts there holds within seconds.

A list that cannot be used, or is gone, changes nothing, and is told: what it said before stays.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from pathlib import Path
from typing import Any

from audit.record import Digester
from hub.home.following import Follower, content_of
from hub.home.revocations import Revocations, RevocationsRefused


class RevocationFollower(Follower):
    """Keeps what the list in a file says; raises RevocationsRefused for one that cannot be used at the start."""

    def __init__(self, file: Path, digester: Callable[[], Digester], keys: Callable[[], Hashable]) -> None:
        """`digester` makes the digests of the list, `keys` changes when it does."""
        self._file, self._digester = file, digester
        self._was_there = False
        super().__init__(
            lambda: (content_of(file), keys()),
            self._read,
            "the list of revoked tokens",
            "the revoked tokens of before stay revoked",
        )
        self._read()

    def covers(self, claims: Mapping[str, Any]) -> bool:
        """Whether the token with these claims, which were checked, is revoked."""
        return self._current.covers(claims)

    def _read(self) -> None:
        content = content_of(self._file)
        if self._was_there and not content:
            raise RevocationsRefused(f"{self._file} cannot be read any more; restore it")
        self._current = Revocations.load(self._file, self._digester())
        self._was_there = bool(content)
