"""Reads the first rows of sources and shapes them as a pull would, and writes nothing: no graph, cursor, log or file.

What is personal is masked by the safest rung of its field's ladder that shows anything, or by its kind, and stands
nowhere as it is. A graph that runs is asked for its grids and for the targets of required edges; without one these are
not checked, and that is told.
"""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

from connectors.base import (
    ConnectorError,
    FileRead,
    Header,
    Item,
    Note,
    Place,
    Record,
    Refused,
    Since,
    TextAnnotator,
)
from connectors.findings import Findings
from connectors.results import Refusals
from connectors.shape import Shaper
from connectors.source_model import PulledSource, Stream
from connectors.transforms import Context
from hub.ingest.trial.known_graph import KnownGraph
from hub.ingest.trial.masked_cells import MaskedCell, masked_cells
from schema.catalogue import Catalogue
from schema.region_paths import path_of_code


@dataclass(frozen=True, slots=True)
class ShownRow:
    """A row that would go in: its number or place, and its cells by field and edge, masked where they are personal."""

    row: str
    cells: Mapping[str, MaskedCell] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Tried:
    """What a pull would make of the first rows of one stream. `whole`: there are no more rows than those `read`.

    `stops` says why a pull of these rows would stop as a whole; None if it would not.
    """

    source: str
    stream: str
    entity: str
    read: int
    refused: int
    whole: bool
    rows: tuple[ShownRow, ...]
    refusals: tuple[Refusals, ...]
    notes: tuple[Note, ...]
    columns: tuple[str, ...]
    stops: str | None


@dataclass(frozen=True, slots=True)
class Trial:
    """How to try streams: what the graph knows (None: none is asked), how many rows to read, and how many to show."""

    catalogue: Catalogue
    known: KnownGraph | None
    annotator: TextAnnotator
    moment: dt.datetime
    first: int
    shown: int

    def stream(self, source: PulledSource, stream: Stream) -> Tried:
        """What a pull would make of the first rows of a stream; raises ConnectorError where none can be read."""
        today = self.moment.astimezone(source.tzinfo).date()
        places = AnyGrid() if self.known is None else self.known.places
        shaper = Shaper(source, stream, self.catalogue, Context(places, source.tzinfo, today), _digest())
        findings = Findings(identity=stream.identity)
        shaped, whole = self._read(source, stream, shaper, findings)
        records = [each for each in shaped if isinstance(each, Record)]
        refused = [each for each in shaped if isinstance(each, Refused)]
        findings.refused(refused)
        for note in (*shaper.notes(), *self._missing(stream, records)):
            findings.note(note)
        return Tried(
            source.name,
            stream.name,
            stream.entity,
            len(shaped),
            len(refused),
            whole,
            tuple(self._shown(stream, each, today) for each in records[: self.shown]),
            findings.refusals(),
            tuple(findings.notes.values()),
            findings.columns,
            _why_it_stops(source, shaper, len(shaped), len(refused)),
        )

    def _read(
        self, source: PulledSource, stream: Stream, shaper: Shaper, findings: Findings
    ) -> tuple[list[Record | Refused], bool]:
        """What the first rows become, and whether there are no others."""
        shaped: list[Record | Refused] = []
        with closing(_items(source, stream)) as items:
            for item in items:
                match item:
                    case Header():
                        findings.header(item, ())
                    case Note():
                        findings.note(item)
                    case FileRead():
                        continue
                    case _ if len(shaped) == self.first:
                        return shaped, False
                    case _:
                        shaped.append(shaper.shape(item))
        return shaped, True

    def _missing(self, stream: Stream, records: Sequence[Record]) -> Iterator[Note]:
        """Rows whose required target the graph does not hold: it may come with a source that is pulled before."""
        for name, rule in stream.edges.items():
            if not rule.required or self.known is None:
                continue
            targets = [link.identity for each in records for link in each.links if link.edge == name]
            missing = self.known.missing(rule.entity, set(targets))
            rows = sum(each in missing for each in targets)
            if rows:
                text = (
                    f"rows would be refused unless the {rule.entity} that they name in {rule.column} is pulled before"
                )
                yield Note(f"missing-target {name}", text, rows)

    def _shown(self, stream: Stream, record: Record, today: dt.date) -> ShownRow:
        entity = self.catalogue.entity(stream.entity)
        return ShownRow(record.number, masked_cells(self.catalogue, entity, record, self.annotator, today))


def _items(source: PulledSource, stream: Stream) -> Generator[Item]:
    yield from source.reader(stream).read(Since())


def _why_it_stops(source: PulledSource, shaper: Shaper, read: int, refused: int) -> str | None:
    try:
        shaper.check_formats(full=True)
    except ConnectorError as wrong:
        return wrong.problem
    most = source.limits.quarantined
    if refused > most * read:
        return f"more than {most:.0%} of the rows are refused (limits.quarantined)"
    return None


class AnyGrid(dict[str, Place]):
    """Stands for the divisions of a graph that is not asked: each code of a division is that of a grid in force."""

    def get(self, key: str, default: Any = None) -> Any:
        """The path that the code itself states; the default for what is no code of a division."""
        path = path_of_code(key)
        return default if path is None else Place(path, grid=True)


def _digest() -> Callable[[bytes], str]:
    """A keyed digest of this run alone: what it names cannot be found again."""
    key = secrets.token_bytes(32)
    return lambda content: blake2b(content, digest_size=16, key=key).hexdigest()
