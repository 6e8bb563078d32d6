"""The group `sluicegate graph`: start and stop the local graph, and show whether it runs.

These commands touch the graph of their own home only, never that of another home or a server of one's own.
"""

from __future__ import annotations

import json
from dataclasses import asdict

import typer

from hub.cli.options import Home, Json, exit_on_refusal, open_settings

app = typer.Typer(help="Start and stop the local graph (图数据库).", no_args_is_help=True)


@app.command(epilog="Example: sluicegate graph start")
def start(home: Home = None) -> None:
    """Start the local graph and leave it running (启动).

    Does nothing if it runs already.
    """
    with exit_on_refusal():
        from hub.graph.local import LocalGraph

        address = LocalGraph(open_settings(home)).start()
    typer.echo(f"the graph answers at {address.url}")


@app.command(epilog="Example: sluicegate graph stop")
def stop(home: Home = None) -> None:
    """Stop the local graph cleanly (停止)."""
    with exit_on_refusal():
        from hub.graph.local import LocalGraph

        was_running = LocalGraph(open_settings(home)).stop()
    typer.echo("stopped" if was_running else "it was not running")


@app.command(epilog="Example: sluicegate graph status --json")
def status(home: Home = None, as_json: Json = False) -> None:
    """Show whether the local graph runs (状态).

    Exit code 1 if it does not.
    """
    with exit_on_refusal():
        from hub.graph.local import LocalGraph

        state = LocalGraph(open_settings(home)).status()
    if as_json:
        typer.echo(json.dumps(asdict(state)))
    else:
        typer.echo(f"{state.phase} (process {state.pid}, port {state.port})" if state.running else state.phase)
    raise typer.Exit(0 if state.phase == "ready" else 1)
