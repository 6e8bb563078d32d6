"""The runs of sources: each pull of one is a run, kept on its `SourceRun` node with what it did.

A run has a lease, and ends as `OK`, `FAILED` or `INTERRUPTED`; one that was killed stays `RUNNING` beyond its lease.
What is kept holds names, counts and reasons, and no value of a row.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from typing import Any

from connectors.base import ConnectorError
from connectors.results import PullResult
from hub.graph.driver import GraphWriteError, GraphWriter
from hub.ingest.lease import Guard, Lease, renewed

_READ = """
MATCH (s:SourceRun)
RETURN s.source AS source, s.result AS result, s.problem AS problem, s.report AS report, toString(s.started) AS started,
  toString(s.ended) AS ended, toString(s.good) AS good, s.until IS NOT NULL AND s.until > datetime.realtime() AS held"""
SERVERS_OWN = "Neo."
"""Codes of errors that the server itself gave begin so."""
_NOW = "RETURN toString(datetime.realtime()) AS now"


@dataclass(frozen=True, slots=True)
class LastRun:
    """The last run of a source, as the graph keeps it.

    `state` is RUNNING, OK, FAILED or INTERRUPTED; `good` is when the last run began that ended well; `streams` is what
    the run did, in the form of `PullResult`.
    """

    source: str
    state: str
    started: dt.datetime
    ended: dt.datetime | None
    good: dt.datetime | None
    problem: str | None
    streams: Sequence[Mapping[str, Any]]


@contextmanager
def source_run(writer: GraphWriter, source: str, results: Sequence[PullResult], seconds: float) -> Iterator[Guard]:
    """One run of a source under its lease, for whose writes the guard is; how it ended is kept, with `results`.

    The lease lasts for so many `seconds`. The results are those that are there when it ends. Raises SourceBusy.
    """
    lease = Lease(writer, source, seconds)
    lease.take()
    try:
        with renewed(lease):
            yield lease.guard
    except (ConnectorError, GraphWriteError) as failed:
        # Where the graph is away, the lease ends by itself.
        if isinstance(failed, ConnectorError) or failed.code.startswith(SERVERS_OWN):
            _end_badly(lease, "FAILED", str(failed), results)
        raise
    except BaseException:
        _end_badly(lease, "INTERRUPTED", None, results)
        raise
    lease.end("OK", None, _report(results))


def _end_badly(lease: Lease, result: str, problem: str | None, results: Sequence[PullResult]) -> None:
    # What ended the run is raised, and no failure to note it in its place.
    with suppress(GraphWriteError):
        lease.end(result, problem, _report(results))


def _report(results: Sequence[PullResult]) -> str:
    return json.dumps([asdict(each) for each in results], ensure_ascii=False)


def last_runs(writer: GraphWriter) -> dict[str, LastRun]:
    """The last run of each source that was ever pulled, by name; raises GraphWriteError."""
    return {row["source"]: _last_run(row) for row in writer.read(_READ) if row["started"] is not None}


def graph_time(writer: GraphWriter) -> dt.datetime:
    """The present moment by the graph's clock; raises GraphWriteError."""
    (row,) = writer.read(_NOW)
    return dt.datetime.fromisoformat(row["now"])


def _last_run(row: Mapping[str, Any]) -> LastRun:
    state = row["result"]
    if state == "RUNNING" and not row["held"]:
        state = "INTERRUPTED"
    return LastRun(
        row["source"],
        state,
        dt.datetime.fromisoformat(row["started"]),
        _moment(row["ended"]),
        _moment(row["good"]),
        row["problem"],
        json.loads(row["report"] or "[]"),
    )


def _moment(text: str | None) -> dt.datetime | None:
    return None if text is None else dt.datetime.fromisoformat(text)
