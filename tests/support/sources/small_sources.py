"""Sources of a few rows, written by a test and pulled into the real graph."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from connectors.results import PullResult
from hub.graph.local import GraphAddress
from hub.home.settings import Settings
from hub.ingest.pull import run_pull
from tests.support.pulling import silent

UNITS = {
    "name": "events", "entity": "Event", "key": "k", "identity": "number",
    "fields": {"number": {"column": "k", "as": "code"}, "address": "a", "reporterName": "n", "reporterPhone": "p"},
}  # fmt: skip
"""A stream of events: number, address, and the name and telephone of who reported it."""


class SmallSource:
    """One source in a folder of its own: its declaration, and pulls of it."""

    def __init__(self, folder: Path, graph: GraphAddress, **declaration: Any) -> None:
        self.folder, self._graph = folder, graph
        self._settings = Settings.load(home=folder / "home")
        self.declare(**declaration)

    @property
    def settings(self) -> Settings:
        """The settings of the home that pulls."""
        return self._settings

    def declare(self, stream: dict[str, Any] | None = None, **more: Any) -> None:
        """Write the declaration; JSON is YAML."""
        block = {
            "name": "small", "kind": "csv", "where": str(self.folder / "data.csv"), "collectedFor": "event",
            "trust": 1, "records": [{**UNITS, **(stream or {})}], **more,
        }  # fmt: skip
        sources = self.folder / "sources"
        sources.mkdir(exist_ok=True)
        (sources / "small.yaml").write_text(json.dumps(block, ensure_ascii=False), "utf-8")

    def write(self, rows: Sequence[Sequence[str]], header: str = "k,a,n,p") -> None:
        """Write the rows of the CSV file."""
        text = "\n".join([header, *(",".join(row) for row in rows)]) + "\n"
        (self.folder / "data.csv").write_text(text, "utf-8")

    def pull(self, **more: Any) -> PullResult:
        """Pull it, and return what the stream did."""
        (result,) = run_pull(
            self._settings, self.folder / "sources", [], self.folder, {}, silent, address=self._graph, **more
        )
        return result
