"""The group `sluicegate policy`: check, change and explain policies.

Every change is made by a signed-in steward of the version in force, and is recorded in the audit log.
"""

from __future__ import annotations

import datetime as dt
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hub.cli import policy_changes, policy_explain
from hub.cli.options import As, Home, Json, NamesStrayArguments, Refused, exit_on_refusal, folder_named, open_settings

if TYPE_CHECKING:
    from hub.home.settings import Settings
    from policies.review.check import Finding

MOST_LISTED, FIRST_LISTED = 5, 3
"""Of more warnings of one kind than the first `policy check` lists the second."""
app = typer.Typer(help="Check, compare, change and explain policies (策略).", no_args_is_help=True)
Number = Annotated[
    str, typer.Argument(metavar="NUMBER", help="Number of a version, see `policy history`; or `current`.")
]


@app.command(epilog="Example: sluicegate policy check examples/county/policies")
def check(
    folder: Annotated[
        Path | None, typer.Argument(help="Policy folder (default: SLUICEGATE_POLICIES, or examples/county/policies).")
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="List every warning, however many there are of a kind.")] = False,
    as_json: Json = False,
) -> None:
    """Check a policy folder and run its tests (检查).

    The folder is loaded as the hub loads it. Prints errors and warnings, and under `undecided` each field and edge that
    no rule names; exit code 1 if there is an error. Of more than five warnings of one kind the first three are listed.
    """
    with exit_on_refusal():
        from hub.home.catalogue import catalogue_of
        from policies.language import load
        from policies.review.check import check as findings_of
        from policies.review.undecided import in_short, undecided

        settings = open_settings()
        folder = folder_named(folder) if folder else _folder_meant(settings)
        catalogue = catalogue_of(settings)
        policy = load(folder, catalogue)
        findings = findings_of(catalogue, policy, settings.now().date())
    summary: dict[str, Any] = {
        "folder": str(folder),
        "version": policy.version,
        **({"departments": list(policy.departments)} if policy.departments else {}),
        "applications": list(policy.applications),
        "purposes": list(policy.purposes),
        "grants": [grant.id for grant in policy.grants],
        "prohibitions": [prohibition.id for prohibition in policy.prohibitions],
        **({} if policy.collecting is None else {"reuse": [each.id for each in policy.collecting.rules]}),
        "stewards": [f"{each.account} ({each.person})" for each in policy.stewards.values()],
        "expectations": len(policy.expectations),
        "undecided": list(undecided(catalogue, policy)),
    }
    if as_json:
        summary["stewards"] = [asdict(each) for each in policy.stewards.values()]
        typer.echo(json.dumps({**summary, "findings": [asdict(each) for each in findings]}, ensure_ascii=False))
    else:
        summary["undecided"] = in_short(catalogue, summary["undecided"])
        for name, value in summary.items():
            typer.echo(f"{name}: {', '.join(value) if isinstance(value, list) else value}")
        _print_findings(findings, every=every)
    raise typer.Exit(1 if any(each.level == "error" for each in findings) else 0)


def _folder_meant(settings: Settings) -> Path:
    """The folder of the settings; Refused where one of the person's own lies beside it and none was named."""
    own = Path("policies")
    if "policies" not in settings.model_fields_set and own.is_dir():
        raise Refused(
            f"{own} lies here, and {settings.policies} would be read; write `sluicegate policy check {own}`, or name "
            "the folder in SLUICEGATE_POLICIES"
        )
    return settings.policy_folder


def _print_findings(findings: list[Finding], *, every: bool) -> None:
    """Print each error, and each warning or the first ones of its kind; last how many there are."""
    kinds = Counter(each.rule for each in findings if each.level != "error")
    shown: Counter[str] = Counter()
    for each in findings:
        if each.level != "error" and not every and kinds[each.rule] > MOST_LISTED:
            shown[each.rule] += 1
            if shown[each.rule] > FIRST_LISTED:
                continue
        typer.echo(f"{each.level} {each.place}: {each.text} [{each.rule}]")
    for rule, listed in shown.items():
        typer.echo(f"warnings: {listed} of this kind, {listed - FIRST_LISTED} of them not listed; see --all [{rule}]")
    errors = sum(each.level == "error" for each in findings)
    typer.echo(f"{errors} errors, {len(findings) - errors} warnings")


