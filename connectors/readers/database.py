"""Reads one table of a SQL source.

Rows come by their updated column, then by key, in one statement; where that is a column of times, the cursor may
follow each batch and skips nothing. A cell that the database holds and no program can read costs its row. Errors of the
database are reported by class only, because their texts quote statements and values. SQLAlchemy builds the statement,
dlt's `sql_table` runs it.
"""

from __future__ import annotations

import datetime as dt
import os
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar, Literal
from urllib.parse import quote, urlsplit

import sqlalchemy as sa
from pydantic import model_validator

from connectors.base import Broken, ConnectorError, Header, Item, Row, Since
from connectors.readers.dlt_resources import table_rows
from connectors.readers.incremental_query import from_moment, keeps_times
from connectors.readers.readable_cells import Unreadable, readable
from connectors.secret_names import NOT_NEEDED, SecretName, read_secret
from connectors.source_model import FaultAt, PulledSource, Stream

CHUNK = 2_000
MAX_TABLES = 20
"""How many tables an error names."""
_NOT_LET_IN = re.compile("password authentication failed|no password supplied|Access denied for user")
"""What servers say of a wrong user or password; one that speaks another language is told as one that failed."""


class TableSource(PulledSource):
    """A database, as its YAML file declares it: a SQLite file or an address; each stream is one table."""

    takes: ClassVar[frozenset[str]] = frozenset({"table"})
    filled: ClassVar[Mapping[tuple[str, ...], str]] = {**PulledSource.filled, ("password",): NOT_NEEDED}
    reached: ClassVar[frozenset[str]] = frozenset({"password"})

    kind: Literal["sql"]
    password: SecretName | None = None

    @model_validator(mode="after")
    def _says_where(self) -> TableSource:
        if "://" in self.where and urlsplit(self.where).password:
            raise FaultAt("an address must not hold a password; use `password`", "where")
        for index, each in enumerate(self.records):
            if each.table is None:
                raise FaultAt("an sql source needs `table`", "records", index, "table")
        return self

    def reader(self, stream: Stream) -> TableReader:
        """Reads the table of one stream."""
        return TableReader(self, stream)


