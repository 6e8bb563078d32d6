"""Reads the terms of a log search, such as `department=fire since=2026-06-01 person=-`.

No personal value is in a command line, which every user of the machine can see and shells keep. Names of the policy and
the catalogue are plain; a value that may identify a person is written as `-`, asked for and digested at once, or as `#`
with its digest as the log shows it (`#a,#b`: one of them).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from difflib import get_close_matches
from typing import Final

from audit.record import Digester
from audit.search import Query, QueryRefused
from hub.home.seals import load_key
from hub.home.settings import Settings
from hub.home.surrogates import KeyedDigest, surrogate
from hub.home.zone import read_moment

PERSON: Final = "Person"
"""The type of people in the spine, as their surrogates are derived from it."""
PLAIN: Final = (
    "kind", "result", "application", "department", "region", "purpose", "policy_version", "catalogue_version",
    "coordinate", "effect",
)  # fmt: skip
TIMES: Final = ("since", "until")
SECRET: Final[Mapping[str, str]] = {
    "case": "case",
    "who": "who",
    "value": "value",
    "person": "subject",
    "sid": "subject",
}
"""Terms whose values are digested, with the part of the query that each becomes."""

ACTORS: Final[Mapping[str, str]] = {"who": "subject", "who.account": "steward", "who.user": "operator"}
"""How a search for a person is recorded → the kind of digest under which records name who acted: the `sub` of a token,
an account of `stewards:`, the user number of an operator."""

_DOMAINS: Final = {"case": "case", "value": "value"}
_ASKED: Final = {
    "case": "case reference",
    "who": "person who acted (sub of a token, account of a steward or auditor, user number of an operator)",
    "value": "value",
    "person": "resident id number",
    "sid": "surrogate",
}

Ask = Callable[[str], str]
"""Asks the person at the keyboard for a value, which is not shown."""


@dataclass(frozen=True, slots=True)
class ParsedSearch:
    """What to search for, and how that is recorded in the log: digests, times, kinds and effects."""

    query: Query
    recorded: Mapping[str, str]


def read_filters(
    words: Sequence[str],
    digester: Digester | None,
    sid_of: Callable[[str], str],
    ask: Ask,
    zone: dt.tzinfo,
) -> ParsedSearch:
    """The search that `words` describe; QueryRefused for a word that is unknown, given twice or must not be plain.

    `sid_of` gives the surrogate of the person with an id number. Days, and times without a zone, are those of `zone`.
    Without a `digester` no clear value can be searched for, and nothing is `recorded`.
    """
    given: dict[str, str | tuple[str, ...] | dt.datetime] = {}
    recorded: dict[str, str] = {}
    for word in words:
        name, equals, value = word.partition("=")
        part = SECRET.get(name, name)
        known = (*PLAIN, *TIMES, *SECRET)
        if not equals or not value:
            raise QueryRefused(f"write NAME=VALUE and not {name!r}; NAME is one of {', '.join(known)}")
        if name not in known:
            near = "".join(f"; did you mean {each}?" for each in get_close_matches(name, known, 1))
            raise QueryRefused(f"there is no {name!r} to search by; there are {', '.join(known)}{near}")
        if part in given:
            raise QueryRefused(f"{name} is given twice")
        if name == "who":
            actors = _actor_digests(value, digester, ask)
            given[part] = tuple(each for found in actors.values() for each in found)
            recorded |= {actor: found[0] for actor, found in actors.items()}
        elif name in SECRET:
            found = _digests(name, value, digester, sid_of, ask)
            given[part], recorded[part] = found, found[0]
        elif name in TIMES:
            moment = _moment(name, value, zone)
            given[part], recorded[part] = moment, moment.isoformat(timespec="seconds")
        else:
            given[part] = value
            # A value may be any text; kinds and effects are known words by the time this is recorded.
            if digester is not None:
                recorded[part] = value if name in {"kind", "effect"} else digester.digest("value", value)
    query = Query(**given)  # type: ignore[arg-type]
    if query.since is not None and query.until is not None and query.since >= query.until:
        raise QueryRefused("until lies before since, so nothing can be found; exchange them", "order")
    return ParsedSearch(query, recorded)


def selection_of(query: Query) -> dict[str, str]:
    """The query as the manifest of an export states it: names, times and digests."""
    given = {name: value for name, value in asdict(query).items() if value is not None}
    return {name: ", ".join(value) if isinstance(value, tuple) else str(value) for name, value in given.items()}


def person_digests(digester: Digester, sid: str) -> tuple[str, ...]:
    """The digests under which records name a person with a surrogate, that of today's key first."""
    return digester.every("person", sid)


