"""A clock that jumps refuses tokens beyond their leeway; it moves neither the order of the log nor a duration (L30)."""

from __future__ import annotations

import asyncio
import datetime as dt
import secrets
import time
from pathlib import Path

import orjson
import pytest

from audit.log import read
from audit.verify import verify
from hub.home.issuer import LEEWAY_SECONDS
from hub.request.endpoint import Arrival
from hub.request.pipeline import answer
from tests.support.serving import Served, code_of, serving

pytestmark = pytest.mark.fault

HOUR = 3_600.0


async def ask(served: Served, token: str, shift: float) -> tuple[int, str]:
    """Index and result of the record of one request that came while the clock was off by `shift` seconds."""
    moment = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=shift)
    served.hub.now = lambda: moment
    headers = [("authorization", f"Bearer {token}"), ("access-purpose", "safety.fire.rental")]
    headers.append(("content-type", "application/json"))
    body = orjson.dumps({"query": "{ __typename }"})
    sent = tuple(headers)
    arrival = Arrival(secrets.token_hex(16), moment, time.monotonic_ns(), "POST", "/graphql", sent, body)
    told = orjson.loads(bytes((await answer(served.hub, arrival)).body))
    errors = told.get("errors")
    return told["extensions"]["receipt"]["index"], errors[0]["extensions"]["code"] if errors else "OK"


def test_l30_a_clock_that_jumps(tmp_path: Path) -> None:
    shifts = {
        0.0: "OK",
        HOUR: "UNAUTHENTICATED",
        1.0: "OK",
        -HOUR: "UNAUTHENTICATED",
        -LEEWAY_SECONDS / 2: "OK",
        -LEEWAY_SECONDS * 2: "UNAUTHENTICATED",
        2.0: "OK",
    }
    with serving(tmp_path) as served:
        assert code_of(served.ask()) == "OK"
        token = served.issuer.issue("fire-inspection", "inspector-1")

        async def jump() -> list[tuple[int, str]]:
            return [await ask(served, token, shift) for shift in shifts]

        found = asyncio.run(jump())
        assert [code for _, code in found] == list(shifts.values())
        assert [index for index, _ in found] == list(range(1, len(shifts) + 1))
    logged = list(read(served.hub.settings.audit_file))
    times = [each.record.time for each in logged]
    assert times != sorted(times)
    assert all(0 <= each.record.duration_us < HOUR * 1_000_000 for each in logged)
    assert verify(served.hub.settings.audit_file).ok
