"""Rules for resident id numbers and bank cards, and the list of all rules for numbers and codes.

A number is personal if its digits or the words around it say so; blanks, dots, dashes or emoji between the digits
change nothing. Resident ids follow GB 11643 (province, date, check digit), bank cards Luhn; checksums are
python-stdnum's. `find` adds telephones (`phones.py`), plates, codes (`codes.py`) and accounts (`accounts.py`). Spans
are offsets in the plain text (`plain_text.py`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from stdnum import luhn

from policies.text.gates import Gate
from policies.text.plain_text import BETWEEN, TIGHT, PlainText, digits
from policies.text.rules import accounts, codes, phones, plates
from policies.text.rules.cues import Cues, Label
from policies.text.rules.grouping import candidates, compact, grouping
from policies.text.spans import PiiKind, Span

_MAYBE = re.compile("[0-9A-Za-z]")
_LONG = re.compile(f"[0-9A-Za-z_](?:{BETWEEN}{{0,3}}[0-9A-Za-z_]){{4}}")
"""Where a code of five characters or more may be."""
_RUN = re.compile(f"[0-9](?:(?:{BETWEEN}|[()]){{0,5}}[0-9xX×✕χХх]){{6,}}")
"""Where a number of seven digits or more may be; the rules for numbers look nowhere else."""

_RESIDENT = re.compile(f"[1-9](?<![0-9].)(?:{BETWEEN}{{0,4}}[0-9]){{16}}{BETWEEN}{{0,4}}[0-9xX×✕χХх](?![0-9])")
_OLD_RESIDENT = re.compile(f"[1-9](?<![0-9A-Za-z].)(?:{BETWEEN}{{0,4}}[0-9]){{14}}(?![0-9]|{BETWEEN}?[xX×])")
_DIGIT_BEFORE = re.compile("[0-9][ .·-]{0,2}$")
_DIGIT_AFTER = re.compile("[ .·-]{0,2}[0-9]")
_MISCOUNTED = re.compile(f"[1-9](?<![0-9A-Za-z].)(?:{TIGHT}{{0,2}}[0-9]){{13,19}}[xX]?(?![0-9A-Za-z])")
_LETTER = re.compile("[A-Za-z]")
_X = str.maketrans("x×✕χХх", "XXXXXX")


_NOT_A_RESIDENT = (Label.SERIAL, Label.NOBODY, Label.HOUSE, Label.CREDIT, Label.CARD)


def resident_ids(text: str, cues: Cues, first: int, last: int) -> Iterator[Span]:
    """Resident ids of 18 digits; with a label, also those that were written down wrongly."""
    for found in candidates(_RESIDENT, text, first, last):
        number = compact(found[0].replace("×", "X").replace("✕", "X")).translate(_X)
        before = cues.just_before(found.start())
        if codes.is_resident_id(number, checked=True):
            yield Span(found.start(), found.end(), PiiKind.CN_ID, 1.0, "resident id: check digit")
        elif _LETTER.match(text, max(0, found.start() - 1)):
            continue
        elif codes.is_resident_id(number) and before not in _NOT_A_RESIDENT and grouping(found[0]).is_whole:
            yield Span(found.start(), found.end(), PiiKind.CN_ID, 0.85, "resident id: province and date")
        elif before is Label.RESIDENT or (before is None and cues.near_before(found.start(), Label.RESIDENT, reach=4)):
            yield Span(found.start(), found.end(), PiiKind.CN_ID, 0.7, "resident id: labelled, wrongly written")


def old_resident_ids(text: str, cues: Cues, first: int, last: int) -> Iterator[Span]:
    """Resident ids of 15 digits, and with a label those that were counted wrongly."""
    for found in candidates(_OLD_RESIDENT, text, first, last):
        before = cues.just_before(found.start())
        valid = codes.is_resident_id(compact(found[0]))
        if valid and (before is Label.RESIDENT or cues.near_after(found.end(), Label.RESIDENT)):
            yield Span(found.start(), found.end(), PiiKind.CN_ID, 0.95, "resident id of 15 digits: labelled")
        elif valid and before not in _NOT_A_RESIDENT and _alone(found, text) and grouping(found[0]).is_whole:
            yield Span(found.start(), found.end(), PiiKind.CN_ID, 0.7, "resident id of 15 digits")
    for found in _MISCOUNTED.finditer(text, first, last):
        if cues.just_before(found.start()) is Label.RESIDENT:
            yield Span(found.start(), found.end(), PiiKind.CN_ID, 0.7, "resident id: labelled, wrongly written")


_CARD = re.compile(f"[0-9](?<![0-9A-Za-z].)(?:{TIGHT}{{0,3}}[0-9]){{11,20}}(?![0-9])")
_CARD_PREFIX = re.compile("6[0-9]|4|5[1-5]|2[2-7]|3[57]|9[0-9]")
_MONEY = (Label.CARD,)
_ORDERED = re.compile("[单订件票批案码][^0-9。;,!?]{0,6}$")
_ORDERED_AFTER = re.compile("[^0-9。;,!?]{0,6}(?:[订运货]单|单号|快递|包裹|发货|物流)")
"""What tells the number of an order: `我下的单6228…`. A day inside it does not: one card in five hundred has one."""
_GROUPED = re.compile("[0-9]{4}(?P<gap>[ .·\\-_])(?:[0-9]{4}(?P=gap)){2,3}[0-9]{1,4}")


_NOT_A_CARD = (Label.SERIAL, Label.NOBODY, Label.HOUSE, Label.CREDIT, Label.RESIDENT)


def _alone(found: re.Match[str], text: str) -> bool:
    """No other digits stand right before or after it, as they do in a column of figures."""
    start, end = found.span()
    return not (_DIGIT_BEFORE.search(text, max(0, start - 3), start) or _DIGIT_AFTER.match(text, end))


def bank_cards(text: str, cues: Cues, first: int, last: int) -> Iterator[Span]:
    """Bank cards and accounts: a label; or, of numbers that begin with 62, the check digit or the grouping.

    One number of an order in ten has a right check digit, so it is no proof of another card without a word for one.
    """
    for found in candidates(_CARD, text, first, last):
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
        return 0.7 if before is Label.CARD and not phones.is_mobile(number) else 0.0
    if before is Label.CARD:
        return 0.95
    if len(number) > 19:
        return 0.0
    card = _CARD_PREFIX.match(number) is not None and len(number) >= 16
    said = cues.near_before(start, *_MONEY, reach=14) or cues.near_after(end, *_MONEY)
    chinese = number.startswith("62")
    if card and luhn.is_valid(number) and grouping(found[0]).is_whole:
        return 0.9 if said or (chinese and not _is_order(found)) else 0.0
    return 0.75 if card and (said or (chinese and _GROUPED.fullmatch(found[0]))) else 0.0


def _is_order(found: re.Match[str]) -> bool:
    text, start, end = found.string, *found.span()
    return bool(_ORDERED.search(text, max(0, start - 8), start) or _ORDERED_AFTER.match(text, end))


_RUN_TOGETHER = re.compile("(?<![0-9A-Za-z])[0-9]{26,47}[0-9Xx](?![0-9A-Za-z])")
_PARTS: tuple[tuple[int, PiiKind, Callable[[str], bool]], ...] = (
    (18, PiiKind.CN_ID, codes.is_resident_id),
    (11, PiiKind.PHONE, phones.is_mobile),
    (19, PiiKind.BANK_CARD, lambda number: number.startswith("62") and bool(luhn.is_valid(number))),
)


def together(text: str, cues: Cues, first: int, last: int) -> Iterator[Span]:
    """Numbers that a form or a writer has run together: a telephone, an id and a card, in any order."""
    for found in _RUN_TOGETHER.finditer(text, first, last):
        start = found.start()
        for length, kind in () if cues.just_before(start) is Label.SERIAL else _tiled(found[0]) or ():
            yield Span(start, start + length, kind, 0.8, "numbers in one")
            start += length


def _tiled(run: str) -> tuple[tuple[int, PiiKind], ...] | None:
    """The lengths and kinds of the numbers that a run is made of without a rest; None if it is not."""
    if not run:
        return ()
    for length, kind, is_one in _PARTS:
        rest = _tiled(run[length:]) if is_one(run[:length]) else None
        if rest is not None:
            return ((length, kind), *rest)
    return None


_Rule = tuple[Gate, Callable[[str, Cues], Iterator[Span]]]
_CODES: tuple[_Rule, ...] = (
    (accounts.MAY_BE_EMAIL.search, accounts.emails),
    (codes.MAY_BE_CERTIFICATE.search, codes.certificates),
    (plates.MAY_BE_PLATE.search, plates.plates),
)
_LONG_CODES: tuple[_Rule, ...] = (
    (accounts.MAY_BE_TALK.search, accounts.talk),
    (codes.MAY_BE_LABELLED.search, codes.labelled_codes),
    (codes.CREDIT.search, codes.credit_codes),
    (codes.PERMANENT.search, codes.permanent_residence),
    (codes.MAY_BE_DOCUMENT.search, codes.travel_documents),
)
"""Each rule behind its gate; those of `_LONG_CODES` need five characters in a row too."""
_NUMBERS: tuple[tuple[int, Callable[[str, Cues, int, int], Iterator[Span]]], ...] = (
    (27, together),
    *((17, resident_ids), (14, old_resident_ids), (12, bank_cards)),
    *((11, phones.mobiles), (9, phones.landlines), (7, phones.labelled)),
)
"""Each rule with the length of the shortest run of digits that it can find something in."""


def find(normal: PlainText) -> Iterator[Span]:
    """Every number, code and account in a plain text, the surest rule first; a span within an earlier one is left out.

    Offsets are those of `normal.text`.
    """
    seen = digits(normal.text)
    if not _MAYBE.search(seen):
        return
    found: list[Span] = []
    for text in (seen,) if seen == normal.text else (seen, normal.text):
        for span in _candidates(text):
            if not any(each.start <= span.start and span.end <= each.end for each in found):
                found.append(span)
                yield span


def _candidates(text: str) -> Iterator[Span]:
    cues = Cues(text)
    for gate, rule in _CODES + _LONG_CODES if _LONG.search(text) else _CODES:
        if gate(text):
            yield from rule(text, cues)
    for run in _RUN.finditer(text):
        yield from _in_run(text, cues, run.start(), run.end())


def _in_run(text: str, cues: Cues, first: int, last: int) -> Iterator[Span]:
    """The numbers in one run of digits; once a rule has claimed all of it, no later one is asked."""
    for shortest, rule in _NUMBERS:
        if last - first < shortest:
            continue
        for span in rule(text, cues, first, last):
            yield span
            if span.start <= first and last <= span.end:
                return
