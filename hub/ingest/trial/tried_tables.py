"""Shows what a pull would make of the first rows of a source: as tables for people, as JSON for programs.

Only what `masked_cells.py` lets through is shown, and no character of it controls the terminal.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from rich.box import SIMPLE
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from connectors.drafts.counted import counted, rows_of
from hub.ingest.trial.dry_run import Tried
from hub.ingest.trial.masked_cells import CLEAR, MaskedCell
from hub.ingest.trial.remedies import remedy_of
from hub.ingest.trial.trials import Unreadable
from hub.terminal import escape_unprintable

MAX_SHOWN = 40
"""Longest value in a table, in characters."""


def tried_group(tried: Tried) -> Group:
    """One stream: its rows field by field, and below them what would be refused and what else there is to say."""
    parts: list[RenderableType] = [_rows_table(tried)] if tried.rows else []
    return Group(*parts, *(Text(escape_unprintable(line)) for line in summary_lines(tried)))


def _rows_table(tried: Tried) -> Table:
    title = f"{tried.source}/{tried.stream} → {tried.entity}: not written, masked where personal 试读"
    table = Table(title=title, box=SIMPLE, title_justify="left")
    table.add_column("field 字段", no_wrap=True)
    table.add_column("shown by 脱敏", no_wrap=True)
    for row in tried.rows:
        table.add_column(escape_unprintable(row.row), overflow="fold")
    for name in tried.rows[0].cells:
        cells = [row.cells.get(name) for row in tried.rows]
        rungs = dict.fromkeys(each.rung for each in cells if each is not None and each.shown is not None)
        table.add_row(name, ", ".join(rungs) or CLEAR, *(Text(_shown(each)) for each in cells))
    return table


def _shown(cell: MaskedCell | None) -> str:
    if cell is None or cell.shown is None:
        return "–"
    text = escape_unprintable(_plain(cell.shown))
    return text if len(text) <= MAX_SHOWN else f"{text[: MAX_SHOWN - 1]}…"


def _plain(value: Any) -> str:
    return value.isoformat() if isinstance(value, dt.date | dt.datetime) else str(value)


def summary_lines(tried: Tried) -> Iterator[str]:
    """How many rows were read, what of them would be refused and why, and what else was found."""
    name = f"{tried.source}/{tried.stream}"
    yield f"{name}: {rows_of(tried.read, tried.whole)} read, {tried.refused:,} would be refused; nothing was written"
    for why in tried.refusals:
        yield f"{name}: {why.rows:,} by {why.field} {why.rule}: {why.reason}; first: {why.first}"
    for note in tried.notes:
        yield f"{name}: {note.in_words}"
    if tried.stops is not None:
        yield f"{name}: a pull would stop here: {tried.stops}"


def unreadable_lines(failed: Unreadable) -> Iterator[str]:
    """What keeps a stream from being read, and what to do."""
    name = f"{failed.source}/{failed.stream}"
    yield f"{name}: {failed.error.problem}"
    remedy = remedy_of(failed.error)
    if remedy is not None:
        yield f"{name}: {remedy}"


def answer_lines(tried: Tried) -> Iterator[str]:
    """That a stream can be read, and what its first page would become."""
    name = f"{tried.source}/{tried.stream}"
    columns = f", {counted(len(tried.columns), 'column', 'columns')}" if tried.columns else ""
    rows = counted(tried.read, "row", "rows")
    yield f"{name}: ok, {rows} of its first page read{columns}; {tried.refused:,} would be refused"
    yield from list(summary_lines(tried))[1:]


def tried_json(every: Sequence[Tried | Unreadable]) -> list[dict[str, Any]]:
    """The same for programs."""
    return [_unreadable_json(each) if isinstance(each, Unreadable) else _tried_json(each) for each in every]


def _unreadable_json(failed: Unreadable) -> dict[str, Any]:
    told = {"source": failed.source, "stream": failed.stream, "problem": failed.error.problem}
    return {**told, "remedy": remedy_of(failed.error)}


def _tried_json(tried: Tried) -> dict[str, Any]:
    rows = [
        {"row": row.row, "cells": {name: _cell_json(cell) for name, cell in row.cells.items()}} for row in tried.rows
    ]
    return {**asdict(tried), "rows": rows}


def _cell_json(cell: MaskedCell) -> dict[str, Any]:
    value = cell.shown
    return {"value": value if isinstance(value, int | float | str | None) else _plain(value), "shownBy": cell.rung}
