"""Runs the programs of `programs/` with Node, the browser and the font that their lock file names."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.conformance.clients.node_programs import environment, install, node

PROGRAMS = Path(__file__).parent / "programs"


def install_browser(folder: Path) -> Path:
    """The programs and their packages, in `folder`."""
    (folder / "temporary").mkdir()
    return install(folder, PROGRAMS)


def visits(folder: Path, origin: str, pages: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """What a browser shows of each page; `programs/visit.mjs` says what may be asked of it."""
    found: list[dict[str, Any]] = shown_by(folder, "visit", {"origin": origin, "visits": list(pages)})
    return found


def shown_by(folder: Path, program: str, told: Mapping[str, Any]) -> Any:
    """What a program of `programs/` prints, as JSON; its first lines say what it is told."""
    # What the browser unpacks and writes goes with the test's own folder.
    own = {**environment(), "TMPDIR": str(folder / "temporary"), "HOME": str(folder / "temporary")}
    done = subprocess.run(
        [node(), f"{program}.mjs"],
        cwd=folder,
        env=own,
        input=json.dumps(told),
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
