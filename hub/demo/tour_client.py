"""The HTTP client of the tour: it asks the demo's hub as a department's application would.

An answer that is not as expected ends the tour with the name of the step, and without a value.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rich.console import Console

from hub.home.issuer import Issuer
from hub.home.running_hub import HubAddress, post_to_hub
from hub.home.settings import Settings


class TourFailed(AssertionError):
    """The hub did not answer as its policy says. The text names the step, and no value."""


@dataclass(frozen=True, slots=True)
class TourAnswer:
    """One answer as a client receives it."""

    status: int
    body: Mapping[str, Any]

    @property
    def codes(self) -> list[str]:
        """The codes of errors, then one for each denied selection, then one for each suppressed aggregate."""
        codes = [error["extensions"]["code"] for error in self.body.get("errors", ())]
        codes += ["FIELD_DENIED" for each in self.access.get("denied", ()) for _ in each["paths"]]
        return codes + ["SUPPRESSED" for _ in self.access.get("suppressed", ())]

    @property
    def access(self) -> Mapping[str, Any]:
        """What the answer says that it hides, by coordinate."""
        access: Mapping[str, Any] = self.body["extensions"].get("access", {})
        return access

    @property
    def index(self) -> int:
        """The index of this answer's record in the log."""
        return int(self.body["extensions"]["receipt"]["index"])


class TourClient:
    """Asks one hub over HTTP, with tokens of its local issuer."""

    def __init__(self, settings: Settings, console: Console, today: dt.date) -> None:
        self.settings = settings
        self.console = console
        self.today = today
        self.issuer = Issuer(settings)
        self.address = HubAddress(settings.host, settings.port)

    def ask(self, application: str, purpose: str | None, document: str, variables: Mapping[str, Any]) -> TourAnswer:
        """Send one query as this application; the hub records it."""
        token = self.issuer.issue(application, "tour")
        headers = {"Authorization": f"Bearer {token}", "Access-Errors": "none"}
        if purpose is not None:
            headers["Access-Purpose"] = purpose
        body = {"query": document, "variables": dict(variables)}
        return TourAnswer(*post_to_hub(self.settings, self.address, headers, body))


def expect(holds: bool, what: str) -> None:
    """Raise TourFailed, naming `what` was expected, unless it `holds`."""
    if not holds:
        raise TourFailed(f"the tour expects: {what}")
