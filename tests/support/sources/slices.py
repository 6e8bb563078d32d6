"""Slices that tests write: a folder of files, and the catalogue of the spine with them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from connectors.results import PullResult
from hub.graph.local import GraphAddress
from hub.home.settings import Settings
from hub.ingest.pull import run_pull
from schema.slices import Composed, compose, read_slices, read_spine
from tests.support.pulling import silent

Register = tuple[dict[str, Any], list[str]]
"""A stream without its name, and the lines of its CSV file."""

HEALTH = """\
slice: health
entities:
  Clinic:
    plural: clinics
    zh: 社区卫生服务机构
    en: A community clinic
    subjects: [patients]
    extensible: true
    fields:
      code: {type: String, zh: 机构编码, en: Number, kind: code, grade: general-1, indexed: true}
      name: {type: String, zh: 机构名称, en: Name, kind: name, personal: false, grade: general-1}
      level:
        type: Enum
        zh: 机构等级
        en: Level
        kind: status
        grade: general-1
        values: [STATION, CENTRE, HOSPITAL]
        buckets: {level: value}
      phone:
        type: String
        zh: 值班电话
        en: Telephone
        kind: phone
        personal: true
        grade: general-3
        masks: [redact, "partial(0,4)"]
      region:
        type: RegionPath
        zh: 所属网格
        en: Region path of its grid
        kind: region
        grade: general-1
        masks: [redact, region(DISTRICT)]
        buckets: {regionStreet: region(STREET)}
edges:
  REGISTERED_AT:
    from: {entity: Person, name: clinics, many: true, zh: 签约机构, en: Clinics of the person}
    to: {entity: Clinic, name: patients, many: true, zh: 签约居民, en: People registered at it}
    personal: true
extends:
  Dwelling:
    fields:
      heating: {type: Enum, zh: 取暖方式, en: Heating, kind: status, grade: general-2, values: [GAS, COAL]}
"""
"""A slice with a type, an edge to a type of the spine, and a field for one."""


def write_slices(folder: Path, files: Mapping[str, str]) -> Path:
    """A folder of slices."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name).write_text(text, "utf-8")
    return folder


def composed(folder: Path, files: Mapping[str, str]) -> Composed:
    """The spine with these slices; raises YamlFileError."""
    return compose((*read_spine(), *read_slices(write_slices(folder, files))))


def pull_registers(
    settings: Settings, folder: Path, registers: Mapping[str, Register], graph: GraphAddress
) -> list[PullResult]:
    """Write registers and their declarations into a folder, and pull them one after the other; results in order."""
    sources = folder / "sources"
    sources.mkdir()
    before: list[str] = []
    for name, (stream, rows) in registers.items():
        (folder / f"{name}.csv").write_text("\n".join(rows) + "\n", "utf-8")
        block = {
            "name": name, "kind": "csv", "where": str(folder / f"{name}.csv"), "collectedFor": "health", "trust": 1,
            "limits": {"quarantined": 0.5}, "records": [{"name": name, **stream}],
        }  # fmt: skip
        block |= {"after": list(before)} if before else {}
        (sources / f"{name}.yaml").write_text(json.dumps(block, ensure_ascii=False), "utf-8")
        before.append(name)
    return run_pull(settings, sources, [], folder, {}, silent, address=graph)
