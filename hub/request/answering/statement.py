"""The part of a statement that answers a question about a node.

What the answer reads is read in the database and leaves it as yes, no, one of the listed values, or null. Each property
is noted with the origin `answer`: the request names the question only.
"""

from __future__ import annotations

from hub.request.answering.cell import AnswerFetch, answered_rows
from hub.request.cypher import ANSWER, Cypher, Node
from schema.answers.conditions import filled


def answer_of(cypher: Cypher, node: Node, fetch: AnswerFetch) -> str:
    """The answer where the decision lets it be given, null on other rows."""
    effects = cypher.table(node.entity).of(fetch.answer.name)
    rows = answered_rows(effects, fetch.argument, cypher.decision.subject)
    text = _value(cypher, node, fetch)
    return text if node.within <= rows else f"CASE WHEN {cypher.rows(node, rows)} THEN {text} END"


def _value(cypher: Cypher, node: Node, fetch: AnswerFetch) -> str:
    cases = [
        (each.value, cypher.condition(node, filled(each.when, fetch.argument), ANSWER)) for each in fetch.answer.cases
    ]
    if not fetch.answer.values:
        return f"({cases[0][1]})"
    return f"CASE {' '.join(f'WHEN {when} THEN {cypher.constant(value)}' for value, when in cases)} END"
