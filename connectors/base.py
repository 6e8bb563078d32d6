"""Connectors know the graph only through `GraphSink`: one call writes a batch, its quarantine and its cursor together.

The frozen data between the steps of a pull (design §1 for the habit, §3 for provenance): a reader yields `Row`s or
`Broken` ones, `connectors.shape` turns a row into a `Record` or a `Refused`, and `connectors.run` hands `Batch`es to
the sink. Whatever holds a personal value keeps it out of its repr.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol


class ConnectorError(Exception):
    """A source cannot be pulled. The text names source and cause, never a value.

    `terminal`: the same pull will fail again until somebody changes something.
    """

    def __init__(self, source: str, problem: str, *, terminal: bool = True) -> None:
        super().__init__(f"{source}: {problem}")
        self.source = source
        self.problem = problem
        self.terminal = terminal


@dataclass(frozen=True, slots=True)
class Row:
    """One record as the source gave it. `number` counts from 1 within the read, a CSV's header not counted."""

    number: int
    values: Mapping[str, Any] = dataclasses.field(repr=False)


@dataclass(frozen=True, slots=True)
class Broken:
    """A record that cannot even be read. `key` holds its key columns where they could be told apart."""

    number: int
    field: str
    rule: str
    reason: str
    key: tuple[str, ...] | None = dataclasses.field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Since:
    """What a reader need not give again: rows before `moment`, but for the records listed in `waiting`."""

    moment: dt.datetime | None = None
    waiting: tuple[str, ...] = ()
    waiting_since: dt.datetime | None = None

    def earliest(self) -> dt.datetime | None:
        """From where to read if waiting records cannot be asked for one by one; None is the beginning."""
        if self.moment is None or (self.waiting and self.waiting_since is None):
            return None
        return min(self.moment, self.waiting_since or self.moment)


class Reader(Protocol):
    """One stream of a source.

    `ordered`: rows come by their updated column in one consistent read, so that the cursor may follow each batch;
    otherwise it moves with the last one only. `full`: each read gives everything, `Since` or not.
    """

    ordered: bool
    full: bool

    def read(self, since: Since) -> Iterator[Row | Broken]:
        """The stream's rows; raises ConnectorError."""
        ...


@dataclass(frozen=True, slots=True)
class Place:
    """A division that the graph knows: its path, and the code that took its place if it is out of force."""

    path: str
    grid: bool
    ended: bool = False
    successor: str | None = None


@dataclass(frozen=True, slots=True)
class EdgePlan:
    """An edge that a stream writes, with what the graph needs to write it."""

    name: str
    entity: str
    relationship: str
    outgoing: bool
    target: str
    required: bool


@dataclass(frozen=True, slots=True)
class Derivation:
    """`entity.region` follows the region of the node that `edge` leads to, where no better stream asserts the node."""

    stream: str
    edge: EdgePlan
    better: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StreamPlan:
    """One stream against all others: what it writes, and which streams come before it for each field."""

    name: str
    source: str
    entity: str
    collected_for: str
    trust: int
    fields: tuple[str, ...]
    better: Mapping[str, frozenset[str]]
    edges: tuple[EdgePlan, ...]
    derivation: Derivation | None
    alone: bool
    """No two records speak of one node: the key is the identity, and no other stream writes the entity."""


@dataclass(frozen=True, slots=True)
class Link:
    """A record's claim that its node has an edge to the node that `identity` identifies."""

    edge: str
    column: str
    identity: str = dataclasses.field(repr=False)


@dataclass(frozen=True, slots=True)
class Record:
    """A valid record. `key` is its number in the source with the stream's name before it."""

    key: str
    number: str
    identity: str = dataclasses.field(repr=False)
    values: Mapping[str, Any] = dataclasses.field(repr=False)
    links: tuple[Link, ...] = dataclasses.field(repr=False)
    as_of: dt.datetime | None
    fingerprint: str = dataclasses.field(repr=False)
    repeated: bool = False
    """The same key was seen before in this run."""


