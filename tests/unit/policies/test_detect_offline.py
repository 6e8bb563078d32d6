"""Reading a text leaves no file, starts no upload and opens no socket: not by us, not by a library of ours."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.county import ROOT

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


def test_a_detector_leaves_nothing_behind(tmp_path: Path) -> None:
    # Nothing of this environment: onnxruntime writes and reports, or not, by what it finds there.
    own = {"HOME": str(tmp_path), "TMPDIR": str(tmp_path), "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run([sys.executable, "-c", READ], env=own, cwd=ROOT, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
