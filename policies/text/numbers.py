"""A number is personal if its digits or the words around it say so, and how it is written down changes nothing.

Resident ids (GB 11643: province, date, check digit), telephones and bank cards (Luhn), with blanks, dots, dashes or
emoji between the digits; then codes (`codes.py`) and accounts (`accounts.py`). Service lines such as 12345, 110 and
400-… are nobody's. Checksums are python-stdnum's. Spans are offsets in the plain text (`normal.py`).
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterator

from stdnum import luhn

from policies.text import accounts, codes
from policies.text.cues import Cues, Label, compact
from policies.text.normal import BETWEEN, TIGHT, Normal, digits
from policies.text.spans import PiiKind, Span

_MAYBE = re.compile("[0-9A-Za-z]")
_RUN = re.compile(f"[0-9](?:(?:{BETWEEN}|[()]){{0,5}}[0-9xX×✕]){{6,}}")
"""Where a number of seven digits or more may be; the rules for numbers look nowhere else."""

_RESIDENT = re.compile(f"(?<![0-9A-Za-z])[1-9](?:{BETWEEN}{{0,4}}[0-9]){{16}}{BETWEEN}{{0,4}}[0-9xX×✕χХх](?![0-9])")
_OLD_RESIDENT = re.compile(f"(?<![0-9A-Za-z])[1-9](?:{BETWEEN}{{0,4}}[0-9]){{14}}(?![0-9]|{BETWEEN}?[xX×])")
_X = str.maketrans("x×✕χХх", "XXXXXX")


def resident_ids(text: str, cues: Cues, first: int, last: int) -> Iterator[Span]:
    """Resident ids of 18 and 15 digits; with a label, also those that were written down wrongly."""
    for found in _RESIDENT.finditer(text, first, last):
        number = compact(found[0].replace("×", "X").replace("✕", "X")).translate(_X)
        before = cues.just_before(found.start())
        if codes.is_resident_id(number, checked=True):
            yield Span(found.start(), found.end(), PiiKind.CN_ID, 1.0, "resident id: check digit")
        elif codes.is_resident_id(number) and before not in (Label.SERIAL, Label.NOBODY, Label.HOUSE, Label.CREDIT):
            yield Span(found.start(), found.end(), PiiKind.CN_ID, 0.85, "resident id: province and date")
        elif before is Label.RESIDENT or (before is None and cues.near_before(found.start(), Label.RESIDENT, reach=4)):
            yield Span(found.start(), found.end(), PiiKind.CN_ID, 0.7, "resident id: labelled, wrongly written")
    for found in _OLD_RESIDENT.finditer(text, first, last):
        before = cues.just_before(found.start())
        beside = before is Label.RESIDENT or cues.near_after(found.end(), Label.RESIDENT)
        if codes.is_resident_id(compact(found[0])) and before not in (Label.SERIAL, Label.HOUSE, Label.CARD):
            score = 0.95 if beside else 0.7
            yield Span(found.start(), found.end(), PiiKind.CN_ID, score, "resident id of 15 digits")
        elif before is Label.RESIDENT:
            yield Span(found.start(), found.end(), PiiKind.CN_ID, 0.7, "resident id: labelled, wrongly written")


_CARD = re.compile(f"(?<![0-9A-Za-z])[1-9](?:{TIGHT}{{0,3}}[0-9]){{11,20}}(?![0-9])")
_CARD_PREFIX = re.compile("6[0-9]|4|5[1-5]|2[2-7]|3[57]|9[0-9]")
_MONEY = (Label.CARD,)
_GROUPED = re.compile("[0-9]{4}(?P<gap>[ .·\\-_])(?:[0-9]{4}(?P=gap)){2,3}[0-9]{1,4}")


_NOT_A_CARD = (Label.SERIAL, Label.NOBODY, Label.HOUSE, Label.CREDIT, Label.RESIDENT)


def bank_cards(text: str, cues: Cues, first: int, last: int) -> Iterator[Span]:
    """Bank cards and accounts: the check digit, or a label, or the grouping of a card that begins with 62."""
    for found in _CARD.finditer(text, first, last):
        number = compact(found[0])
        before = cues.just_before(found.start())
        if before in _NOT_A_CARD or (before is Label.REGISTER and not luhn.is_valid(number)):
            continue
        score = _card_score(number, found, before, cues)
        if score:
            yield Span(found.start(), found.end(), PiiKind.BANK_CARD, score, "bank card")


def _card_score(number: str, found: re.Match[str], before: Label | None, cues: Cues) -> float:
    start, end = found.span()
    if len(number) < 15:
        return 0.7 if before is Label.CARD and not _MOBILE_DIGITS.fullmatch(number) else 0.0
    if before is Label.CARD:
        return 0.95
    if len(number) > 19:
        return 0.0
    card = _CARD_PREFIX.match(number) is not None and len(number) >= 16
    if card and luhn.is_valid(number):
        return 0.9
    near = cues.near_before(start, *_MONEY, reach=14) or cues.near_after(end, *_MONEY)
    grouped = number.startswith("62") and _GROUPED.fullmatch(found[0]) is not None
    return 0.75 if card and (near or grouped) else 0.0


_MOBILE = re.compile(
    f"(?<![0-9])(?:\\(?(?:\\+ ?|00)?\\(?\\+?86\\)?{BETWEEN}{{0,3}})?"
    f"\\(?1{BETWEEN}{{0,4}}[3-9](?:{BETWEEN}{{0,4}}\\)?[0-9]){{9}}(?![0-9])"
)
_MOBILE_DIGITS = re.compile("(?:0{0,2}86)?1[3-9][0-9]{9}")
_ADDRESS_OF_A_HOST = re.compile(r"(?:[0-9]{1,3}\.){3}[0-9]{1,3}")
_UNIT = re.compile(r"\s?(?:元|万|亿|吨|平|米|㎡|m²|%|公里|千瓦|kWh|度|户|人次)")


_GLUED = re.compile("(?<![0-9])(?:(?:00)?(?:86)?1[3-9][0-9]{9}){2,4}(?![0-9])")
_ONE = re.compile("(?:00)?(?:86)?1[3-9][0-9]{9}")


def mobiles(text: str, cues: Cues, first: int, last: int) -> Iterator[Span]:
    """Mobile numbers in any grouping, with +86, 0086 or 86 before them."""
    for found in _MOBILE.finditer(text, max(0, first - 4), last):
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
    gaps = {gap.strip() for gap in re.findall("[^0-9+()]+", found[0])}
    if not gaps:
        decimal = re.search(r"[0-9]\.$", text[max(0, found.start() - 2) : found.start()])
        return not (decimal or _UNIT.match(text, found.end()))
    decimals = gaps == {"."} and re.fullmatch(r"[0-9]{1,3}\.[0-9]{6,}", found[0])
    uneven = len(gaps - {""}) > 1 and gaps <= {"", ".", ",", "、", "-", "~"} and _is_list(found[0])
    return not decimals and not uneven


def _is_list(written: str) -> bool:
    """Whether what looks like one number is several: 13.5, 14.2, 15.8 …"""
    return re.search(r"[0-9]\.[0-9]+\s*[,、~\-]|[,、~]\s*[0-9]+\.[0-9]", written) is not None


_CODE_BEFORE = re.compile(r"[A-Za-z0-9\-_/]+$")


def _head(text: str, start: int) -> int:
    """Where the code begins of which a number is the end (`HX-138…`)."""
    code = _CODE_BEFORE.search(text, max(0, start - 24), start)
    return code.start() if code else start


_AREA = "0(?:10|2[0-9]|[3-57-9][1-9][0-9]|6[3-9][0-9]|9[0-9]{2})"
_EXTENSION = (
    r"(?:\s?(?:转|分机号?|内线|[eE][xX][tT]\.?|#|\(转)\s?(?:分机|内线)?:?\s?[0-9]{1,6}\)?|\s?-\s?[0-9]{1,5})(?![0-9])"
    r"|\s?[0-9]{1,5}分机"
)
_LANDLINE = re.compile(
    f"(?<![0-9A-Za-z])(?<![0-9][\\-./])(?:\\(?(?:\\+|00)?86\\)?{BETWEEN}{{0,2}})?[(\\[]?(?:{_AREA})[)\\]]?{BETWEEN}{{0,3}}"
    f"[2-8](?:{BETWEEN}{{0,3}}[0-9]){{6,7}}(?![0-9])(?:{_EXTENSION})?"
)
_DIGIT_BY_DIGIT = re.compile(f"(?<![0-9A-Za-z])0(?P<gap>{BETWEEN}{{1,2}})[1-9](?:(?P=gap)[0-9]){{8,10}}(?![0-9])")
_LANDLINE_DIGITS = re.compile(f"{_AREA}[2-8][0-9]{{6,7}}")
_ABROAD = re.compile(
    f"(?<![0-9A-Za-z])(?:\\(?(?:\\+|00)(?:{BETWEEN}?[0-9]){{1,3}}\\)?(?:{BETWEEN}{{0,2}}\\(?[0-9]\\)?){{7,12}}"
    f"|(?:852|853|886){BETWEEN}[2-9](?:{BETWEEN}?[0-9]){{7,8}})(?![0-9])"
)


_NOT_A_LINE = (Label.SERIAL, Label.NOBODY, Label.HOUSE, Label.REGISTER, Label.CARD)


def landlines(text: str, cues: Cues, first: int, last: int) -> Iterator[Span]:
    """Landlines with an area code and numbers abroad, extension included."""
    for found in _LANDLINE.finditer(text, max(0, first - 4), last + 12):
        before = cues.just_before(found.start())
        if found.start() < last and before not in _NOT_A_LINE:
            yield Span(found.start(), found.end(), PiiKind.PHONE, 0.95, "landline")
    for found in _DIGIT_BY_DIGIT.finditer(text, first, last):
        if _LANDLINE_DIGITS.fullmatch(compact(found[0])):
            yield Span(found.start(), found.end(), PiiKind.PHONE, 0.85, "landline, digit by digit")
    if "+" in text or "00" in text or "85" in text or "886" in text:
        for found in _ABROAD.finditer(text, max(0, first - 2), last):
            plus = "+" in found[0] or cues.near_before(found.start(), Label.PHONE, Label.CALL)
            if plus and not _is_service(compact(found[0]).lstrip("+0").removeprefix("86")):
                yield Span(found.start(), found.end(), PiiKind.PHONE, 0.85, "number abroad")


_LOCAL = re.compile(f"(?<![0-9A-Za-z\\-.])[2-9](?:{TIGHT}{{0,3}}[0-9]){{6,7}}(?![0-9])(?:{_EXTENSION})?")
_LABELLED = re.compile(f"(?<![0-9A-Za-z])[0-9](?:{TIGHT}{{0,3}}[0-9]){{8,13}}(?![0-9])")
_SERVICE = re.compile(r"(?:400|800)[0-9]{7}|1[0-2][0-9]{1,4}|9[56][0-9]{3,6}|1010[0-9]{4}|123[0-9]{2}")
_WITHIN = re.compile(r"[^0-9。;,，、!?\n]{0,6}")


def _is_service(number: str) -> bool:
    return _SERVICE.fullmatch(number) is not None


_GAPS = re.compile("[^0-9]+")


def labelled_phones(text: str, cues: Cues, first: int, last: int) -> Iterator[Span]:
    """Numbers of 7 and 8 digits behind a word such as 座机, and mobiles with a digit too many or too few."""
    for found in _LOCAL.finditer(text, first, last + 12):
        number = compact(re.split("转|分机|内线|#|[eE][xX]|\\(", found[0])[0])
        if found.start() >= last or _is_day(number) or _is_service(number) or _UNIT.match(text, found.end()):
            continue
        before = cues.just_before(found.start())
        if before in (Label.PHONE, Label.CALL) or (before is None and _near_phone(text, found.start(), cues)):
            yield Span(found.start(), found.end(), PiiKind.PHONE, 0.85, "local number: labelled")
    for found in _LABELLED.finditer(text, first, last):
        number = compact(found[0])
        gaps = set(_GAPS.findall(found[0]))
        if cues.just_before(found.start()) is not Label.PHONE or len(gaps) > 1:
            continue
        if not _is_service(number) and not _is_day(number[:8]):
            yield Span(found.start(), found.end(), PiiKind.PHONE, 0.7, "telephone: labelled, wrongly written")


def _near_phone(text: str, at: int, cues: Cues) -> bool:
    """Behind 电话 with a few words between, or the second of two numbers (`87900727、87900728`)."""
    if cues.near_before(at, Label.PHONE, reach=6):
        return _WITHIN.fullmatch(text, max(0, at - 2), at) is not None
    return re.search(
        r"[0-9]{7,8}\s?(?:[、/,]|或者?|和|及)\s?$", text[max(0, at - 12) : at]
    ) is not None and cues.near_before(at, Label.PHONE, reach=22)


def _is_day(number: str) -> bool:
    if len(number) != 8:
        return False
    try:
        return 1900 <= dt.date(int(number[:4]), int(number[4:6]), int(number[6:])).year <= 2050
    except ValueError:
        return False


_CODES: tuple[Callable[[str, Cues], Iterator[Span]], ...] = (
    *(accounts.emails, codes.certificates, codes.plates, accounts.talk),
    *(codes.labelled_codes, codes.credit_codes, codes.travel_documents),
)
_NUMBERS: tuple[Callable[[str, Cues, int, int], Iterator[Span]], ...] = (
    *(resident_ids, bank_cards, mobiles, landlines, labelled_phones),
)


def find(normal: Normal, public: frozenset[str] = frozenset()) -> Iterator[Span]:
    """Every number, code and account in a plain text, the surest rule first; a span within an earlier one is left out.

    `public` holds numbers (digits only) that are nobody's. Offsets are those of `normal.text`.
    """
    seen = digits(normal.text)
    if not _MAYBE.search(seen):
        return
    found: list[Span] = []
    for text in (seen,) if seen == normal.text else (seen, normal.text):
        for span in _candidates(text):
            if any(each.start <= span.start and span.end <= each.end for each in found):
                continue
            if public and compact(text[span.start : span.end]) in public:
                continue
            found.append(span)
            yield span


def _candidates(text: str) -> Iterator[Span]:
    cues = Cues(text)
    for rule in _CODES:
        yield from rule(text, cues)
    for run in _RUN.finditer(text):
        for each in _NUMBERS:
            yield from each(text, cues, run.start(), run.end())
