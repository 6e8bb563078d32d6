"""What proves the log needs only what these commands print; what changes how it goes on is a record in it."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hub.cli.options import Home, Json, Refused, open_settings, remedied

if TYPE_CHECKING:
    from audit.checkpoint import Verifier
    from hub.home.settings import Settings

PublicKey = Annotated[
    str | None,
    typer.Option("--public-key", "--key", help="The log's public key, or a file with it (default: this home's)."),
]
MAX_PROOF = 2_000_000


def checkpoint(home: Home = None) -> None:
    """Print the newest published checkpoint, a signed note; who keeps one elsewhere is a witness."""
    with remedied():
        from contextlib import closing

        from audit.stores.base import StoreFault, explained
        from audit.stores.open import open_reader
        from hub.home.audit_log import existing_log

        try:
            with closing(open_reader(existing_log(open_settings(home)))) as reader:
                note = reader.checkpoint()
        except StoreFault as fault:
            raise Refused(f"the audit log can't be read: {explained(str(fault))}") from None
        if note is None:
            raise Refused("no checkpoint is published yet")
        typer.echo(note.decode(), nl=False)


def prove(
    index: Annotated[int, typer.Argument(min=0, help="The receipt's index.")],
    leaf_hash: Annotated[str | None, typer.Option(help="The receipt's leafHash; another one is refused.")] = None,
    out: Annotated[Path | None, typer.Option(help="New file to write (default: standard output).")] = None,
    home: Home = None,
) -> None:
    """Write the proof that a record is in the log; `audit verify FILE` checks it with the public key alone.

    Who asked is recorded first, so that the proof is in a checkpoint which covers that too.
    """
    with remedied():
        told = json.dumps(_proof(open_settings(home), index, leaf_hash), indent=2, sort_keys=True) + "\n"
        if out is None:
            typer.echo(told, nl=False)
            return
        try:
            with out.open("x", encoding="utf-8") as file:
                file.write(told)
        except OSError as fault:
            raise Refused(f"{out} can't be written as a new file ({type(fault).__name__})") from None


def _proof(settings: Settings, index: int, leaf_hash: str | None) -> dict[str, Any]:
    from contextlib import closing

    from audit.stores.base import StoreFault, explained
    from audit.stores.open import open_reader
    from hub.auditor.proofs import Unknown, inclusion_of
    from hub.home.audit_log import append_record, command_record, digester_of, existing_log, verifier_of

    where = existing_log(settings)
    append_record(settings, command_record(digester_of(settings), "proof", "audit prove", {"index": str(index)}))
    try:
        with closing(open_reader(where)) as reader:
            return inclusion_of(reader, verifier_of(settings), index, leaf_hash)
    except Unknown as unknown:
        raise Refused(str(unknown)) from None
    except StoreFault as fault:
        raise Refused(f"the audit log can't be read: {explained(str(fault))}") from None


def prepare(
    months: Annotated[int, typer.Option(help="Months ahead of this one to make room for.", min=1, max=120)] = 12,
    append: Annotated[list[str] | None, typer.Option(help="Role of the server that may append: the hub's.")] = None,
    read: Annotated[list[str] | None, typer.Option(help="Role of the server that may read: an auditor's.")] = None,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Make the log's tables on PostgreSQL, its roles, and a partition for each month to come.

    Standard input gives the address for a role that may do that, postgresql://USER:PASSWORD@HOST/DATABASE: a password
    in an argument could be read by every user of the machine. Run it again before the last month is reached.
    """
    with remedied():
        from audit.stores.base import StoreFault, explained
        from audit.stores.postgres_schema import prepare as make

        settings = open_settings(home)
        hint = "Address for an administrator of the database"
        url = (typer.prompt(hint, hide_input=True, err=True) if sys.stdin.isatty() else sys.stdin.readline()).strip()
        if not url.startswith("postgresql://"):
            raise Refused("standard input gives postgresql://USER:PASSWORD@HOST/DATABASE")
        try:
            made = make(url, months, append=append or (), read=read or ())
        except StoreFault as fault:
            raise Refused(f"the database can't be prepared: {explained(str(fault))}") from None
        recorded = _prepared(settings, made)
    if as_json:
        typer.echo(json.dumps({"partitions": made, "recorded": recorded}))
        return
    typer.echo(f"{len(made)} partitions made: {', '.join(made) or 'all were there'}")
    if not recorded:
        typer.echo("not recorded: SLUICEGATE_AUDIT_STORE names no log yet", err=True)


