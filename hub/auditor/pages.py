"""The HTTP pages `/audit/checkpoint`, `/audit/tile/…` and `/audit/proof`.

They show hashes and signatures, never a record. Checkpoint and tiles are C2SP tlog-checkpoint and tlog-tiles without
entry bundles, and anyone may read them. `/audit/proof` gives consistency proofs to anyone, and inclusion proofs for a
receipt or to an application with the role `auditor`; an auditor's request is recorded before it is answered. Inclusion
proofs come as JSON, C2SP tlog-proof or COSE receipt (RFC 9942).
"""

from __future__ import annotations

import asyncio
import re
import secrets
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any, Final, TypeVar
from urllib.parse import parse_qsl

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from audit.checkpoint import NoteRefused, open_checkpoint
from audit.log import AuditUnavailable
from audit.record import Digester, Record
from audit.stores.base import StoreFault
from audit.stores.open import open_reader
from audit.stores.reader import Reader
from audit.tiles import TileUnknown, parse, tile
from hub.auditor.proofs import Inclusion, ProofUnknown, consistency_of, inclusion_of
from hub.errors import Code, HubError
from hub.home.audit_log import SignerOfHome
from hub.request import auth
from hub.request.floods import Meter, Source, source_address
from hub.request.running import Hub
from policies.rules import Subject

AUDITOR: Final = "auditor"
PLAIN: Final = "text/plain; charset=utf-8"
OCTETS: Final = "application/octet-stream"
COSE: Final = 'application/cose; cose-type="cose-sign1"'
IMMUTABLE: Final = "public, max-age=31536000, immutable"
FRESH: Final = "public, max-age=1"
"""Short, because the next checkpoint follows within a second."""
NEVER: Final = "no-store"

BURST: Final = 1_000
PER_SECOND: Final = 200.0
"""How many pages one source may read: a verifier that begins with nothing reads a tile for each 256 records."""
THREADS: Final = 4
WAITING: Final = 64
MAX_QUERY: Final = 512
RETRY_SECONDS: Final = 1
ASKED: Final = "index, leafHash and maybe size and form, or with from and to"
FORMS: Final = ("json", "tlog-proof", "cose")

_NUMBER: Final = re.compile("0|[1-9][0-9]{0,18}", re.ASCII)
_HASH: Final = re.compile("[0-9a-f]{64}", re.ASCII)

Result = TypeVar("Result")


class AuditPages:
    """The three pages of one hub."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._signer_now = SignerOfHome(hub.settings)
        self._meter = Meter(BURST, PER_SECOND)
        # Its own threads: a store that hangs must not take up those of the rest of the hub.
        self._threads = ThreadPoolExecutor(THREADS, "audit-pages")
        self._reading = 0

    def routes(self) -> list[Route]:
        """The routes of the pages; each answers every method, and refuses all but GET and HEAD."""
        return [
            Route("/audit/checkpoint", _Page(self, AuditPages._checkpoint)),
            Route("/audit/tile/{path:path}", _Page(self, AuditPages._tile)),
            Route("/audit/proof", _Page(self, AuditPages._proof)),
        ]

    def close(self) -> None:
        """Stop reading; a read that hangs is not waited for."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def answer(self, request: Request, page: _Answer) -> Response:
        """The response of a page; a refusal is JSON with its code, and is counted for its source."""
        try:
            if self._meter.full(_source(request)):
                raise HubError(
                    Code.TOO_MANY_REQUESTS, "this address reads too much; try again a little later", retry_after=1
                )
            if request.method not in {"GET", "HEAD"}:
                raise HubError(Code.METHOD, "this page is read with GET")
            return await page(self, request)
        except HubError as refusal:
            return self._refused(request, refusal)
        except (StoreFault, FileNotFoundError, AuditUnavailable, TimeoutError):
            unavailable = HubError(
                Code.AUDIT_UNAVAILABLE, "the audit log cannot be read or written now; try again shortly"
            )
            return self._refused(request, unavailable)

    def _refused(self, request: Request, refusal: HubError) -> Response:
        # Whoever follows the log asks for tiles that are not published yet; that is not an attack.
        if refusal.code is not Code.TILE_UNKNOWN:
            digest = self._hub.digester.digest("source", _source(request))
            self._hub.floods.note(Source(digest), refusal.code)
        return _error_page(refusal)

    async def _checkpoint(self, request: Request) -> Response:
        _no_query(request)
        return _page(await self._read(_newest), PLAIN, FRESH)

    async def _tile(self, request: Request) -> Response:
        _no_query(request)
        try:
            wanted = parse(request.path_params["path"])
            size = open_checkpoint(await self._read(_newest), self._signer_now().verifier).size
            content = await self._read(
                lambda reader: tile(reader, wanted.level, wanted.number, wanted.width, size=size)
            )
        except TileUnknown as unknown:
            raise HubError(Code.TILE_UNKNOWN, str(unknown)) from None
        except NoteRefused:
            raise AuditUnavailable("the newest checkpoint is not of this log") from None
        return _page(content, OCTETS, IMMUTABLE)

    async def _proof(self, request: Request) -> Response:
        asked = _parameters(request)
        verifier = self._signer_now().verifier
        try:
            if asked.keys() == {"from", "to"}:
                old, new = _number(asked, "from"), _number(asked, "to")
                if old > new:
                    raise _bad_request("from is the smaller size and to the larger: exchange them")
                return _json_page(await self._read(lambda reader: consistency_of(reader, verifier, old, new)))
            return await self._inclusion(request, asked)
        except ProofUnknown as unknown:
            raise HubError(Code.PROOF_UNKNOWN, str(unknown), retry_after=RETRY_SECONDS) from None

    async def _inclusion(self, request: Request, asked: dict[str, str]) -> Response:
        if not {"index"} <= asked.keys() <= {"index", "leafHash", "size", "form"}:
            raise _bad_request(f"ask for a proof with {ASKED}")
        index = _number(asked, "index")
        size = _number(asked, "size") if "size" in asked else None
        leaf, form = asked.get("leafHash"), asked.get("form", FORMS[0])
        if leaf is not None and not _HASH.fullmatch(leaf):
            raise _bad_request("leafHash is 64 lower-case hex digits, as in the receipt")
        if form not in FORMS:
            raise _bad_request(f"form is one of {', '.join(FORMS)}")
        if leaf is None:
            auditor = self._auditor(request)
            await self._hub.log.append(_proof_record(self._hub.digester, auditor, index))
        verifier = self._signer_now().verifier
        return self._formed(await self._read(lambda reader: inclusion_of(reader, verifier, index, leaf, size)), form)

    def _formed(self, proof: Inclusion, form: str) -> Response:
        if form == "tlog-proof":
            return _page(proof.as_tlog_proof(), PLAIN, NEVER)
        if form == "cose":
            return _page(proof.as_cose(self._signer_now()), COSE, NEVER)
        return _json_page(proof.as_json())

    def _auditor(self, request: Request) -> Subject:
        """The auditor whose token the request carries; raises HubError UNAUTHENTICATED if it carries none."""
        given = request.headers.getlist("authorization")
        scheme, _, token = (given[0] if len(given) == 1 else "").partition(" ")
        if scheme.lower() == "bearer" and token:
            client, who = self._hub.verifier.verify(token, self._hub.now().timestamp())
            subject = auth.registered(self._hub.policy, client, who)
            if subject is not None and subject.role == AUDITOR:
                return subject
        raise HubError(Code.UNAUTHENTICATED, "present the receipt (index and leafHash), or the token of an auditor")

    async def _read(self, read_from: Callable[[Reader], Result]) -> Result:
        """What the function reads from the log, in a thread; TimeoutError after the log's deadline."""
        if self._reading >= WAITING:
            raise HubError(
                Code.TOO_MANY_REQUESTS, "too many requests read the log just now; try again shortly", retry_after=1
            )
        where, loop = self._hub.settings.audit_log, asyncio.get_running_loop()

        def read() -> Result:
            with closing(open_reader(where)) as reader:
                return read_from(reader)

        self._reading += 1
        reading = loop.run_in_executor(self._threads, read)
        # A read that hangs keeps its place until it ends, so that there are never more than a few.
        reading.add_done_callback(self._ended)
        async with asyncio.timeout(self._hub.settings.audit_deadline):
            return await asyncio.shield(reading)

    def _ended(self, reading: asyncio.Future[Any]) -> None:
        self._reading -= 1
        if not reading.cancelled():
            reading.exception()  # the request that gave up waiting does not fetch it


