"""The catalogue of an installation: the spine, its slices, and mask ladders that can be masked by."""

from __future__ import annotations

from pathlib import Path

import pytest

from hub.home.catalogue import catalogue_of
from hub.home.settings import Settings
from schema import SPINE
from schema.strict_yaml import YamlFileError
from tests.support.sources.slices import HEALTH, write_slices

pytestmark = pytest.mark.unit

LINE = next(at for at, line in enumerate(HEALTH.splitlines(), 1) if "partial(0,4)" in line)
TEXT = "kind: phone", "kind: free_text"


def settings(folder: Path, text: str) -> Settings:
    return Settings(slices=write_slices(folder / "slices", {"health.yaml": text}))


def test_without_slices_it_is_the_spine() -> None:
    assert catalogue_of(Settings()) is SPINE


def test_the_slices_of_a_home_are_part_of_it_unless_the_setting_names_others(tmp_path: Path) -> None:
    home = tmp_path / "home"
    write_slices(home / "slices", {"health.yaml": HEALTH})
    other = write_slices(tmp_path / "other", {"health.yaml": HEALTH.replace("Clinic", "Surgery")})
    assert [each.name for each in catalogue_of(Settings(home=home))][-1] == "Clinic"
    assert [each.name for each in catalogue_of(Settings(home=home, slices=other))][-1] == "Surgery"


def test_the_slices_of_the_setting_are_part_of_it(tmp_path: Path) -> None:
    assert [each.name for each in catalogue_of(settings(tmp_path, HEALTH))][-1] == "Clinic"


@pytest.mark.parametrize(
    ("rung", "said"),
    [
        ('"partial(0,400)"', "takes two small whole numbers"),
        ("surnames", "unknown mask 'surnames'"),
        ("year", "'year' cannot mask a String"),
        ("text", "'text' is for a free text"),
    ],
)
def test_a_rung_that_masks_nothing_is_told_with_its_line(tmp_path: Path, rung: str, said: str) -> None:
    with pytest.raises(YamlFileError, match=rf"^health.yaml:{LINE}: Clinic.phone: .*{said}"):
        catalogue_of(settings(tmp_path, HEALTH.replace('"partial(0,4)"', rung)))


def test_a_free_text_is_not_masked_like_a_number(tmp_path: Path) -> None:
    with pytest.raises(YamlFileError, match="would show what is personal in a free text"):
        catalogue_of(settings(tmp_path, HEALTH.replace(*TEXT)))
    assert catalogue_of(settings(tmp_path, HEALTH.replace(*TEXT).replace('"partial(0,4)"', "text")))
