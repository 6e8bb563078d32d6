"""Where a running demo keeps its sources: published while it runs, readable by its owner only."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from connectors.base import ConnectorError
from hub.home.settings import Settings
from hub.ingest.source_locations import SourceLocations, published_source_locations, read_source_locations

pytestmark = pytest.mark.unit
LOCATIONS = SourceLocations("/sources", "/data", {"HOTLINE_URL": "http://127.0.0.1:1"}, {"HOTLINE_KEY": "canary"})


def test_the_locations_are_published_while_the_demo_runs(home: Path) -> None:
    settings = Settings.load(home=home)
    settings.prepare_home()
    assert read_source_locations(settings) is None
    with published_source_locations(settings, LOCATIONS):
        assert read_source_locations(settings) == LOCATIONS
        assert stat.S_IMODE((home / "sources.json").stat().st_mode) == 0o600
    assert read_source_locations(settings) is None
    assert not (home / "sources.json").exists()


def test_a_file_left_by_a_killed_demo_is_overwritten(home: Path) -> None:
    settings = Settings.load(home=home)
    settings.prepare_home()
    (home / "sources.json").write_text("{}", "utf-8")
    with published_source_locations(settings, LOCATIONS):
        assert read_source_locations(settings) == LOCATIONS


@pytest.mark.parametrize("content", ["", "[]", '{"data": "/x"}', '{"data": "/x", "other": 1}'])
def test_what_cannot_be_read_is_an_error_with_a_remedy(home: Path, content: str) -> None:
    settings = Settings.load(home=home)
    settings.prepare_home()
    (home / "sources.json").write_text(content, "utf-8")
    with pytest.raises(ConnectorError, match="give --data and --set"):
        read_source_locations(settings)


def test_a_secret_is_in_no_repr() -> None:
    assert "canary" not in repr(LOCATIONS)
