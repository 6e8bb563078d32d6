"""Reads what markup and escapes stand for: entities, tags, `\\u0031`, `%31`, quoted-printable.

Every character that is read knows the stretch of the text that it was written with, however often it was escaped. What
stands for nothing stays as it is. Bytes are UTF-8, else GB 18030.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from html.entities import html5
from typing import NamedTuple

ROUNDS = 4
"""How often a text may have been escaped (`&amp;amp;#49;` is three times)."""


class Unescaped(NamedTuple):
    """Characters as they are meant, and where in the text each was written: from `starts` to `ends` (excluded)."""

    text: str
    starts: Sequence[int]
    ends: Sequence[int]


Piece = tuple[str, int, int]
"""A character, and where it was written."""

_INLINE = re.compile(
    "a|abbr|b|bdi|bdo|big|center|cite|code|del|em|font|i|img|input|ins|kbd|label|mark|nobr|q|r[bpt]|ruby|s|samp|small|span"
    "|strike|strong|su[bp]|svg|tt|u|var|wbr|o:p|w:(?:r|t|rpr)|size|color|url|email|left|right"
)
"""Tags that part no words; every other one does, as a cell of a table or a line."""
_LINE = re.compile(
    "p|div|li|tr|table|ul|ol|h[1-6r]|d[ltd]|section|article|blockquote|pre|body|html|head|title|quote|w:p"
)
_HEX = "[0-9A-Fa-f]"
_SLASH = r"\\{1,4}"
_BYTE = re.compile(rf"[%=]({_HEX}{{2}})|{_SLASH}x({_HEX}{{2}})|{_SLASH}([0-3][0-7]{{2}})")
_TAG = (
    r"<!--(?s:.){0,1000}?-->|<!\[CDATA\[|\]\]>|</?(?P<tag>[A-Za-z][A-Za-z0-9]*(?::[A-Za-z]+)?)(?:\s[^<>]{0,1000})?/?>"
    r"|<[!?][A-Za-z][^<>]{0,200}>"
    r"|\[/?(?P<bb>b|i|u|s|color|size|font|url|email|img|quote|code|center|left|right|sub|sup)(?:=[^\[\]]{0,100})?\]"
)
_CODE = (
    rf"&(?:\#(?P<decimal>[0-9]{{1,10}})(?![0-9])|\#[xX](?P<hex>{_HEX}{{1,8}})(?!{_HEX})"
    r"|(?P<name>[A-Za-z][A-Za-z0-9]{1,31}(?=;)|nbsp|amp|lt|gt|quot|shy|middot));?"
    rf"|(?P<pair>{_SLASH}u[dD][89abAB]{_HEX}{{2}}{_SLASH}u[dD][c-fC-F]{_HEX}{{2}})"
    rf"|(?:{_SLASH}|%)u(?P<four>{_HEX}{{4}})|{_SLASH}u\{{(?P<braced>{_HEX}{{1,6}})\}}|{_SLASH}U(?P<eight>{_HEX}{{8}})"
    rf"|(?P<bytes>(?:%{_HEX}{{2}})+|(?:={_HEX}{{2}})+|(?:{_SLASH}x{_HEX}{{2}})+|(?:{_SLASH}[0-3][0-7]{{2}})+)"
    rf"|{_SLASH}(?P<sign>[nrt](?![A-Za-z])|[/\"'])"
)
_SOFT = re.compile(r"(?P<soft>=[ \t]*\r?\n)")
"""Where quoted-printable breaks a line, even within a character."""
_UNIT = re.compile(_CODE)
_UNIT_OR_TAG = re.compile(f"{_TAG}|{_CODE}")
MAY_BE = re.compile(
    rf"&[#A-Za-z]|<[/!?A-Za-z]|\]\]>|\\[uUxnrt0-3/\"']|%(?:{_HEX}{{2}}|u)|=(?:{_HEX}{{2}}|[ \t]*\r?\n)|\[/?[a-z]"
)
"""Where markup or an escape may be; most texts have none."""
_MEANT = re.compile("[\t\n\r -~\u00a0-\uffff\U00010000-\U0010ffff]+")
_OF_GB18030 = re.compile("[\t\n\r -~一-鿿\u3000-\u303f\uff00-\uffef]+")
_BLANKS = re.compile(r"\s{2,}")


def unescape(text: str, *, tags: bool) -> Unescaped | None:
    """What `text` says without escapes, and without tags if `tags`; None where there are none."""
    if not MAY_BE.search(text):
        return None
    read = Unescaped(text, range(len(text)), range(1, len(text) + 1))
    if "=" in text:
        read = _join(text_pieces(read, _SOFT))
    pattern = _UNIT_OR_TAG if tags else _UNIT
    for _ in range(ROUNDS):
        again = _join(text_pieces(read, pattern))
        if again.text == read.text:
            break
        read = again
    if read.text == text:
        return None
    return _join(_without_blanks(read)) if tags else read


def text_pieces(read: Unescaped, pattern: re.Pattern[str]) -> Iterator[Piece]:
    """The characters of one round, each with the place where it was first written."""
    text, starts, ends = read
    at = 0
    for found in pattern.finditer(text):
        pieces = _pieces(found)
        if pieces is None:
            continue
        yield from zip(text[at : found.start()], starts[at : found.start()], ends[at : found.start()], strict=True)
        yield from ((char, starts[first], ends[last - 1]) for char, first, last in pieces)
        at = found.end()
    yield from zip(text[at:], starts[at:], ends[at:], strict=True)


def _join(pieces: Iterator[Piece]) -> Unescaped:
    listed = list(pieces)
    return Unescaped(
        "".join(char for char, _, _ in listed), [start for _, start, _ in listed], [end for _, _, end in listed]
    )


def _without_blanks(read: Unescaped) -> Iterator[Piece]:
    """Where tags stood blanks stand together, and one is enough."""
    at = 0
    for found in _BLANKS.finditer(read.text):
        yield from _kept(read, at, found.start())
        blank = "\n" if "\n" in found[0] else " "
        yield blank, read.starts[found.start()], read.ends[found.end() - 1]
        at = found.end()
    yield from _kept(read, at, len(read.text))


def _kept(read: Unescaped, start: int, end: int) -> Iterator[Piece]:
    return zip(read.text[start:end], read.starts[start:end], read.ends[start:end], strict=True)


def _pieces(found: re.Match[str]) -> list[Piece] | None:
    """What a match stands for, each character with its place in the text of this round; None if for itself."""
    group = found.lastgroup
    start, end = found.span()
    if group is not None and group in _READERS:
        said = _READERS[group](found[group])
        return None if said is None else [(char, start, end) for char in said]
    if group == "bytes":
        return _of_bytes(found)
    name = (found[group] if group else "").lower()
    if not name or _INLINE.fullmatch(name):
        return []
    return [("\n" if _LINE.fullmatch(name) else " ", start, end)]


def _character(code: int) -> str | None:
    return chr(code) if code < 0x110000 and not 0xD800 <= code < 0xE000 else None


def _named(name: str) -> str | None:
    return html5.get(f"{name};")


def _pair(written: str) -> str:
    high, low = (int(each, 16) for each in re.findall(f"u({_HEX}{{4}})", written))
    return chr(0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00))


_READERS: dict[str, Callable[[str], str | None]] = {
    "decimal": lambda digits: _character(int(digits)),
    **dict.fromkeys(("hex", "four", "braced", "eight"), lambda digits: _character(int(digits, 16))),
    "name": _named,
    "pair": _pair,
    "sign": lambda sign: {"n": "\n", "r": "\n", "t": "\t"}.get(sign, sign),
    "soft": lambda _: "",
}


def _of_bytes(found: re.Match[str]) -> list[Piece] | None:
    """The characters of a run of escaped bytes; None if they are no text."""
    units = list(_BYTE.finditer(found.string, *found.span()))
    raw = bytes(int(each[1] or each[2], 16) if each[3] is None else int(each[3], 8) for each in units)
    for encoding, meant in (("utf-8", _MEANT), ("gb18030", _OF_GB18030)):
        try:
            text = raw.decode(encoding)
        except UnicodeDecodeError:
            continue
        if meant.fullmatch(text):
            return list(_placed(text, encoding, units))
    return None


def _placed(text: str, encoding: str, units: Sequence[re.Match[str]]) -> Iterator[Piece]:
    at = 0
    for char in text:
        last = at + len(char.encode(encoding))
        yield char, units[at].start(), units[last - 1].end()
        at = last
