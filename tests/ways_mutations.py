"""Mutations of what keeps a value from leaving, each noticed by the test that tries every way out for every purpose.

Each is a text that stands once in its file; `tests/unit/test_mutations.py` holds that.
"""

from __future__ import annotations

from tests.mutation import Mutation

_TRIED, _LISTED = "tests/attacks/ways_out/test_ways_out.py", "tests/attacks/ways_out/test_lists.py"

WAYS = (
    Mutation(
        "a route that nobody tries is noticed",
        "hub/app.py",
        "        SchemaPage(hub).route(),\n",
        '        SchemaPage(hub).route(),\n        Route("/dump", healthz),\n',
        _LISTED,
    ),
    Mutation(
        "what is not clear is not filtered by, whatever the way",
        "hub/request/filters.py",
        "    if not allowed:\n        raise HubError(\n",
        "    if False:\n        raise HubError(\n",
        f"{_TRIED} -k no_query",
    ),
    Mutation(
        "the middle of a number does not leave",
        "hub/request/cypher_masks.py",
        "            kept = f\"{head}'****'{tail}\"\n",
        "            kept = value\n",
        f"{_TRIED} -k no_query",
    ),
    Mutation(
        "what a request compares with is in the log as a digest",
        "hub/request/record.py",
        '_word(value) or digester.digest("value", str(value))',
        "str(value)",
        _TRIED,
    ),
)