def _prepared(settings: Settings, made: list[str]) -> bool:
    from hub.home.audit_log import append_record, command_record, digester_of

    if not settings.audit_on_server:
        return False
    told = {"partitions": str(len(made)), **({"last": made[-1]} if made else {})}
    append_record(settings, command_record(digester_of(settings), "admin", "audit prepare", told))
    return True


def accept_loss(
    confirm: Annotated[str | None, typer.Option(help="The log's name, where nobody can be asked.")] = None,
    home: Home = None,
) -> None:
    """Go on with a log that was put back or replaced, after finding out why; the loss stays on record for ever."""
    with remedied():
        from audit.publish import accept_loss as accept
        from audit.stores.base import StoreFault, explained
        from hub.home.audit_log import command_record, digester_of, existing_log, signer_of

        settings = open_settings(home)
        where, signer = existing_log(settings), signer_of(settings)
        if confirm is None and sys.stdin.isatty():
            confirm = typer.prompt(f"Records may be lost. To go on with what is there, type {signer.name}", err=True)
        if confirm != signer.name:
            raise Refused(f"nothing was done; to accept the loss, confirm with the log's name, {signer.name}")
        record = command_record(digester_of(settings), "admin", "audit accept-loss")
        try:
            placed = accept(where, record, signer=signer, recorded=settings.audit_head)
        except StoreFault as fault:
            raise Refused(f"the loss can't be recorded: {explained(str(fault))}") from None
    kept = f"{settings.audit_head.name}.lost-{placed.size}"
    typer.echo(f"recorded as {placed.index}; the former head is kept as {kept}. Start the hub again")


def known_key(settings: Settings, given: str | None) -> Verifier | None:
    """The public key that was given, as a text or a file; else this home's, if it has one."""
    from audit.checkpoint import Verifier
    from hub.home.audit_log import verifier_of

    if given is None:
        # Not made for the purpose: a new key would refuse every checkpoint.
        return verifier_of(settings) if os.path.lexists(settings.audit_key) else None
    path = Path(given)
    try:
        text = path.read_text("utf-8") if "+" not in given or path.exists() else given
    except (OSError, UnicodeDecodeError):
        raise Refused("--public-key is neither a key nor a file that can be read") from None
    return Verifier.parse(text)


def verify_file(what: Path, given: str | None, home: Path | None, *, as_json: bool) -> None:
    """Check a proof file or an export with the public key alone, and tell what it proves; raises Refused."""
    verifier = known_key(open_settings(home), given)
    if verifier is None:
        raise Refused("there is no key here; give the log's with --public-key")
    told = _export(what, verifier) if what.is_dir() else _proved(what, verifier)
    if as_json:
        typer.echo(json.dumps({"ok": True, **told}))
    else:
        typer.echo(f"ok: {', '.join(f'{name} {value}' for name, value in told.items() if value is not None)}")


def _proved(path: Path, verifier: Verifier) -> dict[str, Any]:
    from dataclasses import asdict

    from audit.proof import ProofRefused
    from hub.auditor.proofs import check
    from hub.home.strict_json import NotStrict, loads

    try:
        with path.open("rb") as file:
            told = loads(file.read(MAX_PROOF))
    except (OSError, NotStrict):
        raise Refused(f"{path} is no proof file that can be read") from None
    if not isinstance(told, dict):
        raise Refused(f"{path} is no proof file")
    try:
        return asdict(check(told, verifier))
    except ProofRefused as refused:
        raise Refused(f"NOT PROVED: {refused}") from None


def _export(folder: Path, verifier: Verifier) -> dict[str, Any]:
    from audit.export import ExportRefused, verify_export

    try:
        found = verify_export(folder, verifier)
    except ExportRefused as refused:
        raise Refused(f"NOT OK: {refused}") from None
    return {"log": found.origin, "records": found.count, "size": found.checkpoint.size}
