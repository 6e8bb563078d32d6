"""Checks texts again that another version of the detector checked, oldest first: a command, and a thread of the hub.

A text that is changed meanwhile is never given the spans of the old one. Until its turn a text is redacted whole. What
is left to do is read from the graph alone, so a pass may be killed at any moment, and several may run at once. No index
helps the search: for 100,000 stale events the ids came in 7.4 s without one and 5.9 s with one (checking them takes 3
minutes), and every pull would pay for it.
"""

from __future__ import annotations

import datetime as dt
import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from hub.graph.driver import GraphWriteError, GraphWriter
from hub.graph.loaded_catalogue import prepare_graph
from hub.graph.local import GraphAddress
from hub.home.audit_log import begin_record, digester_of, end_record, open_log
from hub.home.settings import Settings
from hub.ingest.annotate import Annotator, annotator_of
from hub.ingest.text_properties import Tally, properties
from hub.log_lines import describe_exception
from schema.catalogue import Catalogue, TextProperties

BATCH = 500
"""Texts that are read, checked and written back at a time."""
GENTLE_BATCH = 50
"""The same in a hub that serves meanwhile: a request may have to wait as long as one batch takes."""
PORTION = 100_000
"""How many ids of nodes are held at once at most."""
RETRY_SECONDS = 30.0
NEVER = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
Progress = Callable[[int, int], None]
_log = logging.getLogger("sluicegate.redetect")


class DetectorBroken(RuntimeError):
    """No text can be checked now; nothing was written for those that were read last."""

    def __init__(self) -> None:
        super().__init__(
            "the detector cannot be loaded or has failed, so the texts stay redacted whole; the log line says why"
        )


@dataclass(frozen=True, slots=True)
class Redetected:
    """What a pass did: the texts it wrote, how many were `changed` by others meanwhile, and how many are left."""

    tally: Tally
    changed: int
    left: int


@dataclass(frozen=True, slots=True)
class _TextField:
    """A field with free text, and what is kept beside it; all names are the catalogue's."""

    entity: str
    text: str
    beside: TextProperties

    def stale(self) -> str:
        """The condition for a node `n` whose text the detector `$version` has not checked."""
        return (
            f"n.{self.text} IS NOT NULL AND n.deletedAt IS NULL AND coalesce(n.{self.beside.detector}, '') <> $version"
        )

    def count(self) -> str:
        return f"MATCH (n:{self.entity}) WHERE {self.stale()} RETURN count(n) AS left"

    def oldest(self) -> str:
        """Ids, oldest first, without those that this pass has tried already."""
        since = f"coalesce(n.{self.beside.detected}, $never)"
        return (
            f"MATCH (n:{self.entity}) WHERE {self.stale()} AND {since} < $began "
            f"RETURN n.sid AS sid ORDER BY {since}, sid LIMIT $limit"
        )

    def texts(self) -> str:
        return (
            f"UNWIND $sids AS sid MATCH (n:{self.entity} {{sid: sid}}) USING INDEX SEEK n:{self.entity}(sid) "
            f"WHERE {self.stale()} RETURN sid, n.{self.text} AS text"
        )

    def put(self) -> str:
        """Write the properties beside each text that is still the same.

        Setting a label that the node already has locks the node and changes nothing. Setting a property to itself locks
        too late: what was read before would undo another's change.
        """
        return (
            f"UNWIND $rows AS row MATCH (n:{self.entity} {{sid: row.sid}}) USING INDEX SEEK n:{self.entity}(sid) "
            f"SET n:{self.entity} "
            f"WITH n, row WHERE n.{self.text} = row.text AND {self.stale()} "
            "SET n += row.properties RETURN row.sid AS sid"
        )


def _text_fields(catalogue: Catalogue) -> tuple[_TextField, ...]:
    """The fields of the catalogue that hold free text."""
    return tuple(
        _TextField(entity.name, field.name, field.text_properties)
        for entity in catalogue
        for field in entity.fields
        if field.text_properties
    )


