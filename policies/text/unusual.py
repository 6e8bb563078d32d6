"""A name is more than a surname and a given name: names of other peoples, in other letters, and written apart.

Names with a middle dot (沙吾提·卡迪尔), Tibetan, Mongolian and Uyghur names of known parts (洛桑次仁), names in Latin
letters beside a word for a person, and characters that somebody has put something between (李。小。龙).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from policies.text import forms
from policies.text.dictionary import is_word
from policies.text.forms import HAN
from policies.text.spans import PiiKind, Span

_HAN = re.compile(f"[{HAN}]")
_DOT = re.compile(rf"(?<=[{HAN}])[·•‧・∙⋅.](?=[{HAN}])")
_FOREIGN = forms.characters("foreign")
_DOTTED = re.compile(rf"[{_FOREIGN}]{{1,6}}(?:[·•‧・∙⋅.][{_FOREIGN}]{{1,7}}){{1,3}}")
_PARTS = re.compile(f"(?:{forms.any_of(forms.words('name parts'))}){{2,3}}")
_PART_ALONE = re.compile(
    rf"(?<![{HAN}·•])(?:{forms.any_of(forms.words('names of one part'))})"
    rf"(?=[^{HAN}·•]|$|{forms.any_of(forms.words('strong verbs'))})"
)
_SPELLED = re.compile(
    rf"(?P<first>[{forms.SURNAMES}])(?:(?P<apart>[ .。*_/|·•☆★]|  )[{HAN}](?P=apart)[{HAN}](?:(?P=apart)[{HAN}])?"
    rf"|[☆★♥\U0001f300-\U0001faff][{HAN}]{{1,2}})"
)
_LETTERS = re.compile("[A-Za-z]{2}")
_LATIN_NAME = r"[A-Z][a-z'’]+(?:[ ·.-]{1,2}[A-Z][a-z'’]+){1,3}"
_LATIN = re.compile(
    r"(?:姓名|名叫|名字|叫|租客|租户|户主|房东|业主|当事人|联系人|本人|合租人|承租人|受害人|人员)(?:[:是为]|系)?\s?"
    r"([A-Za-z][A-Za-z'’]+(?:[ ·.-]{1,2}[A-Za-z][A-Za-z'’]+){1,3}|[A-Z][a-z]{2,})(?![A-Za-z0-9@_])"
)
_LATIN_TITLED = re.compile(rf"({_LATIN_NAME}|[A-Z][a-z]{{2,}})(?=\s?(?:女士|先生|小姐|老师|同学|教授|博士|太太))")
_LATIN_ANY = re.compile(rf"(?<![A-Za-z0-9@_.])({_LATIN_NAME})(?![A-Za-z0-9@_])")
_ABROAD = re.compile("|".join(forms.words("abroad")))


def find(text: str) -> Iterator[Span]:
    """Such names in a plain text; offsets are those of the plain text."""
    for found in _DOTTED.finditer(text) if _DOT.search(text) else ():
        yield Span(found.start(), found.end(), PiiKind.PERSON, 0.9, "middle dot")
    for pattern in (_PARTS, _PART_ALONE):
        for found in pattern.finditer(text):
            yield Span(found.start(), found.end(), PiiKind.PERSON, 0.85, "name of parts")
    if not _LETTERS.search(text):
        return
    patterns = (_LATIN, _LATIN_TITLED, _LATIN_ANY) if _ABROAD.search(text) else (_LATIN, _LATIN_TITLED)
    for pattern in patterns:
        for found in pattern.finditer(text):
            yield Span(found.start(1), found.end(1), PiiKind.PERSON, 0.8, "Latin name")


def apart(text: str) -> Iterator[Span]:
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