_Answer = Callable[[AuditPages, Request], Awaitable[Response]]


class _Page:
    """One page as an ASGI application, so that it receives every method."""

    def __init__(self, pages: AuditPages, page: _Answer) -> None:
        self._pages, self._page = pages, page

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        response = await self._pages.answer(Request(scope, receive), self._page)
        await response(scope, receive, send)


def _newest(reader: Reader) -> bytes:
    note = reader.checkpoint()
    if note is None:
        raise AuditUnavailable("no checkpoint is published yet")
    return note


def _proof_record(digester: Digester, auditor: Subject, index: int) -> Record:
    return Record(
        kind="proof",
        request_id=secrets.token_hex(16),
        result="OK",
        http_status=200,
        application=auditor.application,
        department=auditor.department,
        region=auditor.jurisdiction,
        subject=digester.digest("subject", auditor.sub),
        variables={"index": str(index)},
    )


def _source(request: Request) -> str:
    return source_address(request.client.host) if request.client else ""


def _no_query(request: Request) -> None:
    if request.scope["query_string"]:
        raise _bad_request("this page takes no parameters")


def _parameters(request: Request) -> dict[str, str]:
    given = request.scope["query_string"]
    if len(given) > MAX_QUERY:
        raise _bad_request("the parameters are too long")
    try:
        pairs = parse_qsl(given.decode("ascii"), keep_blank_values=True, strict_parsing=True, max_num_fields=4)
    except ValueError:
        raise _bad_request(f"ask for a proof with {ASKED}") from None
    if len({name for name, _ in pairs}) != len(pairs):
        raise _bad_request("a parameter is given more than once")
    return dict(pairs)


def _number(asked: dict[str, str], name: str) -> int:
    if not _NUMBER.fullmatch(asked[name]):
        raise _bad_request(f"{name} is a decimal number")
    return int(asked[name])


def _bad_request(message: str) -> HubError:
    return HubError(Code.BAD_REQUEST, message)


def _json_page(content: dict[str, Any]) -> Response:
    return _page(orjson.dumps(content), "application/json", NEVER)


def _error_page(refusal: HubError) -> Response:
    error = {"message": refusal.public_message, "extensions": {"code": str(refusal.code)}}
    response = _page(orjson.dumps({"errors": [error]}), "application/json", NEVER)
    response.status_code = refusal.http_status
    if refusal.retry_after is not None:
        response.headers["Retry-After"] = str(refusal.retry_after)
    if refusal.code is Code.METHOD:
        response.headers["Allow"] = "GET, HEAD"
    if refusal.code is Code.UNAUTHENTICATED:
        response.headers["WWW-Authenticate"] = 'Bearer realm="sluicegate"'
    return response


def _page(content: bytes, kind: str, cached: str) -> Response:
    response = Response(content, media_type=kind)
    response.headers["Cache-Control"] = cached
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response
