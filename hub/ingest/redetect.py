"""After an upgrade every text is judged again, oldest first, and one that changed meanwhile is never given old spans.

What is left to do is in the graph alone: a text whose detector is not the one in force. So a pass may be killed at any
moment, and several may run at once. Until its turn comes such a text is redacted whole. No index serves the search: of
100,000 stale events the ids came in 7.4 s without and 5.9 s with one (judging them: 3 minutes), and pulls would pay.
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

from hub.graph.constraints import ensure_constraints
from hub.graph.driver import GraphWriteError, GraphWriter
from hub.graph.local import GraphAddress
from hub.home.audit_log import command_record, digester_of, open_log
from hub.home.settings import Settings
from hub.ingest.annotate import Annotator, annotator_of
from hub.ingest.text_properties import Tally, properties
from hub.telemetry import describe_exception
from schema.catalogue import Beside, Catalogue

BATCH = 500
"""Texts that are read, judged and written back at a time."""
GENTLE_BATCH = 50
"""The same in a hub that serves meanwhile: what one batch takes, a request may have to wait."""
PORTION = 100_000
"""Most nodes whose ids are held at once."""
RETRY_SECONDS = 30.0
NEVER = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
Progress = Callable[[int, int], None]
_log = logging.getLogger("sluicegate.redetect")


class DetectorBroken(RuntimeError):
    """No text can be judged now; nothing was written for those that were read last."""

    def __init__(self) -> None:
        super().__init__("the detector cannot be loaded or broke, so the texts stay redacted whole; see the log line")


@dataclass(frozen=True, slots=True)
class Redetected:
    """What a pass did: the texts it wrote, the `outrun` ones that somebody changed meanwhile, and how many are left."""

    tally: Tally
    outrun: int
    left: int


@dataclass(frozen=True, slots=True)
class _Place:
    """Where free text stands: an entity, its field, and what is kept beside it. All are the catalogue's names."""

    entity: str
    text: str
    beside: Beside

    def stale(self) -> str:
        """The condition for a node `n` whose text the detector `$version` has not judged."""
        return (
            f"n.{self.text} IS NOT NULL AND n.deletedAt IS NULL AND coalesce(n.{self.beside.detector}, '') <> $version"
        )

    def count(self) -> str:
        return f"MATCH (n:{self.entity}) WHERE {self.stale()} RETURN count(n) AS left"

    def oldest(self) -> str:
        """Ids, oldest first; of what this pass has tried already, none."""
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
        """Write beside each text that is still the same. Giving a node the label that it has locks it, and no more.

        (A property set to itself is locked too late: what was read before would undo another's change.)
        """
        return (
            f"UNWIND $rows AS row MATCH (n:{self.entity} {{sid: row.sid}}) USING INDEX SEEK n:{self.entity}(sid) "
            f"SET n:{self.entity} "
            f"WITH n, row WHERE n.{self.text} = row.text AND {self.stale()} "
            "SET n += row.told RETURN row.sid AS sid"
        )


def _places(catalogue: Catalogue) -> tuple[_Place, ...]:
    """Each field of the catalogue that holds free text."""
    return tuple(
        _Place(entity.name, field.name, field.beside) for entity in catalogue for field in entity.fields if field.beside
    )


