"""The commands `audit checkpoint`, `prove`, `continuation`, `prepare` and `accept-loss`; the checking of proof files.

A proof is checked with nothing but the log's public key. What an administrator does to the log is a record in it.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar

import typer

from hub.cli.audit_opening import auditor_of, record_reading
from hub.cli.options import MAX_NUMBER, As, Home, Json, Refused, exit_on_refusal, open_settings

if TYPE_CHECKING:
    from audit.checkpoint import Verifier
    from audit.stores.reader import Reader
    from hub.auditor.proofs import Inclusion
    from hub.home.settings import Settings

Found = TypeVar("Found")
PublicKey = Annotated[
    str | None,
    typer.Option("--public-key", "--key", help="The log's public key, or a file with it (default: this home's)."),
]
MAX_PROOF_BYTES = 2_000_000
_NO_LIVE_LOG = (
    "its checkpoint with the log as it is now, or with one that a witness keeps; whoever has the signing key could "
    "have signed another log"
)
OPEN_IN_PROOF = [_NO_LIVE_LOG]
OPEN_IN_EXPORT = ["the selection, for an export can't prove that no record was left out of it", _NO_LIVE_LOG]
"""What is not compared where a proof or an export is checked, a line each."""

app = typer.Typer()


@app.command(epilog="Example: sluicegate audit checkpoint >> witnessed.txt")
def checkpoint(home: Home = None) -> None:
    """Print the newest signed checkpoint (检查点).

    A copy that is kept elsewhere shows later changes of the log.
    """
    with exit_on_refusal():
        from contextlib import closing

        from audit.stores.base import StoreFault, explain_code
        from audit.stores.open import open_reader
        from hub.home.audit_log import existing_log

        try:
            with closing(open_reader(existing_log(open_settings(home)))) as reader:
                note = reader.checkpoint()
        except StoreFault as fault:
            raise Refused(f"the audit log can't be read: {explain_code(str(fault))}") from None
        if note is None:
            raise Refused("no checkpoint is published yet")
        typer.echo(note.decode(), nl=False)


@app.command(epilog="Example: sluicegate audit prove 12 --out 12.proof")
def prove(
    index: Annotated[int, typer.Argument(min=0, max=MAX_NUMBER, help="The index in the receipt.")],
    leaf_hash: Annotated[
        str | None, typer.Option(help="The leafHash in the receipt; refused if the record has another.")
    ] = None,
    form: Annotated[
        Literal["json", "tlog-proof", "cose"],
        typer.Option(help="json for `audit verify`, or a form of other software."),
    ] = "json",
    out: Annotated[Path | None, typer.Option(help="New file to write (default: standard output).")] = None,
    public_key: PublicKey = None,
    named: As = None,
    home: Home = None,
) -> None:
    """Write the proof that a record is in the log (证明).

    `audit verify FILE` checks the form json with the public key alone. That the proof was asked for is recorded first,
    and its checkpoint covers that record too.
    """
    with exit_on_refusal():
        if form == "cose" and public_key is not None:
            raise Refused("a COSE receipt is signed with the key of this home: leave --public-key out")
        settings = open_settings(home)
        _write_content(_formed(settings, _proof(settings, named, index, leaf_hash, public_key), form), out)


@app.command(epilog="Example: sluicegate audit continuation 1000 --out grown.proof")
def continuation(
    older: Annotated[int, typer.Argument(metavar="SIZE", min=0, max=MAX_NUMBER, help="Size in the older checkpoint.")],
    newer: Annotated[
        int | None, typer.Option("--to", min=0, max=MAX_NUMBER, help="Size in a newer one (default: the newest).")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="New file to write (default: standard output).")] = None,
    public_key: PublicKey = None,
    home: Home = None,
) -> None:
    """Write the proof that the log only grew (延续证明).

    Since a checkpoint of SIZE records. `audit verify FILE` checks it with the public key alone. It holds hashes and no
    record, so it is for anyone.
    """
    with exit_on_refusal():
        _write_content(_as_file(_continuation(open_settings(home), older, newer, public_key)), out)


def _continuation(settings: Settings, older: int, newer: int | None, public_key: str | None) -> dict[str, Any]:
    from hub.auditor.proofs import consistency_of, newest_size

    def read(reader: Reader, verifier: Verifier) -> dict[str, Any]:
        newest = newest_size(reader, verifier)
        to = newest if newer is None else newer
        if not older <= to <= newest:
            raise Refused(f"give the size of an older checkpoint, and --to of a newer one, up to {newest}")
        proof = consistency_of(reader, verifier, older, to)
        if len(proof["checkpoints"]) != len({older, to}):
            raise Refused("no checkpoint of that size was published; give the second line of one that was kept")
        return proof

    return _from_log(settings, public_key, read)


def _formed(settings: Settings, proof: Inclusion, form: str) -> bytes:
    from hub.home.audit_log import signer_of

    if form == "tlog-proof":
        return proof.as_tlog_proof()
    if form == "cose":
        return proof.as_cose(signer_of(settings))
    return _as_file(proof.as_json())


def _as_file(content: dict[str, Any]) -> bytes:
    return (json.dumps(content, indent=2, sort_keys=True) + "\n").encode()


def _write_content(content: bytes, out: Path | None) -> None:
    if out is None:
        typer.echo(content, nl=False)
        return
    try:
        with out.open("xb") as file:
            file.write(content)
    except OSError as fault:
        raise Refused(f"{out} can't be written as a new file ({type(fault).__name__})") from None


def _proof(
    settings: Settings, named: str | None, index: int, leaf_hash: str | None, public_key: str | None
) -> Inclusion:
    from hub.auditor.proofs import inclusion_of

    def record() -> None:
        record_reading(settings, "proof", "audit prove", auditor_of(settings, named), {"index": str(index)})

    def read(reader: Reader, verifier: Verifier) -> Inclusion:
        return inclusion_of(reader, verifier, index, leaf_hash)

    return _from_log(settings, public_key, read, record)


def _from_log(
    settings: Settings,
    public_key: str | None,
    read: Callable[[Reader, Verifier], Found],
    record: Callable[[], None] = lambda: None,
) -> Found:
    """What `read` proves from the log of a home under its key, after `record`; raises Refused."""
    from contextlib import closing

    from audit.stores.base import StoreFault, explain_code
    from audit.stores.open import open_reader
    from hub.auditor.proofs import ProofUnknown
    from hub.home.audit_log import existing_log

    where = existing_log(settings)
    verifier = log_key(settings, public_key)
    if verifier is None:
        raise Refused("this home has no key; give the log's key with --public-key")
    record()
    try:
        with closing(open_reader(where)) as reader:
            return read(reader, verifier)
    except ProofUnknown as unknown:
        raise Refused(str(unknown)) from None
    except StoreFault as fault:
        raise Refused(f"the audit log can't be read: {explain_code(str(fault))}") from None


@app.command(epilog="Example: sluicegate audit prepare --append hub < admin-url")
def prepare(
    months: Annotated[int, typer.Option(help="How many months after this one to prepare.", min=1, max=120)] = 12,
    append: Annotated[list[str] | None, typer.Option(help="Database role that may append and read: the hub's.")] = None,
    read: Annotated[list[str] | None, typer.Option(help="Database role that may only read: an auditor's.")] = None,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Prepare the log on PostgreSQL (准备存储).

    Makes the tables and a partition for each coming month, and grants the roles. Run it again before the last month
    begins.

    The address of the database's administrator, postgresql://USER:PASSWORD@HOST/DATABASE, is read from standard input:
    a password in an argument could be read by every user of the machine.
    """
    with exit_on_refusal():
        from audit.stores.base import StoreFault, explain_code
        from audit.stores.postgres_schema import prepare as make

        settings = open_settings(home)
        hint = "Address of the database's administrator"
        url = (typer.prompt(hint, hide_input=True, err=True) if sys.stdin.isatty() else sys.stdin.readline()).strip()
        if not url.startswith("postgresql://"):
            raise Refused("give postgresql://USER:PASSWORD@HOST/DATABASE on standard input")
        try:
            made = make(url, months, append=append or (), read=read or ())
        except StoreFault as fault:
            raise Refused(f"the database can't be prepared: {explain_code(str(fault))}") from None
        recorded = _record_preparation(settings, made)
    if as_json:
        typer.echo(json.dumps({"partitions": made, "recorded": recorded}))
        return
    typer.echo(f"{len(made)} partitions made: {', '.join(made) or 'all existed already'}")
    if not recorded:
        typer.echo("not recorded: SLUICEGATE_AUDIT_STORE names no log yet", err=True)


