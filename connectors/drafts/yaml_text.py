"""Writes texts, lists and comments of the drafts so that the strict YAML reader takes them as they are."""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Iterable, Mapping

WIDTH = 118
_PLAIN = re.compile("[A-Za-z_\u3400-\u9fff][A-Za-z0-9_.\u3400-\u9fff-]*\\Z")
_WORDS_OF_YAML = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})


def scalar(text: str) -> str:
    """A text as a YAML value: plain where it cannot be misread, else in double quotes."""
    if _PLAIN.match(text) and text.lower() not in _WORDS_OF_YAML:
        return text
    # A JSON text is a YAML text; what is not printable stands as its escape in both, line ends in any case.
    return json.dumps(text, ensure_ascii=not text.replace("\n", "").isprintable())


def flow(block: Mapping[str, str]) -> str:
    """A map on one line; its values are YAML already."""
    return "{" + ", ".join(f"{key}: {value}" for key, value in block.items()) + "}"


def listed(texts: Iterable[str]) -> str:
    """A list on one line."""
    return "[" + ", ".join(scalar(each) for each in texts) + "]"


def comment(text: str, indent: int = 0) -> list[str]:
    """A comment, wrapped; none of its characters ends its line."""
    printable = "".join(each if each.isprintable() else " " for each in text)
    before = " " * indent + "# "
    return textwrap.wrap(printable, WIDTH, initial_indent=before, subsequent_indent=before, break_on_hyphens=False)