@dataclass(frozen=True, slots=True)
class Refused:
    """A quarantine entry: where and why, never what.

    `awaits` is (entity, identity) of a node without which the row cannot go in; it is kept as a surrogate only.
    """

    key: str
    row: str
    field: str
    rule: str
    reason: str
    as_of: dt.datetime | None = None
    awaits: tuple[str, str] | None = dataclasses.field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Position:
    """Where the last pull of a stream ended. `manifest` is the digest of the block it was read under.

    `rows` is the size of the last full read, None before the first.
    """

    moment: dt.datetime | None = None
    manifest: str = ""
    rows: int | None = None
    waiting: tuple[str, ...] = ()
    waiting_since: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class Batch:
    """What goes into one transaction. `cursor` None leaves the cursor where it is.

    `cleared` are keys of rows that became good; `seen_refused` (last batch of a full read only) are all keys refused
    in this run: other entries of the stream vanish.
    """

    plan: StreamPlan
    run: str
    records: tuple[Record, ...] = ()
    refused: tuple[Refused, ...] = ()
    cleared: tuple[str, ...] = ()
    cursor: Position | None = None
    seen_refused: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Written:
    """What a batch did. `changes` counts everything that the database changed: 0 means that nothing was written.

    `orphans` are the keys of records that were refused because a node that they need is not there. `texts` were read
    for personal information: `personal` of them hold some, and those counted in `whole`, by reason, could not be
    judged and are redacted whole.
    """

    inserted: int = 0
    updated: int = 0
    unchanged: int = 0
    quarantined: int = 0
    linked: int = 0
    unlinked: int = 0
    changes: int = 0
    orphans: tuple[str, ...] = ()
    texts: int = 0
    personal: int = 0
    whole: Mapping[str, int] = dataclasses.field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Annotation:
    """What is kept beside a free text: where it is personal, as a flat list of numbers, and its other words, each once.

    `spans` None says that this could not be told, and `failed` why; such a text is redacted whole.
    """

    spans: list[int] | None
    words: list[str] = dataclasses.field(repr=False)
    failed: str | None = None


class TextAnnotator(Protocol):
    """Finds what is personal in free text."""

    @property
    def version(self) -> str:
        """Which detector this is; spans of another version are not trusted."""
        ...

    def annotate(self, texts: Sequence[str]) -> Sequence[Annotation]:
        """One annotation for each text, in order. Never raises: what cannot be judged says so."""
        ...


class GraphSink(Protocol):
    """The graph as a connector sees it."""

    def fingerprint(self, content: bytes) -> str:
        """A keyed digest of 32 hex characters: tells equal content, not what it is."""
        ...

    def places(self) -> Mapping[str, Place]:
        """Every division that the graph knows, by official code."""
        ...

    def position(self, plan: StreamPlan) -> Position:
        """Where the last pull of this stream ended, and which refused records could go in now."""
        ...

    def write(self, batch: Batch) -> Written:
        """Write all of a batch or nothing of it."""
        ...


class Report(Protocol):
    """Told how far a pull is; called from time to time with the rows read so far."""

    def __call__(self, stream: str, rows: int, /) -> None: ...


@dataclass(frozen=True, slots=True)
class PullResult:
    """What a pull of one stream did: `read` = inserted + updated + unchanged + quarantined.

    `linked` edges were waiting for a node that has now come; `unlinked` edges of rows of this pull wait for theirs.
    `texts`, `personal` and `whole` are those of `Written`.
    """

    source: str
    stream: str
    read: int
    inserted: int
    updated: int
    unchanged: int
    quarantined: int
    linked: int
    unlinked: int
    changes: int
    seconds: float
    texts: int = 0
    personal: int = 0
    whole: Mapping[str, int] = dataclasses.field(default_factory=dict)
