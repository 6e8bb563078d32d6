"""The kinds of source, by the name that stands under `kind` in a source's file.

A kind is one file of `connectors/readers/`, with its keys and its reader (a pushed one has none), and one line here.
"""

from __future__ import annotations

from collections.abc import Mapping

from connectors.readers.csv_files import CsvSource
from connectors.readers.database import TableSource
from connectors.readers.excel import ExcelSource
from connectors.readers.geojson import GeoJsonSource
from connectors.readers.json_lines import JsonLinesSource
from connectors.readers.pushed import PushSource
from connectors.readers.rest import RestSource
from connectors.source_model import Source

KINDS: Mapping[str, type[Source]] = {
    "csv": CsvSource,
    "excel": ExcelSource,
    "jsonl": JsonLinesSource,
    "geojson": GeoJsonSource,
    "sql": TableSource,
    "rest": RestSource,
    "push": PushSource,
}
"""By name."""
