"""What a page loads of a version is kept by the hashes of the files and of the catalogue: another of either shows."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from hub.console.steward.versions import KEPT_CONTENTS, loaded
from hub.home.catalogue import catalogue_of
from hub.home.settings import Settings
from hub.request.pipeline import Hub
from policies.language import load_files
from schema import SPINE
from schema.catalogue import Catalogue
from schema.strict_yaml import YamlFileError
from tests.support.policy_stores import FILES
from tests.support.sources.large_catalogue import write_large_catalogue

pytestmark = pytest.mark.unit
IN_FORCE = load_files(FILES, SPINE)


def hub_with(catalogue: Catalogue = SPINE) -> Hub:
    return cast("Hub", SimpleNamespace(catalogue=catalogue, policy=IN_FORCE))


def noted(number: int) -> dict[str, bytes]:
    """The files with a comment more."""
    name = min(FILES)
    return {**FILES, name: FILES[name] + f"\n# {number}\n".encode()}


def test_the_policy_in_force_is_not_loaded_again() -> None:
    assert loaded(hub_with(), FILES) is IN_FORCE


def test_a_content_is_loaded_once_and_another_one_shows() -> None:
    one = loaded(hub_with(), noted(1))
    assert loaded(hub_with(), noted(1)) is one
    other = {name: content.replace(b"basis: law", b"basis: another") for name, content in noted(1).items()}
    assert other != noted(1)
    assert {each.basis for each in loaded(hub_with(), other).grants} != {each.basis for each in one.grants}


def test_files_that_do_not_load_are_refused_each_time() -> None:
    for _ in range(2):
        with pytest.raises(YamlFileError):
            loaded(hub_with(), {**FILES, "wrong.yaml": b"grants: [{id: wrong}]"})


def test_another_catalogue_shows(tmp_path: Path) -> None:
    larger = catalogue_of(Settings(slices=write_large_catalogue(tmp_path / "slices", 1)))
    grant = b"grants: [{id: new, to: {application: [app]}, for: [a], basis: law, rows: {Kind0x0: {}},"
    files = {**FILES, "new.yaml": grant + b" fields: {Kind0x0.field0: clear}}]"}
    assert {each.id for each in loaded(hub_with(larger), files).grants} == {"places", "new"}
    with pytest.raises(YamlFileError):
        loaded(hub_with(), files)


def test_only_so_many_contents_are_kept() -> None:
    first = loaded(hub_with(), noted(10))
    for number in range(11, 11 + KEPT_CONTENTS):
        loaded(hub_with(), noted(number))
    assert loaded(hub_with(), noted(10)) is not first
