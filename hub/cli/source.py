"""The group `sluicegate source`: new sources, how sources stand, and what happened to their rows.

It shows places and reasons, and no value of a row.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from hub.cli.options import (
    Data,
    Home,
    Json,
    Refused,
    SourcesFolder,
    Variables,
    check_sources,
    exit_on_refusal,
    given_pull,
    name_and_value,
    open_settings,
    require_graph,
)
from hub.terminal import escape_unprintable, row_counter, text_console

app = typer.Typer(help="Look at the sources (数据来源).", no_args_is_help=True)
STALE = 3
"""The exit code of `source status` if a source is stale."""
PAGE_ROWS, SAMPLE_ROWS = 200, 10_000
"""How many rows `source try` reads of a stream, and `source new` of what it drafts."""


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
    folder: SourcesFolder = None,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Show how the sources stand (数据来源状态).

    Of each its last run, its age, when it is due, and what waits in quarantine, by reason; of one that is pushed what
    waits.

    The exit code is 3 if one of them is stale: its last good run began more than two of its own cycles ago.
    """
    with exit_on_refusal():
        from hub.graph.local import started_graph
        from hub.ingest.runs.scheduled_pull import shown_sources
        from hub.ingest.runs.source_status import source_statuses, status_lines, status_table

        given = given_pull(home, folder, None, None)
        require_graph(given.settings)
        declared = shown_sources(given.settings, given.folder, sources or [], given.data, given.variables)
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
    folder: SourcesFolder = None,
    variable: Variables = None,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Let mended rows in again (重新接入).

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
        check_sources(given)
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
        were, left = "row was" if rows == 1 else "rows were", done.after.get(stream, 0)
        typer.echo(f"{stream}: {rows:,} {were} refused, {left:,} {'is' if left == 1 else 'are'} now")


@app.command("try", epilog="Example: sluicegate source try hotline --set HOTLINE_URL=https://hotline.example")
def try_(
    sources: Annotated[list[str] | None, typer.Argument(help="Names of sources (default: all).")] = None,
    data: Data = None,
    folder: SourcesFolder = None,
    variable: Variables = None,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Connect to sources and read one page of each (试连).

    It tells what is wrong and what to do about it. Nothing is written or recorded, and no value is shown. The exit code
    is 1 if a stream cannot be read, or if a pull of these rows would stop.
    """
    with exit_on_refusal():
        from hub.ingest.trial.dry_run import Tried
        from hub.ingest.trial.trials import try_sources
        from hub.ingest.trial.tried_tables import answer_lines, tried_json, unreadable_lines

        given = given_pull(home, folder, data, variable)
        tried = []
        for each in try_sources(
            given.settings, given.folder, sources or [], given.data, given.variables, first=PAGE_ROWS, shown=0
        ):
            tried.append(each)
            if not as_json:
                _echo(answer_lines(each) if isinstance(each, Tried) else unreadable_lines(each))
    if as_json:
        typer.echo(json.dumps(tried_json(tried), ensure_ascii=False))
    if not all(isinstance(each, Tried) and each.stops is None for each in tried):
        raise typer.Exit(1)


def _echo(lines: Iterable[str]) -> None:
    for line in lines:
        typer.echo(escape_unprintable(line))


@app.command(epilog="Example: sluicegate source new shops.xlsx --collected-for trade.register --out drafts")
def new(  # noqa: PLR0913, PLR0917 - the options of the command
    where: Annotated[
        str, typer.Argument(metavar="FILE|DATABASE|URL", help="A workbook, a CSV file, a database or an address.")
    ],
    out: Annotated[Path, typer.Option(help="Folder for the drafts: sources/NAME.yaml and slices/NAME.yaml.")] = Path(
        "drafts"
    ),
    name: Annotated[
        str | None, typer.Option(help="Short name of source and slice (default: that of the file or table).")
    ] = None,
    title: Annotated[str | None, typer.Option(help="What the records are called, in Chinese.")] = None,
    table: Annotated[str | None, typer.Option(help="The table of a database.")] = None,
    sheet: Annotated[
        list[str] | None, typer.Option(help="A sheet of a workbook, where several hold tables; may be repeated.")
    ] = None,
    encoding: Annotated[
        str | None, typer.Option(help="The encoding of a CSV file, where it cannot be found: utf-8, gb18030 …")
    ] = None,
    secret: Annotated[
        str | None, typer.Option(help="Where the key or password is kept: env:NAME or file:PATH; never itself.")
    ] = None,
    paging: Annotated[
        list[str] | None, typer.Option(help="NAME=VALUE of `paging`, where an address gives pages of its own form.")
    ] = None,
    collected_for: Annotated[
        str | None, typer.Option(help="For which purpose its keeper collects it; without it the draft asks.")
    ] = None,
) -> None:
    """Draft a source and a slice from real data (新数据源).

    By the first 10,000 rows it guesses how they are read, what each column holds and what in it is personal, and writes
    two files that say what was guessed and why. No file is overwritten. No value is written or shown, but the words of
    an enum: at most 20 of a column, each of which stands at least five times, and none where something is personal.
    """
    with exit_on_refusal():
        from hub.ingest.trial.drafting import asked_for, draft, told, write

        pages = dict(map(name_and_value, paging or []))
        asked = asked_for(where, name, table, secret, pages, SAMPLE_ROWS, sheet or [], encoding)
        made = draft(asked, title, collected_for, open_settings().now().date())
        written = write(made, out)
        _echo(told(made))
    _echo(f"written: {path}" for path in written)
