"""Reads from the headers of a request in which form its client wants the answer.

Nothing here is believed beyond the form of an answer: no header changes what may be seen. There are two profiles of
GraphQL over HTTP: `common`, which the suite `graphql-http` 1.23 tests, and `strict`, the draft of 2026. Sources:
graphql.github.io/graphql-over-http/draft, RFC 9110 (12.4, 12.5).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal

from schema.interface.languages import CHINESE, ENGLISH

JSON: Final = "application/json"
GRAPHQL_JSON: Final = "application/graphql-response+json"
EVENTS: Final = "text/event-stream"
"""Server-Sent Events."""
ERRORS_HEADER: Final = "access-errors"
"""Whether what is denied or suppressed is listed in `errors`: `list` or `none`."""
COST_HEADER: Final = "access-cost"
"""Whether `extensions.cost` says what the operation cost: `tell` or `none`."""
Profile = Literal["common", "strict"]
_READ: Final = frozenset({"accept", "accept-encoding", "accept-language", ERRORS_HEADER, COST_HEADER})
READ_AT_MOST: Final = 1_000
"""Characters of a header that are read: whoever sends more wants to keep the hub busy."""
_LISTED: Final = {"list": True, "none": False}
_COST_TOLD: Final = {"tell": True, "none": False}


@dataclass(frozen=True, slots=True)
class Preferences:
    """The form of one answer.

    `language` is None where the client names none that we have: then messages are English, and descriptions are in
    both. `acceptable` and `understood` say whether there is a media type that the client takes, and whether its headers
    Access-Errors and Access-Cost have one of their values. `streams` is for a client that takes events, and no JSON as
    gladly.
    """

    strict: bool = False
    media_type: str = JSON
    acceptable: bool = True
    lists_errors: bool = False
    tells_cost: bool = False
    understood: bool = True
    language: str | None = None
    gzip: bool = False
    streams: bool = False


def preferences_of(headers: Iterable[tuple[str, str]], profile: Profile) -> Preferences:
    """The form that the headers of a request (lower-case names) ask for; several of a name count as one list."""
    said: dict[str, str] = {}
    for name, value in headers:
        if name in _READ:
            said[name] = f"{said[name]},{value}" if name in said else value
    return _preferences(
        profile == "strict",
        said.get("accept"),
        said.get("accept-encoding", ""),
        said.get("accept-language", ""),
        said.get(ERRORS_HEADER),
        said.get(COST_HEADER, "none"),
    )


# Clients are few and each always says the same: what a header means is worked out once.
@lru_cache(maxsize=256)
def _preferences(
    strict: bool, accept: str | None, encoding: str, language: str, errors: str | None, cost: str
) -> Preferences:
    media_type = _media_type("*/*" if accept is None else accept, strict)
    listed = strict if errors is None else _LISTED.get(errors.strip().lower())
    told = _COST_TOLD.get(cost.strip().lower())
    return Preferences(
        strict=strict,
        media_type=media_type or (GRAPHQL_JSON if strict else JSON),
        acceptable=media_type is not None or not strict,
        lists_errors=bool(listed),
        tells_cost=bool(told),
        understood=listed is not None and told is not None,
        language=_language(language),
        gzip=_quality(_ranges(encoding), "gzip", "*") > 0,
        streams=_streams(_ranges(accept or "")),
    )


def _streams(ranges: dict[str, float]) -> bool:
    return _quality(ranges, EVENTS) > max(_quality(ranges, GRAPHQL_JSON), _quality(ranges, JSON))


def _media_type(accept: str, strict: bool) -> str | None:
    """The media type of an answer. Where both do equally well, `strict` takes GraphQL's, `common` what is named."""
    ranges = _ranges(accept)
    graphql = _quality(ranges, GRAPHQL_JSON, "application/*", "*/*")
    json = _quality(ranges, JSON, "application/*", "*/*")
    if graphql > 0 and graphql >= json and (strict or json == 0 or GRAPHQL_JSON in ranges):
        return GRAPHQL_JSON
    return JSON if json > 0 else None


def _language(accepted: str) -> str | None:
    """The better of the two languages, whatever the region (`zh-Hans-CN`); English where both do equally well."""
    best, most = None, 0.0
    for name, quality in _ranges(accepted).items():
        language = name.partition("-")[0]
        if language in {CHINESE, ENGLISH} and (quality > most or (quality == most > 0 and language == ENGLISH)):
            best, most = language, quality
    return best


def _ranges(header: str) -> dict[str, float]:
    """The quality of each range of a header, by its lower-case name without parameters; the first of a name counts."""
    found: dict[str, float] = {}
    for part in header[:READ_AT_MOST].lower().split(","):
        name, *parameters = (each.strip() for each in part.split(";"))
        if name:
            found.setdefault(name, _quality_of(parameters))
    return found


def _quality_of(parameters: list[str]) -> float:
    """The `q` of a range; one that cannot be read counts as none at all."""
    stated = next((each.removeprefix("q=") for each in parameters if each.startswith("q=")), "1")
    try:
        quality = float(stated)
    except ValueError:
        return 0.0
    return quality if 0 <= quality <= 1 else 0.0


def _quality(ranges: dict[str, float], *names: str) -> float:
    """The quality of the first of `names`, the most specific one, that there is."""
    return next((ranges[name] for name in names if name in ranges), 0.0)
