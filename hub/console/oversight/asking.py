"""What the pages of this room ask with: words of an address, the log opened, and links to a search.

An address has names of the policy, days, numbers and digests, and nothing that may identify a person.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import closing, contextmanager
from typing import Final, TypeVar
from urllib.parse import urlencode

from audit.index import Index, IndexFault, open_index
from audit.record import RecordInvalid
from audit.search import QueryRefused
from audit.stores.base import StoreFault
from audit.stores.open import open_reader
from audit.stores.reader import Reader
from hub.console.arrival import Arrival
from hub.console.desk import HOME, Desk
from hub.console.lanes import Lane
from hub.console.refusals import PageRefused
from hub.home.settings import Settings
from hub.request.accesses import NotIndexed, index_file
from policies.stewards import Role

AUDITORS: Final = frozenset({Role.AUDITOR})
Result = TypeVar("Result")


def words_asked(arrival: Arrival, known: Collection[str]) -> dict[str, str]:
    """What an address asks, where it says something; PageRefused for a name that the page does not have."""
    asked = {name: text.strip() for name, text in arrival.request.query_params.items() if text.strip()}
    if unknown := asked.keys() - {*known}:
        raise PageRefused("choice", name=", ".join(sorted(unknown)))
    return asked


def day_of(text: str) -> dt.date:
    """The day that a text names (ISO 8601); QueryRefused for another, and at the ends of the calendar."""
    try:
        found = dt.date.fromisoformat(text)
    except ValueError:
        raise QueryRefused("write a day as 2026-06-30", "day") from None
    if not 1971 <= found.year <= 9000:
        raise QueryRefused("choose a day of this time", "day")
    return found


def number_of(text: str) -> int:
    """The number that a text says, of nine digits at most; QueryRefused for another text."""
    if not (text.isascii() and text.isdecimal() and len(text) < 10):
        raise QueryRefused("write a number", "number")
    return int(text)


def search_address(terms: Mapping[str, str]) -> str:
    """The page of a search of the log."""
    return f"{HOME}log?{urlencode(terms)}"


@contextmanager
def opened(settings: Settings) -> Iterator[tuple[Index, Reader]]:
    """The index of a hub's log, brought up to date, and the log."""
    with closing(open_reader(settings.audit_log)) as reader, open_index(index_file(settings)) as index:
        index.follow(reader)
        yield index, reader


async def counted(desk: Desk, work: Callable[[], Result]) -> Result:
    """What work over many records gives, one piece at a time; PageRefused where the log or its index can't be read."""
    try:
        return await desk.beside(Lane.COUNTS, work)
    except (IndexFault, StoreFault, RecordInvalid, NotIndexed, OSError):
        raise PageRefused("store") from None
