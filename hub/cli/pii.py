"""Commands on free text tell counts, kinds and places, and never quote what is personal unless it is their own input.

The group `sluicegate pii`; other files of commands register theirs on `app`.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated

import typer

from hub.cli import graph as cli_graph
from hub.cli.options import Home, Json, Refused, open_settings, remedied
from hub.terminal import progress_bar

app = typer.Typer(
    help="Personal information in free text: find it, judge the finding (个人信息).", no_args_is_help=True
)


@app.command(epilog="Example: sluicegate pii redetect --limit 100000")
def redetect(
    limit: Annotated[int | None, typer.Option(help="Most texts to judge; all without it.", min=1)] = None,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Judge again the texts that another detector judged, oldest first; may be stopped and run again (重新识别).

    A text is redacted whole until the detector in force has judged it. A running hub does this by itself, slowly.
    """
    with remedied():
        from hub.ingest.redetect import DetectorBroken, recorded_redetect
        from schema import CATALOGUE

        settings = open_settings(home)
        with cli_graph.graph_of(settings) as address, progress_bar() as show:
            try:
                done = recorded_redetect(settings, address, CATALOGUE, lambda at, of: show("texts 文本", at, of), limit)
            except DetectorBroken as broken:
                raise Refused(str(broken)) from None
    if as_json:
        typer.echo(json.dumps({**asdict(done.tally), "outrun": done.outrun, "left": done.left}))
        return
    typer.echo(done.tally.told() or "no text had to be judged again")
    if done.outrun:
        typer.echo(f"{done.outrun:,} changed meanwhile")
    if done.left:
        typer.echo(f"{done.left:,} are left; they stay redacted whole")
