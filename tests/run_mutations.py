"""Mutations of the defences of a run: that it ends, that its end is told, and that it writes for no earlier catalogue.

Each is a text that stands once in its file; `tests/unit/test_mutations.py` holds that.
"""

from __future__ import annotations

from tests.mutation import Mutation

RUNS = (
    Mutation(
        "a read of which nothing can be read fails",
        "connectors/run.py",
        "self.findings.unread if alone else 0",
        "0",
        "tests/unit/hub/ingest/test_unreadable_files.py -k nothing",
    ),
    Mutation(
        "a workbook with a sheet that cannot be read does not claim all columns",
        "connectors/readers/excel.py",
        "yield Header(tuple(each for each in columns if each), complete)",
        "yield Header(tuple(each for each in columns if each))",
        "tests/unit/hub/ingest/test_unreadable_files.py -k nothing",
    ),
    Mutation(
        "a pull that fails has an end on record",
        "hub/ingest/recorded_pull.py",
        '"pull end", begun.variables, result)',
        '"pull end", begun.variables, "OK")',
        "tests/faults/pulls/test_every_pull_ends.py -k one_beginning",
    ),
    Mutation(
        "what was begun and has no end is told",
        "audit/verify.py",
        "    verified.acts.take(row.index, row.body)\n",
        "",
        "tests/unit/audit/test_open_acts.py",
    ),
    Mutation(
        "a record of another request ends nothing",
        "audit/open_acts.py",
        "self._open.pop(found[1], None)",
        "self._open.clear()",
        "tests/unit/audit/test_open_acts.py",
    ),
    Mutation(
        "a process of another machine is not taken for dead",
        "hub/ingest/lease_holder.py",
        "if not self.machine or self.machine != _machine():",
        "if False:",
        "tests/unit/hub/ingest/test_lease_holder.py",
    ),
    Mutation(
        "another process under the number of a dead one is not it",
        "hub/ingest/lease_holder.py",
        "(state in _GONE or began != self.began)",
        "state in _GONE",
        "tests/unit/hub/ingest/test_lease_holder.py",
    ),
    Mutation(
        "a change of the catalogue waits for batches",
        "hub/graph/loaded_catalogue.py",
        "        transaction.run(_LOCK_PULLS)\n",
        "",
        "tests/unit/hub/ingest/test_pull_under_change.py -k lease",
    ),
    Mutation(
        "a change of the catalogue waits for events",
        "hub/graph/loaded_catalogue.py",
        "        transaction.run(_LOCK_EVENTS)\n",
        "",
        "tests/unit/hub/ingest/test_pull_under_change.py -k turn",
    ),
    Mutation(
        "a new lease waits for a change of the catalogue",
        "hub/ingest/lease.py",
        "        wait_for_change(transaction)\n",
        "",
        "tests/unit/hub/ingest/test_pull_under_change.py -k begins",
    ),
    Mutation(
        "a record on two pages may stand for one that was left out",
        "connectors/readers/rest.py",
        "len(page.items) - len({_digest(each) for each in page.items})",
        "len(page.items) - len({_digest(each) for each in page.items} - seen)",
        "tests/unit/connectors/readers/test_rest.py -k two_pages",
    ),
    Mutation(
        "the value of each record is a word of its enum",
        "connectors/shape.py",
        "        if value not in field.values:\n",
        "        if False:\n",
        "tests/unit/connectors/test_constants.py",
    ),
)
