"""What a page loads and compares is kept by the hashes of files and catalogue, and by the day: another one shows."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from hub.console.steward.versions import KEPT_CONTENTS, KEPT_DIFFERENCES, decided_beside, loaded
from hub.home.catalogue import catalogue_of
from hub.home.settings import Settings
from hub.request.running import Hub
from policies.language import load_files
from schema import SPINE
from schema.catalogue import Catalogue
from schema.strict_yaml import YamlFileError
from tests.support.policy_stores import FILES
from tests.support.sources.large_catalogue import write_large_catalogue

pytestmark = pytest.mark.unit
TODAY = dt.datetime(2026, 6, 30, 9, tzinfo=dt.UTC)
IN_FORCE = load_files(FILES, SPINE)


def hub_with(catalogue: Catalogue = SPINE, now: dt.datetime = TODAY) -> Hub:
    return cast("Hub", SimpleNamespace(catalogue=catalogue, policy=IN_FORCE, now=lambda: now))


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


def masked(number: int) -> dict[str, bytes]:
    """The files with one grant less, and a comment."""
    files = noted(number)
    return {
        name: content.replace(b"{Building.name: clear}", b"{Building.code: clear}") for name, content in files.items()
    }


def test_a_comparison_is_made_once_and_another_content_or_day_shows() -> None:
    one = decided_beside(hub_with(), FILES, masked(1)).decisions
    assert one is not None
    assert {each.thing for each in one.changes} == {"Building.name", "Building.code"}
    assert decided_beside(hub_with(), FILES, masked(1)).decisions is one
    tomorrow = decided_beside(hub_with(now=TODAY + dt.timedelta(days=1)), FILES, masked(1)).decisions
    assert tomorrow is not None
    assert {each.since for each in tomorrow.changes} == {each.since + dt.timedelta(days=1) for each in one.changes}
    back, same = (decided_beside(hub_with(), masked(1), each).decisions for each in (FILES, noted(20)))
    assert back is not None
    assert same is not None
    assert (back.changes, back.after) == (same.changes, IN_FORCE.version)
    assert back.after != same.after
    nothing = decided_beside(hub_with(), FILES, noted(20)).decisions
    assert nothing is not None
    assert nothing.changes == ()


def test_only_so_many_comparisons_are_kept() -> None:
    first = decided_beside(hub_with(), FILES, noted(40)).decisions
    for number in range(KEPT_DIFFERENCES):
        decided_beside(hub_with(now=TODAY + dt.timedelta(days=number + 1)), FILES, noted(40))
    assert decided_beside(hub_with(), FILES, noted(40)).decisions is not first
