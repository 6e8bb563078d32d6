"""What these pages show of the log is hashes and signatures: never a record.

`/audit/checkpoint` and `/audit/tile/…` are C2SP tlog-checkpoint and tlog-tiles without entry bundles; anyone may read
them. `/audit/proof` gives a consistency proof to anyone, and an inclusion proof to who presents a receipt, or a token
of an application whose role is `auditor`; what an auditor asks is recorded before it is answered.
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

from audit.checkpoint import NoteRefused, Verifier, open_note
from audit.log import AuditUnavailable
from audit.record import Digester, Record
from audit.stores.base import Reader, StoreFault
from audit.stores.open import open_reader
from audit.tiles import TileUnknown, parse, tile
from hub.auditor.proofs import ProofUnknown, consistency_of, inclusion_of
from hub.errors import Code, HubError
from hub.home.audit_log import verifier_of
from hub.request import auth
from hub.request.floods import Meter, Source, address
from hub.request.pipeline import Hub
from policies.rules import Subject

AUDITOR: Final = "auditor"
PLAIN: Final = "text/plain; charset=utf-8"
OCTETS: Final = "application/octet-stream"
IMMUTABLE: Final = "public, max-age=31536000, immutable"
FRESH: Final = "public, max-age=1"
"""A checkpoint is followed by the next within two seconds."""
NEVER: Final = "no-store"

BURST: Final = 1_000
PER_SECOND: Final = 200.0
"""Pages that one source may read: a verifier that begins from nothing reads a tile for each 256 records."""
THREADS: Final = 4
WAITING: Final = 64
MAX_QUERY: Final = 512
RETRY_SECONDS: Final = 2

_NUMBER: Final = re.compile("0|[1-9][0-9]{0,18}", re.ASCII)
_HASH: Final = re.compile("[0-9a-f]{64}", re.ASCII)

Answered = TypeVar("Answered")


class AuditPages:
    """The three pages of one hub."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._verifier: Verifier = verifier_of(hub.settings)
        self._meter = Meter(BURST, PER_SECOND)
        # Threads of its own: a store that hangs must not take those of the rest of the hub.
        self._threads = ThreadPoolExecutor(THREADS, "audit-pages")
        self._reading = 0

    def routes(self) -> list[Route]:
        """The routes of the pages; each answers every method, most of them with a refusal."""
        return [
            Route("/audit/checkpoint", _Page(self, AuditPages._checkpoint)),
            Route("/audit/tile/{path:path}", _Page(self, AuditPages._tile)),
            Route("/audit/proof", _Page(self, AuditPages._proof)),
        ]

    def close(self) -> None:
        """Stop reading; a read that hangs is left behind."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def answer(self, request: Request, page: _Answer) -> Response:
        """The response of a page; a refusal is JSON with its code, and is counted as its source's."""
        try:
            if self._meter.full(_source(request)):
                raise HubError(
                    Code.TOO_MANY_REQUESTS, "this address reads too much; go on a little later", retry_after=1
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
        # What is not published yet is asked for by everyone who follows the log; that is no attack.
        if refusal.code is not Code.TILE_UNKNOWN:
            digest = self._hub.digester.digest("source", _source(request))
            self._hub.floods.note(Source(digest), refusal.code)
        return _problem(refusal)

    async def _checkpoint(self, request: Request) -> Response:
        _no_query(request)
        return _page(await self._read(_newest), PLAIN, FRESH)

    async def _tile(self, request: Request) -> Response:
        _no_query(request)
        try:
            wanted = parse(request.path_params["path"])
            size = open_note(await self._read(_newest), self._verifier).size
            found = await self._read(lambda reader: tile(reader, wanted.level, wanted.number, wanted.width, size=size))
        except TileUnknown as unknown:
            raise HubError(Code.TILE_UNKNOWN, str(unknown)) from None
        except NoteRefused:
            raise AuditUnavailable("the newest checkpoint is not one of this log") from None
        return _page(found, OCTETS, IMMUTABLE)

    async def _proof(self, request: Request) -> Response:
        asked = _asked(request)
        verifier = self._verifier
        try:
            if asked.keys() == {"from", "to"}:
                old, new = _number(asked, "from"), _number(asked, "to")
                return _json(await self._read(lambda reader: consistency_of(reader, verifier, old, new)))
            return await self._inclusion(request, asked)
        except ProofUnknown as unknown:
            raise HubError(Code.PROOF_UNKNOWN, str(unknown), retry_after=RETRY_SECONDS) from None

    async def _inclusion(self, request: Request, asked: dict[str, str]) -> Response:
        if not {"index"} <= asked.keys() <= {"index", "leafHash", "size"}:
            raise _bad("a proof is asked for with index and leafHash, maybe size, or with from and to")
        index = _number(asked, "index")
        size = _number(asked, "size") if "size" in asked else None
        leaf = asked.get("leafHash")
        if leaf is not None and not _HASH.fullmatch(leaf):
            raise _bad("leafHash is 64 characters of lower-case hex, as the receipt has it")
        if leaf is None:
            auditor = self._auditor(request)
            await self._hub.log.append(_looked(self._hub.digester, auditor, index))
        verifier = self._verifier
        return _json(await self._read(lambda reader: inclusion_of(reader, verifier, index, leaf, size)))

    def _auditor(self, request: Request) -> Subject:
        """Who presents the token of an auditor; raises HubError UNAUTHENTICATED for everyone else."""
        given = request.headers.getlist("authorization")
        scheme, _, token = (given[0] if len(given) == 1 else "").partition(" ")
        if scheme.lower() == "bearer" and token:
            client, who = self._hub.verifier.verify(token, self._hub.now().timestamp())
            subject = auth.registered(self._hub.policy, client, who)
            if subject is not None and subject.role == AUDITOR:
                return subject
        raise HubError(Code.UNAUTHENTICATED, "present the receipt (index and leafHash), or the token of an auditor")

    async def _read(self, what: Callable[[Reader], Answered]) -> Answered:
        """What `what` finds in the log, read beside the loop; TimeoutError after the log's deadline."""
        if self._reading >= WAITING:
            raise HubError(Code.TOO_MANY_REQUESTS, "too many read the log just now; try again shortly", retry_after=1)
        where, loop = self._hub.settings.audit_log, asyncio.get_running_loop()

        def read() -> Answered:
            with closing(open_reader(where)) as reader:
                return what(reader)

        self._reading += 1
        reading = loop.run_in_executor(self._threads, read)
        # A read that hangs holds its place until it ends, so that no more than a few ever do.
        reading.add_done_callback(self._ended)
        async with asyncio.timeout(self._hub.settings.audit_deadline):
            return await asyncio.shield(reading)

    def _ended(self, reading: asyncio.Future[Any]) -> None:
        self._reading -= 1
        if not reading.cancelled():
            reading.exception()  # whoever gave up waiting does not ask for it


_Answer = Callable[[AuditPages, Request], Awaitable[Response]]


class _Page:
    """One page as an ASGI application, so that it sees every method."""

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


def _looked(digester: Digester, auditor: Subject, index: int) -> Record:
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
    return address(request.client.host) if request.client else ""


def _no_query(request: Request) -> None:
    if request.scope["query_string"]:
        raise _bad("this page takes no parameters")


def _asked(request: Request) -> dict[str, str]:
    given = request.scope["query_string"]
    if len(given) > MAX_QUERY:
        raise _bad("the parameters are too long")
    try:
        pairs = parse_qsl(given.decode("ascii"), keep_blank_values=True, strict_parsing=True, max_num_fields=4)
    except ValueError:
        raise _bad("a proof is asked for with index and leafHash, maybe size, or with from and to") from None
    if len({name for name, _ in pairs}) != len(pairs):
        raise _bad("a parameter stands more than once")
    return dict(pairs)


def _number(asked: dict[str, str], name: str) -> int:
    if not _NUMBER.fullmatch(asked[name]):
        raise _bad(f"{name} is a number in decimal digits")
    return int(asked[name])


def _bad(message: str) -> HubError:
    return HubError(Code.BAD_REQUEST, message)


def _json(content: dict[str, Any]) -> Response:
    return _page(orjson.dumps(content), "application/json", NEVER)


def _problem(refusal: HubError) -> Response:
    told = {"message": refusal.public_message, "extensions": {"code": str(refusal.code)}}
    response = _page(orjson.dumps({"errors": [told]}), "application/json", NEVER)
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