class Pass:
    """One pass over the texts that the detector in force has not judged."""

    def __init__(self, writer: GraphWriter, catalogue: Catalogue, annotator: Annotator) -> None:
        self._writer, self._annotator = writer, annotator
        self._places = _places(catalogue)
        self._began = dt.datetime.now(dt.UTC)

    def left(self) -> int:
        """How many texts wait for the detector in force. Raises GraphWriteError."""
        counts = [self._writer.read(each.count(), version=self._annotator.version) for each in self._places]
        return sum(rows[0]["left"] for rows in counts)

    def batches(self, size: int, limit: int | None = None) -> Iterator[tuple[Tally, int]]:
        """Judge up to `limit` texts, `size` at a time; yields for each batch what was written, and how many outran it.

        Raises GraphWriteError, and DetectorBroken.
        """
        for place in self._places:
            while sids := self._oldest(place, limit):
                limit = None if limit is None else limit - len(sids)
                written = 0
                for at in range(0, len(sids), size):
                    tally, outrun = self._batch(place, sids[at : at + size])
                    written += tally.texts
                    yield tally, outrun
                if not written:
                    break

    def _oldest(self, place: _Place, limit: int | None) -> list[str]:
        wanted = PORTION if limit is None else min(limit, PORTION)
        if not wanted:
            return []
        rows = self._writer.read(
            place.oldest(), version=self._annotator.version, never=NEVER, began=self._began, limit=wanted
        )
        return [row["sid"] for row in rows]

    def _batch(self, place: _Place, sids: Sequence[str]) -> tuple[Tally, int]:
        version = self._annotator.version
        read = {row["sid"]: row["text"] for row in self._writer.read(place.texts(), version=version, sids=list(sids))}
        found = dict(zip(read, self._annotator.annotate(list(read.values())), strict=True))
        if self._annotator.broken:
            raise DetectorBroken
        now = dt.datetime.now(dt.UTC)
        rows = [
            {"sid": sid, "text": text, "told": properties(place.beside, text, found[sid], version, now)}
            for sid, text in read.items()
        ]
        written = self._put(place, rows) if rows else []
        return Tally.of(found[sid] for sid in written), len(sids) - len(written)

    def _put(self, place: _Place, rows: Sequence[Mapping[str, Any]]) -> list[str]:
        done = self._writer.write(lambda tx: tx.run(place.put(), rows=list(rows), version=self._annotator.version))
        return [row["sid"] for row in done]


def redetect(
    settings: Settings, address: GraphAddress, catalogue: Catalogue, progress: Progress, limit: int | None = None
) -> Redetected:
    """One pass, at full speed. Raises GraphWriteError, DetectorBroken, and YamlFileError for a broken word list."""
    annotator = annotator_of(settings)
    with GraphWriter(address.url, address.user, address.password, database=settings.graph_database) as writer:
        ensure_constraints(writer, catalogue)
        work = Pass(writer, catalogue, annotator)
        waiting = work.left()
        wanted = waiting if limit is None else min(limit, waiting)
        total, outrun = Tally.of(()), 0
        for tally, changed in work.batches(BATCH, limit):
            total, outrun = Tally.sum((total, tally)), outrun + changed
            progress(total.texts + outrun, wanted)
        return Redetected(total, outrun, work.left())


def recorded_redetect(
    settings: Settings, address: GraphAddress, catalogue: Catalogue, progress: Progress, limit: int | None = None
) -> Redetected:
    """`redetect`, on record: that it began, and how it ended. Raises what that and the audit log raise."""
    digester = digester_of(settings)
    with closing(open_log(settings)) as log:
        log.append_sync(command_record(digester, "admin", "pii redetect begin"))
        told, result = {}, "FAILED"
        try:
            done = redetect(settings, address, catalogue, progress, limit)
            told, result = {"texts": str(done.tally.texts), "left": str(done.left)}, "OK"
        finally:
            log.append_sync(command_record(digester, "admin", "pii redetect", told, result))
    return done


def redetect_gently(settings: Settings, address: GraphAddress, catalogue: Catalogue, ended: threading.Event) -> None:
    """The same in a hub that serves: half the time at most, until all is done or `ended`. Logs counts, raises nothing.

    The detector is loaded only if some text waits for it.
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
                _log.warning("judging texts again waits for the graph: %s", failed.code)
                ended.wait(RETRY_SECONDS)
    except Exception as fault:
        _log.error("texts are not judged again, they stay redacted whole: %s", describe_exception(fault))


def _gently(work: Pass, ended: threading.Event) -> None:
    waiting = work.left()
    if not waiting:
        return
    _log.info("%d texts are redacted whole until they are judged again", waiting)
    total, began = Tally.of(()), time.monotonic()
    for tally, _ in work.batches(GENTLE_BATCH):
        total = Tally.sum((total, tally))
        if ended.wait(time.monotonic() - began):
            break
        began = time.monotonic()
    _log.info("judged again: %s; %d wait", total.summary() or "nothing", work.left())
