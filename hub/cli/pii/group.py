"""The group `sluicegate pii` and its command `redetect`.

`redetect` runs on the graph and prints counts only; `scan` (`scan.py`) and `eval` (`evaluate.py`) read files.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated

import typer

from hub.cli.options import MAX_NUMBER, Home, Json, Refused, exit_on_refusal, open_settings, require_graph
from hub.cli.pii import evaluate, scan
from hub.terminal import progress_bar

app = typer.Typer(help="Find personal information in free text (个人信息).", no_args_is_help=True)


@app.command(epilog="Example: sluicegate pii redetect --limit 100000")
def redetect(
    limit: Annotated[
        int | None, typer.Option(help="Check at most so many texts (default: all).", min=1, max=MAX_NUMBER)
    ] = None,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Check texts again with the present detector (重新识别).

    Those that another version of the detector checked, oldest first. A text is redacted whole until the detector in
    force has checked it. A running hub does this by itself, slowly. The command may be stopped at any time and run
    again.
    """
    with exit_on_refusal():
        from hub.graph.local import started_graph
        from hub.home.catalogue import catalogue_of
        from hub.ingest.redetect import DetectorBroken, recorded_redetect

        settings = open_settings(home)
        require_graph(settings)
        catalogue = catalogue_of(settings)
        with started_graph(settings) as address, progress_bar() as show:
            try:
                done = recorded_redetect(settings, address, catalogue, lambda at, of: show("texts 文本", at, of), limit)
            except DetectorBroken as broken:
                raise Refused(str(broken)) from None
    if as_json:
        typer.echo(json.dumps({**asdict(done.tally), "changed": done.changed, "left": done.left}))
        return
    typer.echo(done.tally.summary() or "no text had to be checked again")
    if done.changed:
        typer.echo(f"{done.changed:,} were changed meanwhile")
    if done.left:
        typer.echo(f"{done.left:,} are left; they stay redacted whole until they are checked")


app.add_typer(scan.app)
app.add_typer(evaluate.app)
