"""Pulls the sources of a folder into the graph, and shows the counts as a table or as JSON.

A pull is complete, or ends with an error; the next pull goes on from what was written. No value of a row is shown.
"""

from __future__ import annotations

import gc
import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict
from pathlib import Path

from rich.box import SIMPLE
from rich.console import Group
from rich.table import Table
from rich.text import Text

from connectors.base import Note
from connectors.manifest import ManifestError
from connectors.results import PullResult, Report
from connectors.run import pull
from connectors.source_model import PulledSource, Source
from connectors.sources import load_sources
from connectors.stream_plans import plan_streams
from hub.graph.driver import GraphWriter
from hub.graph.local import GraphAddress, LocalGraph
from hub.graph.merged_grids import move_merged
from hub.graph.recent_writes import is_routed, note_writes
from hub.home.catalogue import catalogue_of
from hub.home.settings import Settings
from hub.ingest.annotate import annotator_of
from hub.ingest.graph_key import open_to_write
from hub.ingest.kept_rows import KeptRows
from hub.ingest.known_sources import note_sources
from hub.ingest.lease import SourceBusy, SourcesBusy
from hub.ingest.purging.ended_sources import PurposeEnded, SourcesEnded, ended_sources
from hub.ingest.sink import Sink
from hub.ingest.source_runs import source_run
from hub.ingest.text_properties import Tally
from schema.catalogue import Catalogue

OLDER = "rows are older than what the graph holds, and were ignored"
DETECTOR_THREADS = 2
SWITCH_SECONDS = 0.0005
"""After how long the thread that reads lets the one that writes go on, which waits for the graph many times a batch.

With Python's 5 ms a pull takes a twentieth longer.
"""
COLLECT_AFTER = 100_000
"""After how many new objects cycles are looked for: rows hold none, and live until their batch is written."""
COUNTS = ("read", "inserted", "updated", "unchanged", "quarantined")
SourceRecorder = Callable[[str], AbstractContextManager[list[PullResult]]]
"""A context around the pull of one source, by name; the results of its streams are put into its list."""


@contextmanager
def unrecorded(_: str) -> Iterator[list[PullResult]]:
    """Records nothing: for invented rows. The rows of a register are pulled by `recorded_pull.recorded_pull`."""
    yield []


def run_pull(  # noqa: PLR0913 - what a pull is given, and what only one that is recorded gives
    settings: Settings,
    sources_folder: Path,
    names: Sequence[str],
    data_folder: Path,
    variables: Mapping[str, str],
    progress: Report,
    *,
    address: GraphAddress | None = None,
    recorder: SourceRecorder = unrecorded,
    catalogue: Catalogue | None = None,
) -> list[PullResult]:
    """Pull the named sources of a folder (all of them if none is named), in the order that they state.

    `variables` replace `${NAME}` in the source files, and the data folder replaces `${DATA}`. Without an `address` the
    graph of the settings is taken; a local one is started if it does not run. Without a `catalogue` that of the
    settings is composed. Raises ManifestError, ConnectorError,
    GraphWriteError, LocalGraphError, SettingsError and YamlFileError (a broken word list); what was written before
    stays, and the next pull goes on from there. CatalogueMisfit is raised before anything is written, and KeyRefused
    and PolicyStoreError where nobody can tell which purposes have ended. A source that another pull holds is skipped,
    and so is one whose purpose has ended: SourcesBusy or SourcesEnded is raised when the others are done.
    """
    filled = {"DATA": str(data_folder.absolute()), **variables}
    catalogue = catalogue or catalogue_of(settings)
    sources = load_sources(sources_folder, catalogue, filled, names)
    wanted = wanted_sources(sources, names)
    plans = plan_streams(sources, catalogue)
    over = ended_sources(settings, wanted)
    annotator = annotator_of(settings, DETECTOR_THREADS)
    settings.prepare_home()
    where = address or _address(settings)
    results: list[PullResult] = []
    with GraphWriter(where.url, where.user, where.password, database=settings.graph_database) as writer:
        key = open_to_write(settings, writer, catalogue)
        rows = KeptRows(settings.kept_rows, key)
        busy: list[SourceBusy] = []
        with _noted(settings, where, writer), _tuned():
            for source in wanted:
                try:
                    with (
                        recorder(source.name) as done,
                        _unless(over.get(source.name)),
                        source_run(writer, source.name, done, settings.pull_lease) as guard,
                    ):
                        note_sources(writer, [source])
                        sink = Sink(writer, key, plans, catalogue, annotator, settings.now().date(), guard)
                        done.extend(pull(source, plans, catalogue, sink, progress, rows))
                    results.extend(done)
                except SourceBusy as held:
                    busy.append(held)
                except PurposeEnded:
                    continue
            move_merged(writer, catalogue)
    if over:
        raise SourcesEnded([*over.values(), *busy])
    if busy:
        raise SourcesBusy(busy)
    return results


