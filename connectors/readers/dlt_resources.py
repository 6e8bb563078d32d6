"""Reads the rows of tables with dlt.

dlt only extracts here: no pipeline, load, state or telemetry, and nothing stays on the disk. Its logger is silenced,
because it repeats addresses and statements. It is imported late, because that takes a second.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator
from typing import Any


def silence_dlt() -> None:
    """Switch off dlt's telemetry and log; called before dlt is first imported."""
    os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"
    logger = logging.getLogger("dlt")
    logger.setLevel(logging.CRITICAL + 1)
    logger.propagate = False


def table_rows(
    engine: Any, table: str, columns: tuple[str, ...], adapter: Callable[[Any, Any], Any], chunk: int
) -> Iterator[dict[str, Any]]:
    """The rows of one table, by the query that `adapter` makes from dlt's query and the table."""
    silence_dlt()
    from dlt.extract.exceptions import ResourceExtractionError
    from dlt.sources.sql_database import sql_table

    schema, _, bare = table.rpartition(".")
    rows = sql_table(
        credentials=engine,
        table=bare,
        schema=schema or None,
        chunk_size=chunk,
        backend="sqlalchemy",
        reflection_level="minimal",
        included_columns=list(columns),
        query_adapter_callback=adapter,
    )
    try:
        yield from rows
    except ResourceExtractionError as wrapped:
        # Its text repeats the statement; what the database said is its cause.
        raise (wrapped.__cause__ or wrapped) from None
