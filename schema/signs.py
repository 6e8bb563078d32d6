"""Names the signs that a reader does not see, or takes for others: invisible ones, unusual blanks, full-width ones.

Each is named for what it is, by its code point where a screen would not show it. No other part of a text is repeated.
"""

from __future__ import annotations

import unicodedata

_NO_BREAK = frozenset("\xa0\u2007\u202f")
_FILLERS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
"""Letters, marks and signs without a shape."""
_QUOTES = frozenset("“”‘’")
_BRACKETS = str.maketrans("【】〔〕〖〗「」［］｛｝", "[][][][][]{}")
_TAKEN_FOR_COMMAS = str.maketrans("、", ",")


def is_invisible(sign: str) -> bool:
    """Whether nothing is seen of this character, not even a blank."""
    return sign in _FILLERS or unicodedata.category(sign) in {"Cf", "Cc", "Co", "Cn"}


def what_it_is(sign: str) -> str:
    """What an odd character is: `full-width`, `a no-break space`, `an unusual blank`, `invisible`; empty for others."""
    if sign in _NO_BREAK:
        return "a no-break space"
    if sign == "\u3000" or sign in _QUOTES or sign.translate(_BRACKETS) != sign or sign == "、":
        return "full-width"
    if unicodedata.category(sign) == "Zs" and sign != " ":
        return "an unusual blank"
    if is_invisible(sign):
        return "invisible"
    narrow = unicodedata.normalize("NFKC", sign)
    return "full-width" if sign != narrow and narrow.isascii() and narrow.isprintable() else ""


def odd_sign(text: str) -> str:
    """`the sign U+00A0 is a no-break space`, of the first odd character of a text; empty if there is none."""
    found = next(((each, what) for each in text if (what := what_it_is(each))), None)
    return "" if found is None else f"the sign {shown(found[0])} is {found[1]}"


def shown(sign: str) -> str:
    """A character as a message names it."""
    return sign if sign.isprintable() and not is_invisible(sign) else f"U+{ord(sign):04X}"


def without_odd_signs(text: str) -> str:
    """The text as it looks, in half-width signs: what is invisible is left out, and outer blanks."""
    seen = "".join(each for each in text if not is_invisible(each))
    return unicodedata.normalize("NFKC", seen.translate(_BRACKETS).translate(_TAKEN_FOR_COMMAS)).strip()
