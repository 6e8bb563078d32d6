"""What a grant lets its grantee do with whole values that they name: find one node, and verify a person.

A value that few others are like is not guessed. So only fields that identify are matched, and only names, numbers and
addresses are verified: of a sex, a status or a day of birth few questions find the value.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from policies.effects.granted import EffectFault
from schema.catalogue import Catalogue, CatalogueError, Entity, Field, Kind, Scalar

VERIFIED: Final = (Kind.NAME, Kind.ID_NUMBER, Kind.PHONE, Kind.ADDRESS)
"""The kinds of fields that may be verified."""


def matched(catalogue: Catalogue, names: Sequence[str]) -> frozenset[str]:
    """The coordinates that a grant matches; raises EffectFault, whose keys begin with the place in the list."""
    for at, name in enumerate(names):
        if not (isinstance(found := _coordinate(catalogue, name, at), Field) and found.matchable):
            raise EffectFault(f"{name} cannot be matched: it does not identify one person", at)
    return frozenset(names)


def verified(catalogue: Catalogue, names: Sequence[str]) -> frozenset[str]:
    """The coordinates that a grant verifies, all of them together; raises EffectFault as `matched`."""
    person = catalogue.person
    for at, name in enumerate(names):
        found = _coordinate(catalogue, name, at)
        if person is None or name.partition(".")[0] != person.name:
            raise EffectFault(f"{name} is not of a person, and only what is said of one is verified", at)
        if not (isinstance(found, Field) and found.scalar is Scalar.STRING and found.kind in VERIFIED):
            kinds = ", ".join(VERIFIED)
            text = f"{name} cannot be verified: few questions would find its value; verify what is of the kind {kinds}"
            raise EffectFault(text, at)
        if name in names[:at]:
            raise EffectFault(f"{name} stands twice; remove one", at)
    if names and person is not None:
        _check_set(person, {name.partition(".")[2] for name in names})
    return frozenset(names)


def naming_field(person: Entity, names: Sequence[str] | set[str]) -> str | None:
    """Of fields that are verified together, the one by which the person is found: the first that may be matched."""
    return next((each.name for each in person.fields if each.matchable and each.name in names), None)


def _check_set(person: Entity, names: set[str]) -> None:
    if naming_field(person, names) is None:
        known = ", ".join(f"{person.name}.{each.name}" for each in person.fields if each.matchable)
        raise EffectFault(f"nothing in `verify` names one person; add one of {known or 'none: no field is matchable'}")
    if len(names) == 1:
        text = "`verify` with one field tells only whether somebody has it; add what is to agree with it"
        raise EffectFault(f"{text}, such as {person.name}.name")


def _coordinate(catalogue: Catalogue, name: str, at: int) -> object:
    try:
        return catalogue.coordinate(name)
    except CatalogueError as unknown:
        raise EffectFault(str(unknown), at) from None
