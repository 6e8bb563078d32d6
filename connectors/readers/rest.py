"""Reads a paged REST collection.

Only records are taken for data, and no other host is asked: the session follows no redirect, takes no proxy or password
from the environment, checks certificates, and limits time and size. Pages shift while a source changes: a read is
complete only if it gave as many different records as the source says there are, and is repeated otherwise.

dlt's REST client makes the requests. Its retries and paginators are not used: a hostile `Retry-After` raises there, and
the paginator takes a page without records for the end, stops silently at its limit, and quotes answers in its errors.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import os
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import requests

from connectors.base import Broken, ConnectorError, Header, Item, Note, Row, Since
from connectors.manifest import Paging, Source, Stream, read_secret
from connectors.readers.dlt_resources import rest_client
from connectors.readers.page_json import Doubled, canonical, charset, loads, whole_number

MAX_PAGE_BYTES = 16 << 20
TRIES = 3
MAX_WAIT_SECONDS = 5.0


class _Session(requests.Session):
    """Stays with the host that it is sent to, and within time and size."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self.trust_env = False
        self._seconds = seconds

    def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:
        options.update(allow_redirects=False, timeout=self._seconds, stream=True, verify=True)
        answer = super().send(request, **options)
        deadline = time.monotonic() + self._seconds
        body = bytearray()
        try:
            for part in answer.iter_content(65_536):
                body += part
                if len(body) > MAX_PAGE_BYTES or time.monotonic() > deadline:
                    raise requests.exceptions.ContentDecodingError("too large or too slow")
        finally:
            answer.close()
        answer._content = bytes(body)
        return answer


