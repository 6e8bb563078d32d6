"""What becomes of events, as tables: which version is kept, and which refused row has its entry."""

from __future__ import annotations

import datetime as dt
from itertools import permutations

import pytest

from connectors.base import Record, Refused
from hub.push.outcomes import (
    Entry,
    Status,
    Version,
    entry_of,
    newest,
    outcome_of_record,
    outcome_of_refused,
    to_clear,
    to_enter,
    version_of,
)

pytestmark = pytest.mark.unit


def at(second: int) -> dt.datetime:
    return dt.datetime(2026, 6, 1, 8, 0, second, tzinfo=dt.UTC)


def record(second: int, fingerprint: str = "f") -> Record:
    return Record("s/t:1", "1", "1", {}, (), at(second), fingerprint, repeated=True)


def refused(second: int | None, rule: str = "missing", awaits: tuple[str, str] | None = None) -> Refused:
    return Refused("s/t:1", "1", "name", rule, "why", None if second is None else at(second), awaits)


@pytest.mark.parametrize(
    ("mine", "stored", "others", "status"),
    [
        (record(1), None, (), Status.STORED),
        (record(1), (1, "f"), (), Status.UNCHANGED),
        (record(1), (1, ""), (), Status.STORED),
        (record(1), (2, "a"), (), Status.OUTDATED),
        (record(1), (1, "g"), (), Status.OUTDATED),
        (record(1), (1, "e"), (), Status.STORED),
        (record(1), (0, "z"), (), Status.STORED),
        (record(1), None, (record(2),), Status.OUTDATED),
        (record(1), None, (record(1, "g"),), Status.OUTDATED),
        (record(1), None, (record(1),), Status.STORED),
    ],
)
def test_the_latest_version_is_kept(
    mine: Record, stored: tuple[int, str] | None, others: tuple[Record, ...], status: Status
) -> None:
    began = int(at(0).timestamp() * 1000)
    held = {} if stored is None else {mine.key: (began + 1000 * stored[0], stored[1])}
    kept = newest(held, [mine, *others])
    assert outcome_of_record(mine, held.get(mine.key), kept[mine.key]).status is status


def test_a_record_without_a_time_has_no_version() -> None:
    with pytest.raises(ValueError, match="no time"):
        version_of(Record("k", "1", "1", {}, (), None, "f"))


@pytest.mark.parametrize(
    ("row", "kept", "status"),
    [
        (refused(1), None, Status.REFUSED),
        (refused(1), 2, Status.REFUSED),
        (refused(1, awaits=("Region", "1")), None, Status.WAITS),
        (refused(2, awaits=("Region", "1")), 1, Status.WAITS),
        (refused(1, awaits=("Region", "1")), 1, Status.OUTDATED),
        (refused(None), 2, Status.REFUSED),
    ],
)
def test_a_refused_row_waits_only_for_what_may_change_something(row: Refused, kept: int | None, status: Status) -> None:
    version = None if kept is None else version_of(record(kept))
    assert outcome_of_refused(row, version).status is status


def test_in_any_order_the_latest_refused_row_has_the_entry_unless_a_valid_one_is_as_late() -> None:
    rows = [refused(1), refused(3), refused(3, "unknown"), record(2), record(1)]
    ends = set()
    for order in permutations(rows):
        versions: dict[str, Version] = {}
        entries: dict[str, Entry] = {}
        for each in order:
            versions = newest(versions, [each] if isinstance(each, Record) else [])
            entered = to_enter([each] if isinstance(each, Refused) else [], entries, versions)
            entries |= {key: entry_of(row) for key, row in entered.items()}
            for key in to_clear(entries, versions):
                del entries[key]
        ends.add((tuple(versions.items()), tuple(entries.items())))
    ((versions_at_the_end, entries_at_the_end),) = ends
    assert versions_at_the_end == (("s/t:1", version_of(record(2))),)
    assert [entry[1] for _, entry in entries_at_the_end] == ["unknown"]
