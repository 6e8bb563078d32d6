"""An answer as a cell of a plan, and the rows on which a decision lets it be answered.

The values of an argument that are answered are those that grants list, so that no number of questions walks to what
the answer reads.
"""

from __future__ import annotations

from dataclasses import dataclass

from hub.errors import Code, HubError
from hub.request.lists.arguments import NotOfItsShape
from policies.model import FieldDecision, RowSet
from policies.rules import Asked, Subject
from schema.catalogue import Answer
from schema.predicate import Placeholder
from schema.slot import Slot


@dataclass(frozen=True, slots=True)
class AnswerCell:
    """An answer of a node, and what it is asked with (None: nothing)."""

    name: str
    answer: Answer
    argument: int | str | None

    @property
    def asked(self) -> tuple[str, int | str | None]:
        """What cells must have in common to be answered by one part of the statement."""
        return self.answer.name, self.argument


@dataclass(frozen=True, slots=True)
class AnswerFetch:
    """An answer of a fetched node, and the place of its value in the node's row."""

    column: int
    answer: Answer
    argument: int | str | None


def answered_rows(effects: FieldDecision, argument: int | str | None, subject: Subject) -> RowSet:
    """The rows on which a coordinate is answered for this value of its argument."""
    return frozenset(row for asked, rows in effects.answers if _means(asked, argument, subject) for row in rows)


def asked_of(effects: FieldDecision, subject: Subject) -> list[int | str]:
    """The values of its argument for which a coordinate is answered; empty for an answer without one."""
    found = [_value(asked, subject) for asked, _ in effects.answers]
    return [each for each in dict.fromkeys(found) if each is not None]


def check_asked(coordinate: str, effects: FieldDecision, answer: Answer, argument: object, subject: Subject) -> None:
    """Raises VALIDATION for a value of the argument that no grant lists; NotOfItsShape where a plan may not be kept."""
    if isinstance(argument, Slot):
        raise NotOfItsShape("on which rows is answered depends on what is asked")
    if not subject.application and any(isinstance(asked, Placeholder) for asked, _ in effects.answers):
        raise NotOfItsShape("what may be asked depends on the asker's own jurisdiction")
    if answer.argument is not None and not any(_means(asked, argument, subject) for asked, _ in effects.answers):
        asked = ", ".join(map(str, asked_of(effects, subject)))
        text = f"{coordinate} is answered to this purpose for these values of {answer.argument.name} only: {asked}"
        raise HubError(Code.VALIDATION, text)


def _means(asked: Asked, argument: object, subject: Subject) -> bool:
    return type(value := _value(asked, subject)) is type(argument) and value == argument


def _value(asked: Asked, subject: Subject) -> int | str | None:
    if not isinstance(asked, Placeholder):
        return asked
    return str(getattr(subject, asked.name.removeprefix("subject.")))
