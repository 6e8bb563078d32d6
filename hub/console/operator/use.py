"""What a hub uses of each thing that is bounded and measured, beside its bound, for a page.

Numbers of this worker, and of the machine on which it runs. What reads files blocks, and is for a thread.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from hub.console.lanes import MOST_WAITING, Lanes
from hub.console.operator.health import Machine
from hub.fair_share import WAITING_IN_ALL
from hub.request.running import Hub

NEAR: Final = 0.8
"""The part of its bound from which a use is near it."""
_MEMORY: Final = Path("/proc/meminfo")


@dataclass(frozen=True, slots=True)
class Use:
    """How much is used of what is bounded: `name` is that of words, `unit` one of nothing, bytes, percent or seconds.

    `setting` bounds it, if one does.
    """

    name: str
    used: float
    limit: float
    unit: str = ""
    setting: str = ""
    near: float = NEAR

    @property
    def part(self) -> float:
        """The part of the bound that is used; 1 is all of it."""
        return self.used / self.limit if self.limit else 0.0

    @property
    def is_near(self) -> bool:
        """Whether somebody should look at it."""
        return self.part > self.near


def uses_of(hub: Hub, lanes: Lanes, policy_age: float | None) -> Sequence[Use]:
    """What the requests and pages of this worker use now; on the event loop. `policy_age` is in seconds."""
    turns, settings = hub.round_trips.turns, hub.settings
    statements = "SLUICEGATE_GRAPH_STATEMENTS"
    found = [
        Use("statements", turns.running, settings.graph_statements, "", statements),
        Use("queue", turns.waiting, WAITING_IN_ALL, "", statements),
        Use("pages", lanes.busiest, MOST_WAITING),
    ]
    if policy_age is not None:
        found.append(Use("policy_age", policy_age, settings.policy_max_age, "seconds", "SLUICEGATE_POLICY_MAX_AGE"))
    return found


def uses_of_machine(machine: Machine) -> Sequence[Use]:
    """What is used of the machine; above its bound, work waits for a processor."""
    return [
        Use("load", machine.load[0] * 100, 100, "percent", near=1.0),
        Use("disk", machine.disk - machine.free, machine.disk, "bytes"),
        *_memory(),
    ]


def _memory() -> Sequence[Use]:
    """The memory of the machine; nothing where the system does not tell."""
    try:
        lines = [line.split() for line in _MEMORY.read_text("ascii").splitlines()]
        told = {line[0]: int(line[1]) * 1024 for line in lines if len(line) > 1}
        return [Use("memory", told["MemTotal:"] - told["MemAvailable:"], told["MemTotal:"], "bytes")]
    except (OSError, KeyError, ValueError):
        return []
