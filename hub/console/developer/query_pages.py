"""The query page: an operation explained, and run where the hub's own tokens count.

What is asked comes by POST and is answered with the page itself: nothing of it stands in an address, and none is kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from starlette.responses import Response

from hub.console.arrival import Arrival
from hub.console.desk import HOME, Desk
from hub.console.developer.asked import Asked, VariablesUnread, is_local
from hub.console.developer.codes import CODES
from hub.console.developer.examples import examples_of
from hub.console.developer.explained import Explained, explain_asked, explained_record
from hub.console.developer.mine import (
    DEVELOPERS,
    chosen_application,
    made_beside,
    own_access,
    own_application,
    own_applications,
    subject_name,
    titles_of,
)
from hub.console.developer.ran import Fault, Ran, run_asked, token_for
from hub.console.developer.schema_view import schema_of, words_to_complete
from hub.console.developer.snippets import snippets_of
from hub.console.lanes import Lane
from hub.console.page import Change, Page, Way
from hub.console.refusals import PageRefused
from hub.console.steward.matrix import Effect
from hub.console.visitor import Visitor
from hub.console.words import all_words
from hub.errors import Code, HubError
from hub.request.answers.languages import message_in
from hub.request.floods import source_address
from hub.request.own_access.told import Told
from policies.model import KEY_REQUIRED, Application, PolicySet

QUERY = "developer/query"
ASK = "developer/ask"
ASK_FIELDS = "requests/fields"
ASK_NEW = "requests/new"
CODES_PAGE = "developer/codes"
OPERATIONS = "developer/operations"
ACTS = ("switch", "explain", "run")
"""What the form does: show the page for what was chosen, explain, or run."""
FIRST = "first"
"""In the place of an example's key: the first that there is."""
BAD = 400


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a form: an explanation, an answer, a refusal, or that the variables cannot be read."""

    explained: Explained | None = None
    ran: Ran | None = None
    refusal: Fault | None = None
    unread: bool = False


NOTHING = Outcome()


class QueryPages:
    """The query page, for developers, and the page of what codes mean."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def ways(self) -> tuple[Way, ...]:
        """The pages, by their paths."""
        return (
            Page(QUERY, self.show, DEVELOPERS, "dev_query"),
            Change(ASK, self.ask, DEVELOPERS, _explained_again),
            Page(CODES_PAGE, self.show_codes, DEVELOPERS),
        )

    async def show(self, arrival: Arrival, visitor: Visitor) -> Response:
        """The page with an example, the first if none is chosen; the address has names of the policy only."""
        told = arrival.request.query_params
        application = chosen_application(self._desk.hub.policy, visitor, told.get("application") or None)
        if application is None:
            return self._desk.page("dev_none", arrival, visitor, title="dev_query")
        await self._desk.record_reading(visitor, "developer query", {"application": application.id})
        asked = Asked(told.get("purpose", ""))
        return await self._page(arrival, visitor, application, asked, NOTHING, told.get("example") or FIRST)

    async def ask(self, arrival: Arrival, visitor: Visitor, form: Mapping[str, str]) -> Response:
        """Explain or run what a form asks, or show the page for another application or purpose."""
        act = form.get("act", "")
        application = own_application(self._desk.hub.policy, visitor, form.get("application", ""))
        if act not in ACTS or (act == "run" and not _may_run(self._desk, application)):
            raise PageRefused("choice", name="act")
        asked = Asked.of(form)
        outcome = await self._outcome(act, arrival, visitor, application, asked)
        response = await self._page(arrival, visitor, application, asked, outcome)
        response.status_code = BAD if outcome.unread else response.status_code
        return response

    async def _outcome(
        self, act: str, arrival: Arrival, visitor: Visitor, application: Application, asked: Asked
    ) -> Outcome:
        try:
            if act == "explain":
                return Outcome(explained=await self._explain(arrival, visitor, application, asked))
            if act == "run":
                return Outcome(ran=await self._run(arrival, visitor, application, asked))
            await self._desk.record_reading(visitor, "developer query", {"application": application.id})
        except VariablesUnread:
            return Outcome(unread=True)
        except HubError as refusal:
            return Outcome(refusal=_fault(refusal, arrival.language))
        return NOTHING

    async def show_codes(self, arrival: Arrival, visitor: Visitor) -> Response:
        """What each code means, and what to do then."""
        return self._desk.page("dev_codes", arrival, visitor, codes=CODES)

    async def _explain(self, arrival: Arrival, visitor: Visitor, application: Application, asked: Asked) -> Explained:
        hub, person = self._desk.hub, subject_name(visitor)

        def work() -> Explained:
            return explain_asked(hub, application.id, person, asked, arrival.language)

        try:
            explained = await hub.processor.do(("console", visitor.account, ""), work, long=True)
        except (HubError, VariablesUnread) as refused:
            code = refused.code if isinstance(refused, HubError) else Code.BAD_REQUEST
            await hub.log.append(explained_record(hub, visitor.actor, application, asked, {}, code))
            raise
        await hub.log.append(explained_record(hub, visitor.actor, application, asked, explained.logged.decided))
        return explained

    async def _run(self, arrival: Arrival, visitor: Visitor, application: Application, asked: Asked) -> Ran:
        hub, person, client = self._desk.hub, subject_name(visitor), arrival.request.client
        token = await self._desk.beside(Lane.SESSIONS, lambda: token_for(hub, application.id, person, 60))
        return await run_asked(hub, token, asked, arrival.language, source_address(client.host) if client else "")

    async def _page(
        self,
        arrival: Arrival,
        visitor: Visitor,
        application: Application,
        asked: Asked,
        outcome: Outcome,
        example: str = "",
    ) -> Response:
        policy = self._desk.hub.policy
        told = await self._told(arrival, visitor, policy, application, asked)
        content = {
            "applications": own_applications(policy, visitor),
            "application": application,
            "may_run": _may_run(self._desk, application),
            "key_required": application.dpop == KEY_REQUIRED,
            "query": HOME + QUERY,
            "ask": HOME + ASK,
            "codes": HOME + CODES_PAGE,
            "explained_codes": CODES,
            "operations": HOME + OPERATIONS,
            "ask_fields": HOME + ASK_FIELDS,
            "ask_new": HOME + ASK_NEW,
            "askable": {name for name, _ in self._desk.hub.catalogue.coordinates()},
            **{each.name: getattr(outcome, each.name) for each in fields(Outcome)},
        }

        def make() -> Response:
            shown = _shown(told, policy, arrival, asked, example)
            return self._desk.page("dev_query", arrival, visitor, **shown, **content)

        return await made_beside(self._desk, visitor, make)

    async def _told(
        self, arrival: Arrival, visitor: Visitor, policy: PolicySet, application: Application, asked: Asked
    ) -> Told:
        """What the application may see, with a case where one is named or nothing is answered without."""
        told = await own_access(self._desk, visitor, policy, application, arrival.language)
        purpose = asked.purpose or next(iter(told.table.decisions), "")
        if not asked.case and purpose not in told.table.case_required:
            return told
        return await own_access(self._desk, visitor, policy, application, arrival.language, has_case=True)


