"""Reads how the sources of a hub stand, for a page; blocks, for a thread.

The source files say what there is, also while the graph is away. Counts, names and reasons are shown, and no value of a
row, no secret, and of an address neither user nor query.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from connectors.base import ConnectorError
from connectors.manifest import ManifestError
from connectors.source_model import ADDRESS_NOT_NEEDED, PulledSource, Source
from connectors.sources import NONE, load_sources
from hub.console.operator.pushes import Pushes, read_pushes
from hub.graph.driver import GraphWriteError
from hub.graph.local import GraphAddress, LocalGraphError, running_graph
from hub.home.settings import Settings, SettingsError
from hub.ingest.refused_rows import Listing, read_refused
from hub.ingest.runs.source_status import SourceStatus, read_statuses
from hub.ingest.source_locations import SourceLocations, locations_of_hub
from schema.catalogue import Catalogue

MOST_ROWS = 200
"""Rows in quarantine on a page; the command `source refused` lists them all."""

BAD = ("FAILED", "INTERRUPTED")
"""States of a last run that did not end well."""


class NoSources(Exception):
    """The hub looks after no sources: SLUICEGATE_SOURCES is not set."""


class FilesWrong(Exception):
    """The source files cannot be used; the text says where and why, and no value."""


@dataclass(frozen=True, slots=True)
class Declared:
    """What the files of a hub's sources say, in the order in which they are pulled."""

    sources: Sequence[Source]
    locations: SourceLocations = field(repr=False)

    def named(self, name: str) -> Source | None:
        """The source of a name."""
        return next((each for each in self.sources if each.name == name), None)


@dataclass(frozen=True, slots=True)
class Shown:
    """One source: what its file says, and how it stands; `status` is None while the graph does not answer.

    `keeper` is the department that keeps it: the one that its file names, else (`is_owner`) the one that owns the types
    that it writes; empty if those are of several departments or of none. `pushes` is of a source that is pushed.
    """

    source: Source
    place: str
    keeper: str
    is_owner: bool
    status: SourceStatus | None
    pushes: Pushes | None

    @property
    def pulled(self) -> bool:
        """Whether the hub reads it, and not its system that pushes."""
        return isinstance(self.source, PulledSource)

    @property
    def doubtful(self) -> bool:
        """Whether its last run ended well and refused rows."""
        return self.status is not None and self.status.state == "OK" and self.status.refused > 0

    @property
    def needs_a_look(self) -> bool:
        """Whether rows are refused, its data are stale, or its last run did not end well."""
        status = self.status
        return status is not None and (bool(status.refused or status.stale) or status.state in BAD)

    @property
    def runs(self) -> Mapping[str, Mapping[str, object]]:
        """What the last run did, by stream."""
        return {str(each["stream"]): each for each in self.status.streams} if self.status else {}


def declared(settings: Settings, catalogue: Catalogue) -> Declared:
    """What the source files say; raises NoSources and FilesWrong. No variable and no secret is needed."""
    try:
        where = locations_of_hub(settings)
        if where is None:
            raise NoSources
        filled = {**({"DATA": where.data} if where.data else {}), **where.variables}
        return Declared(load_sources(Path(where.sources), catalogue, filled, NONE), where)
    except (ConnectorError, ManifestError) as wrong:
        raise FilesWrong(str(wrong)) from None
    except OSError as fault:
        raise FilesWrong(f"{fault.filename or settings.sources}: {fault.strerror}") from None


def graph_of(settings: Settings) -> GraphAddress | None:
    """Where the graph is; None while none runs."""
    try:
        return running_graph(settings)
    except (LocalGraphError, SettingsError):
        return None


def shown_sources(settings: Settings, catalogue: Catalogue, owners: Mapping[str, str]) -> Sequence[Shown]:
    """Every source with its state; raises as `declared`. `owners` are the departments by the types that they own."""
    known = declared(settings, catalogue)
    return _with_state(settings, known.sources, owners)


def shown_source(settings: Settings, source: Source, owners: Mapping[str, str]) -> tuple[Shown, Listing | None]:
    """One source with what waits of it; None in its place while the graph does not answer."""
    (shown,) = _with_state(settings, [source], owners)
    graph = graph_of(settings)
    if shown.status is None or graph is None:
        return shown, None
    try:
        return shown, read_refused(settings, graph, source.name, MOST_ROWS)
    except GraphWriteError:
        return shown, None


def _with_state(settings: Settings, sources: Sequence[Source], owners: Mapping[str, str]) -> list[Shown]:
    graph = graph_of(settings)
    states: Mapping[str, SourceStatus] = {}
    pushes: Mapping[str, Pushes] = {}
    if graph is not None:
        try:
            states = {each.source: each for each in read_statuses(settings, graph, sources)}
            pushes = read_pushes(settings, graph, sources)
        except GraphWriteError:
            states, pushes = {}, {}
    return [
        Shown(each, place_of(each), *keeper_of(each, owners), states.get(each.name), pushes.get(each.name))
        for each in sources
    ]


def keeper_of(source: Source, owners: Mapping[str, str]) -> tuple[str, bool]:
    """The department that keeps a source, and whether that follows from the types that it writes."""
    if source.asserted_by:
        return source.asserted_by, False
    found = {owners.get(stream.entity, "") for stream in source.records}
    return (found.pop(), True) if len(found) == 1 and "" not in found else ("", False)


def place_of(source: Source) -> str:
    """Where a source is read, without user, password and query; empty for one that is pushed or whose variable is
    not set.
    """
    where = source.where if isinstance(source, PulledSource) else ""
    return "" if where.startswith(ADDRESS_NOT_NEEDED) else without_secrets(where)


def without_secrets(address: str) -> str:
    """An address without user, password, query and fragment; the path of a file as it is."""
    if "://" not in address:
        return address
    parts = urlsplit(address)
    # A wrongly written one may have its user in the path.
    rest = f"{parts.netloc}{parts.path}".rpartition("@")[2]
    return f"{parts.scheme}://{rest}"
