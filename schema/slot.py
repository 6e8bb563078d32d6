"""One value of a request that is not looked at while its plan is made.

A plan that was made with slots holds no value of a request, so that it serves every request of the same shape.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any


def _as_it_is(value: Any) -> Any:
    return value


@dataclass(frozen=True, slots=True)
class Slot:
    """The value at `index` among those of a request; `read` makes of it what is compared, or raises PredicateError."""

    index: int
    read: Callable[[Any], Any] = field(default=_as_it_is, compare=False, repr=False)


def holds_slot(value: Any) -> bool:
    """Whether a coerced argument has a slot in it, at any depth."""
    if isinstance(value, dict):
        return any(map(holds_slot, value.values()))
    return any(map(holds_slot, value)) if isinstance(value, list) else isinstance(value, Slot)
