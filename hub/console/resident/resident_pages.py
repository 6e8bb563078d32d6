"""Who saw my data: the page of a resident, and their sign-in at a provider of their own.

A resident is nobody whom the policy names: their session is of another kind, in another cookie and another table, and
opens these pages alone. Their number is known while the provider's token is read, and becomes the digests under which
the log names them; it stands in no session, address, record or error.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from starlette.responses import Response

from audit.search import QueryRefused
from hub.auditor.subject_accesses import digests_of_number
from hub.console.arrival import Arrival, Cookie, forget, hold
from hub.console.desk import HOME, Desk, go_to
from hub.console.lanes import Lane
from hub.console.objections.desk_work import own_objections
from hub.console.objections.store import Objections
from hub.console.page import Door, OwnChange, OwnPage, Way
from hub.console.pages import form_field
from hub.console.refusals import PageRefused
from hub.console.resident.objecting import covers, handle_of
from hub.console.resident.objecting_pages import OBJECT, WITHDRAW, ObjectingPages
from hub.console.resident.recording import own_record
from hub.console.resident.seen import asked_for_residents, owners_of_personal_data, read_or_refuse, seen_of
from hub.console.sessions.residents import Resident, ResidentSessions
from hub.console.sessions.same_site import check_form
from hub.console.sign_in.known_provider import KnownProvider
from hub.home.code_flow import Begun, Client, code_of, page_of, redeem_claims
from hub.home.settings import Settings
from hub.home.sign_in import SignInRefused

MY_DATA: Final = "my-data"
START: Final = HOME + MY_DATA
BACK: Final = f"{START}/signed-in"
BEGUN_SECONDS: Final = 600
_MONTH: Final = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])")


@dataclass(frozen=True, slots=True)
class _Provider:
    """Where residents sign in, and the claim of its tokens that holds their resident id number."""

    issuer: str
    client: str
    claim: str


def is_of_residents(path: str) -> bool:
    """Whether a path is that of a page for residents."""
    return path == START or path.startswith(f"{START}/")


class ResidentPages:
    """The pages of residents of one console."""

    def __init__(self, desk: Desk, sessions: ResidentSessions, objections: Objections) -> None:
        self._desk, self._sessions, self._known = desk, sessions, KnownProvider()
        self._objections = objections

    def ways(self) -> tuple[Way, ...]:
        """The pages, by their paths."""
        return (
            OwnPage(MY_DATA, self.show),
            Door(f"{MY_DATA}/sign-in", self.begin),
            Door(f"{MY_DATA}/signed-in", self.finish),
            OwnChange(f"{MY_DATA}/sign-out", self.sign_out),
            *ObjectingPages(self._desk, self._objections).ways(),
        )

    async def read(self, arrival: Arrival, way: OwnPage) -> Response:
        """A page for the resident who is signed in; whoever is not, is told how."""
        resident = await self._resident(arrival)
        return await way.answer(arrival, resident) if resident is not None else self._welcome(arrival)

    async def change(self, arrival: Arrival, way: OwnChange, form: Mapping[str, str]) -> Response:
        """Do what a form of a resident's page asks; Forged unless it has the token of their session."""
        resident = await self._resident(arrival)
        if resident is None:
            return go_to(f"{START}?ended=1")
        check_form(form, resident.held)
        return await way.answer(arrival, resident, form)

    async def show(self, arrival: Arrival, resident: Resident) -> Response:
        """Who saw the data of the resident; `month` says of which month."""
        hub, month = self._desk.hub, arrival.request.query_params.get("month", "")
        policy = hub.policy
        if month and not _MONTH.fullmatch(month):
            raise PageRefused("choice", name="month")
        # Recorded first, so that what it says of the person's own visits counts this one.
        await self._record("subject", "my data", resident.digests, {"month": month} if month else {})
        seen = await self._desk.beside(
            Lane.RESIDENTS, read_or_refuse(lambda: seen_of(hub, policy, resident.digests, month))
        )
        own = await self._desk.beside(Lane.RESIDENTS, lambda: own_objections(hub, self._objections, resident.digests))
        return self._desk.page(
            "my_data",
            arrival,
            None,
            seen=seen,
            rows=[
                (
                    each,
                    handle_of(resident.held, each),
                    asked_for_residents(policy, each),
                    next(
                        (listed for listed in own if listed.objection.stands and covers(listed.objection, each)), None
                    ),
                )
                for each in seen.rows
            ],
            own=own,
            sent="sent" in arrival.request.query_params,
            month=month,
            purposes=policy.purposes,
            owners=owners_of_personal_data(policy, hub.catalogue),
            zone=hub.settings.time_zone,
            object=HOME + OBJECT,
            withdraw=HOME + WITHDRAW,
            form_token=form_field(resident.held),
        )

    async def begin(self, arrival: Arrival) -> Response:
        """Send the browser to the residents' provider, and have it hold what is needed when it comes back."""
        wanted, begun = _provider_in(self._desk.hub.settings), Begun.now()
        try:
            provider = await self._desk.beside(Lane.RESIDENT_PROVIDER, lambda: self._known.at(wanted.issuer))
        except SignInRefused:
            raise PageRefused("my_provider") from None
        response = go_to(page_of(provider, wanted.client, arrival.origin + BACK, begun, wanted.claim))
        hold(response, Cookie.RESIDENT_BEGUN, str(begun), BEGUN_SECONDS)
        return response

    async def finish(self, arrival: Arrival) -> Response:
        """Take the provider's code, and begin a session of the person whose number it vouches for."""
        begun = Begun.read(arrival.held(Cookie.RESIDENT_BEGUN))
        if begun is None:
            raise PageRefused("my_begin_again")
        try:
            digests = await self._desk.beside(Lane.RESIDENT_PROVIDER, lambda: self._digests(arrival, begun))
        except SignInRefused:
            raise PageRefused("my_begin_again") from None
        except QueryRefused:
            await self._record("admin", "resident sign in", (), {}, "REFUSED")
            raise PageRefused("my_claim") from None
        await self._record("admin", "resident sign in", digests, {})
        before = arrival.held(Cookie.RESIDENT)
        held = await self._desk.beside(Lane.SESSIONS, lambda: self._sessions.begin(digests, before))
        response = go_to(START)
        hold(response, Cookie.RESIDENT, held)
        forget(response, Cookie.RESIDENT_BEGUN)
        return response

    async def sign_out(self, _: Arrival, resident: Resident, __: Mapping[str, str]) -> Response:
        """End the session of the resident."""
        await self._record("admin", "resident sign out", resident.digests, {})
        await self._desk.beside(Lane.SESSIONS, lambda: self._sessions.end(resident.held))
        response = go_to(f"{START}?signedOut=1")
        forget(response, Cookie.RESIDENT)
        return response

    def _digests(self, arrival: Arrival, begun: Begun) -> tuple[str, ...]:
        """The digests of the person who signed in; QueryRefused if the provider vouches for no number of one."""
        hub, wanted = self._desk.hub, _provider_in(self._desk.hub.settings)
        provider = self._known.at(wanted.issuer)
        code = code_of(arrival.request.query_params, provider, begun)
        client = Client(wanted.client, hub.settings.secret_in("resident_secret_file"))
        claims = redeem_claims(provider, client, arrival.origin + BACK, code, begun)
        if not hub.settings.graph_key.exists():
            raise PageRefused("store")  # without it nobody is found: no fault of the person
        number = claims.get(wanted.claim)
        if not isinstance(number, str):
            raise QueryRefused("the provider says no resident id number")
        return digests_of_number(hub.settings, hub.digester, number)

    async def _resident(self, arrival: Arrival) -> Resident | None:
        held = arrival.held(Cookie.RESIDENT)
        return await self._desk.beside(Lane.SESSIONS, lambda: self._sessions.find(held)) if held else None

    async def _record(
        self, kind: str, act: str, digests: tuple[str, ...], facts: Mapping[str, str], result: str = "OK"
    ) -> None:
        """Write to the log what a resident does; AuditUnavailable, and then it must not be done."""
        hub = self._desk.hub
        await hub.log.append(own_record(hub.digester, kind, act, digests, facts, result))

    def _welcome(self, arrival: Arrival) -> Response:
        """The page for a resident who is not signed in."""
        told, there = arrival.request.query_params, self._desk.hub.settings.resident_issuer is not None
        return self._desk.page(
            "my_welcome", arrival, None, there=there, signed_out="signedOut" in told, ended="ended" in told
        )


def _provider_in(settings: Settings) -> _Provider:
    """The residents' provider of the settings, which name all three or none; PageRefused for none."""
    issuer, client, claim = settings.resident_issuer, settings.resident_client, settings.resident_claim
    if issuer is None or client is None or claim is None:
        raise PageRefused("my_none")
    return _Provider(issuer, client, claim)
