"""The program `sluicegate`: its commands in the order of `--help`, and its entry point `main`.

A command does what its help says, or ends with one line that says what to do instead. Text is for people, `--json` for
programs. Slow imports are made inside the commands, so that `--help` is fast.
Exit codes: 0 done, 1 refused or failed, 2 wrong usage, 70 internal fault, 130 interrupted; 3 where a command says so.
"""

from __future__ import annotations

import logging
import sys
from importlib.metadata import version
from typing import Annotated

import typer

from hub.cli import (
    audit,
    demo,
    graph,
    keys,
    login,
    operations,
    policy,
    pull,
    purge,
    query,
    sample,
    schema,
    serve,
    source,
)
from hub.cli.pii import group as pii
from hub.log_lines import describe_exception, set_up_logging
from hub.terminal import make_printable

app = typer.Typer(
    name="sluicegate",
    help="Sluicegate 数闸: departments share a city's data by purpose, and every request is recorded in the audit log.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
for commands in (demo, serve, sample, pull, purge, query, login):
    app.add_typer(commands.app)
app.add_typer(source.app, name="source")
app.add_typer(schema.app, name="schema")
app.add_typer(graph.app, name="graph")
app.add_typer(keys.app, name="keys")
app.add_typer(policy.app, name="policy")
app.add_typer(operations.app, name="operations")
app.add_typer(audit.app, name="audit")
app.add_typer(pii.app, name="pii")


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"sluicegate {version('sluicegate')}")
        raise typer.Exit


@app.callback()
def _options(
    _: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and end.")
    ] = False,
) -> None:
    """Options of the program itself."""


def main() -> None:
    """The console script."""
    make_printable(sys.stdout, sys.stderr)
    set_up_logging(level=logging.WARNING)
    try:
        app()
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as fault:
        # The text of an unexpected failure may quote data; its class and its place in the code do not.
        typer.echo(f"error: internal fault ({describe_exception(fault)}); please report it", err=True)
        sys.exit(70)
