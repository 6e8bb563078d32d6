"""Pulls the sources that are due by the `schedule` of their file.

Each is pulled by itself, as by its name, so that one that fails stops no other, and needs no secret of another. When a
source ran last is read from the graph, and the time is the graph's.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from pathlib import Path

from audit.log import AuditUnavailable
from connectors.base import ConnectorError
from connectors.manifest import ManifestError
from connectors.results import PullResult, Report
from connectors.schedule import next_due
from connectors.source_model import PulledSource, Source
from connectors.sources import NONE, load_sources
from hub.graph.driver import GraphWriteError, GraphWriter
from hub.graph.loaded_catalogue import CatalogueMisfit
from hub.graph.local import GraphAddress
from hub.home.catalogue import catalogue_of
from hub.home.key_files import KeyRefused
from hub.home.settings import Settings
from hub.ingest.lease import SourcesBusy
from hub.ingest.pull import named_sources, wanted_sources
from hub.ingest.purging.ended_sources import ended_sources
from hub.ingest.recorded_pull import recorded_pull
from hub.ingest.runs.due_purges import overdue_purposes, purge_due
from hub.ingest.runs.outcomes import Outcome
from hub.ingest.source_runs import SERVERS_OWN, LastRun, graph_time, last_runs
from hub.log_lines import describe_exception
from schema.strict_yaml import YamlFileError


def declared_sources(
    settings: Settings, folder: Path, names: Sequence[str], data: Path, variables: Mapping[str, str]
) -> list[PulledSource]:
    """The named sources of a folder that are pulled (all if none is named), which are looked at alone.

    None of them needs its variables. Raises ManifestError.
    """
    return wanted_sources(_looked_at(settings, folder, data, variables), names)


def shown_sources(
    settings: Settings, folder: Path, names: Sequence[str], data: Path, variables: Mapping[str, str]
) -> list[Source]:
    """As `declared_sources`, with those that are pushed."""
    return named_sources(_looked_at(settings, folder, data, variables), names)


def _looked_at(settings: Settings, folder: Path, data: Path, variables: Mapping[str, str]) -> tuple[Source, ...]:
    filled = {"DATA": str(data.absolute()), **variables}
    return load_sources(folder, catalogue_of(settings), filled, NONE)


def due_at(source: PulledSource, run: LastRun | None, zone: dt.tzinfo) -> dt.datetime | None:
    """When a source with a schedule is due, None if at once."""
    assert source.schedule is not None  # noqa: S101 - the caller looked
    if run is None:
        return None
    return next_due(source.schedule, run.started, run.ended, run.state == "OK", zone)


def pull_due(
    settings: Settings,
    folder: Path,
    names: Sequence[str],
    data: Path,
    variables: Mapping[str, str],
    progress: Report,
    address: GraphAddress,
) -> list[Outcome]:
    """Pull those of the named sources (of all if none is named) that are due now, one by one.

    A source whose purpose has ended is left out, and a purge that is due is told, or done (`due_purges.py`).

    Raises ManifestError for a file that is wrong, GraphWriteError while the graph is away, and what the audit log
    raises: nothing is pulled unrecorded. What goes wrong with one source is its outcome.
    """
    sources = declared_sources(settings, folder, names, data, variables)
    with GraphWriter(address.url, address.user, address.password, database=settings.graph_database) as writer:
        writer.check_reachable()
        runs, now = last_runs(writer), graph_time(writer)
        purposes = overdue_purposes(settings, writer)
    over = ended_sources(settings, sources)
    told = [Outcome(name, "SKIPPED", str(each), ()) for name, each in over.items()]
    told += purge_due(settings, folder, data, variables, address, purposes)
    due = []
    for source in sources:
        if source.name not in over and source.schedule is not None and not _is_running(runs.get(source.name)):
            at = due_at(source, runs.get(source.name), settings.zone)
            if at is None or at <= now:
                due.append(source.name)
    return told + [_pull_one(settings, folder, name, data, variables, progress, address) for name in due]


def _is_running(run: LastRun | None) -> bool:
    return run is not None and run.state == "RUNNING"


def _pull_one(
    settings: Settings,
    folder: Path,
    name: str,
    data: Path,
    variables: Mapping[str, str],
    progress: Report,
    address: GraphAddress,
) -> Outcome:
    results: list[PullResult] = []
    try:
        recorded_pull(settings, folder, [name], data, variables, progress, address, results)
    except SourcesBusy as busy:
        return Outcome(name, "SKIPPED", str(busy), results)
    except AuditUnavailable:
        raise
    except ConnectorError as failed:
        return Outcome(name, "FAILED", str(failed), results)
    except (CatalogueMisfit, KeyRefused, ManifestError, YamlFileError) as failed:
        return Outcome(name, "FAILED", f"{name}: {failed}", results)
    except GraphWriteError as failed:
        if not failed.code.startswith(SERVERS_OWN):
            raise
        return Outcome(name, "FAILED", f"{name}: {failed}", results)
    except Exception as fault:
        # Its text may quote data; its class and its place in the code do not.
        problem = f"{name}: internal fault ({describe_exception(fault)}); please report it"
        return Outcome(name, "FAILED", problem, results)
    return Outcome(name, "OK", None, results)
