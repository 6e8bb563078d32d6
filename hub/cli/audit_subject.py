"""The command `audit subject`: who accessed a person's data.

The id number of the person is never an argument, and the question is recorded before its answer is printed.
"""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from hub.cli.audit_opening import ask, auditor_of, record_reading
from hub.cli.options import As, Home, Json, Refused, exit_on_refusal, open_settings
from hub.terminal import escape_unprintable

if TYPE_CHECKING:
    from hub.home.settings import Settings
    from hub.request.accesses import RecordedAccess

app = typer.Typer()


@app.command(epilog="Example: sluicegate audit subject --person --since 2026-06-01")
def subject(
    person: Annotated[
        bool, typer.Option("--person", help="By resident id number, which is asked for, or read from standard input.")
    ] = False,
    sid: Annotated[str | None, typer.Option(help="By the person's key `sid` in the graph.")] = None,
    since: Annotated[dt.datetime | None, typer.Option(formats=["%Y-%m-%d"], help="First day.")] = None,
    until: Annotated[dt.datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Last day.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Also show, marked, what the person is not told.")] = False,
    named: As = None,
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
        if since and until and until < since:
            raise Refused("--until lies before --since, so nothing can be found; exchange them")
        rows = _accesses_of(settings, named, sid, _day(since), _day(until))
        rows = [row for row in rows if row.told or everything]
    if as_json:
        typer.echo(json.dumps([{**asdict(row), "day": row.day.isoformat()} for row in rows], ensure_ascii=False))
        return
    if not rows:
        typer.echo("no access to data of this person is on record, of which they may know")
    for row in rows:
        mark = "" if row.told else "  (not told to the person)"
        cells = (row.day.isoformat(), row.department, row.purpose, ", ".join(row.kinds))
        typer.echo(escape_unprintable("  ".join(cells)) + mark)


def _accesses_of(
    settings: Settings, named: str | None, sid: str | None, since: dt.date | None, until: dt.date | None
) -> list[RecordedAccess]:
    from audit.index import IndexFault
    from audit.search import QueryRefused
    from audit.stores.base import StoreFault, explain_code
    from hub.auditor.search_terms import person_digests
    from hub.auditor.subject_accesses import accesses_of, digests_of_number
    from hub.home.audit_log import existing_digester, existing_log
    from hub.home.catalogue import catalogue_of
    from hub.steward.changes import policy_of

    existing_log(settings)
    digester = existing_digester(settings)
    if digester is None:
        raise Refused("only with the keys of the log is a person found in it, and this home has none")
    actor = auditor_of(settings, named)
    try:
        if sid is None:
            person = digests_of_number(settings, digester, ask("resident id number"))
        else:
            person = person_digests(digester, sid)
        catalogue = catalogue_of(settings)
        rows = accesses_of(settings, person, policy_of(settings, catalogue), catalogue, since, until)
    except (QueryRefused, IndexFault) as refused:
        raise Refused(str(refused)) from None
    except StoreFault as fault:
        raise Refused(f"the audit log can't be read: {explain_code(str(fault))}") from None
    times = {name: day.isoformat() for name, day in (("since", since), ("until", until)) if day}
    record_reading(settings, "subject", "audit subject", actor, {"subject": person[0], **times})
    return rows


def _day(moment: dt.datetime | None) -> dt.date | None:
    return None if moment is None else moment.date()
