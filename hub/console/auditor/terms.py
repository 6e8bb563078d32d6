"""The terms of a search as addresses have them: names, times and digests, never a value in clear."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final
from urllib.parse import urlencode

from hub.auditor.search_terms import PLAIN, SECRET, TIMES
from hub.console.desk import HOME
from hub.console.refusals import PageRefused

LOG: Final = "log"


def asked_terms(given: Iterable[tuple[str, str]], besides: tuple[str, ...] = ("before",)) -> dict[str, str]:
    """The terms that say something, with those `besides`; PageRefused for one that no search has."""
    asked = {name: text.strip() for name, text in given if text.strip()}
    if unknown := asked.keys() - {*PLAIN, *TIMES, *SECRET, *besides}:
        raise PageRefused("choice", name=", ".join(sorted(unknown)))
    if any(not text.startswith("#") for name, text in asked.items() if name in SECRET):
        raise PageRefused("clear")
    return asked


def address_of(terms: Mapping[str, str], path: str = LOG) -> str:
    """The address of a search at a page."""
    return f"{HOME}{path}?{urlencode(terms)}" if terms else HOME + path


def number_of(text: str) -> int | None:
    """A number in an address; None if it is none."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else None