class TableReader:
    """Reads one table of a SQL source."""

    def __init__(self, source: TableSource, stream: Stream) -> None:
        self._source, self._stream = source, stream
        self._name = f"{source.name}/{stream.name}"
        # A text of another form may stand before an earlier one: only a column of times brings rows in their order.
        self.ordered = False
        self.full = not stream.cursor

    def read(self, since: Since) -> Iterator[Item]:
        """Rows at or after `since.moment`, then the waiting ones; raises ConnectorError."""
        engine = self._engine()
        number = 0
        try:
            yield self._check_columns(engine)
            for where in self._queries(since):
                for values in table_rows(engine, self._table, self._stream.columns, where, CHUNK):
                    number += 1
                    yield self._row(number, values)
        except (sa.exc.SQLAlchemyError, ValueError, OverflowError, ArithmeticError) as error:
            raise ConnectorError(self._name, _what_failed(error), terminal=False) from None
        finally:
            engine.dispose()

    def _row(self, number: int, values: dict[str, Any]) -> Row | Broken:
        wrong = next((name for name, cell in values.items() if isinstance(cell, Unreadable)), None)
        if wrong is None:
            return Row(number, values)
        cells = [values.get(each) for each in self._stream.key]
        readable = all(each is not None and not isinstance(each, Unreadable) for each in cells)
        key = tuple(str(each) for each in cells) if readable else None
        return Broken(number, wrong, "not-decodable", "the text holds bytes that are not UTF-8", key, values)

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
                self._after(query, table, None).where(_is_one_of(table.c[self._stream.key[0]], some)), table
            )

    def _after(self, query: Any, table: Any, moment: dt.datetime | None) -> Any:
        query = query.with_only_columns(*(self._raw(table.c[each]) for each in self._stream.columns))
        if moment is None or self._stream.updated is None:
            return query
        column = table.c[self._stream.updated.column]
        return query.where(from_moment(self._source, self._stream, column, moment, typed=not self._is_sqlite))

    def _raw(self, column: Any) -> Any:
        """A column as the driver gives it. SQLite keeps anything in any column, whatever type was declared."""
        return sa.type_coerce(column, sa.types.NullType()).label(column.name) if self._is_sqlite else column

    def _ordered(self, query: Any, table: Any) -> Any:
        names = [*([self._stream.updated.column] if self._stream.updated else []), *self._stream.key]
        return query.order_by(*(table.c[each] for each in names))

    def columns(self) -> tuple[str, ...]:
        """The columns that the table has, whatever the stream reads of them; raises ConnectorError."""
        return self._inspected(lambda engine: tuple(self._types(engine)))

    def tables(self) -> tuple[str, ...]:
        """The tables that the database has; raises ConnectorError."""
        return self._inspected(lambda engine: _tables(sa.inspect(engine), None))

    def _inspected(self, look: Callable[[sa.Engine], tuple[str, ...]]) -> tuple[str, ...]:
        engine = self._engine()
        try:
            return look(engine)
        except (sa.exc.SQLAlchemyError, ValueError) as error:
            raise ConnectorError(self._name, _what_failed(error), terminal=False) from None
        finally:
            engine.dispose()

    def _types(self, engine: sa.Engine) -> dict[str, Any]:
        """The columns of the table with their types; ConnectorError if there is no such table."""
        schema, _, bare = self._table.rpartition(".")
        inspector = sa.inspect(engine)
        if not inspector.has_table(bare, schema or None):
            tables = _tables(inspector, schema or None)
            more = ", …" if len(tables) > MAX_TABLES else ""
            has = f"{', '.join(tables[:MAX_TABLES])}{more}" if tables else "no table that this account may see"
            raise ConnectorError(self._name, f"there is no table {self._table}; it has {has}")
        return {each["name"]: each["type"] for each in inspector.get_columns(bare, schema or None)}

    def _check_columns(self, engine: sa.Engine) -> Header:
        types = self._types(engine)
        known = list(types)
        missing = [each for each in self._stream.columns if each not in known]
        if missing:
            has = ", ".join(known)
            raise ConnectorError(self._name, f"table {self._table} lacks {', '.join(missing)}; it has {has}")
        updated = self._stream.updated
        if self._stream.cursor and updated is not None and not self._is_sqlite:
            self.ordered = keeps_times(types[updated.column])
        return Header(tuple(known))

    @property
    def _is_sqlite(self) -> bool:
        return "://" not in self._source.where or self._source.where.startswith("sqlite")

    def _engine(self) -> sa.Engine:
        where = self._source.where
        if "://" not in where:
            path = Path(where).absolute()
            if not path.is_file():
                raise ConnectorError(
                    self._name,
                    f"there is no database file {path}; correct `where:` of the source, or name the data folder with"
                    " --data",
                )
            # SQLite itself opens it read-only: a connector changes nothing at its source, and makes no empty file.
            url = sa.URL.create(
                "sqlite", database=f"file:{quote(os.fsencode(path))}", query={"mode": "ro", "uri": "true"}
            )
            return readable(sa.create_engine(url, hide_parameters=True))
        try:
            url = sa.make_url(where)
            if self._source.password:
                secret = read_secret(self._name, self._source.password, os.environ)
                url = url.set(password=secret.get_secret_value())
            return readable(sa.create_engine(url, hide_parameters=True))
        except (sa.exc.ArgumentError, ImportError):
            raise ConnectorError(self._name, "the database's address or driver is not usable") from None


def _tables(inspector: Any, schema: str | None) -> tuple[str, ...]:
    return (*sorted(inspector.get_table_names(schema)), *sorted(inspector.get_view_names(schema)))


def _is_one_of(column: Any, numbers: list[str]) -> Any:
    if isinstance(column.type, sa.String):
        return column.in_(numbers)
    if isinstance(column.type, sa.Integer):
        return column.in_([int(each) for each in numbers if _WHOLE.match(each)])
    return sa.cast(column, sa.String).in_(numbers)


_WHOLE = re.compile(r"-?\d{1,18}\Z", re.ASCII)


def _what_failed(error: Exception) -> str:
    """The class of a failure of the database, and whether it let nobody in; nothing of its text is quoted."""
    refused = ": it refuses the user or the password" if _NOT_LET_IN.search(str(error)) else ""
    return f"the database failed ({type(error).__name__}){refused}"
