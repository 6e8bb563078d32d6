"""The group `sluicegate source`: how the sources stand, and what happened to their rows.

It shows places and reasons, and no value of a row.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated

import typer

from hub.cli.options import (
    SOURCES,
    Data,
    Home,
    Json,
    Refused,
    SourcesFolder,
    Variables,
    exit_on_refusal,
    given_pull,
    open_settings,
    require_graph,
)
from hub.terminal import row_counter, text_console

app = typer.Typer(help="Look at the sources (数据来源).", no_args_is_help=True)
STALE = 3
"""The exit code of `source status` if a source is stale."""


@app.callback()
def _group() -> None:
    """Look at the sources (数据来源)."""


@app.command(epilog="Example: sluicegate source refused police/register --limit 20")
def refused(
    stream: Annotated[str | None, typer.Argument(help="A source or source/stream (default: all).")] = None,
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="How many rows at most.")] = 200,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """List the rows that pulls refused (待处理的行).

    Each with its place and the reason, and after them the rows that are written and of which a link waits or a value is
    doubtful. The listing is recorded in the audit log.
    """
    with exit_on_refusal():
        from hub.graph.local import started_graph
        from hub.ingest.refused_rows import UnknownSource, listing_summary, refused_rows, refused_table

        settings = open_settings(home)
        require_graph(settings)
        with started_graph(settings) as address:
            try:
                listing = refused_rows(settings, address, stream, limit)
            except UnknownSource as unknown:
                raise Refused(str(unknown)) from None
    if as_json:
        typer.echo(json.dumps([asdict(each) for each in listing.rows], ensure_ascii=False))
    elif listing.rows:
        text_console(160).print(refused_table(listing.rows))
    else:
        typer.echo("no row is refused")
    for line in listing_summary(listing) if listing.rows else ():
        # The output for programs is the list alone.
        typer.echo(line, err=as_json)


@app.command(epilog="Example: sluicegate source status --json")
def status(
    sources: Annotated[list[str] | None, typer.Argument(help="Names of sources (default: all).")] = None,
    folder: SourcesFolder = SOURCES,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Show how the sources stand (数据来源状态).

    Of each its last run, its age, when it is due, and what waits in quarantine, by reason.

    The exit code is 3 if one of them is stale: its last good run began more than two of its own cycles ago.
    """
    with exit_on_refusal():
        from hub.graph.local import started_graph
        from hub.ingest.runs.scheduled_pull import declared_sources
        from hub.ingest.runs.source_status import source_statuses, status_lines, status_table

        given = given_pull(home, folder, None, None)
        require_graph(given.settings)
        declared = declared_sources(given.settings, folder, sources or [], given.data, given.variables)
        with started_graph(given.settings) as address:
            statuses = source_statuses(given.settings, address, declared)
    if as_json:
        typer.echo(json.dumps([each.as_json() for each in statuses], ensure_ascii=False))
    else:
        text_console(160).print(status_table(statuses))
        for line in status_lines(statuses):
            typer.echo(line)
    if any(each.stale for each in statuses):
        raise typer.Exit(STALE)


@app.command(epilog="Example: sluicegate source retry police --data county")
def retry(
    source: Annotated[str, typer.Argument(help="The source whose refused rows are read again.")],
    data: Data = None,
    folder: SourcesFolder = SOURCES,
    variable: Variables = None,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Let mended rows in again (重新接入): those that were refused, and now are not.

    Mend them at their source, or mend the source's file, first.

    The streams that have some are read from their beginning; what is as it was writes nothing. It is a pull, and is
    recorded as one.
    """
    with exit_on_refusal():
        from hub.graph.local import started_graph
        from hub.ingest.pull import pull_table
        from hub.ingest.runs.retried_rows import retry_refused

        given = given_pull(home, folder, data, variable)
        require_graph(given.settings)
        with started_graph(given.settings) as address, row_counter() as report:
            done = retry_refused(given.settings, given.folder, source, given.data, given.variables, report, address)
    if as_json:
        typer.echo(json.dumps(asdict(done), ensure_ascii=False))
        return
    if not done.before:
        typer.echo(f"no row of {source} is refused")
        return
    text_console(120).print(pull_table(done.results))
    for stream, rows in done.before.items():
        typer.echo(f"{stream}: {rows:,} rows were refused, {done.after.get(stream, 0):,} are now")
