"""The command `sluicegate pull`."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hub.cli.options import Home, Json, Refused, exit_on_refusal, open_settings
from hub.terminal import row_counter, text_console

if TYPE_CHECKING:
    from connectors.base import PullResult

app = typer.Typer()


@app.command(epilog="Example: sluicegate pull --data county --set HOTLINE_URL=http://127.0.0.1:8700 police")
def pull(
    sources: Annotated[list[str] | None, typer.Argument(help="Names of sources (default: all).")] = None,
    data: Annotated[
        Path | None, typer.Option(help="Folder that ${DATA} stands for (default: the running demo's, or county).")
    ] = None,
    folder: Annotated[Path, typer.Option("--sources", help="Folder of source files.")] = Path(
        "examples/county/sources"
    ),
    variable: Annotated[
        list[str] | None, typer.Option("--set", help="NAME=VALUE, for ${NAME} in a source file.")
    ] = None,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Pull registers into the graph (数据汇聚).

    The first source that fails ends the pull; what was done before it is shown, and stays. Pulling again with nothing
    new writes nothing. The pull is recorded in the audit log.
    """
    with exit_on_refusal():
        from hub.graph.local import started_graph
        from hub.ingest.recorded_pull import recorded_pull
        from hub.ingest.source_locations import read_source_locations

        settings = open_settings(home)
        if not folder.is_dir():
            raise Refused(f"{folder} is no folder here; name that of your source files with --sources")
        demo = read_source_locations(settings)
        variables = {**(demo.variables if demo else {}), **dict(_name_and_value(text) for text in variable or [])}
        data = data or Path(demo.data if demo else "county")
        for name, secret in (demo.secrets if demo else {}).items():
            os.environ.setdefault(name, secret)
        results: list[PullResult] = []
        try:
            with started_graph(settings) as address, row_counter() as report:
                recorded_pull(settings, folder, sources or [], data, variables, report, address, results)
        except Exception:
            if results:
                _show(results, as_json)
            raise
        _show(results, as_json)


def _show(results: Sequence[PullResult], as_json: bool) -> None:
    from hub.ingest.pull import pull_json, pull_table

    if as_json:
        typer.echo(pull_json(results))
    else:
        # Where there is no terminal, wide enough for every column.
        text_console(120).print(pull_table(results))


def _name_and_value(text: str) -> tuple[str, str]:
    name, separator, value = text.partition("=")
    if not separator or not name:
        raise typer.BadParameter("write NAME=VALUE", param_hint="--set")
    return name, value
