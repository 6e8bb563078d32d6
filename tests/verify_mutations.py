"""Mutations of what bounds a verification: all values or none, one word for all that cannot be said, and the count.

Each is a text that stands once in its file; `tests/unit/test_mutations.py` holds that.
"""

from __future__ import annotations

from tests.mutation import Mutation

_NAMED = "tests/unit/policies/effects/test_named.py"
_STATEMENT = "tests/unit/hub/request/verifying/test_statement.py"
_ATTACK = "tests/attacks/verifying/test_verification.py"

VERIFICATIONS = (
    Mutation(
        "fewer fields are not verified",
        "hub/request/verifying/condition.py",
        "table.verified.get(tuple(sorted(compared)))",
        "next((rows for names, rows in table.verified.items() if set(compared) <= set(names)), None)",
        _STATEMENT,
    ),
    Mutation(
        "a verification compares whole values",
        "hub/request/verifying/condition.py",
        " or each.op is not Op.EQ or",
        " or",
        _STATEMENT,
    ),
    Mutation(
        "a value that is not known is no difference",
        "hub/request/verifying/root.py",
        "return CANNOT_SAY if agrees is None else",
        "return",
        _STATEMENT,
    ),
    Mutation(
        "of two people nothing is said",
        "hub/request/verifying/statement.py",
        "CASE WHEN size(found) = 1 THEN found[0]",
        "CASE WHEN size(found) > 0 THEN found[0]",
        _ATTACK,
    ),
    Mutation(
        "what is not known is not compared",
        "hub/request/verifying/statement.py",
        "CASE WHEN {known} THEN {agrees} END",
        "CASE WHEN true THEN {agrees} END",
        _ATTACK,
    ),
    Mutation(
        "only people on the grant's rows are verified",
        "hub/request/verifying/statement.py",
        "both(cypher.node_is_there(node), named)",
        "both(named)",
        _ATTACK,
    ),
    Mutation(
        "a no is counted as a guess",
        "hub/request/caps/daily_caps.py",
        "return agreement(result) != AGREES if isinstance(root, Verification) else not result",
        "return not result",
        _ATTACK,
    ),
    Mutation(
        "whom a verification found is on record",
        "hub/request/respond.py",
        "                self.subjects.update(dict.fromkeys(result[:1]))\n",
        "",
        _ATTACK,
    ),
    Mutation(
        "fields with few values are not verified",
        "policies/effects/named.py",
        "found.scalar is Scalar.STRING and found.kind in VERIFIED",
        "True",
        _NAMED,
    ),
    Mutation(
        "one field is not verified alone",
        "policies/effects/named.py",
        "    if len(names) == 1:\n",
        "    if False:\n",
        _NAMED,
    ),
    Mutation(
        "a prohibition of one field takes all of them",
        "policies/decide.py",
        "        if self.forbidden.keys() & set(names):\n            return ()\n",
        "",
        _NAMED,
    ),
    Mutation(
        "a verification needs a bound",
        "policies/language.py",
        'guessed = "match" if grant.match else "verify" if grant.verify else ""',
        'guessed = "match" if grant.match else ""',
        _NAMED,
    ),
)