def _record_preparation(settings: Settings, made: list[str]) -> bool:
    from hub.home.audit_log import append_record, command_record, digester_of

    if not settings.audit_on_server:
        return False
    counts = {"partitions": str(len(made)), **({"last": made[-1]} if made else {})}
    append_record(settings, command_record(digester_of(settings), "admin", "audit prepare", counts))
    return True


@app.command("accept-loss", epilog="Example: sluicegate audit accept-loss")
def accept_loss(
    named: As = None,
    confirm: Annotated[str | None, typer.Option(help="The log's name, instead of typing it when asked.")] = None,
    home: Home = None,
) -> None:
    """Go on with a log that has lost records (接受丢失).

    For a log that was put back or replaced, after finding out why. It takes a person with the role `operator`. The loss
    stays on record.
    """
    with exit_on_refusal():
        from audit.accept_loss import accept_loss as accept
        from audit.stores.base import StoreFault, explain_code
        from hub.home.audit_log import command_record, digester_of, existing_log, signer_of
        from hub.steward.acting import acting
        from hub.steward.changes import signed_record
        from policies.stewards import Role

        settings = open_settings(home)
        actor = acting(settings, named, Role.OPERATOR)
        where, signer = existing_log(settings), signer_of(settings)
        if confirm is None and sys.stdin.isatty():
            confirm = typer.prompt(f"Records may be lost. To go on with what is left, type {signer.name}", err=True)
        if confirm != signer.name:
            raise Refused(f"nothing was done; to accept the loss, confirm with the log's name: --confirm {signer.name}")
        digester = digester_of(settings)
        record = signed_record(command_record(digester, "admin", "audit accept-loss"), digester, actor)
        try:
            loss = accept(where, record, signer=signer, recorded=settings.audit_head)
        except StoreFault as fault:
            raise Refused(f"the loss can't be recorded: {explain_code(str(fault))}") from None
    former = f"the former head is kept as {loss.kept.name}" if loss.kept else "there was no former head to keep"
    typer.echo(f"recorded as {loss.index}; {former}. Now start the hub again")


