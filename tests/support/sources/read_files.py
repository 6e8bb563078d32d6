"""Reads the files of a source without a graph: what came of each row, in a form that a test can compare."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from connectors.base import Broken, Item, Note, Row, Since
from connectors.kinds import KINDS
from connectors.source_model import PulledSource

STREAM = {"name": "s", "entity": "Region", "key": "k", "identity": "code", "fields": {"code": "k", "name": "v"}}
"""A stream of two columns, `k` and `v`."""


def source(kind: str, where: Path | str, stream: Mapping[str, Any] | None = None, **more: Any) -> PulledSource:
    """A source of a kind, as its YAML file would declare it."""
    block = {"name": "f", "kind": kind, "where": str(where), "collectedFor": "pop", "trust": 1}
    made = KINDS[kind].model_validate({**block, "records": [{**STREAM, **(stream or {})}], **more})
    assert isinstance(made, PulledSource)
    return made


def items(kind: str, where: Path | str, since: Since | None = None, **more: Any) -> Iterator[Item]:
    """All that a read of a source gives."""
    block = source(kind, where, **more)
    return block.reader(block.records[0]).read(since or Since())


def rows(kind: str, where: Path | str, **more: Any) -> list[tuple[Any, ...]]:
    """Of each row its number and two cells, of each refused one its number, field and rule."""
    return [
        (each.number, each.values.get("k"), each.values.get("v"))
        if isinstance(each, Row)
        else (each.number, each.field, each.rule)
        for each in items(kind, where, **more)
        if isinstance(each, Row | Broken)
    ]


def refusals(kind: str, where: Path | str, **more: Any) -> list[Broken]:
    """The rows and files that are refused."""
    return [each for each in items(kind, where, **more) if isinstance(each, Broken)]


def notes(kind: str, where: Path | str, **more: Any) -> dict[str, int]:
    """What is told besides, with the number of rows or files that it is about."""
    return {each.rule: each.rows for each in items(kind, where, **more) if isinstance(each, Note)}


def write_zip(path: Path, members: Mapping[str, bytes | str]) -> Path:
    """A zip archive of these members."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path
