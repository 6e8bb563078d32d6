"""The lease of a source: one pull of it at a time, whoever started it and on whichever machine; and the turn to write.

It is a `SourceRun` node of the graph and ends by the graph's clock, so that a pull that died holds nobody up for longer
than its length; one that died on this machine holds nobody up at all (`lease_holder.py`). It is renewed while a pull
reads, and in each transaction that writes: whoever has lost it, and be it that they were stopped for an hour and then
go on, writes nothing more (design §7).

A source that is pushed has no lease: its events come at any time, to several hubs. Each transaction that may meet those
of others takes the turn before it reads anything: who looks, and writes by what it saw, does so alone.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from connectors.base import ConnectorError
from hub.graph.driver import LONGEST_WRITE, GraphWriteError, GraphWriter, Transaction
from hub.graph.loaded_catalogue import WRITTEN_FOR, check_note, wait_for_change
from hub.ingest.lease_holder import Holder, holder_of, this_process

TAKE_SECONDS = 10.0
"""How long to wait for another pull of the source that is writing; a write takes a second or two."""
_HELD_UP = ("TransactionTimedOut", "LockClientStopped", "TransactionMarkedAsFailed", "Terminated")
"""Codes of a wait that the server ended hold one of these."""
RENEWALS = 3
"""How often a lease is renewed in the time that it lasts."""
JOIN_SECONDS = 5.0

# To remove a property that is not there takes no lock, so it is set first.
_TURN = "MATCH (k:SurrogateKey) SET k.lock = true REMOVE k.lock"
# The node is locked before it is read, in a statement of its own, so that nothing is read before the lock is held.
_LOCK = "MERGE (s:SourceRun {source: $source}) SET s.asked = $token"
_HOLDER = "MATCH (s:SourceRun {source: $source}) RETURN s.holder AS holder"
_MINE = "MATCH (s:SourceRun {source: $source, token: $token})"
_LOCK_MINE = f"{_MINE} SET s.asked = $token RETURN s.source AS source"
_TAKE = """
MATCH (s:SourceRun {source: $source})
WITH s, datetime.realtime() AS now
WITH s, now, s.until IS NULL OR s.until <= now OR s.token = $token OR $dead AS free, s.until AS until,
  toString(s.started) AS started
FOREACH (_ IN CASE WHEN free THEN [1] ELSE [] END |
  SET s.token = $token, s.until = now + duration({milliseconds: $lasts}), s.started = now, s.ended = null,
    s.holder = $holder, s.result = 'RUNNING', s.problem = null)
