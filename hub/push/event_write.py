"""The one transaction of the events of a stream: what the sink writes of their records, and that they were delivered.

Events that were delivered before change nothing. Each transaction first takes the turn (`hub/ingest/lease.py`), so that
of several workers one after the other looks and writes; killed at any moment, all of it is in the graph or nothing.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence

from connectors.base import Batch, Record, Refused, StreamPlan
from hub.graph.driver import Transaction
from hub.graph.loaded_catalogue import require_note
from hub.ingest import sink_statements as sink_cypher
from hub.ingest.batch_rows import refused_row
from hub.ingest.batch_write import BatchWrite
from hub.ingest.known_plans import KnownPlans
from hub.ingest.lease import take_turn
from hub.ingest.text_properties import Reading
from hub.push import statements as cypher
from hub.push.outcomes import (
    ACKNOWLEDGED,
    REUSED,
    Entry,
    Offered,
    Outcome,
    Status,
    Version,
    entry_of,
    newest,
    outcome_of_record,
    outcome_of_refused,
    to_clear,
    to_enter,
)


def delivered(rows: Iterable[Mapping[str, str]], bodies: Mapping[str, str]) -> dict[str, Outcome]:
    """What became of events that were delivered before, by key; `rows` are those of `statements.DELIVERED`."""
    return {
        row["key"]: Outcome(Status(row["status"]), row["field"], row["rule"], row["reason"])
        if row["body"] == bodies[row["key"]]
        else REUSED
        for row in rows
    }


class EventWrite:
    """The work of one transaction. A new one is made for each attempt, so that each starts from nothing."""

    def __init__(
        self,
        plans: KnownPlans,
        transaction: Transaction,
        plan: StreamPlan,
        run: str,
        offered: Sequence[Offered],
        catalogue_version: str,
    ) -> None:
        self._catalogue_version = catalogue_version
        self._plans, self._tx, self._plan, self._run = plans, transaction, plan, run
        self._offered = offered
        self._held: dict[str, Mapping[str, object]] = {}

    def write(self, reading: Reading) -> dict[str, Outcome]:
        """Write the events; returns what became of each, by its key. Each key comes once."""
        take_turn(self._tx)
        require_note(self._tx, self._catalogue_version)
        bodies = {each.key: each.body for each in self._offered}
        before = delivered(self._tx.run(cypher.DELIVERED, keys=sorted(bodies)), bodies)
        fresh = [each for each in self._offered if each.key not in before]
        if not fresh:
            return before
        found = self._write_fresh(fresh, reading)
        self._note(fresh, found)
        return {**before, **found}

    def _write_fresh(self, fresh: Sequence[Offered], reading: Reading) -> dict[str, Outcome]:
        records = [each.shaped for each in fresh if isinstance(each.shaped, Record)]
        refused = [each.shaped for each in fresh if isinstance(each.shaped, Refused)]
        keys = sorted({each.shaped.key for each in fresh})
        stored = self._stored(keys)
        entries = self._entries(keys)
        kept = newest(stored, records)
        entered = to_enter(refused, entries, kept)
        cleared = [key for key in to_clear(entries, kept) if key not in entered]
        batch = Batch(self._plan, self._run, tuple(records), tuple(entered.values()), tuple(cleared))
        written = BatchWrite(self._plans, self._tx, batch, reading, None, careful=True).run()
        orphans = {each.key: each for each in written.orphans}
        self._keep_later(orphans, entered, entries)
        return {each.key: self._outcome(each.shaped, stored, kept, orphans) for each in fresh}

    def _outcome(
        self,
        shaped: Record | Refused,
        stored: Mapping[str, Version],
        kept: Mapping[str, Version],
        orphans: Mapping[str, Refused],
    ) -> Outcome:
        if isinstance(shaped, Refused):
            return outcome_of_refused(shaped, stored.get(shaped.key) if shaped.key in orphans else kept.get(shaped.key))
        found = outcome_of_record(shaped, stored.get(shaped.key), kept[shaped.key])
        if shaped.key in orphans and found.status is not Status.UNCHANGED:
            # The version that would have been kept is not in: what lost against it may have to be written.
            return outcome_of_refused(orphans[shaped.key], None)
        return found

    def _stored(self, keys: Sequence[str]) -> dict[str, Version]:
        """The versions that the graph holds, by key; one that has to be written again has no fingerprint."""
        rows = self._tx.run(sink_cypher.STORED, keys=keys)
        return {
            row["key"]: (row["asOf"], "" if row["stale"] else row["hash"]) for row in rows if row["asOf"] is not None
        }

    def _entries(self, keys: Sequence[str]) -> dict[str, Entry]:
        rows = self._tx.run(cypher.ENTRIES, keys=keys)
        self._held = {row["key"]: row["held"] for row in rows}
        return {row["key"]: (row["asOf"], row["rule"], row["field"], row["reason"]) for row in rows}

    def _keep_later(
        self, orphans: Mapping[str, Refused], entered: Mapping[str, Refused], entries: Mapping[str, Entry]
    ) -> None:
        """Keep entries that are later than those of records without their target, which the sink has just written."""
        again = [
            entered[key] for key, each in orphans.items() if key in entered and entry_of(entered[key]) > entry_of(each)
        ]
        if again:
            rows = [
                refused_row(self._plan, each, self._plans.sid(*each.awaits) if each.awaits else None) for each in again
            ]
            self._tx.run(sink_cypher.ENTER_CHANGED, rows=rows, run=self._run)
        later = [
            key
            for key, each in orphans.items()
            if key in entries.keys() - entered.keys() and entries[key] > entry_of(each)
        ]
        if later:
            self._tx.run(cypher.PUT_BACK, rows=[dict(self._held[key]) for key in later])

    def _note(self, fresh: Sequence[Offered], outcomes: Mapping[str, Outcome]) -> None:
        rows = [
            {
                "key": each.key,
                "body": each.body,
                "status": str(outcome.status),
                "field": outcome.field,
                "rule": outcome.rule,
                "reason": outcome.reason,
            }
            for each in fresh
            if (outcome := outcomes[each.key]).status in ACKNOWLEDGED
        ]
        if rows:
            now = dt.datetime.now(dt.UTC)
            self._tx.run(cypher.NOTE, rows=rows, source=self._plan.source, run=self._run, at=now)
