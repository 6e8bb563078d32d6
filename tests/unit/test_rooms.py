"""The rooms of the source: who imports whom, how many files a folder holds, and what each file says of itself."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.project import OURS, PROJECT, ROOT, copy_packages

pytestmark = pytest.mark.unit

SOURCE = (*OURS, "tests", "bench")
FILES, LINES = 25, 400

PACKAGES = "the packages: hub may import all, policies and connectors only schema, schema and audit none of ours"
CIRCLE = "no import circle, of files or of rooms"
ROOMS = "the rooms of hub import only rooms below them"
# A file, an import that it may not have, and the contract that says so.
VIOLATIONS = [
    ("schema/catalogue.py", "import policies", PACKAGES),
    ("schema/catalogue.py", "import audit", PACKAGES),
    ("policies/model.py", "import connectors", PACKAGES),
    ("connectors/__init__.py", "import policies", PACKAGES),
    ("policies/model.py", "import hub.errors", PACKAGES),
    ("audit/record.py", "import schema", "audit imports none of ours"),
    # Two files of one room; two rooms of which no two files form a circle; a package and a room of it.
    ("connectors/base.py", "import connectors.manifest", CIRCLE),
    ("hub/home/strict_json.py", "import hub.graph.jars", CIRCLE),
    ("audit/stores/base.py", "import audit.log", CIRCLE),
    ("hub/home/strict_json.py", "import hub.graph.jars", ROOMS),
    ("hub/request/plan.py", "import hub.cli.options", ROOMS),
    ("hub/request/plan.py", "def late():\n    import hub.steward.changes", ROOMS),
    ("hub/ingest/pull.py", "import hub.demo", ROOMS),
    ("hub/errors.py", "import hub.home.settings", ROOMS),
    ("hub/auditor/pages.py", "import hub.ingest.pull", ROOMS),
    ("hub/home/settings.py", "import neo4j", "neo4j only in hub.graph"),
    ("connectors/manifest.py", "import yaml", "PyYAML only in schema.strict_yaml"),
    ("hub/home/settings.py", "import dlt", "dlt only in connectors"),
    ("hub/ingest/annotate.py", "import presidio_analyzer", "Presidio only in policies.detect"),
]


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copy_packages(tmp_path_factory.mktemp("copy"))


@pytest.mark.parametrize(("file", "code", "contract"), VIOLATIONS, ids=[f"{row[0]}-{row[2]}" for row in VIOLATIONS])
def test_a_forbidden_import_is_found(file: str, code: str, contract: str, copy: Path) -> None:
    path = copy / file
    before = path.read_text("utf-8")
    path.write_text(f"{before}\n{code}\n", "utf-8")
    try:
        command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
        ended = subprocess.run(command, cwd=copy, capture_output=True, text=True, check=False)
    finally:
        path.write_text(before, "utf-8")
    assert ended.returncode == 1, ended.stdout + ended.stderr
    assert f"{contract} BROKEN" in re.sub(r"\x1b\[[0-9;]*m|\s+", " ", ended.stdout)


def test_each_contract_is_shown_to_fail() -> None:
    contracts = {each["name"] for each in PROJECT["tool"]["importlinter"]["contracts"]}
    assert contracts == {contract for _, _, contract in VIOLATIONS}


def folders() -> Iterator[Path]:
    """Every folder of source that holds Python files."""
    for name in SOURCE:
        for path in (ROOT / name, *(ROOT / name).rglob("*/")):
            if path.is_dir() and next(path.glob("*.py"), None) is not None:
                yield path


def test_no_folder_holds_more_than_a_reader_can_take_in() -> None:
    counted = {str(path.relative_to(ROOT)): sum(each.is_file() for each in path.iterdir()) for path in folders()}
    assert {"hub/request", "tests/unit/hub/request", "bench"} <= counted.keys()
    assert {name: count for name, count in counted.items() if count > FILES} == {}


def python_files(*names: str) -> Iterator[tuple[str, str]]:
    """Path and content of each Python file of these folders."""
    for name in names:
        for path in (ROOT / name).rglob("*.py"):
            yield str(path.relative_to(ROOT)), path.read_text("utf-8")


def test_no_file_has_two_purposes() -> None:
    lengths = {path: len(content.splitlines()) for path, content in python_files(*SOURCE)}
    assert {path: length for path, length in lengths.items() if length > LINES} == {}


def test_every_file_says_what_it_is() -> None:
    silent = [path for path, content in python_files(*SOURCE) if not ast.get_docstring(ast.parse(content))]
    assert silent == []
