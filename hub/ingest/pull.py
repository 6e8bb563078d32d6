"""A pull names what it read, wrote and refused, and is complete or says that it is not.

Loads the sources' blocks, pulls them in order into the graph of the settings, and tells the counts as a table or as
JSON. No value of a row appears in either.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

from rich.box import SIMPLE
from rich.table import Table

from connectors.base import ConnectorError, PullResult, Report
from connectors.manifest import ManifestError, Source
from connectors.run import pull
from connectors.stream_plans import load_sources, plan_streams
from hub.graph.constraints import ensure_constraints
from hub.graph.driver import GraphWriter
from hub.graph.local import GraphAddress, LocalGraph
from hub.graph.merged_grids import move_merged
from hub.home.seals import load_key
from hub.home.settings import Settings
from hub.ingest.annotate import annotator_of
from hub.ingest.sink import Sink
from hub.ingest.text_properties import Tally
from schema import CATALOGUE

COUNTS = ("read", "inserted", "updated", "unchanged", "quarantined")
Witness = Callable[[str], AbstractContextManager[list[PullResult]]]
"""Surrounds the pull of one source, by name; the list takes the results of its streams."""


@contextmanager
def unwitnessed(_: str) -> Iterator[list[PullResult]]:
    """For rows that are nobody's; a register's are pulled by `hub.ingest.pull_record.recorded_pull`."""
    yield []


def run_pull(
    settings: Settings,
    sources_folder: Path,
    names: Sequence[str],
    data_folder: Path,
    variables: Mapping[str, str],
    progress: Report,
    *,
    address: GraphAddress | None = None,
    witness: Witness = unwitnessed,
) -> list[PullResult]:
    """Pull the named sources of a folder (all of them if none is named), in their own order.

    `variables` fill `${NAME}` in the blocks, beside `${DATA}`, the data folder. Without an `address` the settings'
    graph is taken, the local one started if need be. Raises ManifestError, ConnectorError, GraphWriteError,
    LocalGraphError, SettingsError and PolicyFileError (a broken word list); what was written before stays, and the
    next pull goes on from there.
    """
    filled = {"DATA": str(data_folder.absolute()), **variables}
    sources = load_sources(sources_folder, CATALOGUE, filled)
    wanted = _wanted(sources, names)
    plans = plan_streams(sources, CATALOGUE)
    annotator = annotator_of(settings)
    settings.prepare_home()
    key = load_key(settings.graph_key)
    where = address or _address(settings)
    results: list[PullResult] = []
    with GraphWriter(where.url, where.user, where.password, database=settings.graph_database) as writer:
        ensure_constraints(writer, CATALOGUE)
        sink = Sink(writer, key, plans, CATALOGUE, annotator)
        for source in wanted:
            with witness(source.name) as done:
                done.extend(pull(source, plans, CATALOGUE, sink, progress))
            results.extend(done)
        move_merged(writer, CATALOGUE)
    return results


@dataclass(frozen=True, slots=True)
class Where:
    """Where a running demo keeps what the sources' blocks refer to; a secret goes by its variable's name."""

    data: str
    variables: Mapping[str, str]
    secrets: Mapping[str, str] = field(repr=False)


@contextmanager
def told(settings: Settings, where: Where) -> Iterator[None]:
    """While it lasts, `sources.json` in the home lets `sluicegate pull` find the sources by itself."""
    path = settings.home.absolute() / "sources.json"
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        json.dump(asdict(where), file)
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


def where_told(settings: Settings) -> Where | None:
    """What a running demo told, or None. Raises ConnectorError where it cannot be read."""
    path = settings.home.absolute() / "sources.json"
    try:
        return Where(**json.loads(path.read_text("utf-8")))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError):
        raise ConnectorError("sources.json", f"cannot be read; remove {path}, or give --data and --set") from None


def _address(settings: Settings) -> GraphAddress:
    password = settings.read_graph_password()
    if settings.graph_url is not None and password is not None:
        return GraphAddress(settings.graph_url, settings.graph_user, password)
    return LocalGraph(settings).start()


def _wanted(sources: Sequence[Source], names: Sequence[str]) -> list[Source]:
    known = [each.name for each in sources]
    unknown = sorted(set(names) - set(known))
    if unknown:
        raise ManifestError(f"unknown source {', '.join(unknown)}; known: {', '.join(known)}")
    return [each for each in sources if not names or each.name in names]


def as_table(results: Sequence[PullResult]) -> Table:
    """The counts, a line a stream; below it, what was found in free text and what could not be linked yet."""
    notes = "\n".join(each for each in (_texts(results), _unlinked(results)) if each)
    table = Table(title="Pull 拉取", box=SIMPLE, caption=notes or None, caption_justify="left")
    table.add_column("source 来源", no_wrap=True)
    for name in COUNTS:
        table.add_column(name, justify="right", no_wrap=True)
    for each in results:
        table.add_row(f"{each.source}/{each.stream}", *(f"{getattr(each, name):,}" for name in COUNTS))
    return table


def _texts(results: Sequence[PullResult]) -> str:
    return Tally.sum(Tally(each.texts, each.personal, each.whole) for each in results).told()


def _unlinked(results: Sequence[PullResult]) -> str:
    missing = sum(each.unlinked for each in results)
    return (
        f"{missing:,} links lead to what is not in the graph yet; a pull that brings it draws them" if missing else ""
    )


def as_json(results: Iterable[PullResult]) -> str:
    """The counts for machines."""
    return json.dumps([asdict(each) for each in results], ensure_ascii=False)


__all__ = ["COUNTS", "ConnectorError", "ManifestError", "as_json", "as_table", "run_pull"]
