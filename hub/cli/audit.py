"""The group `sluicegate audit`: read, search, verify, prove and administer the audit log.

Whoever reads the log is recorded in it before anything is printed. The commands are in four files: reading and
verifying here, proofs and administration in `audit_proofs.py`, search and export in `audit_search.py`, and who accessed
a person's data in `audit_subject.py`.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hub.cli import audit_proofs, audit_search, audit_subject
from hub.cli.audit_opening import auditor_of, record_reading
from hub.cli.audit_proofs import PublicKey, log_key, tell_not_compared, verify_file
from hub.cli.options import MAX_NUMBER, As, Home, Json, Refused, exit_on_refusal, open_settings
from hub.terminal import text_console

if TYPE_CHECKING:
    from audit.verify import Verdict

app = typer.Typer(help="Read, search, verify and prove the audit log (审计日志).", no_args_is_help=True)


@app.command(epilog="Example: sluicegate audit tail -n 5 --json")
def tail(
    count: Annotated[int, typer.Option("-n", help="How many records.", min=1, max=MAX_NUMBER)] = 20,
    named: As = None,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Show the newest records, the newest last (最新记录).

    The reading is recorded first.
    """
    with exit_on_refusal():
        from audit import log
        from hub.auditor.record_tables import record_json, records_table
        from hub.home.audit_log import existing_log

        settings = open_settings(home)
        where, actor = existing_log(settings), auditor_of(settings, named)
        records = log.tail(where, count)
        record_reading(settings, "search", "audit tail", actor, {"count": str(count)})
        if as_json:
            for logged in records:
                typer.echo(json.dumps(record_json(logged), ensure_ascii=False))
        else:
            text_console(140, highlight=False).print(records_table(records, settings.zone))


@app.command(epilog="Example: sluicegate audit show 12")
def show(
    index: Annotated[int, typer.Argument(min=0, max=MAX_NUMBER)],
    named: As = None,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Show one whole record, with its operation (单条记录).

    The reading is recorded first.
    """
    with exit_on_refusal():
        from audit import log
        from hub.auditor.record_tables import record_json
        from hub.home.audit_log import existing_log
        from hub.home.zone import show_time

        settings = open_settings(home)
        where, actor = existing_log(settings), auditor_of(settings, named)
        try:
            logged, text = log.show(where, index)
        except IndexError:
            raise Refused(f"the audit log has no record {index}") from None
        record_reading(settings, "search", "audit show", actor, {"index": str(index)})
        local = show_time(logged.record.time, settings.zone)
        record = record_json(logged) | {"localTime": local, "operationText": text}
        typer.echo(json.dumps(record, ensure_ascii=False, indent=None if as_json else 2))


@app.command(epilog="Example: sluicegate audit verify --strict --head witnessed.txt")
def verify(
    what: Annotated[
        Path | None, typer.Argument(help="A proof file, or the folder of an export (default: the whole log).")
    ] = None,
    public_key: PublicKey = None,
    head: Annotated[
        Path | None,
        typer.Option(help="A file of checkpoints that were kept elsewhere, one or many (default: the recorded head)."),
    ] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Fail too if something was not compared, such as signatures.")
    ] = False,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Verify the log, a proof file or an export (校验).

    For the log, recomputes every hash, checks every checkpoint, and says what was compared and what was not; exit code
    1, with the first bad record, if anything was changed. A proof file or an export is checked with the public key
    alone.
    """
    if what is not None:
        with exit_on_refusal():
            if strict or head is not None:
                raise Refused("--strict and --head are for the whole log; leave them out, or leave out the file")
            verify_file(what, public_key, home, as_json=as_json)
        return
    with exit_on_refusal():
        from audit.verify import verify as verify_log
        from hub.home.audit_log import existing_log

        settings = open_settings(home)
        key = log_key(settings, public_key)
        kept = head or (settings.audit_head if settings.audit_head.exists() else None)
        try:
            result = verify_log(existing_log(settings), verifier=key, recorded_head=kept)
        except FileNotFoundError:
            raise Refused(f"there is no file {kept}; name one that holds checkpoints with --head") from None
    missing = result.compared.missing() if result.ok else []
    if result.ok and kept is None:
        missing.append(f"the recorded head: {settings.audit_head} is missing, and a hub does not start without it")
    if as_json:
        typer.echo(json.dumps(_verdict_json(result, missing)))
    else:
        _print_verdict(result, missing, kept)
    if strict and missing:
        typer.echo("NOT OK: --strict, and not everything was compared", err=True)
    raise typer.Exit(0 if result.ok and not (strict and missing) else 1)


def _verdict_json(result: Verdict, missing: list[str]) -> dict[str, Any]:
    names = ("ok", "size", "root", "first_bad", "why", "note")
    compared = (
        {"compared": asdict(result.compared), "not_compared": missing, "open": [asdict(each) for each in result.open]}
        if result.ok
        else {}
    )
    return {name: getattr(result, name) for name in names} | compared


def _print_verdict(result: Verdict, missing: list[str], kept: Path | None) -> None:
    if not result.ok:
        place = "" if result.first_bad is None else f" at record {result.first_bad}"
        note = "" if result.note is None else f" (checkpoint {result.note} of {kept})"
        typer.echo(f"NOT OK{place}: {result.why}{note}; the {result.size} records before it are sound", err=True)
        return
    compared = result.compared
    typer.echo(f"ok: {result.size} records, root {result.root}")
    signed = "with their signatures" if compared.signatures else "without their signatures"
    typer.echo(
        f"compared: {compared.checkpoints} published checkpoints, {compared.kept} kept outside the log, {signed}"
    )
    if compared.uncovered and not compared.overdue:
        typer.echo(f"the last {compared.uncovered} records are too new to be in a checkpoint")
    tell_not_compared(missing)
    for act in result.open:
        typer.echo(f"without an end: record {act.index}, {act.name}, {act.time}: it runs still, or was killed")


app.add_typer(audit_search.app)
app.add_typer(audit_proofs.app)
app.add_typer(audit_subject.app)
