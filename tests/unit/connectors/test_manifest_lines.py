"""Each fault in the file of a source is told with the line at which it stands, however deep."""

from __future__ import annotations

from pathlib import Path

import pytest

from connectors.manifest import ManifestError
from connectors.sources import load_sources
from schema import SPINE

pytestmark = pytest.mark.unit

GOOD = """# The hotline's tickets.

name: hotline
kind: rest
where: https://hotline.example/api
collectedFor: service
trust: 50
records:
  - name: tickets
    entity: Event
    key: 工单编号
    identity: number
    updated: 更新
    fields:
      number: {column: 工单编号, as: code}
      kind:
        column: 类型
        values:
          噪音: NOISE
          漏水: LEAK
      reportedAt: 时间
      closedAt: 办结
      region:
        via: grid
    edges:
      grid:
        entity: Region
        column: 网格
        as: code
    checks:
      - rule: not_before
        fields:
          - closedAt
          - reportedAt
"""
FAULTS = {
    "an address": ("https://hotline.example/api", "http://hotline.example/api", 5, "where: must be https"),
    "a query": ("example/api", "example/api?x=1", 5, "where: a plain http(s) address"),
    "for another kind": ("trust: 50", "trust: 50\nmultiline: true", 8, "multiline: not for a rest source"),
    "a secret for another kind": ("trust: 50", "trust: 50\npassword: env:X", 8, "password: not for a rest source"),
    "a table": ("    identity", "    table: t\n    identity", 12, "records.0.table: `table` is not for a rest source"),
    "a source before": ("trust: 50", "trust: 50\nafter:\n  - nobody", 9, "after: unknown source nobody"),
    "itself before": ("trust: 50", "trust: 50\nafter:\n  - hotline", 8, "after: a circle among hotline"),
    "a text for a list": (
        "trust: 50",
        "trust: 50\nafter: police",
        8,
        "after: a list is expected; write after: [divisions, police]",
    ),
    "a type": ("entity: Event", "entity: Evnt", 10, "records.tickets.entity: unknown type 'Evnt'"),
    "an identity": ("identity: number", "identity: code", 12, "records.tickets.identity: must be a field"),
    "a field": ("closedAt: 办结", "closed: 办结", 22, "records.tickets.fields.closed: Event has no field"),
    "a transform": ("as: code}", "as: cod}", 15, "records.tickets.fields.number.as: String takes"),
    "a value": ("漏水: LEAK", "漏水: leak", 20, "records.tickets.fields.kind.values: must lead to NOISE"),
    "an edge to take from": ("via: grid", "via: gird", 24, "records.tickets.fields.region: only region is taken via"),
    "the type of an edge": ("entity: Region", "entity: Person", 27, "edges.grid.entity: the edge leads to Region"),
    "a check": ("not_before", "before", 31, "records.tickets.checks.0.rule: known: "),
    "what is checked": ("          - reportedAt", "          - reported", 34, "checks.0.fields: two fields"),
    "what is never stored": ("kind:\n        column: 类型", "kind:\n        column: 人脸", 17, "columns: biometrics"),
    "a cursor": ("    updated: 更新", "    cursor: true", 13, "records.0.cursor: `cursor: true` needs"),
}


@pytest.mark.parametrize(("old", "new", "line", "told"), FAULTS.values(), ids=FAULTS.keys())
def test_a_fault_is_told_with_its_own_line(tmp_path: Path, old: str, new: str, line: int, told: str) -> None:
    assert old in GOOD
    (tmp_path / "hotline.yaml").write_text(GOOD.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ManifestError) as refused:
        load_sources(tmp_path, SPINE, {})
    first = str(refused.value).splitlines()[0]
    assert first.startswith(f"hotline.yaml:{line}: ")
    assert told in first


def test_of_two_streams_and_of_two_sources_with_one_name_the_second_is_told(tmp_path: Path) -> None:
    stream = GOOD.partition("records:\n")[2]
    (tmp_path / "a.yaml").write_text(GOOD + stream, encoding="utf-8")
    with pytest.raises(ManifestError, match=r"^a\.yaml:35: records\.1\.name: two have the same name; rename one"):
        load_sources(tmp_path, SPINE, {})
    (tmp_path / "a.yaml").write_text(GOOD, encoding="utf-8")
    (tmp_path / "b.yaml").write_text(GOOD, encoding="utf-8")
    with pytest.raises(ManifestError, match=r"^b\.yaml:3: name: another file declares a source hotline"):
        load_sources(tmp_path, SPINE, {})