def surrogate_of(settings: Settings) -> Callable[[str], str]:
    """A function from an id number to the surrogate that pulls make of it; it raises QueryRefused for no id number."""

    def surrogate_of_number(number: str) -> str:
        from connectors.resolve import is_resident_id

        if not is_resident_id(number.upper()):
            raise QueryRefused("this is no valid resident id number")
        if not settings.graph_key.exists():
            # Never made here: under a new key nobody would be found.
            raise QueryRefused(f"{settings.graph_key} is missing, and only with it is a person found; restore it")
        return surrogate(KeyedDigest(load_key(settings.graph_key)), PERSON, number.upper())

    return surrogate_of_number


def _actor_digests(value: str, digester: Digester | None, ask: Ask) -> dict[str, tuple[str, ...]]:
    """The digests under which records may name the person who acted, by the name under which each is recorded."""
    if value.startswith("#"):
        return {"who": _given(value)}
    key = _required(digester, "who")
    clear = _asked("who", value, ask)
    return {name: key.every(domain, clear) for name, domain in ACTORS.items()}


def _given(value: str) -> tuple[str, ...]:
    """The digests that were given: one, or several with commas between, as one value has them under several keys."""
    return tuple(each.removeprefix("#") for each in value.split(","))


def _digests(
    name: str, value: str, digester: Digester | None, sid_of: Callable[[str], str], ask: Ask
) -> tuple[str, ...]:
    if value.startswith("#"):
        return _given(value)
    key = _required(digester, name)
    if name == "sid" and value != "-":
        return person_digests(key, value)  # without this home's key a surrogate identifies nobody
    clear = _asked(name, value, ask)
    if name in _DOMAINS:
        return key.every(_DOMAINS[name], clear)
    return person_digests(key, sid_of(clear) if name == "person" else clear)


def _required(digester: Digester | None, name: str) -> Digester:
    if digester is None:
        raise QueryRefused(
            f"this home does not have the key of the log's digests (keys/digest.key); write {name}=#DIGEST as the log"
            " shows it"
        )
    return digester


def _asked(name: str, value: str, ask: Ask) -> str:
    """The value that the person gives when asked; QueryRefused for one in the command line."""
    if value != "-":
        raise QueryRefused(
            f"the value of {name} may identify a person, and others can see a command line: write {name}=- and give it"
            f" when asked, or {name}=#DIGEST as the log shows it"
        )
    clear = ask(_ASKED[name]).strip()
    if not clear:
        raise QueryRefused(f"{name} was not given")
    return clear


def _moment(name: str, text: str, zone: dt.tzinfo) -> dt.datetime:
    """The time that `text` gives; for `until`, a day counts to its end."""
    try:
        if name == "until" and _is_day(text):
            return read_moment((dt.date.fromisoformat(text) + dt.timedelta(days=1)).isoformat(), zone)
        return read_moment(text, zone)
    except (ValueError, OverflowError):
        text = f"{name} takes a day or a time such as 2026-06-30 or 2026-06-30T08:00+08:00"
        raise QueryRefused(text, "moment", term=name) from None


def _is_day(text: str) -> bool:
    try:
        dt.date.fromisoformat(text)
    except ValueError:
        return False
    return True
