"""What a mutation is: a defence, the text without it, and the tests that should notice.

`tests/mutations.py` runs them; the lists that grow stand in files of their own beside this one.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Mutation:
    """A defence, the text that is it, what stands there without it, and the tests that should notice."""

    name: str
    file: str
    old: str
    new: str
    tests: str