def _shown(told: Told, policy: PolicySet, arrival: Arrival, asked: Asked, example: str) -> dict[str, Any]:
    """What depends on what the application may see: purposes, examples, the schema, and the query with its code."""
    table, words = told.table, all_words()[arrival.language]
    purposes = list(table.decisions)
    purpose = asked.purpose if asked.purpose in purposes else next(iter(purposes), "")
    examples = examples_of(table, policy, purpose) if purpose else []
    chosen = next((each for each in examples if example in {each.key, FIRST}), asked)
    asked = Asked(purpose, chosen.document, chosen.variables, asked.case)
    types = schema_of(table, purpose) if purpose else []
    return {
        "purposes": titles_of(policy, purposes, arrival.language),
        "purpose": purpose,
        "asked": asked,
        "examples": examples,
        "schema": types,
        "known": words_to_complete(types, arrival.language),
        "signs": {each: words[f"sign_{each}"] for each in Effect},
        "case_required": purpose in table.case_required,
        "snippets": _snippets(asked, arrival.origin),
    }


def _snippets(asked: Asked, hub: str) -> dict[str, str]:
    """The query as code; nothing for none, and for variables that cannot be read."""
    try:
        return snippets_of(asked, hub) if asked.document.strip() else {}
    except VariablesUnread:
        return {}


def _may_run(desk: Desk, application: Application) -> bool:
    """Whether the page may ask: the hub's own tokens count, and the application takes tokens without a key."""
    return is_local(desk.hub.settings) and application.dpop != KEY_REQUIRED


def _explained_again(form: Mapping[str, str]) -> Mapping[str, str]:
    """The form that explains what this one runs: nothing is asked twice."""
    return {**form, "act": "explain"} if form.get("act") == "run" else form


def _fault(refusal: HubError, language: str) -> Fault:
    path = ".".join(map(str, refusal.path))
    return Fault(str(refusal.code), message_in(language, refusal), refusal.locations, path)
