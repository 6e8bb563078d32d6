"""The connection over which a hub writes what is delivered, with the key of its graph and the detector of texts.

It is opened with the first delivery, and only where a push source is declared; queries have a connection of their own,
which reads. Every transaction has a deadline.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Final, TypeVar

from connectors.base import Annotation, StreamPlan
from hub.graph.change_notes import told_types
from hub.graph.driver import GraphWriter, Transaction
from hub.graph.loaded_catalogue import CatalogueMisfit, require_note
from hub.graph.local import GraphAddress
from hub.graph.recent_writes import is_routed, note_writes
from hub.home.settings import Settings
from hub.ingest.annotate import annotator_of
from hub.ingest.graph_key import open_to_write
from hub.ingest.known_plans import KnownPlans
from hub.ingest.known_sources import note_sources
from hub.ingest.lease import take_turn
from hub.ingest.sink import Sink
from hub.ingest.text_properties import Reading
from hub.push.push_sources import PushSources
from schema.catalogue import Catalogue

T = TypeVar("T")
SECONDS: Final = 10.0
"""How long a transaction may take."""


class Connection:
    """The writing connection of a hub, for the sources that are pushed to it."""

    def __init__(self, settings: Settings, address: GraphAddress, known: PushSources, catalogue: Catalogue) -> None:
        """Raises GraphWriteError, KeyRefused and CatalogueMisfit."""
        self._settings, self._address, self._catalogue, self._known = settings, address, catalogue, known
        self._annotator = annotator_of(settings)
        self.writer = GraphWriter(
            address.url, address.user, address.password, database=settings.graph_database, seconds=SECONDS
        )
        try:
            self.writer.check_reachable()
            self._key = self._prepare()
        except BaseException:
            self.writer.close()
            raise
        self.plans = KnownPlans(known.plans, self._key, told_types(catalogue))

    def _prepare(self) -> bytes:
        key = open_to_write(self._settings, self.writer, self._catalogue)
        note_sources(self.writer, self._known.sources.values())
        return key

    def write(self, work: Callable[[Transaction], T]) -> T:
        """As `GraphWriter.write`; a graph that was emptied meanwhile is made fit once. Raises CatalogueMisfit too."""
        try:
            return self.writer.write(work)
        except CatalogueMisfit:
            self._prepare()
            return self.writer.write(work)

    def sink(self, today: dt.date) -> Sink:
        """The graph as connectors see it, today."""
        return Sink(self.writer, self._key, self._known.plans, self._catalogue, self._annotator, today, _take_turn)

    def reading(self, plan: StreamPlan, found: Mapping[str, Annotation]) -> Reading:
        """The texts of a write, of which this is known."""
        return Reading(self._catalogue.entity(plan.entity), self._annotator, found)

    def note_writes(self) -> None:
        """Have the hubs that read from another server of a cluster wait for what was written."""
        if is_routed(self._address):
            note_writes(self._settings.recent_writes, self.writer.bookmarks())


def _take_turn(transaction: Transaction, version: str) -> None:
    take_turn(transaction)
    require_note(transaction, version)
