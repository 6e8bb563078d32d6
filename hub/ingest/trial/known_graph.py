"""What a graph that runs knows of the divisions and of the nodes that rows refer to; it is only read.

Where no graph runs none is started, and where the one of the settings cannot be reached it is as if there were none.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from connectors.base import Place, StreamPlan
from hub.graph.driver import GraphWriteError, GraphWriter
from hub.graph.local import GraphAddress, LocalGraphError, running_graph
from hub.home.seals import load_key
from hub.home.settings import Settings, SettingsError
from hub.ingest import sink_statements as cypher
from hub.ingest.annotate import Annotator
from hub.ingest.known_plans import KnownPlans
from hub.ingest.lease import LeaseLost
from hub.ingest.sink import Sink
from schema.catalogue import Catalogue


@dataclass(frozen=True, slots=True)
class KnownGraph:
    """A graph that answers: `places` by official code, and which nodes there are."""

    places: Mapping[str, Place]
    _writer: GraphWriter
    _plans: KnownPlans | None

    def missing(self, entity: str, identities: Collection[str]) -> frozenset[str]:
        """Which of these nodes of an entity the graph does not hold; nothing where its key is not at hand."""
        if self._plans is None or not identities:
            return frozenset()
        sids = {self._plans.sid(entity, each): each for each in identities}
        (row,) = self._writer.read(cypher.existing(entity), sids=sorted(sids))
        return frozenset(sids[each] for each in sids.keys() - set(row["sids"]))


@contextmanager
def known_graph(
    settings: Settings, plans: Mapping[str, StreamPlan], catalogue: Catalogue, annotator: Annotator
) -> Iterator[KnownGraph | None]:
    """The graph of the settings while the block runs; None if it does not run or answer, or holds no divisions."""
    address = _address(settings)
    if address is None:
        yield None
        return
    with GraphWriter(address.url, address.user, address.password, database=settings.graph_database) as writer:
        yield _opened(settings, plans, catalogue, annotator, writer)


def _address(settings: Settings) -> GraphAddress | None:
    try:
        return running_graph(settings)
    except (LocalGraphError, SettingsError):
        return None


def _writes_nothing(*_: object) -> None:
    raise LeaseLost("trial", "a trial writes nothing")


def _opened(
    settings: Settings,
    plans: Mapping[str, StreamPlan],
    catalogue: Catalogue,
    annotator: Annotator,
    writer: GraphWriter,
) -> KnownGraph | None:
    try:
        writer.check_reachable()
        sink = Sink(writer, b"", plans, catalogue, annotator, settings.now().date(), _writes_nothing)
        places = sink.places()
    except GraphWriteError:
        return None
    # A key is never made here: where it is missing, nothing of this graph can be named.
    known = KnownPlans(plans, load_key(settings.graph_key)) if settings.graph_key.exists() else None
    return KnownGraph(places, writer, known) if places else None
