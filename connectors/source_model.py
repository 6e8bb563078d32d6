"""What the YAML file of a source says, whatever its kind: streams, fields, edges, checks and limits.

Frozen data without I/O; an unknown or missing key is refused. Each kind of source extends `Source` with its own keys
and its reader, in a file of `connectors/readers/`, and is listed in `connectors/kinds.py`.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from connectors.base import Reader
from connectors.drift import Drift
from connectors.schedule import Schedule
from schema import normal_forms, shapes

Name = Annotated[str, Field(pattern=shapes.SHORT_NAME)]
Column = Annotated[str, Field(min_length=1, max_length=128)]
Purpose = Annotated[str, Field(pattern=shapes.PURPOSE)]
ADDRESS_NOT_NEEDED = "https://not-needed.invalid"
"""Stands for the address of a source that is not pulled."""


class FaultAt(ValueError):
    """A fault of a block that stands at one of its keys."""

    def __init__(self, problem: str, *path: str | int) -> None:
        super().__init__(f"{'.'.join(map(str, path))}: {problem}")
        self.path, self.problem = path, problem


class Block(BaseModel):
    """A map of a source's file: no other keys than its own."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True, populate_by_name=True)


class FieldRule(Block):
    """How one catalogue field is filled: from a column by a transform, from the node to which an edge leads, or with
    one `value` in each record.
    """

    column: Column | None = None
    transform: str | None = Field(default=None, alias="as")
    required: bool = False
    format: str | None = None
    values: Mapping[str, str] | None = None
    unknown: tuple[str, ...] = ()
    least: float | None = Field(default=None, alias="min")
    most: float | None = Field(default=None, alias="max")
    via: str | None = None
    value: str | int | float | None = None

    @model_validator(mode="before")
    @classmethod
    def _short(cls, given: Any) -> Any:
        return {"column": given} if isinstance(given, str) else given

    @field_validator("value", mode="before")
    @classmethod
    def _plain(cls, given: Any) -> Any:
        if isinstance(given, bool) or not isinstance(given, str | int | float):
            raise ValueError("a text in quotes or a number is expected")
        return given

    @model_validator(mode="after")
    def _one(self) -> FieldRule:
        given = [each for each in ("column", "via", "value") if getattr(self, each) is not None]
        if len(given) != 1:
            raise ValueError("a field takes one of `column`, `via` and `value`")
        if given != ["column"] and self.model_fields_set - {*given}:
            raise ValueError(f"`{given[0]}` takes no other key beside it")
        return self


class EdgeRule(Block):
    """An edge to the node of `entity` whose identity `column` holds; `required`: no row without its target."""

    entity: str
    column: Column
    transform: str = Field(default="code", alias="as")
    required: bool = False


class Check(Block):
    """A rule between fields of one record."""

    rule: str
    fields: tuple[str, ...] = Field(min_length=1)


class Updated(Block):
    """The column with the time at which a record last changed at its source."""

    column: Column
    format: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _short(cls, given: Any) -> Any:
        return {"column": given} if isinstance(given, str) else given


