"""The project as files: its folders, its project file, and a copy of its packages that a test may break."""

from __future__ import annotations

import shutil
import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
OURS = ("hub", "schema", "policies", "connectors", "audit")
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))


def copy_packages(folder: Path) -> Path:
    """The five packages and what a build of them reads, copied into `folder`."""
    for name in OURS:
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "LICENSE", PROJECT["project"].get("readme")):
        if name:
            shutil.copy(ROOT / name, folder)
    return folder
