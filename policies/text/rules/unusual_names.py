"""Rules for names that are not a Han surname and a given name.

Names with a middle dot (沙吾提·卡迪尔); Tibetan, Mongolian and Uyghur names made of known parts (洛桑次仁); names in
Latin letters beside a word for a person; and names with something between their characters (李。小。龙).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from policies.text import forms
from policies.text.dictionary import is_word
from policies.text.forms import HAN
from policies.text.gates import Gate, either
from policies.text.spans import PiiKind, Span

_HAN = re.compile(f"[{HAN}]")
_DOT = re.compile(rf"[·•‧・∙⋅.](?<=[{HAN} ].)(?=[{HAN} ])")
_FOREIGN = forms.characters("foreign")
_PART, _WHOLE = forms.words("name parts"), forms.words("names of one part")
_LISTED = forms.first_of(_PART, forms.words("foreign parts"))
_SYLLABLE = rf"(?:{_LISTED}|[{_FOREIGN}])"
_DOT_HERE = re.compile(rf"(?: ?[·•‧・∙⋅] ?|\.)(?={_SYLLABLE})")
_DOTTED = re.compile(rf"{_SYLLABLE}{{1,6}}{_DOT_HERE.pattern}(?P<last>)")
_ENDED = re.compile(
    rf"[^{HAN}]|$|[{forms.characters('stops')}]|{forms.any_of(forms.words('verbs'), forms.words('strong verbs'))}"
)
_PART_HERE, _CHARACTER_HERE = re.compile(_LISTED), re.compile(f"[{_FOREIGN}]")
_ODD_HERE = re.compile(rf".(?={_SYLLABLE}|(?![0-9])(?:{_ENDED.pattern}))")
"""A character of a name that no list has: more of the name stands behind it, or its end."""
_LONGEST = 12
"""Most characters of the last part of a name."""
_PART_OR_WHOLE = re.compile(forms.first_of(_PART, _WHOLE))
_PARTS = re.compile(f"(?:{forms.any_of(_PART)}){{2,3}}")
_PART_ALONE = re.compile(
    rf"(?<![{HAN}·•])(?:{forms.any_of(_WHOLE)})"
    rf"(?=[^{HAN}·•]|$|{forms.any_of(forms.words('strong verbs'))})"
)
_BETWEEN, _SIGN = " .。*_/|·•☆★", "☆★♥\U0001f300-\U0001faff"
_SPELLED = re.compile(
    rf"(?P<first>[{forms.SURNAMES}])(?:(?P<apart>[{_BETWEEN}]|  )[{HAN}](?P=apart)[{HAN}](?:(?P=apart)[{HAN}])?"
    rf"|[{_SIGN}][{HAN}]{{1,2}})"
)
_MAY_BE_SPELLED = either((_BETWEEN, f"[{HAN}][{_BETWEEN}]"), (_SIGN, f"[{HAN}]"))
_LETTERS = re.compile("[A-Za-z][A-Za-z]")
_LATIN_NAME = r"[A-Z][a-z'’]+(?:[ ·.-]{1,2}[A-Z][a-z'’]+){1,3}"
_LATIN = re.compile(
    r"(?:姓名|名叫|名字|叫|租客|租户|户主|房东|业主|当事人|联系人|本人|合租人|承租人|受害人|人员)(?:[:是为]|系)?\s?"
    r"([A-Za-z][A-Za-z'’]+(?:[ ·.-]{1,2}[A-Za-z][A-Za-z'’]+){1,3}|[A-Z][a-z]{2,})(?![A-Za-z0-9@_])"
)
_LATIN_TITLED = re.compile(rf"({_LATIN_NAME}|[A-Z][a-z]{{2,}})(?=\s?(?:女士|先生|小姐|老师|同学|教授|博士|太太))")
_LATIN_ANY = re.compile(rf"(?<![A-Za-z0-9@_.])({_LATIN_NAME})(?![A-Za-z0-9@_])")
_ABROAD = re.compile("|".join(forms.words("abroad")))


def _dotted(text: str) -> Iterator[Span]:
    for found in _DOTTED.finditer(text):
        end = _end(text, found.start("last"))
        while dot := _DOT_HERE.match(text, end):
            end = _end(text, dot.end())
        yield Span(found.start(), end, PiiKind.PERSON, 0.9, "middle dot")


def _end(text: str, start: int) -> int:
    """Where the part of a name that begins at `start` ends: before a pause, a verb, or another common word."""
    end = start
    while end - start < _LONGEST:
        more = _PART_HERE.match(text, end)
        if more is None and end > start and _ENDED.match(text, end):
            break
        more = more or _CHARACTER_HERE.match(text, end) or _odd(text, end)
        if more is None:
            break
        end = more.end()
    return end


def _odd(text: str, at: int) -> re.Match[str] | None:
    return None if any(is_word(text[at : at + length]) for length in (2, 3, 4)) else _ODD_HERE.match(text, at)


def _of_parts(text: str) -> Iterator[Span]:
    for found in _PARTS.finditer(text):
        yield Span(found.start(), _end(text, found.start()), PiiKind.PERSON, 0.85, "name of parts")
    for found in _PART_ALONE.finditer(text):
        yield Span(found.start(), found.end(), PiiKind.PERSON, 0.85, "name of parts")


def _latin(text: str) -> Iterator[Span]:
    patterns = (_LATIN, _LATIN_TITLED, _LATIN_ANY) if _ABROAD.search(text) else (_LATIN, _LATIN_TITLED)
    for pattern in patterns:
        for found in pattern.finditer(text):
            yield Span(found.start(1), found.end(1), PiiKind.PERSON, 0.8, "Latin name")


def _apart(text: str) -> Iterator[Span]:
    """Names with something between their characters."""
    for found in _SPELLED.finditer(text):
        if found["apart"] and (_goes_on(text, found) or found["first"] in forms.FUNCTION):
            continue
        together = "".join(char for char in found[0] if _HAN.match(char))
        if not is_word(together) and not is_word(together[:2]):
            yield Span(found.start(), found.end(), PiiKind.PERSON, 0.75, "spelled apart")


def _goes_on(text: str, found: re.Match[str]) -> bool:
    """True where more characters stand apart in the same way: a sentence, not a name."""
    apart, before, after = found["apart"], found.start() - len(found["apart"]), found.end()
    if before > 0 and text[before : found.start()] == apart and _HAN.match(text[before - 1]):
        return True
    return text.startswith(apart, after) and bool(_HAN.match(text[after + len(apart) : after + len(apart) + 1]))


RULES: tuple[tuple[Gate, Callable[[str], Iterator[Span]]], ...] = (
    *((_DOT.search, _dotted), (_PART_OR_WHOLE.search, _of_parts), (_LETTERS.search, _latin)),
    (_MAY_BE_SPELLED.search, _apart),
)
"""Each rule behind its gate; offsets are those of the plain text."""
