"""Turns a text into plain text for the rules and the model, and finds the way back to the text as written.

A span of the plain text always covers every character that it was written with. One character becomes one (full
width, compatibility forms, digits of all scripts and in circles, traditional characters) or none (zero-width, direction
marks, variation selectors, combining marks, control characters), and none is added. A text with markup or escapes
(`markup.py`) is read as it is written and as it is meant. Blanks, dots, dashes, emoji and letter case are kept: the
rules read them. Traditional characters are replaced by OpenCC's table
(`simplified.txt`, Apache-2.0).
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from pathlib import Path

from policies.text.gates import either
from policies.text.markup import Unescaped, unescape

_MARKS = (
    "\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\u302a-\u302f\u3099\u309a\ufe20-\ufe2f"
    "\u180b-\u180f\ufe00-\ufe0f\U0001f3fb-\U0001f3ff\U000e0100-\U000e01ef"
)
"""Combining marks, variation selectors and skin tones: part of the character before them."""

_INVISIBLE = (
    "\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u00ad\u061c\u115f\u1160\u17b4\u17b5\u200b-\u200f\u202a-\u202e\u2060-\u206f"
    "\u3164\ufeff\uffa0\ufff0-\ufffb\U0001d173-\U0001d17a\U000e0000-\U000e00ff"
)
"""Characters without a width, direction marks, fillers, tags and control characters other than blanks."""

_REMOVED = re.compile(f"[{_MARKS}{_INVISIBLE}]+")
_TRAILING = re.compile(f"[{_MARKS}]*")

_ROUND = {
    **{chr(0x2460 + n): str(n + 1) for n in range(9)},
    **{chr(base + n): str(n + 1) for base in (0x2776, 0x2780, 0x278A, 0x24F5) for n in range(9)},
    **{"⓪": "0", "⓿": "0", "🄋": "0", "🄌": "0"},
    **{char: str(n) for digits in ("⁰¹²³⁴⁵⁶⁷⁸⁹", "₀₁₂₃₄₅₆₇₈₉") for n, char in enumerate(digits)},
}
_ROUND_CLASS = f"[{''.join(_ROUND)}]"
_ROUND_NUMBER = re.compile(f"(?:[0-9]|{_ROUND_CLASS}){{3,}}")
_NUMBERED = re.compile(f"[0-9]{{7}}{_ROUND_CLASS}[0-9]")
_WITHIN = re.compile(f"(?:{_ROUND_CLASS}.*){{3}}|[0-9]{_ROUND_CLASS}+[0-9]")
_ROUND_TABLE = str.maketrans(_ROUND)
"""Digits in circles are digits where several stand together; alone they number the items of a list."""


def _simplified() -> dict[str, str]:
    path = Path(__file__).with_name("simplified.txt")
    lines = path.read_text(encoding="utf-8").splitlines()
    pairs = "".join(line for line in lines if not line.startswith("#"))
    return dict(zip(pairs[::2], pairs[1::2], strict=True))


def _compatible() -> dict[str, str]:
    """Characters whose compatibility form (NFKC) is one character, in the blocks where writers find look-alikes."""
    blocks = (
        *((0x2E80, 0x2FE0), (0x3000, 0x3001), (0xF900, 0xFB00), (0xFE10, 0xFE70), (0xFF00, 0xFFF0)),
        *((0x1D400, 0x1D800), (0x2F800, 0x2FA20), (0x2160, 0x2180), (0x24B6, 0x24EA), (0x1F130, 0x1F14A)),
    )
    table = {}
    for char in (chr(code) for first, last in blocks for code in range(first, last)):
        plain = unicodedata.normalize("NFKC", char)
        if len(plain) == 1 and plain != char and not _REMOVED.match(plain):
            table[char] = plain
    return table


def _one_to_one() -> dict[str, str]:
    simplified = _simplified()
    compatible = {char: simplified.get(plain, plain) for char, plain in _compatible().items()}
    blanks = dict.fromkeys(
        "\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f", " "
    )
    dashes = dict.fromkeys("\u2010\u2011\u2012\u2043\u2212", "-")
    return _decimal_digits() | simplified | compatible | blanks | dashes


def _decimal_digits() -> dict[str, str]:
    """The digits of every script that has ten (Arabic-Indic, Devanagari, mathematical …)."""
    every = map(chr, range(0x80, 0x20000))
    return {char: str(unicodedata.decimal(char)) for char in every if char.isdecimal()}


def _table(pairs: dict[str, str]) -> str:
    """The plain form of every character in the place of its number: `translate` raises and catches an error for each
    character that a dictionary lacks, and most stay as they are (2 µs a text against 4.5)."""
    return "".join(pairs.get(char, char) for char in map(chr, range(ord(max(pairs)) + 1)))


_TABLE = _table(_one_to_one())
_RARE = re.compile(f"[{_MARKS}{_INVISIBLE}{''.join(_ROUND)}]")


@dataclass(frozen=True, slots=True)
class PlainText:
    """A text made plain (`text`) and as it was written; `starts` holds the place of each plain character, None if same.

    `ends` holds where each ends, None if one code point later. Offsets count code points.
    """

    text: str
    original: str
    starts: tuple[int, ...] | None = None
    ends: tuple[int, ...] | None = None

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Where the plain characters `start` to `end` (excluded) stand in the text as written, marks included.

        Raises ValueError unless `0 <= start <= end <= len(text)`.
        """
        if not 0 <= start <= end <= len(self.text):
            raise ValueError("a span outside its text")
        if self.starts is None:
            return start, end
        if start == end:
            place = self.starts[start] if start < len(self.starts) else len(self.original)
            return place, place
        last = self.starts[end - 1] + 1 if self.ends is None else self.ends[end - 1]
        after = _TRAILING.match(self.original, last)
        return self.starts[start], after.end() if after else last


