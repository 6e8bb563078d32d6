"""The shapes of names and addresses in files and settings: each a pattern, and what it asks for in words.

Whoever wrote a value by hand is told the words; editors complete from the patterns.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from schema.region_paths import path_meant
from schema.signs import odd_sign

NAME: Final = r"^[a-z][a-z0-9-]*$"
SHORT_NAME: Final = r"^[a-z][a-z0-9-]{0,39}$"
PURPOSE: Final = r"^[a-z][a-z0-9_-]*(\.[a-z][a-z0-9_-]*)*$"
JURISDICTION: Final = r"^([0-9A-Za-z-]+/)+$"
TABLE: Final = r"^[A-Za-z_][A-Za-z0-9_.]*$"
DELIMITER: Final = r"^[,;|\t]$"
ZONE: Final = r"^[+-]\d{2}:\d{2}$"
HEADER: Final = r"^[A-Za-z][A-Za-z0-9-]{0,63}$"
EVERY: Final = r"^[1-9]\d{0,2}[mhd]$"
DAILY: Final = r"^([01]\d|2[0-3]):[0-5]\d$"
WEB_ADDRESS: Final = r"^https?://\S+$"
ADDRESS_WITHOUT_USER: Final = r"^https?://[^@\s]+$"
CLAIM: Final = r"^[A-Za-z0-9_.:/-]{1,200}$"
LOG_ORIGIN: Final = r"^[^\s+]+$"
GRAPH_ADDRESS: Final = r"^(bolt|neo4j)(\+s|\+ssc)?://[^@\s]+$"
JAVA_SIZE: Final = r"^[1-9][0-9]*[mg]$"
DOCUMENT_ID: Final = r"^sha256:[0-9a-f]{64}$"

_WORDS: Final[Mapping[str, str]] = {
    NAME: "write small letters, digits and hyphens, beginning with a letter, such as fire-inspection",
    SHORT_NAME: "write at most 40 small letters, digits and hyphens, beginning with a letter, such as housing-register",
    PURPOSE: "write small letters, digits, _ and -, with a dot between the steps of a purpose, such as safety.fire",
    JURISDICTION: "write the codes of the divisions from the widest on, with a / after each, such as 14/03/21/001/",
    TABLE: "write the name of a table in letters, digits and _, with a dot after its schema, such as public.tickets",
    DELIMITER: r"write one of , ; | or a tab (\t)",
    EVERY: "write a number and m, h or d, for minutes, hours or days, such as 6h",
    DAILY: 'write hours and minutes in quotes, such as "03:30"',
    ZONE: "write the hours and minutes from UTC, such as +08:00",
    HEADER: "write the name of a header in letters, digits and hyphens, such as X-Api-Key",
    WEB_ADDRESS: "write a web address such as https://id.example, without blanks",
    ADDRESS_WITHOUT_USER: "write a web address such as https://id.example, without user, password or blanks",
    CLAIM: "write the name of a claim in letters, digits and _ . : / -, such as resident_id",
    LOG_ORIGIN: "write a name without blanks and +, such as hub.example/county",
    GRAPH_ADDRESS: "write an address such as bolt://host:7687 or neo4j+s://host:7687, without user, password or blanks",
    DOCUMENT_ID: f"write the SHA-256 of the document in small digits, such as sha256:{'0123456789abcdef' * 4}",
    JAVA_SIZE: "write megabytes or gigabytes, such as 512m or 2g",
}


_WORDS_IN_LINE: Final = re.compile(r"[A-Za-z0-9_.:-]{1,64}(, ?[A-Za-z0-9_.:-]{1,64}){,9}\Z")
_BLOCK: Final = "write a block of keys, each with a colon and its value, such as `key: value`"
_NO_MAP: Final = frozenset({"dict_type", "mapping_type", "model_type", "model_attributes_type"})
_KINDS: Final[Mapping[str, str]] = {
    "bool_type": "write true or false, without quotes",
    "int_type": "write a whole number, without quotes",
    "int_from_float": "write a whole number, without a point",
    "missing": "this key is missing; add it",
}


def fault_in_words(fault: Mapping[str, Any]) -> str:
    """What is wrong by one of pydantic's faults: in words for a shape of this file, else pydantic's own message.

    The `input` of a fault is looked at where there is one: leave it out of what may be secret.
    """
    given, pattern = fault.get("input"), fault.get("ctx", {}).get("pattern")
    if pattern in _WORDS:
        return _of_pattern(pattern, given)
    kind = str(fault.get("type"))
    if kind in {"list_type", "tuple_type"}:
        return _of_list(given)
    if kind in _NO_MAP:
        return _BLOCK
    if kind in {"literal_error", "enum"}:
        return f"write one of {fault['ctx']['expected']}"
    return _KINDS.get(kind) or str(fault["msg"]).removeprefix("Value error, ")


def _of_pattern(pattern: str, given: object) -> str:
    odd = odd_sign(given) if isinstance(given, str) and pattern != DELIMITER else ""
    meant = path_meant(given) if pattern == JURISDICTION else None
    words = _WORDS[pattern] if meant is None else f"{_WORDS[pattern]}; this is {meant}"
    return f"{odd}; {words}" if odd else words


def _of_list(given: object) -> str:
    if isinstance(given, str) and _WORDS_IN_LINE.match(given):
        return f"a list is wanted here, with brackets: [{given}]"
    if isinstance(given, Mapping):
        return "a list is wanted here; begin each of its items with `- `"
    return "a list is wanted here, with brackets and commas, such as [first, second]"
