"""What the oracle answers to a document: data, errors, refusals, and whose data it is."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Expected:
    """What the oracle answers. `faults`: the codes of refusals, none of which leaves data."""

    data: dict[str, Any] = field(default_factory=dict)
    errors: Counter[tuple[str, tuple[str, ...]]] = field(default_factory=Counter)
    cut: Counter[tuple[str, int, int]] = field(default_factory=Counter)
    """Nested lists that end early: by coordinate, how many they show, and how many there are."""
    faults: set[str] = field(default_factory=set)
    forged: set[str] = field(default_factory=set)
    """`node` roots whose id leads nowhere: which denials stand beside that null is not defined."""
    maybe: set[str] = field(default_factory=set)
    """Refusals that such roots may bring: their selections are checked as those of some type."""
    shown: int = 0
    """How many cells of nodes and of aggregates show a value."""
    answers: int = 0
    """How many answers of nodes are told."""
    verified: set[str] = field(default_factory=set)
    """What was told of verifications."""
    people: set[str] = field(default_factory=set)
    """Of whom something personal is shown: all of them must be in the record."""
