"""Rules for the names of people in plain Chinese text.

A name is found by what stands beside it, never by its look alone: a surname with a title (王女士, 李主任), 老王 and
小李, 张某某, names after a word that announces one (来电人, 租客, 姓名), names before a verb that only
people do, and compound surnames. Other names are in `unusual_names.py`. The dictionary refuses common words (高峰,
安全, 张贴). The model (`tagger.py`) finds the names that nothing announces.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

import rjieba

from policies.text import forms
from policies.text.dictionary import NOT_NAMES, guess, is_word, known
from policies.text.forms import HAN
from policies.text.gates import Gate, always, holds
from policies.text.plain_text import PlainText
from policies.text.rules import unusual_names as unusual
from policies.text.spans import PiiKind, Span
from policies.text.word_list import NOTHING, Words

GUESSED = "segmented"
"""The reason of a name that only the dictionary's model of unknown words takes for one."""
_SURNAME = frozenset(forms.SURNAMES)
_COMPOUND_WORDS = frozenset(forms.words("compound words"))
_OFFICES = frozenset(forms.words("offices of places"))
_CALLED = frozenset(forms.characters("makes a longer word"))
_NOT_GIVEN = frozenset(forms.characters("not given"))
_COUNTS = frozenset(forms.characters("after count"))
_PLACES = frozenset(forms.characters("kinds of places"))
_SHORT_TITLES = forms.characters("short titles")
_SURE_LABEL = re.compile("(?<![本他法])人$|户名|姓名|名字|名叫|化名|户主|署名|事主|真名")
_ORDINALS = "大二三四五六七八九幺老"
_BIRTH = re.compile(
    rf"[{forms.SURNAMES}](?:老[{_ORDINALS}]|[{_ORDINALS}](?:爷|姑|叔|哥|嫂|姐|姨|娘|伯|婶|弟|妹|舅|个子?))"
)
"""万老三, 余四姑: by the order of birth."""
_CALLED_TO = re.compile(rf"@(?!所有|我|你|大家)(?P<name>[{HAN}]{{2,4}})(?=[ ,:。!?]|$)")
_PAUSE = re.compile("[,。;、.!?)”]|$")
_LONG = re.compile("[大期久城短得达年椅住垅岭坡沟坪湾村街路巷坑洲沙江河乐安宁春]")
"""What 长 begins a word with, instead of ending a title."""
_NOT_LABELLED = frozenset(forms.words("not labelled"))
_UNCALLED = frozenset(forms.characters("before a title"))
_WHOEVER = frozenset(forms.characters("whoever"))
_POLITE = frozenset(forms.words("polite titles"))
_BEHIND_NAMES = frozenset({"房东", "司机"})
"""Titles that follow more words than surnames."""
_WHO = frozenset(word for section in ("labels", "kin", "roles", "titles") for word in forms.words(section))
_TITLED_ROLES = frozenset(forms.words("roles")) & frozenset(forms.words("titles"))

