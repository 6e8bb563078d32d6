"""Mutations of what is kept of documents: what may be kept at all, and by what a plan is found again.

Each is a text that stands once in its file; `tests/unit/test_mutations.py` holds that.
"""

from __future__ import annotations

from tests.mutation import Mutation

_PREPARE = "hub/request/prepared/prepare.py"
_VARIABLES = "hub/request/prepared/variables.py"
_PLANS = "tests/unit/hub/request/prepared/test_prepare.py"
_SHAPES = "tests/unit/hub/request/prepared/test_variables.py"
_ROUND_TRIPS = "hub/request/prepared/round_trips.py"
_TOGETHER = "tests/property/test_round_trips.py"

PREPARED = (
    Mutation(
        "no document with a text of its own is kept",
        "hub/request/prepared/documents.py",
        "return not document.texts and all(",
        "return all(",
        _PLANS,
    ),
    Mutation(
        "no document with a number of its own is kept",
        "hub/request/prepared/documents.py",
        " and all(map(_is_page_size, document.literals))",
        "",
        _PLANS,
    ),
    Mutation("a page size is part of the shape", _VARIABLES, "elif name in self._sizes:", "elif False:", _SHAPES),
    Mutation("what is null is part of the shape", _VARIABLES, "if value is None or is_enum", "if is_enum", _SHAPES),
    Mutation(
        "the value of an enum is part of the shape",
        _VARIABLES,
        "if value is None or is_enum_type(kind) or kind",
        "if value is None or kind",
        _SHAPES,
    ),
    Mutation(
        "the keys of an object are part of the shape",
        _VARIABLES,
        "shape = tuple((name, shape) for name,",
        "shape = tuple(shape for name,",
        _SHAPES,
    ),
    Mutation(
        "an empty list is part of the shape", _VARIABLES, "(not value or not _is_value", "(not _is_value", _SHAPES
    ),
    Mutation("a shape that is kept is small", _VARIABLES, "if self._parts > MAX_PARTS:", "if False:", _SHAPES),
    Mutation(
        "a size that no list has is no part of a shape", _VARIABLES, "not 0 <= size <= PAGE_MAX", "False", _SHAPES
    ),
    Mutation(
        "only a document of one operation is kept",
        "hub/request/prepared/documents.py",
        "len(document.operations) == 1 and",
        "True and",
        _PLANS,
    ),
    Mutation(
        "a document is kept when it comes again",
        "hub/request/prepared/documents.py",
        "if self._came.find(hash(asked)):",
        "if True:",
        _PLANS,
    ),
    Mutation("a plan is of one policy version", _PREPARE, "decided = (decision.version, ", "decided = (", _PLANS),
    Mutation("a plan is of one purpose", _PREPARE, "decision.purpose, decision.grants", "decision.grants", _PLANS),
    Mutation(
        "a plan is of the grants that apply", _PREPARE, "decision.purpose, decision.grants", "decision.purpose", _PLANS
    ),
    Mutation("a plan is with a case or without", _PREPARE, "decision.case is not None, grids", "grids", _PLANS),
    Mutation("a plan is of the merged grids of its day", _PREPARE, ", grids, place)", ", place)", _PLANS),
    Mutation("a plan is of one detector", _PREPARE, "decided, parts.detector)", "decided)", _PLANS),
    Mutation(
        "a plan is made for nobody",
        "hub/request/prepared/plans.py",
        "replace(decision, subject=nobody, case",
        "replace(decision, case",
        _PLANS,
    ),
    Mutation(
        "requests of different decisions go apart",
        "hub/request/template.py",
        "return self.joint, self.decided",
        "return self.joint",
        _TOGETHER,
    ),
    Mutation(
        "each request that goes with others has its own values",
        "hub/request/template.py",
        "return isinstance(value, Slot | SealedId | IndexQuery)",
        "return isinstance(value, SealedId | IndexQuery)",
        _TOGETHER,
    ),
    Mutation(
        "each row of several has the cap of one",
        "hub/graph/driver.py",
        'return row["i"], plain(row, Meter(byte_cap))',
        'return row["i"], plain(row, Meter(2**62))',
        "tests/faults/test_graph_reader.py",
    ),
    Mutation(
        "what fails for all is asked for each",
        _ROUND_TRIPS,
        "        except HubError:\n            return {}",
        "        except HubError:\n            raise",
        _TOGETHER,
    ),
    Mutation(
        "one that gives up takes nobody along",
        _ROUND_TRIPS,
        "            for each in companions:\n                _give(each, None)",
        "            pass",
        _TOGETHER,
    ),
    Mutation(
        "a turn is charged to all who used it",
        "hub/fair_share.py",
        "self._clients or (self._client,)",
        "(self._client,)",
        "tests/unit/hub/test_fair_share.py",
    ),
    Mutation(
        "what failed for all goes alone",
        _ROUND_TRIPS,
        "statement.joint.seconds = max(TOGETHER_SECONDS, left / 2)",
        "pass",
        "tests/unit/hub/request/prepared/test_round_trips.py",
    ),
    Mutation(
        "what takes long goes alone",
        _ROUND_TRIPS,
        "len(companions) + 1 >= self._most(statement.joint)",
        "False",
        "tests/unit/hub/request/prepared/test_round_trips.py",
    ),
)
