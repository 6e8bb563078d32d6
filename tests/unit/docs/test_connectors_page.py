"""The whole source of a workbook on docs/connectors.md loads as it stands, and reads the workbook that it describes."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path
from typing import Any

import pytest

from connectors.base import Place, Record, Row, Since
from connectors.shape import Shaper
from connectors.source_model import PulledSource
from connectors.sources import load_sources
from connectors.transforms import Context
from hub.home.catalogue import catalogue_of
from hub.home.settings import Settings
from tests.support.sources.workbooks import Sheet, write_workbook
from tests.unit.docs.test_names import ROOT

pytestmark = pytest.mark.unit

PAGE = (ROOT / "docs" / "connectors.md").read_text("utf-8")
SLICE = """
slice: patrols
entities:
  Patrol:
    plural: patrols
    zh: 巡查
    en: Patrol
    subjects: nobody
    fields:
      number: {type: String, zh: 编号, en: Number, kind: code, grade: general-2, indexed: true}
      worker: {type: String, zh: 巡查员, en: Worker, kind: name, grade: general-3, personal: true, masks: [redact]}
      phone: {type: String, zh: 电话, en: Phone, kind: phone, grade: general-3, personal: true, masks: [redact]}
      region: {type: RegionPath, zh: 网格, en: Grid, kind: region, grade: general-2, indexed: true}
      patrolledOn: {type: Date, zh: 日期, en: Day, kind: time, grade: general-2}
      hazards: {type: Int, zh: 隐患数, en: Hazards, kind: quantity, grade: general-2}
      month: {type: Enum, zh: 月份, en: Month, kind: status, grade: general-2, values: [MAY, JUNE]}
"""
HEAD: list[list[Any]] = [
    ["巡查登记表"],
    ["巡查编号", "巡查员", None, "网格编码", "巡查日期", "隐患数"],
    [None, "姓名", "电话", None, None, None],
]
MERGED = ["A1:F1", "A2:A3", "B2:C2", "D2:D3", "E2:E3", "F2:F3"]
GRID = "140321001001001"


def row(number: str, grid: str | None = GRID) -> list[Any]:
    return [number, "祁慧兰", 19903210001, grid, dt.date(2026, 6, 1), 3]


def test_the_whole_source_of_a_workbook(tmp_path: Path) -> None:
    (block,) = [each for each in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL) if "kind: excel" in each]
    for name, text in (("sources/patrols.yaml", block), ("slices/patrols.yaml", SLICE)):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_text(text, "utf-8")
    may = Sheet([*HEAD, row("A1"), row("A2", None)], [*MERGED, "D4:D5"])
    write_workbook(tmp_path / "patrols.xlsx", {"五月": may, "六月": Sheet([*HEAD, row("B1")], MERGED)})
    catalogue = catalogue_of(Settings.load(home=tmp_path / "home", slices=tmp_path / "slices"))
    (source,) = load_sources(tmp_path / "sources", catalogue, {"DATA": str(tmp_path)})
    assert isinstance(source, PulledSource)
    context = Context({GRID: Place("14/03/21/001/001/001/", grid=True)}, source.tzinfo, dt.date(2026, 6, 30))
    shaper = Shaper(source, source.records[0], catalogue, context, lambda content: content.hex()[:32])
    read = source.reader(source.records[0]).read(Since())
    made = [shaper.shape(each) for each in read if isinstance(each, Row)]
    assert all(isinstance(each, Record) for each in made)
    values = [each.values for each in made if isinstance(each, Record)]
    assert [(each["number"], each["month"], each["phone"], each["hazards"]) for each in values] == [
        ("A1", "MAY", "19903210001", 3), ("A2", "MAY", "19903210001", 3), ("B1", "JUNE", "19903210001", 3),
    ]  # fmt: skip