_TITLE = re.compile(forms.first_of(forms.words("titles")))
_SHORT_TITLE = re.compile(rf"[{_SHORT_TITLES}](?<=[{''.join(sorted(forms.SAFE))}].)(?![{_SHORT_TITLES}])")
_SMALL = re.compile(
    rf"[老小阿](?<![大中多最很较太变古年敬养幼弱].)(?:[{forms.characters('after small')}]|"
    rf"(?P<ended>[{forms.characters('after small, ended')}]))"
)
_UNNAMED = re.compile(rf"{forms.ANY_SURNAME}某(?:[某甲乙丙丁戊己庚辛]{{1,2}}|[{HAN}])?")
_UNNAMED_THING = re.compile(f"[{forms.characters('things unnamed')}]")
_ANNOUNCED = re.compile(
    rf"{forms.may_begin(forms.words('labels'), forms.words('kin'), forms.words('roles'))}"
    rf"(?:(?P<label>{forms.any_of(forms.words('labels'))})"
    rf"|(?P<role>{forms.any_of(forms.words('kin'), forms.words('roles'))}))"
    rf"(?P<colon>\s?[:=]\s?|\s)?(?:是|为|系|叫做|叫|姓名|名叫)?:?[\"“‘'(《\[]?(?={forms.ANY_SURNAME}[{HAN}])"
)
_CLAUSE = re.compile(
    rf"(?P<name>{forms.SURNAME_BEGINS}(?:(?<![{HAN}A-Za-z0-9].)|(?<=[由被向与和跟把对给让请经找及同帮替叫在到].))"
    rf"(?<=(?={forms.ANY_SURNAME}).)[{HAN}]{{1,3}}?)(?={forms.any_of(forms.words('strong verbs'))})"
)
_RECEIVES = re.compile(
    rf"(?P<name>[{forms.SURNAMES}](?<![{HAN}A-Za-z0-9].)[{HAN}]{{1,2}}?)(?=(?:代)?收(?:件|货)?(?:[^{HAN}]|$))"
)
_COMPOUND_AT = re.compile(forms.first_of(forms.COMPOUND - _COMPOUND_WORDS))
_PLACE_AFTER = re.compile(f"[{forms.characters('kinds of places')}大]")
_VERB = re.compile(forms.any_of(forms.words("verbs")))
_AFTER = re.compile(rf"[^{HAN}]|$|{_VERB.pattern}")
_ASIDE = r"(?: ?\([^()]{1,20}\))?(?: ?:?[0-9][0-9 *-]{5,20}(?<! ))?"
_NEXT = re.compile(rf"{_ASIDE}(?P<joined> ?(?:[、/&和与及跟]|以及) ?)|{_ASIDE}(?:[,;] ?|\s)")
"""What leads from one name of a list to the next; what says no more than that something follows is not `joined`."""
_NAME_RUN = re.compile(f"[{HAN}]+")


def find(normal: PlainText, words: Words) -> Iterator[Span]:
    """People in the plain text of `normal`; offsets are those of the plain text."""
    text = normal.text
    if words.people_pattern is not NOTHING:
        for found in words.people_pattern.finditer(text):
            yield Span(found.start(), found.end(), PiiKind.PERSON, 1.0, "word list")
    for gate, rule in _RULES:
        if gate(text):
            yield from rule(text)


def named_elsewhere(text: str, found: Sequence[Span]) -> list[Span]:
    """The other places of every full name that was found once: who is named stays named throughout a text."""
    names = {text[each.start : each.end] for each in found if each.kind is PiiKind.PERSON}
    return [
        Span(place.start(), place.end(), PiiKind.PERSON, 0.7, "named elsewhere")
        for name in names
        if text.count(name) > 1 and (len(name) > 2 or (len(name) == 2 and not is_word(name)))
        for place in re.finditer(re.escape(name), text)
    ]


def _titled(text: str) -> Iterator[Span]:
    for found in _TITLE.finditer(text):
        at = found.start()
        if found[0] in _BEHIND_NAMES and text[max(0, at - 1) : at] not in forms.SAFE:
            continue
        if found[0] in _OFFICES and not _AFTER.match(text, found.end()) and _LONG.match(text, found.end()):
            continue
        for start in _before_title(text, at, found[0] in _POLITE) or _uncommon(text, at, found[0]):
            if at - start == 1 and is_word(text[start : found.end()]):
                continue
            whole = at - start == (2 if text[start : start + 2] in forms.COMPOUND else 1)
            yield Span(start, found.end() if whole else at, PiiKind.PERSON, 0.95, "title")


