"""Tells the surname of a Chinese name, and that a name has none.

A surname is told only where it is one for certain: 卓玛 and 努尔买买提 have none, 史密斯 is written with Chinese
characters and is no Chinese name. A mask that keeps the surname hides such a name whole. `hub/request/cypher_masks.py`
states `family_name` in Cypher with these lists; a property test compares the two.
"""

from __future__ import annotations

import re

from policies.text import forms
from policies.text.plain_text import normalise, readings
from policies.text.surnames import COMPOUND_SURNAMES

_INITIALS_OF_OTHERS = frozenset("玉巴哈买乌库忽祖才")
"""Rare surnames that more often begin a name of another people (玉罕, 哈斯)."""
_SIMPLE = frozenset(forms.SURNAMES + forms.characters("further surnames")) - _INITIALS_OF_OTHERS
_COMPATIBLE = ((0x3400, 0xA000), (0xF900, 0xFB00))
SINGLE_SURNAMES = "".join(
    char for first, last in _COMPATIBLE for char in map(chr, range(first, last)) if normalise(char).text in _SIMPLE
)
"""Surnames of one character, simplified and traditional."""
OTHER_NAMES = frozenset(forms.words("names without a surname"))
"""Names without a surname, and what longer ones begin with."""
LAST_OF_OTHERS = "姆尔斯措提甫勒玛嘎扎吾拉卡巴尼蒂顿特托塔丝莱茨汗罕孜噶帕爾瑪頓絲萊紮"
"""Last characters of names without a surname, which hardly any Chinese given name ends in."""
HAN_NAME = "[\u3007\u3400-\u9fff\uf900-\ufaff\U00020000-\U000323af]{2,4}"
"""A Chinese name: two to four characters and nothing else."""
_HAN_NAME = re.compile(HAN_NAME)


def family_name(name: str) -> str | None:
    """The surname of a full name; None where there is none, or it is not certain."""
    if not _HAN_NAME.fullmatch(name) or name[-1] in LAST_OF_OTHERS:
        return None
    if name in OTHER_NAMES or name[:2] in OTHER_NAMES:
        return None
    if name[:2] in COMPOUND_SURNAMES:
        return name[:2] if len(name) > 2 else None
    return name[:1] if len(name) < 4 and name[0] in SINGLE_SURNAMES else None


_TITLED = re.compile(
    rf"(?P<name>{'|'.join(COMPOUND_SURNAMES)}|[{SINGLE_SURNAMES}])"
    rf"(?:{forms.first_of(forms.words('titles'))}|[{forms.characters('short titles')}]|某.{{0,2}}|[*×○●□Xx]{{1,3}})"
)
_AFTER_SMALL = forms.characters("after small")
_SMALL = re.compile(
    rf"[老小](?P<name>{'|'.join(COMPOUND_SURNAMES)}|[{_AFTER_SMALL}{forms.characters('after small, ended')}])"
    rf"|阿(?P<called>[{_AFTER_SMALL}])"
)
_SIGNS = re.compile(r"[ \t\r\n.。_/|☆★♥\U0001f300-\U0001faff]+")
_SHOWN = re.compile("[一-鿿]{1,2}")


def surname_called(written: str) -> str | None:
    """The surname of somebody as a text calls them (张女士, 老张, 张某某, 张 敏); None where it is not certain."""
    plain = readings(written)[-1]
    called = _SIGNS.sub("", plain.text)
    said = _TITLED.fullmatch(called) or _SMALL.fullmatch(called)
    surname = said[said.lastgroup or 0] if said else family_name(called)
    if surname is None:
        return None
    at = plain.text.find(surname)
    as_written = written[slice(*plain.span(at, at + len(surname)))] if at >= 0 else surname
    return as_written if _SHOWN.fullmatch(as_written) else surname
