"""Explains why a YAML file could not be parsed: the line, the cause, and the line as it should be where that is known.

The texts are for whoever writes policies and sources by hand. Nothing here decides whether a file is read: that is
`schema/strict_yaml.py`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from schema import signs

_HALF_WIDTH: Mapping[str, str] = {
    "：": ": ", "，": ", ", "“": '"', "”": '"', "‘": "'", "’": "'", "【": "[", "】": "]", "［": "[", "］": "]",
    "｛": "{", "｝": "}", "　": " ", "\xa0": " ", "\u2007": " ", "\u202f": " ", "\u2002": " ", "\u2003": " ",
    "\u2009": " ",
}  # fmt: skip
"""Signs that a Chinese keyboard gives, and what YAML wants in their place."""

_FULL_WIDTH_SIGN = re.compile(f"([{''.join(_HALF_WIDTH)}]) *")
_WRAPPED = re.compile(r"“.*”\Z|‘.*’\Z|【.*】\Z|［.*］\Z|｛.*｝\Z", re.DOTALL)
_IN_KEYS = re.compile("[：，　\xa0\u200b\u200c\u200d\u2060\ufeff]")
_STOPS = re.compile(r" *\t|\s*(?:- )?[\w.$-]+：")
_NO_BLANK = re.compile(r"(\s*(?:- )?[\w.$-]+):(?=[^\s/])")
_TWO_COLONS = re.compile(r"(\s*(?:- )?[\w.$-]+): (?!['\"\[{])(.*: .*)")


def parse_error(text: str, wrong: Any) -> tuple[int, str]:
    """Line (from 1) and cause of a parser's MarkedYAMLError; a full-width sign is often noticed one line late."""
    mark = wrong.problem_mark or wrong.context_mark
    line = mark.line if mark else 0
    lines = [*text.splitlines(), "", ""]
    if "\\t" in str(wrong.problem):
        right = _shown(lines[line].expandtabs(2))
        return line + 1, f"a tab; YAML is indented with spaces only, so: `{right}`"
    for at in sorted((line, line - 1), key=lambda each: _STOPS.match(lines[each]) is None):
        cause = _slip(lines[at]) if at >= 0 else None
        if cause:
            return at + 1, cause
    began = wrong.context_mark.line + 1 if wrong.context_mark else line + 1
    for sign, cause in _CAUSES.items():
        if sign in str(wrong.problem):
            return line + 1, cause.format(began=began)
    parts = [str(each) for each in (wrong.context, wrong.problem) if each]
    return line + 1, ": ".join(parts)


def like_slips(text: str, told: int) -> list[tuple[int, str]]:
    """Further lines (from 1) with a slip of the kinds that stop the parser, after the one that is `told`."""
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        if number > told and _STOPS.match(line):
            right = line.expandtabs(2)
            found.append(
                (number, full_width(right) or f"a tab; YAML is indented with spaces only, so: `{_shown(right)}`")
            )
    return found


def no_mapping(text: str) -> tuple[int, str]:
    """Why a file is no map of keys: the line and the cause."""
    for number, line in enumerate(text.splitlines(), 1):
        cause = _slip(line)
        if cause:
            return number, cause
    return 1, "expected a key such as `name:` at the top, not a list or plain text"


def wrong_key(key: str, line: str) -> str | None:
    """Why a key without quotes cannot be meant: it has a sign of a Chinese keyboard, or one that is not seen."""
    sign = _IN_KEYS.search(key)
    if sign is None:
        return None
    return full_width(line) or f"the key has an invisible sign (U+{ord(sign[0]):04X}); delete it"


def wrong_text(text: str, line: str, *, listed: bool) -> str | None:
    """Why a text without quotes cannot be meant: it stands in full-width brackets, or is several items in one."""
    if _WRAPPED.match(text) or (listed and "，" in text):
        return f"{full_width(line)}; or, if it is text, put half-width quotes around it"
    return None


def full_width(line: str) -> str | None:
    """What to say of a line with full-width signs or unusual blanks; None if it has none."""
    sign = _FULL_WIDTH_SIGN.search(line)
    if sign is None:
        return None
    right = _shown(_FULL_WIDTH_SIGN.sub(lambda found: _HALF_WIDTH[found[1]], line))
    odd = signs.odd_sign(sign[1])
    instead = "half-width signs" if odd.endswith("full-width") else "ordinary blanks"
    return f"{odd}; write this line with {instead}: {right}"


def _slip(line: str) -> str | None:
    """A slip that one line shows by itself: full-width signs, no blank after a colon, a colon within a text."""
    sign = full_width(line.partition(" #")[0])
    if sign:
        return sign
    if _NO_BLANK.match(line):
        return f"a blank is missing after the colon, so: `{_shown(_NO_BLANK.sub(lambda key: f'{key[1]}: ', line, 1))}`"
    text = _TWO_COLONS.fullmatch(line.rstrip())
    if text:
        return f'put quotes around a text with a colon in it, so: `{_shown(f"{text[1]}: ")}"{text[2]}"`'
    return None


def _shown(line: str) -> str:
    return line.strip() + (" " if line.endswith(": ") else "")


_CAUSES: Mapping[str, str] = {
    "mapping values are not allowed": "this line is indented deeper than the one above, which has a value already; "
    "give both the same indentation",
    "found '<scalar>'": "there is text after a closing quote; put the whole text in quotes, and double a quote within",
    "found '<block mapping start>'": "the indentation fits no line above; begin it where its neighbours begin",
    "expected <block end>": "this line does not belong to the block that begins in line {began}; check the indentation",
    "could not find expected ':'": "line {began} has no colon; write `key: value`, or begin an item with `- `",
    "unexpected end of stream": "a quote that opens in line {began} is not closed",
    "expected ',' or ']'": "the bracket [ of line {began} is not closed, or a comma is missing before this",
    "expected ',' or '}'": "the bracket {{ of line {began} is not closed, or a comma is missing before this",
    "cannot start any token": "a text that begins with this sign stands in quotes",
    "sequence entries are not allowed": "a list begins on the line after its key, each item with `- `",
    "expected chomping": "a text that begins with > or | stands in quotes",
    "'<document start>'": "a bracket closes here that was not opened",
}
"""What the parser says → what is meant by it, for whoever wrote the line."""
