"""What an application is told of the rows of its grants: its own scope in words, and of the rest that it is there."""

from __future__ import annotations

import pytest

from hub.request.own_access.row_words import MORE, predicate_in_words, scope_in_words
from schema.predicate import (
    FALSE,
    TRUE,
    All,
    Any_,
    CaseHolds,
    Compare,
    IsCase,
    Not,
    Op,
    Placeholder,
    Predicate,
    Related,
)

pytestmark = pytest.mark.unit

OWN = Compare("region", Op.STARTS_WITH, Placeholder("subject.jurisdiction"))
STREET = Compare("region", Op.STARTS_WITH, "14/03/21/001/")
STREET_WORDS = "region startsWith 14/03/21/001/"
OF_DEPARTMENT = Compare("handlingDepartment", Op.EQ, Placeholder("subject.department"))
RENTED = Compare("usage", Op.EQ, "RENTED")
OLD = Compare("birthDate", Op.LTE, Placeholder("today", 60))
SAID: list[tuple[Predicate, str]] = [
    (TRUE, "all"),
    (FALSE, "none"),
    (OWN, "region startsWith $subject.jurisdiction"),
    (STREET, STREET_WORDS),
    (OF_DEPARTMENT, "handlingDepartment eq $subject.department"),
    (IsCase(), "it is the request's case"),
    (CaseHolds(), "the request's case holds"),
    (RENTED, MORE),
    (OLD, MORE),
    (Not(OWN), MORE),
    (Compare("region", Op.NOT_STARTS_WITH, "14/03/22/"), MORE),
    (Compare("region", Op.IS_NULL, value=True), MORE),
    (All((RENTED, OWN, OLD)), f"region startsWith $subject.jurisdiction and {MORE}"),
    (Any_((OWN, RENTED)), f"(region startsWith $subject.jurisdiction or {MORE})"),
    (Related("reports", some=True, where=IsCase()), "some reports with (it is the request's case)"),
    (Related("reports", some=True, where=All((OLD, STREET))), f"some reports with ({STREET_WORDS} and {MORE})"),
    (Related("reports", some=True, where=RENTED), MORE),
    (Related("reports", some=False, where=OWN), MORE),
]  # fmt: skip


@pytest.mark.parametrize(("rows", "words"), SAID)
def test_what_is_said_of_rows(rows: Predicate, words: str) -> None:
    assert scope_in_words(rows) == words


def test_a_steward_is_told_all_of_them() -> None:
    rows = All((OWN, Not(RENTED), Related("reports", some=False, where=OLD)))
    told = "region startsWith $subject.jurisdiction and not (usage eq RENTED) and no reports with (birthDate lte"
    assert predicate_in_words(rows) == f"{told} $today - 60y)"
