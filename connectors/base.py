"""The frozen data between the steps of a pull, and the protocols by which it reaches the graph and the text detector.

A batch, its quarantine entries and its cursor are written together by one call of `GraphSink.write`. Personal values
stand in no repr.

A reader yields `Row`s or `Broken` ones, `connectors/shape.py` turns each into a `Record` or a `Refused`, and
`connectors/run.py` hands them to the sink in `Batch`es.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any, Protocol


class ConnectorError(Exception):
    """A source cannot be pulled. The text names source and cause, never a value.

    `terminal`: the same pull will fail again unless somebody changes something.
    """

    def __init__(self, source: str, problem: str, *, terminal: bool = True) -> None:
        super().__init__(f"{source}: {problem}")
        self.source = source
        self.problem = problem
        self.terminal = terminal


@dataclass(frozen=True, slots=True)
class Row:
    """One record as the source gave it. `number` is its first line in a CSV file, else it counts from 1 in the read.

    `part` names the file or sheet in which it stands, if the source has several.
    """

    number: int
    values: Mapping[str, Any] = dataclasses.field(repr=False)
    part: str = ""


@dataclass(frozen=True, slots=True)
class Broken:
    """A record that cannot even be read. `key` are its key columns, if they could be read, `values` all that could.

    With the field `FILE` it is a whole file, `part`, of which no row or not every row was read.
    """

    number: int
    field: str
    rule: str
    reason: str
    key: tuple[str, ...] | None = dataclasses.field(default=None, repr=False)
    values: Mapping[str, Any] = dataclasses.field(default_factory=dict, repr=False, compare=False)
    part: str = ""


FILE = "file"


@dataclass(frozen=True, slots=True)
class FileRead:
    """A file of a growing folder was read to its end, or is `known`: it was, and is as it was then.

    `digest` is one of its name and content.
    """

    digest: str
    known: bool = False


@dataclass(frozen=True, slots=True)
class Header:
    """The names of the columns that the source has now, those that nobody reads included.

    Not `complete`: there may be more, in records that were not read.
    """

    columns: tuple[str, ...]
    complete: bool = True


_OF_ONE = {"are": "is", "were": "was", "have": "has", "hold": "holds", "stand": "stands", "repeat": "repeats"}


@dataclass(frozen=True, slots=True)
class Note:
    """What whoever keeps a source should know, and what refuses no row; it never holds a value.

    `rows` is how many rows it is about; then the text goes on after a number, as for many of them: "rows are …".
    """

    rule: str
    text: str
    rows: int = 0

    @property
    def in_words(self) -> str:
        """The text after the number of rows, in the singular for one."""
        if self.rows != 1:
            return f"{self.rows:,} {self.text}" if self.rows else self.text
        said, mark, remedy = self.text.partition(";")
        what, *words = said.split(" ")
        return " ".join(["1", what.removesuffix("s"), *(_OF_ONE.get(each, each) for each in words)]) + mark + remedy


Item = Row | Broken | Header | Note | FileRead
"""What a reader yields. Each row of the source is a `Row`, a `Broken`, or counted in the note `blank-lines`."""


def _knows_nothing(_digest: str) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Since:
    """What a reader need not give again: rows before `moment`, except the records listed in `waiting`.

    `known` says of the digest of a file whether it was read.
    """

    moment: dt.datetime | None = None
    waiting: tuple[str, ...] = ()
    waiting_since: dt.datetime | None = None
    known: Callable[[str], bool] = _knows_nothing

    def earliest(self) -> dt.datetime | None:
        """The time to read from if waiting records cannot be asked for one by one; None means from the beginning."""
        if self.moment is None or (self.waiting and self.waiting_since is None):
            return None
        return min(self.moment, self.waiting_since or self.moment)


class Reader(Protocol):
    """One stream of a source.

    `ordered`: rows come by their updated column in one consistent read, so that the cursor may follow each batch;
    otherwise it moves with the last one only. `full`: each read gives everything, whatever `Since` says.
    """

    ordered: bool
    full: bool

    def read(self, since: Since) -> Iterator[Item]:
        """The stream's rows, and what there is to say about them; raises ConnectorError."""
        ...


