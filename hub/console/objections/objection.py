"""An objection of a resident as plain frozen data, the bounds on what it says, and who answers it.

It names the department, the purposes and the days of what the resident was shown, and the digest under which the log
names them: no number, no name, no account. What the resident wrote about themself is the one thing that may tell more.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from policies.stewards import Role, Steward

LONGEST_REASON: Final = 500
"""Signs of what a resident writes."""
LONGEST_ANSWER: Final = 1_500
"""Signs of what a department answers."""
MOST_OPEN: Final = 5
"""Objections of one resident that wait for an answer at once."""
MOST_OF_A_DAY: Final = 10
"""Objections of one resident within 24 hours, answered ones too."""
KEPT_DAYS: Final = 365
"""Days after its answer for which an objection is kept, with both texts; then it is deleted."""


class Verdict(StrEnum):
    """What a department decides: whether the resident is right."""

    UPHELD = "upheld"
    NOT_UPHELD = "not_upheld"


WITHDRAWN: Final = "withdrawn"
"""In place of a verdict: the resident took the objection back before anybody answered."""


@dataclass(frozen=True, slots=True)
class Objection:
    """What a resident objects to, and what became of it.

    `subject` is the digest under which the log names them on the day on which it was sent. `whole` says that it is
    about all that they were shown of the department, else it is about one day and purpose. `records` counts the
    records of the log behind that. `sent` and `answered` are moments as the version store writes them; `verdict` is
    empty while it waits, and WITHDRAWN with no answer if it was taken back at `answered`. `form` is the sheet that was
    sent, so that sending it twice objects once.
    """

    id: str
    form: str
    subject: str = field(repr=False)
    department: str
    purposes: tuple[str, ...]
    first: dt.date
    last: dt.date
    whole: bool
    records: int
    reason: str = field(repr=False)
    sent: str
    due: dt.date
    verdict: str = ""
    answered: str = ""
    answerer: str = ""
    answer: str = field(default="", repr=False)

    @property
    def waits(self) -> bool:
        """Whether nobody answered it yet, or took it back."""
        return not self.verdict

    @property
    def stands(self) -> bool:
        """Whether it waits or was answered; one that was taken back is about nothing any more."""
        return self.verdict != WITHDRAWN

    def is_late(self, today: dt.date) -> bool:
        """Whether it waits, and the day by which it was to be answered is over."""
        return self.waits and today > self.due


@dataclass(frozen=True, slots=True)
class Answering:
    """The departments of one steward, and all for which some steward answers; any steward answers for the rest."""

    own: frozenset[str]
    answered: frozenset[str]

    def holds(self, objection: Objection) -> bool:
        """Whether an objection lies in the queue of this steward."""
        return objection.department in self.own or objection.department not in self.answered


def answering(steward: Steward, stewards: Iterable[Steward]) -> Answering:
    """What a steward answers for, under the stewards of the version in force."""
    owned = (each.owns for each in stewards if Role.STEWARD in each.roles)
    return Answering(frozenset(steward.owns), frozenset(name for names in owned for name in names))
