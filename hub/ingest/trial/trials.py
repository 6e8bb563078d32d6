"""Tries the sources of a folder one after another, as `pull --dry-run` and `source try` ask for it.

A source that cannot be read stops nothing but itself. Nothing is written, and nothing is started.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from connectors.base import ConnectorError, Note
from connectors.sources import load_sources
from connectors.stream_plans import plan_streams
from hub.home.catalogue import catalogue_of
from hub.home.settings import Settings
from hub.ingest.annotate import annotator_of
from hub.ingest.pull import wanted_sources
from hub.ingest.trial.dry_run import Trial, Tried
from hub.ingest.trial.known_graph import known_graph

NOT_ASKED = Note(
    "no-graph", "no graph with divisions runs: whether grids are known, and what rows refer to, was not checked"
)


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A stream of which no row could be read, and why."""

    source: str
    stream: str
    error: ConnectorError


def try_sources(
    settings: Settings,
    folder: Path,
    names: Sequence[str],
    data_folder: Path,
    variables: Mapping[str, str],
    *,
    first: int,
    shown: int,
) -> Iterator[Tried | Unreadable]:
    """What a pull would make of the `first` rows of each stream, of which `shown` are kept, masked.

    Raises ManifestError and YamlFileError for files that cannot be used, before any row is read.
    """
    filled = {"DATA": str(data_folder.absolute()), **variables}
    catalogue = catalogue_of(settings)
    sources = load_sources(folder, catalogue, filled, names)
    plans = plan_streams(sources, catalogue)
    annotator = annotator_of(settings)
    with known_graph(settings, plans, catalogue, annotator) as known:
        trial = Trial(catalogue, known, annotator, settings.now(), first, shown)
        for source in wanted_sources(sources, names):
            for stream in source.records:
                try:
                    tried = trial.stream(source, stream)
                except ConnectorError as wrong:
                    yield Unreadable(source.name, stream.name, wrong)
                else:
                    yield tried if known else replace(tried, notes=(*tried.notes, NOT_ASKED))
