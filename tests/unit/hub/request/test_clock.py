"""A clock that is set back takes no policy out of force, and is named for what it is."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from hub.request.policy_follower import CLOCK, PolicyFollower
from policies.language import load_files
from policies.store import PolicyStore
from schema import SPINE
from tests.support.policy_stores import FILES, Clock, a_store, changed, in_file, publish

pytestmark = pytest.mark.unit


def following(store: PolicyStore, clock: Clock) -> PolicyFollower:
    hub: Any = SimpleNamespace(policy=load_files(FILES, SPINE), catalogue=SPINE, now=clock)
    return PolicyFollower(store, hub, CollectorRegistry(), 600.0)


@pytest.mark.parametrize("back", [{"seconds": -1}, {"hours": -8}, {"days": -400}])
def test_case_6_04_a_clock_set_back_is_named_and_changes_nothing(tmp_path: Path, back: dict[str, float]) -> None:
    clock = Clock()
    store = a_store(in_file(tmp_path), clock)
    clock.forward(minutes=5)
    publish(store, changed("second"))
    follower = following(store, clock)
    follower.poll()
    assert follower.warnings() == []
    clock.forward(**back)
    assert store.in_force().version.number == 2
    follower.poll()
    assert follower.warnings() == [CLOCK]
    assert not follower.stale
    restarted = following(store, clock)
    restarted.poll()
    restarted.poll()
    assert restarted.warnings() == [CLOCK]
    clock.forward(days=401)
    follower.poll()
    assert follower.warnings() == []
    store.close()


def test_case_6_04_a_start_that_the_clock_takes_back_is_not_called_tampering(tmp_path: Path) -> None:
    clock = Clock()
    store = a_store(in_file(tmp_path), clock)
    follower = following(store, clock)
    version = store.draft(changed("later"), "zhang")
    store.approve(version.number, version.hash, "li")
    store.activate(version.number, "li", clock.now + dt.timedelta(hours=1))
    clock.forward(hours=2)
    follower.poll()
    clock.forward(minutes=-90)
    follower.poll()
    assert follower.warnings() == [CLOCK]
    clock.forward(hours=2)
    follower.poll()
    assert follower.warnings() == []
    store.close()
