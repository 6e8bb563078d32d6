"""The commands `policy diff`, `policy preview` and `policy replay`: what a draft would change, before it is approved.

None of them changes a policy. A policy is named by a folder, the number of a version, or `current`. `diff` ends with
exit code 3 if something widens, so that a pipeline can stop there.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hub.cli.options import As, Home, Json, Refused, exit_on_refusal, json_object, open_settings
from hub.terminal import progress_bar, text_console

if TYPE_CHECKING:
    from rich.console import RenderableType

    from hub.home.settings import Settings
    from hub.steward.estimate import Estimate
    from policies.model import PolicySet

WIDENS = 3
UNITS = {"d": "days", "h": "hours", "m": "minutes"}
Policy = Annotated[str, typer.Argument(help="A folder, the number of a version, or `current`.")]

Steward = Annotated[
    str | None,
    typer.Option(help="An account of `stewards:`, believed without a sign-in only under SLUICEGATE_LOCAL_STEWARDS=1."),
]

app = typer.Typer()


@app.command(epilog="Example: sluicegate policy diff current policies")
def diff(before: Policy, after: Policy, named: As = None, home: Home = None, as_json: Json = False) -> None:
    """Compare the decisions of two policies (比较).

    Shows which decisions change; exit code 3 if something widens. Reading a version needs a sign-in and is recorded;
    two folders need neither.
    """
    with exit_on_refusal():
        from hub.home.catalogue import catalogue_of
        from hub.steward.policy_lookup import named_in_record, reader_of, record_reading, versions_of
        from hub.steward.policy_tables import diff_json, diff_lines
        from policies.review.diff import diff_with_joins

        settings = open_settings(home)
        actor = reader_of(settings, named, before, after)
        catalogue = catalogue_of(settings)
        with versions_of(settings, catalogue) as versions:
            old, new, today = versions.find(before), versions.find(after), settings.now().date()
        changes = diff_with_joins(catalogue, old, new, today)
        read = {"before": named_in_record(before), "after": named_in_record(after)}
        record_reading(settings, "policy diff", actor, read)
        _print(diff_json(changes) if as_json else diff_lines(changes))
    raise typer.Exit(WIDENS if changes.widens else 0)


@app.command(
    epilog="Example: sluicegate policy preview --as fire-inspection --purpose safety.fire.rental --draft policies "
    "'{ people(first: 3) { edges { node { name phone } } } }'"
)
def preview(  # noqa: PLR0913, PLR0917 - each is one option of the command
    query: Annotated[str, typer.Argument(help="The GraphQL query.")],
    application: Annotated[str, typer.Option("--as", help="Registered application, such as fire-inspection.")],
    purpose: Annotated[str, typer.Option(help="Access purpose, such as safety.fire.")],
    draft: Annotated[str, typer.Option(help="A folder, the number of a version, or `current`.")] = "current",
    person: Annotated[
        str | None, typer.Option(help="Account of the person who asks, if the application lists its staff.")
    ] = None,
    variables: Annotated[str | None, typer.Option(help="Variables as a JSON object.")] = None,
    case: Annotated[str | None, typer.Option(help="Case reference, sent as Case-Reference.")] = None,
    steward: Steward = None,
    sources: Annotated[Path, typer.Option(help="Source files of the sample county.")] = Path("examples/county/sources"),
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Answer a query under a draft, over invented people (预览).

    The people are in a separate graph. The preview is recorded in the audit log.
    """
    with exit_on_refusal():
        from hub.home.catalogue import catalogue_of
        from hub.steward.acting import READERS, acting
        from hub.steward.policy_lookup import versions_of
        from hub.steward.policy_tables import preview_json, preview_lines
        from hub.steward.preview import PreviewRefused, Question
        from hub.steward.preview import preview as ask

        settings = open_settings(home)
        actor = acting(settings, steward, *READERS)
        question = Question(application, person, purpose, query, json_object(variables), case)
        with versions_of(settings, catalogue_of(settings)) as versions:
            policy = versions.find(draft)
        try:
            answer = ask(settings, policy, question, actor, sources, lambda line: typer.echo(line, err=True))
        except PreviewRefused as refused:
            raise Refused(str(refused)) from None
        _print(preview_json(answer) if as_json else preview_lines(answer))
    raise typer.Exit(0 if answer.status == 200 else 1)


@app.command(epilog="Example: sluicegate policy replay policies --since 7d")
def replay(
    draft: Policy,
    since: Annotated[str, typer.Option(help="Replay what was asked since: 7d, 12h, 30m, or a time (ISO 8601).")] = "7d",
    on: Annotated[
        str | None, typer.Option(help="Day on which the draft is taken to be in force (default: today).")
    ] = None,
    steward: Steward = None,
    graph: Annotated[
        bool, typer.Option("--graph", help="Also estimate, on today's graph, which rows would appear.")
    ] = False,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Decide past requests again under a draft (回放).

    Shows what the draft would have withheld, disclosed and refused. The replay is recorded in the audit log.
    """
    with exit_on_refusal():
        from hub.home.audit_log import existing_log
        from hub.steward.acting import READERS, acting
        from hub.steward.policy_tables import replay_json, replay_lines
        from hub.steward.recorded_replay import recorded_replay

        settings = open_settings(home)
        existing_log(settings)
        actor = acting(settings, steward, *READERS)
        day = settings.now().date() if on is None else _day(on)
        start = _moment(since, settings)
        with progress_bar() as bar:
            past = recorded_replay(
                settings, draft, actor, start, day, lambda count: bar("records", count, max(count, 1))
            )
        estimates = _estimates(settings, past.current, past.draft, day) if graph else None
        _print(replay_json(past.result, estimates) if as_json else replay_lines(past.result, estimates))


def _estimates(settings: Settings, current: PolicySet, draft: PolicySet, day: dt.date) -> list[Estimate]:
    from hub.graph.local import started_graph
    from hub.steward.recorded_replay import estimates_of

    with started_graph(settings) as address:
        return estimates_of(settings, address, current, draft, day)


def _print(result: dict[str, Any] | RenderableType) -> None:
    if isinstance(result, dict):
        typer.echo(json.dumps(result, ensure_ascii=False))
        return
    # Where there is no terminal, wide enough for a row in words.
    text_console(160, highlight=False).print(result)


def _moment(text: str, settings: Settings) -> dt.datetime:
    from hub.home.zone import read_moment

    span = re.fullmatch(r"(\d{1,4})([dhm])", text)
    if span is not None:
        return settings.now() - dt.timedelta(**{UNITS[span.group(2)]: int(span.group(1))})
    try:
        return read_moment(text, settings.zone)
    except ValueError:
        raise Refused("--since takes 7d, 12h, 30m, or a time such as 2026-11-01T00:00+08:00") from None


def _day(text: str) -> dt.date:
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise Refused("--on takes a day such as 2026-12-01") from None
