"""Answers as the oracle gives them: which values of an argument may be asked, and what a node answers."""

from __future__ import annotations

from typing import Any

from policies.rules import Subject
from schema.catalogue import Answer
from schema.predicate import Placeholder
from tests.support.oracle.naive_view import Rule, Sight, resolved


def may_be_asked(sight: Sight, entity: str, answer: Answer, argument: Any) -> bool:
    """Whether some rule lists this value of the argument."""
    return any(_lists(rule, answer, argument, sight.who) for rule in sight.rules[entity])


def answered(sight: Sight, name: str, answer: Answer, argument: Any) -> Any:
    """What a node answers: the first value whose condition holds, yes or no, or nothing."""
    if not any(_lists(rule, answer, argument, sight.who) for rule in sight.holding(name)):
        return None
    truths = [
        (each.value, sight.answering.truth(resolved(each.when, sight.who, sight.today, argument), name))
        for each in answer.cases
    ]
    if not answer.values:
        return truths[0][1]
    return next((value for value, truth in truths if truth is True), None)


def _lists(rule: Rule, answer: Answer, argument: Any, who: Subject) -> bool:
    if answer.name not in rule.effects:
        return False
    listed = rule.effects[answer.name].asked
    return argument in [who.jurisdiction if isinstance(each, Placeholder) else each for each in listed]
