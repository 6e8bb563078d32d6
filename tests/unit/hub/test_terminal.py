"""Output to a terminal or file in any encoding: what it lacks is escaped, and nothing fails."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from importlib.metadata import version

import pytest

from hub.terminal import make_printable

pytestmark = pytest.mark.unit

TEXTS = ["祁慧兰", "𠮷野家", "努尔·买买提 ✓ 🚰", "卓玛 ༄", "half \ud83d of a pair", "é ü"]


@pytest.mark.parametrize("encoding", ["gbk", "gb2312", "ascii", "latin-1", "utf-8"])
@pytest.mark.parametrize("text", TEXTS)
def test_case_6_06_every_text_can_be_printed_and_read_back_as_json(encoding: str, text: str) -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding=encoding)
    make_printable(stream)
    stream.write(json.dumps(text, ensure_ascii=False))
    stream.flush()
    assert json.loads(raw.getvalue().decode(encoding)) == text


def test_case_6_06_the_commands_run_in_gbk() -> None:
    command = [sys.executable, "-m", "hub", "query", "--app", "✓𠮷"]
    ended = subprocess.run(command, check=False, capture_output=True, timeout=60, env={"PYTHONIOENCODING": "gbk"})
    assert ended.returncode == 2
    assert b"Traceback" not in ended.stderr


def test_case_6_03_the_version_is_told() -> None:
    command = [sys.executable, "-m", "hub", "--version"]
    ended = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)
    assert (ended.returncode, ended.stdout) == (0, f"sluicegate {version('sluicegate')}\n")
