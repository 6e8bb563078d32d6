"""Remembers what the rows of a stream became, so that a row that comes again as it was need not be shaped again.

Of each row it holds a keyed digest of its cells, the fingerprint of its record, and the time of its last change, which
is the one cell that stands there in clear. What a row becomes depends on nothing else but what `digest_context`
digests; of another context nothing is recalled. Whether the graph holds the record is not remembered: the graph is
asked each time.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import sys
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import Protocol

import schema
from connectors.base import Record, Row
from connectors.source_model import Source, Stream
from connectors.transforms import Context
from schema.catalogue import Catalogue

MOST = 1_000_000
"""How many rows of a stream are remembered at most: 40 bytes each in the file, 200 in memory."""
LIBRARIES = ("orjson", "python-stdnum")
_DIGEST, _FINGERPRINT, _TIME = 16, 16, 8
ENTRY = _DIGEST + _FINGERPRINT + _TIME
"""Bytes of what is remembered of a row."""
_NO_TIME = -(2**63)
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_MICROSECOND = dt.timedelta(microseconds=1)


class RowStore(Protocol):
    """Keeps what is remembered between pulls. What it cannot give as it was kept it does not give at all."""

    def digest(self, content: bytes) -> bytes:
        """A keyed digest of 16 bytes, under which nobody without the key can try out a content."""
        ...

    def load(self, stream: str, context: bytes, today: dt.date) -> bytes:
        """What was kept under this context, not after `today`; empty if there is nothing such."""
        ...

    def save(self, stream: str, context: bytes, today: dt.date, entries: bytes) -> None:
        """Keep entries in the place of those before; where that fails, nothing is kept."""
        ...


@dataclass(frozen=True, slots=True)
class Recalled:
    """A row that became a record before: what is known of it, and the row itself in case that is not enough."""

    key: str
    number: str
    as_of: dt.datetime | None
    fingerprint: str
    row: Row = field(repr=False)


class RowMemory:
    """What is remembered of one stream, and what this pull will have remembered at its end."""

    def __init__(self, store: RowStore, stream: Stream, name: str, context: bytes, pulled: Context) -> None:
        self._store, self._name, self._context, self._today = store, name, context, pulled.today
        self._columns, self._zone = stream.columns, pulled.zone
        self._held = b""
        self._places: dict[bytes, int] = {}
        self._entries = bytearray()

    def load(self) -> None:
        """Take what was remembered; without this nothing is recalled."""
        self._held = held = self._store.load(self._name, self._context, self._today)
        self._places = {held[at : at + _DIGEST]: at for at in range(0, len(held), ENTRY)}

    def digest(self, row: Row) -> bytes | None:
        """A digest of the declared cells of a row, with their types; None if one of them is missing."""
        try:
            cells = [row.values[each] for each in self._columns]
        except KeyError:
            return None
        return self._store.digest(repr(cells).encode("utf-8", "surrogatepass"))

    def recall(self, digest: bytes) -> tuple[str, dt.datetime | None] | None:
        """Fingerprint and time of the record that a row with this digest became; None if none is known."""
        at = self._places.get(digest)
        if at is None:
            return None
        start = at + _DIGEST
        middle, end = start + _FINGERPRINT, at + ENTRY
        time = int.from_bytes(self._held[middle:end], "big", signed=True)
        moment = None if time == _NO_TIME else (_EPOCH + time * _MICROSECOND).astimezone(self._zone)
        return self._held[start:middle].hex(), moment

    def remember(self, digest: bytes, record: Record | Recalled) -> None:
        """Note what the row with this digest became."""
        if len(self._entries) < MOST * ENTRY:
            time = _NO_TIME if record.as_of is None else (record.as_of - _EPOCH) // _MICROSECOND
            self._entries += digest + bytes.fromhex(record.fingerprint) + time.to_bytes(_TIME, "big", signed=True)

    def save(self) -> None:
        """Have remembered what the rows of this pull became, and nothing else."""
        if self._entries != self._held:
            self._store.save(self._name, self._context, self._today, bytes(self._entries))


def digest_context(source: Source, stream: Stream, catalogue: Catalogue, context: Context) -> bytes:
    """A digest of all but its cells on which the record of a row depends; the day apart, which only moves on.

    A day in the future is refused, and a refusal is not remembered: what was taken on one day is taken on each later.
    """
    fields = [(each.name, each.kind, each.scalar) for each in catalogue.entity(stream.entity).fields]
    places = sorted(context.places.items())
    parts = (_digest_code(), source.name, source.digest(stream), fields, str(context.zone), places)
    return hashlib.sha256(repr(parts).encode()).digest()


@lru_cache(maxsize=1)
def _digest_code() -> str:
    """A digest of the code that shapes a row: nobody has to raise a number by hand."""
    digest = hashlib.sha256(sys.version.encode())
    for library in LIBRARIES:
        digest.update(f"{library} {version(library)}\n".encode())
    for room in (Path(__file__).parent, Path(schema.__file__).parent):
        for path in sorted(room.rglob("*.py")):
            digest.update(f"{room.name}/{path.relative_to(room)}\n".encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()
