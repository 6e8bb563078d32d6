"""Each defence is held by a test: taken out of a copy of the tree, something fails.

Run: python -m tests.mutations [--list] [NAME …]. Not part of `make test`: it takes some minutes. Each mutation replaces
one text in one file of a temporary copy and runs the tests that should notice. A test run that passes, or does not run,
is reported, and the exit code is 1.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.access_mutations import ACCESS
from tests.alert_mutations import ALERTS
from tests.answer_mutations import ANSWERS
from tests.bound_mutations import BOUND
from tests.collecting_mutations import COLLECTED
from tests.console_mutations import CONSOLE
from tests.edge_mutations import EDGE
from tests.match_mutations import MATCHES
from tests.mutation import Mutation
from tests.policy_mutations import POLICIES
from tests.prepared_mutations import PREPARED
from tests.provenance_mutations import PROVENANCE
from tests.pull_mutations import PULLS
from tests.push_mutations import PUSHES
from tests.rate_mutations import RATES
from tests.request_mutations import REQUEST
from tests.resident_mutations import RESIDENT
from tests.run_mutations import RUNS
from tests.sign_in_mutations import SIGN_IN
from tests.slice_mutations import SLICES
from tests.verify_mutations import VERIFICATIONS
from tests.ways_mutations import WAYS

ROOT = Path(__file__).parents[1]
PATIENCE = 300
"""Seconds after which tests that do not end have noticed: what they wait for does not come."""
LEFT_OUT = (".*", "build", "dist", "__pycache__", "node_modules")


MUTATIONS = (
    *EDGE,
    *MATCHES,
    *REQUEST,
    *POLICIES,
    *PREPARED,
    *PULLS,
    *PUSHES,
    *RATES,
    *ANSWERS,
    *VERIFICATIONS,
    *COLLECTED,
    *RESIDENT,
    *RUNS,
    *SIGN_IN,
    *SLICES,
    *PROVENANCE,
    *ACCESS,
    *BOUND,
    *ALERTS,
    *WAYS,
    *CONSOLE,
    Mutation(
        "no key picks rows where hidden people are counted",
        "hub/request/filters.py",
        "if picked and not exact:",
        "if False:",
        "tests/attacks/inference/test_counts_and_thresholds.py",
    ),
    Mutation(
        "what may be listed is counted whatever is behind it",
        "policies/aggregate.py",
        "return shown and (picks or table.lists_all_it_counts)",
        "return False",
        "tests/attacks/inference/test_counts_and_thresholds.py",
    ),
    Mutation(
        "people who may be listed fill no threshold",
        "hub/request/counts/cells.py",
        "        hidden = self._hidden(root, node)\n",
        '        hidden = ""\n',
        "tests/attacks/inference/test_counts_and_thresholds.py",
    ),
    Mutation(
        "an order for each purpose",
        "hub/request/compile.py",
        '[*keys, (place, False), (f"{node.var}.sid", False)]',
        '[*keys, (f"{node.var}.sid", False)]',
        "tests/attacks/inference/test_joins_by_order.py",
    ),
    Mutation(
        "a key of the order for each department and purpose",
        "hub/home/seals.py",
        '_derive(self._key, ("order", department, purpose), 8 * ORDER_ROUNDS)',
        '_derive(self._key, ("order",), 8 * ORDER_ROUNDS)',
        "tests/attacks/inference/test_joins_by_order.py",
    ),
    Mutation(
        "visible filter on nested nodes",
        "hub/request/compile.py",
        "{both(guard, self.cypher.node_is_there(other))}",
        "{both(guard)}",
        "tests/attacks/test_known_leaks.py",
    ),
    Mutation(
        "visible filter behind a filter's edge",
        "hub/request/cypher.py",
        "return pattern, other, both(guard, there)",
        "return pattern, other, both(guard)",
        "tests/attacks/test_known_leaks.py",
    ),
    Mutation(
        "guard of a filter's leaf",
        "hub/request/cypher.py",
        'return f"({text} AND {guard})" if guard else text',
        "return text",
        "tests/conformance/test_hidden_cells.py",
    ),
    Mutation(
        "guard of a sort key",
        "hub/request/cypher.py",
        'return value if node.within <= clear else f"CASE WHEN {self.rows(node, clear)} THEN {value} END"',
        "return value",
        "tests/attacks/test_known_leaks.py",
    ),
    Mutation(
        "refusal of what is not filterable",
        "hub/request/filters.py",
        "    if not allowed:\n",
        "    if False and not allowed:\n",
        "tests/unit/hub/request/test_filters.py",
    ),
    Mutation(
        "edge guard",
        "hub/request/compile.py",
        'guard = "" if node.within <= clear else self.cypher.rows(node, clear)',
        'guard = ""',
        "tests/attacks/test_known_leaks.py",
    ),
    Mutation(
        "contributor threshold",
        "hub/request/counts/cells.py",
        'return f"contributors >= {self.cypher.parameter(self.cypher.table(root.entity).contributors)}"',
        'return "contributors >= 0"',
        "tests/unit/hub/request/test_compile_aggregates.py",
    ),
    Mutation(
        "dominance",
        "hub/request/counts/cells.py",
        " AND {DOMINANT} * largest <= total",
        "",
        "tests/unit/hub/request/test_compile_aggregates.py",
    ),
    Mutation(
        "rounding",
        "hub/request/counts/cells.py",
        "        if base == 1:\n",
        "        if base:\n",
        "tests/unit/hub/request/test_compile_aggregates.py",
    ),
    Mutation(
        "limit on buckets",
        "hub/request/filters.py",
        "    if len(wanted) > most:\n",
        "    if len(wanted) > most + 9:\n",
        "tests/unit/hub/request/test_compile_aggregates.py",
    ),
    Mutation(
        "bucket guard",
        "hub/request/cypher.py",
        'return value if node.within <= allowed else f"CASE WHEN {self.rows(node, allowed)} THEN {value} END"',
        "return value",
        "tests/unit/hub/request/test_compile_aggregates.py",
    ),
    Mutation(
        "a match stands alone",
        "hub/request/filters.py",
        "_require(effects.comparable or coarse, ",
        "_require(bool(effects.clear or effects.match) or coarse, ",
        "tests/unit/hub/request/test_filters.py tests/attacks/test_b_authorisation.py",
    ),
    Mutation(
        "cursor binding",
        "hub/request/filters.py",
        "return hashlib.sha256(repr(parts).encode()).digest()",
        'return hashlib.sha256(b"").digest()',
        "tests/attacks/test_b_authorisation.py",
    ),
    Mutation(
        "scope of ids",
        "hub/home/seals.py",
        '("id", department, purpose)',
        '("id",)',
        "tests/attacks/test_known_leaks.py",
    ),
    Mutation(
        "tombstones",
        "hub/request/cypher.py",
        'return both(f"{node.var}.deletedAt IS NULL", self.rows(node, node.within), self.may_be_read(node))',
        "return both(self.rows(node, node.within))",
        "tests/attacks/test_known_leaks.py",
    ),
    Mutation(
        "a case is open",
        "hub/request/cypher.py",
        '            f"{status} IN {self.parameter(case.open)}",\n',
        "",
        "tests/conformance/test_cases.py",
    ),
    Mutation(
        "a mask that fails redacts",
        "policies/masking.py",
        "    except Exception:\n        return REDACTED if isinstance(value, str | FreeText) else None\n",
        "    except MaskError:\n        return value\n",
        "tests/unit/policies/test_masking.py",
    ),
    Mutation(
        "spans of a text",
        "policies/masking.py",
        "return replace_spans(value.text, value.spans, self.instead)",
        "return replace_spans(value.text, (), self.instead)",
        "tests/property/test_text_mask.py -k outside",
    ),
    Mutation(
        "a list of spans is one of this text",
        "policies/text/masked_text.py",
        "        if start < at or end <= start or end > length or not 0 <= code < kinds:\n",
        "        if code >= kinds:\n",
        "tests/property/test_text_mask.py -k no_list_of_spans",
    ),
    Mutation(
        "a placeholder holds nothing of the span",
        "policies/text/masked_text.py",
        "kept.append(label if label.__class__ is str",
        "kept.append(label + text[start:end] if label.__class__ is str",
        "tests/property/test_text_mask.py -k outside",
    ),
    Mutation(
        "spans of the detector in force only",
        "hub/request/cypher.py",
        " AND {node.var}.{beside.detector} = {detector}",
        "",
        "tests/property/test_never_fetched.py -k judged",
    ),
    Mutation(
        "spans and text belong together",
        "policies/text/spans.py",
        "return FreeText(text, spans) if checksum(text, spans) == check else text",
        "return FreeText(text, spans)",
        "tests/property/test_masking.py -k text",
    ),
    Mutation(
        "a text that could not be judged has no spans",
        "hub/ingest/annotate.py",
        "    if found.failed is not None:\n        return Annotation(None, [], found.failed)\n",
        "",
        "tests/unit/hub/ingest/test_annotate.py",
    ),
    Mutation(
        "words outside spans only",
        "hub/ingest/annotate.py",
        'plain = normalise("\\n".join([*kept, text[at:]])).text',
        "plain = normalise(text).text",
        "tests/unit/hub/ingest/test_annotate.py",
    ),
    Mutation(
        "no words of a text that could not be judged",
        "hub/request/cypher.py",
        'return f"{node.var}.{beside.spans} IS NOT NULL AND ',
        'return f"',
        "tests/attacks/test_e_text_masked.py -k words",
    ),
    Mutation(
        "looking until nothing is found",
        "policies/text/second_look.py",
        "            if more:\n",
        "            if False:\n",
        "tests/unit/policies/text/test_second_look.py",
    ),
    Mutation(
        "a name with a dot is found to its end",
        "policies/text/rules/unusual_names.py",
        "        more = more or _CHARACTER_HERE.match(text, end) or _odd(text, end)\n",
        "        more = more or _CHARACTER_HERE.match(text, end)\n",
        "tests/unit/policies/text/rules/test_names_in_full.py",
    ),
    Mutation(
        "each name of a list",
        "policies/text/rules/people.py",
        "            end = _listed_end(text, start, joined, colon)\n",
        "            end = None\n",
        "tests/unit/policies/text/rules/test_names_in_full.py",
    ),
    Mutation(
        "every note of a head file",
        "audit/verify_heads.py",
        "for number, note in enumerate(notes_in(path), start=1):",
        "for number, note in enumerate([next(notes_in(path))], start=1):",
        "tests/conformance/test_cli_audit.py",
    ),
    Mutation(
        "less than all compared fails the strict verification",
        "hub/cli/audit.py",
        "raise typer.Exit(0 if result.ok and not (strict and missing) else 1)",
        "raise typer.Exit(0 if result.ok else 1)",
        "tests/conformance/test_cli_audit.py",
    ),
)


def copied(folder: Path) -> Path:
    """A copy of the tree as it stands."""
    return shutil.copytree(ROOT, folder / "tree", ignore=shutil.ignore_patterns(*LEFT_OUT))


def run(tree: Path, tests: str) -> tuple[int, str]:
    """(exit code, the first test that failed)."""
    command = [sys.executable, "-m", "pytest", "-q", "-x", "--tb=no", "-p", "no:cacheprovider", *tests.split()]
    try:
        ended = subprocess.run(command, cwd=tree, check=False, capture_output=True, text=True, timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        return 1, f"a test that did not end within {PATIENCE} s"
    first = re.search(r"^FAILED \S+?::(\S+)", ended.stdout, re.MULTILINE)
    return ended.returncode, first.group(1) if first else ""


def verdict(tree: Path, mutation: Mutation) -> tuple[bool, str]:
    """Whether a test noticed, and what is to be told."""
    path = tree / mutation.file
    text = path.read_text("utf-8")
    if text.count(mutation.old) != 1:
        return False, f"{mutation.file} holds that text {text.count(mutation.old)} times; correct the mutation"
    path.write_text(text.replace(mutation.old, mutation.new), "utf-8")
    try:
        code, first = run(tree, mutation.tests)
    finally:
        path.write_text(text, "utf-8")
    if code == 1 and first:
        return True, first
    return False, "NOT NOTICED" if code == 0 else f"the tests did not run: exit code {code}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="Mutations, all without any.")
    parser.add_argument("--list", action="store_true")
    given = parser.parse_args()
    chosen = [each for each in MUTATIONS if not given.names or each.name in given.names]
    if given.list or not chosen:
        print("\n".join(each.name for each in MUTATIONS))
        return 0 if given.list else 2
    unnoticed = 0
    with tempfile.TemporaryDirectory(prefix="mutations-") as folder:
        tree = copied(Path(folder))
        for mutation in chosen:
            began = time.monotonic()
            noticed, told = verdict(tree, mutation)
            unnoticed += not noticed
            seconds = time.monotonic() - began
            print(f"{'noticed' if noticed else 'MISSED':8} {mutation.name:42} {seconds:4.0f} s  {told}", flush=True)
    print(f"{len(chosen) - unnoticed} of {len(chosen)} noticed")
    return 1 if unnoticed else 0


if __name__ == "__main__":
    sys.exit(main())
