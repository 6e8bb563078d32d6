"""The command `sluicegate demo`."""

from __future__ import annotations

from typing import Annotated

import typer

from hub.cli.options import Port, Refused, exit_on_refusal

app = typer.Typer()


@app.command(epilog="Example: sluicegate demo --people 3000 --port 8600")
def demo(
    people: Annotated[int, typer.Option(help="People in the sample county.", min=100)] = 3_000,
    seed: Annotated[int, typer.Option(help="The same seed gives the same county.")] = 1,
    port: Port = None,
    check: Annotated[bool, typer.Option("--check", help="Take the tour, check every answer, stop and exit.")] = False,
) -> None:
    """Set up an invented county and take the tour (演示).

    Starts a graph and a hub, asks one question for three purposes, and shows the three answers.
    """
    with exit_on_refusal():
        from hub.demo.run import DemoFailed, run

        try:
            code = run(people, seed, port, check)
        except DemoFailed as failed:
            raise Refused(str(failed)) from None
    raise typer.Exit(code)
