"""Reads a paged REST collection.

Only records are taken for data, and no other host is asked (`guarded_session.py`). Pages shift while a source changes:
a read is complete only if it gave as many different records as the source says there are, and is repeated otherwise.
One that stands twice on a page is two of them; on two pages it may stand for one that was left out.
A source that answers oddly, leads in a circle or has us wait too long ends the read with a word.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from email.utils import parsedate_to_datetime
from ipaddress import IPv4Network, IPv6Network
from typing import ClassVar, Literal

import requests
from pydantic import Field, model_validator

from connectors.base import ConnectorError, Header, Item, Note, Since
from connectors.readers.credentials import ApiKey, OAuth, fetch_token, key_headers
from connectors.readers.guarded_session import AddressRefused, GuardedSession, check_url
from connectors.readers.json_rows import json_row
from connectors.readers.page_json import canonical, charset
from connectors.readers.paging import Answer, Page, Paging, Request, WrongPage, first_request, parse_page
from connectors.secret_names import NOT_NEEDED, SecretName
from connectors.source_model import ADDRESS_NOT_NEEDED, FaultAt, PulledSource, Stream

TRIES = 3
MAX_WAIT_SECONDS = 30.0
"""Longest pause before one further try, whatever the source asks for."""


class RestSource(PulledSource):
    """A REST interface, as its YAML file declares it: one paged collection."""

    filled: ClassVar[Mapping[tuple[str, ...], str]] = {
        **PulledSource.filled,
        ("bearer",): NOT_NEEDED,
        ("apiKey", "secret"): NOT_NEEDED,
        ("oauth", "secret"): NOT_NEEDED,
        ("oauth", "token"): ADDRESS_NOT_NEEDED,
    }
    reached: ClassVar[frozenset[str]] = frozenset({"bearer", "api_key", "oauth", "addresses", "authority"})

    kind: Literal["rest"]
    bearer: SecretName | None = None
    api_key: ApiKey | None = Field(default=None, alias="apiKey")
    oauth: OAuth | None = None
    addresses: tuple[IPv4Network | IPv6Network, ...] = ()
    authority: str | None = Field(default=None, min_length=1)
    paging: Paging | None = None

    @model_validator(mode="after")
    def _says_where_and_who(self) -> RestSource:
        check_url(self.where, "where")
        if self.oauth is not None:
            check_url(self.oauth.token, "oauth", "token")
        given = [name for name in ("bearer", "api_key", "oauth") if getattr(self, name) is not None]
        if len(given) > 1:
            raise FaultAt("a source takes one of bearer, apiKey and oauth", given[1].replace("api_key", "apiKey"))
        return self

    def reader(self, stream: Stream) -> RestReader:
        """Reads the collection for one stream."""
        return RestReader(self, stream)


class RestReader:
    """Reads one paged collection. The cursor moves only after all of it was read."""

    ordered = False

    def __init__(self, source: RestSource, stream: Stream) -> None:
        self._source, self._stream = source, stream
        self._name = f"{source.name}/{stream.name}"
        self._paging = source.paging or Paging()
        self.full = not (stream.cursor and self._paging.since)
        self._patience = source.limits.wait

    def read(self, since: Since) -> Iterator[Item]:
        """Records changed at or after `since`; raises ConnectorError if they cannot all be had."""
        start = None if self.full else since.earliest()
        number = 0
        members: set[str] = set()
        yielded: set[bytes] = set()
        before: set[bytes] | None = None
        with self._session() as session:
            for _ in range(TRIES):
                seen: set[bytes] = set()
                total = doubled = 0
                for page in self._pages(session, start):
                    total = total if page.total is None else page.total
                    doubled += len(page.items) - len({_digest(each) for each in page.items})
                    for item in page.items:
                        members.update(item if isinstance(item, dict) else ())
                        digest = _digest(item)
                        seen.add(digest)
                        # A repeated pass yields only what the passes before it did not.
                        if before is None or digest not in yielded:
                            number += 1
                            yielded.add(digest)
                            yield json_row(self._stream, number, item)
                given = len(seen) + doubled
                if given >= total or seen == before:
                    yield from self._closing(members, total - given, start is None)
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

    def _session(self) -> GuardedSession:
        source = self._source
        urls = [source.where, *([source.oauth.token] if source.oauth else ())]
        session = GuardedSession(urls, source.limits.timeout, source.addresses, source.authority)
        session.headers["Accept"] = "application/json"
        session.headers.update(key_headers(self._name, source.bearer, source.api_key))
        return session

    def _pages(self, session: GuardedSession, start: dt.datetime | None) -> Iterator[Page]:
        request = first_request(self._paging, self._source.where, start.isoformat() if start else None)
        asked = {(request.url, request.own)}
        last: list[bytes] = []
        while request.number <= self._source.limits.pages:
            try:
                page = parse_page(self._paging, request, self._get(session, request))
            except WrongPage as wrong:
                raise self._error(str(wrong)) from None
            digests = [_digest(each) for each in page.items]
            if page.items and digests == last:
                raise self._error(f"page {request.number} repeats the page before it")
            last = digests
            yield page
            if page.following is None:
                return
            request = page.following
            if (request.url, request.own) in asked:
                raise self._error(f"page {request.number - 1} leads back to a page that was read")
            asked.add((request.url, request.own))
        raise self._error(f"more than {self._source.limits.pages} pages")

    def _get(self, session: GuardedSession, request: Request) -> Answer:
        """The answer to a request; an answer without content has an empty body."""
        renewed = False
        attempt = 0
        while True:
            answer = self._asked(session, request, attempt)
            if answer is not None and answer.status_code == 401 and self._source.oauth and not renewed:
                # A token may end while pages are read.
                session.headers.pop("Authorization", None)
                renewed = True
                continue
            if answer is not None and answer.status_code != 429 and answer.status_code < 500:
                return self._accepted(answer)
            attempt += 1
            if attempt == TRIES:
                status = answer.status_code if answer is not None else 0
                raise self._error(f"it answers {status} each time", terminal=False)
            self._wait(attempt, answer.headers.get("Retry-After") if answer is not None else None)

    def _asked(self, session: GuardedSession, request: Request, attempt: int) -> requests.Response | None:
        """The answer of a source; None if there was none and it may be asked again."""
        try:
            if self._source.oauth and "Authorization" not in session.headers:
                session.headers.update(fetch_token(self._name, session, self._source.oauth))
            return session.get(request.url, params=request.parameters)
        except requests.exceptions.SSLError:
            raise self._error(
                "its certificate is not valid for it: see its name, its dates and who vouches for it (`authority`)"
            ) from None
        except AddressRefused:
            raise self._error("its name leads to an address that is not asked; see `addresses`") from None
        except requests.exceptions.RequestException as error:
            if attempt + 1 == TRIES:
                raise self._error(f"it does not answer ({type(error).__name__})", terminal=False) from None
            return None
        except OSError:
            raise self._error("the file of `authority` cannot be read; name one with PEM certificates") from None

    def _wait(self, attempt: int, retry_after: str | None) -> None:
        """Pause before the next try, as long as the source asks for, within limits."""
        pause = _pause_seconds(attempt, retry_after)
        if pause > self._patience:
            most = self._source.limits.wait
            raise self._error(f"it has us wait longer than {most:g} seconds in all (limits.wait)", terminal=False)
        self._patience -= pause
        time.sleep(pause)

    def _accepted(self, answer: requests.Response) -> Answer:
        status = answer.status_code
        if status == 204:
            return Answer(b"", "utf-8")
        if status in {401, 403}:
            raise self._error(f"it refuses our key ({status})")
        if 300 <= status < 400 and status != 304:
            raise self._error(f"it redirects to another address ({status}); redirects are not followed")
        if status != 200:
            raise self._error(f"it answers {status}")
        kind = answer.headers.get("Content-Type", "")
        named = kind.partition(";")[0].strip().lower()
        if named != "application/json" and not (named.startswith("application/") and named.endswith("+json")):
            raise self._error("it answers with something other than JSON, such as an HTML page")
        return Answer(bytes(answer.content), charset(kind), answer.links.get("next", {}).get("url"))

    def _error(self, problem: str, *, terminal: bool = True) -> ConnectorError:
        return ConnectorError(self._name, problem, terminal=terminal)


def _digest(item: object) -> bytes:
    return hashlib.blake2b(canonical(item), digest_size=16).digest()


def _pause_seconds(attempt: int, retry_after: str | None) -> float:
    """How long to pause, by the header Retry-After (seconds, or a date) if it says so, within bounds."""
    stated: float = 0.1 * 2**attempt
    if retry_after and retry_after.isascii() and retry_after.isdigit():
        stated = float(retry_after)
    elif retry_after:
        with suppress(ValueError, TypeError, OverflowError):
            stated = (parsedate_to_datetime(retry_after) - dt.datetime.now(dt.UTC)).total_seconds()
    return min(max(stated, 0.0), MAX_WAIT_SECONDS)