def _before_title(text: str, at: int, polite: bool) -> tuple[int, ...]:
    """Where the name before a title begins: at most one place."""
    for start in (at - 4, at - 3, at - 2):
        if start >= 0 and text[start : start + 2] in forms.COMPOUND and _plain_before(text, start, at):
            return (start,)
    for start in (at - 3, at - 2, at - 1):
        if start < 0 or text[start] not in _SURNAME:
            continue
        if not _NAME_RUN.fullmatch(text, start, at) or not _may_begin(text, start, at):
            continue
        if text[start] in forms.FUNCTION and not polite:
            continue
        if any(char in forms.STOPS for char in text[start + 1 : at]) or is_word(text[start:at]):
            continue
        if at - start == 3 and is_word(text[start : start + 2]):
            continue
        if at - start > 1 and text[start] in forms.RISKY and is_word(text[at - 2 : at]):
            continue
        return (start,)
    return ()


def _uncommon(text: str, at: int, title: str) -> tuple[int, ...]:
    """Where a name begins whose surname is in no list, or that is a common word: only before 女士 and the like."""
    if title not in _POLITE or at == 0 or not _NAME_RUN.match(text, at - 1):
        return ()
    last = rjieba.cut(text[max(0, at - 6) : at])[-1]
    start = at - len(last)
    if len(last) == 1:
        return () if last in _UNCALLED or last in forms.STOPS else (start,)
    clause = start == 0 or not _NAME_RUN.match(text, start - 1)
    called = clause and len(last) < 4 and last[0] in _SURNAME and last[-1] not in _WHOEVER
    called = called and last not in NOT_NAMES
    return (start,) if called and _NAME_RUN.fullmatch(last) else ()


def _plain_before(text: str, start: int, at: int) -> bool:
    return bool(_NAME_RUN.fullmatch(text, start, at)) and text[start : start + 2] not in _COMPOUND_WORDS


def _may_begin(text: str, start: int, at: int) -> bool:
    """Whether a name that ends at `at` may begin at `start`: no word of the dictionary reaches over its beginning."""
    if start == 0 or not _NAME_RUN.match(text, start - 1, start):
        return True
    for length in (2, 3, 4):
        for first in range(max(0, start + 1 - length), start):
            if start < first + length <= at and is_word(text[first : first + length]):
                return False
    if text[start] in forms.FUNCTION:
        return False
    return at - start > 1 or text[start] not in forms.RISKY or is_word(text[max(0, start - 2) : start])


def _small(text: str) -> Iterator[Span]:
    """老王, 小李."""
    for found in _SMALL.finditer(text):
        end = found.end()
        around = (found[0], text[end - 1 : end + 1].rstrip("家"), text[max(0, found.start() - 1) : end - 1])
        if text[found.start() - 1 : found.start()] in {"“", "《"} and _NAME_RUN.match(text, end):
            continue  # the name of a shop
        if not any(map(is_word, around)) and (not found["ended"] or _AFTER.match(text, end)):
            yield Span(found.start(), end, PiiKind.PERSON, 0.9, "老/小")


def _by_birth(text: str) -> Iterator[Span]:
    for found in _BIRTH.finditer(text):
        start, end = found.span()
        known = is_word(found[0]) or found[0][0] in forms.FUNCTION
        if not (known or is_word(text[max(0, start - 1) : start + 1])):
            yield Span(start, end, PiiKind.PERSON, 0.8, "called")


def _called_to(text: str) -> Iterator[Span]:
    """@王小明."""
    for found in _CALLED_TO.finditer(text):
        yield Span(*found.span("name"), PiiKind.PERSON, 0.8, "called")


def _entitled(text: str) -> Iterator[Span]:
    """张姐, 刘总."""
    for found in _SHORT_TITLE.finditer(text):
        start, end = found.start() - 1, found.end()
        if _AFTER.match(text, end) and not is_word(text[start:end]) and _may_begin(text, start, start + 1):
            yield Span(start, end, PiiKind.PERSON, 0.85, "title")


