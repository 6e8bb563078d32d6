"""Mutations of what bounds answers: which values are answered, on which rows, and what takes an answer away.

Each is a text that stands once in its file; `tests/unit/test_mutations.py` holds that.
"""

from __future__ import annotations

from tests.mutation import Mutation

_GRANTED = "tests/unit/policies/effects/test_granted.py"
_STATEMENT = "tests/unit/hub/request/answering/test_statement.py"
_ORACLE = "tests/property/test_oracle.py"

ANSWERS = (
    Mutation(
        "no value of an argument is answered that no grant lists",
        "hub/request/answering/cell.py",
        "if answer.argument is not None and not any(",
        "if False and not any(",
        _STATEMENT,
    ),
    Mutation(
        "an answer is given on the rows of its grants alone",
        "hub/request/answering/statement.py",
        "return text if node.within <= rows else",
        "return text if True else",
        _ORACLE,
    ),
    Mutation(
        "what an answer reads is prohibited with the answer",
        "policies/language.py",
        "self.catalogue.answers_reading(name)}",
        "()}",
        _GRANTED,
    ),
    Mutation(
        "a grant by type or tag gives no answer",
        "policies/language.py",
        " or isinstance(found, Answer) or found.slice",
        " or found.slice",
        _GRANTED,
    ),
    Mutation(
        "an answer lists nobody and lets nobody be counted",
        "policies/decide.py",
        'if kinds - {"match", "answer"}:',
        'if kinds - {"match"}:',
        _GRANTED,
    ),
    Mutation(
        "of whom a personal answer tells is recorded",
        "hub/request/plan_model.py",
        "told or answered or any(",
        "told or any(",
        _ORACLE,
    ),
    Mutation(
        "an answer that reads something personal is personal",
        "schema/answers/conditions.py",
        "if name is not None and not getattr(answer, key):",
        "if False:",
        "tests/unit/schema/answers/test_conditions.py",
    ),
)
