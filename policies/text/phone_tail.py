"""Tells the last four digits of a telephone number, however it is written, and never those of its extension.

They are told only where they are certain: of `0353-6012345转801` they are 2345, of two numbers in one, or of a number
that is wrongly written, there are none. Shapes are those of Chinese mobiles, landlines and local numbers, and of
numbers abroad.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from policies.text.plain_text import BETWEEN, digits, readings

AREA = "0(?:10|2[0-9]|[3-57-9][1-9][0-9]|6[3-9][0-9]|9[0-9]{2})"
"""Area codes of the mainland, the 0 included."""
_LINE = "[2-8][0-9]{6,7}"
_WHOLE = re.compile(f"(?:(?:00)?86)?(?:0?1[3-9][0-9]{{9}}|(?:{AREA}|{AREA[1:]}){_LINE})|[2-9][0-9]{{6,7}}")
_ABROAD = re.compile(r"\(?(?:\+|00)(?! ?\(?86)[^0-9]*[1-9]|\(?(?:852|853|886)[) -]")
_WORD = re.compile(r"[,(]?\s?(?:[转接拨按#]|分机|内线|总机|[eE]?[xX])")
_SAID_AFTER = re.compile(r"(?<![0-9])[0-9]{1,6}\s?分机$")
_NUMBER = re.compile(f"(?:[0-9+()\\[\\]]|{BETWEEN})+")
_LAST = re.compile(f"(?P<gap>(?:{BETWEEN}|[()]){{1,4}})[0-9]{{1,6}}\\)?$")
_DASH = re.compile(r"\s?(?:[-–—~*,;(]|转)\s?")
_NOT_A_DIGIT = re.compile("[^0-9]+")


def phone_tail(written: str) -> str | None:
    """The last four digits of the one number that `written` holds; None where they are not certain."""
    plain = _SAID_AFTER.sub("", digits(readings(written)[-1].text)).rstrip()
    said = _WORD.search(plain)
    number = plain[: said.start()] if said else plain
    tails = set(_tails(number)) if _NUMBER.fullmatch(number) else set()
    return tails.pop() if len(tails) == 1 else None


def _tails(number: str) -> Iterator[str]:
    """What the tail may be, by each way to read the last group of digits: of the number, or of an extension."""
    whole = _NOT_A_DIGIT.sub("", number)
    if _ABROAD.match(number):
        if 8 <= len(whole) <= 17:
            yield whole[-4:]
        return
    last = _LAST.search(number)
    before = _NOT_A_DIGIT.sub("", number[: last.start()]) if last else ""
    if last and _WHOLE.fullmatch(before):
        yield before[-4:]
        if _DASH.fullmatch(last["gap"]):
            return
    if _WHOLE.fullmatch(whole):
        yield whole[-4:]
