"""The group `sluicegate source`: what happened to the rows of the sources.

It shows places and reasons, and no value of a row.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated

import typer

from hub.cli.options import Home, Json, Refused, exit_on_refusal, open_settings, require_graph
from hub.terminal import text_console

app = typer.Typer(help="Look at the sources (数据来源).", no_args_is_help=True)


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
