"""Row conditions of a policy in words: whole for its stewards, and for an application what is about its own scope.

An application that knew every condition of its grants could tell why a row that it knows of is absent; so it is told
what a condition says of region, subject and case only, and that there is more.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from schema.predicate import All, Any_, CaseHolds, Compare, IsCase, Not, Op, Placeholder, Predicate, Related

MORE: Final = "a further condition holds"
"""Stands for what a condition says of other things than the scope of who asks."""
_SCOPE: Final = "region"
_NARROWING: Final = frozenset({Op.EQ, Op.IN, Op.STARTS_WITH})


def predicate_in_words(predicate: Predicate) -> str:
    """A row predicate in words: `region startsWith $subject.jurisdiction and usage eq RENTED`."""
    match predicate:
        case All(parts):
            return " and ".join(predicate_in_words(each) for each in parts) or "all"
        case Any_(parts):
            return f"({' or '.join(predicate_in_words(each) for each in parts)})" if parts else "none"
        case Not(part):
            return f"not ({predicate_in_words(part)})"
        case Related(edge, some, where):
            return f"{'some' if some else 'no'} {edge} with ({predicate_in_words(where)})"
        case IsCase():
            return "it is the request's case"
        case CaseHolds():
            return "the request's case holds"
        case Compare(field, op, value):
            return f"{field} {op} {_value(value)}"


def scope_in_words(predicate: Predicate) -> str:
    """What a row predicate says of the asker's region and case; `MORE` stands for the rest."""
    match predicate:
        case All(parts):
            return " and ".join(_each_once(parts)) or "all"
        case Any_(parts):
            return f"({' or '.join(_each_once(parts))})" if parts else "none"
        case Related(edge, True, where) if _tells(where):
            return f"some {edge} with ({scope_in_words(where)})"
        case _ if _tells(predicate):
            return predicate_in_words(predicate)
        case _:
            return MORE


def _each_once(parts: Iterable[Predicate]) -> list[str]:
    """What parts say, what is not told once and at the end."""
    words = dict.fromkeys(scope_in_words(each) for each in parts)
    return sorted(words, key=lambda each: each == MORE)


def _tells(predicate: Predicate) -> bool:
    """Whether anything of a predicate is about the asker's scope."""
    match predicate:
        case All(parts) | Any_(parts):
            return any(_tells(each) for each in parts)
        case Related(_, some, where):
            return some and _tells(where)
        case Compare(field, op, value):
            of_subject = isinstance(value, Placeholder) and value.name.startswith("subject.")
            return op in _NARROWING and (field == _SCOPE or of_subject)
        case IsCase() | CaseHolds():
            return True
        case _:
            return False


def _value(value: object) -> str:
    if isinstance(value, Placeholder):
        return f"${value.name}" + (f" - {value.years_ago}y" if value.years_ago else "")
    if isinstance(value, tuple):
        return f"[{', '.join(_value(each) for each in value)}]"
    return str(value)
