"""A command either does what its help says, or ends with one line that says what to do instead.

Human output is for reading, `--json` for programs; long work shows a progress bar. Imports wait inside the
commands, so that `--help` is fast. Exit codes: 0 done, 1 refused or failed, 2 wrong usage, 130 interrupted.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from hub.cli import audit_search as cli_audit_search
from hub.cli import graph as cli_graph
from hub.cli import pii as cli_pii
from hub.cli import pii_texts as cli_text
from hub.cli import policy as cli_policy
from hub.cli import query as cli_ask
from hub.cli.options import Home, Json, Port, Refused, open_settings, remedied
from hub.terminal import progress_bar, row_counter

app = typer.Typer(
    name="sluicegate",
    help="Sluicegate 数闸: departments share a city's data by purpose, and every answer is logged.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.add_typer(cli_graph.app, name="graph")
app.add_typer(cli_audit_search.app, name="audit")
app.add_typer(cli_policy.app, name="policy")
app.add_typer(cli_pii.app, name="pii")
cli_pii.app.command("scan", epilog="Example: sluicegate pii scan --mask 'text(phone4)' notes.txt")(cli_text.scan)
cli_pii.app.command("eval", epilog="Example: sluicegate pii eval tests/pii/ours.jsonl")(cli_text.evaluate)
app.command("token", epilog="Example: sluicegate token --app fire-inspection")(cli_ask.token)
app.command(
    "query",
    epilog="Example: sluicegate query --app fire-inspection --purpose safety.fire "
    "'{ people(first: 3) { edges { node { name } } } }'",
)(cli_ask.query)


@app.command(epilog="Example: sluicegate demo --people 3000 --port 8600")
def demo(
    people: Annotated[int, typer.Option(help="People in the sample county.", min=100)] = 3_000,
    seed: Annotated[int, typer.Option(help="The same seed gives the same county.")] = 1,
    port: Port = None,
    check: Annotated[bool, typer.Option("--check", help="Take the tour, assert it, stop, exit.")] = False,
) -> None:
    """Set up everything and take the tour: a county, a graph, three purposes, three answers (演示)."""
    with remedied():
        from hub.demo.run import DemoFailed, run

        try:
            code = run(people, seed, port, check)
        except DemoFailed as failed:
            raise Refused(str(failed)) from None
    raise typer.Exit(code)


@app.command(epilog="Example: SLUICEGATE_POLICIES=examples/county/policies sluicegate serve --port 8600")
def serve(home: Home = None, port: Port = None) -> None:
    """Serve GraphQL until interrupted; starts the local graph unless SLUICEGATE_GRAPH_URL is set (运行)."""
    with remedied():
        from hub.serve import serve_until_stopped

        settings = open_settings(home, port)
        serve_until_stopped(settings, tell=lambda line: typer.echo(line, err=True))


@app.command(epilog="Example: sluicegate sample --out county --people 3000 --seed 1")
def sample(
    out: Annotated[Path, typer.Option(help="Folder to write: new, empty, or an earlier sample.")],
    people: Annotated[int, typer.Option(help="How many people.")] = 3_000,
    seed: Annotated[int, typer.Option(help="The same seed gives the same county.")] = 1,
    as_json: Json = False,
) -> None:
    """Write what the departments of an invented county hold: CSV, SQL and hotline tickets (样本)."""
    from hub.sample import generate

    with remedied(), progress_bar() as progress:
        summary = generate(out, people, seed, progress)
    if as_json:
        typer.echo(summary.to_json())
        return
    for name, count in summary.sources.items():
        typer.echo(f"{name}: {count.rows} rows, {count.rows - count.good} of them dirty")
    typer.echo(f"written to {out}")


@app.command(epilog="Example: sluicegate pull --data county --set HOTLINE_URL=http://127.0.0.1:8700 police")
def pull(
    sources: Annotated[list[str] | None, typer.Argument(help="Names of sources; all without any.")] = None,
    data: Annotated[
        Path | None, typer.Option(help="Folder that ${DATA} stands for (default: the running demo's, or county).")
    ] = None,
    folder: Annotated[Path, typer.Option("--sources", help="Folder of source files.")] = Path(
        "examples/county/sources"
    ),
    variable: Annotated[
        list[str] | None, typer.Option("--set", help="NAME=VALUE for a ${NAME} in a source file.")
    ] = None,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Pull registers into the graph; a second pull with nothing new writes nothing (汇聚)."""
    with remedied():
        from rich.console import Console

        from hub.ingest import pull as pulling
        from hub.ingest.pull_record import recorded_pull

        settings = open_settings(home)
        where = pulling.where_told(settings)
        given = {**(where.variables if where else {}), **dict(_pair(each) for each in variable or [])}
        data = data or Path(where.data if where else "county")
        for name, secret in (where.secrets if where else {}).items():
            os.environ.setdefault(name, secret)
        with cli_graph.graph_of(settings) as address, row_counter() as report:
            results = recorded_pull(settings, folder, sources or [], data, given, report, address)
    if as_json:
        typer.echo(pulling.as_json(results))
    else:
        # Where no terminal says how wide it is, wide enough for every column.
        Console(width=None if sys.stdout.isatty() else 120).print(pulling.as_table(results))


def _pair(text: str) -> tuple[str, str]:
    name, separator, value = text.partition("=")
    if not separator or not name:
        raise typer.BadParameter("write NAME=VALUE", param_hint="--set")
    return name, value


def main() -> None:
    """The console script."""
    try:
        app()
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as fault:
        # An unexpected failure's text may quote data; its class and place do not.
        from hub.telemetry import describe_exception

        typer.echo(f"error: an internal fault ({describe_exception(fault)}); please report it", err=True)
        sys.exit(70)
