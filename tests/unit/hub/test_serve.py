"""What `sluicegate serve` says at its start of a policy folder that is not what is in force."""

from __future__ import annotations

from pathlib import Path

import pytest

from hub.home.settings import Settings
from hub.serve import _compare_folder
from policies.language import load
from schema import SPINE
from tests.support.serving import COUNTY

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(("named", "changed", "told"), [(True, True, 1), (True, False, 0), (False, True, 0)])
def test_a_folder_that_was_named_is_compared(named: bool, changed: bool, told: int, tmp_path: Path) -> None:
    """The default is the folder of an example: whoever named none is told to draft nothing."""
    for file in COUNTY.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes() + (b"# more\n" if changed else b""))
    settings = Settings.load(home=tmp_path / "home", **({"policies": tmp_path} if named else {}))
    said: list[str] = []
    _compare_folder(settings, load(COUNTY, SPINE), said.append)
    assert len(said) == told
    assert all("sluicegate policy draft" in line for line in said)
