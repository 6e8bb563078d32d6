"""What an asker is told of their access, as the value of `myAccess`: in parts as a query selects, or whole.

Both are made of one table. The size of what is told is bounded like that of any answer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from graphql import GraphQLSchema

from hub.errors import Code, HubError
from hub.graph.plain_rows import size_of, too_large
from hub.request.introspection import execute_roots
from hub.request.limits import Validated
from hub.request.own_access.hypothetical import other_asker
from hub.request.own_access.table import AccessTable, Asker, purpose_access
from hub.request.own_access.why import why
from hub.request.plan_model import MyAccess, Planned
from policies.obligations import StandingCap
from schema.own_access.types import MY_ACCESS

OTHERS: Final = 3
"""As how many other askers one operation may ask."""


@dataclass(frozen=True, slots=True)
class Told:
    """A table, what is left today of its daily caps, and the language of its texts.

    `decide` makes the table of another asker.
    """

    table: AccessTable
    decide: Callable[[Asker], AccessTable] = field(repr=False)
    left: Mapping[StandingCap, int] = field(default_factory=dict)
    language: str | None = None
    _others: dict[tuple[str | None, str | None], Told] = field(default_factory=dict, init=False, repr=False)

    def as_another(self, role: str | None, level: str | None) -> Told:
        """What the same application would be told with another role or level, decided once for each of a few.

        Raises ASKER_DENIED, VALIDATION or COST_LIMIT.
        """
        named = role, level
        if named not in self._others:
            other = other_asker(self.table.asker, role, level)
            if len(self._others) >= OTHERS:
                text = (
                    f"the query asks as more than {OTHERS} others, and each has to be decided; ask in several queries"
                )
                raise HubError(Code.COST_LIMIT, text)
            self._others[named] = Told(self.decide(other), self.decide, {}, self.language)
        return self._others[named]

    def whole(self, purposes: tuple[str, ...], coordinate: str | None) -> dict[str, Any]:
        """All that is told of these purposes; with `why` for each, if a coordinate is named. Raises VALIDATION."""
        told = {**self._asker(), "purposes": [self._purpose(each) for each in purposes]}
        for each in told["purposes"]:
            each["types"] = each["types"]()
        if coordinate is not None:
            told["why"] = [why(self.table, each, coordinate, self.language) for each in purposes]
        return told

    def parts(self) -> dict[str, Any]:
        """The same for graphql-core, which calls what a query selects."""
        return {MY_ACCESS: lambda _, asker=None: self._of_asker(asker)._parts()}

    def _of_asker(self, asker: Mapping[str, str | None] | None) -> Told:
        return self if asker is None else self.as_another(asker.get("role"), asker.get("level"))

    def _parts(self) -> dict[str, Any]:
        return {
            **self._asker(),
            "purposes": lambda *_: [self._purpose(each) for each in self.table.decisions],
            "purpose": lambda _, id: self._purpose(id) if id in self.table.decisions else None,
            "why": lambda _, purpose, coordinate: why(self.table, purpose, coordinate, self.language),
        }

    def _asker(self) -> dict[str, Any]:
        asker = self.table.asker
        return {
            "application": asker.subject.application,
            "hypothetical": asker.hypothetical,
            "caseStated": asker.has_case,
        }

    def _purpose(self, purpose: str) -> dict[str, Any]:
        told = purpose_access(self.table, self.left, purpose)
        return {**told, "types": lambda *_: self.table.type_access(purpose)}


def answer_my_access(
    validated: Validated, planned: Planned, schema: GraphQLSchema, told: Told, byte_cap: int
) -> Mapping[str, Any]:
    """Response name → value of each `myAccess` of an operation; raises VALIDATION and RESULT_LIMIT."""
    names = [each.name for each in planned.roots if isinstance(each, MyAccess)]
    answered = execute_roots(validated, schema, names, told.parts())
    check_size(answered, byte_cap)
    return answered


def check_size(answered: Mapping[str, Any], byte_cap: int) -> None:
    """Raises RESULT_LIMIT for what is larger than `byte_cap`, names included; counted without making its text."""
    left, stack = byte_cap, [answered]
    while stack:
        value: Any = stack.pop()
        if isinstance(value, dict):
            left -= sum(map(size_of, value))
            stack.extend(value.values())
        elif isinstance(value, list):
            stack.extend(value)
        else:
            left -= size_of(value)
        if left < 0:
            raise too_large(byte_cap)
