"""Generated command lines and environments: whatever is typed or set, a command does it or says what is wrong.

No internal fault (exit code 70) for anything that a person can type, put in a file or set as a variable. Commands that
serve, start a graph or write many files are given only what they must refuse.
"""

from __future__ import annotations

import random
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.core import TyperArgument, TyperGroup, TyperOption
from typer.testing import CliRunner, Result

from audit.record import Record
from hub.cli.main import app
from hub.home.audit_log import open_log
from hub.home.settings import Settings
from hub.log_lines import describe_exception
from tests.support.fuzz import cases
from tests.support.serving import COUNTY

pytestmark = [pytest.mark.property, pytest.mark.slow]

LEFT_OUT = frozenset(
    (
        *("demo", "serve", "graph start", "sample", "policy preview", "pii eval", "pii redetect"),
        *("source refused", "source status", "source retry"),
    )
)
"""They would serve, start a Neo4j, write a county, measure, or wait for a graph that does not answer."""

REFUSED_GRAPH = {
    "SLUICEGATE_GRAPH_URL": "bolt://127.0.0.1:1",
    "SLUICEGATE_GRAPH_PASSWORD": "none",
}
NUMBERS = ("0", "1", "2", "3", "99", "1000", "-1", "2147483648", "99999999999999999999999")
WORDS = (
    "",
    " ",
    "-",
    "--",
    "-1",
    "0",
    "1",
    "007",
    "1e9",
    "99999999999999999999999",
    "nan",
    "null",
    "~",
    "*",
    "\udcff\udcfe",
    "a\nb",
    "\x1b[31m",
    "\u202e",
    "\u200b",
    "张",
    "safety.fire",
    "fire-inspection",
    "Person.phone",
    "Person",
    "Person.fone",
    "2026-02-31",
    "2026-06-30",
    "0001-01-01",
    "9999-12-31",
    "9999-12-31T23:59:59Z",
    "0001-01-01T00:00:00+14:00",
    "since=2026-06-01",
    "until=9999-12-31",
    "since=0001-01-01T00:00:00+14:00",
    "case=-",
    "person=-",
    "region=14/03/2",
    "coordinate=Person.fone",
    "=",
    "A=B",
    "{}",
    "[]",
    '{"a": 1}',
    '{"a": 1e999}',
    "[" * 3_000,
    '{"a": "\\ud800"}',
    "{ people(first: 1) { edges { node { id } } } }",
    "{",
    "bolt://127.0.0.1:1",
    "tcp://10.0.0.1:8600",
    "sqlite:///",
    "postgresql://nobody@127.0.0.1:1/none",
    "postgresql+psycopg://nobody@127.0.0.1:1/none",
    "x" * 5_000,
)


@dataclass(frozen=True)
class Command:
    """A command and what it takes."""

    path: tuple[str, ...]
    arguments: tuple[TyperArgument, ...]
    options: tuple[TyperOption, ...]


def commands(group: Any, path: tuple[str, ...] = ()) -> Iterator[Command]:
    if isinstance(group, TyperGroup):
        for name, command in group.commands.items():
            yield from commands(command, (*path, name))
        return
    yield Command(
        path,
        tuple(each for each in group.params if isinstance(each, TyperArgument)),
        tuple(each for each in group.params if isinstance(each, TyperOption)),
    )


