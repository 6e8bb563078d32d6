"""A steward changes the policy by these commands alone, each under an account that the version in force knows."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hub.cli import policy_changes as cli_policy_change
from hub.cli.options import Home, Json, Refused, open_settings, remedied

if TYPE_CHECKING:
    from policies.check import Finding
    from policies.store import Past

app = typer.Typer(help="Policies: check, draft, approve, activate, explain (策略).", no_args_is_help=True)
Account = Annotated[str, typer.Option("--as", help="Your steward's account, as `stewards:` names it.")]
Number = Annotated[int, typer.Argument(help="Number of a version; see `policy history`.", min=1)]


@app.command(epilog="Example: sluicegate policy check examples/county/policies")
def check(
    folder: Annotated[Path | None, typer.Argument(help="Policy folder (default: the setting).")] = None,
    as_json: Json = False,
) -> None:
    """Load a policy folder as the hub would, run its tests, and say what is odd; exit code 1 on an error."""
    with remedied():
        from policies.check import check as findings_of
        from policies.language import load
        from schema import CATALOGUE

        found = load(folder or open_settings().policies, CATALOGUE)
        findings = findings_of(CATALOGUE, found, _today())
    told: dict[str, Any] = {
        "version": found.version,
        "applications": list(found.applications),
        "purposes": list(found.purposes),
        "grants": [grant.id for grant in found.grants],
        "prohibitions": [each.id for each in found.prohibitions],
        "stewards": list(found.stewards),
        "expectations": len(found.expectations),
    }
    if as_json:
        typer.echo(json.dumps({**told, "findings": [asdict(each) for each in findings]}, ensure_ascii=False))
    else:
        for name, value in told.items():
            typer.echo(f"{name}: {', '.join(value) if isinstance(value, list) else value}")
        _show(findings)
    raise typer.Exit(1 if any(each.level == "error" for each in findings) else 0)


def _show(findings: list[Finding]) -> None:
    for each in findings:
        typer.echo(f"{each.level} {each.place}: {each.text} [{each.rule}]")
    errors = sum(each.level == "error" for each in findings)
    typer.echo(f"{errors} errors, {len(findings) - errors} warnings")


@app.command(epilog="Example: sluicegate policy draft policies --as zhang --note 'fire may see room numbers'")
def draft(
    folder: Annotated[Path, typer.Argument(help="Folder with the whole policy, as it shall be.")],
    account: Account,
    note: Annotated[str, typer.Option(help="Why.")] = "",
    base: Annotated[int | None, typer.Option(help="Version it was made from (default: the one in force).")] = None,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Put a folder into the store as a new version, not in force yet."""
    with remedied():
        from hub.steward.changes import stewardship
        from policies.language import read_folder
        from schema import CATALOGUE

        files = read_folder(folder)
        with stewardship(open_settings(home), CATALOGUE) as changes, _told_conflict():
            version = changes.draft(files, account, base, note)
    _tell_draft(version.number, version.hash, version.base, as_json)


@app.command(epilog="Example: sluicegate policy rollback 3 --as zhang")
def rollback(number: Number, account: Account, home: Home = None, as_json: Json = False) -> None:
    """Draft a version with the content of an old one; it needs approval like any other."""
    with remedied():
        from hub.steward.changes import stewardship
        from schema import CATALOGUE

        with stewardship(open_settings(home), CATALOGUE) as changes:
            version = changes.rollback(number, account)
    _tell_draft(version.number, version.hash, version.base, as_json)


def _tell_draft(number: int, content: str, base: int | None, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps({"number": number, "hash": content, "base": base}))
        return
    typer.echo(f"version {number}, made from {base}, content {content}")
    typer.echo(f"now another steward: sluicegate policy approve {number} {content} --as ACCOUNT")


@app.command(epilog="Example: sluicegate policy approve 4 0d7f52086b15f5ae3062d74a6e6e7173 --as li")
def approve(
    number: Number,
    content: Annotated[str, typer.Argument(metavar="HASH", help="The content you read, whole.")],
    account: Account,
    home: Home = None,
) -> None:
    """Approve exactly this content, as a second person."""
    with remedied():
        from hub.steward.changes import stewardship
        from schema import CATALOGUE

        with stewardship(open_settings(home), CATALOGUE) as changes:
            changes.approve(number, content, account)
    typer.echo(f"version {number} is approved; to put it in force: sluicegate policy activate {number} --as ACCOUNT")


@app.command(epilog="Example: sluicegate policy activate 4 --as li --at 2026-12-01T00:00+08:00")
def activate(
    number: Number,
    account: Account,
    at: Annotated[str | None, typer.Option(help="When, ISO 8601 (default: now).")] = None,
    home: Home = None,
) -> None:
    """Put an approved version in force; running hubs follow within five seconds."""
    with remedied():
        from hub.steward.changes import stewardship
        from schema import CATALOGUE

        starts = None if at is None else _moment(at)
        with stewardship(open_settings(home), CATALOGUE) as changes, _told_conflict():
            activation = changes.activate(number, account, starts)
    typer.echo(f"version {number} is in force from {activation.starts}")


@contextmanager
def _told_conflict() -> Iterator[None]:
    """Prints what each side changed before a conflict ends the command."""
    from policies.versions import Conflict

    try:
        yield
    except Conflict as conflict:
        typer.echo(conflict.diff)
        raise


