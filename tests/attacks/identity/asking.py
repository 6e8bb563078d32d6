"""Clients that go on asking a hub while its keys are rotated, and count what they are refused."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx

from hub.home.issuer import Issuer
from hub.home.settings import Settings
from tests.support.serving import TELLING, code_of

PAGE = "query($after: String) { people(first: 1, after: $after) { edges { cursor node { id name } } } }"
NODE = "query($id: ID!) { node(id: $id) { id } }"
EACH_ANEW = httpx.Limits(max_keepalive_connections=0)
"""A connection for each request, so that any worker of a hub may be asked any of them."""


@dataclass
class Load:
    """What clients of a hub got: `failed` by code and place, `asked` by place."""

    asked: Counter[str] = field(default_factory=Counter)
    failed: Counter[str] = field(default_factory=Counter)

    def note(self, place: str, code: str) -> None:
        """Count an answer."""
        self.asked[place] += 1
        if code != "OK":
            self.failed[f"{place}: {code}"] += 1


def work(settings: Settings, old_token: str, old_id: str, stop: threading.Event, load: Load) -> None:
    """Ask as a client does that keeps a token, an id and cursors, and follows the log, until told to stop."""
    url = f"http://127.0.0.1:{settings.port}"
    with httpx.Client(base_url=url, headers=TELLING, trust_env=False, timeout=30, limits=EACH_ANEW) as client:

        def ask(place: str, token: str, query: str, **variables: Any) -> Any:
            headers = {"Authorization": f"Bearer {token}", "Access-Purpose": "event"}
            answer = client.post("/graphql", json={"query": query, "variables": variables}, headers=headers)
            load.note(place, code_of(answer))
            return answer.json()

        while not stop.is_set():
            fresh, after, seen = Issuer(settings).issue("desk", "clerk-2"), None, []
            receipt: dict[str, Any] = {}
            while edges := ask("page", fresh, PAGE, after=after)["data"]["people"]["edges"]:
                after = edges[0]["cursor"]
                seen.append(edges[0]["node"]["id"])
                found = ask("id", fresh, NODE, id=seen[-1])
                load.note("id found", "OK" if found["data"]["node"] else "nobody")
                receipt = found["extensions"]["receipt"]
            load.note("list", "OK" if len(set(seen)) == len(seen) == 4 else f"{len(set(seen))} of {len(seen)}")
            kept = ask("old id", old_token, NODE, id=old_id)
            load.note("old id found", "OK" if kept["data"]["node"] else "nobody")
            time.sleep(1.0)
            asked = {"index": receipt["index"], "leafHash": receipt["leafHash"]}
            load.note("proof", "OK" if client.get("/audit/proof", params=asked).status_code == 200 else "none")


@contextmanager
def under_load(settings: Settings, old_token: str, old_id: str) -> Iterator[Load]:
    """Inside this context four clients ask."""
    load, stop = Load(), threading.Event()
    threads = [threading.Thread(target=work, args=(settings, old_token, old_id, stop, load)) for _ in range(4)]
    for each in threads:
        each.start()
    try:
        yield load
    finally:
        stop.set()
        for each in threads:
            each.join()
