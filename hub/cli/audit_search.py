"""An auditor's look is in the log before its result is on the screen.

Searching, counting, exporting and asking who saw a person's data, on the `audit` group of commands. What is found is
computed, the look is recorded with what was looked for as digests, and only then is anything shown.
"""

from __future__ import annotations

import datetime as dt
import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hub.cli.audit import app
from hub.cli.options import Home, Json, Refused, open_settings, remedied
from hub.terminal import escape_unprintable, progress_bar

if TYPE_CHECKING:
    from audit.index import Index
    from audit.log import Logged
    from audit.record import Digester
    from audit.search import Found, Query
    from audit.stores.base import Reader
    from hub.home.settings import Settings
    from hub.request.accesses import Seen

__all__ = ["app"]

FILTERS = (
    "NAME=VALUE, all of which must hold: since, until, kind, result, application, department, region, purpose,"
    " policy_version, coordinate, effect; case=-, who=-, value=- and person=- are asked for, so that what may tell of a"
    " person stands in no command line."
)
Filters = Annotated[list[str] | None, typer.Argument(help=FILTERS)]


@app.command(epilog="Example: sluicegate audit search department=fire since=2026-06-01 coordinate=Person.phone -n 5")
def search(
    filters: Filters = None,
    count: Annotated[int, typer.Option("-n", help="How many records of a page.", min=1, max=1_000)] = 20,
    before: Annotated[int | None, typer.Option(help="Only records before this index: the next page.", min=0)] = None,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Find records, newest first; the search is recorded before they are shown (检索)."""
    with remedied(), _looking(home) as look:
        from audit.search import records
        from audit.search import search as find

        query, told = look.read(filters)
        found = find(look.index, query, before, count)
        lines = list(records(look.reader, found.indexes))
        look.record("search", "audit search", {**told, "found": str(found.total)})
    if as_json:
        for each in lines:
            typer.echo(json.dumps(_plain(each)))
    else:
        _show(lines, found)


@app.command(epilog="Example: sluicegate audit facets purpose=safety since=2026-06-01")
def facets(filters: Filters = None, home: Home = None, as_json: Json = False) -> None:
    """Count records by each of their words; the count is recorded before it is shown (分类统计)."""
    with remedied(), _looking(home) as look:
        from audit.search import facets as count

        query, told = look.read(filters)
        found = count(look.index, query)
        look.record("search", "audit facets", told)
    if as_json:
        typer.echo(json.dumps(found))
        return
    for name, counts in found.items():
        typer.echo(name)
        for word, number in counts.items():
            typer.echo(f"  {number:>10,}  {escape_unprintable(word)}")


@app.command(epilog="Example: sluicegate audit export out department=fire since=2026-06-01")
def export(
    folder: Annotated[Path, typer.Argument(help="A new folder.")],
    filters: Filters = None,
    bom: Annotated[bool, typer.Option("--bom", help="Begin the CSV with a byte order mark, as Excel wants.")] = False,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Write records as JSON lines and CSV, with proofs and a signed manifest; recorded before it is written (导出)."""
    with remedied(), _looking(home) as look:
        from audit.export import ExportRefused
        from audit.export import export as write
        from audit.record import utc_now
        from audit.search import selected
        from hub.home.audit_log import signer_of

        query, told = look.read(filters)
        indexes = list(selected(look.index, query))
        # Recorded first: with it a checkpoint is published that covers all that is exported.
        look.record("export", "audit export", {**told, "found": str(len(indexes))})
        try:
            done = write(
                look.reader,
                indexes,
                folder,
                signer=signer_of(look.settings),
                selection=_selection(query),
                made=utc_now(),
                bom=bom,
            )
        except ExportRefused as refused:
            raise Refused(str(refused)) from None
    if as_json:
        typer.echo(json.dumps({"folder": str(folder), "records": done.count, "checkpoint": done.checkpoint.size}))
    else:
        typer.echo(f"{done.count:,} records in {folder}, proved in the log of {done.checkpoint.size:,} records")
        typer.echo(f"to check it: sluicegate audit verify-export {folder} --key '{look.public_key}'")


@app.command("verify-export", epilog="Example: sluicegate audit verify-export out --key audit.pub")
def verify_export(
    folder: Annotated[Path, typer.Argument(help="The folder of an export.")],
    key: Annotated[str, typer.Option(help="The log's public key, name+hash+base64, or a file that holds it.")],
    as_json: Json = False,
) -> None:
    """Check an export with nothing but the log's public key; exit code 1 names the file and line that is wrong."""
    with remedied():
        from audit.checkpoint import Verifier
        from audit.export import ExportRefused
        from audit.export import verify_export as check

        try:
            done = check(folder, Verifier.parse(Path(key).read_text("utf-8") if Path(key).is_file() else key))
        except ExportRefused as refused:
            raise Refused(str(refused)) from None
    if as_json:
        told = {"ok": True, "log": done.origin, "records": done.count, "size": done.checkpoint.size}
        typer.echo(json.dumps({**told, "root": done.checkpoint.root.hex(), "selection": done.selection}))
    else:
        typer.echo(f"ok: {done.count:,} records of {done.origin}, proved in its tree of {done.checkpoint.size:,}")


@app.command(epilog="Example: sluicegate audit key > audit.pub")
def key(home: Home = None) -> None:
    """Print the log's public key: what anyone needs to check checkpoints, proofs and exports (公钥)."""
    with remedied():
        from hub.home.audit_log import verifier_of

        typer.echo(verifier_of(open_settings(home)).text)


@app.command(epilog="Example: sluicegate audit subject --person --since 2026-06-01")
def subject(
    person: Annotated[
        bool, typer.Option("--person", help="By resident id number, asked for or read from stdin.")
    ] = False,
    sid: Annotated[str | None, typer.Option(help="By the surrogate in the graph.")] = None,
    since: Annotated[dt.datetime | None, typer.Option(formats=["%Y-%m-%d"], help="First day.")] = None,
    until: Annotated[dt.datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Last day.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Also what the person is not told, marked.")] = False,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Who saw a person's data: by day, which department, for what, which kinds of data (谁看过).

    The id number is never an argument: a command line is seen by every user of the machine and kept by the shell. It
    is asked for, or read from standard input, and only its digest is used. The look is recorded before it is shown.
    """
    with remedied():
        settings = open_settings(home)
        if person == (sid is not None):
            raise Refused("say --person, or --sid SURROGATE")
        rows = _seen_of(settings, sid, _day(since), _day(until))
        rows = [each for each in rows if each.told or everything]
    if as_json:
        typer.echo(json.dumps([{**asdict(each), "day": each.day.isoformat()} for each in rows], ensure_ascii=False))
        return
    for each in rows:
        mark = "" if each.told else "  (not told to the person)"
        words = (each.day.isoformat(), each.department, each.purpose, ", ".join(each.kinds))
        typer.echo(escape_unprintable("  ".join(words)) + mark)


def _seen_of(settings: Settings, sid: str | None, since: dt.date | None, until: dt.date | None) -> list[Seen]:
    from audit.index import IndexFault
    from audit.search import QueryRefused
    from audit.stores.base import StoreFault, explained
    from hub.auditor.search_terms import person_digest, surrogate_of
    from hub.home.audit_log import append_record, command_record, digester_of, existing_log
    from hub.request.accesses import seen, told
    from hub.steward.changes import policy_of
    from schema import CATALOGUE

    existing_log(settings)
    digester = digester_of(settings)
    try:
        found = person_digest(digester, sid or surrogate_of(settings)(_ask("resident id number").strip()))
        now = dt.datetime.now().astimezone()
        rows = told(
            seen(settings, found, since, until, now.tzinfo), policy_of(settings, CATALOGUE), CATALOGUE, now.date()
        )
    except (QueryRefused, IndexFault) as refused:
        raise Refused(str(refused)) from None
    except StoreFault as fault:
        raise Refused(f"the audit log can't be read: {explained(str(fault))}") from None
    times = {name: day.isoformat() for name, day in (("since", since), ("until", until)) if day}
    append_record(settings, command_record(digester, "subject", "audit subject", {"subject": found, **times}))
    return rows


@dataclass(slots=True)
class _Look:
    """One auditor's look at the log of a home."""

    settings: Settings
    digester: Digester
    reader: Reader
    index: Index

    def read(self, filters: list[str] | None) -> tuple[Query, Mapping[str, str]]:
        """The search that filters describe, and how it is recorded."""
        from hub.auditor.search_terms import read_filters, surrogate_of

        asked = read_filters(filters or [], self.digester, surrogate_of(self.settings), _ask)
        return asked.query, asked.told

    def record(self, kind: str, name: str, told: Mapping[str, str]) -> None:
        """Record the look, durably."""
        from hub.home.audit_log import append_record, command_record

        append_record(self.settings, command_record(self.digester, kind, name, told))

    @property
    def public_key(self) -> str:
        """The log's public key as text."""
        from hub.home.audit_log import verifier_of

        return verifier_of(self.settings).text


@contextmanager
def _looking(home: Path | None) -> Iterator[_Look]:
    """The log of a home and its index, which has caught up with it."""
    from audit.index import IndexFault, opened
    from audit.search import QueryRefused
    from audit.stores.base import StoreFault, explained
    from audit.stores.open import open_reader
    from hub.home.audit_log import digester_of, existing_log
    from hub.request.accesses import index_file

    settings = open_settings(home)
    try:
        with closing(open_reader(existing_log(settings))) as reader, opened(index_file(settings)) as index:
            with progress_bar() as show:
                index.follow(reader, lambda done, of: show("records 记录", done, of))
            yield _Look(settings, digester_of(settings), reader, index)
    except (QueryRefused, IndexFault) as refused:
        raise Refused(str(refused)) from None
    except StoreFault as fault:
        raise Refused(f"the audit log can't be read: {explained(str(fault))}") from None


def _ask(what: str) -> str:
    if sys.stdin.isatty():
        return str(typer.prompt(what, hide_input=True, err=True))
    return sys.stdin.readline()


def _selection(query: Query) -> dict[str, str]:
    """What was asked for, as a manifest may say it: names, times and digests."""
    return {name: str(value) for name, value in asdict(query).items() if value is not None}


def _day(moment: dt.datetime | None) -> dt.date | None:
    return None if moment is None else moment.date()


def _plain(logged: Logged) -> dict[str, Any]:
    from audit.record import encode

    return {"index": logged.index, "leafHash": logged.leaf_hash, **json.loads(encode(logged.record))}


def _show(lines: Iterable[Logged], found: Found) -> None:
    for each in lines:
        record = each.record
        words = (record.time, record.kind, record.application, record.purpose, record.result, f"{record.nodes} nodes")
        typer.echo(escape_unprintable(f"{each.index:>9}  " + "  ".join(word or "-" for word in words)))
    more = f"; more with --before {found.before}" if found.before is not None else ""
    typer.echo(f"{found.total:,} found in {found.size:,} records{more}")
