"""Explains what is wrong with a word for an effect, and writes the line as it should be.

The words are `clear`, `aggregate` and the registered masks. A slip is named for what it is: a capital letter, a blank,
a full-width or an invisible sign. What is proposed is always a word that the language has; `clear` is never guessed
from a word that is spelled otherwise.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from typing import Any

from policies import masking
from schema import signs

PLAIN = ("clear", "aggregate", "answer")
_CALLED = re.compile(r"([^(\[]*)(?:[(\[](.*?)[)\]]?)?\Z", re.DOTALL)
_BETWEEN = re.compile(r"[;.\s,]+")
_KEY = re.compile(r"mask\W*", re.IGNORECASE)


def explain_effect(coordinate: Any, effect: object) -> str:
    """What to write instead of an effect that has not the form of one."""
    if isinstance(effect, str):
        return _explain_word(coordinate, effect)
    if isinstance(effect, dict) and "answer" in effect:
        return f"list the values of its argument that are answered, so: `{coordinate}: {{answer: [18, 60]}}`"
    inside = _inside(effect)
    if inside is None:
        return f"write clear, aggregate, or a mask such as {{mask: redact}}, so: `{coordinate}: {{mask: redact}}`"
    meant = _meant(inside, (*PLAIN, *masking.METHODS))
    if meant is None:
        known = ", ".join(masking.METHODS)
        return f"unknown mask {inside!r}; known: {known}; write one so: `{coordinate}: {{mask: redact}}`"
    if inside == meant and isinstance(effect, dict) and "mask" in effect:
        return f"put quotes around the mask: {_written(meant)}, so: `{coordinate}: {_written(meant)}`"
    return f"{_slip(inside, meant) or 'a mask stands behind `mask: `'}, so: `{coordinate}: {_written(meant)}`"


def explain_mask(coordinate: str, mask: str, ladder: Sequence[str]) -> str:
    """What is wrong with a mask that is not on the ladder of a coordinate, and what is meant if that is plain."""
    problem = f"{mask!r} is not on the mask ladder of {coordinate}: {' < '.join(ladder) or 'none'}"
    meant = _meant(mask, (*PLAIN, *ladder))
    if meant is not None and meant in PLAIN:
        return f"{problem}; {meant} is no mask, so: `{coordinate}: {meant}`"
    if meant is not None and meant in ladder and meant != mask:
        return f"{problem}; {_slip(mask, meant)}, so: `{coordinate}: {_written(meant)}`"
    odd = signs.odd_sign(mask)
    return f"{problem}; {odd}" if odd else problem


def explain_expected(coordinate: str, effect: str, known: Sequence[str]) -> str:
    """What is wrong with an effect that a test expects, and that the coordinate cannot have."""
    problem = f"{effect!r} is no effect on {coordinate}; it can have {', '.join(known)}"
    meant = _meant(effect, known)
    return f"{problem}; {_slip(effect, meant)}, so: {meant}" if meant in known else problem


def _explain_word(coordinate: Any, effect: str) -> str:
    meant = _meant(effect, (*PLAIN, *masking.METHODS)) or "redact"
    line = f"`{coordinate}: {_written(meant)}`"
    if meant in PLAIN:
        return f"{_slip(effect, meant)}, so: {line}"
    slip = _slip(effect, meant) if signs.odd_sign(effect) else ""
    return f"{f'{slip}; ' if slip else ''}write clear, aggregate, or a mask such as {_written(meant)}, so: {line}"


def _written(effect: str) -> str:
    return effect if effect in PLAIN else f'{{mask: "{effect}"}}'


def _inside(effect: object) -> str | None:
    """The mask that a list of one means, or a map, which YAML cut at its commas or at a missing blank."""
    if isinstance(effect, list) and len(effect) == 1 and isinstance(effect[0], str) and _is_mask(effect[0]):
        return effect[0]
    if not isinstance(effect, dict) or not effect:
        return None
    key, value = next(iter(effect.items()))
    if "mask" in effect:
        value = effect["mask"]
        more = [str(each) for each in effect if each != "mask"]
        return ",".join([value, *more]) if isinstance(value, str) else None
    found = _KEY.match(signs.without_odd_signs(str(key)))
    if found is None:
        return None
    if isinstance(value, str) and found.end() == len(signs.without_odd_signs(str(key))):
        return value
    return str(key)[found.end() :] if value is None else None


def _meant(written: str, known: Sequence[str]) -> str | None:
    """The effect that is meant by a word; None if that is not plain."""
    for each in _readings(written):
        if each in PLAIN or _is_mask(each):
            return each
    guessed = [each for each in known if each != "clear" and (each in PLAIN or _is_mask(each))]
    return next(iter(get_close_matches(signs.without_odd_signs(written).casefold(), guessed, 1, 0.8)), None)


def _readings(written: str) -> Iterator[str]:
    """What a word may stand for, each with its parameters in the letters that some mask takes."""
    yield written
    called = _CALLED.match(signs.without_odd_signs(written))
    name = re.sub(r"[\s_-]", "", called[1] if called else "").casefold()
    if name in PLAIN:
        yield name
    method = next((each for each in masking.METHODS if each.replace("_", "") == name), None)
    if method is None or called is None:
        return
    given = ",".join(each for each in _BETWEEN.split(called[2] or "") if each)
    yield from (f"{method}({each})" if each else method for each in (given, given.upper(), given.lower()))


def _is_mask(text: str) -> bool:
    try:
        masking.parse(text)
    except masking.MaskError:
        return False
    return True


def _slip(written: str, meant: str | None) -> str:
    """How a word differs from what is meant."""
    odd = signs.odd_sign(written)
    if odd:
        return odd
    if written == meant:
        return ""
    if meant is not None and written.casefold() == meant.casefold():
        return f"{written!r} is not written in {'small letters' if meant.islower() else 'these letters'}"
    if meant is not None and "".join(written.split()).casefold() == meant.casefold():
        return f"{written!r} has a blank in it"
    return f"there is no {written!r}"