COMMANDS = tuple(command for command in commands(typer.main.get_command(app)) if " ".join(command.path) not in LEFT_OUT)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with a log and a policy store, and files that hold what such files should not."""
    folder = tmp_path_factory.mktemp("typed")
    settings = Settings.load(home=folder / "home")
    settings.prepare_home()
    with closing(open_log(settings)) as log:
        for number in range(3):
            log.append_sync(Record(kind="refusal", request_id=f"r{number}", result="METHOD", http_status=405))
    (folder / "empty").write_bytes(b"")
    (folder / "binary.yaml").write_bytes(bytes(range(256)))
    (folder / "text.yaml").write_text("a: [1, 2\n\tb: ‘x’\n", "utf-8")
    (folder / "deep.json").write_text("[" * 20_000, "utf-8")
    (folder / "policies").mkdir()
    for file in COUNTY.glob("*.yaml"):
        shutil.copy(file, folder / "policies")
    (folder / "broken").mkdir()
    (folder / "broken" / "a.yaml").write_text("purposes: {}\ngrants: [null, {for: 3}]\n", "utf-8")
    return folder


def word(rng: random.Random, values: Sequence[str]) -> str:
    """A value for an option or an argument: a number, or anything."""
    return rng.choice(rng.choice((NUMBERS, values, values)))


def typed(rng: random.Random, command: Command, values: Sequence[str]) -> list[str]:
    """A command line: what the command needs, and some of what it takes, in any order."""
    parts = []
    for option in command.options:
        if option.required or rng.random() < 0.3:
            parts.append([option.opts[0]] if option.is_flag else [option.opts[0], word(rng, values)])
    for argument in command.arguments:
        count = rng.choice((0, 1, 2, 3)) if argument.nargs == -1 else int(argument.required or rng.random() < 0.5)
        parts += [[word(rng, values)] for _ in range(count)]
    rng.shuffle(parts)
    return [*command.path, *(text for part in parts for text in part)]


def environment(rng: random.Random, folder: Path, values: Sequence[str]) -> Mapping[str, str]:
    """The environment of a command: a usable one, or one with a setting that is not."""
    settings = {
        "SLUICEGATE_HOME": str(folder / "home"),
        "SLUICEGATE_POLICIES": str(folder / "policies"),
        "SLUICEGATE_LOCAL_STEWARDS": "1",
        **REFUSED_GRAPH,
    }
    if rng.random() < 0.3:
        name = rng.choice([name for name in Settings.model_fields if name != "graph_url"])
        settings[f"SLUICEGATE_{name.upper()}"] = rng.choice(values)
    if rng.random() < 0.1:
        settings["TZ"] = rng.choice(("", "UTC", "Asia/Shanghai", "Nowhere/None", "\udcff"))
    return settings


def what_is_wrong(result: Result) -> str:
    """Why this outcome is none that a person can use; empty if it is."""
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        return f"internal fault: {describe_exception(result.exception)}"
    if result.exit_code not in (0, 1, 2, 3):
        return f"exit code {result.exit_code}"
    return "" if result.exit_code == 0 or result.output.strip() else "fails without a word"


@pytest.mark.parametrize(
    "line",
    [
        ["audit", "show", "99999999999999999999999"],
        ["audit", "subject", "--until", "9999-12-31", "--sid", "1000"],
        ["graph", "stop", "--home", "text.yaml"],
        ["policy", "diff", "99999999999999999999999", "current"],
        ["policy", "history", "--home", "text.yaml"],
        ["policy", "history", "--home", "[" * 3_000],
        ["policy", "history", "--home", "\udcff\udcfe"],
        ["policy", "rollback", "1", "--as", "chen", "--home", "\udcff\udcfe"],
        ["query", "--app", "0", "--purpose", "a", "--variables", "\udcff", "{ __typename }"],
    ],
    ids=lambda line: " ".join(line)[:40],
)
def test_what_was_found_this_way_stays_mended(folder: Path, monkeypatch: pytest.MonkeyPatch, line: list[str]) -> None:
    monkeypatch.chdir(folder)
    assert what_is_wrong(CliRunner().invoke(app, line, env={"SLUICEGATE_HOME": str(folder / "home")})) == ""


def test_no_command_line_is_an_internal_fault(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    files = [str(path) for path in sorted(folder.iterdir())]
    codes: set[int] = set()
    faults: dict[str, str] = {}
    assert len(COMMANDS) > 20
    for case in cases(120):
        rng = case.rng
        values = (*WORDS, *files, *files)
        line, settings = typed(rng, rng.choice(COMMANDS), values), environment(rng, folder, values)
        result = CliRunner().invoke(app, line, env=settings, input=rng.choice(("", "张三\n", "x\n" * 50)))
        wrong = what_is_wrong(result)
        if wrong:
            faults.setdefault(wrong, f"{case}: {line} {settings}")
        codes.add(result.exit_code)
    assert not faults, "\n".join(f"{wrong} — {line}" for wrong, line in faults.items())
    assert {0, 1, 2} <= codes, "what is generated does not reach the commands"