def log_key(settings: Settings, given: str | None) -> Verifier | None:
    """The given public key, a text or a file; without one that of this home, if it has one. Raises Refused."""
    from hub.home.audit_log import existing_verifier

    return existing_verifier(settings) if given is None else given_key(given)


def given_key(given: str) -> Verifier:
    """The public key that an option names, as a text or a file; raises Refused."""
    from audit.checkpoint import Verifier

    path = Path(given)
    try:
        text = path.read_text("utf-8") if "+" not in given or path.exists() else given
    except (OSError, UnicodeDecodeError):
        raise Refused("the public key is neither a key nor a file that can be read") from None
    return Verifier.parse(text)


def verify_file(what: Path, given: str | None, home: Path | None, *, as_json: bool) -> None:
    """Check a proof file or an export with the public key alone, and print what it proves; raises Refused."""
    verifier = log_key(open_settings(home), given)
    if verifier is None:
        raise Refused("this home has no key; give the log's key with --public-key")
    facts = _verified_export(what, verifier) if what.is_dir() else _verified_proof(what, verifier)
    missing = OPEN_IN_EXPORT if what.is_dir() else OPEN_IN_PROOF
    if as_json:
        typer.echo(json.dumps({"ok": True, **facts, "not_compared": missing}))
    else:
        typer.echo(f"ok: {', '.join(f'{name} {value}' for name, value in facts.items() if value is not None)}")
        tell_not_compared(missing)


def tell_not_compared(missing: list[str]) -> None:
    """Print what a check has left open."""
    for each in missing:
        typer.echo(f"not compared: {each}")


def _verified_proof(path: Path, verifier: Verifier) -> dict[str, Any]:
    from dataclasses import asdict

    from audit.proof import ProofRefused
    from hub.auditor.proofs import check_proof
    from hub.home.strict_json import NotStrict, loads

    try:
        with path.open("rb") as file:
            content = loads(file.read(MAX_PROOF_BYTES))
    except (OSError, NotStrict):
        raise Refused(f"{path} is not a proof file of the form json, or cannot be read") from None
    if not isinstance(content, dict):
        raise Refused(f"{path} is not a proof file")
    try:
        return asdict(check_proof(content, verifier))
    except ProofRefused as refused:
        raise Refused(f"NOT PROVED: {refused}") from None


def _verified_export(folder: Path, verifier: Verifier) -> dict[str, Any]:
    from audit.export import ExportRefused
    from audit.verify_export import verify_export

    try:
        export = verify_export(folder, verifier)
    except ExportRefused as refused:
        raise Refused(f"NOT OK: {refused}") from None
    return {"log": export.origin, "records": export.count, "size": export.checkpoint.size}
