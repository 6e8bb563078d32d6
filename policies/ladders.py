"""Checks the mask ladders of a catalogue against the masks that are registered.

Each rung is a registered mask that fits its field. The catalogue knows no masks, so whoever loads one asks here.
"""

from __future__ import annotations

from collections.abc import Iterator

from policies import masking
from schema.catalogue import Catalogue, Fault, Field, Kind


def faults_of_ladders(catalogue: Catalogue) -> Iterator[Fault]:
    """Each rung that no cell could be masked by."""
    for coordinate, field in catalogue.coordinates():
        if isinstance(field, Field):
            for at, rung in enumerate(field.masks):
                problem = _problem(field, rung)
                if problem:
                    yield Fault(coordinate, problem, ("masks", at))


def _problem(field: Field, rung: str) -> str:
    try:
        mask = masking.parse(rung)
    except masking.MaskError as wrong:
        return str(wrong)
    if field.scalar not in mask.scalars:
        return f"{rung!r} cannot mask a {field.scalar}; take one that can, such as redact"
    if isinstance(mask, masking.Text) and field.kind is not Kind.FREE_TEXT:
        return f"{rung!r} is for a free text; take another, or write `kind: free_text`"
    if field.kind is Kind.FREE_TEXT and not isinstance(mask, masking.Text | masking.Redact):
        return f"{rung!r} would show what is personal in a free text; take redact or text"
    return ""
