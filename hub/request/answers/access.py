"""Tells what an answer hides: `extensions.access`, by coordinate, and errors with exact paths for who asks for them.

It tells what depends on schema, policy, purpose and document alone, and what the answer shows in any case: which lists
end before their end, and which counts are null. Of rows and cells that are hidden by their data it tells nothing. Why
these are no errors unless a client asks: docs/adr/0023-what-an-answer-hides.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from hub.errors import Code, HubError
from hub.graph.plain_rows import too_large
from hub.request.answers.languages import message_in
from hub.request.answers.preferences import Preferences
from hub.request.denials import DenialErrors
from hub.request.lists.cuts import Path, path_size
from hub.request.plan_model import Aggregate, Planned
from hub.request.respond import Answer
from policies.model import Decision, FieldDecision, PolicySet, RowSet, TypeDecision
from policies.rules import ANSWER, effect_in_words, verify_in_words
from schema.interface.languages import ENGLISH
from schema.predicate import Predicate, conjuncts

ERROR_BYTES = 600
"""About the size of one listed error, with how to ask and without its path."""


def tell_hidden(
    planned: Planned, answer: Answer, denial_errors: DenialErrors, preferences: Preferences, byte_cap: int
) -> Answer:
    """The answer with what it hides; errors are listed only for a client that wants them, one for each null.

    Raises RESULT_LIMIT where the listed errors are larger than `byte_cap` together.
    """
    access = access_of(planned, answer, denial_errors, preferences.language)
    errors: tuple[HubError, ...] = ()
    if preferences.lists_errors and answer.errors:
        errors = tuple(_listed(planned, answer, byte_cap))
    return replace(answer, errors=errors, access=access)


def _listed(planned: Planned, answer: Answer, byte_cap: int) -> Iterator[HubError]:
    counts, left = _count_names(planned), byte_cap
    for error in answer.errors:
        for each in _at_each_null(error, answer.data, counts):
            left -= ERROR_BYTES + path_size(each.path)
            if left < 0:
                raise too_large(byte_cap)
            yield each


def access_of(
    planned: Planned, answer: Answer, denial_errors: DenialErrors, language: str | None
) -> dict[str, Any] | None:
    """What an answer hides; None if it hides nothing."""
    members = {
        "masked": _masked(planned),
        "denied": _denied(answer, denial_errors.policy, language),
        "suppressed": _suppressed(planned, answer, language),
        "cut": [each.told() for each in answer.cut],
        "needsCase": [] if planned.decision.case is not None else _needing_case(planned, denial_errors),
    }
    return {name: each for name, each in members.items() if each} or None


def _effects(decision: Decision, coordinate: str) -> FieldDecision:
    entity, _, field = coordinate.partition(".")
    return decision.of(entity).of(field)


def _masked(planned: Planned) -> list[dict[str, Any]]:
    """The coordinates of which some rows are masked, with their masks, most revealing first."""
    decision = planned.decision
    return [
        {"coordinate": each, "masks": [rung for rung, _ in _effects(decision, each).masks]}
        for each in planned.coordinates.masked
    ]


def _denied(answer: Answer, policy: PolicySet, language: str | None) -> list[dict[str, Any]]:
    """Each denied coordinate once, with the response names that lead to it, how to ask, and how to reach the owner."""
    found: dict[tuple[Any, str], dict[str, Any]] = {}
    for error in answer.errors:
        if error.code is Code.FIELD_DENIED and error.access is not None:
            reason = message_in(language, error)
            key = error.access["coordinate"], reason
            if key not in found:
                contact = _contact(policy, error.access["owner"], language)
                found[key] = {"coordinate": key[0], "paths": [], "reason": reason, **error.access, **contact}
            found[key]["paths"].append(error.path)
    return list(found.values())


def _contact(policy: PolicySet, owner: str | None, language: str | None) -> dict[str, str]:
    """How to reach the owner, where the policy says so; English where no language is asked for."""
    known = policy.departments.get(owner or "")
    contact = known.contact(language or ENGLISH) if known else ""
    return {"ownerContact": contact} if contact else {}


def _suppressed(planned: Planned, answer: Answer, language: str | None) -> list[dict[str, Any]]:
    """Each aggregate with withheld counts, and how many of its rows have none."""
    return [
        {
            "coordinate": f"{_aggregates(planned)[str(error.path[0])].entity.name}Aggregate.count",
            "path": error.path,
            "rows": len(answer.withheld[str(error.path[0])]),
            "reason": message_in(language, error),
        }
        for error in answer.errors
        if error.code is Code.SUPPRESSED
    ]


def _needing_case(planned: Planned, denial_errors: DenialErrors) -> list[str]:
    """What the operation reads, or is denied, of which a case would open more; the request names none."""
    used, with_case = planned.coordinates, denial_errors.with_case()
    names = sorted({*used.clear, *used.masked, *used.aggregated, *used.answered, *used.denied})
    return [each for each in names if opens_more(with_case, planned.decision, each)]


def opens_more(with_case: Decision, decision: Decision, coordinate: str) -> bool:
    """Whether a case opens more of a coordinate than what is decided without one."""
    return _shown_on(with_case, coordinate) != _shown_on(decision, coordinate)


def _shown_on(decision: Decision, coordinate: str) -> dict[str, set[Predicate]]:
    """By effect: the rows that have it. Two decisions number their rows apart, so that their numbers tell nothing."""
    entity, dot, name = coordinate.partition(".")
    table = decision.of(entity)
    if not dot:
        return {entity: widest(table, table.visible)}
    found = _effects(decision, coordinate)
    effects = {"clear": found.clear, **dict(found.masks), "aggregate": found.aggregate, "match": found.match}
    effects |= {verify_in_words(names): rows for names, rows in table.verified_with(name).items()}
    effects |= {effect_in_words(ANSWER, asked): rows for asked, rows in found.answers}
    return {effect: widest(table, rows) for effect, rows in effects.items() if rows}


def widest(table: TypeDecision, rows: RowSet) -> set[Predicate]:
    """The predicates of rows, without those that lie within another one of them."""
    demands = {table.rows[row]: conjuncts(table.rows[row]) for row in rows}
    return {each for each, more in demands.items() if not any(less < more for less in demands.values())}


def _aggregates(planned: Planned) -> Mapping[str, Aggregate]:
    return {root.name: root for root in planned.roots if isinstance(root, Aggregate)}


def _count_names(planned: Planned) -> Mapping[str, tuple[str, ...]]:
    """By response name of each aggregate: the names under which its rows show their count."""
    return {
        name: tuple(key for key, cell in root.cells if cell == "count") for name, root in _aggregates(planned).items()
    }


def _at_each_null(error: HubError, data: Any, counts: Mapping[str, tuple[str, ...]]) -> Iterator[HubError]:
    """An error for each null of the answer that it stands for, list indices in its path."""
    if error.code is not Code.SUPPRESSED:
        places = _places(data, error.path)
    else:
        root = str(error.path[0])
        rows = enumerate(data[root])
        places = ((root, at, name) for at, row in rows for name in counts[root] if row[name] is None)
    for path in places:
        yield HubError(error.code, error.public_message, path=path, access=error.access)


def _places(value: Any, names: Path, path: Path = ()) -> Iterator[Path]:
    """The paths at which response names lead into an answer; over a list to each of its elements."""
    if isinstance(value, list):
        for index, each in enumerate(value):
            yield from _places(each, names, (*path, index))
    elif not names:
        if value is None:
            yield path
    elif isinstance(value, dict) and names[0] in value:
        # Beside others `nodes` has objects of types without this name.
        yield from _places(value[names[0]], names[1:], (*path, names[0]))
