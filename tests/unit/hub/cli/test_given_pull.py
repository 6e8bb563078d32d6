"""What a command that pulls takes from a demo that runs in its home, and what it was given itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from hub.cli.options import Refused, given_pull
from hub.home.settings import Settings
from hub.ingest.source_locations import SourceLocations, published_source_locations

pytestmark = pytest.mark.unit


@pytest.fixture
def demo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SourceLocations:
    monkeypatch.delenv("HOTLINE_KEY", raising=False)
    for name in ("sources", "other"):
        (tmp_path / name).mkdir()
    return SourceLocations(str(tmp_path / "sources"), "/data", {"HOTLINE_URL": "http://127.0.0.1:1"}, {})


def test_a_pull_beside_a_demo_reads_what_the_demo_reads(tmp_path: Path, demo: SourceLocations, home: Path) -> None:
    settings = Settings.load(home=home)
    settings.prepare_home()
    with published_source_locations(settings, demo):
        given = given_pull(home, None, None, None)
        assert (given.folder, given.data) == (tmp_path / "sources", Path("/data"))
        named = given_pull(home, tmp_path / "other", tmp_path, ["HOTLINE_URL=http://127.0.0.1:2"])
    assert (named.folder, named.data) == (tmp_path / "other", tmp_path)
    assert named.variables == {"HOTLINE_URL": "http://127.0.0.1:2"}


def test_without_a_demo_it_is_the_folder_of_the_small_county(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert given_pull(home, None, None, None).folder == Path("examples/county/sources")
    monkeypatch.chdir(home.parent)
    with pytest.raises(Refused, match="examples/county/sources is no folder here"):
        given_pull(home, None, None, None)
