"""The sample hotline: a REST server over `tickets.jsonl`, specified in docs/sample-county.md, section 4.

It serves no ticket without the key, and logs no text of a ticket. The demo and the tests pull from it over HTTP, as
they would from the hotline of a city.
"""

import hmac
import json
import socket
import threading
from bisect import bisect_left
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import uvicorn
from starlette.applications import Starlette
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

PAGE_SIZE: Final = 100
PAGE_SIZE_MAX: Final = 500
_PAGE_MAX: Final = 1_000_000
_PARAMETERS: Final = frozenset({"updatedSince", "page", "pageSize"})
_START_SECONDS: Final = 20.0

Ticket = dict[str, Any]


class HotlineFailed(RuntimeError):
    """The hotline's server did not start; it is not running."""


class _InvalidParameter(ValueError):
    """A query parameter cannot be used; holds its name only, never its value."""

    def __init__(self, parameter: str) -> None:
        super().__init__(parameter)
        self.parameter = parameter


class _QuietProtocol(HttpToolsProtocol):
    """HTTP without an access log, whatever another server in this process sets on uvicorn's loggers."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.access_log = False


class _Tickets:
    """The tickets of a file in the order of (updatedAt, ticketNo), read again when the file changes."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stamp: tuple[int, int, int] | None = None
        self._tickets: list[Ticket] = []
        self._times: list[datetime] = []
        self._refresh()

    def since(self, moment: datetime | None) -> list[Ticket]:
        """The tickets changed at or after `moment`, which has a UTC offset; all tickets if it is None."""
        self._refresh()
        start = 0 if moment is None else bisect_left(self._times, moment)
        return self._tickets[start:]

    def _refresh(self) -> None:
        status = self._path.stat()
        # The inode too: a file may be replaced faster than the clock of the file system moves on.
        stamp = (status.st_ino, status.st_mtime_ns, status.st_size)
        if stamp == self._stamp:
            return
        with self._path.open(encoding="utf-8") as file:
            tickets: list[Ticket] = [json.loads(line) for line in file]
        dated = [(datetime.fromisoformat(ticket["updatedAt"]), ticket["ticketNo"], ticket) for ticket in tickets]
        dated.sort(key=lambda row: row[:2])
        self._times = [row[0] for row in dated]
        self._tickets = [row[2] for row in dated]
        self._stamp = stamp


def make_hotline_app(folder: Path, key: str) -> Starlette:
    """The application over `folder/tickets.jsonl`; callers send `key` as their bearer token.

    Raises `ValueError` if the key is empty, `OSError` if there is no file of tickets.
    """
    if not key:
        raise ValueError("the hotline needs a key")
    tickets = _Tickets(folder / "tickets.jsonl")
    expected = f"Bearer {key}".encode()

    async def list_tickets(request: Request) -> Response:
        shown = request.headers.get("authorization", "").encode("latin-1")
        if not hmac.compare_digest(shown, expected):
            return JSONResponse({"error": "unauthorized"}, 401, {"WWW-Authenticate": "Bearer"})
        try:
            return JSONResponse(_page(tickets, request.query_params))
        except _InvalidParameter as error:
            return JSONResponse({"error": "invalid parameter", "parameter": error.parameter}, 400)

    return Starlette(routes=[Route("/api/tickets", list_tickets, methods=["GET"])])


@contextmanager
def serve_hotline(folder: Path, key: str, port: int = 0) -> Iterator[str]:
    """Serve the hotline on loopback while the block runs; yields its base URL. Port 0 takes any free port.

    Raises `HotlineFailed` if the server does not come up, `OSError` if the port is taken.
    """
    config = uvicorn.Config(
        make_hotline_app(folder, key),
        http=_QuietProtocol,
        log_config=None,
        lifespan="off",
        server_header=False,
    )
    server = uvicorn.Server(config)
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        # Listen before the thread starts, so that an early client waits and is not refused.
        listener.listen()
        ended = threading.Event()
        thread = threading.Thread(target=_run, args=(server, listener, ended), name="hotline", daemon=True)
        thread.start()
        try:
            _await_start(server, ended)
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()


def _run(server: uvicorn.Server, listener: socket.socket, ended: threading.Event) -> None:
    try:
        server.run(sockets=[listener])
    finally:
        ended.set()


def _await_start(server: uvicorn.Server, ended: threading.Event) -> None:
    pause = 0.01
    for _ in range(int(_START_SECONDS / pause)):
        if server.started:
            return
        if ended.wait(pause):
            break
    raise HotlineFailed("the hotline's server did not start")


def _page(tickets: _Tickets, query: QueryParams) -> dict[str, Any]:
    for name in query:
        if name not in _PARAMETERS:
            # The name of an unknown parameter is the caller's text, so it is not repeated.
            raise _InvalidParameter("unknown")
    number = _whole_number(query, "page", 1, _PAGE_MAX)
    size = _whole_number(query, "pageSize", PAGE_SIZE, PAGE_SIZE_MAX)
    rows = tickets.since(_moment(query.get("updatedSince")))
    start = (number - 1) * size
    return {
        "items": rows[start : start + size],
        "page": number,
        "pages": -(-len(rows) // size),
        "total": len(rows),
    }


def _whole_number(query: QueryParams, name: str, default: int, most: int) -> int:
    text = query.get(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and len(text) <= 7 and 1 <= int(text) <= most):
        raise _InvalidParameter(name)
    return int(text)


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise _InvalidParameter("updatedSince") from None
    if moment.tzinfo is None:
        raise _InvalidParameter("updatedSince")
    return moment