def _unnamed(text: str) -> Iterator[Span]:
    """张某, 王某某, 李某甲."""
    for found in _UNNAMED.finditer(text):
        last = found[0][-1]
        end = found.end()
        if last not in "某甲乙丙丁戊己庚辛":
            if found[0][0] in forms.RISKY and _UNNAMED_THING.match(last):
                continue
            if last in forms.STOPS or not _AFTER.match(text, end) or is_word(text[end - 1 : end + 1]):
                end -= 1
        if end - found.start() > 1 and not is_word(text[max(0, found.start() - 1) : found.start() + 1]):
            yield Span(found.start(), end, PiiKind.PERSON, 0.95, "某")


def _announced(text: str) -> Iterator[Span]:
    for found in _ANNOUNCED.finditer(text):
        if found["role"] in _TITLED_ROLES and text[max(0, found.start() - 1) : found.start()] in _SURNAME:
            continue
        colon = bool(found["colon"] and found["colon"].strip())
        start = found.end()
        end = name_end(text, start, (2 if colon else 1) if found["label"] else 0)
        if end is None and found["label"] and _SURE_LABEL.search(found["label"]):
            end = _labelled_word(text, start)
        while end is not None:
            yield Span(start, end, PiiKind.PERSON, 0.9 if found["label"] else 0.8, "announced")
            more = _NEXT.match(text, end)
            start, joined = (more.end(), bool(more["joined"])) if more else (len(text), False)
            end = _listed_end(text, start, joined, colon)


def _listed_end(text: str, start: int, joined: bool, colon: bool) -> int | None:
    """Where a further name of a list ends; `colon`: the list stands behind one."""
    end = name_end(text, start, 0)
    if end is None and joined and colon and text[start : start + 1] in _SURNAME:
        end = _labelled_word(text, start)
        return None if end is None or text[start:end] in _WHO else end
    if end is not None and not joined and not (colon and _AFTER.match(text, end)):
        return None
    return end


def _labelled_word(text: str, start: int) -> int | None:
    """The end of a name that is a common word: a label before it, a pause behind it, and no word of business."""
    run = _NAME_RUN.match(text, start)
    if (
        run is None
        or not 2 <= len(run[0]) <= 3
        or run[0][0] in forms.FUNCTION
        or text[run.end() : run.end() + 1] in ":("
    ):
        return None
    return None if run[0] in _NOT_LABELLED or run[0][1] in forms.STOPS else run.end()


def _clauses(text: str) -> Iterator[Span]:
    for found in _CLAUSE.finditer(text):
        start, end = found.span("name")
        name = found["name"]
        if len(name) - (name[:2] in forms.COMPOUND) > 3 or name[0] in forms.FUNCTION:
            continue
        if any(char in forms.STOPS for char in name[1:]) or _TITLE.search(name):
            continue
        if _is_name(text, start, end, 0, ended=True):
            yield Span(start, end, PiiKind.PERSON, 0.8, "before a verb")


def _segmented(text: str) -> Iterator[Span]:
    """Names that the dictionary does not know and its model of unknown words takes for names."""
    words = rjieba.cut(text)
    if _NO_NAMES.issuperset(words):
        return
    for place, word in enumerate(words):
        if word in _NO_NAMES:
            continue
        if not _is_unknown_name(word):
            _remember(word)
            continue
        start = sum(map(len, words[:place]))
        after = text[start + len(word) : start + len(word) + 1]
        counted = place > 0 and words[place - 1][-1] in _COUNTS
        if not counted and not (len(word) == 2 and after in _PLACES):
            yield Span(start, start + len(word), PiiKind.PERSON, 0.65, GUESSED)


_NO_NAMES: set[str] = set()
"""What is no unknown name, of the words that were asked about: half of this rule's time went to asking again."""


def _remember(word: str) -> None:
    if len(_NO_NAMES) >= 20_000:
        _NO_NAMES.clear()
    _NO_NAMES.add(word)