def _moment(text: str) -> dt.datetime:
    try:
        return dt.datetime.fromisoformat(text).astimezone()
    except ValueError:
        raise Refused("--at takes a time such as 2026-12-01T00:00+08:00") from None


@app.command(epilog="Example: sluicegate policy history")
def history(home: Home = None, as_json: Json = False) -> None:
    """Every version: who wrote it, who approved it, and what became of it."""
    with remedied():
        from hub.steward.changes import stewardship
        from schema import CATALOGUE

        with stewardship(open_settings(home), CATALOGUE) as changes:
            found = changes.store.history()
            changes.look("policy history")
    for each in found:
        typer.echo(json.dumps(_plain(each), ensure_ascii=False) if as_json else _line(each))


def _plain(past: Past) -> dict[str, Any]:
    version, activation = past.version, past.activation
    return {
        "number": version.number,
        "hash": version.hash,
        "base": version.base,
        "state": past.state,
        "author": version.author,
        "made": version.made,
        "note": version.note,
        "approvedBy": [each.account for each in past.approvals],
        "activatedBy": activation.account if activation else None,
        "starts": activation.starts if activation else None,
    }


def _line(past: Past) -> str:
    from hub.terminal import escape_unprintable

    told = _plain(past)
    approved = f", approved by {', '.join(told['approvedBy'])}" if told["approvedBy"] else ""
    starts = f", from {told['starts'][:19]}Z" if told["starts"] else ""
    text = f"{told['number']:>4}  {told['state']:<9}  {told['hash']}  by {told['author']}{approved}{starts}"
    return escape_unprintable(f"{text}  {told['note']}".rstrip())


@app.command(epilog="Example: sluicegate policy export 3 --out policies")
def export(
    number: Number,
    out: Annotated[Path, typer.Option(help="Folder to write: new or empty.")],
    home: Home = None,
) -> None:
    """Write a version's files as they were drafted, comments and all."""
    with remedied():
        from hub.steward.changes import stewardship
        from schema import CATALOGUE

        with stewardship(open_settings(home), CATALOGUE) as changes:
            files = changes.store.files(number)
            changes.look("policy export", {"number": str(number)})
        _write(out, files)
    typer.echo(f"version {number}: {', '.join(files)} written to {out}")


def _write(out: Path, files: dict[str, bytes]) -> None:
    try:
        out.mkdir(parents=True, exist_ok=True)
        if any(out.iterdir()):
            raise Refused(f"{out} is not empty")
        for name, content in files.items():
            (out / Path(name).name).write_bytes(content)
    except OSError:
        raise Refused(f"{out} cannot be written") from None


@app.command(
    epilog="Example: sluicegate policy explain --app fire-inspection --purpose safety.fire.rental Person.phone"
)
def explain(
    coordinate: Annotated[str, typer.Argument(help="Such as Person.phone.")],
    application: Annotated[str, typer.Option("--app", help="Registered application.")],
    purpose: Annotated[str, typer.Option(help="Access purpose.")],
    folder: Annotated[Path | None, typer.Option(help="A folder instead of the version in force.")] = None,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Say which rules give or take a field, in which rows, with which effect, and what would be needed."""
    with remedied():
        from hub.steward.changes import policy_of
        from hub.steward.explain_rules import why
        from policies.language import load
        from schema import CATALOGUE
        from schema.catalogue import CatalogueError

        policy = load(folder, CATALOGUE) if folder else policy_of(open_settings(home), CATALOGUE)
        if application not in policy.applications:
            raise Refused(f"no application {application!r} is registered; registered: {', '.join(policy.applications)}")
        if purpose not in policy.purposes:
            raise Refused(f"unknown purpose {purpose!r}; known: {', '.join(policy.purposes)}")
        try:
            found = why(CATALOGUE, policy, application, purpose, coordinate, _today())
        except CatalogueError as unknown:
            raise Refused(str(unknown)) from None
    if as_json:
        typer.echo(json.dumps(asdict(found), ensure_ascii=False))
        return
    typer.echo(f"{coordinate} for {application}, {purpose}: {', '.join(found.effects) or 'nothing'}")
    for rule in found.rules:
        typer.echo(f"  {rule.rule} ({rule.place}): {rule.effect}{f' on rows where {rule.rows}' if rule.rows else ''}")
    for obligation in found.obligations:
        typer.echo(f"  obligation {obligation}")
    if not found.granted:
        typer.echo(f"  {application} has no grant in force for {purpose}")
    would = ", ".join(found.purposes_that_would) or "none"
    typer.echo(f"other purposes of {application} that would show it: {would}")
    typer.echo(f"its owner, whom to ask for a grant: {found.owner or 'nobody is named'}")


@app.command(epilog="Example: sluicegate policy schema > docs/policy.schema.json")
def schema() -> None:
    """Print the JSON Schema of a policy file, for editors."""
    from policies.vocabulary import json_schema

    typer.echo(json.dumps(json_schema(), ensure_ascii=False, indent=2))


@app.command(epilog="Example: sluicegate policy vocabulary > docs/policy-vocabulary.md")
def vocabulary() -> None:
    """Print the page of all words of the policy language."""
    from policies.vocabulary import page
    from schema import CATALOGUE

    typer.echo(page(CATALOGUE), nl=False)


def _today() -> dt.date:
    return dt.datetime.now().astimezone().date()


cli_policy_change.register(app)
