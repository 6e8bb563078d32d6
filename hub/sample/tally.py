"""Counts of the rows of a sample, taken where each row is written.

They become `summary.json` (docs/sample-county.md, section 13); tests compare the counts of a pull with them.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

Progress = Callable[[str, int, int], None]
"""Called during long work with what is being written, how many rows are done, and how many there will be."""


@dataclass(frozen=True, slots=True)
class SourceCount:
    """Rows of one table: good ones, and dirty ones by reason."""

    good: int
    dirty: Mapping[str, int] = field(default_factory=dict)

    @property
    def rows(self) -> int:
        """All rows, dirty ones included."""
        return self.good + sum(self.dirty.values())


class Tally:
    """Counts by table, by reason and by fact, while the sample is written."""

    def __init__(self) -> None:
        self._good: Counter[str] = Counter()
        self._dirty: dict[str, Counter[str]] = {}
        self.facts: Counter[str] = Counter()
        self.odd: Counter[tuple[str, str]] = Counter()
        """Rows, by table and reason, in which something is odd that does not make them dirty."""

    def good(self, table: str, rows: int = 1) -> None:
        """Count good rows of a table."""
        self._good[table] += rows

    def dirty(self, table: str, reason: str) -> None:
        """Count one dirty row of a table."""
        self._dirty.setdefault(table, Counter())[reason] += 1

    def counts(self) -> dict[str, SourceCount]:
        """The counts so far, by table."""
        return {table: SourceCount(good, dict(self._dirty.get(table, {}))) for table, good in self._good.items()}


def dirty_rows(people: int) -> int:
    """How often each reason for a dirty row occurs."""
    return max(1, people // 1000)


def time_of(seconds: int) -> str:
    """Clock time `HH:MM:SS` of a number of seconds within a day."""
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
