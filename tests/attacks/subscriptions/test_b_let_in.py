"""B18 and B20: who may subscribe is looked at as for a query, and again as long as the subscription is open."""

from __future__ import annotations

import base64
import datetime as dt
import json
import time
from typing import Any

import pytest

from hub.home.revocations import revoke
from hub.request.running import Hub
from hub.subscriptions import follower, outbox
from hub.subscriptions.delivery import Told, deliver
from hub.subscriptions.operation import Operation, policy_changed
from tests.support.subscribing.client import subscriber
from tests.support.subscribing.scene import DOCUMENT, POLICY, Scene

pytestmark = pytest.mark.attack
NARROWER = POLICY.replace("      Event.status: clear\n", "")
REVOKED = POLICY.replace("to: {application: [desk, next-desk]}", "to: {application: [next-desk]}")
UNRELATED = POLICY.replace("Event.kind: aggregate", "Event.status: aggregate")
TOLD_SECONDS = 5.0


@pytest.mark.parametrize("policy", [REVOKED, NARROWER], ids=["revoked", "narrower"])
def test_b18_nothing_is_told_under_a_policy_that_has_changed(as_granted: Scene, policy: str) -> None:
    scene = as_granted
    scene.write([("B1", "RECEIVED", "001")])
    desk = scene.subscribe()
    scene.opened(desk)
    scene.write([("B1", "HANDLING", "001")])
    assert desk.next()["data"]["eventChanged"]["status"] == "HANDLING"
    scene.grant(policy)
    changed = time.monotonic()
    scene.write([("B1", "CLOSED", "001")])
    assert desk.code_of_error() == "POLICY_CHANGED"
    assert time.monotonic() - changed < TOLD_SECONDS
    assert desk.is_silent()
    (end,) = [each for each in scene.records("refusal") if each.result == "POLICY_CHANGED"][-1:]
    assert end.application == "desk"
    desk.close()


def test_b18_a_change_that_is_about_others_ends_nothing(as_granted: Scene) -> None:
    scene = as_granted
    scene.write([("B2", "RECEIVED", "001")])
    desk = scene.subscribe()
    scene.opened(desk)
    scene.grant(UNRELATED)
    scene.write([("B2", "CLOSED", "001")])
    payload = desk.next()
    assert payload["data"]["eventChanged"]["status"] == "CLOSED"
    assert payload["extensions"]["policyVersion"] == scene.served.hub.policy.version
    desk.close()


