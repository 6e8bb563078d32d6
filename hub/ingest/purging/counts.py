"""What went in a purge, counted: by source, type, edge and property. Names and numbers, and no value.

The counts stand in the graph and move in the transaction of each batch, so that they are exact however often the purge
was killed.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

_TABLES: Final = ("sources", "nodes", "tombstones", "edges", "properties", "kept")


@dataclass(frozen=True, slots=True)
class Counts:
    """Tables of counts by name.

    `sources`: by source, of its records, vanished records, rows in quarantine, cursors and delivered events. `nodes`,
    `tombstones` among them, `edges` and `properties` (`Person.phone`) are what is gone; `kept` are the nodes that other
    sources describe and that stay, once for each batch that met them.
    """

    sources: dict[str, dict[str, int]] = field(default_factory=dict)
    nodes: dict[str, int] = field(default_factory=dict)
    tombstones: dict[str, int] = field(default_factory=dict)
    edges: dict[str, int] = field(default_factory=dict)
    properties: dict[str, int] = field(default_factory=dict)
    kept: dict[str, int] = field(default_factory=dict)

    @classmethod
    def read(cls, text: str | None) -> Counts:
        """The counts that `as_text` made; none of nothing."""
        return cls(**json.loads(text)) if text else cls()

    def as_text(self) -> str:
        """The counts as they stand in the graph."""
        return json.dumps(self.as_json())

    def as_json(self) -> dict[str, Any]:
        """The tables, each in the order of names."""
        return {name: dict(sorted(getattr(self, name).items())) for name in _TABLES}

    def of_source(self, source: str, what: str, number: int) -> None:
        """So many of something went from a source."""
        if number:
            add(self.sources.setdefault(source, {}), what, number)

    def edges_gone(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """These edges went, as the statements count them."""
        for row in rows:
            add(self.edges, row["type"], row["edges"])

    @property
    def records(self) -> int:
        """All records that went, vanished ones too."""
        return sum(each.get("records", 0) + each.get("vanished", 0) for each in self.sources.values())


def add(table: dict[str, int], name: str, number: int) -> None:
    """Add to a count; a table says nothing of what did not go."""
    if number:
        table[name] = table.get(name, 0) + number
