"""A home is made, or is one; its lost keys are not silently made again; what cannot be used is named with its owner."""

from __future__ import annotations

import errno
import os
import re
import shutil
import stat
from pathlib import Path

import pytest
import typer

from hub.cli.options import exit_on_refusal
from hub.home.audit_log import open_log
from hub.home.issuer import Issuer
from hub.home.key_files import KeyRefused
from hub.home.running_hub import hub_key
from hub.home.seals import load_key
from hub.home.settings import Settings, SettingsError
from hub.steward.changes import steward_session
from schema import SPINE
from tests.support.serving import COUNTY

pytestmark = pytest.mark.unit


@pytest.mark.parametrize("inside", ["notes.txt", ".bashrc", "src", "keys.txt", "hub.json"])
def test_case_1_19_another_folder_is_not_touched(tmp_path: Path, inside: str) -> None:
    tmp_path.chmod(0o755)
    (tmp_path / inside).mkdir()
    with pytest.raises(SettingsError, match="holds other things and is no home"):
        Settings.load(home=tmp_path).prepare_home()
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o755
    assert [path.name for path in tmp_path.iterdir()] == [inside]


def test_case_1_19_a_file_is_no_home(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises((SettingsError, FileExistsError)):
        Settings.load(home=tmp_path / "file").prepare_home()
    assert (tmp_path / "file").read_text() == "mine"


@pytest.mark.parametrize("inside", ["keys", "graph", "audit.db", "policy.db", "words.yaml", "slices"])
def test_case_1_19_a_home_is_known_by_what_is_in_it(tmp_path: Path, inside: str) -> None:
    (tmp_path / inside).mkdir()
    (tmp_path / ("notes.txt" if inside not in {"words.yaml", "slices"} else "lost+found")).mkdir()
    assert Settings.load(home=tmp_path).prepare_home() == tmp_path
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o700


def test_case_6_02_another_accounts_home_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tmp_path.chmod(0o755)
    monkeypatch.setattr(os, "geteuid", lambda: 12_345)
    with pytest.raises(SettingsError, match=r"belongs to \w+; run the command as that account"):
        Settings.load(home=tmp_path).prepare_home()
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o755


@pytest.mark.parametrize("name", ["digest.key", "seal.key", "graph.key", "policy.key"])
def test_case_6_02_a_lost_key_is_not_silently_made_again(tmp_path: Path, name: str) -> None:
    path = tmp_path / "keys" / name
    key = load_key(path)
    assert load_key(path) == key
    path.unlink()
    with pytest.raises(KeyRefused, match=f"{re.escape(str(path))} is missing.*restore it"):
        load_key(path)
    assert not path.exists()
    made = path.with_name("made")
    made.write_text(made.read_text().replace(f"{name}\n", ""))
    assert load_key(path) != key


@pytest.mark.parametrize("kept", [(), ("audit.key",), ("audit.key", "digest.key"), ("audit.key", "seal.key")])
def test_a_lost_folder_of_keys_is_not_silently_made_again(tmp_path: Path, kept: tuple[str, ...]) -> None:
    settings = Settings.load(home=tmp_path / "home", policies=COUNTY)
    first = [settings.keys_folder / name for name in ("digest.key", "seal.key", "policy.key")]
    with steward_session(settings, SPINE):
        load_key(settings.keys_folder / "seal.key")
    backup = {path.name: path.read_bytes() for path in settings.keys_folder.iterdir()}
    shutil.rmtree(settings.keys_folder)
    settings.keys_folder.mkdir(mode=0o700)
    for name in kept:
        path = settings.keys_folder / name
        path.write_bytes(backup[name])
        path.chmod(0o600)
    lost = [path for path in first if path.name not in kept]
    for path in lost:
        with pytest.raises(KeyRefused, match=f"{re.escape(str(path))} is missing.*restore it from its backup"):
            load_key(path)
    with pytest.raises(KeyRefused, match="restore it"), steward_session(settings, SPINE):
        pass
    assert {path.name for path in settings.keys_folder.iterdir()} <= {*kept, "made", "audit.key"}
    for name, content in backup.items():
        path = settings.keys_folder / name
        path.write_bytes(content)
        path.chmod(0o600)
    with steward_session(settings, SPINE) as changes:
        assert [each.version.number for each in changes.store.history()] == [1]


def test_case_6_02_a_key_of_before_is_noted_when_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "digest.key"
    load_key(path)
    path.with_name("made").unlink()
    load_key(path)
    path.unlink()
    with pytest.raises(KeyRefused, match="is missing"):
        load_key(path)


def test_case_6_02_what_nothing_depends_on_is_made_again(tmp_path: Path) -> None:
    settings = Settings.load(home=tmp_path / "home")
    Issuer(settings)
    before = hub_key(settings)
    settings.hub_key.unlink()
    (settings.keys_folder / "issuer.jwk").unlink()
    Issuer(settings)
    assert hub_key(settings) != before


@pytest.mark.parametrize(
    ("code", "told"),
    [
        (errno.EACCES, r"Permission denied; it belongs to \w+; run the command as its owner"),
        (errno.EPERM, r"it belongs to \w+; run the command as its owner"),
        (errno.EROFS, "Read-only file system; mount it for writing"),
        (errno.ENOSPC, "No space left on device; free some room"),
    ],
)
def test_case_6_02_a_refusal_of_the_system_says_whose_it_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], code: int, told: str
) -> None:
    missing = tmp_path / "home" / "audit.head"
    with pytest.raises(typer.Exit), exit_on_refusal():
        raise OSError(code, os.strerror(code), str(missing))
    line = capsys.readouterr().err
    assert re.search(f"error: {re.escape(str(missing))}: .*{told}", line)
    assert line.count("\n") == 1


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SLUICEGATE_PORT", "tcp://10.0.0.1:8600"),
        ("SLUICEGATE_PORT_8600_TCP_ADDR", "10.0.0.1"),
        ("SLUICEGATE_SERVICE_HOST", "10.0.0.1"),
        ("SLUICEGATE_HOST", "udp://10.0.0.1:8600"),
    ],
)
def test_case_6_06_a_variable_of_a_container_platform_is_named(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match=f"{name} were set by a container platform.*rename that service"):
        Settings.load()


@pytest.mark.parametrize(
    ("name", "value"), [("PORT", "many"), ("BODY_LIMIT", "1k"), ("GRAPH_DEADLINE", "5s"), ("CONNECTIONS", "")]
)
def test_case_6_06_the_setting_that_is_no_number_is_named(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(f"SLUICEGATE_{name}", value)
    if not value:
        assert Settings.load().connections == 1_000
        return
    with pytest.raises(SettingsError, match=rf"{name.lower()}: .*\(SLUICEGATE_{name}\)"):
        Settings.load()


def test_a_lost_key_of_the_log_is_not_silently_made_again(tmp_path: Path) -> None:
    settings = Settings.load(home=tmp_path / "home", policies=COUNTY)
    with steward_session(settings, SPINE):
        pass
    assert settings.audit_head.exists()
    settings.audit_key.unlink()
    with pytest.raises(KeyRefused, match=r"audit\.key is missing.*restore it from its backup"):
        open_log(settings)
    assert not settings.audit_key.exists()
