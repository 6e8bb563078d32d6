"""Names of policies on a command line, with and without a version store; looking one up makes no store."""

from __future__ import annotations

from pathlib import Path

import pytest

from hub.home.settings import Settings
from hub.steward.changes import steward_session
from hub.steward.policy_lookup import versions_of
from policies.language import load
from policies.versions import ChangeRefused
from schema import SPINE
from schema.strict_yaml import YamlFileError

pytestmark = pytest.mark.unit
COUNTY = Path(__file__).parents[4] / "examples" / "county" / "policies"


@pytest.fixture
def settings(home: Path) -> Settings:
    return Settings.load(home=home, policies=COUNTY)


def test_without_a_store_the_folder_is_current_and_there_are_no_numbers(settings: Settings) -> None:
    expected = load(COUNTY, SPINE).version
    with versions_of(settings, SPINE) as versions:
        assert versions.find("current").version == versions.find(str(COUNTY)).version == expected
        assert versions.of_hash(expected) is None
        with pytest.raises(YamlFileError, match="no version store"):
            versions.find("1")
    assert not settings.policy_file.exists()


def test_a_version_is_found_by_its_number_and_by_the_hash_that_the_log_keeps(settings: Settings) -> None:
    with steward_session(settings, SPINE):
        assert settings.policy_file.exists()
    expected = load(COUNTY, SPINE).version
    with versions_of(settings, SPINE) as versions:
        found = versions.of_hash(expected)
        assert found is not None
        assert found.version == versions.find("1").version == versions.find("current").version == expected
        assert versions.of_hash("0" * 32) is None
        with pytest.raises(ChangeRefused):
            versions.find("2")


def test_a_name_that_means_nothing_is_refused(settings: Settings, tmp_path: Path) -> None:
    with versions_of(settings, SPINE) as versions, pytest.raises(YamlFileError, match="is no folder here"):
        versions.find(str(tmp_path / "nowhere"))