class RestReader:
    """Reads one paged collection. The cursor moves only after all of it was read."""

    ordered = False

    def __init__(self, source: Source, stream: Stream) -> None:
        self._source, self._stream = source, stream
        self._name = f"{source.name}/{stream.name}"
        self._paging = source.paging or Paging()
        self.full = not (stream.cursor and self._paging.since)

    def read(self, since: Since) -> Iterator[Item]:
        """Records changed at or after `since`; raises ConnectorError if they cannot all be had."""
        start = None if self.full else since.earliest()
        number = 0
        members: set[str] = set()
        yielded: set[bytes] = set()
        before: set[bytes] | None = None
        with _Session(self._source.limits.timeout) as session:
            for _ in range(TRIES):
                seen: set[bytes] = set()
                total = 0
                for items, stated in self._pages(session, start):
                    total = total if stated is None else stated
                    for item in items:
                        members.update(item if isinstance(item, dict) else ())
                        digest = _digest(item)
                        seen.add(digest)
                        # A repeated pass yields only what the passes before it did not.
                        if before is None or digest not in yielded:
                            number += 1
                            yielded.add(digest)
                            yield self._row(number, item)
                if len(seen) >= total or seen == before:
                    yield from self._closing(members, total - len(seen), start is None)
                    return
                before = seen
        raise self._error("it kept changing while it was read", terminal=False)

    @staticmethod
    def _closing(members: set[str], missing: int, full: bool) -> Iterator[Item]:
        if members:
            yield Header(tuple(members), complete=full)
        if missing > 0:
            yield Note(
                "fewer-records", "records less were given, twice, than the source states that there are", missing
            )

    def _pages(self, session: _Session, start: dt.datetime | None) -> Iterator[tuple[list[Any], int | None]]:
        address, headers = self._host_and_headers()
        client = rest_client(address, session, headers)
        last: list[bytes] = []
        for page in range(1, self._source.limits.pages + 1):
            items, pages, total = self._parse_page(*self._get(client, page, start), page)
            digests = [_digest(each) for each in items]
            if items and digests == last:
                raise self._error(f"page {page} repeats the page before it")
            last = digests
            yield items, total
            if page >= pages:
                return
        raise self._error(f"more than {self._source.limits.pages} pages")

    def _host_and_headers(self) -> tuple[str, dict[str, str]]:
        headers = {"Accept": "application/json"}
        if self._source.bearer:
            secret = read_secret(self._name, self._source.bearer, os.environ)
            headers["Authorization"] = f"Bearer {secret.get_secret_value()}"
        parts = urlsplit(self._source.where)
        return f"{parts.scheme}://{parts.netloc}", headers

    def _get(self, client: Any, page: int, start: dt.datetime | None) -> tuple[bytes, str]:
        """The body of a page and its encoding; an answer without content has none."""
        paging = self._paging
        parameters: dict[str, Any] = {paging.page: page, paging.size: paging.rows}
        if start is not None and paging.since:
            parameters[paging.since] = start.isoformat()
        for attempt in range(TRIES):
            try:
                answer = client.get(urlsplit(self._source.where).path, params=parameters)
            except requests.exceptions.SSLError:
                raise self._error("its certificate is not valid for it") from None
            except requests.exceptions.RequestException as error:
                if attempt + 1 == TRIES:
                    kind = type(error).__name__
                    raise self._error(f"it does not answer ({kind})", terminal=False) from None
                time.sleep(_pause_seconds(attempt, None))
                continue
            if answer.status_code != 429 and answer.status_code < 500:
                return self._accepted(answer)
            if attempt + 1 < TRIES:
                time.sleep(_pause_seconds(attempt, answer.headers.get("Retry-After")))
        raise self._error(f"it answers {answer.status_code} each time", terminal=False)

    def _accepted(self, answer: requests.Response) -> tuple[bytes, str]:
        status = answer.status_code
        if status == 204:
            return b"", "utf-8"
        if status in {401, 403}:
            raise self._error(f"it refuses our key ({status})")
        if 300 <= status < 400 and status != 304:
            raise self._error(f"it redirects to another address ({status}); redirects are not followed")
        if status != 200:
            raise self._error(f"it answers {status}")
        kind = answer.headers.get("Content-Type", "")
        if kind.partition(";")[0].strip().lower() != "application/json":
            raise self._error("it answers with something other than JSON, such as an HTML page")
        return bytes(answer.content), charset(kind)

    def _parse_page(self, body: bytes, encoding: str, page: int) -> tuple[list[Any], int, int | None]:
        """The records of a page, how many pages there are, and how many records (None if it does not say)."""
        paging = self._paging
        if not body:
            return [], page, None
        try:
            answer = loads(body, encoding)
        except ValueError:
            raise self._error(f"page {page} is not valid JSON") from None
        if not isinstance(answer, dict) or isinstance(answer, Doubled):
            raise self._error(f"page {page} has no list `{paging.items}`, or names a member twice")
        pages, total = whole_number(answer.get(paging.pages)), whole_number(answer.get(paging.total))
        if total == 0 and answer.get(paging.items) is None:
            return [], page, 0
        if not isinstance(answer.get(paging.items), list):
            raise self._error(f"page {page} has no list `{paging.items}`")
        if pages is None or total is None:
            raise self._error(f"page {page} does not state `{paging.pages}` and `{paging.total}` as numbers")
        if whole_number(answer.get(paging.page, page)) != page:
            raise self._error(f"page {page} was asked for, and another page came")
        return answer[paging.items], pages, total

    def _row(self, number: int, item: Any) -> Row | Broken:
        if not isinstance(item, dict):
            return Broken(number, "row", "not-a-record", "an object was expected", values={"": item})
        twice = [each for each in self._stream.columns if isinstance(item, Doubled) and each in item.twice]
        if twice:
            key = self._key(item)
            return Broken(number, twice[0], "member-twice", "the record names the member twice", key, item)
        return Row(number, item)

    def _key(self, item: dict[str, Any]) -> tuple[str, ...] | None:
        cells = [item.get(each) for each in self._stream.key]
        return tuple(str(each) for each in cells) if all(isinstance(each, str | int) for each in cells) else None

    def _error(self, problem: str, *, terminal: bool = True) -> ConnectorError:
        return ConnectorError(self._name, problem, terminal=terminal)


def _digest(item: Any) -> bytes:
    return hashlib.blake2b(canonical(item), digest_size=16).digest()


def _pause_seconds(attempt: int, retry_after: str | None) -> float:
    seconds = (
        float(retry_after) if retry_after and retry_after.isascii() and retry_after.isdigit() else 0.2 * 2**attempt
    )
    return min(seconds, MAX_WAIT_SECONDS)
