"""What the commands on versions say: which version is meant, what is in force until when, and what to do instead."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from hub.cli.main import app
from tests.support.policy_stores import FILES, POLICY, changed

pytestmark = pytest.mark.unit
Run = Callable[..., Result]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return written(tmp_path / "policies", FILES)


def written(folder: Path, files: Mapping[str, bytes]) -> Path:
    folder.mkdir(exist_ok=True)
    for path in folder.iterdir():
        path.unlink()
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return folder


@pytest.fixture
def run(tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SLUICEGATE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("SLUICEGATE_POLICIES", str(folder))
    monkeypatch.setenv("SLUICEGATE_LOCAL_STEWARDS", "1")
    monkeypatch.setenv("SLUICEGATE_TIME_ZONE", "Asia/Shanghai")

    def invoke(*arguments: str, by: str = "zhang", code: int = 0) -> Result:
        result = CliRunner().invoke(app, ["policy", *arguments, "--as", by])
        assert result.exit_code == code, result.output
        return result

    invoke("history")  # the store takes the folder as it is
    return invoke


def drafted(run: Run, folder: Path, files: Mapping[str, bytes]) -> tuple[str, str]:
    """Number and hash of a new draft."""
    found = json.loads(run("draft", str(written(folder, files)), "--json").stdout)
    return str(found["number"]), found["hash"]


def published(run: Run, folder: Path, files: Mapping[str, bytes]) -> None:
    number, content = drafted(run, folder, files)
    run("approve", number, content, by="li")
    run("activate", number, by="li")


def test_a_version_for_later_is_told_in_local_time_and_utc_with_what_stays_in_force(run: Run, folder: Path) -> None:
    number, content = drafted(run, folder, changed("two"))
    run("approve", number, content, by="li")
    assert run("activate", number, "--at", "2999-01-01T08:30+08:00").stdout.splitlines() == [
        "version 2 comes into force at 2999-01-01 08:30:00+08:00 Asia/Shanghai (2999-01-01 00:30:00 UTC)",
        "until then version 1 stays in force; whatever else is activated before then makes version 2 lapse",
    ]
    again = run("activate", number, code=1).stderr
    assert "begins 2999-01-01 08:30:00+08:00 Asia/Shanghai (2999-01-01 00:30:00 UTC); whatever" in again


def test_a_version_for_now_is_in_force_and_none_begins_in_the_past(run: Run, folder: Path) -> None:
    number, content = drafted(run, folder, changed("two"))
    run("approve", number, content, by="li")
    past = run("activate", number, "--at", "2020-01-01", code=1).stderr
    assert "in the past, at 2020-01-01 00:00:00+08:00 Asia/Shanghai (2019-12-31 16:00:00 UTC); leave" in past
    (line,) = run("activate", number).stdout.splitlines()
    assert line.startswith("version 2 is in force from 2")


def test_current_is_a_version_wherever_one_is_named(run: Run, folder: Path, tmp_path: Path) -> None:
    published(run, folder, changed("two"))
    told = run("export", "current", "--out", str(tmp_path / "out")).stdout
    assert told.startswith("version 2: policy.yaml, stewards.yaml written to ")
    assert (tmp_path / "out" / "policy.yaml").read_bytes() == changed("two")["policy.yaml"]
    assert "this is version 2, which is in force" in run("rollback", "current", code=1).stderr
    assert "version 2 was activated already" in run("activate", "current", code=1).stderr
    hash_of_2 = json.loads(run("history", "--json").stdout.splitlines()[1])["hash"]
    assert "version 2 was activated already" in run("approve", "current", hash_of_2, by="li", code=1).stderr
    written(folder, changed("three"))
    assert "made from 2" in run("draft", str(folder), "--base", "current").stdout
    assert "version 2 is in force" in run("draft", str(folder), "--base", "1", code=1).stderr
    for wrong in ("newest", "0", "²", "v2"):
        assert f"{wrong!r} names no version; write its number or 'current'" in run("rollback", wrong, code=1).stderr


@pytest.mark.parametrize("command", [("draft",), ("check",), ("explain", "Building.name", "--folder")])
def test_where_a_folder_is_read_a_version_is_refused_with_how_to_get_its_files(run: Run, command: list[str]) -> None:
    asks = ["--app", "app", "--purpose", "a"] if command[0] == "explain" else []
    for name in ("current", "1"):
        refused = CliRunner().invoke(app, ["policy", *command, name, *asks])
        assert refused.exit_code == 1
        assert f"a folder is read here, and {name} names a version" in refused.stderr
        assert f"`sluicegate policy export {name} --out FOLDER`" in refused.stderr


def test_a_hash_is_whole_and_its_letters_may_be_large(run: Run, folder: Path) -> None:
    number, content = drafted(run, folder, changed("two"))
    for part in (content[:8], content[:-1].upper()):
        told = run("approve", number, part, by="li", code=1).stderr
        assert f"names its whole content hash, of 32 characters; {len(part)} were given" in told
    for other in ("0" * 32, content[1:], f"{content}0", ""):
        assert "another content than the hash" in run("approve", number, other, by="li", code=1).stderr
    run("approve", number, f" {content.upper()}", by="li")
    assert run("activate", number).stdout.startswith("version 2 is in force")


def test_a_draft_that_says_what_a_version_says_is_noted(run: Run, folder: Path) -> None:
    assert "nothing is changed: this is version 1" in run("draft", str(folder), code=1).stderr
    written(folder, {"again.yaml": b"# moved\n" + FILES["policy.yaml"], "stewards.yaml": FILES["stewards.yaml"]})
    told = run("draft", str(folder)).stdout
    assert "note: it says the same as version 1: only comments, layout, order or names of files differ" in told
    told = run("draft", str(folder)).stdout
    assert "note: version 2 has the very same content; its state: draft" in told
    written(
        folder,
        {
            **FILES,
            "policy.yaml": POLICY.replace("clear}", "aggregate}").replace("Building.name", "Building.region").encode(),
        },
    )
    assert json.loads(run("draft", str(folder), "--json").stdout)["notes"] == []


def test_a_draft_whose_base_is_past_is_refused_with_what_to_do_and_what_each_side_changed(
    run: Run, folder: Path
) -> None:
    number, content = drafted(run, folder, changed("theirs"))
    published(run, folder, changed("ours"))
    refused = run("approve", number, content, by="li", code=1)
    (told,) = refused.stderr.splitlines()
    assert told == (
        "error: version 2 was made from version 1, but version 3 is in force; its author runs "
        "`sluicegate policy export 3 --out FOLDER`, makes the change in there, and drafts it: "
        "`sluicegate policy draft FOLDER`"
    )
    assert refused.stdout.count("--- policy.yaml (base)") == 2
    assert "+# ours" in refused.stdout
    assert "+# theirs" in refused.stdout


def test_what_both_sides_changed_alike_is_shown_once(run: Run, folder: Path) -> None:
    ours = changed("ours")
    number, content = drafted(run, folder, {**ours, "stewards.yaml": FILES["stewards.yaml"] + b"# theirs\n"})
    same, same_content = drafted(run, folder, ours)
    published(run, folder, ours)
    refused = run("approve", number, content, by="li", code=1)
    assert [line for line in refused.stdout.splitlines() if line.startswith("+++")] == [
        "+++ policy.yaml (in force, and draft)",
        "+++ stewards.yaml (draft)",
    ]
    refused = run("approve", same, same_content, by="li", code=1)
    assert refused.stdout == ""
    assert refused.stderr == (
        "error: version 3 has the content of version 4, which is in force; nothing is left to be done\n"
    )
