"""What the workers of one hub tell each other, so that `/metrics` and `/readyz` speak for all of them.

A worker listens on a socket that the supervising process made, at an abstract address of Linux, which needs no file. To
a process of the same account it tells, in JSON, whether it can serve and what it counted, and closes. Both are public
on the hub's own port; nothing else is told.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
import struct
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from prometheus_client import generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector

ASK_SECONDS: Final = 4.0
"""How long a worker is waited for: it may have to find out first that the graph does not answer, for two seconds."""
KEPT_SECONDS: Final = 1.0
"""For so long the same is told again, so that nobody makes all workers busy by asking one of them."""
BEAT_SECONDS: Final = 5.0
"""How often a worker tells the process that started it that it goes on."""
WorkerState = Mapping[str, Any]
"""`readiness` as in `/readyz`, and `metrics` in the text format of Prometheus, of one worker."""


def own_socket() -> socket.socket:
    """A socket on which one worker can tell, at an address that the system chose; OSError elsewhere than on Linux."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind("")
    listener.listen(16)
    return listener


@dataclass(frozen=True, slots=True)
class Siblings:
    """All workers of one hub, as worker `number` (from 1 on) sees them; as it stands, a hub of one process."""

    number: int = 1
    listener: socket.socket | None = None
    addresses: Sequence[str | bytes] = ()
    """Where each worker tells, from the first on; none for a hub of one process."""

    async def tell(self, own: Callable[[], Awaitable[WorkerState]]) -> None:
        """Tell workers of this account that connect, until cancelled; only for a hub of several workers."""
        if self.listener is None:
            raise ValueError("a hub of one process has no siblings")
        state: asyncio.Task[bytes] | None = None
        found = -KEPT_SECONDS

        async def look() -> bytes:
            return json.dumps(await own()).encode()

        async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            nonlocal state, found
            try:
                if _is_of_another_account(writer.get_extra_info("socket")):
                    return
                if state is None or time.monotonic() - found > KEPT_SECONDS:
                    state, found = asyncio.create_task(look()), time.monotonic()
                async with asyncio.timeout(ASK_SECONDS):
                    writer.write(await asyncio.shield(state))
                    await writer.drain()
            except (TimeoutError, OSError):
                writer.transport.abort()
            finally:
                writer.close()

        async with await asyncio.start_unix_server(answer, sock=self.listener.dup()) as server:
            await server.serve_forever()

    async def ask(self) -> dict[int, WorkerState | None]:
        """What each other worker tells, by its number; None for one that does not answer."""
        others = [number for number in range(1, len(self.addresses) + 1) if number != self.number]
        told = await asyncio.gather(*(_state_of(self.addresses[number - 1]) for number in others))
        return dict(zip(others, told, strict=True))


ALONE: Final = Siblings()


def _is_of_another_account(connection: socket.socket) -> bool:
    """An address without a file has no owner: whoever is on this machine may connect."""
    peer = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    _, account, _ = struct.unpack("3i", peer)
    return bool(account != os.geteuid())


async def _state_of(address: str | bytes) -> WorkerState | None:
    wire = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    wire.setblocking(False)
    try:
        async with asyncio.timeout(ASK_SECONDS):
            wire.connect(address)  # at once, or not at all
            reader, writer = await asyncio.open_unix_connection(sock=wire)
            try:
                state: WorkerState = json.loads(await reader.read(-1))
            finally:
                writer.close()
    except (OSError, ValueError):
        wire.close()
        return None
    return state


def readiness_of_all(own: WorkerState, others: Mapping[int, WorkerState | None]) -> WorkerState:
    """Of each part, whether every worker that answers can use it; the warnings of all. A worker that does not answer is
    a warning: the others take its connections.
    """
    if not others:
        return own
    found = [own, *(told["readiness"] for told in others.values() if told is not None)]
    warnings = [each for one in found for each in one.get("warnings", ())]
    warnings += [f"worker {number} does not answer" for number, told in others.items() if told is None]
    usable = {part: all(one[part] for one in found) for part in own if part != "warnings"}
    return {**usable, **({"warnings": list(dict.fromkeys(warnings))} if warnings else {})}


def metrics_of_all(number: int, own: bytes, others: Mapping[int, WorkerState | None]) -> bytes:
    """The metrics of worker `number` and of the others, each sample with a label `worker`; its own if it is alone."""
    if not others:
        return own
    told: dict[int, WorkerState | None] = {**others, number: {"metrics": own.decode()}}
    families: dict[str, Metric] = {}
    up = GaugeMetricFamily("sluicegate_worker_up", "1 if a worker of the hub answers.", labels=["worker"])
    for worker, one in sorted(told.items()):
        up.add_metric([str(worker)], one is not None)
        for family in text_string_to_metric_families(one["metrics"] if one else ""):
            known = families.setdefault(family.name, Metric(family.name, family.documentation, family.type))
            known.samples += [
                sample._replace(labels={**sample.labels, "worker": str(worker)}) for sample in family.samples
            ]
    return generate_latest(_Collected([up, *families.values()]))


@dataclass(frozen=True, slots=True)
class _Collected(Collector):
    families: Iterable[Metric]

    def collect(self) -> Iterable[Metric]:
        return self.families