@dataclass(frozen=True, slots=True)
class Place:
    """A division that the graph knows: its path, and if it is out of force the code of its successor."""

    path: str
    grid: bool
    ended: bool = False
    successor: str | None = None


@dataclass(frozen=True, slots=True)
class EdgePlan:
    """An edge that a stream writes."""

    name: str
    entity: str
    relationship: str
    outgoing: bool
    target: str
    required: bool


@dataclass(frozen=True, slots=True)
class Derivation:
    """`entity.region` is the region of the node to which `edge` leads, unless a `better` stream asserts the entity."""

    stream: str
    edge: EdgePlan
    better: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StreamPlan:
    """What one stream writes, and which streams come before it for each field."""

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
    """No two records describe one node: the key is the identity, and no other stream writes the entity."""
    full: bool = False
    """A record that a full read does not give is gone at the source."""
    beside_events: bool = False
    """Events may write, at the same time, what this stream reads or writes."""
    shared: tuple[str, ...] = ()
    """The fields that streams of other sources write too."""
    exchanged: float = 0.5
    """The share of changed records with two values exchanged at which a batch is refused."""


@dataclass(frozen=True, slots=True)
class Link:
    """A record says that its node has an edge to the node that `identity` identifies."""

    edge: str
    column: str
    identity: str = dataclasses.field(repr=False)


@dataclass(frozen=True, slots=True)
class Record:
    """A valid record. `key` is the name of the stream and the record's `number` at its source."""

    key: str
    number: str
    identity: str = dataclasses.field(repr=False)
    values: Mapping[str, Any] = dataclasses.field(repr=False)
    links: tuple[Link, ...] = dataclasses.field(repr=False)
    as_of: dt.datetime | None
    fingerprint: str = dataclasses.field(repr=False)
    repeated: bool = False
    """The same key was seen before in this run."""
    sole: bool = False
    """The run is over, and of the records of this key and time, which lost against each other, this one is left."""


@dataclass(frozen=True, slots=True)
class Refused:
    """An entry in quarantine: where the row stands and why it was refused, without its values.

    `awaits` is (entity, identity) of a node without which the row cannot go in; only its surrogate is kept.
    """

    key: str
    row: str
    field: str
    rule: str
    reason: str
    as_of: dt.datetime | None = None
    awaits: tuple[str, str] | None = dataclasses.field(default=None, repr=False)

    @property
    def is_named(self) -> bool:
        """Whether the row has a number; the name of its place, in whose stead it stands else, holds a blank."""
        return " " not in self.row


@dataclass(frozen=True, slots=True)
class Position:
    """Where the last pull of a stream ended. `manifest` is the digest of the declaration it was read under.

    `rows` is the number of rows of the last full read, None before the first; `compared` is when a stream that is read
    by its cursor was last read in full; `columns` are those that the source had, and `kinds` what the values of those
    that the stream reads were, in words. `first`: no record of the stream is in the graph. `files` are keyed digests of
    the files of a growing folder that were read.
    """

    moment: dt.datetime | None = None
    manifest: str = ""
    rows: int | None = None
    waiting: tuple[str, ...] = ()
    waiting_since: dt.datetime | None = None
    compared: dt.datetime | None = None
    columns: tuple[str, ...] = ()
    kinds: Mapping[str, str] = dataclasses.field(default_factory=dict)
    first: bool = False
    files: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Annotation:
    """What is kept beside a free text: the spans of personal information (a list of numbers), and other words, once.

    `spans` is None if the text could not be searched, and `failed` says why; such a text is redacted whole.
    """

    spans: list[int] | None
    words: list[str] = dataclasses.field(repr=False)
    failed: str | None = None