def normalise(text: str) -> PlainText:
    """The plain form of `text`; no table of positions is made where nothing had to be left out."""
    if text.isascii() and text.isprintable():
        return PlainText(text, text)
    plain = text.translate(_TABLE)
    if not _RARE.search(plain):
        return PlainText(plain, text)
    starts = None
    if _REMOVED.search(plain):
        starts = _kept(plain)
        plain = _REMOVED.sub("", plain)
    return PlainText(_ROUND_NUMBER.sub(lambda found: _unrounded(found[0]), plain), text, starts)


def readings(text: str) -> tuple[PlainText, ...]:
    """The plain form of `text` as it is written and, where that differs, as it is meant: with its tags and without.

    What stands inside a tag is in the reading with tags; what tags part is whole in the one without. That is the last.
    """
    written = normalise(text)
    found = {written.text: written}
    for tags in (False, True):
        meant = unescape(written.text, tags=tags)
        if meant is not None:
            again = _meant(written, meant)
            found.setdefault(again.text, again)
    return tuple(found.values())


def _meant(written: PlainText, meant: Unescaped) -> PlainText:
    """The plain form of what a plain text means, with places in the text as it was first written."""
    plain = normalise(meant.text)
    kept = range(len(meant.text)) if plain.starts is None else plain.starts
    places = [(meant.starts[each], meant.ends[each]) for each in kept]
    if written.starts is not None:
        places = [(written.starts[start], written.starts[end - 1] + 1) for start, end in places]
    starts, ends = (tuple(each) for each in zip(*places, strict=True)) if places else ((), ())
    return PlainText(plain.text, written.original, starts, ends)


def _unrounded(run: str) -> str:
    """`①③⑧` is a number; in `①13800138000②13900139000` two numbers are numbered."""
    return run.translate(_ROUND_TABLE) if _WITHIN.search(run) and not _NUMBERED.search(run) else run


