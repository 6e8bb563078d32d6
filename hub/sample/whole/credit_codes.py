"""Unified social credit codes (统一社会信用代码, GB 32100-2015) with the organisation code (GB 11714) that is in them.

A code is two characters for the authority and the kind, six of the county, nine of the organisation, and a check
character.
"""

from typing import Final

from hub.sample.known_people import COUNTY

_LETTERS: Final = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_WEIGHTS: Final = tuple(pow(3, place, 31) for place in range(17))
_ORGANISATION_WEIGHTS: Final = (3, 7, 9, 10, 5, 8, 4, 2)
_ORGANISATION_CHECKS: Final = "0X987654321"
_KINDS_AND_COUNTY: Final = 8


def credit_code(kind: str, serial: int) -> str:
    """The code of the organisation with this number, of at most eight digits; `kind` is its first two characters."""
    digits = f"{serial:08d}"
    total = sum(int(digit) * weight for digit, weight in zip(digits, _ORGANISATION_WEIGHTS, strict=True))
    first17 = f"{kind}{COUNTY}{digits}{_ORGANISATION_CHECKS[total % 11]}"
    return first17 + _check(first17)


def wrong_credit_check(code: str) -> str:
    """The same code with a wrong check character."""
    return code[:17] + _LETTERS[(_LETTERS.index(code[17]) + 1) % 31]


def _check(first17: str) -> str:
    total = sum(_LETTERS.index(letter) * weight for letter, weight in zip(first17, _WEIGHTS, strict=True))
    return _LETTERS[-total % 31]