@dataclass(frozen=True, slots=True)
class Batch:
    """What goes into one transaction. `cursor` None leaves the cursor where it is.

    `cleared` are keys of rows that are valid now; `seen_refused` (last batch of a full read only) are all keys that
    were refused in this run: other entries of the stream are removed. `first`: no record of the stream was in the graph
    when the run began, so that those alone can be there now that are marked as repeated. `annotated` is what is known
    already of texts of the records.
    """

    plan: StreamPlan
    run: str
    records: tuple[Record, ...] = ()
    refused: tuple[Refused, ...] = ()
    cleared: tuple[str, ...] = ()
    cursor: Position | None = None
    seen_refused: frozenset[str] | None = None
    first: bool = False
    annotated: Mapping[str, Annotation] = dataclasses.field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Written:
    """What a batch did. `changes` counts everything that the database changed: 0 means that nothing was written.

    Of those `unchanged`, `older` are older than what the graph holds, and were ignored. `removed` are the nodes that no
    record describes any more.
    `orphans` are the records that were refused because a node that they need is missing, and `stored` the keys of those
    that were inserted or updated. `contested` are the numbers of those stored that say otherwise than another record of
    their stream about the same node, with the fields. `outvoted` are the best records of keys of which some
    lost, with the digest of the stored one. `texts` is how many texts were searched for personal information:
    `personal` of them hold some, and those counted in `whole`, by reason, could not be searched and are redacted whole.
    """

    inserted: int = 0
    updated: int = 0
    unchanged: int = 0
    quarantined: int = 0
    linked: int = 0
    unlinked: int = 0
    changes: int = 0
    orphans: tuple[Refused, ...] = ()
    stored: tuple[str, ...] = ()
    contested: tuple[tuple[str, tuple[str, ...]], ...] = ()
    outvoted: tuple[tuple[Record, str], ...] = ()
    texts: int = 0
    personal: int = 0
    whole: Mapping[str, int] = dataclasses.field(default_factory=dict)
    older: int = 0
    removed: int = 0


class TextAnnotator(Protocol):
    """Finds personal information in free text."""

    @property
    def version(self) -> str:
        """The version of the detector; spans of another version are not trusted."""
        ...

    def annotate(self, texts: Sequence[str]) -> Sequence[Annotation]:
        """One annotation for each text, in order. Never raises: a text that cannot be searched gets `failed`."""
        ...


class GraphSink(Protocol):
    """The graph as a connector sees it."""

    def fingerprint(self, content: bytes) -> str:
        """A keyed digest of 32 hex characters: equal for equal content, and does not show the content."""
        ...

    def places(self) -> Mapping[str, Place]:
        """Every division that the graph knows, by official code."""
        ...

    def position(self, plan: StreamPlan) -> Position:
        """Where the last pull of this stream ended, and which refused records could go in now."""
        ...

    def unchanged(self, records: Mapping[str, str]) -> set[str]:
        """Of these records, digests by key, the keys of those that the graph holds as they are."""
        ...

    def annotate(self, plan: StreamPlan, records: Sequence[Record]) -> Mapping[str, Annotation]:
        """What is to be kept beside the texts of records, by text. May be asked while a batch is being written."""
        ...

    def foresee(self, plan: StreamPlan, records: Sequence[Record]) -> None:
        """Compute what depends on records that will be written alone, while the batch before them is being written."""
        ...

    def write(self, batch: Batch) -> Written:
        """Write all of a batch or nothing of it, after all of the batches before; it may not be in before `settle`."""
        ...

    def settle(self) -> None:
        """Wait until all that was written is in."""
        ...

    def count_records(self, plan: StreamPlan) -> int:
        """How many records of a stream the graph holds."""
        ...

    def record_keys(self, plan: StreamPlan) -> Set[str]:
        """The keys of all records of a stream that the graph holds."""
        ...

    def remove(self, plan: StreamPlan, run: str, keys: Sequence[str]) -> Written:
        """Take back all of these records or none: what they alone said is no longer served."""
        ...
