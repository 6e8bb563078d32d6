"""The command `policy explain`: what an application may see, and why.

It explains a policy of this home or folder, or with `--remote` asks a running hub what the bearer of a token may see.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hub.cli.access_lines import access_lines, refusal_lines, why_lines
from hub.cli.options import As, Home, Json, NamesStrayArguments, Refused, exit_on_refusal, folder_named, open_settings
from hub.terminal import escape_unprintable

if TYPE_CHECKING:
    from hub.steward.explain_coordinate import CoordinateExplanation

app = typer.Typer()
_HERE = frozenset({"coordinate", "application", "purpose"})
"""What must be given where no hub is asked: there the token says who asks."""


class _NeedsLessWithRemote(NamesStrayArguments):
    """A command of which `--remote` takes fewer parameters."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """As every command parses them."""
        remote = any(each == "--remote" or each.startswith("--remote=") for each in args)
        for each in self.params:
            each.required = each.name in _HERE and not remote
        return super().parse_args(ctx, args)


@app.command(
    cls=_NeedsLessWithRemote,
    epilog="Example: sluicegate policy explain --app fire-inspection --purpose safety.fire.rental Person.phone",
)
def explain(  # noqa: PLR0913, PLR0917 - each is one option of the command
    coordinate: Annotated[str | None, typer.Argument(help="Field, such as Person.phone.", show_default=False)] = None,
    application: Annotated[str | None, typer.Option("--app", help="Registered application.")] = None,
    purpose: Annotated[str | None, typer.Option(help="Access purpose.")] = None,
    folder: Annotated[Path | None, typer.Option(help="A policy folder, instead of the version in force.")] = None,
    remote: Annotated[
        str | None,
        typer.Option(help="Address of a running hub: what the bearer of SLUICEGATE_TOKEN (or of its _FILE) may see."),
    ] = None,
    case: Annotated[str | None, typer.Option(help="With --remote: case reference, sent as Case-Reference.")] = None,
    role: Annotated[str | None, typer.Option(help="With --remote, for a developer: as if it had this role.")] = None,
    level: Annotated[str | None, typer.Option(help="With --remote, for a developer: as if it had this level.")] = None,
    named: As = None,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Explain what an application may see of a field (解释).

    Shows which rules open or close it, on which rows and with which effect, and whom to ask for a grant. Reading the
    version in force needs a sign-in and is recorded; a folder needs neither. With --remote a running hub tells what the
    bearer of a token may see, of all fields and purposes or of those that are named.
    """
    if remote is not None:
        given = {"--app": application, "--folder": folder, "--as": named}
        with exit_on_refusal():
            if wrong := [name for name, value in given.items() if value is not None]:
                raise Refused(f"--remote asks as the bearer of its token; leave {', '.join(wrong)} out")
            headers = {"Access-Purpose": purpose, "Case-Reference": case, "Access-As": _access_as(role, level)}
            _explain_remote(remote, home, coordinate, headers, as_json=as_json)
        return
    with exit_on_refusal():
        if any(each is not None for each in (case, role, level)):
            raise Refused("--case, --role and --level are for --remote; here every rule is told, whatever its rows")
        explanation = _explanation(str(coordinate), str(application), str(purpose), folder, named, home)
    if as_json:
        typer.echo(json.dumps(asdict(explanation), ensure_ascii=False))
    else:
        _print(explanation)


def _explanation(
    coordinate: str, application: str, purpose: str, folder: Path | None, named: str | None, home: Path | None
) -> CoordinateExplanation:
    """What a policy of this home or a folder says, recorded if it is the version in force."""
    from hub.home.catalogue import catalogue_of
    from hub.steward.changes import policy_of
    from hub.steward.explain_coordinate import explain_coordinate
    from hub.steward.policy_lookup import CURRENT, reader_of, record_reading
    from policies.language import load
    from schema.catalogue import CatalogueError

    settings = open_settings(home)
    actor = None if folder else reader_of(settings, named, CURRENT)
    catalogue = catalogue_of(settings)
    policy = load(folder_named(folder), catalogue) if folder else policy_of(settings, catalogue)
    if application not in policy.applications:
        raise Refused(f"no application {application!r} is registered; registered: {', '.join(policy.applications)}")
    if purpose not in policy.purposes:
        raise Refused(f"unknown purpose {purpose!r}; known: {', '.join(policy.purposes)}")
    try:
        day = settings.now().date()
        explanation = explain_coordinate(catalogue, policy, application, purpose, coordinate, day)
    except CatalogueError as unknown:
        raise Refused(str(unknown)) from None
    facts = {"application": application, "purpose": purpose, "coordinate": coordinate}
    record_reading(settings, "policy explain", actor, facts)
    return explanation


def _print(explanation: CoordinateExplanation) -> None:
    who, purpose = explanation.application, explanation.purpose
    typer.echo(f"{explanation.coordinate} for {who}, {purpose}: {', '.join(explanation.effects) or 'nothing'}")
    for rule in explanation.rules:
        typer.echo(f"  {rule.rule} ({rule.place}): {rule.effect}{f' on rows where {rule.rows}' if rule.rows else ''}")
    if explanation.hidden_target:
        typer.echo(f"  it leads to {explanation.hidden_target}, of which {purpose} shows nothing")
    for obligation in explanation.obligations:
        typer.echo(f"  obligation {obligation}")
    if not explanation.granted:
        typer.echo(f"  {who} has no grant in force for {purpose}")
    would = ", ".join(explanation.purposes_that_would) or "none"
    typer.echo(f"other purposes of {who} that would show it: {would}")
    typer.echo(f"owner to ask for a grant: {explanation.owner or 'none is named'}")


def _access_as(role: str | None, level: str | None) -> str | None:
    """The header that states another asker; None where neither is given."""
    given = [f"{name}={value}" for name, value in (("role", role), ("level", level)) if value is not None]
    return ", ".join(given) or None


def _explain_remote(
    url: str, home: Path | None, coordinate: str | None, stated: Mapping[str, str | None], *, as_json: bool
) -> None:
    """Ask a running hub, and print what it tells; raises Refused for what it refuses."""
    from urllib.parse import urlencode

    from hub.home.remote_hub import get_access, read_token

    settings = open_settings(home)
    headers = {"Authorization": f"Bearer {read_token(settings)}"}
    headers |= {name: value for name, value in stated.items() if value is not None}
    query = "" if coordinate is None else urlencode({"why": coordinate})
    _, answer = get_access(settings, url, query, headers)
    told = (answer.get("data") or {}).get("myAccess")
    if told is None:
        raise Refused("\n".join(refusal_lines(answer)))
    if as_json:
        typer.echo(json.dumps(answer, ensure_ascii=False))
        return
    try:
        lines = list(access_lines(told) if coordinate is None else why_lines(told))
    except (KeyError, TypeError):
        raise Refused("the hub tells it in another form; use the command of its own release, or --json") from None
    typer.echo("\n".join(map(escape_unprintable, lines)))
