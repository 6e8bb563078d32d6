"""What the workers of one hub tell each other is joined into one answer."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

import pytest
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from hub import siblings
from hub.siblings import ALONE, Siblings, WorkerState, metrics_of_all, own_socket, readiness_of_all

pytestmark = pytest.mark.unit


@pytest.fixture
def sockets() -> Iterator[list[socket.socket]]:
    made = [own_socket() for _ in range(3)]
    yield made
    for each in made:
        each.close()


READY = {"ready": True, "graph": True, "audit": True, "policy": True}


def metrics(code: str) -> bytes:
    registry = CollectorRegistry()
    Counter("asked", "Requests.", ["code"], registry=registry).labels(code).inc(2)
    Histogram("seconds", "Time.", registry=registry, buckets=(1.0,)).observe(0.5)
    return generate_latest(registry)


def samples(text: bytes) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    families = text_string_to_metric_families(text.decode())
    return {(each.name, tuple(sorted(each.labels.items()))): each.value for one in families for each in one.samples}


def test_a_hub_of_one_process_speaks_for_itself() -> None:
    async def asked() -> Mapping[int, WorkerState | None]:
        return await ALONE.ask()

    assert asyncio.run(asked()) == {}
    assert readiness_of_all(READY, {}) == READY
    own = metrics("OK")
    assert metrics_of_all(1, own, {}) == own


@pytest.mark.parametrize(
    ("others", "expected"),
    [
        ({2: {"readiness": READY}}, READY),
        ({2: {"readiness": {**READY, "graph": False, "ready": False}}}, {**READY, "graph": False, "ready": False}),
        ({2: None}, {**READY, "warnings": ["worker 2 does not answer"]}),
        (
            {2: {"readiness": {**READY, "warnings": ["a", "b"]}}, 3: {"readiness": {**READY, "warnings": ["b"]}}},
            {**READY, "warnings": ["a", "b"]},
        ),
    ],
)
def test_a_part_is_usable_if_every_worker_can_use_it(others: dict[int, Any], expected: dict[str, Any]) -> None:
    assert readiness_of_all(READY, others) == expected


def test_metrics_of_all_are_told_apart_by_a_label() -> None:
    text = metrics_of_all(2, metrics("OK"), {1: {"metrics": metrics("DENIED").decode()}, 3: None})
    found = samples(text)
    assert found["asked_total", (("code", "OK"), ("worker", "2"))] == 2
    assert found["asked_total", (("code", "DENIED"), ("worker", "1"))] == 2
    assert found["seconds_bucket", (("le", "1.0"), ("worker", "1"))] == 1
    up = {labels: value for (name, labels), value in found.items() if name == "sluicegate_worker_up"}
    assert up == {(("worker", "1"),): 1, (("worker", "2"),): 1, (("worker", "3"),): 0}
    assert text.count(b"# TYPE asked_total") == 1


def test_each_tells_the_others_and_not_more_often_than_is_kept(
    sockets: list[socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    addresses = [each.getsockname() for each in sockets]
    told = 0

    async def own() -> WorkerState:
        nonlocal told
        told += 1
        return {"readiness": READY, "metrics": "x" * 100_000}

    async def ask() -> list[dict[int, WorkerState | None]]:
        second = asyncio.create_task(Siblings(2, sockets[1], addresses).tell(own))
        await asyncio.sleep(0.05)
        sockets[2].close()  # its process is gone for good
        first = Siblings(1, sockets[0], addresses)
        found = [await first.ask(), await first.ask()]
        monkeypatch.setattr(siblings, "KEPT_SECONDS", 0.0)
        found.append(await first.ask())
        second.cancel()
        with suppress(asyncio.CancelledError):
            await second
        return found

    found = asyncio.run(ask())
    assert found == [{2: {"readiness": READY, "metrics": "x" * 100_000}, 3: None}] * 3
    assert told == 2


def test_one_that_is_silent_is_not_waited_for_long(
    sockets: list[socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(siblings, "ASK_SECONDS", 0.05)

    async def ask() -> Mapping[int, WorkerState | None]:
        return await Siblings(1, sockets[0], [each.getsockname() for each in sockets[:2]]).ask()

    assert asyncio.run(ask()) == {2: None}


def test_another_account_is_told_nothing(sockets: list[socket.socket], monkeypatch: pytest.MonkeyPatch) -> None:
    addresses = [each.getsockname() for each in sockets[:2]]

    async def own() -> WorkerState:
        return {"readiness": READY, "metrics": ""}

    async def ask() -> list[Mapping[int, WorkerState | None]]:
        second = asyncio.create_task(Siblings(2, sockets[1], addresses).tell(own))
        await asyncio.sleep(0.05)
        first = Siblings(1, sockets[0], addresses)
        found: list[Mapping[int, WorkerState | None]] = [await first.ask()]
        monkeypatch.setattr("os.geteuid", lambda: 4_242)
        found.append(await first.ask())
        second.cancel()
        with suppress(asyncio.CancelledError):
            await second
        return found

    assert asyncio.run(ask()) == [{2: {"readiness": READY, "metrics": ""}}, {2: None}]
