"""The way back and collisions, on a real store: a version beside the one in force, and both beside their base."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from hub.console.review.return_pages import against_in_force, from_base
from hub.console.steward.versions import Beside
from hub.home.settings import Settings
from hub.request.running import Hub
from hub.steward.actor import Actor
from hub.steward.changes import steward_session
from policies.language import load_files
from schema import SPINE
from tests.support.policy_stores import FILES

pytestmark = pytest.mark.unit


def showing(field: str) -> Mapping[str, bytes]:
    """The files with a grant of another field."""
    return {
        name: text.replace(b"{Building.name: clear}", f"{{{field}: clear}}".encode()) for name, text in FILES.items()
    }


def things(found: Beside | None) -> set[str]:
    """What changes between two contents."""
    assert found is not None
    assert found.decisions is not None
    return {each.thing for each in found.decisions.changes}


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    """A hub under version 2, made from 1 as the draft 3 was."""
    folder = tmp_path / "policies"
    folder.mkdir()
    for name, text in FILES.items():
        (folder / name).write_bytes(text)
    settings = Settings.load(home=tmp_path / "home", policies=folder)
    with steward_session(settings, SPINE) as changes:
        two, _ = (
            changes.draft({**showing(field)}, Actor("zhang"), 1, "note")
            for field in ("Building.code", "Building.region")
        )
        changes.approve(two.number, two.hash, Actor("li"))
        changes.activate(two.number, Actor("zhang"), None)
        parts = {"log": changes.log, "digester": changes.digester, "settings": settings, "catalogue": SPINE}
        in_force = load_files(changes.store.in_force().files, SPINE)
        yield cast("Hub", SimpleNamespace(**parts, policy=in_force, now=settings.now))


def test_the_way_back_shows_what_changes_from_the_version_in_force(hub: Hub) -> None:
    found = against_in_force(hub, 1)
    assert found is not None
    assert (found.past.version.number, found.current.version.number) == (1, 2)
    assert found.undone == (2,)
    assert things(found.change) == {"Building.code", "Building.name"}
    assert "+    fields: {Building.name: clear}" in found.change.texts["policy.yaml"]


def test_a_collision_shows_what_each_side_did_since_the_base(hub: Hub) -> None:
    found = from_base(hub, 3)
    assert found is not None
    assert things(found.in_force) == {"Building.code", "Building.name"}
    assert things(found.own) == {"Building.region", "Building.name"}
    assert "Building.region" in found.three_ways


def test_a_version_without_a_base_collides_with_nothing_and_one_that_is_not_there_is_none(hub: Hub) -> None:
    first = from_base(hub, 1)
    assert first is not None
    assert (first.in_force, first.own, first.three_ways) == (None, None, "")
    assert against_in_force(hub, 9) is None
    assert from_base(hub, 9) is None
