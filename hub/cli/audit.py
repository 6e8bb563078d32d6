"""What these commands print is what the log holds, and whoever looked is in the log before it is printed."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hub.cli import audit_proofs as cli_audit_log
from hub.cli.audit_proofs import PublicKey
from hub.cli.options import Home, Json, Refused, open_settings, remedied
from hub.terminal import escape_unprintable

if TYPE_CHECKING:
    from audit.log import Logged
    from hub.home.settings import Settings

app = typer.Typer(help="The audit log: look, verify, prove, administer (审计).", no_args_is_help=True)
app.command("checkpoint", epilog="Example: sluicegate audit checkpoint >> witnessed.txt")(cli_audit_log.checkpoint)
app.command("prove", epilog="Example: sluicegate audit prove 12 --out 12.proof")(cli_audit_log.prove)
app.command("prepare", epilog="Example: sluicegate audit prepare --append hub < admin-url")(cli_audit_log.prepare)
app.command("accept-loss", epilog="Example: sluicegate audit accept-loss")(cli_audit_log.accept_loss)


@app.command(epilog="Example: sluicegate audit tail -n 5 --json")
def tail(
    count: Annotated[int, typer.Option("-n", help="How many records.", min=1)] = 20,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Show the newest records, newest last."""
    with remedied():
        from audit import log
        from hub.home.audit_log import existing_log

        settings = open_settings(home)
        found = log.tail(existing_log(settings), count)
        _looked(settings, "audit tail", {"count": str(count)})
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
        from hub.home.audit_log import existing_log

        settings = open_settings(home)
        try:
            found, text = log.show(existing_log(settings), index)
        except IndexError:
            raise Refused(f"the audit log has no record {index}") from None
        _looked(settings, "audit show", {"index": str(index)})
        told = _plain(found) | {"operationText": text}
        typer.echo(json.dumps(told, ensure_ascii=False, indent=None if as_json else 2))


@app.command(epilog="Example: sluicegate audit verify 12.proof --public-key county.pub")
def verify(
    what: Annotated[Path | None, typer.Argument(help="A proof file, or the folder of an export; else the log.")] = None,
    public_key: PublicKey = None,
    head: Annotated[Path | None, typer.Option(help="A checkpoint kept elsewhere (default: the recorded head).")] = None,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Recompute every leaf, root and checkpoint; exit code 1, with the first bad index, if anything was changed.

    A proof file or an export is checked with nothing but the public key.
    """
    if what is not None:
        with remedied():
            cli_audit_log.verify_file(what, public_key, home, as_json=as_json)
        return
    with remedied():
        from audit.verify import verify as check
        from hub.home.audit_log import existing_log

        settings = open_settings(home)
        known = cli_audit_log.known_key(settings, public_key)
        recorded = head or (settings.audit_head if settings.audit_head.exists() else None)
        try:
            verdict = check(existing_log(settings), verifier=known, recorded_head=recorded)
        except FileNotFoundError:
            raise Refused(f"there is no checkpoint in {recorded}") from None
    if as_json:
        names = ("ok", "size", "root", "first_bad", "why")
        typer.echo(json.dumps({name: getattr(verdict, name) for name in names}))
    elif verdict.ok:
        typer.echo(f"ok: {verdict.size} records, root {verdict.root}")
    else:
        place = "" if verdict.first_bad is None else f" at record {verdict.first_bad}"
        typer.echo(f"NOT OK{place}: {verdict.why}; the {verdict.size} records before it are sound", err=True)
    raise typer.Exit(0 if verdict.ok else 1)


def _looked(settings: Settings, name: str, told: dict[str, str]) -> None:
    from hub.home.audit_log import append_record, command_record, digester_of

    append_record(settings, command_record(digester_of(settings), "search", name, told))


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
        table.add_row(*(Text(escape_unprintable(cell)) for cell in cells))
    Console(width=140, highlight=False).print(table)
