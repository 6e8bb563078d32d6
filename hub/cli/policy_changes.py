"""Before a draft is approved, these commands say whom it would widen for, and none of them changes anything.

`policy diff`, `policy preview` and `policy replay`. A policy is named by a folder, a version's number, or `current`.
Exit codes: `diff` ends with 3 where something widens, so that a pipeline can stop there.
"""

from __future__ import annotations

import datetime as dt
import json
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hub.cli.options import Home, Json, Refused, json_object, open_settings, remedied
from hub.terminal import progress_bar

if TYPE_CHECKING:
    from rich.console import RenderableType

    from hub.home.settings import Settings
    from hub.steward.estimate import Estimate
    from policies.model import PolicySet

WIDENS = 3
UNITS = {"d": "days", "h": "hours", "m": "minutes"}
Policy = Annotated[str, typer.Argument(help="A folder, a version's number, or `current`.")]


def register(app: typer.Typer) -> None:
    """Add the commands to the group `policy`."""
    app.command("diff", epilog="Example: sluicegate policy diff current policies")(diff)
    app.command(
        "preview",
        epilog="Example: sluicegate policy preview --as fire-inspection --purpose safety.fire.rental --draft policies "
        "'{ people(first: 3) { edges { node { name phone } } } }'",
    )(preview)
    app.command("replay", epilog="Example: sluicegate policy replay policies --since 7d")(replay)


def diff(before: Policy, after: Policy, home: Home = None, as_json: Json = False) -> None:
    """Say which decisions change from one policy to another; exit code 3 if anything widens (比较)."""
    with remedied():
        from hub.steward.change_tables import diff_json, diff_lines
        from hub.steward.policy_lookup import versions_of
        from policies.diff import diff as compare
        from schema import CATALOGUE

        with versions_of(open_settings(home), CATALOGUE) as versions:
            found = compare(CATALOGUE, versions.find(before), versions.find(after), _today())
        _show(diff_json(found) if as_json else diff_lines(found))
    raise typer.Exit(WIDENS if found.widens else 0)


def preview(  # noqa: PLR0913, PLR0917 - each is one option of the command
    query: Annotated[str, typer.Argument(help="The GraphQL query.")],
    application: Annotated[str, typer.Option("--as", help="Registered application, such as fire-inspection.")],
    purpose: Annotated[str, typer.Option(help="Access purpose, such as safety.fire.")],
    draft: Annotated[str, typer.Option(help="A folder, a version's number, or `current`.")] = "current",
    person: Annotated[str | None, typer.Option(help="Who asks, where the application lists its staff.")] = None,
    variables: Annotated[str | None, typer.Option(help="Variables as a JSON object.")] = None,
    case: Annotated[str | None, typer.Option(help="Case-Reference.")] = None,
    sources: Annotated[Path, typer.Option(help="Source files of the sample county.")] = Path("examples/county/sources"),
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Answer a query under a draft, over invented people in a graph of its own; the look is logged (预览)."""
    with remedied():
        from hub.steward.change_tables import preview_json, preview_lines
        from hub.steward.policy_lookup import versions_of
        from hub.steward.preview import PreviewRefused, Question
        from hub.steward.preview import preview as ask
        from schema import CATALOGUE

        settings = open_settings(home)
        question = Question(application, person, purpose, query, json_object(variables), case)
        with versions_of(settings, CATALOGUE) as versions:
            policy = versions.find(draft)
        try:
            found = ask(settings, policy, question, sources, lambda line: typer.echo(line, err=True))
        except PreviewRefused as refused:
            raise Refused(str(refused)) from None
        _show(preview_json(found) if as_json else preview_lines(found))
    raise typer.Exit(0 if found.status == 200 else 1)


def replay(
    draft: Policy,
    since: Annotated[str, typer.Option(help="How far back: 7d, 12h, 30m, or a time (ISO 8601).")] = "7d",
    on: Annotated[str | None, typer.Option(help="Day on which the draft is in force (default: today).")] = None,
    graph: Annotated[bool, typer.Option("--graph", help="Estimate rows that would appear, on today's graph.")] = False,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Decide again what was asked, under a draft: what would have been withheld, disclosed, refused (重放)."""
    with remedied():
        from hub.home.audit_log import existing_log
        from hub.steward.change_tables import replay_json, replay_lines
        from hub.steward.recorded_replay import look_back

        settings = open_settings(home)
        existing_log(settings)
        day = _today() if on is None else _day(on)
        with progress_bar() as bar:
            told = look_back(settings, draft, _moment(since), day, lambda count: bar("records", count, max(count, 1)))
        estimates = _estimates(settings, told.current, told.draft, day) if graph else None
        _show(replay_json(told.found, estimates) if as_json else replay_lines(told.found, estimates))


def _estimates(settings: Settings, current: PolicySet, draft: PolicySet, day: dt.date) -> list[Estimate]:
    from hub.cli.graph import graph_of
    from hub.steward.recorded_replay import estimates_of

    with graph_of(settings) as address:
        return estimates_of(settings, address, current, draft, day)


def _show(told: dict[str, Any] | RenderableType) -> None:
    if isinstance(told, dict):
        typer.echo(json.dumps(told, ensure_ascii=False))
        return
    from rich.console import Console

    # Where no terminal says how wide it is, wide enough for a row in words.
    Console(width=None if sys.stdout.isatty() else 160, highlight=False).print(told)


def _moment(text: str) -> dt.datetime:
    now = dt.datetime.now().astimezone()
    span = re.fullmatch(r"(\d{1,4})([dhm])", text)
    if span is not None:
        return now - dt.timedelta(**{UNITS[span.group(2)]: int(span.group(1))})
    try:
        return dt.datetime.fromisoformat(text).astimezone()
    except ValueError:
        raise Refused("--since takes 7d, 12h, 30m, or a time such as 2026-11-01T00:00+08:00") from None


def _day(text: str) -> dt.date:
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise Refused("--on takes a day such as 2026-12-01") from None


def _today() -> dt.date:
    return dt.datetime.now().astimezone().date()