@app.command(epilog="Example: sluicegate policy draft policies --note 'fire may see room numbers'")
def draft(
    folder: Annotated[Path, typer.Argument(help="Folder with the whole new policy.")],
    note: Annotated[str, typer.Option(help="Why the change is made.")] = "",
    named: As = None,
    base: Annotated[
        str, typer.Option(metavar="NUMBER", help="Version that it was made from: its number, or `current`.")
    ] = "current",
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Store a policy folder as a draft version (起草).

    It is not in force until it is approved and activated.
    """
    with exit_on_refusal():
        from hub.home.catalogue import catalogue_of
        from hub.steward.acting import acting
        from hub.steward.changes import steward_session
        from hub.steward.draft_notes import notes_on_draft
        from hub.steward.policy_lookup import CURRENT, version_number
        from policies.language import read_folder

        settings, files = open_settings(home), read_folder(folder_named(folder))
        with steward_session(settings, catalogue_of(settings)) as changes, _print_conflict():
            made_from = None if base == CURRENT else version_number(changes.store, base)
            version = changes.draft(files, acting(settings, named), made_from, note)
            notes = notes_on_draft(changes.store, version, files)
    _print_draft(version.number, version.hash, version.base, as_json, notes)


@app.command(epilog="Example: sluicegate policy rollback 3")
def rollback(number: Number, named: As = None, home: Home = None, as_json: Json = False) -> None:
    """Draft a version with the content of an old one (回退).

    It needs approval like any other.
    """
    with exit_on_refusal():
        from hub.home.catalogue import catalogue_of
        from hub.steward.acting import acting
        from hub.steward.changes import steward_session
        from hub.steward.policy_lookup import version_number

        settings = open_settings(home)
        with steward_session(settings, catalogue_of(settings)) as changes:
            version = changes.rollback(version_number(changes.store, number), acting(settings, named))
    _print_draft(version.number, version.hash, version.base, as_json)


def _print_draft(number: int, content: str, base: int | None, as_json: bool, notes: Sequence[str] = ()) -> None:
    if as_json:
        typer.echo(json.dumps({"number": number, "hash": content, "base": base, "notes": list(notes)}))
        return
    typer.echo(f"version {number}, made from {base}, content {content}")
    for each in notes:
        typer.echo(f"note: {each}")
    typer.echo(f"now another steward: sluicegate policy approve {number} {content}")


@app.command(epilog="Example: sluicegate policy approve 4 0d7f52086b15f5ae3062d74a6e6e7173")
def approve(
    number: Number,
    content: Annotated[str, typer.Argument(metavar="HASH", help="The whole content hash of what you read.")],
    named: As = None,
    home: Home = None,
) -> None:
    """Approve a version, as a second person (审批).

    HASH names exactly the content that you read.
    """
    with exit_on_refusal():
        from hub.home.catalogue import catalogue_of
        from hub.steward.acting import acting
        from hub.steward.changes import steward_session
        from hub.steward.policy_lookup import version_number

        settings = open_settings(home)
        with steward_session(settings, catalogue_of(settings)) as changes, _print_conflict():
            approved = version_number(changes.store, number)
            changes.approve(approved, content, acting(settings, named))
    typer.echo(f"version {approved} is approved; to put it in force: sluicegate policy activate {approved}")


@app.command(epilog="Example: sluicegate policy activate 4 --at 2026-12-01T00:00+08:00")
def activate(
    number: Number,
    named: As = None,
    at: Annotated[str | None, typer.Option(help="Time from which it is in force, ISO 8601 (default: now).")] = None,
    home: Home = None,
) -> None:
    """Put an approved version in force (生效).

    Running hubs follow within five seconds.
    """
    with exit_on_refusal():
        from hub.home.catalogue import catalogue_of
        from hub.steward.acting import acting
        from hub.steward.changes import steward_session
        from hub.steward.policy_lookup import version_number
        from hub.steward.policy_tables import activation_lines

        settings = open_settings(home)
        starts = None if at is None else _moment(at, settings)
        with steward_session(settings, catalogue_of(settings)) as changes, _print_conflict():
            activated = version_number(changes.store, number)
            activation = changes.activate(activated, acting(settings, named), starts)
            standing = changes.store.standing()
    typer.echo("\n".join(activation_lines(activation, standing, settings.zone)))


@contextmanager
def _print_conflict() -> Iterator[None]:
    """Print what each side changed since the base, before a conflict ends the command."""
    from policies.versions import Conflict

    try:
        yield
    except Conflict as conflict:
        if conflict.diff:
            typer.echo(conflict.diff)
        raise


def _moment(text: str, settings: Settings) -> dt.datetime:
    from hub.home.zone import read_moment

    try:
        return read_moment(text, settings.zone)
    except ValueError:
        raise Refused("--at takes a time such as 2026-12-01T00:00+08:00") from None


@app.command(epilog="Example: sluicegate policy history")
def history(named: As = None, home: Home = None, as_json: Json = False) -> None:
    """List all versions: author, approval and state (历史)."""
    with exit_on_refusal():
        from hub.home.catalogue import catalogue_of
        from hub.steward.acting import READERS, acting
        from hub.steward.changes import steward_session
        from hub.steward.policy_tables import version_json, version_line

        settings = open_settings(home)
        with steward_session(settings, catalogue_of(settings)) as changes:
            actor = acting(settings, named, *READERS)
            versions = changes.store.history()
            changes.record_reading("policy history", actor)
    for past in versions:
        typer.echo(json.dumps(version_json(past), ensure_ascii=False) if as_json else version_line(past, settings.zone))


@app.command(cls=NamesStrayArguments, epilog="Example: sluicegate policy export 3 --out policies")
def export(
    number: Number,
    out: Annotated[Path, typer.Option(help="Folder to write: new or empty.")],
    named: As = None,
    home: Home = None,
) -> None:
    """Write the files of a version (导出).

    They are as they were drafted, with their comments.
    """
    with exit_on_refusal():
        from hub.home.catalogue import catalogue_of
        from hub.steward.acting import READERS, acting
        from hub.steward.changes import steward_session
        from hub.steward.policy_lookup import version_number

        settings = open_settings(home)
        with steward_session(settings, catalogue_of(settings)) as changes:
            actor = acting(settings, named, *READERS)
            read = version_number(changes.store, number)
            files = changes.store.files(read)
            changes.record_reading("policy export", actor, {"number": str(read)})
        _write_files(out, files)
    typer.echo(f"version {read}: {', '.join(files)} written to {out}")


def _write_files(out: Path, files: dict[str, bytes]) -> None:
    try:
        out.mkdir(parents=True, exist_ok=True)
        if any(out.iterdir()):
            raise Refused(f"{out} is not empty")
        for name, content in files.items():
            (out / Path(name).name).write_bytes(content)
    except OSError:
        raise Refused(f"{out} cannot be written") from None


@app.command(epilog="Example: sluicegate policy schema > docs/policy.schema.json")
def schema() -> None:
    """Print the JSON Schema of a policy file, for editors (模式)."""
    from policies.vocabulary import json_schema

    typer.echo(json.dumps(json_schema(), ensure_ascii=False, indent=2))


@app.command(epilog="Example: sluicegate policy vocabulary > docs/policy-vocabulary.md")
def vocabulary() -> None:
    """Print the reference page of the policy language (词汇)."""
    with exit_on_refusal():
        from hub.home.catalogue import catalogue_of
        from policies.vocabulary import page

        typer.echo(page(catalogue_of(open_settings())), nl=False)


app.add_typer(policy_explain.app)
app.add_typer(policy_changes.app)
