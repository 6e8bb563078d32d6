"""The sample hotline: a REST server over `tickets.jsonl`, specified in docs/sample-county.md, section 4.

It serves no ticket without the key, and logs no text of a ticket.
"""

import hmac
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from starlette.applications import Starlette
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from hub.sample.dated_rows import DatedRows, InvalidParameter, moment, refuse_unknown, whole_number
from hub.sample.loopback import serve

PAGE_SIZE: Final = 100
PAGE_SIZE_MAX: Final = 500
_PAGE_MAX: Final = 1_000_000
_PARAMETERS: Final = frozenset({"updatedSince", "page", "pageSize"})


def make_hotline_app(folder: Path, key: str) -> Starlette:
    """The application over `folder/tickets.jsonl`; callers send `key` as their bearer token.

    Raises `ValueError` if the key is empty, `OSError` if there is no file of tickets.
    """
    if not key:
        raise ValueError("the hotline needs a key")
    tickets = DatedRows(folder / "tickets.jsonl", "ticketNo")
    expected = f"Bearer {key}".encode()

    async def list_tickets(request: Request) -> Response:
        shown = request.headers.get("authorization", "").encode("latin-1")
        if not hmac.compare_digest(shown, expected):
            return JSONResponse({"error": "unauthorized"}, 401, {"WWW-Authenticate": "Bearer"})
        try:
            return JSONResponse(_page(tickets, request.query_params))
        except InvalidParameter as error:
            return JSONResponse({"error": "invalid parameter", "parameter": error.parameter}, 400)

    return Starlette(routes=[Route("/api/tickets", list_tickets, methods=["GET"])])


@contextmanager
def serve_hotline(folder: Path, key: str, port: int = 0) -> Iterator[str]:
    """Serve the hotline on loopback while the block runs; yields its base URL. Port 0 takes any free port.

    Raises `ServerFailed` if the server does not come up, `OSError` if the port is taken.
    """
    with serve(make_hotline_app(folder, key), "hotline", port) as base_url:
        yield base_url


def _page(tickets: DatedRows, query: QueryParams) -> dict[str, Any]:
    refuse_unknown(query, _PARAMETERS)
    number = whole_number(query, "page", 1, _PAGE_MAX)
    size = whole_number(query, "pageSize", PAGE_SIZE, PAGE_SIZE_MAX)
    rows = tickets.since(moment(query, "updatedSince"))
    start = (number - 1) * size
    return {
        "items": rows[start : start + size],
        "page": number,
        "pages": -(-len(rows) // size),
        "total": len(rows),
    }
