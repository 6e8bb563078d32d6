"""The page for operators, docs/operations.md, against the home of a running county.

The page names every file of the home; the folder and its secrets are for their owner only; the pages that it names
for monitoring answer as it says.
"""

from __future__ import annotations

import re
import stat
from fnmatch import fnmatch
from pathlib import Path

import pytest

from tests.support.county import ROOT, County
from tests.support.waiting import until

pytestmark = [pytest.mark.examples, pytest.mark.slow]

PAGE = (ROOT / "docs" / "operations.md").read_text("utf-8")
HOME = PAGE.partition("\n## The home\n")[2].partition("\n## ")[0]
NAMED = [name for row in re.findall(r"^\| (`[^|]+) \|", HOME, re.MULTILINE) for name in re.findall(r"`([^`]+)`", row)]
PUBLIC = {"keys/issuer.jwks.json"}
"""The only file of the key folder that is no secret."""

ROTATED = {"keys/rotated.json", *(name for name in NAMED if "-2." in name)}
"""What is there after a key was rotated."""


def described(path: str) -> bool:
    """Whether the page names a file, or a folder that it lies in."""
    return any(path.startswith(name) if name.endswith("/") else fnmatch(path, name) for name in NAMED)


def test_every_file_of_the_home_is_described(county: County) -> None:
    home = county.hub.settings.home

    def files() -> list[str]:
        return [str(path.relative_to(home)) for path in home.rglob("*") if path.is_file()]

    assert len(files()) > 10
    # A file that is just being replaced has a draft beside it, which does not stay.
    until(lambda: all(map(described, files())), "a file of the home is not described")


def test_every_key_that_is_described_is_there_and_is_for_its_owner_only(county: County) -> None:
    home = Path(county.hub.settings.home)
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    keys = [name for name in NAMED if name.startswith("keys/") and name not in ROTATED]
    modes = {name: stat.S_IMODE((home / name).stat().st_mode) for name in keys if name not in PUBLIC}
    assert set(modes.values()) == {0o600}
    assert {f"keys/{path.name}" for path in (home / "keys").iterdir()} == set(keys)


def test_the_pages_for_monitoring_answer_as_it_says(county: County) -> None:
    assert county.hub.client.get("/healthz").json() == {"alive": True}
    ready = county.hub.client.get("/readyz").json()
    assert set(ready) - {"warnings"} == {"ready", "graph", "audit", "policy", "catalogue"}
    families = set(re.findall(r"^# TYPE (\w+) ", county.hub.client.get("/metrics").text, re.MULTILINE))
    metrics = set(re.findall(r"^\| `(sluicegate_\w+)` \|(?!.* with several workers only)", PAGE, re.MULTILINE))
    assert metrics == {name for name in families if not name.endswith("_created")}
