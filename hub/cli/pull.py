"""The command `sluicegate pull`."""

from __future__ import annotations

import json
import signal
import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from hub.cli.options import (
    Data,
    Given,
    Home,
    Json,
    Refused,
    SourcesFolder,
    Variables,
    check_sources,
    exit_on_refusal,
    given_pull,
    refusals,
)
from hub.log_lines import describe_exception
from hub.terminal import row_counter, text_console

if TYPE_CHECKING:
    from connectors.results import PullResult
    from hub.graph.local import GraphAddress
    from hub.ingest.runs.outcomes import Outcome

app = typer.Typer()
SKIPPED = 3
"""The exit code of a pull that did what it could, beside sources that other pulls hold, or a purge that is due."""
_TOLD = {"SKIPPED": "skipped", "DUE": "due", "PURGED": "purged"}
"""How the line about an outcome begins."""
WATCH_SECONDS = 30.0
DRY_ROWS, SHOWN_ROWS = 1_000, 5
"""How many rows of a stream `--dry-run` reads, and how many of them it shows."""


@app.command(epilog="Example: sluicegate pull --data county --set HOTLINE_URL=http://127.0.0.1:8700 police")
def pull(  # noqa: PLR0913, PLR0917 - the options of the command
    sources: Annotated[list[str] | None, typer.Argument(help="Names of sources (default: all).")] = None,
    data: Data = None,
    folder: SourcesFolder = None,
    variable: Variables = None,
    scheduled: Annotated[
        bool, typer.Option("--scheduled", help="Pull what is due by the `schedule` of its file, each by itself.")
    ] = False,
    watch: Annotated[
        bool, typer.Option("--watch", help="With --scheduled: look again every half minute, until it is ended.")
    ] = False,
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Write nothing: show the first rows as they would be, and what is refused."),
    ] = False,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Pull registers into the graph (数据汇聚).

    The first source that fails ends the pull; what was done before it is shown, and stays. With --scheduled the others
    are pulled all the same, and the exit code is 1. Pulling again with nothing new writes nothing. A source that
    another pull holds is skipped, and the exit code is 3 if nothing failed. From one whose purpose has ended nothing is
    pulled. The pull is recorded in the audit log.

    With --dry-run nothing is written or recorded. Of the first 1,000 rows of each stream it tells which would be
    refused and why, and shows five as they would be; whatever is personal in them is masked.
    """
    with exit_on_refusal():
        from hub.graph.local import started_graph

        if watch and not scheduled:
            raise Refused("--watch goes with --scheduled")
        if dry_run and scheduled:
            raise Refused("--dry-run looks at sources by name; leave --scheduled out")
        given = given_pull(home, folder, data, variable)
        if dry_run:
            _dry_run(given, sources or [], as_json)
            return
        if not watch:
            # A watch goes on, and says at each look what keeps it from pulling.
            check_sources(given)
        with started_graph(given.settings) as address:
            if not scheduled:
                _pull_named(given, sources or [], address, as_json)
            elif watch:
                _watch(given, sources or [], address, as_json)
            else:
                outcomes = _pull_due(given, sources or [], address)
                _show_outcomes(outcomes, as_json)
                raise typer.Exit(_exit_code(outcomes))


def _pull_named(given: Given, names: Sequence[str], address: GraphAddress, as_json: bool) -> None:
    from hub.ingest.lease import SourcesBusy
    from hub.ingest.recorded_pull import recorded_pull

    results: list[PullResult] = []
    try:
        with row_counter() as report:
            recorded_pull(given.settings, given.folder, names, given.data, given.variables, report, address, results)
    except SourcesBusy as busy:
        _show(results, as_json)
        typer.echo(f"skipped: {busy}", err=True)
        raise typer.Exit(SKIPPED) from None
    except Exception:
        if results:
            _show(results, as_json)
        raise
    _show(results, as_json)


def _pull_due(given: Given, names: Sequence[str], address: GraphAddress) -> list[Outcome]:
    from hub.ingest.runs.scheduled_pull import pull_due

    with row_counter() as report:
        return pull_due(given.settings, given.folder, names, given.data, given.variables, report, address)


def _watch(given: Given, names: Sequence[str], address: GraphAddress, as_json: bool) -> None:
    """Pull what is due again and again; what cannot be done now may be possible later."""
    told_to_end = threading.Event()

    def end(*_: object) -> None:
        told_to_end.set()
        # So the run that goes on gives its lease back; within a call of the driver it may come out as another fault.
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, end)
    while not told_to_end.is_set():
        try:
            outcomes = _pull_due(given, names, address)
        except refusals() as failed:
            typer.echo(f"error: {failed}", err=True)
        except Exception as fault:
            typer.echo(f"error: internal fault ({describe_exception(fault)}); please report it", err=True)
        else:
            if outcomes:
                _show_outcomes(outcomes, as_json)
        told_to_end.wait(WATCH_SECONDS)
    raise KeyboardInterrupt


def _show_outcomes(outcomes: Sequence[Outcome], as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps([each.as_json() for each in outcomes], ensure_ascii=False))
    elif outcomes:
        _show([stream for each in outcomes for stream in each.streams], as_json)
    else:
        typer.echo("no source is due")
    for each in outcomes:
        if each.problem is not None:
            typer.echo(f"{_TOLD.get(each.result, 'error')}: {each.problem}", err=True)


def _exit_code(outcomes: Sequence[Outcome]) -> int:
    results = {each.result for each in outcomes}
    return 1 if "FAILED" in results else SKIPPED if results & {"SKIPPED", "DUE"} else 0


def _dry_run(given: Given, names: Sequence[str], as_json: bool) -> None:
    """Show what a pull would do; exit code 1 if a stream cannot be read, or would stop the pull."""
    from hub.ingest.trial.dry_run import Tried
    from hub.ingest.trial.trials import try_sources
    from hub.ingest.trial.tried_tables import tried_group, tried_json, unreadable_lines

    console, every = text_console(160), []
    for each in try_sources(
        given.settings, given.folder, names, given.data, given.variables, first=DRY_ROWS, shown=SHOWN_ROWS
    ):
        every.append(each)
        if as_json:
            continue
        if isinstance(each, Tried):
            console.print(tried_group(each))
        else:
            for line in unreadable_lines(each):
                typer.echo(f"error: {line}", err=True)
    if as_json:
        typer.echo(json.dumps(tried_json(every), ensure_ascii=False))
    if not all(isinstance(each, Tried) and each.stops is None for each in every):
        raise typer.Exit(1)


def _show(results: Sequence[PullResult], as_json: bool) -> None:
    from hub.ingest.pull import pull_json, pull_table

    if as_json:
        typer.echo(pull_json(results))
    else:
        # Where there is no terminal, wide enough for every column.
        text_console(120).print(pull_table(results))