def _is_unknown_name(word: str) -> bool:
    if not 1 < len(word) < 4:
        return False
    if word[0] not in (forms.SAFE if len(word) == 2 else _SURNAME) or known(word) or guess(word) != "nr":
        return False
    if word[1] in _NOT_GIVEN or word[-1] in forms.STOPS or (len(word) == 2 and word[1] in "老大小副记裕"):
        return False
    return word not in NOT_NAMES and word[-1] not in _PLACES


def _receiving(text: str) -> Iterator[Span]:
    """Whoever receives a parcel."""
    for found in _RECEIVES.finditer(text):
        if (
            found["name"][0] not in forms.FUNCTION
            and found["name"] not in _NOT_LABELLED
            and not is_word(found["name"] + "收")
        ):
            yield Span(*found.span("name"), PiiKind.PERSON, 0.75, "receives")


def _compound(text: str) -> Iterator[Span]:
    for found in _COMPOUND_AT.finditer(text):
        end = name_end(text, found.start(), 1)
        if end is not None and not _PLACE_AFTER.search(text, found.end(), end + 1):
            yield Span(found.start(), end, PiiKind.PERSON, 0.85, "compound surname")


def name_end(text: str, start: int, proof: int) -> int | None:
    """Where the full name that begins at `start` ends; None if none does.

    `proof` is what stands before it: 2 a label and a colon, 1 a word that announces a name, 0 one that often does.
    """
    base = 2 if text[start : start + 2] in forms.COMPOUND else 1
    if base == 1 and (start >= len(text) or text[start] not in _SURNAME):
        return None
    if base == 1 and proof < 2 and text[start] in forms.FUNCTION:
        return None
    run = _NAME_RUN.match(text, start)
    length = min(run.end() - start, base + 3) if run else 0
    if length <= base or text[start + base] in forms.STOPS:
        return None
    end = start + min(length, base + _given(text, start, base, length))
    return end if proof == 2 or base == 2 or _is_name(text, start, end, proof) else None


def _given(text: str, start: int, base: int, length: int) -> int:
    """One or two characters of a given name, by whether the second one begins another word."""
    second = start + base + 1
    if text[second - 1] in "某总" or text[second - 1 : second] in _SHORT_TITLES:
        return 1
    if length == base + 1 or text[second] in forms.STOPS:
        return 1
    if length == base + 2:
        return 1 if _VERB.fullmatch(text, second, second + 1) and text[second] in "男女家户" else 2
    verb = _VERB.match(text, second)
    if (verb and verb.end() > second + 1) or known(text[second : second + 2]):
        first = rjieba.cut(text[start : start + base + 5])[0]
        return 2 if len(first) == base + 2 else 1
    return 2


def _is_name(text: str, start: int, end: int, proof: int, ended: bool = False) -> bool:
    """False where the dictionary knows a common word there; `ended` says that a sure word follows."""
    name = text[start:end]
    if name in _COMPOUND_WORDS or is_word(name):
        return False
    risky = name[0] in forms.RISKY
    if len(name) == 3 and is_word(name[:2]) and (risky or name[2] in _CALLED):
        return False
    if ended:
        return True
    if len(name) == 2 and is_word(text[start + 1 : start + 3]) and (risky or not proof):
        return False
    if risky and not proof:
        return bool(_AFTER.match(text, end)) and not is_word(name[1:])
    return True


_RULES: tuple[tuple[Gate, Callable[[str], Iterator[Span]]], ...] = (
    (_TITLE.search, _titled),
    (_SMALL.search, _small),
    (_BIRTH.search, _by_birth),
    (holds("@"), _called_to),
    (_SHORT_TITLE.search, _entitled),
    (holds("某"), _unnamed),
    (always, _announced),
    (_CLAUSE.search, _clauses),
    (_COMPOUND_AT.search, _compound),
    (always, _segmented),
    (holds("收"), _receiving),
    *unusual.RULES,
)
"""Each rule behind its gate."""
