"""Every file, folder and dotted name that the documentation or a docstring mentions exists.

Read are all Markdown files, the project's own files beside them, and the docstrings and comments of the code. What
stands for something else (`tests/unit/<package>/`, `hub/…`) is no name.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

pytestmark = pytest.mark.unit

ROOT = Path(__file__).parents[3]
PACKAGES = ("hub", "schema", "policies", "connectors", "audit", "tests", "bench")
FOLDERS = "|".join((*PACKAGES, "docs", "examples", r"\.ci"))
PLAIN = ("Makefile", "Dockerfile", "docker-compose.yml", "pyproject.toml", ".ci/run")

PATH = re.compile(rf"(?<![\w./<:-])(?:{FOLDERS})/[\w./*-]*[\w*/](?![\w<{{$])")
DOTTED = re.compile(rf"(?<![\w./-])(?:{'|'.join(PACKAGES)})(?:\.\w+)+(?![\w/(-])")
ALONE = re.compile(r"`(\w+\.(?:py|md))`")
COMMENT = re.compile(r"(?:^|\s)# (.+)$", re.MULTILINE)
A_FILE = re.compile(r"\w+(\.index)?\.(db|head|json|jsonl|key|lock|md|pub|reserve|yaml)\b")
"""A dotted name that is a file's: `audit.db`, `hub.json`."""
OF_OTHERS = frozenset({"nets.py", "reader.py", "segment.py", "normal.py", "unusual.py"})
"""Files of LAC, whose model `bench/tagger` reads."""
THE_READERS_OWN = re.compile(r"policies/\w+\.yaml")
"""What a steward's own folder holds in the tutorial of the policy language."""


def pages() -> list[Path]:
    """Every Markdown file of the project, and its own files that name others."""
    found = [page for folder in (ROOT, *(ROOT / name for name in PACKAGES), ROOT / "examples") for page in _md(folder)]
    return sorted({*found, *_md(ROOT / "docs"), *(ROOT / name for name in PLAIN)})


def _md(folder: Path) -> list[Path]:
    found = folder.glob("*.md") if folder == ROOT else folder.rglob("*.md")
    return [path for path in found if "node_modules" not in path.parts]


def sources() -> list[Path]:
    """Every Python file of ours."""
    return sorted(path for name in PACKAGES for path in (ROOT / name).rglob("*.py"))


def said_in(source: Path) -> str:
    """The docstrings and comments of a file, a line each."""
    text = source.read_text("utf-8")
    kinds = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    docs = [ast.get_docstring(node) or "" for node in ast.walk(ast.parse(text)) if isinstance(node, kinds)]
    return "\n".join([*docs, *COMMENT.findall(text)])


@cache
def names_of(module: Path) -> frozenset[str]:
    """The names that a module binds at its top level, and `Class.name` for those of its classes."""
    return frozenset(_bound(ast.parse(module.read_text("utf-8")).body, ""))


def _bound(body: list[ast.stmt], prefix: str) -> Iterator[str]:
    for node in body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield prefix + node.name
            if isinstance(node, ast.ClassDef):
                yield from _bound(node.body, f"{prefix}{node.name}.")
        elif isinstance(node, ast.Import | ast.ImportFrom):
            yield from (prefix + (alias.asname or alias.name) for alias in node.names)
        elif isinstance(node, ast.Assign):
            yield from (prefix + target.id for target in node.targets if isinstance(target, ast.Name))
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            yield prefix + node.target.id


def resolves(dotted: str) -> bool:
    """Whether `package.module.name` is a package, a module, or a name in one."""
    parts = dotted.split(".")
    for end in range(len(parts), 0, -1):
        base, rest = ROOT.joinpath(*parts[:end]), ".".join(parts[end:])
        module = base.with_suffix(".py") if base.with_suffix(".py").is_file() else base / "__init__.py"
        if module.is_file() or base.is_dir():
            return not rest or (module.is_file() and rest in names_of(module))
    return False


def missing(text: str) -> list[str]:
    """The names in a text that nothing has."""
    paths = {found for found in PATH.findall(text) if not THE_READERS_OWN.fullmatch(found)}
    dotted = {found for found in DOTTED.findall(text) if not A_FILE.match(found)}
    alone = {found for found in ALONE.findall(text) if found not in _file_names() | OF_OTHERS}
    wrong = [found for found in paths if not exists(found)]
    return sorted([*wrong, *alone, *(found for found in dotted if not resolves(found))])


@cache
def exists(path: str) -> bool:
    """Whether there is such a file, module or folder; `*` stands for anything in a name."""
    return any(ROOT.glob(path)) if "*" in path else (ROOT / path).exists() or (ROOT / f"{path}.py").exists()


@cache
def _file_names() -> frozenset[str]:
    return frozenset(path.name for path in [*sources(), *pages()])


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_a_page_names_what_there_is(page: Path) -> None:
    assert missing(page.read_text("utf-8")) == []


def test_docstrings_and_comments_name_what_there_is() -> None:
    stale = {str(source.relative_to(ROOT)): found for source in sources() if (found := missing(said_in(source)))}
    assert stale == {}


@pytest.mark.parametrize(
    "page", [page for page in pages() if page.suffix == ".md"], ids=lambda page: str(page.relative_to(ROOT))
)
def test_a_link_leads_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#\s]+)", page.read_text("utf-8"))
    assert [link for link in links if "://" not in link and not (page.parent / link).exists()] == []


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("`hub/request/pipeline.py` and hub/request/gone.py", ["hub/request/gone.py"]),
        ("see `hub.home.settings.Settings.load`, `hub.home.settings.gone`", ["hub.home.settings.gone"]),
        ("`pipeline.py`, `gone.py`, tests/unit/<package>/, `GET /audit/gone`, audit.db", ["gone.py"]),
        ("docs/errors/, examples/*/policies and examples/*/gone", ["examples/*/gone"]),
    ],
)
def test_a_stale_name_would_be_found(text: str, wrong: list[str]) -> None:
    assert missing(text) == wrong
