"""The command `sluicegate sample`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hub.cli.options import Json, NamesStrayArguments, exit_on_refusal
from hub.terminal import progress_bar

app = typer.Typer()


@app.command(cls=NamesStrayArguments, epilog="Example: sluicegate sample --out county --people 3000 --seed 1")
def sample(
    out: Annotated[Path, typer.Option(help="Folder to write: new, empty, or an earlier sample.")],
    people: Annotated[int, typer.Option(help="How many people.")] = 3_000,
    seed: Annotated[int, typer.Option(help="The same seed gives the same county.")] = 1,
    whole: Annotated[
        bool, typer.Option(help="Seven registers more: workbooks, patrols, firms, parts, alarms.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Write the registers of an invented county (样例数据).

    CSV and SQL files and hotline tickets, as four departments would hold them; with --whole those of eleven.
    """
    with exit_on_refusal(), progress_bar() as progress:
        from hub.sample.generate import generate

        summary = generate(out, people, seed, progress, whole)
    if as_json:
        typer.echo(summary.to_json())
        return
    for name, count in summary.sources.items():
        typer.echo(f"{name}: {count.rows} rows, {count.rows - count.good} of them dirty")
    typer.echo(f"written to {out}")
