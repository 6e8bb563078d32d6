"""The group `sluicegate schema`: the catalogue of an installation, and whether its graph was loaded for it.

`check`, `print` and `diff` change nothing. `apply` makes the graph fit, and is recorded in the audit log before it
begins and when it has ended. Exit codes: 0 done, 1 refused or failed, 3 breaking changes (only with `--exit-code`).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hub.cli.options import Home, Json, Refused, exit_on_refusal, open_settings, require_graph
from hub.terminal import escape_unprintable, progress_bar

if TYPE_CHECKING:
    from hub.home.settings import Settings
    from schema.changes.differences import Change, Outline

app = typer.Typer(help="Look at the catalogue, and make the graph fit it (数据目录).", no_args_is_help=True)


@app.command(epilog="Example: SLUICEGATE_SLICES=slices sluicegate schema check")
def check(home: Home = None, as_json: Json = False) -> None:
    """Load the catalogue and say what it holds (检查).

    The spine, and the slices of SLUICEGATE_SLICES. What is wrong is named with file and line.
    """
    with exit_on_refusal():
        from hub.home.catalogue import catalogue_of

        catalogue = catalogue_of(open_settings(home))
    counts = {
        "types": len(list(catalogue)),
        "fields": sum(len(each.fields) for each in catalogue),
        "edges": len(catalogue.edges),
    }
    if as_json:
        typer.echo(json.dumps({"version": catalogue.version, **counts}))
    else:
        typer.echo(f"catalogue {catalogue.version}: {', '.join(f'{count:,} {name}' for name, count in counts.items())}")


@app.command("print", epilog="Example: sluicegate schema print > schema.graphql")
def print_schema(
    language: Annotated[
        str | None, typer.Option(help="Descriptions in zh or en alone (default: both).", metavar="zh|en")
    ] = None,
    home: Home = None,
) -> None:
    """Print the GraphQL schema that clients see (打印).

    It is what a hub with this catalogue answers at /schema.graphql.
    """
    with exit_on_refusal():
        from hub.home.catalogue import catalogue_of
        from schema.graphql import build
        from schema.interface.languages import CHINESE, ENGLISH
        from schema.interface.sdl import sdl_of

        if language not in {None, CHINESE, ENGLISH}:
            raise Refused(f"--language takes {CHINESE} or {ENGLISH}; leave it out for both")
        text = sdl_of(build(catalogue_of(open_settings(home))), language)
    typer.echo(text, nl=False)


@app.command(epilog="Example: sluicegate schema diff slices-of-last-year")
def diff(
    old: Annotated[
        Path | None, typer.Argument(help="A folder of slices (default: what the graph was loaded for).")
    ] = None,
    exit_code: Annotated[bool, typer.Option("--exit-code", help="Exit with 3 if a change is breaking.")] = False,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Show what changes from an earlier catalogue to the present one (比较).

    Breaking is what an existing query, policy or source may notice.
    """
    with exit_on_refusal():
        from hub.home.catalogue import catalogue_of
        from schema.changes.differences import differences

        settings = open_settings(home)
        catalogue = catalogue_of(settings)
        before = _outline_in_graph(settings) if old is None else _outline_in_folder(settings, old)
        changes = () if before is None else differences(before, catalogue.outline)
    if as_json:
        typer.echo(json.dumps([asdict(each) for each in changes], ensure_ascii=False))
    elif before is None:
        typer.echo("the graph is empty and fits every catalogue")
    else:
        _print_changes(changes)
    if exit_code and any(each.breaking for each in changes):
        raise typer.Exit(3)


@app.command(epilog="Example: sluicegate schema apply --removing")
def apply(
    removing: Annotated[
        bool, typer.Option("--removing", help="Take out of the graph what the catalogue does not hold any more.")
    ] = False,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Make the graph fit the present catalogue (应用).

    Hubs over this graph answer nothing until they run with this catalogue too. It may be stopped at any time and run
    again. It is recorded in the audit log.
    """
    with exit_on_refusal():
        from hub.graph.local import started_graph
        from hub.home.catalogue import catalogue_of
        from hub.ingest.recorded_apply import recorded_apply

        settings = open_settings(home)
        catalogue = catalogue_of(settings)
        require_graph(settings)
        with started_graph(settings) as address, progress_bar() as show:
            done = recorded_apply(settings, address, catalogue, removing, lambda what, at: show(what, at, at))
    if as_json:
        typer.echo(json.dumps({"version": catalogue.version, **asdict(done)}, ensure_ascii=False))
        return
    _print_changes(done.changes)
    if done.nodes or done.relationships:
        typer.echo(f"taken out: something of {done.nodes:,} nodes, and {done.relationships:,} relationships")
    if done.created or done.dropped:
        typer.echo(f"constraints and indexes: {len(done.created)} created, {len(done.dropped)} dropped")
    typer.echo(f"the graph fits catalogue {catalogue.version[:12]}")


def _outline_in_graph(settings: Settings) -> Outline | None:
    from hub.graph.driver import GraphWriter
    from hub.graph.loaded_catalogue import read_note
    from hub.graph.local import started_graph

    require_graph(settings)
    base = settings.graph_database
    with started_graph(settings) as at, GraphWriter(at.url, at.user, at.password, database=base) as writer:
        note = read_note(writer)
    return None if note is None else note.outline


def _outline_in_folder(settings: Settings, folder: Path) -> Outline:
    from hub.home.catalogue import catalogue_of

    if not folder.is_dir():
        raise Refused(f"{escape_unprintable(str(folder))} is no folder here; name one that holds slices")
    return catalogue_of(settings.model_copy(update={"slices": folder})).outline


def _print_changes(changes: Sequence[Change]) -> None:
    for each in changes:
        typer.echo(str(each))
    breaking = sum(each.breaking for each in changes)
    counted = f"{len(changes):,} change{'s' if len(changes) > 1 else ''}, {breaking:,} breaking"
    typer.echo(counted if changes else "nothing differs")
