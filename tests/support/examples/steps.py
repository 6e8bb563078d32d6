"""The `expect.yaml` of an example: the steps from its raw files to the log, in order, and what each must do.

    personal: [text]            # values of its people: no record and no file of the hub may hold one
    steps:
      - name: the registers are pulled
        pull: data              # the folder that ${DATA} stands for; `sources` names some, `variables` are for others
        streams: {base/people: {read: 30, inserted: 29, quarantined: 1}}
        waiting: [{stream: aid/aid, row: B-7, field: person, rule: target-not-found, whole: false}]
      - name: a landlord declares
        deliver: data/a.jsonl   # CloudEvents, one a line, delivered as one batch
        app: landlords
        source: landlords       # the push source
        statuses: [stored, refused]
      - name: a visitor asks
        ask: operations/visit.graphql
        app: visits
        purpose: welfare.aid
        data: {people: {edges: []}}
        record: {clear: [Person.name], denied: [], nodes: 3, subjects: 1}
      - name: another department may not
        ask: operations/visit.graphql
        app: patrol
        purpose: welfare.aid
        status: 403
        errors: [PURPOSE_DENIED]

An unknown key refuses the file. Lists of an answer are compared whatever their order.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Discriminator, Tag, model_validator


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Entry(_Strict):
    """One entry of quarantine: a refused row, or (`whole: false`) an edge that waits for its target.

    A row that may not be named, and has a digest that differs from home to home, is `~`.
    """

    stream: str
    row: str
    field: str
    rule: str
    whole: bool = True


class Named(_Strict):
    """A step, by the name under which it is told."""

    name: str

    def __str__(self) -> str:
        return self.name


class Pull(Named):
    """A pull of a folder's files; `streams` has counts of `PullResult`, `waiting` is all that is then in quarantine."""

    pull: str
    sources: tuple[str, ...] = ()
    variables: dict[str, str] = {}
    streams: dict[str, dict[str, int]]
    waiting: tuple[Entry, ...] = ()


class Deliver(Named):
    """A delivery of a file's events to a push source; `statuses` says what becomes of each."""

    deliver: str
    app: str
    source: str
    statuses: tuple[str, ...]


class Recorded(_Strict):
    """What the record of a question holds; what is not named is not compared."""

    clear: tuple[str, ...] | None = None
    masked: tuple[str, ...] | None = None
    aggregated: tuple[str, ...] | None = None
    matched: tuple[str, ...] | None = None
    denied: tuple[str, ...] | None = None
    nodes: int | None = None
    subjects: int | None = None


class Ask(Named):
    """A question over HTTP; `errors` are the codes of its answer, each once, and `statements` those the graph is sent.

    `hidden` texts stand nowhere in the answer. An answer without errors has one statement, unless it says otherwise.
    """

    ask: str
    app: str
    purpose: str | None
    person: str = "tester"
    case: str | None = None
    variables: dict[str, Any] = {}
    status: int = 200
    errors: tuple[str, ...] = ()
    data: dict[str, Any] | None = None
    hidden: tuple[str, ...] = ()
    statements: Literal[0, 1] | None = None
    record: Recorded = Recorded()

    @property
    def result(self) -> str:
        """The result of its record: a question that is answered in part is answered."""
        return "OK" if self.status == 200 else self.errors[0]

    @property
    def expected_statements(self) -> int:
        """How many statements the graph is sent."""
        return self.statements if self.statements is not None else int(self.status == 200)


def _kind(step: Any) -> str:
    return next((kind for kind in ("pull", "deliver", "ask") if kind in step), "ask")


Step = Annotated[
    Annotated[Pull, Tag("pull")] | Annotated[Deliver, Tag("deliver")] | Annotated[Ask, Tag("ask")],
    Discriminator(_kind),
]


class Expected(_Strict):
    """All of an `expect.yaml`."""

    personal: tuple[str, ...]
    steps: tuple[Step, ...]

    @model_validator(mode="after")
    def _names_differ(self) -> Self:
        names = [step.name for step in self.steps]
        if len(set(names)) < len(names):
            raise ValueError("two steps have one name; give each its own")
        return self


class Example:
    """The folder of an example, and what it is expected to do."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.expected = Expected.model_validate(yaml.safe_load((folder / "expect.yaml").read_text("utf-8")))

    @property
    def steps(self) -> tuple[Step, ...]:
        """Its steps, in order; each stands on those before it."""
        return self.expected.steps

    def path(self, name: str) -> Path:
        """One of its files or folders."""
        return self.folder / name
