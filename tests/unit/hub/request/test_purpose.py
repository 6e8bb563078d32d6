"""A purpose matches by its whole id or not at all, and a refusal names the subject's own purposes only."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest

from hub.errors import HubError
from hub.request.auth import registered
from policies.obligations import CaseRequired, Obligation
from policies.rules import Validity
from tests.support.stated_purposes import POLICY, TODAY, stated

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("app", "purpose"),
    [
        ("fire-inspection", "safety.fire"),
        ("fire-inspection", "safety.fire.rental"),
        ("grid-desk", "event.dispatch"),
        ("grid-desk", "event.callback"),
        ("welfare-visits", "welfare.elder"),
        ("hotline-insight", "voice.analyse"),
        ("statistics", "stat"),
    ],
)
def test_granted(app: str, purpose: str) -> None:
    found = stated(purpose, app)
    assert found.purpose == purpose
    assert found.grants


@pytest.mark.parametrize(
    "purpose",
    [
        "safety",
        "event.dispatch",
        "pop.register",
        "nothing.at.all",
        "safety.fire.rental.x",
        "Safety.fire",
        "SAFETY.FIRE",
        "safety.fire ",
        " safety.fire",
        "safety.fire\t",
        "safety.fire.",
        "safety..fire",
        "safety.fire,safety.fire.rental",
        "safety.fire safety.fire.rental",
        "safety.fire\x00",
        "safety.f\u0456re",
        "\uff53\uff41\uff46\uff45\uff54\uff59.fire",
        "safety\u2024fire",
        "*",
        "%",
        "safety.*",
        "x" * 1_000_000,
        "safety.fire" * 100,
    ],
    ids=lambda purpose: ascii(purpose)[:30],
)
def test_c02_c04_refused_with_one_text(purpose: str) -> None:
    with pytest.raises(HubError) as caught:
        stated(purpose)
    refusal = caught.value
    assert (str(refusal.code), refusal.http_status) == ("PURPOSE_DENIED", 403)
    assert (
        refusal.public_message
        == "this application has no grant in force for the purpose that it states; state another, or ask for a grant"
    )
    assert refusal.access == {"purposesThatWould": ["safety.fire", "safety.fire.rental", "safety.fire.case"]}


@pytest.mark.parametrize("purpose", [None, ""])
def test_c01_no_default_purpose(purpose: str | None) -> None:
    with pytest.raises(HubError) as caught:
        stated(purpose)
    assert str(caught.value.code) == "PURPOSE_REQUIRED"
    assert caught.value.access == {"purposesThatWould": ["safety.fire", "safety.fire.rental", "safety.fire.case"]}


@pytest.mark.parametrize(
    ("start", "end", "passes"),
    [
        (None, None, True),
        (TODAY, TODAY, True),
        (TODAY + dt.timedelta(1), None, False),
        (None, TODAY - dt.timedelta(1), False),
    ],
)
def test_c05_a_grant_out_of_force_is_no_grant(start: dt.date | None, end: dt.date | None, passes: bool) -> None:
    grants = tuple(replace(grant, valid=Validity(start, end)) for grant in POLICY.grants)
    policy = replace(POLICY, grants=grants)
    if passes:
        assert stated("safety.fire", policy=policy).grants
        return
    with pytest.raises(HubError) as caught:
        stated("safety.fire", policy=policy)
    assert str(caught.value.code) == "PURPOSE_DENIED"
    assert caught.value.access == {"purposesThatWould": []}


def test_a_case_is_kept_and_bounded() -> None:
    assert stated("safety.fire", case="EV-1").case == "EV-1"
    assert stated("safety.fire", case="x" * 64).case == "x" * 64
    assert stated("safety.fire", case="x" * 65).case is None, "too long for a case is no such case"


def test_a_case_is_required_where_every_grant_needs_one() -> None:
    needed: dict[str, Obligation] = {"case": CaseRequired()}
    grants = tuple(
        replace(grant, obligations=needed) if grant.id == "fire-places" else grant for grant in POLICY.grants
    )
    policy = replace(POLICY, grants=grants)
    for case in (None, ""):
        with pytest.raises(HubError) as caught:
            stated("safety.fire", policy=policy, case=case)
        assert str(caught.value.code) == "CASE_REQUIRED"
    assert stated("safety.fire", policy=policy, case="x" * 65).grants, "it named one; whether it exists is not told"
    assert stated("safety.fire.rental", policy=policy).grants, "another grant there needs none"


class TestStaff:
    """An application that lists its staff answers for nobody else."""

    policy = replace(
        POLICY,
        applications={
            **POLICY.applications,
            "grid-desk": replace(POLICY.applications["grid-desk"], staff={"wang": "14/03/21/001/002/003/"}),
        },
    )

    def test_listed(self) -> None:
        subject = registered(self.policy, "grid-desk", "wang")
        assert subject is not None
        assert subject.jurisdiction == "14/03/21/001/002/003/"

    @pytest.mark.parametrize("sub", ["Wang", "wang ", "li", ""])
    def test_unlisted(self, sub: str) -> None:
        assert registered(self.policy, "grid-desk", sub) is None

    def test_an_application_without_a_list_answers_for_its_own_jurisdiction(self) -> None:
        subject = registered(self.policy, "fire-inspection", "anyone")
        assert subject is not None
        assert subject.jurisdiction == "14/03/21/"
