"""Which limits an application has, what an operation costs, and what its sender is told."""

from __future__ import annotations

import re
from typing import Any, get_args

import pytest

from hub.buckets import Buckets, Quota
from hub.errors import Code, HubError
from hub.home.settings import Burst, Settings
from hub.request.cost import LIMITS, Cost
from hub.request.rates.price import REQUEST, told_price
from hub.request.rates.rates import Account, Rates
from policies.model import Application, Rate, RateLimits
from policies.rules import Subject
from policies.yaml_models import LEAST_BURST
from tests.support.small_graph import SCHEMA

pytestmark = pytest.mark.unit
CHEAP = Cost(nodes=5)


def rates(**settings: Any) -> Rates:
    return Rates(Settings(**settings), Buckets(now=lambda: 0))


def account(found: Rates, person: str = "wang.fang", limits: RateLimits | None = None) -> Account:
    desk = Application("desk", "台", "Desk", "grid", "14/", limits=limits or RateLimits())
    return found.open(Subject("desk", "grid", "", "", "14/", person), desk)


def limits(rate: int, burst: int, own: tuple[int, int] | None = None) -> RateLimits:
    return RateLimits(Rate(rate, burst), Rate(*own) if own else None)


def test_without_an_entry_the_settings_say_it() -> None:
    found = rates().limits(RateLimits())
    assert (found.application, found.person) == (Quota(200_000, 2_000_000), Quota(40_000, 400_000))
    found = rates(rate_of_person=7, burst_of_application=900).limits(RateLimits())
    assert (found.application, found.person) == (Quota(200_000, 900), Quota(7, 450))


@pytest.mark.parametrize(
    ("declared", "person"),
    [
        (limits(100, 1_000), Quota(50, 500)),
        (limits(10**6, 10**7), Quota(40_000, 400_000)),
        (limits(100, 1_000, (100, 1_000)), Quota(100, 1_000)),
        (limits(1, 100), Quota(1, 100)),
        (RateLimits(person=Rate(10**6, 10**7)), Quota(200_000, 2_000_000)),
        (RateLimits(person=Rate(5, 50)), Quota(5, 50)),
    ],
)
def test_nobody_has_more_than_half_of_an_application_unless_it_says_so_and_never_more_than_all(
    declared: RateLimits, person: Quota
) -> None:
    assert rates().limits(declared).person == person


def test_the_largest_operation_fits_into_the_defaults() -> None:
    largest = Cost(nodes=LIMITS.cost, introspected=LIMITS.introspection * len(SCHEMA.type_map))
    assert told_price(largest)["total"] < Settings().burst_of_person


def test_the_least_burst_is_what_the_cheapest_request_costs() -> None:
    assert LEAST_BURST == REQUEST
    assert get_args(Burst)[1].metadata[0].ge == REQUEST


def test_a_price_is_the_sum_of_its_parts() -> None:
    assert told_price(Cost(3, 4, 20, 0)) == {"total": 120, "request": 100, "nodes": 20, "introspection": 0}
    assert told_price(Cost(introspected=11)) == {"total": 102, "request": 100, "nodes": 0, "introspection": 2}


def test_headers_tell_both_limits_and_what_is_left() -> None:
    found = account(rates(), limits=limits(100, 1_000))
    assert found.headers() == {}, "nothing was looked at"
    rate = rates()
    found = account(rate, limits=limits(100, 1_000))
    rate.enter(found)
    assert found.headers() == {
        "RateLimit-Policy": '"application";q=1000;qu="cost";w=10, "person";q=500;qu="cost";w=10',
        "RateLimit": '"application";r=900;t=1, "person";r=400;t=1',
    }
    rate.spend(found, CHEAP)
    assert found.headers()["RateLimit"] == '"application";r=895;t=1, "person";r=395;t=1'


def test_a_refusal_says_whose_limit_it_is_and_when_to_come_again() -> None:
    rate = rates()
    found = account(rate, limits=limits(1_000, 10_000, (100, 1_000)))
    rate.enter(found)
    with pytest.raises(HubError) as refused:
        rate.spend(found, Cost(nodes=810))
        rate.spend(found, Cost(nodes=810))
    assert refused.value.code is Code.RATE_LIMIT
    # It has 90 units and will be asked for 910.
    assert refused.value.retry_after == 9
    assert re.search("each person of this application .* wait 9 s .* 910 units", refused.value.public_message)
    assert found.headers()["RateLimit"] == '"application";r=9090;t=1, "person";r=90;t=9'
    # Others of the application are not in its way, until the application has no more itself.
    other = account(rate, "li.wei", limits(1_000, 10_000, (100, 1_000)))
    rate.enter(other)
    rate.spend(other, Cost(nodes=900))


def test_an_application_has_no_more_than_its_own_whoever_asks() -> None:
    rate = rates()
    declared = limits(100, 1_000, (100, 1_000))
    for at in range(10):
        rate.enter(account(rate, f"person-{at}", declared))
    with pytest.raises(HubError, match="this application, with all its persons") as refused:
        rate.enter(account(rate, "one-more", declared))
    assert refused.value.retry_after == 1


def test_what_no_bucket_ever_holds_is_refused_for_good() -> None:
    rate = rates()
    found = account(rate, limits=limits(100, 1_000))
    rate.enter(found)
    with pytest.raises(HubError, match=r"costs 501 units, and each person .* 500 at once") as refused:
        rate.spend(found, Cost(nodes=401))
    assert (refused.value.code, refused.value.retry_after) == (Code.COST_LIMIT, None)
    rate.spend(found, Cost(nodes=400))


def test_a_request_without_an_account_is_a_fault() -> None:
    with pytest.raises(ValueError, match="not known"):
        rates().spend(None, CHEAP)


def test_two_applications_with_persons_of_one_name_share_nothing() -> None:
    rate = rates()
    one = account(rate, limits=limits(10, 100))
    rate.enter(one)
    desk = Application("desk2", "台", "Desk", "grid", "14/", limits=limits(10, 100))
    rate.enter(rate.open(Subject("desk2", "grid", "", "", "14/", "wang.fang"), desk))


def test_another_policy_in_force_is_followed_and_what_is_kept_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hub.request.rates.rates.ACCOUNTS", 3)
    rate = rates()
    one, same = account(rate, limits=limits(1_000, 10_000)), account(rate, limits=limits(1_000, 10_000))
    assert one.buckets == same.buckets, "an equal entry of another version is the same bucket"
    assert account(rate, limits=limits(1_000, 9_000)).limits.application == Quota(1_000, 9_000)
    for at in range(10):
        account(rate, f"person-{at}")
    assert len(rate._known) <= 3
