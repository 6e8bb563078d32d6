"""No personal value to search the log for stands in a command line: it is asked for, and digested at once.

A search is written as words such as `department=fire since=2026-06-01 person=-`. Names of the policy and the catalogue
are plain; what could tell of a person is `-`, and is then read from standard input, or `#` and its digest as the log
shows it. Command lines are seen by every user of a machine, and kept by shells.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from audit.record import Digester
from audit.search import Query, QueryRefused
from hub.home.seals import load_key
from hub.home.settings import Settings
from hub.home.surrogates import surrogate
from schema.people import PERSON

PLAIN: Final = (
    "kind", "result", "application", "department", "region", "purpose", "policy_version", "coordinate", "effect",
)  # fmt: skip
TIMES: Final = ("since", "until")
SECRET: Final[Mapping[str, str]] = {
    "case": "case",
    "who": "who",
    "value": "value",
    "person": "subject",
    "sid": "subject",
}
"""What is digested, and the part of a query that it becomes."""

_DOMAINS: Final = {"case": "case", "who": "subject", "value": "value"}
_ASKED: Final = {
    "case": "case reference",
    "who": "staff account",
    "value": "value",
    "person": "resident id number",
    "sid": "surrogate",
}

Ask = Callable[[str], str]
"""Asks the person at the keyboard for a value, which must not be shown."""


@dataclass(frozen=True, slots=True)
class ParsedSearch:
    """What to search for, and how the log records that it was searched for: digests, times, kinds and effects."""

    query: Query
    recorded: Mapping[str, str]


def read_filters(words: Sequence[str], digester: Digester, sid_of: Callable[[str], str], ask: Ask) -> ParsedSearch:
    """The search that `words` describe; QueryRefused for one that is unknown, doubled or not to be written here.

    `sid_of` gives the surrogate of the person with an id number.
    """
    given: dict[str, str | dt.datetime] = {}
    recorded: dict[str, str] = {}
    for word in words:
        name, equals, value = word.partition("=")
        part = SECRET.get(name, name)
        if not equals or not value or name not in {*PLAIN, *TIMES, *SECRET}:
            raise QueryRefused(f"write NAME=VALUE; NAME is one of {', '.join((*PLAIN, *TIMES, *SECRET))}")
        if part in given:
            raise QueryRefused(f"{name} is given twice")
        if name in SECRET:
            found = _digest(name, value, digester, sid_of, ask)
            given[part], recorded[part] = found, found
        elif name in TIMES:
            moment = _moment(name, value)
            given[part], recorded[part] = moment, moment.isoformat(timespec="seconds")
        else:
            given[part] = value
            # Whatever was typed might be anything; kinds and effects are known words by the time this is recorded.
            recorded[part] = value if name in {"kind", "effect"} else digester.digest("value", value)
    return ParsedSearch(Query(**given), recorded)  # type: ignore[arg-type]


def person_digest(digester: Digester, sid: str) -> str:
    """The digest under which records name a person with a surrogate."""
    return digester.digest("person", sid)


def surrogate_of(settings: Settings) -> Callable[[str], str]:
    """What gives the surrogate of the person with an id number, as pulls make it; QueryRefused if it is none."""

    def found(number: str) -> str:
        from connectors.resolve import is_resident_id

        if not is_resident_id(number.upper()):
            raise QueryRefused("this is no valid resident id number")
        return surrogate(load_key(settings.graph_key), PERSON.name, number.upper())

    return found


def _digest(name: str, value: str, digester: Digester, sid_of: Callable[[str], str], ask: Ask) -> str:
    if value.startswith("#"):
        return value[1:]
    if name == "sid" and value != "-":
        return person_digest(digester, value)  # a surrogate tells nothing to who has not this home's key
    if value != "-":
        raise QueryRefused(
            f"{name} may tell of a person, and a command line is seen by others: write {name}=- and give it when asked,"
            f" or {name}=#DIGEST as the log shows it"
        )
    clear = ask(_ASKED[name]).strip()
    if not clear:
        raise QueryRefused(f"{name} was not given")
    if name in _DOMAINS:
        return digester.digest(_DOMAINS[name], clear)
    return person_digest(digester, sid_of(clear) if name == "person" else clear)


def _moment(name: str, text: str) -> dt.datetime:
    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError:
        raise QueryRefused(f"{name} takes a day or a time such as 2026-06-30 or 2026-06-30T08:00+08:00") from None
    return moment.astimezone() if moment.tzinfo is None else moment
