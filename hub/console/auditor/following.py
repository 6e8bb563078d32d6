"""Reads what came to the log after a record, for a page that follows it; blocks, for a thread.

That others follow the log is in the log too. Those readings are not shown to who follows it, or two who do would tell
each other of nothing else; a search finds them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Final

from audit.index import open_index
from audit.log import Logged
from audit.search import records, search
from audit.stores.open import open_reader
from hub.auditor.known_words import check_words
from hub.auditor.search_terms import read_filters, surrogate_of
from hub.console.auditor.reading import PAGE, nobody_to_ask
from hub.request.accesses import index_file
from hub.request.running import Hub

READING: Final = "console log live"
"""The operation of the record that says that somebody follows the log."""
MOST: Final = 200
"""Records that one reading shows; of more, the newest."""


@dataclass(frozen=True, slots=True)
class Newer:
    """Records, newest first; `last` is the index after which to go on, and `left_out` says that there were more."""

    records: Sequence[Logged]
    last: int
    left_out: bool
    recorded: Mapping[str, str]


def newer(hub: Hub, terms: Sequence[str], after: int | None) -> Newer:
    """The records that fit the terms, after an index or the newest of all; raises as `find`."""
    settings = hub.settings
    wanted = read_filters(terms, hub.digester, surrogate_of(settings), nobody_to_ask, settings.zone)
    with closing(open_reader(settings.audit_log)) as reader, open_index(index_file(settings)) as index:
        index.follow(reader)
        check_words(wanted.query, index, hub.policy, hub.catalogue)
        page = search(index, wanted.query, None, PAGE if after is None else MOST)
        indexes = tuple(each for each in page.indexes if after is None or each > after)
        shown = [each for each in records(reader, indexes) if not _is_following(each)]
        left_out = after is not None and page.before is not None and len(indexes) == len(page.indexes)
        return Newer(shown, page.size - 1, left_out, wanted.recorded)


def _is_following(logged: Logged) -> bool:
    return logged.record.kind == "search" and logged.record.operation_name == READING
