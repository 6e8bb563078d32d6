"""The command `sluicegate serve`."""

from __future__ import annotations

import typer

from hub.cli.options import Home, Port, exit_on_refusal, open_settings

app = typer.Typer()


@app.command(epilog="Example: SLUICEGATE_POLICIES=examples/county/policies sluicegate serve --port 8600")
def serve(home: Home = None, port: Port = None) -> None:
    """Serve GraphQL until interrupted (启动服务).

    Starts the local graph, unless SLUICEGATE_GRAPH_URL names a server.
    """
    with exit_on_refusal():
        from hub.serve import serve_until_stopped

        settings = open_settings(home, port)
        serve_until_stopped(settings, tell=lambda line: typer.echo(line, err=True))
