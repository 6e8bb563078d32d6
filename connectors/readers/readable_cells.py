"""Makes a database driver give every cell that the database holds, instead of failing at one that it cannot convert.

A text that is not UTF-8 comes as `Unreadable`. Days and times of PostgreSQL come as text, because Python has no value
for `infinity`, 24:00 and years beyond 9999; the transforms read them, or refuse the row.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa


class Unreadable:
    """Stands for a text that is not in the encoding of its database; it keeps nothing of it."""

    def __repr__(self) -> str:
        return "unreadable"


UNREADABLE = Unreadable()


def readable(engine: sa.Engine) -> sa.Engine:
    """The engine, with every new connection giving what it can."""
    if engine.dialect.name == "sqlite":
        sa.event.listen(engine, "connect", _sqlite)
    elif engine.driver == "psycopg":
        sa.event.listen(engine, "connect", _psycopg)
    return engine


def _sqlite(connection: Any, _record: Any) -> None:
    connection.text_factory = _text


def _text(content: bytes) -> str | Unreadable:
    try:
        return content.decode()
    except UnicodeDecodeError:
        return UNREADABLE


def _psycopg(connection: Any, _record: Any) -> None:
    from psycopg.types.string import TextLoader

    for name in ("date", "time", "timetz", "timestamp", "timestamptz", "interval"):
        connection.adapters.register_loader(name, TextLoader)
