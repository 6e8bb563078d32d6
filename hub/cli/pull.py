"""The command `sluicegate pull`."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from hub.cli.options import (
    SOURCES,
    Data,
    Given,
    Home,
    Json,
    Refused,
    SourcesFolder,
    Variables,
    exit_on_refusal,
    given_pull,
)
from hub.terminal import row_counter, text_console

if TYPE_CHECKING:
    from connectors.results import PullResult
    from hub.graph.local import GraphAddress
    from hub.ingest.runs.scheduled_pull import Outcome

app = typer.Typer()
SKIPPED = 3
"""The exit code of a pull that did what it could, beside sources that other pulls hold."""
WATCH_SECONDS = 30.0


@app.command(epilog="Example: sluicegate pull --data county --set HOTLINE_URL=http://127.0.0.1:8700 police")
def pull(
    sources: Annotated[list[str] | None, typer.Argument(help="Names of sources (default: all).")] = None,
    data: Data = None,
    folder: SourcesFolder = SOURCES,
    variable: Variables = None,
    scheduled: Annotated[
        bool, typer.Option("--scheduled", help="Pull what is due by the `schedule` of its file, each by itself.")
    ] = False,
    watch: Annotated[
        bool, typer.Option("--watch", help="With --scheduled: look again every half minute, until it is ended.")
    ] = False,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Pull registers into the graph (数据汇聚).

    The first source that fails ends the pull; what was done before it is shown, and stays. With --scheduled the others
    are pulled all the same, and the exit code is 1. Pulling again with nothing new writes nothing. A source that
    another pull holds is skipped, and the exit code is 3 if nothing failed. The pull is recorded in the audit log.
    """
    with exit_on_refusal():
        from hub.graph.local import started_graph

        if watch and not scheduled:
            raise Refused("--watch goes with --scheduled")
        given = given_pull(home, folder, data, variable)
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
    from audit.log import AuditUnavailable
    from connectors.manifest import ManifestError
    from hub.graph.driver import GraphWriteError

    # Told to end, the run that goes on gives its lease back.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    while True:
        try:
            outcomes = _pull_due(given, names, address)
        except (AuditUnavailable, GraphWriteError, ManifestError) as failed:
            typer.echo(f"error: {failed}", err=True)
        else:
            if outcomes:
                _show_outcomes(outcomes, as_json)
        time.sleep(WATCH_SECONDS)


def _show_outcomes(outcomes: Sequence[Outcome], as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps([each.as_json() for each in outcomes], ensure_ascii=False))
    elif outcomes:
        _show([stream for each in outcomes for stream in each.streams], as_json)
    else:
        typer.echo("no source is due")
    for each in outcomes:
        if each.problem is not None:
            typer.echo(f"{'skipped' if each.result == 'SKIPPED' else 'error'}: {each.problem}", err=True)


def _exit_code(outcomes: Sequence[Outcome]) -> int:
    results = {each.result for each in outcomes}
    return 1 if "FAILED" in results else SKIPPED if "SKIPPED" in results else 0


def _show(results: Sequence[PullResult], as_json: bool) -> None:
    from hub.ingest.pull import pull_json, pull_table

    if as_json:
        typer.echo(pull_json(results))
    else:
        # Where there is no terminal, wide enough for every column.
        text_console(120).print(pull_table(results))
