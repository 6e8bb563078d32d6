"""Mutations of what provenance tells, and to whom.

Each is a text that stands once in its file; `tests/unit/test_mutations.py` holds that.
"""

from __future__ import annotations

from tests.mutation import Mutation

_ANSWERS = "tests/unit/hub/request/provenance/test_answers.py"

PROVENANCE = (
    Mutation(
        "a grant by type or tag does not cover provenance",
        "policies/language.py",
        "if own == PROVENANCE or ",
        "if ",
        "tests/unit/policies/test_provenance.py",
    ),
    Mutation(
        "a prohibition of a type covers its provenance",
        "policies/language.py",
        "*entity.edges, PROVENANCE, *answers])",
        "*entity.edges, *answers])",
        "tests/unit/policies/test_provenance.py",
    ),
    Mutation(
        "provenance of what tells about people is personal",
        "schema/declarations.py",
        "        return Provenance(self.subjects is not None, self.slice)\n",
        "        return Provenance(False, self.slice)\n",
        "tests/unit/policies/test_provenance.py",
    ),
    Mutation(
        "a field may not be called provenance",
        "schema/declared_faults.py",
        "derived.OWN_PROPERTIES | derived.OWN_MEMBERS | derived",
        "derived.OWN_PROPERTIES | derived",
        "tests/unit/schema/test_slices.py",
    ),
    Mutation(
        "provenance is told on the rows where it is granted",
        "hub/request/provenance/sources.py",
        "    return found if node.within <= clear else ",
        "    return found if True else ",
        _ANSWERS,
    ),
    Mutation(
        "of several records of a source the newest speaks",
        "hub/request/provenance/sources.py",
        "{record}.asOf IS NULL, {record}.asOf DESC",
        "{record}.asOf IS NULL, {record}.asOf",
        _ANSWERS,
    ),
    Mutation(
        "a source is stale when its reading is too old",
        "hub/request/provenance/sources.py",
        "{run}.good < datetime()",
        "{run}.good > datetime()",
        f"{_ANSWERS} tests/attacks/sources/test_l_away.py",
    ),
    Mutation(
        "whoever is told where a person is known is recorded with that person",
        "hub/request/plan_model.py",
        "        is_personal = told or answered or any(",
        "        is_personal = answered or any(",
        _ANSWERS,
    ),
    Mutation(
        "what is not known is no confirmation",
        "hub/request/provenance/entries.py",
        "for name in both) if both else None",
        "for name in both)",
        _ANSWERS,
    ),
    Mutation(
        "what may not be seen is not compared",
        "hub/request/provenance/entries.py",
        "in stated.keys() & compared}",
        "in stated}",
        _ANSWERS,
    ),
    Mutation(
        "what is clear on some rows only is not compared",
        "hub/request/provenance/cell.py",
        "if told <= table.of(each.name).clear)",
        "if table.of(each.name).clear)",
        _ANSWERS,
    ),
    Mutation(
        "a digest of a value is keyed",
        "hub/ingest/known_plans.py",
        "blake2b(content, key=key, ",
        "blake2b(content, ",
        "tests/unit/hub/ingest/test_known_sources.py",
    ),
    Mutation(
        "a record that changed says what it states now",
        "hub/ingest/sink_statements.py",
        '    "said": _AT["said"],\n',
        "",
        "tests/unit/hub/ingest/test_known_sources.py",
    ),
    Mutation(
        "a pull notes after how long a source is stale",
        "hub/ingest/known_sources.py",
        "s.freshFor = row.freshFor",
        "s.freshFor = null",
        "tests/unit/hub/ingest/test_known_sources.py tests/attacks/sources/test_l_away.py",
    ),
)
"""What provenance rests on."""
