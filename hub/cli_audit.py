"""What these commands print is what the log holds, with nothing added that it does not say."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hub.cli_words import Home, Json, Refused, open_settings, remedied

if TYPE_CHECKING:
    from audit.log import Logged

app = typer.Typer(help="The audit log: tail, show, verify (審計).", no_args_is_help=True)


@app.command(epilog="Example: sluicegate audit tail -n 5 --json")
def tail(
    count: Annotated[int, typer.Option("-n", help="How many records.", min=1)] = 20,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Show the newest records, newest last."""
    with remedied():
        from audit import log

        found = log.tail(_existing(home), count)
        if as_json:
            for each in found:
                typer.echo(json.dumps(_plain(each), ensure_ascii=False))
        else:
            _show_table(found)


@app.command(epilog="Example: sluicegate audit show 12")
def show(index: Annotated[int, typer.Argument(min=0)], home: Home = None, as_json: Json = False) -> None:
    """Show one record whole, with the text of its operation."""
    with remedied():
        from audit import log

        try:
            found, text = log.show(_existing(home), index)
        except IndexError:
            raise Refused(f"the audit log has no record {index}") from None
        told = _plain(found) | {"operationText": text}
        typer.echo(json.dumps(told, ensure_ascii=False, indent=None if as_json else 2))


@app.command(epilog="Example: sluicegate audit verify")
def verify(home: Home = None, as_json: Json = False) -> None:
    """Recompute every leaf and root; exit code 1, with the first bad index, if anything was changed."""
    with remedied():
        from audit.verify import verify as check

        verdict = check(_existing(home))
    if as_json:
        names = ("ok", "size", "root", "first_bad", "why")
        typer.echo(json.dumps({name: getattr(verdict, name) for name in names}))
    elif verdict.ok:
        typer.echo(f"ok: {verdict.size} records, root {verdict.root}")
    else:
        place = "" if verdict.first_bad is None else f" at record {verdict.first_bad}"
        typer.echo(f"NOT OK{place}: {verdict.why}; the {verdict.size} records before it are sound", err=True)
    raise typer.Exit(0 if verdict.ok else 1)


def _existing(home: Path | None) -> Path:
    path = open_settings(home).audit_file
    if not path.exists():
        raise Refused(f"there is no audit log at {path}; the hub makes one when it starts")
    return path


def _plain(logged: Logged) -> dict[str, Any]:
    from audit.record import encode

    found: dict[str, Any] = json.loads(encode(logged.record))
    return {"index": logged.index, "leafHash": logged.leaf_hash, **found}


def _show_table(found: Iterable[Logged]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False)
    columns = ("index", "time", "application", "purpose", "result", "nodes", "masked", "denied", "ms")
    for name in columns:
        table.add_column(name, no_wrap=True)
    for each in found:
        record, decision = each.record, each.record.decision
        cells = (
            str(each.index),
            record.time,
            record.application or "-",
            record.purpose or "-",
            record.result,
            str(record.nodes),
            str(len(decision.masked)),
            str(len(decision.denied)),
            f"{record.duration_us / 1000:.1f}",
        )
        # As text, never as markup: a record's words are data. Encoded, so that no control character acts.
        table.add_row(*(Text(ascii_visible(cell)) for cell in cells))
    Console(width=140, highlight=False).print(table)


def ascii_visible(text: str) -> str:
    """`text` with every character that a terminal might act on written as an escape."""
    return "".join(each if each.isprintable() else f"\\u{ord(each):04x}" for each in text)
