"""`sluicegate pii scan` and `pii eval` as a person runs them: a process, its output, its exit code."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.county import ROOT, environment
from tests.support.preloaded.commands import preloaded

pytestmark = [pytest.mark.conformance, pytest.mark.slow, pytest.mark.wide]

NOTES = """\
来电人祁慧兰反映楼道堆满杂物，电话199-0321-0001。

路灯不亮，请热线12345转办。
"""
Run = Callable[..., subprocess.CompletedProcess[bytes]]
NAME, PHONE = "祁慧兰", "199-0321-0001"


def started(*arguments: str, folder: Path) -> subprocess.CompletedProcess[bytes]:
    """As from a shell, with the start of Python."""
    command = [sys.executable, "-m", "hub", "pii", *arguments]
    return subprocess.run(command, env=environment_of(folder), cwd=ROOT, capture_output=True, check=False)


def environment_of(folder: Path, **more: str) -> dict[str, str]:
    return environment({"home": folder / "home"}, folder / "tmp") | {"COLUMNS": "120", **more}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    with preloaded(tmp_path_factory.mktemp("preloaded")) as commands:

        def run(
            *arguments: str, folder: Path, given: bytes | None = None, **more: str
        ) -> subprocess.CompletedProcess[bytes]:
            return commands.run("pii", *arguments, environment=environment_of(folder, **more), given=given)

        yield run


@pytest.fixture
def notes(tmp_path: Path) -> Path:
    path = tmp_path / "notes.txt"
    path.write_text(NOTES, "utf-8")
    return path


@pytest.mark.parametrize("command", ["scan", "eval"])
def test_help_shows_an_example(command: str, tmp_path: Path) -> None:
    shown = started(command, "--help", folder=tmp_path)
    assert shown.returncode == 0
    assert f"Example: sluicegate pii {command} " in " ".join(shown.stdout.decode().split())


def test_elsewhere_than_on_a_terminal_marks_tell_the_kinds(notes: Path, tmp_path: Path) -> None:
    shown = started("scan", "--rules-only", "--mask", "text(surname,phone4)", str(notes), folder=tmp_path)
    assert (shown.returncode, shown.stderr) == (0, b"")
    assert shown.stdout.decode().splitlines() == [
        "    1  来电人⟦姓名:祁慧兰⟧反映楼道堆满杂物，电话⟦电话:199-0321-0001⟧。",
        "    →  来电人【姓祁】反映楼道堆满杂物，电话【电话尾号0001】。",
        "       姓名     PERSON        0.90  祁慧兰  (announced)",
        "       电话     PHONE         1.00  199-0321-0001  (mobile number)",
        "    3  路灯不亮，请热线12345转办。",
        "    →  路灯不亮，请热线12345转办。",
        "2 texts, 1 with personal information: 姓名 1, 电话 1",
    ]


def on_a_terminal(notes: Path, folder: Path, **more: str) -> str:
    """What a terminal of 100 columns is sent."""
    told = environment({"home": folder / "home"}, folder / "tmp") | {"TERM": "xterm-256color", "COLUMNS": "100", **more}
    for name in {"NO_COLOR", "FORCE_COLOR"} - set(more):
        told.pop(name, None)
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "hub", "pii", "scan", "--rules-only", str(notes)]
    with subprocess.Popen(command, env=told, cwd=ROOT, stdout=theirs, stderr=theirs) as process:
        os.close(theirs)
        shown = b""
        while True:
            try:
                piece = os.read(ours, 65_536)
            except OSError:  # Linux says EIO where the other end is closed
                break
            if not piece:
                break
            shown += piece
    os.close(ours)
    assert process.returncode == 0
    return shown.decode()


def test_on_a_terminal_each_kind_has_its_colour(notes: Path, tmp_path: Path) -> None:
    shown = on_a_terminal(notes, tmp_path)
    name, phone = (shown[: shown.index(text)].rpartition("\x1b[")[2] for text in (NAME, PHONE))
    assert name != phone
    assert NAME in shown
    assert "⟦" not in shown


def test_a_terminal_that_wants_no_colour_gets_marks(notes: Path, tmp_path: Path) -> None:
    shown = on_a_terminal(notes, tmp_path, NO_COLOR="1")
    assert "⟦姓名:祁慧兰⟧" in shown
    assert "\x1b[3" not in shown
    assert "\x1b[4" not in shown


def test_a_text_cannot_steer_the_terminal(tmp_path: Path) -> None:
    notes = tmp_path / "notes.txt"
    notes.write_text("\x1b]0;evil\x07\x1b[2J路灯\x9b31m不亮\u202e\u200b\r好", "utf-8")
    shown = on_a_terminal(notes, tmp_path, NO_COLOR="1")
    assert "‹001B›]0;evil‹0007›‹001B›[2J路灯‹009B›31m不亮‹202E›‹200B›‹000D›好" in shown
    assert not set(shown) & set("\x07\x9b\u202e\u200b")


def test_machine_output_holds_places_and_nothing_of_the_text(run: Run, notes: Path, tmp_path: Path) -> None:
    shown = run("scan", "--rules-only", "--json", "-", folder=tmp_path, given=notes.read_bytes())
    rows = [json.loads(line) for line in shown.stdout.splitlines()]
    assert [(row["line"], row["failed"]) for row in rows] == [(1, None), (3, None)]
    found = [(each["kind"], NOTES[each["start"] : each["end"]]) for each in rows[0]["spans"]]
    assert found == [("PERSON", NAME), ("PHONE", PHONE)]
    assert all(0 < each["score"] <= 1 and each["reason"] for each in rows[0]["spans"])
    assert rows[1]["spans"] == []
    assert not [word for word in (NAME, PHONE, "0321", "杂物") if word.encode() in shown.stdout + shown.stderr]


def test_a_text_that_cannot_be_judged_is_shown_as_redacted_whole(run: Run, tmp_path: Path) -> None:
    notes = ("好" * 20_001).encode()
    shown = run("scan", "--rules-only", "--mask", "text", "--exit-code", "-", folder=tmp_path, given=notes)
    assert shown.returncode == 3
    assert "    →  ***\n       redacted whole 全文脱敏: too long\n" in shown.stdout.decode()


@pytest.mark.parametrize(("text", "code"), [(NOTES, 3), ("路灯不亮", 0), ("", 0)])
def test_the_exit_code_tells_whether_anything_was_found(run: Run, tmp_path: Path, text: str, code: int) -> None:
    ended = run("scan", "--rules-only", "--exit-code", "--json", "-", folder=tmp_path, given=text.encode())
    assert ended.returncode == code


def test_the_word_list_of_the_department_is_heeded(run: Run, notes: Path, tmp_path: Path) -> None:
    words = tmp_path / "words.yaml"
    words.write_text(f'never: ["{PHONE}"]\n', "utf-8")
    told = run("scan", "--rules-only", "--json", "--words", str(words), str(notes), folder=tmp_path)
    setting = run("scan", "--rules-only", "--json", str(notes), folder=tmp_path, SLUICEGATE_WORDS=str(words))
    for shown in (told, setting):
        rows = [json.loads(line) for line in shown.stdout.splitlines()]
        assert [each["kind"] for row in rows for each in row["spans"]] == ["PERSON"]


def labelled(**changes: Any) -> str:
    entity = {"entity_type": "PERSON", "start": 3, "end": 6, **changes}
    return json.dumps({"text": "来电人祁慧兰", "entities": [entity]}, ensure_ascii=False)


REFUSED: list[tuple[list[str], bytes, str]] = [
    (["scan", "nowhere.txt"], b"", "nowhere.txt cannot be read: No such file"),
    (["scan", "tests"], b"", "tests cannot be read: Is a directory"),
    (["scan", "-"], "好\n来电".encode() + b"\xb5\xe7", "standard input is not UTF-8: byte 11, in line 2; convert it"),
    (["scan", "-"], "来电".encode("utf-16"), "byte 1, in line 1; convert it first, for example with: iconv -f UTF-16"),
    (["scan", "--words", "nowhere.yaml", "-"], b"", "nowhere.yaml: cannot be read"),
    (["scan", "--words", "{given}", "-"], b"peeple: []", "given:1: 'peeple' is not one of people, places, never"),
    (["eval", "nowhere.jsonl"], b"", "nowhere.jsonl cannot be read: No such file"),
    (["eval", "{given}"], b"", "no labelled text in it"),
    (["eval", "{given}"], f"{labelled()}\n{labelled(end=99)}".encode(), "given: line 2, entities[0].end: lies before"),
    (["eval", "{given}"], labelled(entity_type="X").encode(), "given: line 1, entities[0].entity_type: takes one of"),
]


@pytest.mark.parametrize(("arguments", "given", "told"), REFUSED, ids=[each[2][:40] for each in REFUSED])
def test_a_refusal_is_one_line_that_quotes_nothing(
    run: Run, tmp_path: Path, arguments: list[str], given: bytes, told: str
) -> None:
    (tmp_path / "given").write_bytes(given)
    words = [each.format(given=tmp_path / "given") for each in arguments]
    ended = run(words[0], "--rules-only", *words[1:], folder=tmp_path, given=given)
    said = ended.stderr.decode()
    assert (ended.returncode, len(said.splitlines())) == (1, 1), said
    assert said.startswith("error: ")
    assert told in said
    assert NAME not in said


@pytest.mark.parametrize("rung", ["year", "text(phone9)", "shred", "partial(3,4)"])
def test_a_mask_that_is_none_of_free_text_is_wrong_usage(run: Run, notes: Path, tmp_path: Path, rung: str) -> None:
    ended = run("scan", "--mask", rung, str(notes), folder=tmp_path)
    assert ended.returncode == 2
    assert "--mask" in ended.stderr.decode()


def test_a_set_is_measured_by_kind_and_by_style(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "set.jsonl"
    rows = [
        {"text": NOTES.splitlines()[0], "style": "hotline", "entities": [
            {"entity_type": "PERSON", "start": 3, "end": 6},
            {"entity_type": "PHONE", "start": 17, "end": 30},
            {"entity_type": "ADDRESS", "start": 8, "end": 10},
        ]},
        {"text": "路灯不亮", "style": "plain", "negative": True},
        {"text": "电话13812345678", "style": "plain", "negative": True},
    ]  # fmt: skip
    path.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows), "utf-8")
    told = json.loads(run("eval", "--rules-only", "--json", str(path), folder=tmp_path).stdout)
    assert {kind: (each["found"], each["missed"], each["false"]) for kind, each in told["kinds"].items()} == {
        "ADDRESS": (0, 1, 0),
        "PERSON": (1, 0, 0),
        "PHONE": (1, 0, 1),
        "all": (2, 1, 1),
    }
    assert (told["texts"], told["negatives"], told["left_alone"], told["failed"]) == (3, 2, 0.5, 0)
    assert told["leak_rate"] == round(2 / 18, 4)
    assert told["kinds"]["all"]["f2"] == round(10 / (10 + 4 + 1), 4)
    assert {style: each["texts"] for style, each in told["styles"].items()} == {"hotline": 1, "plain": 2}
    assert told["texts_per_second"] > 0
    shown = run("eval", "--rules-only", str(path), folder=tmp_path).stdout.decode()
    assert "leak rate 泄漏率 11.11%, left alone 未误报 50.00%" in shown
    assert "set.jsonl: 3 texts, 2 of them without anything personal" in shown
    assert "rules only 仅规则" in shown


def test_nothing_is_left_on_the_disk(notes: Path, tmp_path: Path) -> None:
    started("scan", str(notes), folder=tmp_path)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [notes]
