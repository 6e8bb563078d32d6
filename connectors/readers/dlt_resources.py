"""Opens files, tables and REST clients with dlt.

dlt only extracts here: no pipeline, load, state or telemetry, and nothing stays on the disk. Its logger is silenced,
because it repeats addresses and statements. It is imported late, because that takes a second.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from connectors.base import ConnectorError


def silence_dlt() -> None:
    """Switch off dlt's telemetry and log; called before dlt is first imported."""
    os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"
    logger = logging.getLogger("dlt")
    logger.setLevel(logging.CRITICAL + 1)
    logger.propagate = False


def _no_file(path: Path) -> str:
    return f"{path} does not exist or cannot be read; correct `where:` of the source, or give --data"


@contextmanager
def open_file(name: str, path: Path) -> Iterator[IO[bytes]]:
    """Open one file to read its bytes; ConnectorError if there is none."""
    silence_dlt()
    from dlt.sources.filesystem import filesystem

    if not path.is_file():
        raise ConnectorError(name, _no_file(path))
    folder = path.absolute().parent
    found = [each for each in filesystem(bucket_url=folder.as_uri(), file_glob=_literal(path.name))]
    if len(found) != 1:
        raise ConnectorError(name, _no_file(path))
    with found[0].open(mode="rb") as file:
        yield file


def _literal(name: str) -> str:
    return "".join(f"[{each}]" if each in "*?[" else each for each in name)


def table_rows(
    engine: Any, table: str, columns: tuple[str, ...], adapter: Callable[[Any, Any], Any], chunk: int
) -> Iterator[dict[str, Any]]:
    """The rows of one table, by the query that `adapter` makes from dlt's query and the table."""
    silence_dlt()
    from dlt.sources.sql_database import sql_table

    schema, _, bare = table.rpartition(".")
    yield from sql_table(
        credentials=engine,
        table=bare,
        schema=schema or None,
        chunk_size=chunk,
        backend="sqlalchemy",
        reflection_level="minimal",
        included_columns=list(columns),
        query_adapter_callback=adapter,
    )


def rest_client(base_url: str, session: Any, headers: dict[str, str]) -> Any:
    """dlt's REST client, which sends by `session`."""
    silence_dlt()
    from dlt.sources.helpers.rest_client.client import RESTClient

    return RESTClient(base_url=base_url, headers=headers, session=session)
