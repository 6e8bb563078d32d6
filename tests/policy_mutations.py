"""Mutations of what makes a policy fail closed: how files are read, conditions, caps, merged grids, the comparison.

Each is a text that stands once in its file; `tests/unit/test_mutations.py` holds that.
"""

from __future__ import annotations

from tests.mutation import Mutation

POLICIES = (
    Mutation(
        "a file that is not read refuses its folder",
        "schema/yaml_folder.py",
        "    if refused:",
        "    if False:",
        "tests/unit/policies/test_load_refusals.py",
    ),
    Mutation(
        "no case under none",
        "schema/predicate.py",
        'part if quantifier == "some" else _without_case(part, "none", here)',
        "part",
        "tests/unit/policies/test_load_refusals.py",
    ),
    Mutation(
        "a grant that names a case needs one",
        "policies/language.py",
        "or any(has_case(condition) for condition in rows.values())",
        "or False",
        "tests/unit/policies/test_load_refusals.py",
    ),
    Mutation(
        "an empty condition in a policy",
        "schema/predicate.py",
        "if grammar.placeholders and isinstance(value, Mapping | list) and not value:",
        "if False:",
        "tests/unit/policies/test_load_refusals.py",
    ),
    Mutation(
        "an empty list or key in a policy",
        "policies/yaml_models.py",
        "if not _may_be_empty(path):",
        "if False:",
        "tests/unit/policies/test_load_refusals.py",
    ),
    Mutation(
        "numbers that versions of YAML read differently",
        "schema/strict_yaml.py",
        "if alike and not alike.fullmatch(text):",
        "if False:",
        "tests/unit/schema/test_yaml_slips.py",
    ),
    Mutation(
        "what a grant leaves out stays out after a merge",
        "policies/succession.py",
        'Compare("region", Op.NOT_EQ | Op.NOT_IN | Op.NOT_STARTS_WITH)',
        'Compare("nothing", Op.NOT_EQ | Op.NOT_IN | Op.NOT_STARTS_WITH)',
        "tests/unit/policies/test_succession.py",
    ),
    Mutation(
        "a match needs a case or a cap",
        "policies/language.py",
        "if grant.match and not any(",
        "if False and not any(",
        "tests/unit/policies/test_load_refusals.py",
    ),
    Mutation(
        "a cap counts where it stands",
        "policies/daily_counts.py",
        'where = f"grant {use.grant}" if use.grant else purpose',
        "where = purpose",
        "tests/conformance/test_caps.py",
    ),
    Mutation(
        "refusal of an empty condition",
        "schema/predicate.py",
        "    if not source and not grammar.placeholders:\n",
        "    if False:\n",
        "tests/unit/hub/request/test_conditions.py",
    ),
    Mutation(
        "refusal of a comparison without an operator",
        "schema/predicate.py",
        "    if not stated:\n",
        "    if False:\n",
        "tests/unit/hub/request/test_conditions.py",
    ),
    Mutation(
        "prohibition",
        "policies/decide.py",
        "return [each for each in given if each[0] not in self.forbidden]",
        "return given",
        "tests/unit/policies/test_decide.py",
    ),
    Mutation(
        "a prohibition reaches the purposes above",
        "policies/rule_index.py",
        "for each in lineage(purpose):\n                    above_or_at",
        "for each in (purpose,):\n                    above_or_at",
        "tests/unit/policies/test_decide.py tests/property/test_rule_index.py",
    ),
    Mutation(
        "a grant does not reach the purpose above",
        "policies/rule_index.py",
        "for purpose in grant.purposes:",
        "for purpose in (each for given in grant.purposes for each in lineage(given)):",
        "tests/unit/policies/test_decide.py",
    ),
    Mutation(
        "look-alikes of a person",
        "policies/stewards.py",
        "        if spelling != each.person:\n",
        "        if False and spelling != each.person:\n",
        "tests/unit/policies/test_stewards.py",
    ),
    Mutation(
        "characters of a person that cannot be seen",
        "policies/stewards.py",
        "    if strange:\n",
        "    if False and strange:\n",
        "tests/unit/policies/test_stewards.py",
    ),
    Mutation(
        "an approver is another person than the author",
        "policies/store.py",
        "person.same_person(each) for each in",
        "person.account == each for each in",
        "tests/unit/policies/test_stewards.py",
    ),
    Mutation(
        "a steward changes only what their department owns",
        "policies/store.py",
        "            if owner is not None and owner not in author.owns:\n",
        "            if False and owner is not None and owner not in author.owns:\n",
        "tests/unit/policies/test_stewards.py",
    ),
    Mutation(
        "each act needs its role",
        "policies/store.py",
        "        if not set(roles) & set(steward.roles):\n",
        "        if False and not set(roles) & set(steward.roles):\n",
        "tests/unit/policies/test_stewards.py",
    ),
    Mutation(
        "a change of the stewards is a widening",
        "policies/diff.py",
        "*_stewards(before, after, today), ",
        "",
        "tests/unit/policies/test_stewards.py",
    ),
    Mutation(
        "the comparison looks at moving days",
        "policies/diff.py",
        "    for day in sorted({*first, *_last_days(first)}):",
        "    for day in first:",
        "tests/unit/policies/test_diff.py",
    ),
    Mutation(
        "a prohibition removed is a widening",
        "policies/diff.py",
        "*_prohibitions(before, after, today)",
        "",
        "tests/unit/policies/test_diff.py",
    ),
    Mutation(
        "the comparison sees where a cap stands",
        "policies/diff.py",
        "all(covered(self.purposes_of[other_side][each.grant], purpose) for purpose in counted)",
        "True",
        "tests/unit/policies/test_diff.py",
    ),
    Mutation(
        "the comparison sees which cases hold",
        "policies/implication.py",
        "self.department == other.department and implies(self.seen, other.seen)",
        "self.department == other.department",
        "tests/unit/policies/test_diff.py",
    ),
)
