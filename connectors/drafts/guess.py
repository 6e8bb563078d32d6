"""What a column of a sample is taken for, and what the sample is: frozen data, which the drafts are written from."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from dataclasses import dataclass

from connectors.drafts.columns import on_one_line, tolerated
from connectors.drafts.personal_kinds import PersonalKind
from schema.classification import Grade, Kind, Scalar

_LINES = re.compile(r"序号|行号|行次|^no\.?$|^#$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Guess:
    """What a column is taken for. `scalar` None: not guessed, and then `why` says what was seen.

    `values` are the words of an enum with the catalogue's own; `misfits` is how many cells the transform would refuse.
    """

    column: str
    field: str
    named: bool
    scalar: Scalar | None
    kind: Kind | None = None
    grade: Grade = Grade.GENERAL_1
    transform: str = ""
    format: str | None = None
    values: Mapping[str, str] = dataclasses.field(default_factory=dict)
    personal: PersonalKind | None = None
    why: str = ""
    misfits: int = 0
    cells: int = 0
    blanks: int = 0
    repeats: int = 0

    @property
    def title(self) -> str:
        """The header of the column on one line."""
        return on_one_line(self.column)

    @property
    def unfit(self) -> str:
        """How many of its cells do not fit, in words; empty if all do."""
        if not self.misfits:
            return ""
        share = f"{self.misfits:,} of {self.cells:,} cells ({self.misfits / self.cells:.1%})"
        if self.misfits == 1:
            return f"{share} does not fit: its row would be refused"
        return f"{share} do not fit: their rows would be refused"

    @property
    def counts_lines(self) -> bool:
        """Whether it counts the lines of a sheet, by its header: another row may have its number in the next one."""
        return _LINES.search(self.title) is not None

    @property
    def may_number_records(self) -> bool:
        """Whether it can be the key but for values that stand twice: a plain code, and nothing personal, in nearly
        each row.
        """
        missing = self.misfits + self.blanks
        return self.transform == "code" and self.personal is None and missing <= tolerated(self.cells + self.blanks)

    @property
    def numbers_records(self) -> bool:
        """Whether it can be the key: it may number the records, and none of its values stands twice."""
        return self.may_number_records and not self.repeats and self.cells > self.misfits


@dataclass(frozen=True, slots=True)
class Drafted:
    """What a sample is taken for: a guess for each column, the one that numbers the records, and the one of changes."""

    guesses: tuple[Guess, ...]
    rows: int
    key: Guess | None
    updated: Guess | None
