"""Rules for vehicle plates, whatever stands between their characters.

Plates of GA 36 (civil, new-energy, trailers, police, Hong Kong and Macao), of the armed forces and of embassies; a
plate without a province is found only after a word such as 车牌. A road, a flat or a device is not taken for a plate.
The text is plain (`plain_text.py`), with numbers as they were written.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from policies.text.gates import either
from policies.text.rules.cues import Cues, Label
from policies.text.spans import PiiKind, Span

_GAP = "[ ·•‧∙・.\\-_–—*/\u2600-\u27bf\U0001f000-\U0001faff]{0,3}"
_PROVINCE = "[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼]"
_ALNUM = "[A-Za-z0-9]"
_NUMERAL = "一二三四五六七八九零〇幺洞拐两勾"
_DIGIT_OF = str.maketrans(_NUMERAL, "1234567890010729")
MAY_BE_PLATE = either(("牌车", ""), ("W", "J"), (_PROVINCE[1:-1], f"牌?{_GAP}[A-Za-z]"))
_SPECIAL = "警学港澳挂使领超试"
_HEAD = re.compile(f"{_PROVINCE}(?<![梯锅容管起索游厂][0-9]{{2}}.)牌?{_GAP}[A-Za-z]")
_SERIAL = re.compile(f"(?:{_GAP}[A-Za-z0-9]){{4,6}}(?:{_GAP}[{_SPECIAL}])?(?!{_ALNUM})")
_SPELLED = re.compile(f"(?:{_GAP}[A-Za-z0-9{_NUMERAL}]){{5,6}}?(?![A-Za-z0-9{_NUMERAL}])")
_CODE = re.compile(f"[A-Z0-9]{{5}}|[A-Z0-9]{{4,5}}[{_SPECIAL}]|[A-Z][A-Z0-9][0-9]{{4}}|[0-9]{{5}}[A-Z]")
_BETWEEN = re.compile(_GAP.removesuffix("{0,3}"))
_OTHERS = (
    (
        "plate of the armed forces",
        re.compile(
            f"(?:WJ{_GAP}(?:{_PROVINCE}|[0-9]{{2}})|[军空海北南沈兰济广成]{_GAP}[A-Z]){_GAP}"
            f"[0-9]{_GAP}(?:[0-9A-Z]{_GAP}){{4}}(?!{_ALNUM})"
        ),
    ),
    ("plate of an embassy", re.compile("(?<![0-9])(?:使[0-9]{6}|[0-9]{6}[使领])(?![0-9])")),
)
_LABELLED = re.compile(
    f"(?<!{_ALNUM})[A-Za-z]{_GAP}(?:[A-Za-z0-9]{_GAP}){{4,5}}[A-Za-z0-9](?!{_ALNUM})"
    f"|(?<!{_ALNUM})(?=[0-9]*[A-Za-z])[A-Za-z0-9]{{5,6}}(?!{_ALNUM})|[\u4e00-\u9fff]{{2}} ?[0-9]{{6,7}}(?![0-9])"
)


def plates(text: str, cues: Cues) -> Iterator[Span]:
    """Plates of every province, special ones, and labelled ones without a province."""
    for head in _HEAD.finditer(text):
        found = _SERIAL.match(text, head.end()) or _SPELLED.match(text, head.end())
        serial = _BETWEEN.sub("", found[0]).upper().translate(_DIGIT_OF) if found else ""
        if found and _CODE.fullmatch(serial) and any(char.isdigit() for char in serial):
            yield Span(head.start(), found.end(), PiiKind.PLATE, 0.95, "plate")
    if "牌" not in text and "车" not in text and "WJ" not in text:
        return
    for reason, pattern in _OTHERS:
        for found in pattern.finditer(text):
            yield Span(found.start(), found.end(), PiiKind.PLATE, 0.85, reason)
    for found in _LABELLED.finditer(text) if cues.hold(Label.PLATE) else ():
        if cues.just_before(found.start()) is Label.PLATE and any(char.isdigit() for char in found[0]):
            yield Span(found.start(), found.end(), PiiKind.PLATE, 0.75, "plate without province, labelled")
