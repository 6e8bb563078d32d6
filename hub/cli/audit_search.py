"""The commands `audit search`, `facets`, `export`, `verify-export` and `key`.

A search is recorded before its result is printed, with what was searched for as digests.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from hub.cli.audit_opening import opened_log
from hub.cli.audit_proofs import OPEN_IN_EXPORT, given_key, tell_not_compared
from hub.cli.options import MAX_NUMBER, As, Home, Json, NamesStrayArguments, Refused, exit_on_refusal, open_settings
from hub.terminal import escape_unprintable

FILTERS = (
    "NAME=VALUE; a record must match all of them: since, until, kind, result, application, department, region, purpose,"
    " policy_version, catalogue_version, coordinate, effect. For case=-, who=-, value=- and person=- you are asked for"
    " the value, so that nothing that may identify a person is in a command line."
)
Filters = Annotated[list[str] | None, typer.Argument(help=FILTERS)]

app = typer.Typer()


@app.command(epilog="Example: sluicegate audit search department=fire since=2026-06-01 coordinate=Person.phone -n 5")
def search(
    filters: Filters = None,
    count: Annotated[int, typer.Option("-n", help="How many records on a page.", min=1, max=1_000)] = 20,
    before: Annotated[
        int | None, typer.Option(help="Only records before this index: the next page.", min=0, max=MAX_NUMBER)
    ] = None,
    named: As = None,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Find records, newest first (检索).

    The search is recorded before the records are shown.
    """
    with exit_on_refusal(), opened_log(home, named) as log:
        from audit.facets import count_requests
        from audit.search import records
        from audit.search import search as find
        from hub.auditor.record_tables import record_json, record_line

        query, described = log.query_of(filters)
        found, requests = find(log.index, query, before, count), count_requests(log.index, query)
        page = list(records(log.reader, found.indexes))
        log.record("search", "audit search", {**described, "found": str(found.total)})
    if as_json:
        for logged in page:
            typer.echo(json.dumps(record_json(logged)))
    else:
        for logged in page:
            typer.echo(record_line(logged, log.settings.zone))
        more = f"; more with --before {found.before}" if found.before is not None else ""
        stands_for = "" if requests == found.total else f", which stand for {requests:,} requests and acts"
        typer.echo(f"{found.total:,} found in {found.size:,} records{stands_for}{more}")


@app.command(epilog="Example: sluicegate audit facets purpose=safety since=2026-06-01")
def facets(filters: Filters = None, named: As = None, home: Home = None, as_json: Json = False) -> None:
    """Count requests by application, purpose and so on (统计).

    Acts of the staff count too, and a flood record as the refusals that it stands for. The count is recorded before it
    is shown.
    """
    with exit_on_refusal(), opened_log(home, named) as log:
        from audit.facets import facets as count

        query, described = log.query_of(filters)
        counts = count(log.index, query, log.settings.zone)
        log.record("search", "audit facets", described)
    if as_json:
        typer.echo(json.dumps(counts))
        return
    for name, values in counts.items():
        typer.echo(name)
        for value, number in values.items():
            typer.echo(f"  {number:>10,}  {escape_unprintable(value)}")


@app.command(epilog="Example: sluicegate audit export out department=fire since=2026-06-01")
def export(
    folder: Annotated[Path, typer.Argument(help="A new folder.")],
    filters: Filters = None,
    bom: Annotated[bool, typer.Option("--bom", help="Begin the CSV with a byte order mark, as Excel expects.")] = False,
    named: As = None,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Write records and their proofs to a folder (导出).

    JSON lines and CSV, with a signed manifest. The export is recorded before it is written.
    """
    with exit_on_refusal(), opened_log(home, named) as log:
        from audit.export import ExportRefused
        from audit.export import export as write
        from audit.record import utc_now
        from audit.search import matching_indexes
        from hub.auditor.search_terms import selection_of
        from hub.home.audit_log import signer_of

        log.require_keys()
        query, described = log.query_of(filters)
        indexes = list(matching_indexes(log.index, query))
        # Recorded first: this publishes a checkpoint that covers all records of the export.
        log.record("export", "audit export", {**described, "found": str(len(indexes))})
        try:
            exported = write(
                log.reader,
                indexes,
                folder,
                signer=signer_of(log.settings),
                selection=selection_of(query),
                made=utc_now(),
                bom=bom,
            )
        except ExportRefused as refused:
            raise Refused(str(refused)) from None
    if as_json:
        typer.echo(
            json.dumps({"folder": str(folder), "records": exported.count, "checkpoint": exported.checkpoint.size})
        )
    else:
        typer.echo(
            f"{exported.count:,} records in {folder}, proved against the log of {exported.checkpoint.size:,} records"
        )
        keys = log.public_keys
        given = f"'{keys}'" if "\n" not in keys else "FILE, which has what `sluicegate audit key` prints"
        typer.echo(f"to check it: sluicegate audit verify-export {folder} --key {given}")


@app.command(
    "verify-export", cls=NamesStrayArguments, epilog="Example: sluicegate audit verify-export out --key audit.pub"
)
def verify_export(
    folder: Annotated[Path, typer.Argument(help="The folder of an export.")],
    key: Annotated[str, typer.Option(help="The log's public key, name+hash+base64, or a file that holds it.")],
    as_json: Json = False,
) -> None:
    """Check an export with the public key alone (校验导出).

    Exit code 1, with the file and line, if something is wrong.
    """
    with exit_on_refusal():
        from audit.export import ExportRefused
        from audit.verify_export import verify_export as check

        try:
            checked = check(folder, given_key(key))
        except ExportRefused as refused:
            raise Refused(str(refused)) from None
    if as_json:
        facts = {"ok": True, "log": checked.origin, "records": checked.count, "size": checked.checkpoint.size}
        typer.echo(
            json.dumps(
                {
                    **facts,
                    "root": checked.checkpoint.root.hex(),
                    "selection": checked.selection,
                    "not_compared": OPEN_IN_EXPORT,
                }
            )
        )
    else:
        typer.echo(
            f"ok: {checked.count:,} records of {checked.origin}, proved in its tree of {checked.checkpoint.size:,}"
        )
        tell_not_compared(OPEN_IN_EXPORT)


@app.command(epilog="Example: sluicegate audit key > audit.pub")
def key(home: Home = None) -> None:
    """Print the log's public keys, today's first (公钥).

    With them anyone can check checkpoints, proofs and exports.
    """
    with exit_on_refusal():
        from hub.home.audit_log import existing_verifier

        verifier = existing_verifier(open_settings(home))
        if verifier is None:
            raise Refused("this home has no key; it is made when the hub first starts")
        typer.echo(verifier.texts)
