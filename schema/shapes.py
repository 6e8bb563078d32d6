"""The shapes of names and addresses in files and settings: each a pattern, and what it asks for in words.

Whoever wrote a value by hand is told the words; editors complete from the patterns.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

NAME: Final = r"^[a-z][a-z0-9-]*$"
SHORT_NAME: Final = r"^[a-z][a-z0-9-]{0,39}$"
PURPOSE: Final = r"^[a-z][a-z0-9_-]*(\.[a-z][a-z0-9_-]*)*$"
JURISDICTION: Final = r"^([0-9A-Za-z-]+/)+$"
TABLE: Final = r"^[A-Za-z_][A-Za-z0-9_.]*$"
DELIMITER: Final = r"^[,;|\t]$"
ZONE: Final = r"^[+-]\d{2}:\d{2}$"
WEB_ADDRESS: Final = r"^https?://\S+$"
ADDRESS_WITHOUT_USER: Final = r"^https?://[^@\s]+$"
LOG_ORIGIN: Final = r"^[^\s+]+$"
GRAPH_ADDRESS: Final = r"^(bolt|neo4j)(\+s|\+ssc)?://[^@\s]+$"
JAVA_SIZE: Final = r"^[1-9][0-9]*[mg]$"

_WORDS: Final[Mapping[str, str]] = {
    NAME: "write small letters, digits and hyphens, beginning with a letter, such as fire-inspection",
    SHORT_NAME: "write at most 40 small letters, digits and hyphens, beginning with a letter, such as housing-register",
    PURPOSE: "write small letters, digits, _ and -, with a dot between the steps of a purpose, such as safety.fire",
    JURISDICTION: "write the codes of the divisions from the widest on, with a / after each, such as 14/03/21/001/",
    TABLE: "write the name of a table in letters, digits and _, with a dot after its schema, such as public.tickets",
    DELIMITER: r"write one of , ; | or a tab (\t)",
    ZONE: "write the hours and minutes from UTC, such as +08:00",
    WEB_ADDRESS: "write a web address such as https://id.example, without blanks",
    ADDRESS_WITHOUT_USER: "write a web address such as https://id.example, without user, password or blanks",
    LOG_ORIGIN: "write a name without blanks and +, such as hub.example/county",
    GRAPH_ADDRESS: "write an address such as bolt://host:7687 or neo4j+s://host:7687, without user, password or blanks",
    JAVA_SIZE: "write megabytes or gigabytes, such as 512m or 2g",
}


def fault_in_words(fault: Mapping[str, Any]) -> str:
    """What is wrong by one of pydantic's faults: in words for a pattern of this file, else pydantic's own message."""
    pattern = fault.get("ctx", {}).get("pattern")
    return _WORDS.get(pattern) or str(fault["msg"]).removeprefix("Value error, ")
