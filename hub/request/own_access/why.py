"""Why an asker meets what they meet on one coordinate: the rules, what is missing, and how to ask for it.

What is missing and how to ask is worked out by the denials of requests, so that no answer leads in a circle. No rule of
another application is named, and no place in the policy files.
"""

from __future__ import annotations

from typing import Any

from hub.errors import Code, HubError
from hub.request.answers.languages import message_in
from hub.request.denials import EXPECTED_WORKING_DAYS, DenialErrors
from hub.request.own_access.row_words import scope_in_words
from hub.request.own_access.table import AccessTable
from hub.request.plan_model import Denial
from policies.decide import shows
from policies.model import Reason
from schema.catalogue import CatalogueError


def why(table: AccessTable, purpose: str, coordinate: str, language: str | None) -> dict[str, Any] | None:
    """The reasons for a coordinate; None for a purpose that is none of the asker's.

    Raises VALIDATION for a text that names no field or edge of the catalogue; it is not repeated.
    """
    check_coordinate(table, coordinate)
    if purpose not in table.decisions:
        return None
    decision = table.decisions[purpose]
    met = table.effect(decision, coordinate)
    told = {
        "purpose": purpose,
        "coordinate": coordinate,
        **met,
        "rules": [_rule(each) for each in decision.reasons.get(coordinate, ())],
        "missing": None,
        "purposesThatWould": [],
        "owner": table.asker.policy.owners.get(coordinate.partition(".")[0]),
        "expectedWorkingDays": EXPECTED_WORKING_DAYS,
    }
    return {**told, **_missing(table, purpose, coordinate, language)} if met["effect"] == "DENIED" else told


def check_coordinate(table: AccessTable, coordinate: str) -> None:
    """Raises VALIDATION for a text that names no field or edge of the catalogue."""
    try:
        table.catalogue.coordinate(coordinate)
    except CatalogueError:
        text = "the coordinate names no field or edge of the schema; write type and field, such as Person.phone"
        raise HubError(Code.VALIDATION, text) from None


def _rule(reason: Reason) -> dict[str, Any]:
    where = None if reason.rows is None else scope_in_words(reason.rows)
    return {"rule": reason.rule, "effect": reason.effect, "where": where}


def _missing(table: AccessTable, purpose: str, coordinate: str, language: str | None) -> dict[str, Any]:
    """What a request that selects the coordinate alone is told of its denial."""

    def answers(other: str) -> bool:
        return shows(table.catalogue, table.decisions[other], coordinate)

    errors = DenialErrors(
        table.catalogue, table.asker.policy, table.decisions[purpose], lambda: table.with_case[purpose], answers
    )
    denied = errors.denied(Denial((), coordinate))
    return {**(denied.access or {}), "missing": message_in(language, denied)}
