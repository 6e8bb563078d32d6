"""Defences of slices: without any of these, what a slice adds would be seen, stored or counted by mistake."""

from __future__ import annotations

from tests.mutation import Mutation

UNSEEN = "tests/property/test_oracle.py -k nobody_has_seen"
"""The statement against the oracle, on generated catalogues."""

SLICES = (
    Mutation(
        "a text is cut by the spans that stand beside it",
        "hub/request/cypher.py",
        'spans, check = f"{node.var}.{field.text_properties.spans}",',
        'spans, check = f"{node.var}.textSpans",',
        UNSEEN,
    ),
    Mutation(
        "a type of slices shows a cell on the rows where it is clear",
        "hub/request/cypher.py",
        "        if node.within <= effects.clear:\n            return self.read(node, field, position, REQUEST)\n",
        "        if effects.clear:\n            return self.read(node, field, position, REQUEST)\n",
        UNSEEN,
    ),
    Mutation(
        "a type of slices is counted by all the people that it tells about",
        "hub/request/counts/cells.py",
        "        if len(paths) == 1:\n",
        "        if paths:\n",
        UNSEEN,
    ),
    Mutation(
        "a type of slices is shown on the rows of its rules",
        "hub/request/cypher.py",
        'return both(f"{node.var}.deletedAt IS NULL", self.rows(node, node.within), self.may_be_read(node))',
        'return both(f"{node.var}.deletedAt IS NULL")',
        UNSEEN,
    ),
    Mutation(
        "the record names the people over each path",
        "hub/request/compile.py",
        "return f\"COLLECT {{ {' UNION '.join(ways)} }}\"",
        'return f"COLLECT {{ {ways[0]} }}"',
        UNSEEN,
    ),
    Mutation(
        "a grant by type covers nothing that another slice adds",
        "policies/language.py",
        " or found.slice != entity.slice:\n",
        ":\n",
        "tests/unit/policies/test_slices.py",
    ),
    Mutation(
        "biometrics and travel tracks are in no name",
        "schema/declared_faults.py",
        "    elif names_never_stored(name):\n",
        "    elif False:\n",
        "tests/unit/schema/test_slices.py",
    ),
    Mutation(
        "biometrics and travel tracks are in no Chinese name",
        "schema/declared_faults.py",
        "    if names_never_stored(zh):\n",
        "    if False:\n",
        "tests/unit/schema/test_slices.py",
    ),
    Mutation(
        "a count of what is personal has a threshold",
        "schema/declared_faults.py",
        "                if each.personal and each.buckets:\n",
        "                if False:\n",
        "tests/unit/schema/test_slices.py",
    ),
    Mutation(
        "a field that is personal by nature says so",
        "schema/slice_models.py",
        'if self.kind in _PERSONAL_BY_NATURE and "personal" not in self.model_fields_set:',
        "if False:",
        "tests/unit/schema/test_slices.py",
    ),
    Mutation(
        "what is said of people is personal",
        "schema/declared_faults.py",
        "            if not each.personal:\n",
        "            if False:\n",
        "tests/unit/schema/test_slices.py",
    ),
    Mutation(
        "an edge of people is personal",
        "schema/declared_faults.py",
        "            elif self.entities[owner].subjects == () and not edge.personal:\n",
        "            elif False:\n",
        "tests/unit/schema/test_slices.py",
    ),
    Mutation(
        "only extensible types take fields",
        "schema/slices.py",
        "            elif not extended.extensible:\n",
        "            elif False:\n",
        "tests/unit/schema/test_slices.py",
    ),
    Mutation(
        "people are those of the spine",
        "schema/slices.py",
        '            if block.subjects == "self":\n',
        "            if False:\n",
        "tests/unit/schema/test_slices.py",
    ),
    Mutation(
        "a rung that masks nothing is refused",
        "hub/home/catalogue.py",
        "    composed.raise_faults(faults_of_ladders(composed.catalogue))\n",
        "",
        "tests/unit/hub/home/test_catalogue.py",
    ),
)