class Pass:
    """One pass over the texts that the detector in force has not checked."""

    def __init__(self, writer: GraphWriter, catalogue: Catalogue, annotator: Annotator) -> None:
        self._writer, self._annotator = writer, annotator
        self._text_fields = _text_fields(catalogue)
        self._began = dt.datetime.now(dt.UTC)

    def left(self) -> int:
        """How many texts the detector in force has not checked. Raises GraphWriteError."""
        counts = [self._writer.read(each.count(), version=self._annotator.version) for each in self._text_fields]
        return sum(rows[0]["left"] for rows in counts)

    def batches(self, size: int, limit: int | None = None) -> Iterator[tuple[Tally, int]]:
        """Check up to `limit` texts, `size` at a time; yields what each batch wrote, and how many changed meanwhile.

        Raises GraphWriteError, and DetectorBroken.
        """
        for field in self._text_fields:
            while sids := self._oldest(field, limit):
                limit = None if limit is None else limit - len(sids)
                written = 0
                for at in range(0, len(sids), size):
                    tally, changed = self._batch(field, sids[at : at + size])
                    written += tally.texts
                    yield tally, changed
                if not written:
                    break

    def _oldest(self, field: _TextField, limit: int | None) -> list[str]:
        wanted = PORTION if limit is None else min(limit, PORTION)
        if not wanted:
            return []
        rows = self._writer.read(
            field.oldest(), version=self._annotator.version, never=NEVER, began=self._began, limit=wanted
        )
        return [row["sid"] for row in rows]

    def _batch(self, field: _TextField, sids: Sequence[str]) -> tuple[Tally, int]:
        version = self._annotator.version
        read = {row["sid"]: row["text"] for row in self._writer.read(field.texts(), version=version, sids=list(sids))}
        found = dict(zip(read, self._annotator.annotate(list(read.values())), strict=True))
        if self._annotator.broken:
            raise DetectorBroken
        now = dt.datetime.now(dt.UTC)
        rows = [
            {"sid": sid, "text": text, "properties": properties(field.beside, text, found[sid], version, now)}
            for sid, text in read.items()
        ]
        written = self._put(field, rows) if rows else []
        return Tally.of(found[sid] for sid in written), len(sids) - len(written)

    def _put(self, field: _TextField, rows: Sequence[Mapping[str, Any]]) -> list[str]:
        done = self._writer.write(lambda tx: tx.run(field.put(), rows=list(rows), version=self._annotator.version))
        return [row["sid"] for row in done]


def redetect(
    settings: Settings, address: GraphAddress, catalogue: Catalogue, progress: Progress, limit: int | None = None
) -> Redetected:
    """Run one pass at full speed. Raises GraphWriteError, DetectorBroken, and YamlFileError (a broken word list)."""
    annotator = annotator_of(settings)
    with GraphWriter(address.url, address.user, address.password, database=settings.graph_database) as writer:
        prepare_graph(writer, catalogue)
        work = Pass(writer, catalogue, annotator)
        waiting = work.left()
        wanted = waiting if limit is None else min(limit, waiting)
        total, changed = Tally.of(()), 0
        for tally, changed_in_batch in work.batches(BATCH, limit):
            total, changed = Tally.sum((total, tally)), changed + changed_in_batch
            progress(total.texts + changed, wanted)
        return Redetected(total, changed, work.left())


def recorded_redetect(
    settings: Settings, address: GraphAddress, catalogue: Catalogue, progress: Progress, limit: int | None = None
) -> Redetected:
    """`redetect`, recorded in the audit log: that it began and how it ended. Raises what both raise."""
    begun = begin_record(digester_of(settings), "admin", "pii redetect")
    with closing(open_log(settings)) as log:
        log.append_sync(begun)
        counts, result = {}, "FAILED"
        try:
            done = redetect(settings, address, catalogue, progress, limit)
            counts, result = {"texts": str(done.tally.texts), "left": str(done.left)}, "OK"
        finally:
            log.append_sync(end_record(begun, "pii redetect", counts, result))
    return done


def redetect_gently(settings: Settings, address: GraphAddress, catalogue: Catalogue, ended: threading.Event) -> None:
    """Run passes in a serving hub, half of the time at most, until all is done or `ended` is set. Raises nothing.

    Counts go to the log. The detector is loaded only if a text needs it.
    """
    try:
        annotator = annotator_of(settings)
        while not ended.is_set():
            try:
                with GraphWriter(
                    address.url, address.user, address.password, database=settings.graph_database
                ) as writer:
                    _gently(Pass(writer, catalogue, annotator), ended)
                return
            except GraphWriteError as failed:
                _log.warning("checking texts again waits for the graph: %s", failed.code)
                ended.wait(RETRY_SECONDS)
    except Exception as fault:
        _log.error("texts are not checked again, they stay redacted whole: %s", describe_exception(fault))


def _gently(work: Pass, ended: threading.Event) -> None:
    waiting = work.left()
    if not waiting:
        return
    _log.info("%d texts are redacted whole until they are checked again", waiting)
    total, began = Tally.of(()), time.monotonic()
    for tally, _ in work.batches(GENTLE_BATCH):
        total = Tally.sum((total, tally))
        if ended.wait(time.monotonic() - began):
            break
        began = time.monotonic()
    _log.info("checked again: %s; %d wait", total.summary() or "nothing", work.left())
