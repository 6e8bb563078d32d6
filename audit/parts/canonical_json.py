"""Canonical JSON: the one form in bytes of what the log keeps.

Equal values are equal bytes: keys sorted, no white space, UTF-8, and every character that could disturb a terminal or a
page (controls, line separators, bidi and other format characters, lone surrogates) escaped.
"""

from __future__ import annotations

import json
import re

_DISTURBING = re.compile(
    "[\x7f-\x9f\xad\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f"
    "\ud800-\udfff\ufeff\ufff9-\ufffb\U000110bd\U000110cd\U00013430-\U0001345f\U0001bca0-\U0001bca3"
    "\U0001d173-\U0001d17a\U000e0000-\U000e007f]"
)
_dumps = json.JSONEncoder(
    ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False, check_circular=False
).encode


def canonical_json(value: object) -> bytes:
    """The canonical bytes of a value of maps, lists, texts, numbers, booleans and None."""
    text = _dumps(value)
    if not (text.isascii() and text.isprintable()):
        text = _DISTURBING.sub(_escape, text)
    return text.encode()


def _escape(match: re.Match[str]) -> str:
    units = match.group().encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))
