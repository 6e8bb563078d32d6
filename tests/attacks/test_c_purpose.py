"""C: a purpose is one exact id, and a grant covers its descendants only."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from policies.decide import applicable
from policies.language import load
from schema import SPINE
from tests.support.attack_scene import POLICY, Scene
from tests.support.small_graph import TODAY, policy, subject

pytestmark = pytest.mark.attack
COUNTY = load(Path(__file__).parents[2] / "examples" / "county" / "policies", SPINE)
OPEN = {
    "fire-inspection": {"safety.fire", "safety.fire.rental"},
    "grid-desk": {"event.dispatch", "event.callback"},
    "welfare-visits": {"welfare.elder"},
    "hotline-insight": {"voice.analyse"},
    "statistics": {"stat"},
}


def open_to(application: str, purpose: str) -> bool:
    return bool(applicable(COUNTY, subject(COUNTY, application), purpose, TODAY))


@pytest.mark.parametrize("application", sorted(OPEN))
def test_c02_no_sibling_parent_or_foreign_purpose(application: str) -> None:
    known = {purpose for purpose in COUNTY.purposes if open_to(application, purpose)}
    assert known >= OPEN[application]
    granted = {each for grant in COUNTY.grants for each in grant.purposes if open_to(application, each)}
    for purpose in COUNTY.purposes:
        below = any(purpose == each or purpose.startswith(each + ".") for each in granted)
        assert open_to(application, purpose) is below, purpose
    assert not any(open_to(application, parent) for parent in ("safety", "event", "welfare", "voice"))


@pytest.mark.parametrize(
    "spelling",
    [
        *(
            "Safety.fire",
            "SAFETY.FIRE",
            "safety.fire ",
            " safety.fire",
            "safety.fire\n",
            "safety.fire.",
            ".safety.fire",
        ),
        *(
            "safety．fire",
            "ｓafety.fire",
            "safety.ﬁre",
            "sаfety.fire",
            "safety.fire\u200b",
            "safety.fire\x00",
            "safety.fíre",
        ),
        *("safety..fire", "safety.*", "safety.%", "safety/fire", "", ".", "safety.fire" * 100_000),
    ],
    ids=lambda each: repr(each[:20]),
)
def test_c04_look_alikes_are_other_purposes(spelling: str) -> None:
    assert open_to("fire-inspection", "safety.fire")
    assert not open_to("fire-inspection", spelling)


@pytest.mark.parametrize(
    "stated", ["event.dispatch,event.callback", "event.dispatch event.callback", "event.dispatch;stat"]
)
def test_c08_two_purposes_are_none(stated: str) -> None:
    assert not open_to("grid-desk", stated)


@pytest.mark.parametrize(("day", "held"), [(TODAY, True), (TODAY + dt.timedelta(days=1), False)])
def test_c05_a_grant_ends_for_the_next_operation(tmp_path: Path, day: dt.date, held: bool) -> None:
    ended = policy(tmp_path, POLICY.replace("  - id: own\n", f"  - id: own\n    valid: {{to: {TODAY}}}\n"))
    given = {grant.id for grant in applicable(ended, subject(ended, "desk"), "event", day)}
    assert ("own" in given) is held


def test_c02_a_prohibition_reaches_the_purpose_above(scene: Scene, tmp_path: Path) -> None:
    document = "{ people { edges { node { reports { number } } } } }"
    assert scene.desk(document).codes == []
    for purpose, struck in (("event", True), ("event.call", True), ("safety", False)):
        text = POLICY.replace("for: [safety, stat]", f"for: [{purpose}]")
        changed = Scene(scene.address, policy(tmp_path / purpose, text))
        assert (changed.desk(document).codes == ["FIELD_DENIED"]) is struck