class Stream(Block):
    """One kind of record: its entity, the columns with its number at the source, and the field of its identity."""

    name: Name
    entity: str
    event: Annotated[str, Field(min_length=1, max_length=256)] | None = None
    table: Annotated[str, Field(pattern=shapes.TABLE)] | None = None
    sheets: tuple[Column, ...] | None = Field(default=None, min_length=1)
    key: tuple[Column, ...] = Field(min_length=1)
    identity: str
    updated: Updated | None = None
    cursor: bool = False
    full: bool = False
    fields: Mapping[str, FieldRule] = Field(min_length=1)
    edges: Mapping[str, EdgeRule] = {}
    checks: tuple[Check, ...] = ()
    successor: Column | None = None

    @field_validator("key", "sheets", mode="before")
    @classmethod
    def _one_column(cls, given: Any) -> Any:
        return (given,) if isinstance(given, str) else given

    @model_validator(mode="after")
    def _cursor_needs_time(self) -> Stream:
        if self.cursor and self.updated is None:
            raise FaultAt("`cursor: true` needs the `updated` column", "cursor")
        if self.cursor and self.full:
            raise FaultAt("with `cursor: true` most records do not come, so none is gone; take one out", "full")
        return self

    @property
    def key_is_identity(self) -> bool:
        """Whether the record's number is also what identifies its node, so that no two records describe one node."""
        return self.key == (self.fields[self.identity].column,)

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column that the stream reads, each once."""
        named = [
            *self.key,
            *(rule.column for rule in self.fields.values() if rule.column),
            *(rule.column for rule in self.edges.values()),
            *((self.updated.column,) if self.updated else ()),
            *((self.successor,) if self.successor else ()),
        ]
        return tuple(dict.fromkeys(named))


class Limits(Block):
    """What is more than this is taken for a fault of the source, and stops the pull, or refuses the delivery.

    Share of refused rows in a batch, size of a full read (times the last one), pages of a REST read, seconds for an
    answer, seconds that a busy source may have us wait, share of changed records with two values exchanged, share of a
    stream's records that are gone at once, edges that one run leads to one node; events and bytes of a delivery. A
    stream that is read by its cursor is read again from `overlap` hours before it, and every `compare` days from its
    beginning.
    """

    quarantined: float = Field(default=0.1, ge=0, le=1)
    growth: float = Field(default=10, ge=1)
    pages: int = Field(default=10_000, ge=1)
    timeout: float = Field(default=30, gt=0, le=600)
    wait: float = Field(default=60, ge=0, le=3600)
    exchanged: float = Field(default=0.5, ge=0.1, le=1)
    vanished: float = Field(default=0.2, ge=0, le=1)
    fan_out: int = Field(default=10_000, ge=1)
    overlap: float = Field(default=24, ge=0, le=24 * 366)
    compare: float = Field(default=7, gt=0, le=366)
    events: int = Field(default=100, ge=1, le=1_000)
    bytes: int = Field(default=262_144, ge=1_024, le=16 * 1024 * 1024)


class Source(Block):
    """One system of a department, as its YAML file declares it; a kind of source adds its own keys.

    `asserted_by` is who says what is in it: a department, an organisation, a role such as `landlord`.
    """

    unit: ClassVar[str] = "row"
    """What the number of a row counts: lines of a file, or rows."""
    takes: ClassVar[frozenset[str]] = frozenset()
    """Keys of a stream that only some kinds of source take, and this one does."""
    filled: ClassVar[Mapping[tuple[str, ...], str]] = {}
    """Where `${NAME}` may stand, and what stands there instead in a source that is not pulled."""
    reached: ClassVar[frozenset[str]] = frozenset()
    """Keys of this kind that say how its source is reached; they change no record."""

    name: Name
    kind: str
    zone: Annotated[str, Field(pattern=shapes.ZONE)] = "+08:00"
    collected_for: Purpose = Field(alias="collectedFor")
    asserted_by: Annotated[str, Field(min_length=1, max_length=128)] | None = Field(default=None, alias="assertedBy")
    trust: int = Field(ge=1, le=99)
    after: tuple[Name, ...] = ()
    limits: Limits = Limits()
    records: tuple[Stream, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _streams_fit(self) -> Source:
        names = [each.name for each in self.records]
        for index, each in enumerate(self.records):
            if each.name in names[:index]:
                raise FaultAt("two have the same name; rename one", "records", index, "name")
            for key in ("event", "table", "sheets"):
                if getattr(each, key) is not None and key not in self.takes:
                    raise FaultAt(f"`{key}` is not for a {self.kind} source", "records", index, key)
        return self

    @property
    def tzinfo(self) -> dt.timezone:
        """The zone of times that have none."""
        hours, minutes = self.zone[1:].split(":")
        offset = dt.timedelta(hours=int(hours), minutes=int(minutes))
        return dt.timezone(-offset if self.zone[0] == "-" else offset)

    def digest(self, stream: Stream) -> str:
        """A digest of all that decides how the stream is read and written; addresses and secrets are not part of it."""
        apart = {"name", "asserted_by", "where", "after", "limits", "schedule", "drift", "records", *self.reached}
        said = stream.model_dump_json(exclude={"event"})
        content = f"{said}|{self.model_dump_json(exclude=apart)}|{normal_forms.VERSION}"
        return hashlib.sha256(content.encode()).hexdigest()[:32]


class PulledSource(Source):
    """A source that is read: where it is, and when it is due."""

    filled: ClassVar[Mapping[tuple[str, ...], str]] = {("where",): ADDRESS_NOT_NEEDED}

    where: str = Field(min_length=1)
    schedule: Schedule | None = None
    drift: Drift = Drift()

    def reader(self, stream: Stream) -> Reader:
        """Reads one stream of this source."""
        raise NotImplementedError
