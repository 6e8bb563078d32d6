"""Rules for codes of letters and digits: credit codes, passports and permits, certificates, household and house codes.

A code is personal if its shape and check digit say so, or its shape and a label. Unified social credit codes follow
GB 32100, checked by python-stdnum; regions follow GB/T 2260. The text is plain (`plain_text.py`), with spelled numbers
as digits.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator

from stdnum import luhn
from stdnum.cn import ric, uscc

from policies.text.gates import either
from policies.text.plain_text import BETWEEN
from policies.text.rules.cues import Cues, Label
from policies.text.rules.grouping import compact
from policies.text.spans import PiiKind, Span

_ALNUM = "[A-Za-z0-9]"
CREDIT = re.compile(
    f"[1-9AaNnYy](?<!{_ALNUM}.){BETWEEN}{{0,2}}[1-9](?:{BETWEEN}{{0,2}}[0-9]){{6}}(?:{BETWEEN}{{0,2}}[0-9A-Za-z]){{10}}(?!{_ALNUM})"
)


_CREDIT_SHAPE = re.compile("(?:9[123]|1[129]|5[1239])[0-9]{6}(?=.*[A-Z].)[0-9A-HJ-NPQRTUWXY]{10}")
_MAY_BE_CREDIT = re.compile("[0-9A-Za-z]{18}|信用|[统构会]一?代码|税|执照|(?:9[123]|1[129]|5[1239])[0-9]{2,6}[ ._-]")


def credit_codes(text: str, cues: Cues) -> Iterator[Span]:
    """Unified social credit codes: the check digit and a letter inside, or a label before; digits alone need both."""
    if not _MAY_BE_CREDIT.search(text):
        return
    for found in CREDIT.finditer(text):
        code = compact(found[0]).upper()
        before = cues.just_before(found.start())
        labelled = before is Label.CREDIT or cues.near_before(found.start(), Label.CREDIT, reach=20)
        if (labelled or not code.isdigit()) and uscc.is_valid(code):
            yield Span(found.start(), found.end(), PiiKind.USCC, 1.0, "credit code: check digit")
        elif labelled and not is_resident_id(code):
            yield Span(found.start(), found.end(), PiiKind.USCC, 0.8, "credit code: labelled, wrong check digit")
        elif _CREDIT_SHAPE.fullmatch(code) and code[2:4] in _PROVINCES:
            yield Span(found.start(), found.end(), PiiKind.USCC, 0.7, "credit code: office, region and letters")


_PROVINCES = frozenset(
    str(code)
    for first, last in ((11, 15), (21, 23), (31, 37), (41, 46), (50, 54), (61, 65), (71, 71), (81, 83))
    for code in range(first, last + 1)
)
"""The first two digits of GB/T 2260; 81 to 83 are residence permits for Hong Kong, Macao and Taiwan."""


def is_date(year: int, month: int, day: int) -> bool:
    """Whether a person could have been born on that day."""
    try:
        return dt.date(1880, 1, 1) <= dt.date(year, month, day) <= dt.date(2099, 12, 31)
    except ValueError:
        return False


def is_resident_id(number: str, *, checked: bool = False) -> bool:
    """Whether 15 or 18 characters have a province and a date of birth; `checked`: and the right check digit."""
    if number[:2] not in _PROVINCES:
        return False
    if len(number) == 15:
        return number.isdigit() and is_date(1900 + int(number[6:8]), int(number[8:10]), int(number[10:12]))
    if len(number) != 18 or not number[:17].isdigit():
        return False
    if not is_date(int(number[6:10]), int(number[10:12]), int(number[12:14])):
        return False
    return not checked or ric.calc_check_digit(number) == number[-1].upper()


_DIGIT = f"{BETWEEN}{{0,3}}[0-9]"
_DOCUMENT = re.compile(
    f"(?<!{_ALNUM})(?:[A-Za-z](?:{_DIGIT}){{8}}|[EeCcWw]{BETWEEN}?[A-Za-z](?:{_DIGIT}){{7}}|[HhMm](?:{_DIGIT}){{10}}|[A-Za-z]{{1,3}}[0-9]{{6,8}}"
    f"|[A-Za-z]{{3}}(?:{_DIGIT}){{12}})(?!{_ALNUM})"
)
_LABELLED_DOCUMENT = re.compile(
    f"(?<!{_ALNUM})(?:[A-Za-z]{{0,3}}{BETWEEN}?[0-9](?:{BETWEEN}?[0-9A-Za-z]){{5,14}})(?!{_ALNUM})"
)
_FOREIGN = re.compile(f"(?<!{_ALNUM})(?=(?:[A-Z]*[0-9]){{3}})(?=[0-9]*[A-Z])[0-9A-Z]{{8,12}}(?!{_ALNUM})")
"""Passports of other countries mix letters and digits: `C4VJ8T2K1`."""
_TAIWAN = re.compile("台胞|台湾|台商")
PERMANENT = re.compile("9(?<![0-9].)[0-9]{17}(?![0-9])")
_REGIONAL = re.compile(f"(?<!{_ALNUM})(?:[A-Z]{{1,2}}[0-9]{{6}}\\([0-9A]\\)|[A-Z][12][0-9]{{8}}(?!{_ALNUM}))")


_LETTER = re.compile("[A-Za-z]")
MAY_BE_DOCUMENT = either(
    *(("证照境居份件籍", ""), ("台", "湾"), ("港", "澳"), ("香", "港"), ("外", "国"), ("持凭", "[A-Za-z]")),
    *(("pP", "[aA][sS][sS]"), ("I", "D"), ("s", "fz")),
)


def permanent_residence(text: str, cues: Cues) -> Iterator[Span]:
    """Cards of permanent residence, by their check digit."""
    del cues
    for found in PERMANENT.finditer(text):
        number = found[0]
        born = is_date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
        if born and ric.calc_check_digit(number) == number[-1]:
            yield Span(found.start(), found.end(), PiiKind.TRAVEL_DOC, 0.95, "permanent residence: check digit")


def travel_documents(text: str, cues: Cues) -> Iterator[Span]:
    """Passports and permits between the mainland, Hong Kong, Macao and Taiwan."""
    if _LETTER.search(text):
        yield from _shaped(text, cues)
    labelled = cues.hold(Label.TRAVEL)
    for found in _FOREIGN.finditer(text) if labelled else ():
        if cues.just_before(found.start()) is Label.TRAVEL:
            yield Span(found.start(), found.end(), PiiKind.TRAVEL_DOC, 0.85, "document number: labelled")
    for found in _LABELLED_DOCUMENT.finditer(text) if labelled or _TAIWAN.search(text) else ():
        before = cues.just_before(found.start())
        taiwan = before is Label.RESIDENT and len(found[0]) in (8, 10) and _TAIWAN.search(text)
        if (before is Label.TRAVEL or taiwan) and sum(char.isdigit() for char in found[0]) >= 6:
            yield Span(found.start(), found.end(), PiiKind.TRAVEL_DOC, 0.85, "document number: labelled")


def _shaped(text: str, cues: Cues) -> Iterator[Span]:
    """Numbers with the shape of a document, where a label is near or someone holds it (`持G12345678`)."""
    for reason, pattern in (("passport or permit", _DOCUMENT), ("identity card of Hong Kong or Taiwan", _REGIONAL)):
        for found in pattern.finditer(text):
            start, end = found.span()
            beside = cues.near_before(start, Label.TRAVEL, reach=24) or cues.near_after(end, Label.TRAVEL, reach=8)
            held = cues.near_before(start, Label.RESIDENT) or text[max(0, start - 1) : start] in ("持", "凭")
            if (beside or held) and cues.just_before(start) not in (Label.SERIAL, Label.NOBODY):
                yield Span(start, end, PiiKind.TRAVEL_DOC, 0.95, f"{reason}: shape and label")


_HAN = "[\u4e00-\u9fff]"
_YEAR = r"[(\[〔{](?:19|20)[0-9]{2}[)\]〕}]"
_BEFORE = f"(?:(?![持有的为是]){_HAN}{{2,3}}[市县区州]|(?![证号为是有持的书]){_HAN})?"
_CERTIFICATES = (
    (
        "property certificate",
        re.compile(
            f"[A-Z]?{_BEFORE} ?(?:地?房地?产?权?证|房地产?|房权|房字|[宅林草]权?证) ?"
            "(?:(?!证)[A-Z\u4e00-\u9fff]){0,8} ?"
            f"(?:字 ?(?:{_YEAR})?{_HAN}{{0,4}}? ?第?|(?:{_YEAR})?(?:(?!证){_HAN}){{0,4}}? ?第) ?"
            "[A-Z]{0,2}[0-9][0-9A-Z\\- ]{2,14}号?"
        ),
    ),
    (
        "real-estate certificate",
        re.compile(
            f"{_HAN}? ?{_YEAR} ?{_HAN}{{0,14}}? ?不动产(?:权|证明)?证?书? ?第? ?[0-9A-Z][0-9A-Z\\- ]{{3,14}}号?"
        ),
    ),
    (
        "land certificate",
        re.compile(f"{_BEFORE}(?:国用|集用|集建|宅用|集土)字? ?{_YEAR}{_HAN}{{0,4}}第? ?[0-9][0-9A-Z\\- ]{{1,14}}号?"),
    ),
)
_LABELLED_CERTIFICATE = re.compile(
    "(?:不动产权(?=第)|不动产权?证书?|房产证|产权证|房权证|房屋所有权证|土地证|土地使用证|宅基地证|不动产登记证明?)"
    "(?:书?编?号码?|号)?(?:是|为|:|\\(| |第)*(?P<code>[A-Z]{0,3}[0-9][0-9A-Z\\-]{6,24}(?:号)?)"
)


MAY_BE_CERTIFICATE = either(
    *(("权产地房宅林草用记明", "[证书]"), ("房", "[地字]"), ("国宅集", "[用建土]"), ("不", "动产")),
)


def certificates(text: str, cues: Cues) -> Iterator[Span]:
    """Certificates of property, real estate and land, by their official wording or by a label."""
    del cues
    for reason, pattern in _CERTIFICATES:
        for found in pattern.finditer(text):
            yield Span(found.start(), found.end(), PiiKind.PROPERTY_CERT, 0.95, reason)
    for found in _LABELLED_CERTIFICATE.finditer(text):
        yield Span(found.start("code"), found.end("code"), PiiKind.PROPERTY_CERT, 0.85, "certificate number: labelled")


_CODE = re.compile(f"(?<!{_ALNUM})[A-Za-z]{{0,4}}[0-9](?:{BETWEEN}?[0-9A-Za-z]){{4,29}}(?!{_ALNUM})")
MAY_BE_LABELLED = re.compile("[户房址源栋牌屋宅套住编]")


def labelled_codes(text: str, cues: Cues) -> Iterator[Span]:
    """Household-register and house codes: they have no shape of their own, the words around say what they are."""
    for found in _CODE.finditer(text):
        before = cues.just_before(found.start())
        number = compact(found[0])
        start, end = found.span()
        if before is Label.REGISTER:
            span = Span(start, end, PiiKind.HUKOU_NO, 0.9, "household register: labelled")
        elif before is Label.HOUSE:
            span = Span(start, end, PiiKind.HOUSE_CODE, 0.9, "house code: labelled")
        elif before is None and _REGISTERED.fullmatch(number) and cues.near_before(start, Label.REGISTER, reach=8):
            span = Span(start, end, PiiKind.HUKOU_NO, 0.7, "household register: label near")
        elif _is_house(number) and before in _UNSAID and _dwelling(text, found) and not _ends_in_list(found[0]):
            span = Span(start, end, PiiKind.HOUSE_CODE, 0.7, "house code: region, and a dwelling near")
        else:
            continue
        if not (is_resident_id(number) or (len(number) >= 16 and _CARD.match(number) and luhn.is_valid(number))):
            yield span


_UNSAID = (None, Label.GENERIC, Label.SERIAL, Label.NOBODY)
_CARD = re.compile("6[0-9]{15,18}$|[45][0-9]{15}$|4367[0-9]{15}$")
_REGISTERED = re.compile("[A-Z]?[0-9]{7,10}")
_LIST = re.compile("(?:[0-9][0-9 \\-]{9,}[、和及与或])+$")
_DWELLING = re.compile("[房屋宅套住]|门牌|标三实|标四实")


def _dwelling(text: str, found: re.Match[str]) -> bool:
    """Whether a house is spoken of near the code, or before the list in which it stands."""
    before = _LIST.sub("", text[max(0, found.start() - 80) : found.start()])[-14:]
    return _DWELLING.search(before + text[found.end() : found.end() + 8]) is not None


def _ends_in_list(written: str) -> bool:
    """A resident id and, behind a comma, digits of something else."""
    first, comma, _ = written.partition(",")
    return bool(comma) and is_resident_id(compact(first))


def _is_house(number: str) -> bool:
    """A division code of GB/T 2260, then ten digits or more."""
    return number.isdigit() and 16 <= len(number) <= 22 and number[:2] in _PROVINCES and number[2:4] <= "90"
