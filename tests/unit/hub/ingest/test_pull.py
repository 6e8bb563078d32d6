"""A running demo tells `sluicegate pull` where its sources are, and nobody else, and no longer than it runs."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from connectors.base import ConnectorError
from hub.home.settings import Settings
from hub.ingest.pull import Where, told, where_told

pytestmark = pytest.mark.unit
WHERE = Where("/data", {"HOTLINE_URL": "http://127.0.0.1:1"}, {"HOTLINE_KEY": "canary"})


def test_what_is_told_is_found_while_it_lasts(home: Path) -> None:
    settings = Settings.load(home=home)
    settings.prepare_home()
    assert where_told(settings) is None
    with told(settings, WHERE):
        assert where_told(settings) == WHERE
        assert stat.S_IMODE((home / "sources.json").stat().st_mode) == 0o600
    assert where_told(settings) is None
    assert not (home / "sources.json").exists()


def test_what_a_killed_demo_left_is_overwritten(home: Path) -> None:
    settings = Settings.load(home=home)
    settings.prepare_home()
    (home / "sources.json").write_text("{}", "utf-8")
    with told(settings, WHERE):
        assert where_told(settings) == WHERE


@pytest.mark.parametrize("content", ["", "[]", '{"data": "/x"}', '{"data": "/x", "other": 1}'])
def test_what_cannot_be_read_is_an_error_with_a_remedy(home: Path, content: str) -> None:
    settings = Settings.load(home=home)
    settings.prepare_home()
    (home / "sources.json").write_text(content, "utf-8")
    with pytest.raises(ConnectorError, match="give --data and --set"):
        where_told(settings)


def test_a_secret_is_in_no_repr() -> None:
    assert "canary" not in repr(WHERE)
