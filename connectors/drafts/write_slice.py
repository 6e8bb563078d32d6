"""Writes the draft of a slice: the type that the rows of a sample become, field by field with its classification.

Whatever is personal has the safest mask ladder and no bucket, and what was not guessed is commented out. Nobody sees
any of it before a policy names it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from connectors.drafts.guess import Drafted, Guess
from connectors.drafts.guesses import ENUM_RULE
from connectors.drafts.names import DraftName
from connectors.drafts.yaml_text import comment, flow, listed, scalar
from schema.classification import Grade, Kind, Scalar

_REGION_MASKS = ("redact", "region(DISTRICT)", "region(STREET)")
_REGION_BUCKETS = {"regionStreet": "region(STREET)", "regionCommunity": "region(COMMUNITY)"}
_SAYS_WHETHER_PERSONAL = frozenset({Kind.NAME, Kind.ID_NUMBER, Kind.PHONE, Kind.BIRTH, Kind.FREE_TEXT})


def slice_text(name: DraftName, drafted: Drafted) -> str:
    """The YAML of the draft."""
    return "\n".join([*_head(name, drafted), *(line for each in drafted.guesses for line in _field(each))]) + "\n"


def _head(name: DraftName, drafted: Drafted) -> Iterator[str]:
    yield from comment(
        "A draft by `sluicegate source new`. Read each line, and above all what is called personal: one cell in five "
        "that looks like a name, a number or an address makes a column personal, and so does a header alone; what "
        "looks like nothing that is known does not. Everything here is denied until a policy names it."
    )
    yield f"slice: {name.short}"
    yield "entities:"
    yield f"  {name.entity}:"
    yield f"    plural: {name.plural}"
    yield f"    zh: {scalar(name.zh)}"
    yield f"    en: {scalar(name.en)}"
    if any(each.personal for each in drafted.guesses):
        yield from comment(
            "It holds personal information. Name the path of edges to the people whom it tells about, if they are in "
            "the graph: then the log knows whose data was seen, and a personal field may have a bucket.",
            4,
        )
    yield "    subjects: nobody"
    yield "    fields:"


def _field(guess: Guess) -> Iterator[str]:
    yield from comment(_reason(guess), 6)
    if guess.scalar is None or guess.kind is None:
        block = {"type": "String", "zh": scalar(guess.title), "en": scalar(_words(guess.field))}
        more = {"kind": "free_text", "grade": Grade.GENERAL_3.value, "personal": "true", "masks": "[redact]"}
        yield f"      # {guess.field}: {flow({**block, **more})}"
        return
    yield f"      {guess.field}:"
    yield f"        type: {guess.scalar.value}"
    yield f"        zh: {scalar(guess.title)}"
    yield f"        en: {scalar(_words(guess.field))}"
    yield f"        kind: {guess.kind.value}"
    yield from (f"        {line}" for line in _classification(guess))


def _classification(guess: Guess) -> Iterator[str]:
    personal = guess.personal
    yield f"grade: {personal.grade.value if personal else Grade.GENERAL_2.value}"
    if personal or guess.kind in _SAYS_WHETHER_PERSONAL:
        yield f"personal: {'true' if personal else 'false'}"
    if personal and personal.sensitive:
        yield "sensitive: true"
    if guess.values:
        yield f"values: {listed(dict.fromkeys(guess.values.values()))}"
    if personal:
        yield f"masks: {listed(_fitting(guess, personal.masks))}"
    elif guess.scalar is Scalar.REGION:
        yield f"masks: {listed(_REGION_MASKS)}"
        yield f"buckets: {flow(_REGION_BUCKETS)}"
    elif guess.values:
        yield f"buckets: {flow({guess.field: 'value'})}"
    if guess.numbers_records or guess.scalar is Scalar.REGION:
        yield "indexed: true"


def _fitting(guess: Guess, masks: tuple[str, ...]) -> tuple[str, ...]:
    """The rungs that can mask the type: an enum or a day that is only redacted keeps that rung."""
    return masks if guess.scalar in {Scalar.STRING, Scalar.DATE} else masks[:1]


def _reason(guess: Guess) -> str:
    if guess.scalar is None:
        return f"Not guessed, and so not there: {guess.why}. If it is wanted, say what it is, here and in the source."
    if guess.personal:
        return f"Personal: {guess.why}."
    if guess.values:
        return f"An enum: {ENUM_RULE}."
    return f"{guess.why[0].upper()}{guess.why[1:]}."


def _words(field: str) -> str:
    """`Representative phone` of `representativePhone`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", field).lower().capitalize()
