"""How each source stands: its last run, how old what it gave is, when it is due, and what waits in quarantine.

A source is stale by its own update cycle. Counts, names and reasons are shown, and no value of a row. Each look is
recorded in the audit log before the graph is asked: here for a command, by the console for a page.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from typing import Any

from rich.box import SIMPLE
from rich.table import Table
from rich.text import Text

from connectors.schedule import is_stale
from connectors.source_model import PulledSource, Source
from hub.graph.driver import GraphWriter
from hub.graph.local import GraphAddress
from hub.home.audit_log import command_record, digester_of, open_log
from hub.home.settings import Settings
from hub.ingest.runs.scheduled_pull import due_at
from hub.ingest.source_runs import LastRun, graph_time, last_runs

NEVER, PARTIAL, PUSHED = "NEVER", "PARTIAL", "PUSHED"
_QUARANTINED = (
    "MATCH (q:Quarantined) WITH q.stream AS stream, q.source AS source, q.field AS field, q.rule AS rule, "
    "q.whole AS whole, count(*) AS rows "
    "RETURN stream, source, field, rule, whole, rows ORDER BY stream, rows DESC, field, rule"
)


@dataclass(frozen=True, slots=True)
class Waiting:
    """Rows of a stream that one rule refused, or whose edges wait for a node (`written`)."""

    stream: str
    field: str
    rule: str
    rows: int
    written: bool


@dataclass(frozen=True, slots=True)
class SourceStatus:
    """One source. `state` is that of `LastRun`, or NEVER, or PARTIAL for a run that ended well and could not read all
    that the source has; times are of the graph's clock. A source that is pushed has none of them, and is PUSHED.

    `age_seconds` is how long ago the last run began that ended well. `due` is None without a schedule; one in the past
    is due now. `stale` is None without a schedule. `streams` is what the last run did.
    """

    source: str
    state: str
    schedule: str | None
    started: dt.datetime | None
    ended: dt.datetime | None
    good: dt.datetime | None
    age_seconds: int | None
    due: dt.datetime | None
    stale: bool | None
    refused: int
    unlinked: int
    problem: str | None
    waiting: Sequence[Waiting]
    streams: Sequence[Mapping[str, Any]]

    def as_json(self) -> dict[str, Any]:
        """The status for programs; moments are ISO 8601."""
        return {
            name: value.isoformat() if isinstance(value, dt.datetime) else value for name, value in asdict(self).items()
        }


def source_statuses(settings: Settings, address: GraphAddress, sources: Sequence[Source]) -> list[SourceStatus]:
    """The status of each of these sources, recorded as a command; raises GraphWriteError."""
    with closing(open_log(settings)) as log:
        log.append_sync(command_record(digester_of(settings), "pull", "source status", {}))
    return read_statuses(settings, address, sources)


def read_statuses(settings: Settings, address: GraphAddress, sources: Sequence[Source]) -> list[SourceStatus]:
    """The same for a caller who has recorded the look already."""
    with GraphWriter(address.url, address.user, address.password, database=settings.graph_database) as writer:
        writer.check_reachable()
        runs, now = last_runs(writer), graph_time(writer)
        rows = writer.read(_QUARANTINED)
    return [
        _status(each, runs.get(each.name), [row for row in rows if row["source"] == each.name], now, settings.zone)
        for each in sources
    ]


def _status(
    source: Source, run: LastRun | None, rows: Sequence[Mapping[str, Any]], now: dt.datetime, zone: dt.tzinfo
) -> SourceStatus:
    waiting = [Waiting(row["stream"], row["field"], row["rule"], row["rows"], not row["whole"]) for row in rows]
    good = run.good if run else None
    schedule = source.schedule if isinstance(source, PulledSource) else None
    due = due_at(source, run, zone) if isinstance(source, PulledSource) and schedule else None
    return SourceStatus(
        source=source.name,
        state=_state(run) if isinstance(source, PulledSource) else PUSHED,
        schedule=None if schedule is None else str(schedule),
        started=_in(zone, run.started if run else None),
        ended=_in(zone, run.ended if run else None),
        good=_in(zone, good),
        age_seconds=None if good is None else int((now - good).total_seconds()),
        due=None if schedule is None else _in(zone, due or now),
        stale=None if schedule is None else is_stale(schedule, good, now),
        refused=sum(each.rows for each in waiting if not each.written),
        unlinked=sum(each.rows for each in waiting if each.written),
        problem=run.problem if run else None,
        waiting=waiting,
        streams=run.streams if run else (),
    )


def _state(run: LastRun | None) -> str:
    if run is None:
        return NEVER
    is_partial = run.state == "OK" and any(each.get("incomplete") for each in run.streams)
    return PARTIAL if is_partial else run.state


def _in(zone: dt.tzinfo, moment: dt.datetime | None) -> dt.datetime | None:
    return None if moment is None else moment.astimezone(zone)


def status_table(statuses: Sequence[SourceStatus]) -> Table:
    """The sources as a table."""
    table = Table(title="Sources 数据来源", box=SIMPLE, title_justify="left")
    for name in ("source 来源", "last run 上次运行", "began 开始", "last good 最近成功", "age 距今", "next 下次"):
        table.add_column(name, overflow="fold")
    for name in ("refused 退回", "unlinked 待关联"):
        table.add_column(name, justify="right")
    for each in statuses:
        age = "" if each.age_seconds is None else _age(each.age_seconds)
        cells = (
            each.source, each.state, _minute(each.started), _minute(each.good), f"{age} STALE" if each.stale else age,
            _next(each), f"{each.refused:,}", f"{each.unlinked:,}",
        )  # fmt: skip
        table.add_row(*(Text(cell.strip()) for cell in cells))
    return table


def status_lines(statuses: Sequence[SourceStatus]) -> list[str]:
    """Why runs failed, and what waits in quarantine, by reason."""
    lines = [f"{each.state.lower()}: {each.problem}" for each in statuses if each.problem]
    for each in statuses:
        lines += [
            f"{waiting.stream}: {waiting.rows:,} {'unlinked' if waiting.written else 'refused'} by {waiting.field} "
            f"{waiting.rule}"
            for waiting in each.waiting
        ]
    return lines


def _next(status: SourceStatus) -> str:
    if status.schedule is None:
        return "as events come" if status.state == PUSHED else "by hand"
    return _minute(status.due)


def _minute(moment: dt.datetime | None) -> str:
    return "" if moment is None else moment.strftime("%Y-%m-%d %H:%M")


def _age(seconds: int) -> str:
    for unit, length in (("d", 86_400), ("h", 3_600), ("m", 60)):
        if seconds >= length:
            return f"{seconds // length}{unit}"
    return f"{seconds}s"
