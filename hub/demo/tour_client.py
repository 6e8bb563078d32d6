"""The client with which the tour asks the demo's hub over HTTP, as a department's application would.

Every answer is kept with its status, its error codes and the index of its record. An expectation that does not hold
ends the tour with the step's name and no value.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx
from rich.console import Console

from hub.home.issuer import Issuer
from hub.home.settings import Settings


class TourFailed(AssertionError):
    """The hub did not answer as its policy says. The text names the step, and no value."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One answer as a client receives it."""

    status: int
    body: Mapping[str, Any]

    @property
    def codes(self) -> list[str]:
        """The error codes, in order."""
        return [error["extensions"]["code"] for error in self.body.get("errors", ())]

    @property
    def index(self) -> int:
        """Where the record of this answer stands in the log."""
        return int(self.body["extensions"]["receipt"]["index"])


class TourClient:
    """Asks one hub over HTTP, with tokens of its local issuer."""

    def __init__(self, settings: Settings, console: Console, today: dt.date) -> None:
        self.settings = settings
        self.console = console
        self.today = today
        self.issuer = Issuer(settings)
        self.client = httpx.Client(base_url=f"http://{settings.host}:{settings.port}", trust_env=False, timeout=60)

    def ask(self, application: str, purpose: str | None, document: str, variables: Mapping[str, Any]) -> Asked:
        """One query, as an app of that department sends it."""
        headers = {"Authorization": f"Bearer {self.issuer.issue(application, 'tour')}"}
        if purpose is not None:
            headers["Access-Purpose"] = purpose
        response = self.client.post("/graphql", headers=headers, json={"query": document, "variables": dict(variables)})
        return Asked(response.status_code, response.json())


def expect(holds: bool, what: str) -> None:
    """Raise TourFailed with the step `what` unless it `holds`."""
    if not holds:
        raise TourFailed(f"not as it must be: {what}")