@contextmanager
def _unless(ended: PurposeEnded | None) -> Iterator[None]:
    """Raise why a source is not read, if it is not."""
    if ended is not None:
        raise ended
    yield


@contextmanager
def _tuned() -> Iterator[None]:
    """The interpreter as a pull needs it, for two threads and many short-lived objects; then as it was."""
    turns, thresholds = sys.getswitchinterval(), gc.get_threshold()
    sys.setswitchinterval(SWITCH_SECONDS)
    gc.freeze()  # what was loaded stays, and is not looked through again and again
    gc.set_threshold(COLLECT_AFTER, *thresholds[1:])
    try:
        yield
    finally:
        gc.set_threshold(*thresholds)
        gc.unfreeze()
        sys.setswitchinterval(turns)


@contextmanager
def _noted(settings: Settings, where: GraphAddress, writer: GraphWriter) -> Iterator[None]:
    """What is written inside this context is seen by hubs that read from another server of a cluster."""
    try:
        yield
    finally:
        if is_routed(where):
            note_writes(settings.recent_writes, writer.bookmarks())


def _address(settings: Settings) -> GraphAddress:
    password = settings.read_graph_password()
    if settings.graph_url is not None and password is not None:
        return GraphAddress(settings.graph_url, settings.graph_user, password)
    return LocalGraph(settings).start()


def wanted_sources(sources: Sequence[Source], names: Sequence[str]) -> list[PulledSource]:
    """The named sources, all that are pulled if none is named.

    Raises ManifestError for a name that none has, or one that is pushed.
    """
    named_sources(sources, names)
    pulled = [each for each in sources if isinstance(each, PulledSource)]
    pushed = sorted(set(names) - {each.name for each in pulled})
    if pushed:
        raise ManifestError(f"{', '.join(pushed)}: a push source is not pulled; its events are sent to a hub")
    return [each for each in pulled if not names or each.name in names]


def named_sources(sources: Sequence[Source], names: Sequence[str]) -> list[Source]:
    """The named sources, all if none is named; raises ManifestError for a name that none has."""
    known = [each.name for each in sources]
    unknown = sorted(set(names) - set(known))
    if unknown:
        raise ManifestError(f"unknown source {', '.join(unknown)}; known: {', '.join(known)}")
    return [each for each in sources if not names or each.name in names]


def pull_table(results: Sequence[PullResult]) -> Group:
    """The counts, one row for each stream; below, why rows were refused and what else there is to say."""
    lines = [
        *_refusal_lines(results),
        *_note_lines(results),
        *_partial_lines(results),
        *_older_lines(results),
        _texts_summary(results),
        _unlinked_summary(results),
    ]
    table = Table(title="Pull 数据汇聚", box=SIMPLE)
    table.add_column("source 来源", no_wrap=True)
    for name in (*COUNTS, "vanished", "seconds"):
        table.add_column(name, justify="right", no_wrap=True)
    for each in results:
        counts = (f"{getattr(each, name):,}" for name in (*COUNTS, "vanished"))
        table.add_row(f"{each.source}/{each.stream}", *counts, f"{each.seconds:,.1f}")
    return Group(table, *(Text(line) for line in lines if line))


def _refusal_lines(results: Sequence[PullResult]) -> list[str]:
    """Each reason for which rows were refused, with the first of them."""
    lines = [
        f"{each.source}/{each.stream}: {why.rows:,} refused by {why.field} {why.rule}: {why.reason}; first: {why.first}"
        for each in results
        for why in each.refusals
    ]
    return [*lines, "each refused row is listed by: sluicegate source refused"] if lines else []


def _note_lines(results: Sequence[PullResult]) -> list[str]:
    return [f"{each.source}/{each.stream}: {note.in_words}" for each in results for note in each.notes]


def _partial_lines(results: Sequence[PullResult]) -> list[str]:
    return [
        f"{each.source}/{each.stream}: read in part: what could be read is in, and nothing was removed"
        for each in results
        if each.incomplete
    ]


def _older_lines(results: Sequence[PullResult]) -> list[str]:
    return [
        f"{each.source}/{each.stream}: {Note('older', OLDER, each.older).in_words}" for each in results if each.older
    ]


def _texts_summary(results: Sequence[PullResult]) -> str:
    return Tally.sum(Tally(each.texts, each.personal, each.whole) for each in results).summary()


def _unlinked_summary(results: Sequence[PullResult]) -> str:
    missing = sum(each.unlinked for each in results)
    return (
        f"{missing:,} links lead to records that are not in the graph yet; the pull that brings them adds the links"
        if missing
        else ""
    )


def pull_json(results: Iterable[PullResult]) -> str:
    """The counts for programs."""
    return json.dumps([asdict(each) for each in results], ensure_ascii=False)
