"""Takes the events of push sources to the graph: looks up, shapes and writes.

What is answered as taken is in the graph: nothing is kept elsewhere, and where the graph cannot be written nothing is
taken. Deliveries have turns of their own, and at the processor they are long work, so that queries go on beside them.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
import threading
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Final, TypeVar

from connectors.base import Annotation, ConnectorError, Record, Row
from connectors.readers.pushed import PushSource
from connectors.shape import Shaper
from connectors.source_model import Stream
from connectors.transforms import Context
from hub.errors import Code, HubError
from hub.fair_share import Client, FairShare
from hub.graph.driver import GraphWriteError
from hub.graph.loaded_catalogue import CatalogueMisfit
from hub.graph.local import GraphAddress
from hub.home.key_files import KeyRefused
from hub.home.settings import Settings
from hub.ingest.sink import Sink
from hub.processor import Processor
from hub.push import statements as cypher
from hub.push.cloud_events import Event, Invalid
from hub.push.connection import SECONDS, Connection
from hub.push.event_write import EventWrite, delivered
from hub.push.outcomes import REUSED, Offered, Outcome, Status
from hub.push.push_sources import PushSources
from schema.catalogue import Catalogue

TURNS: Final = 2
"""Deliveries at the graph at once, of each application one: queries have eight turns of their own."""
RETRY_SECONDS: Final = 5
PIECE: Final = 10
"""Events that are shaped, and their texts searched, in one turn at the processor."""
KEPT_DAYS: Final = 90
"""How long it is known which events were delivered."""
FORGET_SECONDS: Final = 3_600.0
_FORGET_AT_ONCE: Final = 10_000
_log = logging.getLogger("sluicegate.push")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Named:
    """An event with the keyed digests of its id and of its content."""

    event: Event
    key: str
    body: str


@dataclass(frozen=True, slots=True)
class _Known:
    """What is looked up for a delivery: the divisions, and what became of events that came before.

    `first` and `before` are by key: of several events of the delivery with one id the first counts.
    """

    connection: Connection
    sink: Sink
    context: Context
    events: Sequence[_Named]
    first: Mapping[str, _Named]
    before: Mapping[str, Outcome]


class Deliveries:
    """The push sources of one hub; used on its event loop, and closed at its end."""

    def __init__(self, settings: Settings, address: GraphAddress, known: PushSources, catalogue: Catalogue) -> None:
        self._settings, self._address, self._known, self._catalogue = settings, address, known, catalogue
        self._turns = FairShare(TURNS)
        self._threads = ThreadPoolExecutor(TURNS, "delivery")
        self._opening = threading.Lock()
        self._connection: Connection | None = None

    def source(self, name: str, application: str) -> PushSource:
        """The source to which an application may deliver; raises DELIVERY_DENIED, whether or not there is one."""
        source = self._known.sources.get(name)
        if source is None or application not in source.accepts:
            text = "this application may deliver nothing here; ask who runs the hub for a source that accepts it"
            raise HubError(Code.DELIVERY_DENIED, text)
        return source

    async def deliver(
        self, processor: Processor, client: Client, source: PushSource, items: Sequence[Event | Invalid]
    ) -> list[Outcome]:
        """Take the events of a delivery; what became of each, in order.

        Raises HubError: GRAPH_UNAVAILABLE; EVENT_REFUSED where two columns seem to be exchanged; TOO_MANY_REQUESTS and
        OVERLOADED. What was taken before stays, and is found by the next delivery.
        """
        types = {each.event for each in source.records}
        events = [each for each in items if isinstance(each, Event) and each.type in types]
        async with self._turns.turn(client, SECONDS):
            known = await self._at_graph(lambda: self._look_up(source, events))
            found = dict(known.before)
            for stream in source.records:
                mine = [each for each in known.first.values() if each.event.type == stream.event]
                if fresh := [each for each in mine if each.key not in found]:
                    found |= await self._take(processor, client, source, stream, fresh, known)
        return list(_outcomes(items, known, found))

    async def forget(self) -> None:
        """Forget old events each hour, until cancelled."""
        while True:
            await asyncio.sleep(FORGET_SECONDS)
            # Where the graph is away, that is told elsewhere.
            with suppress(GraphWriteError):
                await self._in_thread(self.forget_old)

    def forget_old(self) -> None:
        """Forget which events were delivered more than `KEPT_DAYS` ago, if any were since the start of this hub."""
        if self._connection is None:
            return
        before, writer = dt.datetime.now(dt.UTC) - dt.timedelta(days=KEPT_DAYS), self._connection.writer
        while writer.write(lambda tx: tx.run(cypher.FORGET, before=before, most=_FORGET_AT_ONCE))[0]["forgotten"]:
            pass

    def close(self) -> None:
        """Let what is under way end, and close the connection."""
        self._threads.shutdown()
        if self._connection is not None:
            self._connection.writer.close()

    async def _take(
        self,
        processor: Processor,
        client: Client,
        source: PushSource,
        stream: Stream,
        fresh: Sequence[_Named],
        known: _Known,
    ) -> dict[str, Outcome]:
        """Shape the events of a stream, piece by piece, and write them; what became of each, by key."""
        plan = self._known.plans[f"{source.name}/{stream.name}"]
        # As rows of an incremental read: they have no place in the source.
        rows = stream.model_copy(update={"cursor": True})
        shaper = Shaper(source, rows, self._catalogue, known.context, known.sink.fingerprint)
        offered: list[Offered] = []
        texts: dict[str, Annotation] = {}
        for at in range(0, len(fresh), PIECE):

            def shape(piece: Sequence[_Named] = fresh[at : at + PIECE]) -> None:
                shaped = [_offer(shaper, plan.name, each) for each in piece]
                texts.update(
                    known.sink.annotate(plan, [each.shaped for each in shaped if isinstance(each.shaped, Record)])
                )
                offered.extend(shaped)

            await processor.do(client, shape, long=True)

        def write() -> dict[str, Outcome]:
            reading, run = known.connection.reading(plan, texts), uuid.uuid4().hex
            plans, version = known.connection.plans, self._catalogue.version
            found = known.connection.write(lambda tx: EventWrite(plans, tx, plan, run, offered, version).write(reading))
            known.connection.note_writes()
            return found

        return await self._at_graph(write)

    async def _at_graph(self, work: Callable[[], T]) -> T:
        try:
            return await self._in_thread(work)
        except GraphWriteError as failed:
            _log.warning("a delivery was not taken: %s", failed.code)
            text = "the graph cannot be written now, so nothing more of this delivery was taken; send it again"
            raise HubError(Code.GRAPH_UNAVAILABLE, text, retry_after=RETRY_SECONDS) from None
        except (KeyRefused, CatalogueMisfit) as refused:
            _log.error("no delivery is taken: %s", refused)
            text = "the hub cannot write its graph; tell its operator, and send the delivery again later"
            raise HubError(Code.GRAPH_UNAVAILABLE, text, retry_after=RETRY_SECONDS) from None
        except ConnectorError as wrong:
            raise HubError(Code.EVENT_REFUSED, f"none of these events was taken: {wrong}") from None

    async def _in_thread(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)

    def _look_up(self, source: PushSource, events: Sequence[Event]) -> _Known:
        connection = self._open()
        connection.writer.check_reachable()
        today = self._settings.now().date()
        sink = connection.sink(today)
        named = [_name(source, each, sink) for each in events]
        first = {each.key: each for each in reversed(named)}
        bodies = {key: each.body for key, each in first.items()}
        rows = connection.writer.read(cypher.DELIVERED, keys=sorted(bodies)) if named else []
        now = dt.datetime.now(source.tzinfo)
        context = Context(sink.places() if named else {}, source.tzinfo, now.date())
        return _Known(connection, sink, context, named, first, delivered(rows, bodies))

    def _open(self) -> Connection:
        with self._opening:
            if self._connection is None:
                self._connection = Connection(self._settings, self._address, self._known, self._catalogue)
            return self._connection


def _name(source: PushSource, event: Event, sink: Sink) -> _Named:
    named = "\x00".join(("event", source.name, event.source, event.id))
    return _Named(event, sink.fingerprint(named.encode()), sink.fingerprint(event.content))


def _offer(shaper: Shaper, stream: str, named: _Named) -> Offered:
    """An event with its record, or with its refusal: one whose time is not known has an entry of its own."""
    shaped = shaper.shape(Row(named.event.index + 1, named.event.row))
    if isinstance(shaped, Record):
        return Offered(named.key, named.body, replace(shaped, repeated=True))
    if shaped.as_of is None:
        number = f"~{named.body[:16]}"
        shaped = replace(shaped, key=f"{stream}:{number}", row=number)
    return Offered(named.key, named.body, shaped)


def _outcomes(items: Sequence[Event | Invalid], known: _Known, found: Mapping[str, Outcome]) -> Iterator[Outcome]:
    """What became of each item, in order."""
    named = {each.event.index: each for each in known.events}
    for each in items:
        if isinstance(each, Invalid):
            yield Outcome(Status.INVALID, each.field, "no-event", each.reason)
        elif each.index not in named:
            yield Outcome(Status.INVALID, "type", "unknown-type", "this source takes no events of this type")
        else:
            event = named[each.index]
            yield found[event.key] if known.first[event.key].body == event.body else REUSED