RETURN free, toString(until) AS until, started"""
_RENEW = f"""
{_MINE}
SET s.until = datetime.realtime() + duration({{milliseconds: $lasts}})
RETURN {WRITTEN_FOR} AS notes"""
_END = f"""
{_MINE}
WITH s, datetime.realtime() AS now
SET s += $outcome, s.ended = now, s.until = null, s.token = null, s.holder = null,
  s.good = CASE WHEN $outcome.result = 'OK' THEN s.started ELSE s.good END"""


class SourceBusy(ConnectorError):
    """Another pull of the source is running; nothing was read."""


class SourcesBusy(ConnectorError):
    """Some sources were skipped because other pulls of them are running; all others were pulled."""

    def __init__(self, skipped: Sequence[SourceBusy]) -> None:
        super().__init__(", ".join(each.source for each in skipped), skipped[0].problem, terminal=False)


class LeaseLost(ConnectorError):
    """The lease ended, and another pull may have taken it: the transaction writes nothing."""


class Lease:
    """The lease of one source, held under a token of its own; it lasts for so many seconds unless it is renewed."""

    def __init__(self, writer: GraphWriter, source: str, seconds: float) -> None:
        self._writer, self._source, self.seconds = writer, source, seconds
        self._token = uuid.uuid4().hex

    def take(self) -> None:
        """Take the lease; raises SourceBusy while another pull holds it, and GraphWriteError."""
        try:
            row, held_by = self._writer.write(self._take, seconds=TAKE_SECONDS)
        except GraphWriteError as failed:
            if not any(each in failed.code for each in _HELD_UP):
                raise
            raise SourceBusy(
                self._source,
                "another pull of this source, or a change of the catalogue, is in the middle of a write; if it was "
                f"halted or cut off, the graph undoes that write {LONGEST_WRITE / 60:.0f} minutes after it began",
                terminal=False,
            ) from None
        if not row["free"]:
            raise SourceBusy(
                self._source,
                f"another pull of this source is running ({held_by or 'of an older release'}, since "
                f"{row['started']}); if that one has died, its lease ends at {row['until']} by the graph's clock",
                terminal=False,
            )

    def _take(self, transaction: Transaction) -> tuple[dict[str, Any], Holder | None]:
        """What was found, and by whom the lease was held."""
        # A change of the catalogue waits for all pulls that it finds, so it must find this one, or end before.
        wait_for_change(transaction)
        transaction.run(_LOCK, source=self._source, token=self._token)
        held_by = holder_of(transaction.run(_HOLDER, source=self._source)[0]["holder"])
        dead = held_by is not None and held_by.is_dead
        (row,) = transaction.run(_TAKE, **self._parameters(), dead=dead, holder=this_process().as_text())
        return row, held_by

    def guard(self, transaction: Transaction, version: str) -> None:
        """Renew the lease in a transaction that will write for a catalogue; raises LeaseLost, and CatalogueMisfit.

        The node stays locked until the transaction ends, so nobody can take the lease, or change the catalogue, before
        what it writes is in.
        """
        check_note(self._renew(transaction), version)

    def _renew(self, transaction: Transaction) -> list[list[Any]]:
        """The catalogues for which the graph is written: it is asked as few times as can be (5 ms each)."""
        mine = transaction.run(_LOCK_MINE, source=self._source, token=self._token)
        found = transaction.run(_RENEW, **self._parameters()) if mine else []
        if not found:
            raise LeaseLost(
                self._source,
                "the pull was stopped for so long that its lease ended; nothing more is written. Pull again: it goes "
                "on from there",
                terminal=False,
            )
        return list(found[0]["notes"])

    def renew(self) -> None:
        """Renew the lease alone; raises LeaseLost and GraphWriteError."""
        self._writer.write(self._renew)

    def end(self, result: str, problem: str | None, report: str) -> None:
        """Give the lease back and note how the run ended; nothing happens if the lease was lost."""
        outcome = {"result": result, "problem": problem, "report": report}

        def work(transaction: Transaction) -> None:
            if transaction.run(_LOCK_MINE, source=self._source, token=self._token):
                transaction.run(_END, source=self._source, token=self._token, outcome=outcome)

        self._writer.write(work)

    def end_for_good(self) -> None:
        """Give the lease back and forget the source; nothing happens if the lease was lost."""

        def work(transaction: Transaction) -> None:
            if transaction.run(_LOCK_MINE, source=self._source, token=self._token):
                transaction.run(f"{_MINE} DETACH DELETE s", source=self._source, token=self._token)

        self._writer.write(work)

    def _parameters(self) -> dict[str, Any]:
        return {"source": self._source, "token": self._token, "lasts": int(self.seconds * 1000)}


@contextmanager
def renewed(lease: Lease) -> Iterator[None]:
    """Renew a lease in a thread of its own while the block runs: a source may take minutes to give its next rows."""
    ended = threading.Event()

    def beat() -> None:
        while not ended.wait(lease.seconds / RENEWALS):
            try:
                lease.renew()
            except LeaseLost:
                # The next write says so.
                return
            except GraphWriteError:
                continue

    thread = threading.Thread(target=beat, name="lease", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join(JOIN_SECONDS)


def take_turn(transaction: Transaction) -> None:
    """Wait for the turn to write, and keep it until the transaction ends; it is no change of the graph."""
    transaction.run(_TURN)
    transaction.totals.clear()


Guard = Callable[[Transaction, str], None]
"""Raises LeaseLost, or CatalogueMisfit, in a transaction that must not write for the catalogue of this version."""
