"""Runs the snippets of the documentation in a process of their own, as their reader does."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

DOCS = Path(__file__).parents[3] / "docs"


def snippet(page: str, marker: str) -> str:
    """The one Python block of a page of the documentation that holds `marker`."""
    blocks = re.findall(r"^```python\n(.*?)^```$", (DOCS / page).read_text("utf-8"), re.DOTALL | re.MULTILINE)
    (found,) = (block for block in blocks if marker in block)
    return str(found)


def run(program: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """What became of the program, with these variables in its environment."""
    command = [sys.executable, "-c", program]
    known = {**os.environ, "NO_PROXY": "127.0.0.1", **environment}
    return subprocess.run(command, env=known, capture_output=True, text=True, check=False, timeout=120)
