"""Commands on the graph at home never touch another home's graph, nor a server of one's own."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING

import typer

from hub.cli.options import Home, Json, open_settings, remedied

if TYPE_CHECKING:
    from hub.graph.local import GraphAddress
    from hub.home.settings import Settings

app = typer.Typer(help="The local graph: start, stop, status (图库).", no_args_is_help=True)


@app.command(epilog="Example: sluicegate graph start")
def start(home: Home = None) -> None:
    """Start the local graph and leave it running; does nothing if it runs."""
    with remedied():
        from hub.graph.local import LocalGraph

        address = LocalGraph(open_settings(home)).start()
    typer.echo(f"the graph answers at {address.url}")


@app.command(epilog="Example: sluicegate graph stop")
def stop(home: Home = None) -> None:
    """Stop the local graph cleanly."""
    with remedied():
        from hub.graph.local import LocalGraph

        ran = LocalGraph(open_settings(home)).stop()
    typer.echo("stopped" if ran else "it was not running")


@app.command(epilog="Example: sluicegate graph status --json")
def status(home: Home = None, as_json: Json = False) -> None:
    """Say whether the local graph runs; exit code 1 if it does not."""
    with remedied():
        from hub.graph.local import LocalGraph

        found = LocalGraph(open_settings(home)).status()
    if as_json:
        typer.echo(json.dumps(asdict(found)))
    else:
        place = f" (process {found.pid}, port {found.port})" if found.running else ""
        typer.echo(f"{found.phase}{place}")
    raise typer.Exit(0 if found.phase == "ready" else 1)


@contextmanager
def graph_of(settings: Settings) -> Iterator[GraphAddress]:
    """The graph that the settings name; a local one that was not running is stopped again afterwards."""
    from hub.graph.local import GraphAddress, LocalGraph

    if settings.graph_url is not None:
        yield GraphAddress(settings.graph_url, settings.graph_user, settings.read_graph_password() or "")
        return
    graph = LocalGraph(settings)
    ran = graph.status().running
    try:
        yield graph.start(owned=not ran)
    finally:
        if not ran:
            graph.stop()
