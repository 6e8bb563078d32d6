"""Mutations of the defences of a request: conditions, what they cost, what is denied and what is recorded.

Each is a text that stands once in its file; `tests/unit/test_mutations.py` holds that.
"""

from __future__ import annotations

from tests.mutation import Mutation

REQUEST = (
    Mutation(
        "a relation in a condition is followed from its row",
        "hub/request/cypher.py",
        'return f"({node.var}){arrow}({var})" if position == "exists" else ',
        "return ",
        "tests/unit/hub/request/test_compile_plans.py",
    ),
    Mutation(
        "a row that is reached from a key by two ways is there once",
        "hub/request/compile.py",
        ', f"WITH DISTINCT {node.var}"]',
        "]",
        "tests/unit/hub/request/test_relations_to_keys.py",
    ),
    Mutation(
        "a list is sought from a key only where it must be so",
        "hub/request/filters.py",
        "        if isinstance(each, Related) and each.some:\n",
        "        if isinstance(each, Related):\n",
        "tests/unit/hub/request/test_relations_to_keys.py",
    ),
    Mutation(
        "no condition goes back and forth",
        "hub/request/filters.py",
        "            if turns > TURNS:\n",
        "            if False:\n",
        "tests/unit/hub/request/test_filter_cost.py",
    ),
    Mutation(
        "bound on the edges that conditions follow",
        "hub/request/plan.py",
        "        if self.edges_followed > EDGES_FOLLOWED:\n",
        "        if False:\n",
        "tests/unit/hub/request/test_filter_cost.py",
    ),
    Mutation(
        "the edges that the conditions of all roots follow count together",
        "hub/request/plan.py",
        "        self.edges_followed += filters",
        "        self.edges_followed = filters",
        "tests/unit/hub/request/test_filter_cost.py",
    ),
    Mutation(
        "the conditions of counts count",
        "hub/request/plan.py",
        "        self._count_edges(entity, where)\n",
        "",
        "tests/unit/hub/request/test_filter_cost.py",
    ),
    Mutation(
        "a relationship tells what stands at its ends",
        "schema/catalogue.py",
        "        if len({each.relationship for each in self.edges}) != len(self.edges):\n",
        "        if False:\n",
        "tests/unit/schema/test_catalogue.py",
    ),
    Mutation(
        "roots that ask for the same rows are one part of a statement",
        "hub/request/plan_model.py",
        "            groups.setdefault(_rows_asked(root), []).append(root)\n",
        "            groups.setdefault((root.name,), []).append(root)\n",
        "tests/unit/hub/request/test_fetched_once.py",
    ),
    Mutation(
        "a list over an edge is fetched once for all its names",
        "hub/request/plan_model.py",
        "    return cell.edge, tuple((key.field.name, key.descending) for key in cell.order)\n",
        '    return f"{cell.edge} {cell.name}", tuple((key.field.name, key.descending) for key in cell.order)\n',
        "tests/unit/hub/request/test_fetched_once.py",
    ),
    Mutation(
        "a shorter list shows no more than it asked for",
        "hub/request/respond.py",
        "for row in fetched[: cell.first]]",
        "for row in fetched]",
        "tests/unit/hub/request/test_fetched_once.py",
    ),
    Mutation(
        "an answer is bounded with its names",
        "hub/request/respond.py",
        "        if self._left < 0:\n",
        "        if False:\n",
        "tests/unit/hub/request/test_fetched_once.py",
    ),
    Mutation(
        "bound on the lists of a statement",
        "hub/request/plan.py",
        "        if planned.lists > LISTS:\n",
        "        if False:\n",
        "tests/unit/hub/request/test_fetched_once.py",
    ),
    Mutation(
        "refusal of a condition whose variable has no value",
        "hub/request/selection.py",
        "            if self.variables.coerced.get(name) is None:\n",
        "            if False:\n",
        "tests/unit/hub/request/test_conditions.py",
    ),
    Mutation(
        "refusal of more values than a record keeps",
        "hub/request/prepared/prepare.py",
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
        "hub/request/template.py",
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
        "hub/request/template.py",
        "    if not seals.is_id(given):\n",
        "    if False:\n",
        "tests/attacks/test_b_authorisation.py",
    ),
)
