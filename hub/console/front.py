"""The pages of the console, and the way that every request takes to one of them.

Each request is counted for its address, has to name an address of this hub, and is answered in one of two languages.
A page that changes something is sent by POST, from a page of the same session. What a person does is in the audit log
before they are told that it was done.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from functools import partial
from typing import Final
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

from audit.log import AuditUnavailable
from hub.console.arrival import LANGUAGE, READ_BY, Arrival, Cookie, form_of, hold, language_of, origin_of, with_form
from hub.console.assets import Assets
from hub.console.auditor.follow_pages import FollowPages
from hub.console.auditor.log_pages import LogPages
from hub.console.auditor.record_pages import RecordPages
from hub.console.auditor.saved import SavedSearches
from hub.console.auditor.saved_pages import SavedPages
from hub.console.desk import HOME, Desk, go_to
from hub.console.developer.catalogue_pages import CataloguePages
from hub.console.developer.operations_pages import OperationsPages
from hub.console.developer.query_pages import QueryPages
from hub.console.first_steps import first_steps
from hub.console.integrity.checks import Checks
from hub.console.integrity.integrity_pages import IntegrityPages
from hub.console.lanes import Lane
from hub.console.objections.desk_work import queue_of as objections_queue
from hub.console.objections.objection_pages import QUEUE as OBJECTIONS_QUEUE
from hub.console.objections.objection_pages import ObjectionPages
from hub.console.objections.store import Objections
from hub.console.operator.source_pages import SourcePages
from hub.console.operator.state_pages import StatePages
from hub.console.oversight.rooms import Room, oversight_pages
from hub.console.page import Change, Door, OwnChange, OwnPage, Page, Way, may
from hub.console.pages import Pages
from hub.console.refusals import PageRefused
from hub.console.requests.answering_pages import QUEUE as REQUESTS_QUEUE
from hub.console.requests.answering_pages import AnsweringPages
from hub.console.requests.asking_pages import AskingPages
from hub.console.requests.desk_work import queue_of as requests_queue
from hub.console.resident.resident_pages import ResidentPages, is_of_residents
from hub.console.review.review_pages import ReviewPages
from hub.console.rules.rules_pages import RulesPages
from hub.console.rules.todo_pages import TodoPages
from hub.console.sessions.residents import ResidentSessions
from hub.console.sessions.same_site import Forged, check_form, check_origin
from hub.console.sessions.store import Sessions
from hub.console.sign_in.session_pages import SessionPages
from hub.console.sign_in.sign_in_pages import SignInPages
from hub.console.steward.matrix_pages import MatrixPages
from hub.console.steward.since import Origins
from hub.console.steward.versions_pages import VersionsPages
from hub.console.visitor import Visitor
from hub.console.words import LANGUAGES
from hub.home.addresses import addresses_of
from hub.home.personal_texts import PersonalTexts
from hub.request.floods import Meter, source_address
from hub.request.running import Hub
from hub.siblings import ALONE, Siblings
from hub.steward.acting import steward_of
from policies.versions import StoreUnavailable, moment

ENDED: Final = "ended"
"""What the address of the first page says to whoever sent a form after their session had ended."""
BURST: Final = 300
PER_SECOND: Final = 30.0
"""How many requests one address may send: a page with its files is three."""
SERVER_ERROR: Final = 500
"""The first status of those that may be gone when it is tried again."""


class Console:
    """The console of one hub; its sessions lie in the version store behind `engine`."""

    def __init__(self, hub: Hub, engine: sa.Engine, siblings: Siblings = ALONE) -> None:
        self._assets, self._meter = Assets(), Meter(BURST, PER_SECOND)
        pages = Pages(ZoneInfo(hub.settings.time_zone), self._assets)
        self._desk = desk = Desk(hub, Sessions(engine), pages, engine, PersonalTexts(hub.settings))
        sign_in, sessions = SignInPages(desk), SessionPages(desk)
        records = RecordPages(desk, engine)
        logs = (LogPages(desk), records, FollowPages(desk), SavedPages(desk, SavedSearches(engine)))
        whole = IntegrityPages(desk, Checks(engine))
        origins = Origins()
        objections = Objections(engine, hub.now)
        self._residents = ResidentPages(desk, ResidentSessions(engine), objections)
        developer = (CataloguePages(desk), QueryPages(desk), OperationsPages(desk))
        rooms: tuple[Room, ...] = (
            MatrixPages(desk, origins),
            RulesPages(desk, origins),
            VersionsPages(desk),
            TodoPages(desk, origins, partial(_queues, hub, objections)),
            ReviewPages(desk),
            *logs,
            whole,
            *oversight_pages(desk, engine),
            *developer,
            AskingPages(desk),
            AnsweringPages(desk),
            ObjectionPages(desk, objections),
            SourcePages(desk),
            StatePages(desk, siblings),
            sessions,
            sign_in,
            self._residents,
        )
        self.ways: tuple[Way, ...] = (Page("", self._home), *(way for room in rooms for way in room.ways()))
        desk.menu.extend(way for way in self.ways if isinstance(way, Page) and way.word)

    def routes(self) -> list[BaseRoute]:
        """A route for each page; each answers every method, and refuses those that its page does not take."""
        pages = [Route(HOME + way.path, _Answer(self, way)) for way in self.ways]
        return [Route("/console", _Answer(self, None)), *pages, Route(HOME + "{path:path}", _Answer(self, None))]

    async def answer(self, request: Request, way: Way | None) -> Response:
        """The page that a request asks for, or a page that says why not; `way` is None where there is no page."""
        arrival = Arrival(request, "", language_of(request))
        try:
            if self._meter.full(source_address(request.client.host) if request.client else ""):
                raise PageRefused("many")
            arrival = self._addressed(arrival)
            return self._file(arrival) or await self._page(arrival, way)
        except Exception as fault:
            return self._refused(arrival, self._refusal_of(fault))

    def _refusal_of(self, fault: Exception) -> PageRefused:
        """What a page says of a fault: of an unexpected one when it was, and the number that the hub's own log has."""
        match fault:
            case PageRefused():
                return fault
            case ClientDisconnect():
                return PageRefused("form")  # nobody reads it
            case Forged():
                return PageRefused("forged")
            case StoreUnavailable() | AuditUnavailable():
                return PageRefused("store")
        number = secrets.token_hex(16)
        self._desk.hub.telemetry.fault(f"console, request {number}", fault)
        return PageRefused("failed", time=moment(self._desk.hub.now()), number=number)

    async def _page(self, arrival: Arrival, way: Way | None) -> Response:
        if isinstance(way, Change | OwnChange):
            return await self._change(arrival, way)
        if arrival.request.method not in READ_BY:
            raise PageRefused("method")
        if arrival.path + "/" == HOME:
            return go_to(HOME)
        if way is None:
            raise PageRefused("missing")
        if (chosen := arrival.request.query_params.get(LANGUAGE)) in LANGUAGES:
            return _speak(chosen, f"{arrival.path}?{arrival.asked_again}".removesuffix("?"))
        if isinstance(way, Door):
            return await way.answer(arrival)
        if isinstance(way, OwnPage):
            return await self._residents.read(arrival, way)
        return await self._visited(arrival, way)

    async def _visited(self, arrival: Arrival, way: Page) -> Response:
        """A page for whoever is signed in, if their roles open it."""
        visitor = await self._visitor(arrival)
        if visitor is None:
            return self._welcome(arrival)
        try:
            if not may(visitor, way):
                raise PageRefused("role")
            return await way.answer(arrival, visitor)
        except Exception as fault:
            return self._refused(arrival, self._refusal_of(fault), visitor)

    def _file(self, arrival: Arrival) -> Response | None:
        """A file that pages refer to, if it is asked for."""
        return self._assets.response(arrival.path) if arrival.request.method in READ_BY else None

    async def _change(self, arrival: Arrival, way: Change | OwnChange) -> Response:
        """Do what a form asks; Forged unless a page of this session sent it."""
        if arrival.request.method != "POST":
            return await self._not_sent(arrival, way)
        check_origin(arrival.request.headers, [arrival.origin])
        form = await form_of(arrival.request, self._desk.hub.settings.body_limit)
        arrival, chosen = with_form(arrival, way.reread, form)
        response = await self._changed(arrival, way, form)
        return _hold_language(response, chosen) if chosen else response

    async def _changed(self, arrival: Arrival, way: Change | OwnChange, form: Mapping[str, str]) -> Response:
        if isinstance(way, OwnChange):
            return await self._residents.change(arrival, way, form)
        visitor = await self._visitor(arrival)
        if visitor is None:
            return go_to(f"{HOME}?{ENDED}=1")
        check_form(form, visitor.held)
        if not may(visitor, way):
            raise PageRefused("role")
        try:
            return await way.answer(arrival, visitor, form)
        except Exception as fault:
            return self._refused(arrival, self._refusal_of(fault), visitor)

    async def _not_sent(self, arrival: Arrival, way: Change | OwnChange) -> Response:
        """The way back for whoever opened the address of a form: nothing is done there."""
        place = way.path.rpartition("/")[0]
        pages = {each.path for each in self.ways if isinstance(each, Page | OwnPage)}
        back = HOME + (place if place in pages else "")
        if (chosen := arrival.request.query_params.get(LANGUAGE)) in LANGUAGES and arrival.request.method in READ_BY:
            return _speak(chosen, back)
        visitor = await self._visitor(arrival) if isinstance(way, Change) else None
        return self._refused(arrival, PageRefused("method"), visitor, back)

    def _addressed(self, arrival: Arrival) -> Arrival:
        settings = self._desk.hub.settings
        addresses = addresses_of(settings.public_url, settings.port)
        origin = origin_of(arrival.request, addresses, settings.public_url is not None)
        if origin is None:
            raise PageRefused("address", address=addresses[0] + HOME)
        return Arrival(arrival.request, origin, arrival.language)

    async def _visitor(self, arrival: Arrival) -> Visitor | None:
        """Who is signed in; None if the session is over, or the version in force does not name its person any more."""
        held = arrival.held(Cookie.SESSION)
        find = partial(self._desk.sessions.find, held, not arrival.asked_by_script)
        session = await self._desk.beside(Lane.SESSIONS, find) if held else None
        if session is None:
            return None
        steward = steward_of(self._desk.hub.policy.stewards, session.identity)
        if steward is None or steward.account != session.account:
            return None
        return Visitor(steward, session, held)

    async def _home(self, arrival: Arrival, visitor: Visitor) -> Response:
        opened = {each.word: HOME + each.path for each in self._desk.menu if may(visitor, each)}
        steps = first_steps(visitor.roles, opened)
        return self._desk.page("home", arrival, visitor, steps=steps, version=self._desk.hub.policy.version)

    def _welcome(self, arrival: Arrival) -> Response:
        """The page for whoever is not signed in; it leads back to the page that they asked for."""
        url, told = arrival.request.url, arrival.request.query_params
        to = "" if arrival.path == HOME else "?" + urlencode({"to": f"{url.path}?{url.query}".removesuffix("?")})
        more = {"signed_out": "signedOut" in told, "ended": ENDED in told, "to": to}
        of_residents = self._desk.hub.settings.resident_issuer is not None
        return self._desk.page("welcome", arrival, None, **more, of_residents=of_residents)

    def _refused(
        self, arrival: Arrival, refusal: PageRefused, visitor: Visitor | None = None, back: str = HOME
    ) -> Response:
        # What was asked stands in no link: it may be what must not be in an address.
        again = visitor is not None and arrival.request.method in READ_BY and refusal.status >= SERVER_ERROR
        told = {"asked_again": "", "reread": None, "back": back, "again": again}
        content = {"why": refusal.why, "names": refusal.names, **told}
        template = "my_refused" if is_of_residents(arrival.path) else "refused"
        response = self._desk.page(template, arrival, visitor, **content)
        response.status_code = refusal.status
        return response


def _queues(hub: Hub, objections: Objections, visitor: Visitor) -> dict[str, tuple[str, int]]:
    """What waits for a steward on pages of their own, by the word of the page: its path and the number. Blocks."""
    requests = requests_queue(hub, visitor.steward, visitor.actor).waiting
    waiting, _ = objections_queue(hub, objections, visitor.steward)
    return {"ask_queue": (REQUESTS_QUEUE, len(requests)), "obj_queue": (OBJECTIONS_QUEUE, len(waiting))}


def _speak(language: str, place: str) -> Response:
    """The page of a place in the language that was chosen, and all later ones."""
    return _hold_language(go_to(place), language)


def _hold_language(response: Response, language: str) -> Response:
    hold(response, Cookie.LANGUAGE, language, 31_536_000)
    return response


class _Answer:
    """A page as an ASGI application, so that it receives every method."""

    def __init__(self, console: Console, way: Way | None) -> None:
        self._console, self._way = console, way

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        response = await self._console.answer(Request(scope, receive), self._way)
        await response(scope, receive, send)
