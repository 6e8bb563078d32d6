"""Checks the model's spans against the dictionary, and drops those that are a piece of something common.

The tagger (`tagger.py`) reads characters and sometimes takes a piece of a word for a name (`孔明` in 孔明灯, `周` in
周六, a saying that is written with blanks). Each doubt names such a case and needs the dictionary's word for it; a
score alone discards a span only if it is close to nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import rjieba

from policies.text import forms
from policies.text.dictionary import is_word, known
from policies.text.forms import HAN
from policies.text.rules.people import name_end
from policies.text.rules.places import is_coded
from policies.text.spans import PiiKind, Span

SURE = 0.9
"""From this score on the model is believed against the dictionary."""
CERTAIN = 0.98
"""The same for words that are nobody's name."""
LIKELY = 0.78
"""The same for a word that begins with a surname (高兴, 江河 are names too), and for what the dictionary takes for a
name: it takes plants and towns for some."""
LEAST, LEAST_ADDRESS = 0.45, 0.6
"""Below these the model has found nothing."""
_APART = re.compile(rf"[{HAN}](?:[ ·.。][{HAN}])+")
_NUMBERED = re.compile("[0-9一二三四五六七八九十〇零两甲乙丙丁东西南北]")
_LETTER = re.compile(f"[{HAN}A-Za-z]")
_QUOTED = re.compile("《[^》]*$")
"""What is named inside the title of a work is public."""
_THINGS = frozenset(forms.words("things"))
_NO_BEGINNING = frozenset("位由约的了是与被把将在有些个种") - frozenset(forms.SURNAMES)
_NOBODY = re.compile("^[A-Z]{1,4}$|[0-9]")
"""An abbreviation; no name has a digit in it."""
_THOUSANDS = re.compile(",[0-9]{3}(?![0-9])")
_WHOEVER = frozenset(
    word for section in ("labels", "kin", "roles", "titles") for word in forms.words(section) if len(word) > 1
)
"""Words for whoever it is: 房东, 奶奶, 老板 alone name nobody."""
_SCORES = re.compile(r"[^0-9]?[0-9]{1,2}[-—][0-9]{1,2}")


def believed(text: str, tagged: Sequence[Span]) -> list[Span]:
    """The spans of the model that stand, half a name as the whole one; offsets are those of the plain text."""
    if not tagged:
        return []
    words = list(_words(text))
    return [_whole(text, each) for each in tagged if not _doubted(text, each, words)]


def _words(text: str) -> Iterator[tuple[int, int]]:
    """Where the common words of a text stand."""
    at = 0
    for word in rjieba.cut(text):
        if len(word) > 1 and is_word(word):
            yield at, at + len(word)
        at += len(word)


def _doubted(text: str, span: Span, words: Sequence[tuple[int, int]]) -> bool:
    """One doubt is enough."""
    if span.score < LEAST or _QUOTED.search(text, 0, span.start):
        return True
    found = text[span.start : span.end]
    if span.kind is PiiKind.ADDRESS:
        if is_coded(text, span.start) or _THOUSANDS.match(text, span.end):
            return True
        return span.score < LEAST_ADDRESS or (span.score < SURE and not _is_numbered(found))
    if found in _WHOEVER or not _LETTER.search(found) or _NOBODY.search(found) or _is_saying(text, span):
        return True
    return span.score < _least(found) and _is_common(found, span, words)


def _least(found: str) -> float:
    """From here on the model is believed against the dictionary: the less a word looks like a name, the later."""
    if found in _THINGS or found[0] in _NO_BEGINNING:
        return CERTAIN
    if is_word(found):
        return LIKELY if found[0] in forms.SURNAMES else SURE
    return LIKELY if known(found) else SURE


def _is_numbered(found: str) -> bool:
    return bool(_NUMBERED.search(found)) and not _SCORES.fullmatch(found) and found[0] not in "约共近"


def _is_common(found: str, span: Span, words: Sequence[tuple[int, int]]) -> bool:
    """True for a common word or a piece of one, and for what nobody is called."""
    if found in _THINGS or found[0] in _NO_BEGINNING:
        return True
    if is_word(found) or known(found):
        return True
    return any(start <= span.start and span.end <= end and end - start > span.end - span.start for start, end in words)


def _is_saying(text: str, span: Span) -> bool:
    """True in a sentence whose characters stand apart: together they are common words, or too many for a name."""
    if not _APART.search(text, span.start, span.end):
        return False
    for run in _APART.finditer(text):
        if run.start() <= span.start < run.end():
            together = run[0][::2]
            return len(together) > 6 or any(is_word(word) for word in rjieba.cut(together))
    return False


def _whole(text: str, span: Span) -> Span:
    """A surname alone is the beginning of a name where the rules can tell its end."""
    if span.kind is not PiiKind.PERSON or span.end - span.start > 1:
        return span
    end = name_end(text, span.start, 1)
    return span if end is None else Span(span.start, end, span.kind, span.score, span.reason)
