"""How an application fares: purposes, caps and what is left, the last day's requests and errors, registered operations.

Where the hub's own issuer is in use, a developer can have a test token, which is recorded before it is shown.
"""

from __future__ import annotations

from collections.abc import Mapping

from starlette.responses import Response

from audit.index import IndexFault
from audit.stores.base import StoreFault
from hub.console.arrival import Arrival
from hub.console.desk import HOME, Desk
from hub.console.developer.asked import PATH, Asked, is_local
from hub.console.developer.examples import examples_of
from hub.console.developer.fared import fared
from hub.console.developer.mine import (
    DEVELOPERS,
    chosen_application,
    made_beside,
    own_access,
    own_application,
    own_applications,
    own_subject,
    subject_name,
)
from hub.console.developer.query_pages import ASK_FIELDS, CODES_PAGE, OPERATIONS, QUERY
from hub.console.developer.ran import token_for
from hub.console.developer.snippets import snippets_of
from hub.console.lanes import Lane
from hub.console.page import Change, Page, Way
from hub.console.refusals import PageRefused
from hub.console.visitor import Visitor
from hub.request.own_access.table import purpose_access
from hub.request.own_access.told import Told
from policies.model import KEY_REQUIRED, Application, PolicySet

ISSUE = "developer/token"
SECONDS = 600
"""For how long a test token is valid."""


class OperationsPages:
    """The page of a developer's applications, and test tokens."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def ways(self) -> tuple[Way, ...]:
        """The pages, by their paths."""
        return (
            Page(OPERATIONS, self.show, DEVELOPERS, "dev_operations"),
            Change(ISSUE, self.issue, DEVELOPERS),
        )

    async def show(self, arrival: Arrival, visitor: Visitor) -> Response:
        """One application of the developer's; the first if the address names none."""
        asked = arrival.request.query_params.get("application") or None
        application = chosen_application(self._desk.hub.policy, visitor, asked)
        if application is None:
            return self._desk.page("dev_none", arrival, visitor, title="dev_operations")
        return await self._page(arrival, visitor, application, "")

    async def issue(self, arrival: Arrival, visitor: Visitor, form: Mapping[str, str]) -> Response:
        """A test token for ten minutes; it is shown once, and is in no address and no log."""
        hub = self._desk.hub
        application = own_application(hub.policy, visitor, form.get("application", ""))
        if not _gives_tokens(self._desk, application):
            raise PageRefused("choice", name="application")
        own_subject(hub.policy, visitor, application)
        facts = {"application": application.id, "seconds": str(SECONDS)}
        await self._desk.record(visitor.actor, "developer token", facts)
        person = subject_name(visitor)
        token = await self._desk.beside(Lane.SESSIONS, lambda: token_for(hub, application.id, person, SECONDS))
        return await self._page(arrival, visitor, application, token)

    async def _page(self, arrival: Arrival, visitor: Visitor, application: Application, token: str) -> Response:
        hub = self._desk.hub
        policy, language = hub.policy, arrival.language
        told = await own_access(self._desk, visitor, policy, application, language)
        own, now = frozenset(told.table.decisions), hub.now()
        try:
            counts = await self._desk.beside(Lane.LOG, lambda: fared(hub, application.id, own, now))
        except (IndexFault, StoreFault):
            raise PageRefused("store") from None
        facts = {"application": application.id, "found": str(counts.total)}
        await self._desk.record_reading(visitor, "developer operations", facts)

        def make() -> Response:
            return self._desk.page(
                "dev_operations",
                arrival,
                visitor,
                applications=own_applications(policy, visitor),
                application=application,
                purposes=[purpose_access(told.table, told.left, each) for each in told.table.decisions],
                titles=policy.purposes,
                fared=counts,
                registered=[each for each in policy.operations.values() if each.application == application.id],
                gives_tokens=_gives_tokens(self._desk, application),
                token=token,
                minutes=SECONDS // 60,
                issue=HOME + ISSUE,
                operations=HOME + OPERATIONS,
                query=HOME + QUERY,
                ask_fields=HOME + ASK_FIELDS,
                codes=HOME + CODES_PAGE,
                address=arrival.origin + PATH,
                curl=_curl(told, policy, arrival.origin),
            )

        return await made_beside(self._desk, visitor, make)


def _curl(told: Told, policy: PolicySet, hub: str) -> str:
    """One command that asks the first example there is, for a purpose that needs no case; empty without any."""
    table = told.table
    purposes = sorted(table.decisions, key=lambda each: each in table.case_required)
    found = ((purpose, each) for purpose in purposes for each in examples_of(table, policy, purpose)[:1])
    purpose, example = next(found, ("", None))
    return snippets_of(Asked(purpose, example.document, example.variables), hub)["curl"] if example else ""


def _gives_tokens(desk: Desk, application: Application) -> bool:
    """Whether a token of the hub's own issuer would be accepted for the application."""
    return is_local(desk.hub.settings) and application.dpop != KEY_REQUIRED
