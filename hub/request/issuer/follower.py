"""Keeps the verifier of a hub at the keys that its OpenID provider publishes.

They are asked for again every five minutes, and when a token names an unknown key: at most once in ten seconds, however
many such tokens come. While the provider is away the keys of before stay, for a longest time; after that no token is
accepted.
"""

from __future__ import annotations

import asyncio
import logging
import math
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Final, Protocol

from joserfc.jwk import KeySet

from hub.request.auth import KeysRefused, SignedTokens, Verifier
from hub.request.issuer.discovery import fetch_keys

REFRESH_SECONDS: Final = 300.0
"""How often the keys are asked for while all is well; a key that the provider has withdrawn is accepted so long."""
PAUSE_SECONDS: Final = 10.0
"""Shortest time between two questions to the provider, whatever asks for them."""
LOOK_SECONDS: Final = 0.5
_log = logging.getLogger("sluicegate.keys")


class KeyHolder(Protocol):
    """A hub as the follower of keys sees it: `verifier` is replaced by one assignment."""

    verifier: Verifier


class ProviderFollower:
    """Follows the keys of one provider for one hub, whose verifier has none before the first answer."""

    def __init__(
        self,
        hub: KeyHolder,
        issuer: str,
        max_age: float,
        *,
        kept: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`max_age` is in seconds, `clock` monotonic; the verifier keeps `kept` tokens."""
        self._hub, self._issuer, self._max_age, self._kept = hub, issuer, max_age, kept
        self.clock = clock
        self._asked = self._fetched = -math.inf
        self._due, self._wanted = -math.inf, False
        self._why = ""
        hub.verifier = replace(hub.verifier, missed=self.read_again)

    async def run(self) -> None:
        """Look twice a second until cancelled."""
        while True:
            await self.look()
            await asyncio.sleep(LOOK_SECONDS)

    async def look(self) -> None:
        """Drop keys that are too old, and ask for new ones if it is time."""
        now = self.clock()
        if self._hub.verifier.keys and now - self._fetched > self._max_age:
            self._take(KeySet([]))
        if now - self._asked >= PAUSE_SECONDS and (self._wanted or now >= self._due):
            await self._refresh(now)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What is wrong, for the operator, and whether the hub still has keys."""
        if not self._why:
            return ()
        if self._hub.verifier.keys:
            return (f"the issuer's keys of before stay, for {self._max_age / 3600:g} h at most: {self._why}",)
        return (f"no token is accepted, the hub has no keys: {self._why}",)

    def read_again(self) -> None:
        """Ask for the keys soon; it may be called often, and from any thread."""
        self._wanted = True

    async def _refresh(self, now: float) -> None:
        self._asked, self._wanted = now, False
        try:
            found = await fetch_keys(self._issuer)
        except KeysRefused as refused:
            self._due, self._why = now + PAUSE_SECONDS, str(refused)
            return
        self._due, self._fetched, self._why = now + REFRESH_SECONDS, now, ""
        # Tokens that were checked with the same keys need no other check.
        if found.keys.as_dict() != self._hub.verifier.keys.as_dict():
            self._take(found.keys)
            _log.info("the issuer's keys were taken: %d, and %d skipped", len(found.keys.keys), found.skipped)

    def _take(self, keys: KeySet) -> None:
        self._hub.verifier = replace(self._hub.verifier, keys=keys, signed=SignedTokens(self._kept))
