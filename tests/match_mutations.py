"""Mutations of what holds a match: whoever is named in full is found, and nobody is listed or guessed.

Each is a text that stands once in its file; `tests/unit/test_mutations.py` holds that.
"""

from __future__ import annotations

from tests.mutation import Mutation

ACCESSES = "tests/conformance/test_subject_access.py"
FAILED = "tests/attacks/test_failed_matches.py"
MATCHES = (
    Mutation(
        "a match alone lists nobody",
        "hub/request/plan.py",
        "        if match is None and not table.visible:\n",
        "        if False:\n",
        ACCESSES,
    ),
    Mutation(
        "a match is one whole value",
        "hub/request/filters.py",
        "predicate.op is not Op.EQ or predicate.bucket",
        "predicate.bucket",
        ACCESSES,
    ),
    Mutation(
        "a match reaches the rows of its own grants",
        "hub/request/compile.py",
        "self.cypher.table(entity).of(match.field).match)",
        "frozenset(range(len(self.cypher.table(entity).rows))))",
        ACCESSES,
    ),
    Mutation(
        "accesses are told on their grant's rows",
        "hub/request/compile.py",
        "both(self.cypher.node_is_there(node), rows, self._matched(root.match, node))",
        "both(self.cypher.node_is_there(node), self._matched(root.match, node))",
        ACCESSES,
    ),
    Mutation(
        "whom a match finds is on record",
        "hub/request/respond.py",
        "            self.subjects.update(dict.fromkeys(node[0] for _, node in shown))\n",
        "            pass\n",
        ACCESSES,
    ),
    Mutation(
        "accesses need a match",
        "policies/language.py",
        'if not any(name.startswith(f"{person}.") for name in grant.match):',
        "if False:",
        "tests/unit/policies/test_decide_accesses.py",
    ),
    Mutation(
        "no accesses where the match is prohibited",
        "policies/decide.py",
        "bool(table.matchable and table.accesses)",
        "bool(table.accesses)",
        "tests/unit/policies/test_decide_accesses.py",
    ),
    Mutation(
        "few matches in one operation",
        "hub/request/plan.py",
        "        if len(planned.matches) > MATCHES:\n",
        "        if False:\n",
        FAILED,
    ),
    Mutation(
        "matches that find nobody are counted",
        "hub/request/pipeline.py",
        "failed_matches(prepared.planned, row), now)",
        "0, now)",
        FAILED,
    ),
    Mutation(
        "an answer beyond the limit of failed matches is not told",
        "policies/daily_counts.py",
        "> (use.limit if use.more else use.limit - 1)",
        ">= (10**9 if use.more else use.limit)",
        FAILED,
    ),
    Mutation(
        "no match after too many that failed",
        "hub/request/caps/daily_caps.py",
        "self._count(planned.decision, uses, self._failed(planned, 0), now)",
        "self._count(planned.decision, uses, [], now)",
        FAILED,
    ),
    Mutation(
        "failed matches count over all purposes",
        "policies/daily_counts.py",
        '        where = "any purpose" if use.everywhere else where\n',
        "",
        FAILED,
    ),
    Mutation(
        "failed matches of an application",
        "hub/request/caps/daily_caps.py",
        "            Use(FAILED_MATCH, failed, of_application, everywhere=True),\n",
        "",
        FAILED,
    ),
)
