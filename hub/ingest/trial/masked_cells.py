"""The cells of a record as they may be shown to whoever keeps a source: masked where they are personal.

A field shows the safest rung of its ladder that shows anything; one that is personal by its kind and has no ladder, and
whatever looks like the number of a person, shows nothing.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from connectors.base import Record, TextAnnotator
from connectors.quarantine import holds_number_of_person
from policies.masking import REDACTED, mask_fetched
from policies.text.spans import FreeText
from schema.catalogue import Catalogue, Entity, Field, Kind

CLEAR = "clear"
REDACT = "redact"
_SAYS_NOTHING = frozenset({REDACT, "pseudonym"})
"""Rungs of which nothing of the value is left."""
_PERSONAL_BY_KIND = frozenset({Kind.NAME, Kind.ID_NUMBER, Kind.PHONE, Kind.BIRTH, Kind.ADDRESS, Kind.FREE_TEXT})
_BY_KIND: Mapping[Kind, str] = {
    Kind.NAME: "initial",
    Kind.ID_NUMBER: "partial(0,4)",
    Kind.PHONE: "partial(0,4)",
    Kind.FREE_TEXT: "text",
}
"""What is shown of a kind without a ladder."""


@dataclass(frozen=True, slots=True)
class MaskedCell:
    """A value as it is shown, and the rung by which it is; `clear` for one that is not personal."""

    shown: Any
    rung: str


def masked_cells(
    catalogue: Catalogue, entity: Entity, record: Record, annotator: TextAnnotator, today: dt.date
) -> dict[str, MaskedCell]:
    """The fields and edges of a record, in the order in which the source names them."""
    cells = {
        name: _cell(entity.field(name), value, annotator, today)
        for name, value in record.values.items()
        if entity.has(name)
    }
    return {**cells, **dict(_links(catalogue, entity, record))}


def _cell(field: Field, value: Any, annotator: TextAnnotator, today: dt.date) -> MaskedCell:
    if value is None:
        return MaskedCell(None, CLEAR)
    rung = rung_of(field)
    if rung == CLEAR:
        # What is declared as a code or a plain text may still hold a number of a person.
        return MaskedCell(REDACTED, REDACT) if holds_number_of_person(str(value)) else MaskedCell(value, CLEAR)
    if field.kind is Kind.FREE_TEXT:
        (found,) = annotator.annotate([str(value)])
        value = str(value) if found.spans is None else FreeText(str(value), found.spans)
    return MaskedCell(mask_fetched(rung, value, today, b""), rung)


def rung_of(field: Field) -> str:
    """By which rung a field is shown: `clear` if nothing about it is personal."""
    if not (field.personal or field.sensitive or field.kind in _PERSONAL_BY_KIND):
        return CLEAR
    if field.masks:
        return next((each for each in field.masks if each not in _SAYS_NOTHING), REDACT)
    return _BY_KIND.get(field.kind, REDACT)


def _links(catalogue: Catalogue, entity: Entity, record: Record) -> Iterator[tuple[str, MaskedCell]]:
    """Each edge with the number of its target; that of a person, or of where a person lives, is not shown."""
    people = catalogue.person
    for link in record.links:
        end = entity.edge(link.edge)
        hidden = end.personal or (people is not None and end.target == people.name)
        shown = REDACTED if hidden or holds_number_of_person(link.identity) else link.identity
        yield link.edge, MaskedCell(shown, REDACT if shown is REDACTED else CLEAR)
