"""The demo's delivery of alarms, to a server that answers as a hub may: what has no answer goes again, in its order."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from hub.demo.alarms import BATCH, NotDelivered, deliver_alarms
from hub.home.settings import Settings
from hub.sample.loopback import serve
from tests.support.ports import free_port

pytestmark = pytest.mark.unit

EVENTS = [{"id": str(number)} for number in range(2 * BATCH + 7)]


class Hub:
    """Answers with these statuses, then with 200; keeps what it took."""

    def __init__(self, *statuses: int) -> None:
        self._statuses = [*statuses]
        self.taken: list[Any] = []

    async def answer(self, request: Request) -> Response:
        if self._statuses:
            return Response(status_code=self._statuses.pop(0), headers={"Retry-After": "0"})
        batch = await request.json()
        self.taken += batch
        return JSONResponse({"results": [{"status": "stored"} for _ in batch]})


def delivered(hub: Hub, folder: Path) -> dict[str, int]:
    settings = Settings.load(home=folder / "home", port=free_port())
    settings.prepare_home()
    path = folder / "alarms.jsonl"
    path.write_text("".join(json.dumps(each) + "\n" for each in EVENTS), "utf-8")
    app = Starlette(routes=[Route("/ingest/alarms", hub.answer, methods=["POST"])])
    with serve(app, "hub", settings.port):
        return deliver_alarms(settings, path, lambda *_: None)


def test_a_batch_goes_again_until_it_is_answered(tmp_path: Path) -> None:
    hub = Hub(503, 429, 503)
    assert delivered(hub, tmp_path) == {"stored": len(EVENTS)}
    assert hub.taken == EVENTS


def test_another_refusal_ends_it_by_its_status(tmp_path: Path) -> None:
    with pytest.raises(NotDelivered, match="it answered 403"):
        delivered(Hub(403), tmp_path)


def test_what_never_is_taken_is_given_up(tmp_path: Path) -> None:
    with pytest.raises(NotDelivered, match="it answered 503"):
        delivered(Hub(*[503] * 40), tmp_path)
