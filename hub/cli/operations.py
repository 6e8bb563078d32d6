"""The group `sluicegate operations`: the operations that applications may ask by their id.

`list` and `check` change nothing. `add` writes entries into a policy folder; they are in force once a version with them
is drafted, approved and activated, like any change of the policy.
"""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hub.cli.options import Home, Json, Refused, exit_on_refusal, folder_named, open_settings
from hub.terminal import escape_unprintable

if TYPE_CHECKING:
    from policies.model import PolicySet
    from policies.operations.registered import Operation

app = typer.Typer(help="Register the operations that applications may ask (登记操作).", no_args_is_help=True)
Folder = Annotated[Path | None, typer.Argument(help="Policy folder (default: the version in force of the home).")]
Files = Annotated[
    list[Path], typer.Argument(help="Files with a document each, or a manifest of Relay or Apollo (*.json).")
]


@app.command("list", epilog="Example: sluicegate operations list examples/county/policies")
def list_operations(folder: Folder = None, home: Home = None, as_json: Json = False) -> None:
    """List what is registered (列表).

    Id, name, application, purpose, and which owner reviewed it when.
    """
    with exit_on_refusal():
        from hub.home.catalogue import catalogue_of
        from hub.steward.changes import policy_of
        from policies.language import load

        settings = open_settings(home)
        catalogue = catalogue_of(settings)
        policy = policy_of(settings, catalogue) if folder is None else load(folder_named(folder), catalogue)
    found = sorted(policy.operations.values(), key=lambda each: (each.application, each.name, each.id))
    if as_json:
        typer.echo(json.dumps([_as_json(each) for each in found], ensure_ascii=False))
        return
    for each in found:
        reviewed = ", ".join(f"{name} {day.isoformat()}" for name, day in sorted(each.reviewed.items()))
        typer.echo(f"{each.id} {each.name}\n  {each.application} for {each.purpose}, reviewed by {reviewed}")
    typer.echo(f"{len(found)} registered; bound to them alone: {', '.join(_bound(policy)) or 'no application'}")


def _as_json(operation: Operation) -> dict[str, Any]:
    return {
        "id": operation.id,
        "name": operation.name,
        "application": operation.application,
        "purpose": operation.purpose,
        "reviewed": {name: day.isoformat() for name, day in operation.reviewed.items()},
    }


def _bound(policy: PolicySet) -> list[str]:
    from policies.model import DOCUMENTS_REGISTERED

    return [each.id for each in policy.applications.values() if each.documents == DOCUMENTS_REGISTERED]


@app.command(epilog="Example: sluicegate operations check residents.graphql")
def check(files: Files, home: Home = None) -> None:
    """Check documents before they are registered (检查).

    Prints the id of each, and the types that it reads: the owners of these review it. Exit code 1 at the first that
    cannot be registered.
    """
    with exit_on_refusal():
        from hub.home.catalogue import catalogue_of
        from policies.operations.document import DocumentFault, check_document
        from policies.operations.registered import document_id
        from schema.graphql import build

        catalogue = catalogue_of(open_settings(home))
        schema = build(catalogue)
        for name, document in _documents(files):
            try:
                found = check_document(document, schema, catalogue)
            except DocumentFault as wrong:
                raise Refused(f"{name}: {wrong}") from None
            typer.echo(f"{document_id(document)} {found.name}\n  reads {', '.join(sorted(found.types)) or 'no type'}")


def _documents(files: list[Path]) -> list[tuple[str, str]]:
    """Each document with the name of its file; raises Refused."""
    from policies.operations.entries import NoDocuments, documents_in

    found = []
    for file in files:
        name = escape_unprintable(str(file))
        try:
            found += [(name, each) for each in documents_in(name, file.read_bytes())]
        except NoDocuments as wrong:
            raise Refused(str(wrong)) from None
    return found


@app.command(
    epilog="Example: sluicegate operations add residents.graphql --folder policies --app fire-inspection "
    "--purpose safety.fire --reviewed housing=2026-06-30"
)
def add(
    files: Files,
    application: Annotated[str, typer.Option("--app", help="The application that may ask them.")],
    purpose: Annotated[str, typer.Option(help="The purpose that they are asked for.")],
    folder: Annotated[Path, typer.Option(help="Policy folder that the entries are written into.")],
    reviewed: Annotated[
        list[str] | None, typer.Option(help="OWNER=YYYY-MM-DD: which owner of what is read agreed on which day.")
    ] = None,
    home: Home = None,
) -> None:
    """Write documents into a policy folder as registered operations (登记).

    They go into operations.yaml. The folder is loaded with them first; if it does not load, nothing is written. Draft
    it next.
    """
    with exit_on_refusal():
        from hub.home.catalogue import catalogue_of
        from policies.language import load_files, read_folder
        from policies.operations.entries import NoDocuments, Wish, with_entry

        files_of_folder = read_folder(folder_named(folder))
        wish = Wish(application, purpose, _reviews(reviewed or []))
        content = files_of_folder.get(FILE, b"")
        try:
            for _, document in _documents(files):
                content = with_entry(FILE, content, document, wish)
        except NoDocuments as wrong:
            raise Refused(str(wrong)) from None
        policy = load_files({**files_of_folder, FILE: content}, catalogue_of(open_settings(home)))
        (folder / FILE).write_bytes(content)
    typer.echo(f"{len(policy.operations)} operations in {folder / FILE}; next: sluicegate policy draft {folder}")


FILE = "operations.yaml"


def _reviews(stated: list[str]) -> dict[str, dt.date]:
    found = {}
    for each in stated:
        owner, _, day = each.partition("=")
        try:
            found[owner] = dt.date.fromisoformat(day)
        except ValueError:
            raise Refused("--reviewed takes OWNER=YYYY-MM-DD, such as housing=2026-06-30") from None
    if not found:
        raise Refused("say who reviewed them: --reviewed OWNER=YYYY-MM-DD; `operations check` names what they read")
    return found
