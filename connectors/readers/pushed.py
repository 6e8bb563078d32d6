"""A source whose system pushes its records as events to a hub (`hub/push/`).

It has no reader, and a pull passes it over. What a row of one event cannot say alone refuses the file.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from connectors.source_model import FaultAt, Source, Stream


class PushSource(Source):
    """A system that pushes, as its YAML file declares it; each stream is one type of event.

    `accepts` are the applications that may deliver.
    """

    unit: ClassVar[str] = "event"
    takes: ClassVar[frozenset[str]] = frozenset({"event"})
    reached: ClassVar[frozenset[str]] = frozenset({"accepts"})

    kind: Literal["push"]
    accepts: tuple[Annotated[str, Field(min_length=1)], ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _fits_events(self) -> PushSource:
        types: set[str] = set()
        for index, each in enumerate(self.records):
            for key, problem in _faults(each):
                raise FaultAt(problem, "records", index, key)
            if each.event in types:
                problem = "another kind of record takes the same events; each type goes to one"
                raise FaultAt(problem, "records", index, "event")
            types.add(each.event or "")
        return self


def _faults(stream: Stream) -> Iterator[tuple[str, str]]:
    """A pushed record comes alone, once and in any order: its time and its identity have to stand in it."""
    yield from (
        (key, "not for a push source")
        for key, given in (("cursor", stream.cursor), ("full", stream.full), ("successor", stream.successor))
        if given
    )
    yield from (
        (key, f"a push source needs `{key}`")
        for key, given in (("event", stream.event), ("updated", stream.updated))
        if given is None
    )
    if stream.identity in stream.fields and not stream.key_is_identity:
        yield "key", "of a push source, the key must be the column of the identity"
