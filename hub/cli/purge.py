"""The command `sluicegate purge`."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from hub.cli.options import Data, Home, Json, SourcesFolder, Variables, exit_on_refusal, given_pull

app = typer.Typer()


@app.command(epilog="Example: sluicegate purge epidemic --dry-run")
def purge(
    purpose: Annotated[str, typer.Argument(help="A purpose that has ended; those below it are purged with it.")],
    data: Data = None,
    folder: SourcesFolder = None,
    variable: Variables = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Remove nothing: count what would be removed.")] = False,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Remove what was collected for a purpose that ended (到期清除).

    Refused until the purpose has ended by the policy in force. What other sources say stays. Killed at any moment, it
    goes on where it ended. What went is counted in a report, without a value; its digest is in the audit log.
    """
    with exit_on_refusal():
        from hub.graph.local import started_graph
        from hub.ingest.purging.recorded_purge import allowed_purge, foreseen_purge, recorded_purge

        given = given_pull(home, folder, data, variable)
        allowed = allowed_purge(given.settings, purpose)
        with started_graph(given.settings) as address:
            if dry_run:
                there = foreseen_purge(given.settings, given.folder, allowed, given.data, given.variables, address)
                typer.echo(json.dumps(there, ensure_ascii=False) if as_json else _foreseen(there))
                return
            work, report = recorded_purge(given.settings, given.folder, allowed, given.data, given.variables, address)
    if as_json:
        typer.echo(report.text, nl=False)
    else:
        typer.echo("\n".join(_lines(work.counts.as_json())))
        typer.echo(f"report: {report.path}\nsha-256: {report.digest}")


def _foreseen(there: dict[str, Any]) -> str:
    shown = {name: there[name] for name in ("sources", "nodes", "kept")}
    return "\n".join([*_lines(shown), "nothing was removed"])


def _lines(tables: dict[str, Any]) -> list[str]:
    """A line for each count; `kept` are nodes that stay."""
    lines = []
    for name, table in tables.items():
        for each, number in table.items():
            told = (
                ", ".join(f"{what} {many:,}" for what, many in number.items()) if name == "sources" else f"{number:,}"
            )
            lines.append(f"{name} {each}: {told}")
    return lines or ["nothing was collected for it"]
