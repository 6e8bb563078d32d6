"""Mutations of what keeps facts to the purposes that they were collected for.

Each is a text that stands once in its file; `tests/unit/test_mutations.py` holds that.
"""

from __future__ import annotations

from tests.mutation import Mutation

_REUSE = "tests/unit/policies/collecting/test_reuse.py"
_PULLED = "tests/attacks/collecting/test_c06_collected.py"

COLLECTED = (
    Mutation(
        "a node is there only if what it was collected for may be read",
        "hub/request/cypher.py",
        "self.rows(node, node.within), self.may_be_read(node))",
        "self.rows(node, node.within))",
        _PULLED,
    ),
    Mutation(
        "an answer reads only what may be read",
        "hub/request/cypher.py",
        "        if origin == ANSWER:",
        "        if False:",
        _PULLED,
    ),
    Mutation(
        "each record of a node counts",
        "hub/request/collecting/statement.py",
        'return f"COLLECT {{ {found} }} = [true]"',
        'return f"true IN COLLECT {{ {found} }}"',
        _PULLED,
    ),
    Mutation(
        "no count is taken from an index where records are asked",
        "hub/request/counts/from_indexes.py",
        "    if cypher.decision.collected is not None:",
        "    if False:",
        "tests/unit/hub/request/collecting/test_statement.py",
    ),
    Mutation(
        "a prohibition of reuse wins",
        "policies/reuse.py",
        "        if any(each.forbids(collected, asked) for each in self.rules):",
        "        if False:",
        _REUSE,
    ),
    Mutation(
        "what was collected below a purpose is not its own",
        "policies/reuse.py",
        "return implies(collected, asked) or any(",
        "return implies(collected, asked) or implies(asked, collected) or any(",
        _REUSE,
    ),
    Mutation(
        "rules of reuse without the switch refuse the load",
        "policies/collecting/written.py",
        "            if not enforced:",
        "            if False:",
        _REUSE,
    ),
    Mutation(
        "taking out the switch widens",
        "policies/review/collected.py",
        "Kind.NARROWED if before.collecting is None else Kind.WIDENED",
        "Kind.NARROWED",
        _REUSE,
    ),
)
