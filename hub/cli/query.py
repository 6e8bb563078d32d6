"""The commands `sluicegate token`, `sluicegate revoke` and `sluicegate query`.

A query takes the same way as every request: over HTTP, with a token and a purpose, and only to the hub of its home.
`--explain` asks no hub.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hub.cli.options import Home, Json, NamesStrayArguments, Port, Refused, exit_on_refusal, json_object, open_settings

if TYPE_CHECKING:
    from hub.home.settings import Settings
    from policies.model import Application

App = Annotated[str, typer.Option("--app", help="Registered application, such as fire-inspection.")]
Person = Annotated[str | None, typer.Option(help="Account of the person who asks (`sub` of the token).")]

app = typer.Typer()


@app.command(cls=NamesStrayArguments, epilog="Example: sluicegate token --app fire-inspection")
def token(
    application: App,
    person: Person = None,
    seconds: Annotated[int, typer.Option(help="Lifetime in seconds.", min=1, max=3600)] = 600,
    home: Home = None,
) -> None:
    """Print a token of the local issuer (令牌).

    It is for one application and one person.
    """
    with exit_on_refusal():
        typer.echo(_issue_token(open_settings(home), application, person, seconds))


@app.command(cls=NamesStrayArguments, epilog="Example: sluicegate revoke --app fire-inspection --person inspector-1")
def revoke(
    application: Annotated[str | None, typer.Option("--app", help="Tokens of this application.")] = None,
    person: Annotated[str | None, typer.Option(help="Tokens of this account (`sub`).")] = None,
    token_id: Annotated[str | None, typer.Option("--id", help="The one token with this `jti`.")] = None,
    home: Home = None,
) -> None:
    """Revoke tokens that were issued until now (吊销令牌).

    Hubs refuse them within five seconds. Who signs in again half a minute later is let in; whom nobody is to let in any
    more is taken out of the policy.
    """
    with exit_on_refusal():
        from hub.home.revocations import revoke as add

        if not (application or person or token_id):
            raise Refused("say which tokens: --app, --person, both of them, or --id")
        settings = open_settings(home)
        if not settings.home.exists():
            raise Refused(f"{settings.home} is no home, so no hub of it would know; name that of your hub with --home")
        if application is not None:
            _registered(settings, application)
        add(settings, application or None, person or None, token_id or None)
        typer.echo("revoked; hubs of this home refuse these tokens within five seconds")


@app.command(
    epilog="Example: sluicegate query --app fire-inspection --purpose safety.fire "
    "'{ people(first: 3) { edges { node { name } } } }'"
)
def query(  # noqa: PLR0913, PLR0917 - each is one option of the command
    document: Annotated[str, typer.Argument(help="The GraphQL query.")],
    application: App,
    purpose: Annotated[str, typer.Option(help="Access purpose, such as safety.fire.")],
    person: Person = None,
    variables: Annotated[str | None, typer.Option(help="Variables as a JSON object.")] = None,
    case: Annotated[str | None, typer.Option(help="Case reference, sent as Case-Reference.")] = None,
    explain: Annotated[
        bool, typer.Option("--explain", help="Show the decision and the statement; nothing is queried.")
    ] = False,
    home: Home = None,
    port: Port = None,
    as_json: Json = False,
) -> None:
    """Query the running hub for a stated purpose (查询)."""
    with exit_on_refusal():
        from hub.home.running_hub import hub_address, post_to_hub

        settings = open_settings(home, port)
        body = {"query": document, "variables": json_object(variables)}
        if explain:
            _print_explanation(settings, (application, person, purpose, case), body, as_json=as_json)
            return
        headers = {
            "Authorization": f"Bearer {_issue_token(settings, application, person, 60, of_a_hub=True)}",
            "Access-Purpose": purpose,
            "Access-Errors": "none",
            **({"Case-Reference": case} if case else {}),
        }
        status, answer = post_to_hub(settings, hub_address(settings, port), headers, body)
    if as_json:
        typer.echo(json.dumps(answer, ensure_ascii=False))
    else:
        _print_answer(answer, body)
    raise typer.Exit(0 if status == 200 else 1)


def _issue_token(
    settings: Settings, application: str, person: str | None, seconds: int, *, of_a_hub: bool = False
) -> str:
    """A token of the local issuer; `of_a_hub`: no home is made for it."""
    from hub.home.issuer import Issuer

    staff = _registered(settings, application).staff
    if person is None:
        # An application that lists its staff asks for them only: the first of them is taken.
        person = next(iter(staff), "local")
    elif not person.strip():
        raise Refused("--person is empty; name an account, or leave the option out")
    elif staff and person not in staff:
        raise Refused(f"{application} lists its staff, and this person is not among them; a steward can add them")
    if of_a_hub and not settings.home.exists():
        raise Refused(
            f"{settings.home} is no home, so no hub of it answers; name that of your hub with --home, or "
            "start one with `sluicegate serve` or `make demo`"
        )
    settings.prepare_home()
    return Issuer(settings).issue(application, person, seconds)


def _registered(settings: Settings, application: str) -> Application:
    """An application of the policy in force; raises Refused for a name that it does not know."""
    from hub.home.catalogue import catalogue_of
    from hub.steward.changes import policy_of

    applications = policy_of(settings, catalogue_of(settings)).applications
    if application not in applications:
        raise Refused(f"no application {application!r} is registered; registered: {', '.join(applications)}")
    return applications[application]


def _print_answer(answer: dict[str, Any], body: dict[str, Any]) -> None:
    from hub.cli.query_errors import error_lines, hidden_lines

    if "data" in answer:
        typer.echo(json.dumps(answer["data"], ensure_ascii=False, indent=2))
    for line in error_lines(answer.get("errors", ()), body["query"], body["variables"]):
        typer.echo(line, err=True)
    extensions = answer.get("extensions", {})
    for line in hidden_lines(extensions.get("access", {})):
        typer.echo(line, err=True)
    receipt = extensions.get("receipt")
    if receipt:
        typer.echo(
            f"record {receipt['index']}, leaf {receipt['leafHash']}, policy {extensions['policyVersion']}", err=True
        )


def _print_explanation(
    settings: Settings,
    asker: tuple[str, str | None, str, str | None],
    body: dict[str, Any],
    *,
    as_json: bool,
) -> None:
    from dataclasses import asdict

    from hub.cli.query_errors import error_lines, refusal_errors
    from hub.errors import HubError
    from hub.steward.explain_query import explain_query

    application, person, purpose, case = asker
    try:
        explanation = explain_query(settings, application, person, purpose, body, case)
    except HubError as refused:
        raise Refused("\n".join(error_lines(refusal_errors(refused), body["query"], body["variables"]))) from None
    if as_json:
        typer.echo(json.dumps(asdict(explanation), ensure_ascii=False))
        return
    typer.echo(
        f"purpose {explanation.purpose}, policy {explanation.policy_version}, grants {', '.join(explanation.grants)}"
    )
    for line in explanation.lines:
        typer.echo(f"  {line.coordinate}: {line.effect}{f' on rows where {line.rows}' if line.rows else ''}")
    typer.echo(explanation.statement or "no statement: nothing would be fetched")
    if explanation.parameters:
        typer.echo(f"parameters: {', '.join(explanation.parameters)}")
    for note in explanation.notes:
        typer.echo(f"note: {note}")
