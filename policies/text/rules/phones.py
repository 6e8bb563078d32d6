"""Rules for telephone numbers, in any grouping.

Mobiles (+86, 0086), landlines with or without area code and extension, and numbers abroad. A service line (12345, 110,
95588, 400-…) is never taken for a person's number. The text is plain (`plain_text.py`), with spelled numbers as digits.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from policies.text.phone_tail import AREA
from policies.text.plain_text import BETWEEN, TIGHT
from policies.text.rules.cues import Cues, Label
from policies.text.rules.grouping import candidates, compact, grouping, is_day
from policies.text.spans import PiiKind, Span

_JOINS = "[ \\t\\-·•‧∙・_—–―~*+/\\\\|'\u2190-\u21ff\u2300-\u23ff\u2500-\u27bf\u2b00-\u2bff\U0001f000-\U0001faff]"
_TRUNK = f"\\(?0\\)?(?:{_JOINS}{{0,4}}|(?P<sign>{BETWEEN}{{1,3}})(?=1[3-9]?[0-9]{{0,2}}(?P=sign)[0-9]))(?=\\(?1)"
"""A 0 before a mobile, an old habit. A point, comma or colon behind it must stand between the other groups too."""
_MOBILE = re.compile(
    f"(?<![0-9])(?:\\(?(?:\\+ ?|00)?\\(?\\+?86\\)?{BETWEEN}{{0,3}})?(?:{_TRUNK})?"
    f"\\(?(?P<number>1{BETWEEN}{{0,4}}[3-9](?:{BETWEEN}{{0,4}}\\)?[0-9]|\\([0-9]|\\)\\([0-9]){{9}}\\)?)(?![0-9])"
)
_MOBILE_DIGITS = re.compile("(?:0{0,2}86)?0?1[3-9][0-9]{9}")
_ADDRESS_OF_A_HOST = re.compile(r"(?:[0-9]{1,3}\.){3}[0-9]{1,3}")
_UNIT = re.compile(r"\s?(?:元|万|亿|吨|平|米|㎡|m²|%|公里|千瓦|kWh|度|户|人次)")


def is_mobile(number: str) -> bool:
    """Whether digits alone are those of a mobile, with or without the code of the country."""
    return _MOBILE_DIGITS.fullmatch(number) is not None


_GLUED = re.compile("(?<![0-9])(?:(?:00)?(?:86)?0?1[3-9][0-9]{9}){2,4}(?![0-9])")
_ONE = re.compile("(?:00)?(?:86)?0?1[3-9][0-9]{9}")


def mobiles(text: str, cues: Cues, first: int, last: int) -> Iterator[Span]:
    """Mobile numbers in any grouping, with +86, 0086 or 86 before them."""
    for found in candidates(_MOBILE, text, max(0, first - 4), last):
        start = found.start() + (1 if found[0][0] == "(" and ")" not in found[0] else 0)
        if _may_be_mobile(found, text, cues):
            yield Span(start, found.end(), PiiKind.PHONE, 1.0, "mobile number")
    for glued in _GLUED.finditer(text, first, last):
        if cues.just_before(_head(text, glued.start())) is not Label.SERIAL:
            for one in _ONE.finditer(text, glued.start(), glued.end()):
                yield Span(one.start(), one.end(), PiiKind.PHONE, 0.8, "mobile numbers in one")


def _may_be_mobile(found: re.Match[str], text: str, cues: Cues) -> bool:
    before = cues.just_before(_head(text, found.start()))
    if before is Label.PHONE:
        return True
    if before in (Label.SERIAL, Label.HOUSE, Label.REGISTER) or _ADDRESS_OF_A_HOST.fullmatch(found[0]):
        return False
    written = grouping(found["number"])
    if len(written.sizes) == 1:
        decimal = _is_fraction(text, found.start(), cues)
        counted = text[found.start() - 1 : found.start()] == "第" and text.startswith("号", found.end())
        return not (decimal or counted or _UNIT.match(text, found.end()))
    if cues.near_before(found.start(), Label.PHONE, Label.CALL, reach=10) or _HYPHENED.fullmatch(found["number"]):
        return True
    if written.signs & _OF_LISTS and written.sizes[-3:] not in _USUAL:
        return False
    return written.is_whole and not _COORDINATE.fullmatch(found["number"])


def _is_fraction(text: str, start: int, cues: Cues) -> bool:
    """Whether a point stands before that is not the point of `1.` in a list."""
    if not re.search(r"[0-9]\.$", text[max(0, start - 2) : start]):
        return False
    long = re.search(r"(?:(?<![0-9])0|[0-9]{3})\.$", text[max(0, start - 4) : start])
    return long is not None or cues.near_before(start, Label.SERIAL)


_OF_LISTS = frozenset(":;、,=/~+.")
_USUAL = ((3, 4, 4), (3, 3, 5), (4, 3, 4), (4, 4, 3), (1, 1, 1))
_HYPHENED = re.compile(r"1[3-9][0-9]-[0-9]{2,4}(?:[ -][0-9]{2,4}){1,3}")
"""139-27 35-80 14: no list of figures begins like this."""
_COORDINATE = re.compile(r"[0-9]{1,3}\.[0-9]{6,}")
_CODE_BEFORE = re.compile(r"[A-Za-z0-9\-_/]+$")


def _head(text: str, start: int) -> int:
    """Where the code begins of which a number is the end (`HX-138…`)."""
    code = _CODE_BEFORE.search(text, max(0, start - 24), start)
    return code.start() if code else start


_EXTENSION = (
    r"(?:\s?[,(]?\s?(?:[转接拨按]|分机号?|内线|[eE][xX][tT](?:ension)?\.?|[xX]|#|\*)\s?(?:分机号?|内线)?\s?:?\s?[0-9]{1,6}\)?"
    r"|\s?\([0-9]{1,6}\)|\s?[-–—]\s?[0-9]{1,5})(?![0-9])|\s?[0-9]{1,5}分机"
)
_LANDLINE = re.compile(
    f"(?<![0-9A-Za-z])(?<![0-9][\\-./])(?:\\(?(?:\\+|00)?86\\)?{BETWEEN}{{0,2}})?[(\\[]?(?:{AREA})[)\\]]?{BETWEEN}{{0,3}}"
    f"[2-8](?:{BETWEEN}{{0,3}}[0-9]){{6,7}}(?![0-9])(?:{_EXTENSION})?"
)
_FROM_ABROAD = re.compile(
    f"(?<![0-9A-Za-z])(?:\\(?(?:\\+|00)86\\)?{BETWEEN}{{0,2}}|86{BETWEEN})\\(?(?:{AREA[1:]})\\)?{BETWEEN}{{0,2}}"
    f"[2-8](?:{BETWEEN}{{0,3}}[0-9]){{6,7}}(?![0-9])(?:{_EXTENSION})?"
)
_DIGIT_BY_DIGIT = re.compile(
    f"0(?<![0-9A-Za-z].)(?P<gap>{BETWEEN}{{1,2}})[1-9](?:(?P=gap)(?:-(?P=gap))?[0-9]){{8,10}}(?![0-9])"
)
_LANDLINE_DIGITS = re.compile(f"{AREA}[2-8][0-9]{{6,7}}")
_ABROAD = re.compile(
    "(?<![0-9A-Za-z])(?:\\(?(?:\\+|00)[ -]?[0-9]{1,3}\\)?(?:[ -]{0,2}\\(?[0-9]\\)?){7,12}"
    "|(?:\\((?:852|853|886)\\) ?|(?:852|853|886)[ -])[2-9](?:[ -]?[0-9]){7,8})(?![0-9])"
)


_FOUR = re.compile("[0-9]{4} $")


def _is_part(found: re.Match[str], text: str) -> bool:
    """Whether it is the rest of a longer number in groups of four."""
    return _FOUR.search(text, max(0, found.start() - 5), found.start()) is not None and grouping(found[0]).sizes[0] == 4


_NOT_A_LINE = (Label.SERIAL, Label.NOBODY, Label.HOUSE, Label.REGISTER, Label.CARD)


def landlines(text: str, cues: Cues, first: int, last: int) -> Iterator[Span]:
    """Landlines with an area code and numbers abroad, extension included."""
    for found in _LANDLINE.finditer(text, max(0, first - 4), last + 12):
        before = cues.just_before(found.start())
        if found.start() < last and before not in _NOT_A_LINE and not _is_part(found, text):
            yield Span(found.start(), found.end(), PiiKind.PHONE, 0.95, "landline")
    for found in _FROM_ABROAD.finditer(text, max(0, first - 2), last):
        yield Span(found.start(), found.end(), PiiKind.PHONE, 0.95, "landline with the code of the country")
    for found in _DIGIT_BY_DIGIT.finditer(text, first, last):
        if _LANDLINE_DIGITS.fullmatch(compact(found[0])):
            yield Span(found.start(), found.end(), PiiKind.PHONE, 0.85, "landline, digit by digit")
    if "+" in text or "00" in text or "85" in text or "886" in text:
        for found in _ABROAD.finditer(text, max(0, first - 2), last):
            plus = "+" in found[0] or cues.near_before(found.start(), Label.PHONE, Label.CALL)
            service = _is_service(compact(found[0]).lstrip("+0").removeprefix("86"))
            if plus and not service and max(grouping(found[0]).sizes) >= 3:
                yield Span(found.start(), found.end(), PiiKind.PHONE, 0.85, "number abroad")


_LOCAL = re.compile(f"[2-9](?<![0-9A-Za-z\\-.].)(?:{TIGHT}{{0,3}}[0-9]){{6,7}}(?!{TIGHT}?[0-9])(?:{_EXTENSION})?")
_LABELLED = re.compile(f"[0-9](?<![0-9A-Za-z].)(?:{TIGHT}{{0,3}}[0-9]){{8,13}}(?![0-9])")
_SERVICE = re.compile(r"(?:400|800)[0-9]{7}|1[0-2][0-9]{1,4}|9[56][0-9]{3,6}|1010[0-9]{4}|123[0-9]{2}")
_SERVICE_OF_A_CITY = re.compile(f"{AREA}(?:1[0-2][0-9]{{1,3}}|9[56][0-9]{{3}}|123[0-9]{{2}})")
_FORWARDED = re.compile("[转接拨按,#*(]|分机|内线|[xX]|[eE][xX]")
_CALLS = (Label.PHONE, Label.CALL, Label.DIAL)
_WITHIN = re.compile(r"[^0-9。;,，、!?\n]{0,6}")


def _is_service(number: str) -> bool:
    return _SERVICE.fullmatch(number) is not None or _SERVICE_OF_A_CITY.fullmatch(number) is not None


def labelled(text: str, cues: Cues, first: int, last: int) -> Iterator[Span]:
    """Numbers of 7 and 8 digits behind a word such as 座机, and mobiles with a digit too many or too few."""
    for found in _LOCAL.finditer(text, first, last + 12):
        before = cues.just_before(found.start())
        said = before in _CALLS or (before is None and _near_phone(text, found.start(), cues))
        if not said or found.start() >= last or _UNIT.match(text, found.end()):
            continue
        number = compact(_FORWARDED.split(found[0])[0])
        if not is_day(number) and not _is_service(number):
            yield Span(found.start(), found.end(), PiiKind.PHONE, 0.85, "local number: labelled")
    for found in _LABELLED.finditer(text, first, last):
        if cues.just_before(found.start()) is not Label.PHONE:
            continue
        number = compact(found[0])
        if not is_day(number[:8]) and not _is_service(number) and grouping(found[0]).is_whole:
            yield Span(found.start(), found.end(), PiiKind.PHONE, 0.7, "telephone: labelled, wrongly written")


def _near_phone(text: str, at: int, cues: Cues) -> bool:
    """Behind 电话 with a few words between (`电话（李工）87900727`)."""
    return (
        cues.near_before(at, Label.PHONE, Label.CALL, reach=6)
        and _WITHIN.fullmatch(text, max(0, at - 2), at) is not None
    )
