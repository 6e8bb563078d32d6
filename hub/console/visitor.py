"""Who is signed in at a page: a session, and the person of the version in force for whom it stands.

Account, sign-in and roles are compared with the version in force at each request: whoever loses a role, or whose
subject is taken out, loses it at the next page.
"""

from __future__ import annotations

from dataclasses import dataclass

from hub.console.sessions.store import Session
from hub.steward.actor import Actor
from policies.stewards import Role, Steward


@dataclass(frozen=True, slots=True)
class Visitor:
    """A person at a page. `held` is what their browser holds: it never leaves this process but in a digest."""

    steward: Steward
    session: Session
    held: str

    @property
    def account(self) -> str:
        """Their account in the version in force."""
        return self.steward.account

    @property
    def roles(self) -> tuple[Role, ...]:
        """What they may do."""
        return self.steward.roles

    @property
    def actor(self) -> Actor:
        """They as the one who acts, for the store and for records."""
        return Actor(self.account, self.session.identity)
