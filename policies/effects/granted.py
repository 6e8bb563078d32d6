"""What a grant gives on a coordinate, as plain data, checked against what the catalogue says of it."""

from __future__ import annotations

import dataclasses
import re

from policies.effects.words import explain_mask
from policies.rules import AGGREGATE, ANSWER, CLEAR, VERIFY, Asked, Effect
from schema import shapes
from schema.catalogue import Answer, Argument, Coordinate, EdgeEnd, Field, Scalar
from schema.predicate import Placeholder
from schema.region_paths import fault_of_path

JURISDICTION = "$subject.jurisdiction"
"""What may stand in the place of a region: each asker's own."""
MOST_YEARS = 999
"""The largest whole number that is asked with: of years, none more are counted from a day."""
_MARKED = re.compile(r"answer\(.+\)\Z")


class EffectFault(ValueError):
    """An effect that a coordinate cannot have; `keys` lead on from the effect to what is wrong in it."""

    def __init__(self, problem: str, *keys: str | int) -> None:
        super().__init__(problem)
        self.keys = keys


def checked(coordinate: str, found: Coordinate, effect: Effect) -> Effect:
    """The effect, if the coordinate can have it; raises EffectFault."""
    if isinstance(found, Answer):
        return _of_answer(coordinate, found, effect)
    if effect.name == ANSWER:
        raise EffectFault(f"{coordinate} is no answer of the catalogue: it is shown `clear` or masked, or not granted")
    if effect == CLEAR:
        return effect
    if not isinstance(found, Field):
        what = "an edge" if isinstance(found, EdgeEnd) else "the provenance of a node"
        raise EffectFault(f"{coordinate} is {what}: it is `clear` or not granted")
    if effect == AGGREGATE and not found.buckets:
        raise EffectFault(f"{coordinate} has no bucket in the catalogue, so it cannot be aggregated")
    if effect.mask is not None and effect.mask not in found.masks:
        raise EffectFault(explain_mask(coordinate, effect.mask, found.masks), "mask")
    return effect


def expected_of(found: Coordinate, expected: list[str]) -> tuple[str, ...]:
    """The effects that an expectation may name on a coordinate."""
    if isinstance(found, Answer):
        return (ANSWER,) if found.argument is None else tuple(each for each in expected if _MARKED.match(each))
    return ("clear", *reversed(found.masks), "aggregate", "match", VERIFY) if isinstance(found, Field) else ("clear",)


def _of_answer(coordinate: str, answer: Answer, effect: Effect) -> Effect:
    if effect.name != ANSWER:
        raise EffectFault(f"{coordinate} is an answer: it is granted as `answer`, and shows nothing of what it reads")
    if answer.argument is None:
        if effect.asked != (None,):
            raise EffectFault(f"{coordinate} is asked with nothing; write `{coordinate}: answer`", "answer")
        return effect
    if effect.asked == (None,):
        example = {Scalar.INT: "[18, 60]", Scalar.REGION: f"[{JURISDICTION}]"}.get(answer.argument.scalar, "[A, B]")
        text = f"{coordinate} is answered for the values of {answer.argument.name} that a grant lists, and no others"
        raise EffectFault(f"{text}; write them so: `{coordinate}: {{answer: {example}}}`")
    asked = tuple(_asked(answer.argument, each, at) for at, each in enumerate(effect.asked))
    for at, each in enumerate(asked):
        if each in asked[:at]:
            raise EffectFault(f"{effect.asked[at]} stands twice; remove one", "answer", at)
    return dataclasses.replace(effect, asked=asked)


def _asked(argument: Argument, value: Asked, at: int) -> Asked:
    """One listed value, of the argument's type."""
    if argument.scalar is Scalar.INT:
        if not isinstance(value, int) or not 0 <= value <= MOST_YEARS:
            raise EffectFault(f"{argument.name} is a whole number of at most {MOST_YEARS}", "answer", at)
        return value
    if not isinstance(value, str):
        raise EffectFault(f"{argument.name} is a text; put quotes around it", "answer", at)
    if argument.scalar is Scalar.REGION:
        if value == JURISDICTION:
            return Placeholder("subject.jurisdiction")
        problem = fault_of_path(value) if re.match(shapes.JURISDICTION, value) else "this is no path of a division"
        if problem:
            raise EffectFault(f"{problem}; write a path such as 14/03/21/, or {JURISDICTION}", "answer", at)
    return value
