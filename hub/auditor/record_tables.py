"""Audit records as JSON, as one line, and as a table.

Texts of a record are data: every character that a terminal might act on is written as an escape.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable
from typing import Any

from rich.table import Table
from rich.text import Text

from audit.log import Logged
from audit.record import Record, encode
from audit.search import FLOOD
from hub.home.zone import show_time
from hub.terminal import escape_unprintable
from policies.operations.registered import PREFIX

COLUMNS = ("index", "time", "what", "application", "purpose", "result", "nodes", "masked", "denied", "ms")


def record_json(logged: Logged) -> dict[str, Any]:
    """A record with its index and leaf hash, as its canonical bytes hold it."""
    return {"index": logged.index, "leafHash": logged.leaf_hash, **json.loads(encode(logged.record))}


def record_line(logged: Logged, zone: dt.tzinfo) -> str:
    """A record in one line: when, what, who asked for which purpose, and the result; times are those of `zone`."""
    record = logged.record
    time, nodes = show_time(record.time, zone), f"{record.nodes} nodes"
    cells = (time, act_of(record), record.application, record.purpose, _result(record), nodes)
    return escape_unprintable(f"{logged.index:>9}  " + "  ".join(cell or "-" for cell in cells))


def records_table(records: Iterable[Logged], zone: dt.tzinfo) -> Table:
    """One row for each record, in the order given; times are those of `zone`."""
    table = Table(box=None, pad_edge=False)
    for name in COLUMNS:
        table.add_column(name, no_wrap=True)
    for logged in records:
        record, decision = logged.record, logged.record.decision
        cells = (
            str(logged.index),
            show_time(record.time, zone),
            act_of(record),
            record.application or "-",
            record.purpose or "-",
            _result(record),
            str(record.nodes),
            str(len(decision.masked)),
            str(len(decision.denied)),
            f"{record.duration_us / 1000:.1f}",
        )
        # As text, never as markup.
        table.add_row(*(Text(escape_unprintable(cell)) for cell in cells))
    return table


def act_of(record: Record) -> str:
    """The act of the staff, such as `policy draft`; for requests of applications the kind of record."""
    name = record.operation_name
    return record.kind if name is None or name.startswith(("#", PREFIX)) else name


def _result(record: Record) -> str:
    """How it ended; for a flood with how many refusals it stands for."""
    return f"{record.result} ×{record.variables.get('count', '?')}" if record.kind == FLOOD else record.result
