"""Names that mean something in Cypher are plain names in a slice: what may be declared can be pulled and asked for."""

from __future__ import annotations

from pathlib import Path

import pytest

from hub.graph.local import GraphAddress
from hub.home.catalogue import catalogue_of
from hub.home.settings import Settings
from hub.steward.changes import policy_of
from tests.support.serving import code_of, serving
from tests.support.sources.slices import pull_registers, write_slices

pytestmark = [pytest.mark.conformance, pytest.mark.server, pytest.mark.slow, pytest.mark.wide]

FIELDS = (
    *("all", "any", "as", "asc", "by", "call", "case", "contains", "count", "create", "cypher", "delete", "desc"),
    *("detach", "distinct", "drop", "else", "end", "ends", "exists", "explain", "false", "filter", "finish", "for"),
    *("foreach", "from", "group", "in", "index", "insert", "is", "key", "keys", "let", "limit", "load", "match"),
    *("merge", "n", "next", "node", "nodes", "none", "null", "nulls", "of", "offset", "on", "optional", "order"),
    *("profile", "properties", "reduce", "remove", "return", "row", "set", "shortestPath", "single", "size", "skip"),
    *("some", "starts", "then", "true", "type", "typed", "union", "unique", "unwind", "use", "using", "values", "when"),
    *("where", "with", "xor", "yield"),
)
TYPES = ("Match", "Return", "Null", "True", "Count", "Case", "In", "Is", "With", "Order", "Set", "Any")
EDGES = ("MATCH", "RETURN", "NULL", "IN", "IS", "AND", "NOT", "OR", "XOR", "WITH", "ANY")
TITLE = "zh: 甲, en: A"


def words() -> str:
    """A slice in which every name means something in Cypher."""
    lines = ["slice: words", "entities:"]
    for name in TYPES:
        lines += [f"  {name}:", f"    plural: all{name}", "    zh: 甲", "    en: A", "    subjects: nobody"]
        indexed = "true" if name == TYPES[0] else "false"
        block = f"{{type: String, {TITLE}, kind: code, grade: general-1, indexed: {indexed}}}"
        lines += ["    fields:", *(f"      {field}: {block}" for field in FIELDS)]
    lines.append("edges:")
    for number, name in enumerate(EDGES):
        source, target = TYPES[number], TYPES[number + 1]
        lines.append(f"  {name}:")
        lines.append(f"    from: {{entity: '{source}', name: next{number}, many: true, {TITLE}}}")
        lines.append(f"    to: {{entity: '{target}', name: last{number}, many: true, {TITLE}}}")
    return "\n".join(lines) + "\n"


POLICY = f"""
purposes: [{{id: a, zh: 甲, en: A}}]
applications: [{{id: app, zh: 应用, en: App, department: d, jurisdiction: 14/}}]
grants:
  - id: all
    to: {{application: [app]}}
    for: [a]
    basis: law
    rows: {{{", ".join(f"{name}: {{}}" for name in TYPES)}}}
    fields: {{{", ".join(f"{name}: clear" for name in TYPES)}}}
"""


def test_names_of_cypher_are_plain_names(tmp_path: Path, empty_graph: GraphAddress) -> None:
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies" / "p.yaml").write_text(POLICY, "utf-8")
    slices = write_slices(tmp_path / "slices", {"words.yaml": words()})
    settings = Settings.load(home=tmp_path / "home", slices=slices, policies=tmp_path / "policies")
    columns = {name: {"column": name, "as": "code"} for name in FIELDS}
    rows = [",".join(FIELDS), ",".join(f"{name}1" for name in FIELDS)]
    registers = {}
    for number, name in enumerate(TYPES):
        stream = {"entity": name, "key": "key", "identity": "key", "fields": columns}
        edges = {f"last{number - 1}": {"entity": TYPES[number - 1], "column": "key"}} if number else {}
        registers[name.lower()] = ({**stream, **({"edges": edges} if edges else {})}, rows)
    assert {each.inserted for each in pull_registers(settings, tmp_path, registers, empty_graph)} == {1}
    policy = policy_of(settings, catalogue_of(settings))
    with serving(settings.home, empty_graph, policy, slices=slices, policies=settings.policies) as hub:
        for number, name in enumerate(TYPES):
            edge = f"next{number} {{ key }}" if number < len(EDGES) else "id"
            node = f"edges {{ node {{ {' '.join(FIELDS)} {edge} }} }}"
            for part in (FIELDS[:40], FIELDS[40:]):  # a document has 64 comparisons at most
                where = ", ".join(f'{field}: {{eq: "{field}1"}}' for field in part)
                keys = ", ".join(f"{{{field}: ASC}}" for field in part[:3])
                asked = f"{{ all{name}(where: {{{where}}}, orderBy: [{keys}]) {{ {node} }} }}"
                answer = hub.ask(asked, app="app", person="p", purpose="a")
                assert code_of(answer) == "OK", (name, answer.text)
                (found,) = answer.json()["data"][f"all{name}"]["edges"]
                assert {field: found["node"][field] for field in FIELDS} == {field: f"{field}1" for field in FIELDS}
                assert number == len(EDGES) or found["node"][f"next{number}"] == [{"key": "key1"}]
