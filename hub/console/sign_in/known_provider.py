"""The endpoints of an OpenID provider, looked up for the code flow and kept for some minutes."""

from __future__ import annotations

import time
from typing import Final

from hub.home.sign_in import CODE, Provider, discover

KNOWN_SECONDS: Final = 300.0
"""How long they are kept before they are looked up again."""


class KnownProvider:
    """The provider of one kind of sign-in."""

    def __init__(self) -> None:
        self._known: tuple[Provider, float] | None = None

    def at(self, issuer: str) -> Provider:
        """The provider of this name; blocks, and raises SignInRefused while it does not answer."""
        known = self._known
        if known is None or known[0].issuer != issuer or time.monotonic() - known[1] > KNOWN_SECONDS:
            self._known = known = (discover(issuer, CODE), time.monotonic())
        return known[0]
