"""Whether a hub can serve, part by part: for `/readyz`, and as a log line and a metric for each change.

Each part is either usable or says in a few words why not; an outage has one line when it begins and one when it ends,
whether or not anybody asks meanwhile. No text here says anything about the content of the log or of a request.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

from prometheus_client import Counter, Gauge

from hub.errors import HubError
from hub.graph.catalogue_fit import FITS
from hub.graph.collected import COLLECTED
from hub.request.running import Hub
from policies.collecting.endings import due_to_purge, in_words, overdue

WATCH_SECONDS: Final = 1.0
GRAPH_EVERY: Final = 3
"""The graph is asked at each third look: the question goes over the network."""
USABLE: Final = ""
LOCAL_AWAY: Final = "it does not answer; start the local graph again, with the hub's home: sluicegate graph start"
SERVER_AWAY: Final = (
    "it does not answer; see that the server of SLUICEGATE_GRAPH_URL runs, that this machine reaches it, and that it "
    "takes the account and the password of the settings"
)
STALE: Final = "the loaded version is too old to be trusted, nothing is answered"
_log = logging.getLogger("sluicegate.state")


async def readiness_of(hub: Hub) -> dict[str, Any]:
    """Whether each part is usable, whether all are, and warnings for the operator."""
    follower = hub.policy_follower
    graph = await _graph(hub)
    parts = {
        "graph": graph == USABLE,
        "audit": hub.log.healthy,
        "policy": bool(hub.policy.purposes) and not (follower and follower.stale),
        "catalogue": hub.catalogue_fit.why == FITS,
    }
    if hub.settings.issuer_discovery:
        parts["keys"] = bool(hub.verifier.keys)
    warnings = [*(follower.warnings() if follower else []), *hub.key_warnings(), *hub.upkeep.warnings()]
    if hub.log.why:
        # A code for the operator, explained in docs/audit.md.
        warnings.append(f"audit: {hub.log.why}")
    if hub.log.ends_soon:
        warnings.append(f"audit: {hub.log.ends_soon}")
    warnings += [f"graph: {graph}"] if graph else await _overdue(hub)
    if hub.catalogue_fit.why:
        warnings.append(f"catalogue: {hub.catalogue_fit.why}")
    return {"ready": all(parts.values()), **parts, **({"warnings": warnings} if warnings else {})}


async def _overdue(hub: Hub) -> list[str]:
    """What had to be deleted and is still there; the graph is asked only where a day of `purge` has come."""
    purposes, today = hub.policy.purposes, hub.now().date()
    if not due_to_purge(purposes, today):
        return []
    try:
        rows = await hub.graph.fetch_for_hub(COLLECTED, deadline_seconds=hub.settings.graph_deadline)
    except HubError:
        return []
    return [f"purge: {in_words(each)}" for each in overdue(purposes, [row["purpose"] for row in rows], today)]


async def _graph(hub: Hub) -> str:
    """Why the graph cannot be used and what to do, or nothing."""
    if await hub.graph.ready():
        return USABLE
    return SERVER_AWAY if hub.settings.graph_url else LOCAL_AWAY


class Readiness:
    """The parts of one hub that serving needs."""

    def __init__(self, hub: Hub, clock: Callable[[], float] = time.monotonic) -> None:
        """`clock` is monotonic."""
        self._hub, self._clock = hub, clock
        self._since: dict[str, tuple[str, float]] = {}
        registry = hub.telemetry.registry
        self._usable = Gauge("sluicegate_usable", "1 while a part of the hub can be used.", ["part"], registry=registry)
        self._changes = Counter("sluicegate_state_changes", "Changes of a part's state.", ["part"], registry=registry)

    async def now(self) -> dict[str, Any]:
        """As `readiness_of`."""
        return await readiness_of(self._hub)

    async def watch(self) -> None:
        """Look again and again until cancelled, and tell each change."""
        look, graph = 0, USABLE
        while True:
            if look % GRAPH_EVERY == 0 or graph:
                graph = await _graph(self._hub)
            self.note({"graph": graph, **self._states()})
            look += 1
            await asyncio.sleep(WATCH_SECONDS)

    def note(self, states: Mapping[str, str]) -> None:
        """Tell what has changed since the last call; `states` says of each part why it cannot be used, or nothing."""
        now = self._clock()
        for part, state in states.items():
            before, since = self._since.get(part, (USABLE, now))
            self._usable.labels(part).set(state == USABLE)
            if part in self._since and before == state:
                continue
            self._since[part] = (state, now)
            if state != before:
                self._changes.labels(part).inc()
                if state:
                    _log.warning("%s: %s", part, state)
                else:
                    _log.warning("%s: usable again after %d s", part, now - since)

    def _states(self) -> dict[str, str]:
        hub, follower = self._hub, self._hub.policy_follower
        states = {
            "audit": hub.log.why,
            "audit months": hub.log.ends_soon,
            "issuer keys": "; ".join(hub.key_warnings()),
            "catalogue": hub.catalogue_fit.why,
        }
        if follower is not None:
            states["policy store"] = "it does not answer" if follower.away else USABLE
            states["policy"] = STALE if follower.stale else USABLE
        return states
