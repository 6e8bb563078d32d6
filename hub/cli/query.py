"""A query asked from the command line goes the way of every query: over HTTP, with a token and a purpose."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hub.cli.options import Home, Json, Port, Refused, json_object, open_settings, remedied

if TYPE_CHECKING:
    from hub.home.settings import Settings

App = Annotated[str, typer.Option("--app", help="Registered application, such as fire-inspection.")]
Person = Annotated[str | None, typer.Option(help="Who asks (`sub` of the token).")]


def token(
    app: App,
    person: Person = None,
    seconds: Annotated[int, typer.Option(help="Lifetime.", min=1, max=3600)] = 600,
    home: Home = None,
) -> None:
    """Print a token of the local issuer, for an application and a person (令牌)."""
    with remedied():
        settings = open_settings(home)
        typer.echo(_issue(settings, app, person, seconds))


def query(  # noqa: PLR0913, PLR0917 - each is one option of the command
    document: Annotated[str, typer.Argument(help="The GraphQL query.")],
    app: App,
    purpose: Annotated[str, typer.Option(help="Access purpose, such as safety.fire.")],
    person: Person = None,
    variables: Annotated[str | None, typer.Option(help="Variables as a JSON object.")] = None,
    case: Annotated[str | None, typer.Option(help="Case-Reference.")] = None,
    explain: Annotated[bool, typer.Option("--explain", help="Show decision and statement; ask nothing.")] = False,
    home: Home = None,
    port: Port = None,
    as_json: Json = False,
) -> None:
    """Ask the running hub, for a stated purpose (查询)."""
    with remedied():
        settings = open_settings(home, port)
        body = {"query": document, "variables": json_object(variables)}
        if explain:
            _explain(settings, (app, person, purpose, case), body, as_json=as_json)
            return
        headers = {
            "Authorization": f"Bearer {_issue(settings, app, person, 60)}",
            "Access-Purpose": purpose,
            **({"Case-Reference": case} if case else {}),
        }
        status, answer = _post(_address(settings, port), headers, body)
    if as_json:
        typer.echo(json.dumps(answer, ensure_ascii=False))
    else:
        _show(answer)
    raise typer.Exit(0 if status == 200 else 1)


def _issue(settings: Settings, app: str, person: str | None, seconds: int) -> str:
    from hub.home.issuer import Issuer
    from hub.steward.changes import policy_of
    from schema import CATALOGUE

    applications = policy_of(settings, CATALOGUE).applications
    if app not in applications:
        raise Refused(f"no application {app!r} is registered; registered: {', '.join(applications)}")
    staff = applications[app].staff
    if person is None:
        # An application that lists its staff answers for them only: its first one stands in.
        person = next(iter(staff), "local")
    elif staff and person not in staff:
        raise Refused(f"{app} lists its staff, and the person is not among them: {', '.join(staff)}")
    settings.prepare_home()
    return Issuer(settings).issue(app, person, seconds)


def _address(settings: Settings, port: int | None) -> str:
    """Where the hub of this home listens: its own word in `hub.json`, unless a port was given."""
    state = settings.home.absolute() / "hub.json"
    if port is None and state.exists():
        try:
            told = json.loads(state.read_text("utf-8"))
            return f"http://{told['host']}:{int(told['port'])}/graphql"
        except (OSError, ValueError, KeyError, TypeError):
            raise Refused(f"{state} cannot be read; give --port") from None
    return f"http://{settings.host}:{settings.port}/graphql"


def _post(url: str, headers: dict[str, str], body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    import httpx

    try:
        # No proxy from the environment: the token is for the hub alone.
        with httpx.Client(trust_env=False, timeout=30) as client:
            response = client.post(url, headers=headers, json=body)
        return response.status_code, response.json()
    except (httpx.HTTPError, httpx.InvalidURL, UnicodeEncodeError):
        raise Refused(f"no hub answers at {url}; start one with `sluicegate serve` or `make demo`") from None
    except ValueError:
        raise Refused(f"what answers at {url} is not a hub") from None


def _show(answer: dict[str, Any]) -> None:
    if "data" in answer:
        typer.echo(json.dumps(answer["data"], ensure_ascii=False, indent=2))
    for error in answer.get("errors", ()):
        path = ".".join(str(step) for step in error.get("path", ()))
        access = error["extensions"].get("access")
        typer.echo(f"{error['extensions']['code']} {path}: {error['message']}", err=True)
        if access:
            typer.echo(f"  {json.dumps(access, ensure_ascii=False)}", err=True)
    told = answer.get("extensions", {})
    receipt = told.get("receipt")
    if receipt:
        typer.echo(f"record {receipt['index']}, leaf {receipt['leafHash']}, policy {told['policyVersion']}", err=True)


def _explain(
    settings: Settings,
    asker: tuple[str, str | None, str, str | None],
    body: dict[str, Any],
    *,
    as_json: bool,
) -> None:
    from dataclasses import asdict

    from hub.steward.explain_offline import explain_locally

    app, person, purpose, case = asker
    found = explain_locally(settings, app, person, purpose, body, case)
    if as_json:
        typer.echo(json.dumps(asdict(found), ensure_ascii=False))
        return
    typer.echo(f"purpose {found.purpose}, policy {found.policy_version}, grants {', '.join(found.grants)}")
    for line in found.lines:
        typer.echo(f"  {line.coordinate}: {line.effect}{f' on rows where {line.rows}' if line.rows else ''}")
    typer.echo(found.statement or "no statement: nothing is fetched")
    if found.parameters:
        typer.echo(f"parameters: {', '.join(found.parameters)}")
    for note in found.notes:
        typer.echo(f"note: {note}")
