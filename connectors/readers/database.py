"""Reads one table of a SQL source.

Rows come by their updated column, then by key, in one statement, so that the cursor may follow each batch and skips
nothing: rows with the cursor's own time are read again, rows without a time always. Errors of the database are reported
by class only, because their texts quote statements and values. SQLAlchemy builds the statement, dlt's `sql_table` runs
it.
"""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import sqlalchemy as sa

from connectors.base import Broken, ConnectorError, Row, Since
from connectors.manifest import Source, Stream, read_secret
from connectors.readers.dlt_resources import table_rows

CHUNK = 2_000


class TableReader:
    """Reads one table of a SQL source."""

    def __init__(self, source: Source, stream: Stream) -> None:
        self._source, self._stream = source, stream
        self._name = f"{source.name}/{stream.name}"
        self.ordered = stream.cursor
        self.full = not stream.cursor

    def read(self, since: Since) -> Iterator[Row | Broken]:
        """Rows at or after `since.moment`, then the waiting ones; raises ConnectorError."""
        engine = self._engine()
        number = 0
        try:
            self._check_columns(engine)
            for where in self._queries(since):
                for values in table_rows(engine, self._table, self._stream.columns, where, CHUNK):
                    number += 1
                    yield Row(number, values)
        except sa.exc.SQLAlchemyError as error:
            raise ConnectorError(self._name, f"the database failed ({type(error).__name__})", terminal=False) from None
        finally:
            engine.dispose()

    @property
    def _table(self) -> str:
        return self._stream.table or ""

    def _queries(self, since: Since) -> Iterator[Any]:
        numbers = [each for each in since.waiting if not each.startswith("~")]
        alone = len(self._stream.key) == 1 and len(numbers) == len(since.waiting)
        # A record whose number is kept as a digest cannot be asked for: the read starts earlier instead.
        moment = since.moment if alone else since.earliest()
        if not self._stream.cursor:
            moment = None
        yield lambda query, table: self._ordered(self._after(query, table, moment), table)
        if moment is None or not alone:
            return
        for start in range(0, len(numbers), CHUNK):
            yield lambda query, table, some=numbers[start : start + CHUNK]: self._ordered(
                query.where(_is_one_of(table.c[self._stream.key[0]], some)), table
            )

    def _after(self, query: Any, table: Any, moment: dt.datetime | None) -> Any:
        if moment is None or self._stream.updated is None:
            return query
        column = table.c[self._stream.updated.column]
        local = moment.astimezone(self._source.tzinfo)
        form = self._stream.updated.format
        start: Any = local if isinstance(column.type, sa.DateTime) else None
        if start is None:
            start = local.strftime(form) if form else local.isoformat()
        elif not getattr(column.type, "timezone", False):
            start = local.replace(tzinfo=None)
        return query.where(sa.or_(column >= start, column.is_(None)))

    def _ordered(self, query: Any, table: Any) -> Any:
        names = [*([self._stream.updated.column] if self._stream.updated else []), *self._stream.key]
        return query.order_by(*(table.c[each] for each in names))

    def _check_columns(self, engine: sa.Engine) -> None:
        schema, _, bare = self._table.rpartition(".")
        inspector = sa.inspect(engine)
        if not inspector.has_table(bare, schema or None):
            raise ConnectorError(self._name, f"there is no table {self._table}")
        known = {each["name"] for each in inspector.get_columns(bare, schema or None)}
        missing = [each for each in self._stream.columns if each not in known]
        if missing:
            raise ConnectorError(self._name, f"table {self._table} lacks {', '.join(missing)}")

    def _engine(self) -> sa.Engine:
        where = self._source.where
        if "://" not in where:
            path = Path(where).absolute()
            if not path.is_file():
                raise ConnectorError(self._name, "the database file does not exist")
            # SQLite itself opens it read-only: a connector changes nothing at its source, and makes no empty file.
            url = sa.URL.create(
                "sqlite", database=f"file:{quote(path.as_posix())}", query={"mode": "ro", "uri": "true"}
            )
            return sa.create_engine(url, hide_parameters=True)
        try:
            url = sa.make_url(where)
            if self._source.password:
                secret = read_secret(self._name, self._source.password, os.environ)
                url = url.set(password=secret.get_secret_value())
            return sa.create_engine(url, hide_parameters=True)
        except (sa.exc.ArgumentError, ImportError):
            raise ConnectorError(self._name, "the database's address or driver is not usable") from None


def _is_one_of(column: Any, numbers: list[str]) -> Any:
    whole = isinstance(column.type, sa.Integer)
    return column.in_([int(each) for each in numbers if each.isdigit()] if whole else numbers)
