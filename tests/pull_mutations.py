"""Mutations of the defences of a pull: what refuses a row, and what is told.

Each is a text that stands once in its file; `tests/unit/test_mutations.py` holds that.
"""

from __future__ import annotations

from tests.mutation import Mutation

PULLS = (
    Mutation(
        "a row of a day to come is refused",
        "connectors/shape.py",
        "moment.date() - self._context.today > FUTURE",
        "False",
        "tests/unit/connectors/test_transforms.py",
    ),
    Mutation(
        "a time outside the years that there are is refused",
        "connectors/transforms.py",
        '    except (OverflowError, ValueError):\n        raise Unfit("not-a-time", "a time out of range") from None\n',
        "    finally:\n        pass\n",
        "tests/unit/connectors/test_transforms.py",
    ),
    Mutation(
        "a time that is cut from a kept day is counted each time",
        "connectors/shape.py",
        "        self.cut += cut\n",
        "",
        "tests/property/test_kept_cells.py -k cut",
    ),
    Mutation(
        "who writes a text writes no row",
        "connectors/readers/csv_lines.py",
        "not self._multiline or self._may_be_rows(gathered)",
        "self._may_be_rows(gathered)",
        "tests/unit/connectors/readers/test_csv_files.py",
    ),
    Mutation(
        "rows of one pull about the same node are told",
        "connectors/resolve.py",
        "if each.key != record.key]",
        "if False]",
        "tests/unit/hub/ingest/test_told.py -k another_row",
    ),
    Mutation(
        "a row about a node that another row made is told",
        "connectors/resolve.py",
        "        if sid in held:\n",
        "        if False:\n",
        "tests/unit/hub/ingest/test_told.py -k another_row",
    ),
    Mutation(
        "rows about the same node are listed until one is corrected",
        "hub/ingest/batch_rows.py",
        '        "contested": list(contested) or None,\n',
        '        "contested": None,\n',
        "tests/unit/hub/ingest/test_told.py -k another_row",
    ),
    Mutation(
        "a node that was taken for new is merged where it is there",
        "hub/ingest/sink.py",
        "if failed.code != TAKEN:",
        "if True:",
        "tests/unit/hub/ingest/test_new_nodes.py",
    ),
    Mutation(
        "a record that is read again is not taken for unchanged",
        "hub/ingest/sink_statements.py",
        " AND NOT r:Stale\n",
        "\n",
        "tests/unit/hub/ingest/test_new_nodes.py -k another_left",
    ),
    Mutation(
        "an edge that waits is found behind a thousand others",
        "hub/ingest/sink_statements.py",
        "count(*) = 1000 OR ",
        "",
        "tests/unit/hub/ingest/test_new_nodes.py",
    ),
    Mutation(
        "what was done before a failure is told",
        "hub/ingest/recorded_pull.py",
        "                    ended.extend(done)\n",
        "                    pass\n",
        "tests/conformance/test_recorded_pull.py",
    ),
    Mutation(
        "the command shows what was done before a failure",
        "hub/cli/pull.py",
        "            if results:\n",
        "            if False:\n",
        "tests/conformance/test_recorded_pull.py",
    ),
    Mutation(
        "a file of kept rows is not believed without its seal",
        "hub/ingest/kept_rows.py",
        "not hmac.compare_digest(seal, self._seal(stream, sealed)) or ",
        "",
        "tests/unit/hub/ingest/test_kept_rows.py -k believed",
    ),
    Mutation(
        "what was taken under another declaration is not recalled",
        "hub/ingest/kept_rows.py",
        " or sealed[: len(context)] != context:",
        ":",
        "tests/unit/hub/ingest/test_kept_rows.py -k believed",
    ),
    Mutation(
        "a recalled row that the graph does not hold is shaped",
        "connectors/run.py",
        "isinstance(each, Recalled) and each.key not in there",
        "False",
        "tests/unit/hub/ingest/test_kept_rows.py -k asked",
    ),
    Mutation(
        "of rows that share a number none is recalled",
        "connectors/run.py",
        " and times[each.key] == 1 and each.key not in self.seen",
        "",
        "tests/unit/hub/ingest/test_kept_rows.py -k changed_rows",
    ),
    Mutation(
        "a record whose node is gone is written again",
        "hub/ingest/sink_statements.py",
        " AND EXISTS { (r)-[:ASSERTS]->() }",
        "",
        "tests/unit/hub/ingest/test_kept_rows.py -k without",
    ),
)
