"""A log whose records a test writes as it likes, at times of its own, and its index."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from audit.index import Index, open_index
from audit.record import Digester, Record, pack
from audit.stores.open import open_reader
from audit.stores.reader import Reader
from audit.stores.sqlite import SqliteStore
from audit.tree import leaf_hash

DIGESTER = Digester(b"oversight" * 4)


def digest(domain: str, name: str) -> str:
    """The digest of an invented name."""
    return DIGESTER.digest(domain, name)


def at(moment: dt.datetime) -> str:
    """A moment as records write it."""
    return moment.astimezone(dt.UTC).isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


def write(folder: Path, made: Sequence[Record]) -> None:
    """Append records to the log in a folder, which is made if there is none."""
    store = SqliteStore(folder / "audit.db")
    store.begin(time.monotonic() + 10)
    store.append([[(leaf_hash(body), body) for body in pack(record)] for record in made])
    store.commit()
    store.drop()


@contextmanager
def written_log(folder: Path, made: Sequence[Record]) -> Iterator[tuple[Index, Reader]]:
    """The index of a log of these records, each with its continuations, and the log."""
    write(folder, made)
    with closing(open_reader(folder / "audit.db")) as reader, open_index(None) as index:
        index.follow(reader)
        yield index, reader
