"""How a REST source gives its records page by page: by number, by offset, by cursor, or by links (RFC 8288).

From the answer to one request follows the next, or that there is none. A page that is not the one that was asked for, a
source that leads back or elsewhere, and an answer without the members that its style needs raise `WrongPage`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal
from urllib.parse import urljoin, urlsplit

from pydantic import Field, model_validator

from connectors.readers.guarded_session import origin_of
from connectors.readers.page_json import Doubled, loads, whole_number
from connectors.source_model import Block, FaultAt

Style = Literal["page", "offset", "cursor", "link"]
_OWN: Mapping[str, frozenset[str]] = {
    "page": frozenset({"page", "first", "pages", "total"}),
    "offset": frozenset({"offset", "total"}),
    "cursor": frozenset({"cursor", "next", "total"}),
    "link": frozenset({"total"}),
}
_COMMON = frozenset({"style", "items", "size", "rows", "since"})
_SURROGATE = re.compile("[\ud800-\udfff]")
WHOLE = "."
"""The name of the answer itself, for `items`."""


class Paging(Block):
    """Names of parameters, and of members of the answer; a dot leads into a member (`data.list`)."""

    style: Style = "page"
    items: str = "items"
    page: str = "page"
    first: int = Field(default=1, ge=0, le=1)
    offset: str = "offset"
    cursor: str = "cursor"
    next: str = "next"
    size: str = "pageSize"
    rows: int = Field(default=200, ge=1, le=1000)
    pages: str = "pages"
    total: str = "total"
    since: str | None = None

    @model_validator(mode="after")
    def _has_no_key_of_another_style(self) -> Paging:
        other = sorted(self.model_fields_set - _COMMON - _OWN[self.style])
        if other:
            raise FaultAt(f"not for the style {self.style}", other[0])
        return self


class WrongPage(Exception):
    """What a source answers is no page. The text says why, without a value."""


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked: an address, the parameters that stay and those of this page, and its place in the read."""

    url: str
    kept: tuple[tuple[str, str], ...]
    own: tuple[tuple[str, str], ...]
    number: int = 1
    read: int = 0
    """How many records were read before."""

    @property
    def parameters(self) -> dict[str, str]:
        """All parameters."""
        return dict((*self.kept, *self.own))


@dataclass(frozen=True, slots=True)
class Answer:
    """The body of a page, its encoding, and where its header `Link` leads for the next one."""

    body: bytes
    encoding: str
    link: str | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """The records of a page, how many there are in all if it says so, and what to ask next."""

    items: list[Any]
    total: int | None
    following: Request | None


def first_request(paging: Paging, url: str, since: str | None) -> Request:
    """What is asked first: all records, or those changed since a moment."""
    kept = ((paging.size, str(paging.rows)), *(((paging.since, since),) if paging.since and since else ()))
    own = {"page": ((paging.page, str(paging.first)),), "offset": ((paging.offset, "0"),)}
    return Request(url, kept, own.get(paging.style, ()))


def parse_page(paging: Paging, request: Request, answer: Answer) -> Page:
    """The page in an answer; raises WrongPage."""
    if not answer.body:
        return Page([], None, None)
    try:
        found = loads(answer.body, answer.encoding)
    except ValueError:
        raise WrongPage(f"page {request.number} is not valid JSON") from None
    items, total = _member(found, paging.items), whole_number(_member(found, paging.total))
    if total == 0 and items is None:
        return Page([], 0, None)
    if not isinstance(items, list):
        raise WrongPage(f"page {request.number} has no list `{paging.items}`, or names a member twice")
    following = _FOLLOWING[paging.style](paging, request, _Found(found, items, total, answer.link))
    return Page(items, total, following)


@dataclass(frozen=True, slots=True)
class _Found:
    answer: Any
    items: list[Any]
    total: int | None
    link: str | None


def _member(found: Any, path: str) -> Any:
    """What stands at a dotted path; None if there is nothing, or it is not known which."""
    if path == WHOLE or isinstance(found, Doubled):
        return None if isinstance(found, Doubled) else found
    if not isinstance(found, dict):
        return None
    if path in found:
        return found[path]
    head, dot, rest = path.partition(".")
    return _member(found.get(head), rest) if dot else None


def _next_number(paging: Paging, request: Request, found: _Found) -> Request | None:
    pages = whole_number(_member(found.answer, paging.pages))
    if pages is None or found.total is None:
        raise WrongPage(f"page {request.number} does not state `{paging.pages}` and `{paging.total}` as numbers")
    asked = request.number - 1 + paging.first
    stated = _member(found.answer, paging.page)
    if stated is not None and whole_number(stated) != asked:
        raise WrongPage(f"page {asked} was asked for, and another page came")
    return None if request.number >= pages else _after(request, found, (paging.page, str(asked + 1)))


def _next_offset(paging: Paging, request: Request, found: _Found) -> Request | None:
    """Without a total the end is a page without records: a source may give less than it was asked for."""
    read = request.read + len(found.items)
    if not found.items or (found.total is not None and read >= found.total):
        return None
    return _after(request, found, (paging.offset, str(read)))


def _next_cursor(paging: Paging, request: Request, found: _Found) -> Request | None:
    cursor = _member(found.answer, paging.next)
    if cursor is None or cursor == "" or cursor is False:
        return None
    # Half a character pair can stand in JSON, and in no address.
    if isinstance(cursor, bool) or not isinstance(cursor, str | int) or _SURROGATE.search(str(cursor)):
        raise WrongPage(f"page {request.number} has no text under `{paging.next}`")
    return _after(request, found, (paging.cursor, str(cursor)))


def _next_link(_paging: Paging, request: Request, found: _Found) -> Request | None:
    if found.link is None:
        return None
    try:
        url = urljoin(request.url, found.link)
        elsewhere = origin_of(url) != origin_of(request.url) or urlsplit(url).username
    except ValueError:
        raise WrongPage(f"page {request.number} has a link to the next one that is no address") from None
    if elsewhere:
        raise WrongPage(f"page {request.number} leads to another host, which is not asked")
    return replace(_after(request, found), url=url, kept=())


def _after(request: Request, found: _Found, *own: tuple[str, str]) -> Request:
    return replace(request, own=own, number=request.number + 1, read=request.read + len(found.items))


_FOLLOWING: Mapping[Style, Callable[[Paging, Request, _Found], Request | None]] = {
    "page": _next_number,
    "offset": _next_offset,
    "cursor": _next_cursor,
    "link": _next_link,
}
