"""Many subscribe and ask while the policy is switched: nothing leaves late under what was revoked, nothing unlogged.

A switch counts from just before its activation is written, and a delivery when the client has it, both by the clients'
clock: so each delay is at least what it really was. `make faults` has 200 clients and 100 switches, on a hub of one
process and on one of two workers (`SWITCH_CLIENTS`, `SWITCHES_UNDER_LOAD`, `SWITCH_WORKERS`).
"""

from __future__ import annotations

import asyncio
import math
import os
import random
import time
from collections import Counter
from collections.abc import Collection, Mapping
from pathlib import Path

import pytest

from audit.log import read
from audit.record import Record
from audit.verify import verify
from hub.graph.local import GraphAddress
from hub.home.audit_log import verifier_of
from tests.faults.switches.crowd import Crowd, Got
from tests.faults.switches.scene import APPS, FIELDS, REVOKED, WHOLES, World, is_granted, world_of
from tests.support.waiting import PATIENCE_SECONDS

pytestmark = [pytest.mark.fault, pytest.mark.slow, pytest.mark.wide]

CLIENTS = int(os.environ.get("SWITCH_CLIENTS", "20"))
SWITCHES = int(os.environ.get("SWITCHES_UNDER_LOAD", "2"))
WORKERS = [int(each) for each in os.environ.get("SWITCH_WORKERS", "1").split()]
SUBSCRIBERS = CLIENTS * 3 // 5
TOLD_SECONDS = float(os.environ.get("TOLD_SECONDS", "inf"))
LATE_SECONDS = 5.0
HOLD_SECONDS = LATE_SECONDS + 1
"""How long a policy is in force at least: what leaves late under the one before must be seen to be late."""
Log = dict[str, tuple[int, str, Record]]


@pytest.mark.parametrize("workers", WORKERS)
def test_l_no_delivery_is_late_or_unlogged_under_switches(
    tmp_path: Path, empty_graph: GraphAddress, rng: random.Random, workers: int
) -> None:
    with world_of(empty_graph, tmp_path, workers) as world:
        crowd, before = Crowd(world), world.memory()
        most = asyncio.run(_run(crowd, rng, CLIENTS / 200))
        world.hub.stop()
        settings = world.hub.settings
        assert verify(settings.audit_log, verifier=verifier_of(settings), recorded_head=settings.audit_head).ok
        log = {each.record.request_id: (each.index, each.leaf_hash, each.record) for each in read(settings.audit_log)}
    delivered = max(_delay(world, each, each.received) for each in crowd.deliveries)
    answered = max(_delay(world, each, each.received) for each in crowd.answers)
    slowest = _slowest_end(crowd)
    longest = max(each.received - each.asked for each in crowd.answers)
    print(
        f"\n{CLIENTS} clients ({SUBSCRIBERS} subscribers), {SWITCHES} switches, {workers} worker(s): worst delay of a"
        f" delivery under a revoked grant {delivered:.2f} s, of an answer {answered:.2f} s; POLICY_CHANGED told within"
        f" {slowest:.2f} s; {crowd.pushed} events, {len(crowd.deliveries)} deliveries, {len(crowd.answers)} answers"
        f" (the slowest {longest:.2f} s), {len(log)} records; hub {before:.0f} MiB at first, {most:.0f} at most;"
        f" load {os.getloadavg()[0]:.1f}"
    )
    assert delivered < LATE_SECONDS
    assert max(_delay(world, each, each.asked) for each in crowd.answers) < LATE_SECONDS
    assert slowest < TOLD_SECONDS
    _check_only_those_concerned_are_told(crowd)
    _check_each_is_logged(crowd, log)


async def _run(crowd: Crowd, rng: random.Random, every: float) -> float:
    """All clients, while the policy is switched; the most MiB that the hub held."""
    who = [(APPS[at % len(APPS)], f"person-{at}") for at in range(CLIENTS)]
    watching = {person: app for app, person in who[:SUBSCRIBERS]}
    async with asyncio.TaskGroup() as tasks:
        for person, app in watching.items():
            tasks.create_task(crowd.subscribe(app, person))
        for app, person in who[SUBSCRIBERS:]:
            tasks.create_task(crowd.ask(app, person, random.Random(rng.random())))
        pushing = tasks.create_task(crowd.push(every))
        most = await _switch(crowd, watching)
        crowd.stop.set()
        await pushing
        steady = {person for person, app in watching.items() if app == "steady"}
        await _until(steady, crowd.last, 0.0, "lost nothing and was not told of the last event")
        await asyncio.sleep(2)
        crowd.done.set()
    return most


