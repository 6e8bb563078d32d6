"""What came of one source, or one purge, that was due."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from connectors.results import PullResult


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one source that was due: `result` is OK, FAILED or SKIPPED, and `problem` says why.

    Of a purge `source` is the purpose and `result` is DUE, PURGED or SKIPPED; `problem` says what to do, or what was
    done.
    """

    source: str
    result: str
    problem: str | None
    streams: Sequence[PullResult]

    def as_json(self) -> dict[str, Any]:
        """The outcome for programs."""
        return asdict(self)
