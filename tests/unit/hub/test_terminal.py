"""Output to a terminal or file in any encoding: what it lacks is escaped, and nothing fails."""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from types import SimpleNamespace

import pytest
from rich.panel import Panel
from rich.table import Table

from hub.terminal import make_printable, row_counter, text_console

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


def test_a_text_is_no_markup(capsys: pytest.CaptureFixture[str]) -> None:
    statement = "MATCH (p) RETURN [x IN p.list WHERE x[0] | x], [red], [/], :smile:, [bold]p[/bold]"
    table = Table(title=statement)
    table.add_column(statement, no_wrap=True)
    table.add_row(statement)
    for shown in (statement, Panel(statement), table):
        text_console(120).print(shown)
    assert capsys.readouterr().out.count(statement) == 5


def test_every_console_is_one_without_markup() -> None:
    hub = Path(__file__).parents[3] / "hub"
    texts = {path.relative_to(hub): path.read_text("utf-8") for path in hub.rglob("*.py")}
    made = [path for path, text in texts.items() if "rich.console" in text and re.search(r"\bConsole\(", text)]
    assert made == [Path("terminal.py")]


def test_a_log_line_of_a_command_has_time_level_and_logger() -> None:
    logs = "import logging, hub.cli.main as m; m.app = lambda: {}; m.main()"
    each = "logging.getLogger('sluicegate.graph').warning('the graph failed: %s', 'Away')"
    command = [sys.executable, "-c", logs.format(each)]
    ended = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60)
    stamp = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"
    assert re.fullmatch(rf"{stamp} warning sluicegate\.graph: the graph failed: Away\n", ended.stderr), ended.stderr


def test_case_6_03_the_version_is_told() -> None:
    command = [sys.executable, "-m", "hub", "--version"]
    ended = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)
    assert (ended.returncode, ended.stdout) == (0, f"sluicegate {version('sluicegate')}\n")


def test_without_a_terminal_a_pull_tells_its_progress_every_few_seconds(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter((100.0, 101.0, 105.0, 105.0, 109.0, 111.0, 111.0))
    monkeypatch.setattr("hub.terminal.time", SimpleNamespace(monotonic=lambda: next(clock)))
    with row_counter() as report:
        for rows in (2_000, 4_000, 6_000, 8_000):
            report("police/\x1bregister", rows)
    printed = capsys.readouterr()
    assert printed.err == "police/\\u001bregister: 4,000 rows read\npolice/\\u001bregister: 8,000 rows read\n"
    assert printed.out == ""
