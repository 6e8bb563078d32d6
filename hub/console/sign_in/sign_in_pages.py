"""Signing in and out: to the OpenID provider and back, by the authorization code flow with PKCE."""

from __future__ import annotations

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from starlette.responses import Response

from hub.console.arrival import Arrival, Cookie, forget, hold
from hub.console.desk import HOME, Desk, go_to
from hub.console.lanes import Lane
from hub.console.page import Change, Door, Way
from hub.console.refusals import PageRefused
from hub.console.sign_in.known_provider import KnownProvider
from hub.console.visitor import Visitor
from hub.home.audit_log import command_record
from hub.home.code_flow import Begun, Client, code_of, page_of, redeem
from hub.home.session import issuer_of
from hub.home.sign_in import Identity, Provider, SignInRefused
from hub.steward.acting import steward_of
from hub.steward.actor import Actor

BACK: Final = "/console/signed-in"
BEGUN_SECONDS: Final = 600
_RETURN: Final = re.compile(r"/console/[A-Za-z0-9_.~%/?=&:+-]{0,500}")
"""Where a sign-in may lead to: a page of the console, and nothing that a browser could take for another site."""


class SignInPages:
    """The pages of the sign-in of one console."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._known = KnownProvider()

    def ways(self) -> tuple[Way, ...]:
        """The pages, by their paths."""
        return Door("sign-in", self.begin), Door("signed-in", self.finish), Change("sign-out", self.sign_out)

    async def begin(self, arrival: Arrival) -> Response:
        """Send the browser to the provider, and have it hold what is needed when it comes back."""
        provider, begun = await self._provider(), Begun.now()
        client = self._desk.hub.settings.sign_in_client
        response = go_to(page_of(provider, client, arrival.origin + BACK, begun))
        wanted = urlsafe_b64encode(_return_of(arrival.request.query_params.get("to", "")).encode()).decode()
        hold(response, Cookie.BEGUN, f"{begun}.{wanted}", BEGUN_SECONDS)
        return response

    async def finish(self, arrival: Arrival) -> Response:
        """Take the provider's code, find the person in the version in force, and begin a session."""
        held, _, wanted = arrival.held(Cookie.BEGUN).rpartition(".")
        begun = Begun.read(held)
        if begun is None:
            raise PageRefused("begin_again")
        identity = await self._identity(arrival, begun)
        steward = steward_of(self._desk.hub.policy.stewards, identity)
        if steward is None:
            await self._record_unknown(identity)
            raise PageRefused("unknown", subject=identity.subject)
        await self._desk.record(Actor(steward.account, identity), "sign in")
        session = await self._desk.beside(
            Lane.SESSIONS,
            lambda: self._desk.sessions.begin(steward.account, identity, arrival.held(Cookie.SESSION)),
        )
        response = go_to(_return_of(_decoded(wanted)))
        hold(response, Cookie.SESSION, session)
        forget(response, Cookie.BEGUN)
        return response

    async def sign_out(self, _: Arrival, visitor: Visitor, __: Mapping[str, str]) -> Response:
        """End the session of this browser."""
        await self._desk.record(visitor.actor, "sign out")
        await self._desk.beside(Lane.SESSIONS, lambda: self._desk.sessions.end(visitor.account, visitor.session.name))
        return signed_out()

    async def _identity(self, arrival: Arrival, begun: Begun) -> Identity:
        provider, settings = await self._provider(), self._desk.hub.settings

        def redeemed(code: str) -> Identity:
            client = Client(settings.sign_in_client, settings.secret_in("sign_in_secret_file"))
            return redeem(provider, client, arrival.origin + BACK, code, begun)

        try:
            code = code_of(arrival.request.query_params, provider, begun)
            return await self._desk.beside(Lane.PROVIDER, lambda: redeemed(code))
        except SignInRefused:
            raise PageRefused("begin_again") from None

    async def _provider(self) -> Provider:
        """The provider of the settings; PageRefused while it does not answer."""
        settings = self._desk.hub.settings
        try:
            return await self._desk.beside(Lane.PROVIDER, lambda: self._known.at(issuer_of(settings)))
        except SignInRefused:
            raise PageRefused("provider") from None

    async def _record_unknown(self, identity: Identity) -> None:
        """Record that somebody signed in whom the version in force does not name."""
        digester, actor = self._desk.hub.digester, Actor("", identity)
        record = command_record(digester, "admin", "console sign in", actor.facts(digester), "REFUSED")
        await self._desk.hub.log.append(replace(record, subject=None))


def signed_out() -> Response:
    """The first page, for a browser that holds no session any more."""
    response = go_to(f"{HOME}?signedOut=1")
    forget(response, Cookie.SESSION)
    return response


def _return_of(path: str) -> str:
    return path if _RETURN.fullmatch(path) and "//" not in path else HOME


def _decoded(text: str) -> str:
    try:
        return urlsafe_b64decode(text).decode("ascii")
    except ValueError:
        return HOME
