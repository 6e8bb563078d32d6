"""Reads the condition of a verification: one `eq` for each value, of exactly the fields that a grant verifies together.

With fewer fields, what disagrees could be told apart by asking for each; so less is refused as well as more. This
depends on schema, policy and purpose alone, so the refusal may say which fields it takes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from hub.errors import Code, HubError
from hub.request.verifying.root import Verification
from policies.effects.named import naming_field
from policies.model import Decision
from schema.catalogue import Entity
from schema.predicate import Compare, Op, Predicate


def verification(
    name: str, decision: Decision, person: Entity, conditions: Iterable[Predicate], use: Callable[[str, str], None]
) -> Verification:
    """The verification that asks for all of these conditions; raises FIELD_NOT_FILTERABLE.

    `use` is called with (coordinate, how) for each coordinate that is compared.
    """
    table = decision.of(person.name)
    compared = _whole_values(conditions)
    rows = table.verified.get(tuple(sorted(compared)))
    first = naming_field(person, set(compared))
    if rows is None or first is None:
        raise HubError(Code.FIELD_NOT_FILTERABLE, _takes(person, tuple(table.verified)))
    for field in compared:
        use(f"{person.name}.{field}", "matched")
    others = tuple(compared[field] for field in sorted(compared) if field != first)
    return Verification(name, person, compared[first], others, rows)


def _whole_values(conditions: Iterable[Predicate]) -> dict[str, Compare]:
    """By field: its comparison with one whole value; empty if they say anything else."""
    found: dict[str, Compare] = {}
    for each in conditions:
        if not isinstance(each, Compare) or each.op is not Op.EQ or each.field in found:
            return {}
        found[each.field] = each
    return found


def _takes(person: Entity, sets: tuple[tuple[str, ...], ...]) -> str:
    known = "; ".join(", ".join(each) for each in sets)
    shown = ", ".join(f"{each}: {{eq: …}}" for each in sets[0])
    return (
        f"verify compares one {person.name} with whole values, each by `eq`, of all fields that a grant verifies "
        f"together and of no other: {known}; write {{{shown}}}"
    )
