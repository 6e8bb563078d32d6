"""A person who acts: their account, the sign-in behind it, and how records name both.

No record holds the account or the subject in clear: they are keyed digests.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from audit.record import Digester
from hub.home.sign_in import Identity

LOCAL: Final = "local"
"""How an act is signed where a name alone was believed."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: an account of the version in force, and the sign-in behind it (None: a name alone was believed)."""

    account: str
    identity: Identity | None = None

    @property
    def signed(self) -> str:
        """How the person was known, as the version store keeps it: provider and subject, or `local`."""
        return LOCAL if self.identity is None else f"{self.identity.issuer} {self.identity.subject}"

    def digest(self, digester: Digester) -> str:
        """The keyed digest of the account, under which records name them."""
        return digester.digest("steward", self.account)

    def facts(self, digester: Digester) -> Mapping[str, str]:
        """How the person was known, as a record of the log says it."""
        if self.identity is None:
            return {"signedIn": LOCAL}
        return {"signedIn": digester.digest("subject", self.signed), "issuer": self.identity.issuer}
