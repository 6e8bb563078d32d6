"""The commands `audit search`, `facets`, `export`, `verify-export`, `key` and `subject`.

A search is recorded before its result is printed, with what was searched for as digests.
"""

from __future__ import annotations

import datetime as dt
import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hub.cli.options import Home, Json, Refused, exit_on_refusal, open_settings
from hub.terminal import escape_unprintable, progress_bar

if TYPE_CHECKING:
    from audit.index import Index
    from audit.record import Digester
    from audit.search import Query
    from audit.stores.reader import Reader
    from hub.home.settings import Settings
    from hub.request.accesses import RecordedAccess

FILTERS = (
    "NAME=VALUE; a record must match all of them: since, until, kind, result, application, department, region, purpose,"
    " policy_version, coordinate, effect. For case=-, who=-, value=- and person=- you are asked for the value, so that"
    " nothing that may identify a person is in a command line."
)
Filters = Annotated[list[str] | None, typer.Argument(help=FILTERS)]

app = typer.Typer()


@app.command(epilog="Example: sluicegate audit search department=fire since=2026-06-01 coordinate=Person.phone -n 5")
def search(
    filters: Filters = None,
    count: Annotated[int, typer.Option("-n", help="How many records on a page.", min=1, max=1_000)] = 20,
    before: Annotated[int | None, typer.Option(help="Only records before this index: the next page.", min=0)] = None,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Find records, newest first (检索).

    The search is recorded before the records are shown.
    """
    with exit_on_refusal(), _opened_log(home) as log:
        from audit.search import records
        from audit.search import search as find
        from hub.auditor.record_tables import record_json, record_line

        query, described = log.query_of(filters)
        found = find(log.index, query, before, count)
        page = list(records(log.reader, found.indexes))
        log.record("search", "audit search", {**described, "found": str(found.total)})
    if as_json:
        for logged in page:
            typer.echo(json.dumps(record_json(logged)))
    else:
        for logged in page:
            typer.echo(record_line(logged))
        more = f"; more with --before {found.before}" if found.before is not None else ""
        typer.echo(f"{found.total:,} found in {found.size:,} records{more}")


@app.command(epilog="Example: sluicegate audit facets purpose=safety since=2026-06-01")
def facets(filters: Filters = None, home: Home = None, as_json: Json = False) -> None:
    """Count records by application, purpose and so on (统计).

    The count is recorded before it is shown.
    """
    with exit_on_refusal(), _opened_log(home) as log:
        from audit.search import facets as count

        query, described = log.query_of(filters)
        counts = count(log.index, query)
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
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Write records and their proofs to a folder (导出).

    JSON lines and CSV, with a signed manifest. The export is recorded before it is written.
    """
    with exit_on_refusal(), _opened_log(home) as log:
        from audit.export import ExportRefused
        from audit.export import export as write
        from audit.record import utc_now
        from audit.search import matching_indexes
        from hub.home.audit_log import signer_of

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
                selection=_selection(query),
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
        typer.echo(f"to check it: sluicegate audit verify-export {folder} --key '{log.public_key}'")


@app.command("verify-export", epilog="Example: sluicegate audit verify-export out --key audit.pub")
def verify_export(
    folder: Annotated[Path, typer.Argument(help="The folder of an export.")],
    key: Annotated[str, typer.Option(help="The log's public key, name+hash+base64, or a file that holds it.")],
    as_json: Json = False,
) -> None:
    """Check an export with the public key alone (校验导出).

    Exit code 1, with the file and line, if something is wrong.
    """
    with exit_on_refusal():
        from audit.checkpoint import Verifier
        from audit.export import ExportRefused
        from audit.verify_export import verify_export as check

        try:
            checked = check(folder, Verifier.parse(Path(key).read_text("utf-8") if Path(key).is_file() else key))
        except ExportRefused as refused:
            raise Refused(str(refused)) from None
    if as_json:
        facts = {"ok": True, "log": checked.origin, "records": checked.count, "size": checked.checkpoint.size}
        typer.echo(json.dumps({**facts, "root": checked.checkpoint.root.hex(), "selection": checked.selection}))
    else:
        typer.echo(
            f"ok: {checked.count:,} records of {checked.origin}, proved in its tree of {checked.checkpoint.size:,}"
        )
        typer.echo("not compared: the selection, for an export can't prove that no record was left out of it")


@app.command(epilog="Example: sluicegate audit key > audit.pub")
def key(home: Home = None) -> None:
    """Print the log's public key (公钥).

    With it anyone can check checkpoints, proofs and exports.
    """
    with exit_on_refusal():
        from hub.home.audit_log import verifier_of

        typer.echo(verifier_of(open_settings(home)).text)


@app.command(epilog="Example: sluicegate audit subject --person --since 2026-06-01")
def subject(
    person: Annotated[
        bool, typer.Option("--person", help="By resident id number, which is asked for, or read from standard input.")
    ] = False,
    sid: Annotated[str | None, typer.Option(help="By the person's key `sid` in the graph.")] = None,
    since: Annotated[dt.datetime | None, typer.Option(formats=["%Y-%m-%d"], help="First day.")] = None,
    until: Annotated[dt.datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Last day.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Also show, marked, what the person is not told.")] = False,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Show who accessed a person's data (访问记录).

    One row for each day, department and purpose, with the kinds of data.

    The id number is never an argument: a command line is seen by every user of the machine and kept by the shell. It
    is asked for, or read from standard input, and only its digest is used. The search is recorded before its result is
    shown.
    """
    with exit_on_refusal():
        settings = open_settings(home)
        if person == (sid is not None):
            raise Refused("give --person, or --sid SID")
        rows = _accesses_of(settings, sid, _day(since), _day(until))
        rows = [row for row in rows if row.told or everything]
    if as_json:
        typer.echo(json.dumps([{**asdict(row), "day": row.day.isoformat()} for row in rows], ensure_ascii=False))
        return
    for row in rows:
        mark = "" if row.told else "  (not told to the person)"
        cells = (row.day.isoformat(), row.department, row.purpose, ", ".join(row.kinds))
        typer.echo(escape_unprintable("  ".join(cells)) + mark)


def _accesses_of(
    settings: Settings, sid: str | None, since: dt.date | None, until: dt.date | None
) -> list[RecordedAccess]:
    from audit.index import IndexFault
    from audit.search import QueryRefused
    from audit.stores.base import StoreFault, explain_code
    from hub.auditor.search_terms import person_digest, surrogate_of
    from hub.home.audit_log import append_record, command_record, digester_of, existing_log
    from hub.request.accesses import days_in_log, group_accesses
    from hub.steward.changes import policy_of
    from schema import CATALOGUE

    existing_log(settings)
    digester = digester_of(settings)
    try:
        person = person_digest(digester, sid or surrogate_of(settings)(_ask("resident id number").strip()))
        now = dt.datetime.now().astimezone()
        rows = group_accesses(
            days_in_log(settings, person, since, until, now.tzinfo),
            policy_of(settings, CATALOGUE),
            CATALOGUE,
            now.date(),
        )
    except (QueryRefused, IndexFault) as refused:
        raise Refused(str(refused)) from None
    except StoreFault as fault:
        raise Refused(f"the audit log can't be read: {explain_code(str(fault))}") from None
    times = {name: day.isoformat() for name, day in (("since", since), ("until", until)) if day}
    append_record(settings, command_record(digester, "subject", "audit subject", {"subject": person, **times}))
    return rows


@dataclass(slots=True)
class _SearchedLog:
    """The log of a home and its index, opened for one search."""

    settings: Settings
    digester: Digester
    reader: Reader
    index: Index

    def query_of(self, filters: list[str] | None) -> tuple[Query, Mapping[str, str]]:
        """The query that the filters describe, and how it is recorded."""
        from hub.auditor.search_terms import read_filters, surrogate_of

        search = read_filters(filters or [], self.digester, surrogate_of(self.settings), _ask)
        return search.query, search.recorded

    def record(self, kind: str, name: str, described: Mapping[str, str]) -> None:
        """Record the search, durably."""
        from hub.home.audit_log import append_record, command_record

        append_record(self.settings, command_record(self.digester, kind, name, described))

    @property
    def public_key(self) -> str:
        """The log's public key as text."""
        from hub.home.audit_log import verifier_of

        return verifier_of(self.settings).text


@contextmanager
def _opened_log(home: Path | None) -> Iterator[_SearchedLog]:
    """The log of a home and its index, brought up to date; raises Refused for what they raise."""
    from audit.index import IndexFault, open_index
    from audit.search import QueryRefused
    from audit.stores.base import StoreFault, explain_code
    from audit.stores.open import open_reader
    from hub.home.audit_log import digester_of, existing_log
    from hub.request.accesses import index_file

    settings = open_settings(home)
    try:
        with closing(open_reader(existing_log(settings))) as reader, open_index(index_file(settings)) as index:
            with progress_bar() as show:
                index.follow(reader, lambda done, of: show("records 记录", done, of))
            yield _SearchedLog(settings, digester_of(settings), reader, index)
    except (QueryRefused, IndexFault) as refused:
        raise Refused(str(refused)) from None
    except StoreFault as fault:
        raise Refused(f"the audit log can't be read: {explain_code(str(fault))}") from None


def _ask(what: str) -> str:
    if sys.stdin.isatty():
        return str(typer.prompt(what, hide_input=True, err=True))
    return sys.stdin.readline()


def _selection(query: Query) -> dict[str, str]:
    """The query as the manifest states it: names, times and digests."""
    return {name: str(value) for name, value in asdict(query).items() if value is not None}


def _day(moment: dt.datetime | None) -> dt.date | None:
    return None if moment is None else moment.date()