async def _switch(crowd: Crowd, watching: dict[str, str]) -> float:
    """Switch as often as told, each time when all that is granted was seen and all that went was told to be gone."""
    world, most = crowd.world, 0.0
    for at in range(SWITCHES + 1):
        now = world.switches[-1]
        granted = [person for person, app in watching.items() if is_granted(app, now.side)]
        lost = watching.keys() - granted if at else ()
        await _until(granted, crowd.seen, now.done, "was not told of any event under a policy that grants it")
        await _until(lost, crowd.changed, now.began, "was not told that the policy has changed")
        most = max(most, world.memory())
        if at < SWITCHES:
            side = "b" if now.side == "a" else "a"
            version = await asyncio.to_thread(world.draft, side)
            await asyncio.to_thread(world.switch, version, side)
            await asyncio.sleep(HOLD_SECONDS)
    return most


async def _until(people: Collection[str], last: Mapping[str, float], since: float, what: str) -> None:
    """Wait until each of these people has had something since then."""
    end = time.monotonic() + PATIENCE_SECONDS
    while late := [each for each in people if last.get(each, 0.0) <= since]:
        assert time.monotonic() < end, f"{len(late)} of {len(people)}: {late[0]} {what}"
        await asyncio.sleep(0.05)


def _delay(world: World, got: Got, when: float) -> float:
    """Seconds from the switch that revoked it until something was shown; 0 for what was granted or not shown."""
    if got.shown is None:
        return 0.0
    revoked = 0.0
    for switch in world.switches:
        if switch.began > when:
            break
        revoked = 0.0 if is_granted(got.app, switch.side) else switch.began
    return when - revoked if revoked else 0.0


def _slowest_end(crowd: Crowd) -> float:
    """The longest that it took until somebody whose grant went was told so, in seconds from the switch."""
    slowest = 0.0
    switches = crowd.world.switches[1:]
    for switch, end in zip(switches, (*(each.began for each in switches[1:]), math.inf), strict=True):
        told: dict[str, float] = {}
        for app, person, code, when in crowd.ended:
            if code == "POLICY_CHANGED" and switch.began < when <= end and not is_granted(app, switch.side):
                told.setdefault(person, when - switch.began)
        slowest = max(slowest, *told.values())
    return slowest


def _check_only_those_concerned_are_told(crowd: Crowd) -> None:
    """No subscription ends whose grant stays, and none for another reason than what was revoked."""
    ends = {(app, code) for app, _, code, _ in crowd.ended}
    changed = {(app, "POLICY_CHANGED") for app in (*FIELDS, *WHOLES)}
    assert ends == changed | {(app, "PURPOSE_DENIED") for app in WHOLES}


def _check_each_is_logged(crowd: Crowd, log: Log) -> None:
    """Each delivery and answer is the one in the log, decided by the policy that it names; each end has a record."""
    sides = {switch.hash: switch.side for switch in crowd.world.switches}
    for got in (*crowd.deliveries, *crowd.answers):
        index, leaf, record = log[got.told["requestId"]]
        receipt = got.told["receipt"]
        assert (receipt["index"], receipt["leafHash"]) == (index, leaf)
        assert (record.result, record.application) == (got.code, got.app)
        assert record.policy_version == got.told["policyVersion"]
        shown = REVOKED in record.decision.clear
        assert shown == (got.code == "OK" and is_granted(got.app, sides[got.told["policyVersion"]]))
        assert shown or got.shown is None
    records = [record for _, _, record in log.values() if record.application in APPS]
    assert len([each for each in records if each.http_status]) == len(crowd.answers)
    ended = Counter((app, code) for app, _, code, _ in crowd.ended)
    assert Counter((each.application, each.result) for each in records if _is_end(each)) == ended
    told = len({got.told["requestId"] for got in crowd.deliveries})
    assert told == len(crowd.deliveries) <= len([each for each in records if _is_delivery(each)])


def _is_delivery(record: Record) -> bool:
    return record.kind == "query" and not record.http_status and record.nodes == 1


def _is_end(record: Record) -> bool:
    return record.kind == "refusal" and not record.http_status
