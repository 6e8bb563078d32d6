"""Reading a text leaves no file, starts no upload and opens no socket: not by us, not by a library of ours."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.county import ROOT

pytestmark = pytest.mark.unit

READ = """
import sys
refused = []
def watch(event, arguments):
    if event in {"socket.connect", "socket.getaddrinfo", "socket.sendto"}:
        refused.append(event)
sys.addaudithook(watch)
from policies.detect import Detector
(found,) = Detector().detect(["来电人祁慧兰，电话19903210001，邮箱a@example.com"])
assert found.spans and not refused, refused
"""
BARE = "import onnxruntime"


def files_after(program: str, folder: Path, **more: str) -> list[str]:
    """What a program leaves in its home and in its folder for temporary files."""
    kept = {
        name: value for name, value in os.environ.items() if name not in {"ORT_DISABLE_TELEMETRY", "XDG_CACHE_HOME"}
    }
    own = {"HOME": str(folder), "TMPDIR": str(folder), "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [sys.executable, "-c", program], env={**kept, **own, **more}, cwd=ROOT, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr.decode()
    return [str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()]


def test_a_detector_leaves_nothing_behind(tmp_path: Path) -> None:
    assert files_after(READ, tmp_path) == []


def test_the_library_alone_would(tmp_path: Path) -> None:
    # If this fails, onnxruntime has become quiet, and policies/text/__init__.py need no longer silence it.
    assert any("onnxruntime" in path for path in files_after(BARE, tmp_path))
    (quiet := tmp_path / "quiet").mkdir()
    assert files_after(BARE, quiet, ORT_DISABLE_TELEMETRY="1") == []
