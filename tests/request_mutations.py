"""Mutations of the defences of a request: conditions, what they cost, what is denied and what is recorded.

Each is a text that stands once in its file; `tests/unit/test_mutations.py` holds that.
"""

from __future__ import annotations

from tests.mutation import Mutation

REQUEST = (
    Mutation(
        "refusal of a condition whose variable has no value",
        "hub/request/selection.py",
        "            if self.variables.coerced.get(name) is None:\n",
        "            if False:\n",
        "tests/unit/hub/request/test_conditions.py",
    ),
    Mutation(
        "refusal of more values than a record keeps",
        "hub/request/prepared.py",
        "        check_values(trail)\n",
        "",
        "tests/unit/hub/request/test_record.py",
    ),
    Mutation(
        "bound on the depth of a condition",
        "hub/request/selection.py",
        "            if depth > FILTER_DEPTH:\n",
        "            if False:\n",
        "tests/unit/hub/request/test_filter_cost.py",
    ),
    Mutation(
        "bound on edges in a row",
        "hub/request/selection.py",
        "            if in_a_row > FILTER_EDGES_IN_A_ROW:\n",
        "            if False:\n",
        "tests/unit/hub/request/test_filter_cost.py",
    ),
    Mutation(
        "bound on the conditions of one operation",
        "hub/request/selection.py",
        "            self._check_totals()\n",
        "",
        "tests/unit/hub/request/test_filter_cost.py",
    ),
    Mutation(
        "what is denied is worked out once a coordinate",
        "hub/request/denials.py",
        "        if key not in self._kept:\n",
        "        if True:\n",
        "tests/unit/hub/request/test_answers.py",
    ),
    Mutation(
        "bound on introspection",
        "hub/request/cost.py",
        "    if cost.introspected > introspection:\n",
        "    if False:\n",
        "tests/unit/hub/request/test_answers.py",
    ),
    Mutation(
        "a flood of refusals by a valid token is counted",
        "hub/request/record.py",
        "    if reply.code not in CHEAP_REFUSALS:\n",
        "    if True:\n",
        "tests/unit/hub/request/test_answers.py",
    ),
    Mutation(
        "moments that no calendar holds become the first or the last",
        "hub/request/cypher.py",
        "    except OverflowError:\n        return _FIRST if moment.year == 1 else _LAST\n",
        "    except ZeroDivisionError:\n        return _FIRST if moment.year == 1 else _LAST\n",
        "tests/property/test_extreme_values.py",
    ),
    Mutation(
        "texts are sorted by their first characters",
        "hub/request/cypher.py",
        "if field.scalar is Scalar.STRING else cell",
        "if field.scalar is None else cell",
        "tests/property/test_extreme_values.py",
    ),
    Mutation(
        "a text that is no id is refused",
        "hub/request/plan.py",
        "        if not self.seals.is_id(given):\n",
        "        if False:\n",
        "tests/attacks/test_b_authorisation.py",
    ),
)