def _kept(text: str) -> tuple[int, ...]:
    places: list[int] = []
    at = 0
    for found in _REMOVED.finditer(text):
        places.extend(range(at, found.start()))
        at = found.end()
    places.extend(range(at, len(text)))
    return tuple(places)


_NUMERALS = {
    **dict(zip("〇零一二三四五六七八九", "00123456789", strict=True)),
    **dict(zip("壹贰叁肆伍陆柒捌玖", "123456789", strict=True)),
    **dict(zip("幺么弌弍弎两洞拐", "11123207", strict=True)),
}
_NUMERAL_TABLE = str.maketrans(_NUMERALS)
BETWEEN = (
    "[ \\t\\r\\n。.\\-·•‧∙・_—–―~*+/\\\\|,…'`、=:;"
    "\u2190-\u21ff\u2300-\u23ff\u2500-\u27bf\u2b00-\u2bff\U0001f000-\U0001faff]"
)
"""What people put between the digits of one number: blanks, dots, dashes, bars, emoji."""

TIGHT = "[ \\t.\\-·•‧∙・_—–*\u2600-\u27bf\U0001f000-\U0001faff]"
"""Those that do not also stand between two numbers."""

_NUMERAL = "".join(_NUMERALS)
_SPELLED_DIGIT = f"[0-9{_NUMERAL}]{BETWEEN}{{0,3}}"
_SPELLED = re.compile(f"{_SPELLED_DIGIT}(?:{_SPELLED_DIGIT}){{4,}}[0-9xX]?")
_LOOKS = "oOоОΟοlI|ІіЗзбЬ"
_LOOK_TABLE = str.maketrans(_LOOKS, "000000111113366")
_LOOK = re.compile(f"[{_LOOKS}](?:(?<=[0-9].)|(?<=[lI|Іі])[3-9З]|(?<=[oOоОΟο]){BETWEEN}{{0,3}}[1lI])")
_LOOKS_LIKE_A_NUMBER = re.compile(
    f"(?<![0-9A-Za-z])[0-9{_LOOKS}](?:{BETWEEN}{{0,3}}[0-9{_LOOKS}]){{10,18}}(?![0-9A-WYZa-wyz])"
)
_CROSS = re.compile("(?<=[0-9][-_.·])[xX×✕](?=[-_.·][0-9])")
"""A cross between two groups of a number, with the same signs on both sides (`1380000-x-1234`)."""
_COUNTED = re.compile(f"[{_NUMERAL}](?<![〇零洞])(?:[0-9]{BETWEEN}{{0,3}}){{7,}}[xX]?")
_MAY_BE_SPELLED = either(
    *((_NUMERAL, f"{BETWEEN}{{0,3}}[0-9{_NUMERAL}]"), ("0-9", f"{BETWEEN}{{0,3}}[{_NUMERAL}]")),
)


def digits(text: str) -> str:
    """The plain text in which numbers spelled in Chinese numerals (一三八…, 壹叁捌…) are digits, one for one.

    A cross between two groups is a dash. Only five or more in a row are a number; `一楼` and `三号` stay as they are.
    Returns `text` itself if none is there.
    """
    text = _CROSS.sub("-", text)
    if _MAY_BE_SPELLED.search(text):
        text = _SPELLED.sub(lambda found: _spelled(found[0]), text)
    if _LOOK.search(text):
        text = _LOOKS_LIKE_A_NUMBER.sub(lambda found: _unmasked(found[0]), text)
    return text


def _spelled(run: str) -> str:
    """`手机一13812345678` counts mobiles; it spells no digit of one."""
    return run if _COUNTED.fullmatch(run) else run.translate(_NUMERAL_TABLE)


def _unmasked(run: str) -> str:
    """Letters that look like digits are read as digits in what is a number but for a few of them."""
    few = sum(char in _LOOKS for char in run) <= 4
    return run.translate(_LOOK_TABLE) if few else run
