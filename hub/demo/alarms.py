"""Delivers the fire alarms of the sample county to the demo's hub, as the fire centre would.

Events go in their order, in batches, and a batch goes again until the hub has answered it. No event is shown.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from pathlib import Path
from typing import Any, Final

import httpx

from hub.home.issuer import Issuer
from hub.home.settings import Settings
from hub.sample.tally import Progress

APPLICATION: Final = "fire-centre"
SOURCE: Final = "alarms"
BATCH: Final = 50
BATCHED: Final = "application/cloudevents-batch+json"
_TRIES: Final = 20
_AGAIN: Final = frozenset({429, 503})


class NotDelivered(RuntimeError):
    """The hub took a batch not at all; the text says with which status, and no value of an event."""


def deliver_alarms(settings: Settings, path: Path, progress: Progress) -> Counter[str]:
    """Deliver every line of a file of events; how many have which status. Raises NotDelivered."""
    events = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    issuer, statuses = Issuer(settings), Counter[str]()
    url = f"http://{settings.host}:{settings.port}/ingest/{SOURCE}"
    with httpx.Client(trust_env=False, timeout=60) as client:
        for start in range(0, len(events), BATCH):
            headers = {
                "Authorization": f"Bearer {issuer.issue(APPLICATION, 'alarm-machine')}",
                "Content-Type": BATCHED,
            }
            answer = _until_answered(client, url, headers, events[start : start + BATCH])
            statuses.update(each["status"] for each in answer["results"])
            progress("alarms 火警", min(start + BATCH, len(events)), len(events))
    return statuses


def _until_answered(client: httpx.Client, url: str, headers: dict[str, str], batch: list[Any]) -> Any:
    status = 0
    for _ in range(_TRIES):
        response = client.post(url, json=batch, headers=headers)
        status = response.status_code
        if status == 200:
            return response.json()
        if status not in _AGAIN:
            break
        time.sleep(min(float(response.headers.get("Retry-After", "1")), 5.0))
    raise NotDelivered(f"the hub did not take the fire alarms: it answered {status}; its messages are above")
