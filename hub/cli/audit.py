"""The group `sluicegate audit`: read, search, verify, prove and administer the audit log.

Whoever reads the log is recorded in it before anything is printed. The commands are in three files: reading and
verifying here, proofs and administration in `audit_proofs.py`, search and export in `audit_search.py`.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hub.cli import audit_proofs, audit_search
from hub.cli.audit_proofs import PublicKey, log_key, verify_file
from hub.cli.options import Home, Json, Refused, exit_on_refusal, open_settings

if TYPE_CHECKING:
    from hub.home.settings import Settings

app = typer.Typer(help="Read, search, verify and prove the audit log (审计日志).", no_args_is_help=True)


@app.command(epilog="Example: sluicegate audit tail -n 5 --json")
def tail(
    count: Annotated[int, typer.Option("-n", help="How many records.", min=1)] = 20,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Show the newest records, the newest last (最新记录).

    The reading is recorded first.
    """
    with exit_on_refusal():
        from rich.console import Console

        from audit import log
        from hub.auditor.record_tables import record_json, records_table
        from hub.home.audit_log import existing_log

        settings = open_settings(home)
        records = log.tail(existing_log(settings), count)
        _record_reading(settings, "audit tail", {"count": str(count)})
        if as_json:
            for logged in records:
                typer.echo(json.dumps(record_json(logged), ensure_ascii=False))
        else:
            Console(width=140, highlight=False).print(records_table(records))


@app.command(epilog="Example: sluicegate audit show 12")
def show(index: Annotated[int, typer.Argument(min=0)], home: Home = None, as_json: Json = False) -> None:
    """Show one whole record, with its operation (单条记录).

    The reading is recorded first.
    """
    with exit_on_refusal():
        from audit import log
        from hub.auditor.record_tables import record_json
        from hub.home.audit_log import existing_log

        settings = open_settings(home)
        try:
            logged, text = log.show(existing_log(settings), index)
        except IndexError:
            raise Refused(f"the audit log has no record {index}") from None
        _record_reading(settings, "audit show", {"index": str(index)})
        record = record_json(logged) | {"operationText": text}
        typer.echo(json.dumps(record, ensure_ascii=False, indent=None if as_json else 2))


@app.command(epilog="Example: sluicegate audit verify 12.proof --public-key county.pub")
def verify(
    what: Annotated[
        Path | None, typer.Argument(help="A proof file, or the folder of an export (default: the whole log).")
    ] = None,
    public_key: PublicKey = None,
    head: Annotated[
        Path | None, typer.Option(help="A checkpoint that was kept elsewhere (default: the recorded head).")
    ] = None,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Verify the log, a proof file or an export (校验).

    For the log, recomputes every hash and checks every checkpoint; exit code 1, with the first bad record, if anything
    was changed. A proof file or an export is checked with the public key alone.
    """
    if what is not None:
        with exit_on_refusal():
            verify_file(what, public_key, home, as_json=as_json)
        return
    with exit_on_refusal():
        from audit.verify import verify as verify_log
        from hub.home.audit_log import existing_log

        settings = open_settings(home)
        key = log_key(settings, public_key)
        recorded = head or (settings.audit_head if settings.audit_head.exists() else None)
        try:
            result = verify_log(existing_log(settings), verifier=key, recorded_head=recorded)
        except FileNotFoundError:
            raise Refused(f"there is no checkpoint in {recorded}") from None
    if as_json:
        names = ("ok", "size", "root", "first_bad", "why")
        typer.echo(json.dumps({name: getattr(result, name) for name in names}))
    elif result.ok:
        typer.echo(f"ok: {result.size} records, root {result.root}")
    else:
        place = "" if result.first_bad is None else f" at record {result.first_bad}"
        typer.echo(f"NOT OK{place}: {result.why}; the {result.size} records before it are sound", err=True)
    raise typer.Exit(0 if result.ok else 1)


def _record_reading(settings: Settings, command: str, arguments: dict[str, str]) -> None:
    from hub.home.audit_log import append_record, command_record, digester_of

    append_record(settings, command_record(digester_of(settings), "search", command, arguments))


app.add_typer(audit_search.app)
app.add_typer(audit_proofs.app)
