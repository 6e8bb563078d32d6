"""Mutations of what keeps a value from leaving, each noticed by the tests of every way out.

Each is a text that stands once in its file; `tests/unit/test_mutations.py` holds that.
"""

from __future__ import annotations

from tests.mutation import Mutation

_LISTED = "tests/attacks/ways_out/test_lists.py"

WAYS = (
    Mutation(
        "a route that nobody tries is noticed",
        "hub/app.py",
        "        SchemaPage(hub).route(),\n",
        '        SchemaPage(hub).route(),\n        Route("/dump", healthz),\n',
        _LISTED,
    ),
)
