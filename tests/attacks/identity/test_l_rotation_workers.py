"""L42 with several workers: each takes each new key in its time, none refuses a request, and what is old stays good."""

from __future__ import annotations

import base64
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from audit.log import read
from audit.verify import verify
from hub.home.audit_log import digester_of, verifier_of
from hub.home.following import LOOK_SECONDS
from hub.home.issuer import Issuer
from hub.home.key_ring import FILES
from hub.home.rotation import AFTER_SECONDS, rotate
from hub.siblings import KEPT_SECONDS
from tests.attacks.identity.asking import EACH_ANEW, NODE, PAGE, under_load
from tests.support.attack_scene import POLICY, Scene
from tests.support.county import HubProcess, hub_before

pytestmark = [pytest.mark.attack, pytest.mark.slow, pytest.mark.wide]

BOUND_SECONDS = AFTER_SECONDS + LOOK_SECONDS + 2.0
"""How long after the command each worker makes everything with the new key."""


@pytest.fixture
def hub(scene: Scene, tmp_path: Path) -> Iterator[HubProcess]:
    with hub_before(scene.address, POLICY, tmp_path, graph_deadline=30.0, audit_deadline=20.0, workers=2) as running:
        yield running


def ask(hub: HubProcess, query: str, token: str, **variables: Any) -> Any:
    """The answer to a query over a connection of its own, which any worker may take."""
    headers = {"Authorization": f"Bearer {token}", "Access-Purpose": "event"}
    with httpx.Client(base_url=hub.url, trust_env=False, timeout=60, limits=EACH_ANEW) as client:
        answer = client.post("/graphql", json={"query": query, "variables": variables}, headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.json()


def first(hub: HubProcess, token: str) -> str:
    """The id of the first of the people that the desk sees."""
    found: str = ask(hub, PAGE, token)["data"]["people"]["edges"][0]["node"]["id"]
    return found


def key_of(sealed: str) -> int:
    """The number of the key under which an id was sealed, which is its first byte."""
    return base64.urlsafe_b64decode(sealed + "=" * (-len(sealed) % 4))[0]


def answered(hub: HubProcess) -> Counter[str]:
    """How many requests each worker has answered with OK by now: what one has told is told again for a while."""
    time.sleep(KEPT_SECONDS)
    families = text_string_to_metric_families(hub.client.get("/metrics").text)
    samples = [each for family in families for each in family.samples if each.name == "sluicegate_requests_total"]
    return Counter({each.labels["worker"]: int(each.value) for each in samples if each.labels["code"] == "OK"})


def test_l42_each_worker_takes_each_new_key_and_refuses_nothing(hub: HubProcess) -> None:
    settings = hub.settings
    old_token, old_digester = hub.issuer.issue("desk", "clerk-1"), digester_of(settings)
    old_id = first(hub, old_token)
    with under_load(settings, old_token, old_id) as load:
        time.sleep(2)
        for kind in FILES:
            rotate(settings, kind)
        rotated = time.time()
        while time.time() < rotated + BOUND_SECONDS:
            time.sleep(0.1)
        before = answered(hub)
        fresh = Issuer(settings).issue("desk", "clerk-1")
        keys = Counter(key_of(first(hub, fresh)) for _ in range(60))
        used = answered(hub) - before
    assert (load.failed, min(load.asked.values()) > 10) == (Counter(), True), load
    assert keys == {2: 60}, "a worker still seals ids with the key before"
    assert len(used) == 2 and min(used.values()) > 5, used
    assert key_of(old_id) == 1
    kept = [ask(hub, NODE, token, id=old_id)["data"]["node"] for token in (old_token, fresh) for _ in range(10)]
    assert all(kept), "an id of before is opened by each worker"
    hub.stop()
    assert verify(settings.audit_log, verifier=verifier_of(settings), recorded_head=settings.audit_head).ok
    _each_record_after_it_has_the_new_digest(hub, old_digester.digest("subject", "clerk-1"))


def _each_record_after_it_has_the_new_digest(hub: HubProcess, old: str) -> None:
    new, *others = digester_of(hub.settings).every("subject", "clerk-1")
    assert others == [old] != [new]
    subjects = [each.record.subject for each in read(hub.settings.audit_log) if each.record.subject in {old, new}]
    # One request may have begun with the key before and be recorded after one that began with the new.
    turn = subjects.index(new)
    assert old in subjects[:turn]
    assert len(subjects) - turn > 60
    assert set(subjects[turn + 20 :]) == {new}