def test_b18_an_end_that_a_delivery_finds_first_is_recorded_once(
    as_granted: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def ended_meanwhile(hub: Hub, operation: Operation, sid: str) -> Told | None:
        told = await deliver(hub, operation, sid)
        operation.end(policy_changed())
        return told

    scene = as_granted
    scene.write([("B4", "RECEIVED", "001")])
    desk = scene.subscribe()
    scene.opened(desk)
    monkeypatch.setattr(follower, "check", lambda *_: None)
    monkeypatch.setattr(outbox, "deliver", ended_meanwhile)
    before = len(scene.records("refusal"))
    scene.grant(NARROWER)
    scene.write([("B4", "CLOSED", "001")])
    assert desk.code_of_error() == "POLICY_CHANGED"
    assert desk.is_silent()
    assert [each.result for each in scene.records("refusal")[before:]] == ["POLICY_CHANGED"]
    desk.close()


def test_b18_a_revoked_token_ends_what_it_opened(scene: Scene) -> None:
    scene.write([("B3", "RECEIVED", "001")])
    token = scene.served.issuer.issue("desk", "clerk-gone")
    desk = scene.subscribe(token=token)
    scene.opened(desk)
    revoke(scene.served.hub.settings, None, "clerk-gone", None)
    began = time.monotonic()
    assert desk.code_of_error() == "UNAUTHENTICATED"
    assert time.monotonic() - began < TOLD_SECONDS
    assert desk.closed() == 4403


def test_b18_a_token_that_expires_ends_what_it_opened(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = scene.subscribe()
    scene.opened(desk)
    now = scene.served.hub.now
    monkeypatch.setattr(scene.served.hub, "now", lambda: now() + dt.timedelta(hours=1))
    assert desk.code_of_error() == "UNAUTHENTICATED"
    assert desk.closed() == 4403


def _unsigned(claims: dict[str, Any]) -> str:
    def part(value: Any) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    return f"{part({'alg': 'none', 'typ': 'JWT', 'kid': 'x'})}.{part(claims)}."


def _forged(scene: Scene) -> dict[str, str]:
    good = scene.served.issuer.issue("desk", "clerk-1")
    head, body, signature = good.split(".")
    claims = json.loads(base64.urlsafe_b64decode(body + "=="))
    return {
        "unsigned": _unsigned(claims),
        "signature of another": f"{head}.{_unsigned({**claims, 'client_id': 'counter'}).split('.')[1]}.{signature}",
        "no signature": f"{head}.{body}.",
        "claims alone": json.dumps(claims),
        "empty": "",
    }


@pytest.mark.parametrize("how", ["unsigned", "signature of another", "no signature", "claims alone", "empty"])
def test_b20_a_token_in_the_payload_is_verified_as_in_the_header(scene: Scene, how: str) -> None:
    token = _forged(scene)[how]
    before = len(scene.records())
    client = subscriber(scene.served.port)
    client.send("connection_init", payload={"Authorization": f"Bearer {token}", "Access-Purpose": "event"})
    assert client.closed() == 4403
    told = [each for each in scene.records()[before:] if each.kind == "refusal"]
    assert [each.result for each in told] == ["UNAUTHENTICATED"]
    assert scene.served.ask(token=token or "x", purpose="event").status_code == 401


@pytest.mark.parametrize(
    "payload",
    [
        {"jwt": {"client_id": "desk", "sub": "clerk-1"}},
        {"Authorization": {"client_id": "desk", "sub": "clerk-1"}},
        ["Bearer x"],
        {"Authorization": "Bearer x", "subject": "desk"},
    ],
)
def test_b20_claims_in_the_payload_are_not_read(scene: Scene, payload: Any) -> None:
    client = subscriber(scene.served.port)
    client.send("connection_init", payload=payload)
    assert client.closed() == 4400


def test_b20_header_and_payload_may_not_both_say_who_asks(scene: Scene) -> None:
    token = scene.served.issuer.issue("desk", "clerk-1")
    client = subscriber(scene.served.port, additional_headers={"Authorization": f"Bearer {token}"})
    client.send("connection_init", payload={"Authorization": f"Bearer {token}"})
    assert client.closed() == 4400


def test_b20_the_header_of_the_connection_is_read_too(scene: Scene) -> None:
    token = scene.served.issuer.issue("desk", "clerk-1")
    headers = {"Authorization": f"Bearer {token}", "Access-Purpose": "event"}
    client = subscriber(scene.served.port, additional_headers=headers)
    client.send("connection_init")
    assert client.receive() == {"type": "connection_ack"}
    client.close()


def test_b20_nothing_is_asked_before_the_sender_is_known(scene: Scene) -> None:
    client = subscriber(scene.served.port)
    client.subscribe("1", DOCUMENT)
    assert client.closed() == 4401


@pytest.mark.parametrize(
    ("application", "purpose", "document", "code"),
    [
        ("desk", None, DOCUMENT, "PURPOSE_REQUIRED"),
        ("desk", "stat", DOCUMENT, "PURPOSE_DENIED"),
        ("desk", "Event", DOCUMENT, "PURPOSE_DENIED"),
        ("counter", "stat", DOCUMENT, "FIELD_DENIED"),
        ("desk", "event", "subscription { personChanged { id } }", "VALIDATION"),
        ("desk", "event", "subscription { eventChanged { idNumber } }", "VALIDATION"),
        ("desk", "event", "subscription { a: eventChanged { id } b: eventChanged { id } }", "VALIDATION"),
        ("desk", "event", "subscription { ...F } fragment F on Subscription { eventChanged { id } }", "VALIDATION"),
        ("desk", "event", "{ events { edges { node { number } } } }", "VALIDATION"),
        ("desk", "event", "mutation { x }", "VALIDATION"),
        ("desk", "event", "subscription { eventChanged { number", "VALIDATION"),
        ("desk", "event", "subscription { eventChanged { number @defer } }", "VALIDATION"),
    ],
)
def test_b20_what_may_not_be_asked_is_refused_as_in_a_query(
    scene: Scene, application: str, purpose: str | None, document: str, code: str
) -> None:
    client = scene.subscribe(application, purpose)
    client.subscribe("1", document)
    assert client.code_of_error() == code
    client.subscribe("2", document)
    assert client.code_of_error() == code, "the connection stays"
    client.close()
