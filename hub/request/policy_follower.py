"""Follows the version store, so that a running hub always has the policy version in force.

A new version is taken completely, within seconds and between two requests, or not at all. The store is asked each
second, off the event loop. A version that does not load or fails its own check is not taken: the last good one stays,
and `/readyz`, a metric and a log line say so. While the store is away, or was changed from outside, nothing changes
until `max_age`; after that nothing is answered until it is mended.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
import time
from collections.abc import Callable
from typing import Protocol

from prometheus_client import CollectorRegistry, Gauge

from hub.errors import Code, HubError
from hub.log_lines import describe_exception
from policies.language import load_files
from policies.model import PolicySet
from policies.review.check import ERROR, check
from policies.store import PolicyStore
from policies.versions import Activation, StoreUnavailable, Tampered, moment
from schema.catalogue import Catalogue

POLL_SECONDS = 1.0
AWAY_SECONDS = 10.0
RETRY_SECONDS = 30.0
"""After how long a version that could not be used is tried again."""
CLOCK = "the clock of this machine is behind the newest change of the policies; set it, the loaded version stays"
_log = logging.getLogger("sluicegate.policy")


class PolicyHolder(Protocol):
    """A hub as the follower sees it: `policy` is replaced by one assignment."""

    policy: PolicySet
    catalogue: Catalogue

    @property
    def now(self) -> Callable[[], dt.datetime]:
        """The present, local and aware."""


class PolicyFollower:
    """Keeps the policy of one hub at the version in force."""

    def __init__(
        self,
        store: PolicyStore,
        hub: PolicyHolder,
        registry: CollectorRegistry,
        max_age: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`max_age` in seconds; `clock` is monotonic."""
        self.store = store
        self._hub = hub
        self._max_age = max_age
        self._clock = clock
        self._seen = clock()
        self._away = False
        self._taken: Activation | None = None
        self._bad: tuple[int, float] | None = None
        self._warning: str | None = None
        warning = Gauge("sluicegate_policy_warning", "1 while what should be in force is not.", registry=registry)
        warning.set_function(lambda: float(bool(self.warnings())))
        age = Gauge("sluicegate_policy_age_seconds", "Since the version store last answered.", registry=registry)
        age.set_function(lambda: self.age)
        self._number = Gauge("sluicegate_policy_number", "Number of the version in force.", registry=registry)

    @property
    def age(self) -> float:
        """Seconds since the store last answered."""
        return self._clock() - self._seen

    @property
    def stale(self) -> bool:
        """Whether the store has been away for so long that the loaded version may not be trusted."""
        return self.age > self._max_age

    @property
    def away(self) -> bool:
        """Whether the store does not answer, or has not for ten seconds."""
        return self._away or self.age > AWAY_SECONDS

    def read_again(self) -> None:
        """Try the version in force again at the next poll, also one that could not be used."""
        self._bad = None

    def check(self) -> None:
        """Raises HubError POLICY_UNAVAILABLE while the loaded version is too old to be trusted."""
        if self.stale:
            raise HubError(
                Code.POLICY_UNAVAILABLE,
                "the hub could not reach its policy store for too long, so it answers nothing; try again shortly",
            )

    def warnings(self) -> list[str]:
        """What is wrong while the hub still serves, for the operator; no personal value is in it."""
        away = [f"the policy store does not answer; the loaded version is {self.age:.0f} s old"] if self._away else []
        return [*away, *([self._warning] if self._warning else [])]

    async def run(self) -> None:
        """Poll each second until cancelled."""
        while True:
            try:
                await asyncio.to_thread(self.poll)
            except Exception as fault:
                self._warn(f"the policy store cannot be followed: {describe_exception(fault)}")
            await asyncio.sleep(POLL_SECONDS)

    def poll(self) -> None:
        """Take the version in force if it is not the one already taken; never raises for what the store holds."""
        try:
            activation = self.store.standing(self._hub.now())
            if self._taken is None or activation.id != self._taken.id:
                self._take(activation)
            else:
                self._bad = None
                self._warning = None
                if moment(self._hub.now()) < activation.made:
                    self._warn(CLOCK)
            self._seen, self._away = self._clock(), False
        except StoreUnavailable:
            self._away = True
        except Tampered as tampered:
            # Nobody knows what should be in force, so the loaded version ages as if the store were away.
            self._away = False
            self._warn(f"{tampered}; the last good version stays until it is too old")

    def _take(self, activation: Activation) -> None:
        if self._taken is not None and activation.id < self._taken.id:
            if moment(self._hub.now()) < self._taken.starts:
                # The activation that was taken is still there; this clock says that it has not begun.
                self._warn(CLOCK)
                return
            raise Tampered("the policy store was set back: an activation that was in force is gone")
        if self._bad is not None and self._bad[0] == activation.id and self._clock() < self._bad[1]:
            return
        if activation.hash != self._hub.policy.version:
            try:
                policy = self._load(activation)
            except StoreUnavailable:
                raise
            except Exception as fault:
                # Whatever is wrong with a version, the last good one stays.
                self._bad = (activation.id, self._clock() + RETRY_SECONDS)
                kind = type(fault).__name__
                self._warn(f"version {activation.version} cannot be used ({kind}); the last good version stays")
                return
            self._hub.policy = policy
            _log.info("version %d is in force: %s", activation.version, activation.hash)
        self._taken, self._warning, self._bad = activation, None, None
        self._number.set(activation.version)

    def _load(self, activation: Activation) -> PolicySet:
        found = self.store.in_force(self._hub.now())
        if found.activation.id != activation.id:
            raise StoreUnavailable("the policy store moved on meanwhile")  # the next poll takes it
        policy = load_files(found.files, self._hub.catalogue)
        wrong = [each for each in check(self._hub.catalogue, policy, self._hub.now().date()) if each.level == ERROR]
        if wrong or not policy.purposes:
            raise ValueError("a check of the version finds errors")
        return policy

    def _warn(self, text: str) -> None:
        if self._warning != text:
            _log.warning("%s", text)
        self._warning = text
