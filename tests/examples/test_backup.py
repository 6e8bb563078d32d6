"""The recipes of docs/operations.md for backup, restore and a new sealing key, run as they stand, on a real home."""

from __future__ import annotations

import os
import re
import stat
import subprocess
from contextlib import closing
from pathlib import Path

import pytest

from audit.record import Record
from audit.verify import verify
from hub.home.audit_log import open_log, verifier_of
from hub.home.key_files import KeyRefused
from hub.home.seals import load_key
from hub.home.settings import Settings
from hub.steward.changes import steward_session
from schema import SPINE
from tests.support.serving import COUNTY

pytestmark = pytest.mark.examples

PAGE = (Path(__file__).parents[2] / "docs" / "operations.md").read_text("utf-8")
RECIPES = re.findall(r"^```sh\n(.*?)^```$", PAGE.partition("\n## Backup and restore\n")[2], re.MULTILINE | re.DOTALL)
STOPPED, RUNNING = RECIPES[:2]


@pytest.fixture
def settings(home: Path) -> Settings:
    made = Settings.load(home=home, policies=COUNTY)
    with steward_session(made, SPINE):
        load_key(made.keys_folder / "seal.key")
    (home / "words.yaml").write_text("words: {}\n", "utf-8")
    (home / "graph").mkdir()
    add(made, 3)
    return made


def add(settings: Settings, count: int) -> None:
    with closing(open_log(settings)) as log:
        for number in range(count):
            log.append_sync(Record(kind="refusal", request_id=f"r{number}", result="METHOD", http_status=405))


def run(recipe: str, folder: Path, home: Path) -> None:
    folder.mkdir()
    environment = {**os.environ, "SLUICEGATE_HOME": str(home)}
    # Whoever runs it may have any umask: the recipe sets its own.
    script = f"umask 022\n{recipe}"
    subprocess.run(["bash", "-euo", "pipefail", "-c", script], cwd=folder, env=environment, check=True)


def size(settings: Settings) -> int:
    """The size of the log, which is sound and holds the recorded head."""
    found = verify(settings.audit_log, verifier=verifier_of(settings), recorded_head=settings.audit_head)
    assert found.ok, found
    return found.size


def test_a_backup_of_a_stopped_home_is_private_and_can_be_put_back(settings: Settings, tmp_path: Path) -> None:
    backup, other = tmp_path / "backup", tmp_path / "other"
    run(STOPPED, backup, settings.home.absolute())
    made = {path.name: stat.S_IMODE(path.stat().st_mode) for path in backup.iterdir()}
    assert made == {"data.tar": 0o600, "keys.tar": 0o600, "audit.head": 0o600}
    other.mkdir(mode=0o700)
    for archive in ("keys.tar", "data.tar"):
        subprocess.run(["tar", "-C", str(other), "-xpf", str(backup / archive)], check=True)
    again = Settings.load(home=other, policies=COUNTY)
    again.audit_head.write_bytes((backup / "audit.head").read_bytes())
    assert size(again) == size(settings)
    with steward_session(again, SPINE) as changes:
        assert [each.version.number for each in changes.store.history()] == [1]
    assert load_key(again.keys_folder / "seal.key") == load_key(settings.keys_folder / "seal.key")


def test_a_backup_of_a_running_home_is_private_and_whole(settings: Settings, tmp_path: Path) -> None:
    with closing(open_log(settings)) as log:
        log.append_sync(Record(kind="refusal", request_id="r", result="METHOD", http_status=405))
        run(RUNNING, tmp_path / "at", settings.home.absolute())
    copies = tmp_path / "at" / "backup"
    assert stat.S_IMODE(copies.stat().st_mode) == 0o700
    assert {path.name: stat.S_IMODE(path.stat().st_mode) for path in copies.iterdir()} == {
        "audit.db": 0o600,
        "policy.db": 0o600,
    }
    assert verify(copies / "audit.db", verifier=verifier_of(settings)).size == size(settings)


def test_a_new_key_of_the_graph_takes_its_line_in_made_too(settings: Settings) -> None:
    row = next(line for line in PAGE.splitlines() if line.startswith("| `keys/graph.key` | its surrogates"))
    assert "remove `keys/graph.key` and its line in `keys/made`" in row
    key, names = settings.keys_folder / "graph.key", settings.keys_folder / "made"
    before = load_key(key)
    key.unlink()
    with pytest.raises(KeyRefused, match="remove its line"):
        load_key(key)
    names.write_text(names.read_text("utf-8").replace("graph.key\n", ""), "utf-8")
    assert load_key(key) != before
