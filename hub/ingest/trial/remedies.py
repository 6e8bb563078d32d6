"""What to do about each thing that keeps a source from being read, for whoever set it up.

The readers say what is wrong, and where they know it, what to do; this adds the rest. A fault that nobody thought of
has no remedy here, and is told as it is.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from connectors.base import ConnectorError


@dataclass(frozen=True, slots=True)
class Remedy:
    """What to do about what a `pattern` finds. `kind` names it for the console, which tells it in two languages.

    `text` is None where the reader says already what to do, in English alone.
    """

    kind: str
    pattern: str
    text: str | None


REMEDIES: Final = (
    Remedy(
        "certificate",
        r"certificate is not valid",
        "see its name and its dates, and have it signed by an authority that this machine "
        "knows; checks are not switched off",
    ),
    Remedy(
        "host",
        r"an address that is not asked|host .*not allowed",
        "name the host of the source itself, or have the keeper of the network allow it",
    ),
    Remedy(
        "key_wrong",
        r"refuses our key \(401\)",
        "the key is wrong or has expired: ask the source's keeper for one, and put it where `bearer` says",
    ),
    Remedy(
        "key_no_right",
        r"refuses our key \(403\)",
        "the key is known and may not read this: ask the source's keeper for that right",
    ),
    Remedy(
        "redirect",
        r"redirects to another address",
        "if that is the source's own, write the address that it leads to into `where`",
    ),
    Remedy(
        "not_json",
        r"something other than JSON",
        "a page for signing in, or an error page: check the path in `where`, and whether the "
        "source's keeper must let this machine through",
    ),
    Remedy("broken_json", r"not valid JSON", "check the path in `where`, and ask the source's keeper for JSON"),
    Remedy(
        "paging",
        r"has no list|does not state|another page came",
        "say under `paging` how its members are called (docs/connectors.md)",
    ),
    Remedy(
        "no_answer",
        r"does not answer",
        "check host and port in `where`, that it runs, and that a firewall lets this machine through",
    ),
    Remedy("nothing_there", r"answers 404", "there is nothing at this path: check `where`"),
    Remedy("busy", r"answers (429|5\d\d)", "it is busy or broken: try again later, or tell its keeper"),
    Remedy("other_answer", r"answers \d{3}", "check `where`; ask the source's keeper what it wants"),
    Remedy(
        "database_sign_in",
        r"refuses the user or the password",
        "correct the user in `where` and what `password` names; the account must be allowed to sign in from here",
    ),
    Remedy(
        "database_away",
        r"the database failed \(OperationalError\)",
        "check host, port, user and `password`, that it runs, and that the account may sign in from here",
    ),
    Remedy(
        "database_right",
        r"the database failed \(ProgrammingError\)",
        "check that the account may read the table: it needs the right to SELECT",
    ),
    Remedy(
        "database_damaged",
        r"the database failed \(DatabaseError\)",
        "check that the file is a database and not damaged",
    ),
    Remedy("database", r"the database failed", "check that another program can read the table with the same account"),
    Remedy(
        "driver",
        r"address or driver is not usable",
        "write an address such as postgresql+psycopg://user@host:5432/name",
    ),
    Remedy("no_table", r"there is no table", "correct `table`, or have the account see it"),
    Remedy(
        "columns",
        r"\blacks\b",
        "correct the names of the columns in the source file: they are those of the header, letter by letter",
    ),
    Remedy("empty_file", r"the file is empty", "export it again, with its header and its rows"),
    Remedy("encoding", r"byte order mark of UTF-8", "declare `encoding: utf-8`"),
    Remedy("column_twice", r"names a column twice", "rename one in the file, or do not read it"),
    Remedy("header", r"the header cannot be read", "open the file in an editor, and mend its first line"),
    Remedy(
        "missing_file",
        r"does not exist or cannot be read|there is no (database )?file|cannot be (opened|listed)",
        None,
    ),
    Remedy("no_header", r"the first line (is|looks like)|the header seems to go on", None),
    Remedy("other_encoding", r"the header is not|the file is UTF-(8|16)|no encoding fits|byte order mark of", None),
    Remedy("line_ends", r"lines end with CR alone", None),
    Remedy("workbook", r"workbook|\bsheets?\b", None),
    Remedy("no_rows", r"no rows, where the last full read had|no row can be read", None),
    Remedy("too_many_refused", r"more than the limit of .*limits\.quarantined", None),
    Remedy("other_limit", r"limits\.|more than .* times the .* rows|drift\.", None),
)
"""The first whose pattern is found in what a reader says counts."""


def remedy_of(error: ConnectorError) -> str | None:
    """What to do about it; None if what it says already tells, or if nobody thought of it."""
    found = _found(error.problem)
    return None if found is None else found.text


def kind_of(error: ConnectorError) -> str | None:
    """Which of REMEDIES it is, by its kind; None if nobody thought of it."""
    return kind_of_problem(error.problem)


def kind_of_problem(problem: str) -> str | None:
    """The same of what a run that failed left in the graph."""
    found = _found(problem)
    return None if found is None else found.kind


def _found(problem: str) -> Remedy | None:
    return next((each for each in REMEDIES if re.search(each.pattern, problem)), None)
