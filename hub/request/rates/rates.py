"""Spends from the buckets of an application and of its person, and tells both what is left.

Each request costs something as soon as its sender is known, and the rest before anything is counted or fetched. The
headers are those of the draft `draft-ietf-httpapi-ratelimit-headers` (10), and name nobody.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from hub.buckets import SECOND, Bucket, Buckets, Quota, Spent
from hub.errors import Code, HubError
from hub.home.settings import Settings
from hub.request.cost import Cost
from hub.request.rates.price import REQUEST, further_price
from policies.model import Application, Rate, RateLimits
from policies.rules import Subject

APPLICATION, PERSON = "application", "person"
NAMES: Final = (APPLICATION, PERSON)
"""The names of both limits, in the policy, in the headers and in this order."""
UNIT: Final = "cost"
"""Of what the limits are; the draft's own units are requests, bytes and requests at a time."""
ACCOUNTS: Final = 10_000
"""Of how many persons it is kept where their buckets lie, so that it need not be found again."""


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of an application, and the header that tells them."""

    application: Quota
    person: Quota
    policy: str


class _Known(NamedTuple):
    declared: RateLimits
    limits: Limits
    buckets: tuple[Bucket, Bucket]


@dataclass(slots=True)
class Account:
    """The two buckets from which one request spends, and what it came to so far."""

    limits: Limits
    buckets: tuple[Bucket, Bucket]
    spent: Spent | None = field(default=None)

    def headers(self) -> Mapping[str, str]:
        """What the limits are, how much is left, and in how many seconds there is more."""
        if self.spent is None:
            return {}
        whole, own = self.spent.left
        more_of_whole, more = int(whole < self.limits.application.burst), int(own < self.limits.person.burst)
        if self.spent.waits:
            wait_for_whole, wait = map(_seconds, self.spent.waits)
            more_of_whole, more = wait_for_whole or more_of_whole, wait or more
        left = f'"{APPLICATION}";r={whole};t={more_of_whole}, "{PERSON}";r={own};t={more}'
        return {"RateLimit-Policy": self.limits.policy, "RateLimit": left}


class Rates:
    """The rate limits of one hub; used on its event loop."""

    def __init__(self, settings: Settings, buckets: Buckets) -> None:
        self._of_application = Rate(settings.rate_of_application, settings.burst_of_application)
        self._of_person = Rate(settings.rate_of_person, settings.burst_of_person)
        self._buckets = buckets
        self._known: dict[tuple[str, str], _Known] = {}

    def limits(self, declared: RateLimits) -> Limits:
        """The limits of an application: what its entry in the registry says, or else the settings.

        Where only the application's stand there, each person has at most half of them.
        """
        whole = declared.application or self._of_application
        half = Rate(max(1, whole.rate // 2), max(REQUEST, whole.burst // 2))
        own = _lesser(declared.person or _lesser(self._of_person, half), whole)
        application, person = Quota(whole.rate, whole.burst), Quota(own.rate, own.burst)
        told = [
            f'"{name}";q={quota.burst};qu="{UNIT}";w={quota.window}'
            for name, quota in zip(NAMES, (application, person), strict=True)
        ]
        return Limits(application, person, ", ".join(told))

    def open(self, subject: Subject, application: Application) -> Account:
        """The buckets of a request whose sender is known."""
        known = self._known.get((subject.application, subject.sub))
        if known is None or known.declared is not application.limits:
            known = self._find(subject, application.limits)
        return Account(known.limits, known.buckets)

    def enter(self, account: Account | None) -> None:
        """Spend what each request costs; raises HubError RATE_LIMIT."""
        self._spend(_known(account), REQUEST, REQUEST)

    def spend(self, account: Account | None, cost: Cost) -> None:
        """Spend the rest of what an operation costs; raises HubError RATE_LIMIT, or COST_LIMIT for more than a bucket
        ever holds.
        """
        account = _known(account)
        if further := further_price(cost):
            for name, quota in zip(NAMES, (account.limits.application, account.limits.person), strict=True):
                if further + REQUEST > quota.burst:
                    raise _too_costly(name, further + REQUEST, quota)
            self._spend(account, further, further + REQUEST)

    def _spend(self, account: Account, units: int, whole: int) -> None:
        account.spent = spent = self._buckets.spend(account.buckets, units, whole)
        if spent.waits:
            longest = max(spent.waits)
            raise _over(NAMES[spent.waits.index(longest)], whole, _seconds(longest))

    def _find(self, subject: Subject, declared: RateLimits) -> _Known:
        """Where the buckets of a person lie, under the limits that the policy in force declares."""
        limits = self.limits(declared)
        # No name of an application has a blank in it.
        buckets = (
            self._buckets.bucket(0, subject.application, limits.application),
            self._buckets.bucket(1, f"{subject.application} {subject.sub}", limits.person),
        )
        if len(self._known) >= ACCOUNTS:
            self._known.clear()
        known = self._known[subject.application, subject.sub] = _Known(declared, limits, buckets)
        return known


def _known(account: Account | None) -> Account:
    if account is None:
        raise ValueError("the sender is not known")
    return account


def _lesser(one: Rate, other: Rate) -> Rate:
    return Rate(min(one.rate, other.rate), min(one.burst, other.burst))


def _seconds(nanoseconds: int) -> int:
    """Whole seconds, rounded up; none for what is over."""
    return max(0, -(-nanoseconds // SECOND))


WHOSE: Final = {APPLICATION: "this application, with all its persons,", PERSON: "each person of this application"}


def _over(name: str, units: int, seconds: int) -> HubError:
    text = (
        f"{WHOSE[name]} may ask for so much at a time and no more; wait {seconds} s (Retry-After) for the "
        f"{units} units that this costs, ask less often, or for smaller pages"
    )
    return HubError(Code.RATE_LIMIT, text, retry_after=seconds)


def _too_costly(name: str, units: int, quota: Quota) -> HubError:
    text = (
        f"the operation costs {units} units, and {WHOSE[name]} may spend {quota.burst} at once; ask for smaller pages, "
        "or in several requests"
    )
    return HubError(Code.COST_LIMIT, text)
