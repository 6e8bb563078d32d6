"""B18 and B20: a stream is let in as a query is, and looked at again as long as it is open."""

from __future__ import annotations

import datetime as dt
import time
from dataclasses import replace
from pathlib import Path

import pytest
from joserfc.jwk import KeySet

from hub.home.revocations import revoke
from hub.request.auth import SignedTokens
from tests.attacks.subscriptions.test_b_let_in import NARROWER, REVOKED, TOLD_SECONDS, UNRELATED, _forged
from tests.support.registered.own_issuer import AUDIENCE, ISSUER, KEY
from tests.support.registered.own_issuer import token as own_token
from tests.support.registered.proofs import bound_to, proof
from tests.support.serving import serving
from tests.support.subscribing.scene import DOCUMENT, Scene
from tests.support.subscribing.stream import stream

pytestmark = pytest.mark.attack


@pytest.mark.parametrize("policy", [REVOKED, NARROWER], ids=["revoked", "narrower"])
def test_b18_nothing_is_told_under_a_policy_that_has_changed(as_granted: Scene, policy: str) -> None:
    scene = as_granted
    scene.write([("T1", "RECEIVED", "001")])
    desk = scene.stream()
    scene.write([("T1", "HANDLING", "001")])
    assert desk.next()["data"]["eventChanged"]["status"] == "HANDLING"
    scene.grant(policy)
    changed = time.monotonic()
    scene.write([("T1", "CLOSED", "001")])
    assert desk.code_of_end() == "POLICY_CHANGED"
    assert time.monotonic() - changed < TOLD_SECONDS
    (end,) = [each for each in scene.records("refusal") if each.result == "POLICY_CHANGED"][-1:]
    assert end.application == "desk"


def test_b18_a_change_that_is_about_others_ends_nothing(as_granted: Scene) -> None:
    scene = as_granted
    scene.write([("T2", "RECEIVED", "001")])
    desk = scene.stream()
    scene.grant(UNRELATED)
    scene.write([("T2", "CLOSED", "001")])
    told = desk.next()
    assert told["data"]["eventChanged"]["status"] == "CLOSED"
    assert told["extensions"]["policyVersion"] == scene.served.hub.policy.version
    desk.close()


def test_b18_a_revoked_token_ends_what_it_opened(scene: Scene) -> None:
    desk = scene.stream(token=scene.served.issuer.issue("desk", "clerk-left"))
    revoke(scene.served.hub.settings, None, "clerk-left", None)
    began = time.monotonic()
    assert desk.code_of_end() == "UNAUTHENTICATED"
    assert time.monotonic() - began < TOLD_SECONDS


def test_b18_a_token_that_expires_ends_what_it_opened(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = scene.stream()
    now = scene.served.hub.now
    monkeypatch.setattr(scene.served.hub, "now", lambda: now() + dt.timedelta(hours=1))
    assert desk.code_of_end() == "UNAUTHENTICATED"


@pytest.mark.parametrize("how", ["unsigned", "signature of another", "no signature", "claims alone", "empty"])
def test_b20_a_token_is_verified_before_the_body_is_read(scene: Scene, how: str) -> None:
    before = len(scene.records())
    refused = scene.stream(token=_forged(scene)[how])
    assert (refused.status, refused.code) == (401, "UNAUTHENTICATED")
    assert refused.headers["www-authenticate"].startswith("Bearer")
    told = [each for each in scene.records()[before:] if each.kind == "refusal"]
    assert [(each.result, each.http_status) for each in told] == [("UNAUTHENTICATED", 401)]


@pytest.mark.parametrize(
    ("application", "purpose", "document", "status", "code"),
    [
        ("desk", None, DOCUMENT, 400, "PURPOSE_REQUIRED"),
        ("desk", "stat", DOCUMENT, 403, "PURPOSE_DENIED"),
        ("desk", "Event", DOCUMENT, 403, "PURPOSE_DENIED"),
        ("desk", "event", "subscription { personChanged { id } }", 400, "VALIDATION"),
        ("desk", "event", "subscription { eventChanged { idNumber } }", 400, "VALIDATION"),
        ("desk", "event", "subscription { a: eventChanged { id } b: eventChanged { id } }", 400, "VALIDATION"),
        ("desk", "event", "query A { __typename } subscription B { eventChanged { id } }", 400, "VALIDATION"),
        ("desk", "event", "mutation { x }", 400, "VALIDATION"),
        ("desk", "event", "subscription { eventChanged { number", 400, "VALIDATION"),
        ("desk", "event", "", 400, "BAD_REQUEST"),
    ],
)
def test_b20_what_may_not_be_asked_is_refused_as_a_query_is(
    scene: Scene, application: str, purpose: str | None, document: str, status: int, code: str
) -> None:
    before = len(scene.records("refusal"))
    refused = scene.stream(application, purpose, document)
    assert (refused.status, refused.code) == (status, code)
    assert refused.headers["content-type"].startswith("application/graphql-response+json")
    (record,) = scene.records("refusal")[before:]
    assert (record.result, record.http_status) == (code, status)


@pytest.mark.parametrize(
    ("document", "status", "code"),
    [
        ("subscription { eventChanged { nothing } }", 422, "VALIDATION"),
        ("subscription { eventChanged {", 400, "VALIDATION"),
        ("mutation { x }", 422, "VALIDATION"),
    ],
)
def test_b20_the_strict_profile_has_statuses_of_its_own(tmp_path: Path, document: str, status: int, code: str) -> None:
    with serving(tmp_path, http_profile="strict") as served:
        token = served.issuer.issue("fire-inspection", "inspector-1")
        headers = {"Authorization": f"Bearer {token}", "Access-Purpose": "safety.fire"}
        refused = stream(served.port, headers, {"query": document})
    assert (refused.status, refused.code) == (status, code)


def test_b20_what_is_denied_as_a_whole_is_told_as_in_a_query(scene: Scene) -> None:
    """A query gets null and 200 then, so here it is an event, and the last one."""
    scene.write([("T4", "RECEIVED", "001")])
    counter = scene.stream("counter", "stat")
    assert counter.status == 200
    scene.write([("T4", "CLOSED", "001")])
    assert counter.code_of_end() == "FIELD_DENIED"


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_b20_a_stream_is_opened_by_post_alone(scene: Scene, method: str) -> None:
    refused = stream(scene.served.port, scene.stated("desk", "event"), {"query": DOCUMENT}, method)
    assert (refused.status, refused.code, refused.headers["allow"]) == (405, "METHOD", "POST")


@pytest.mark.parametrize("headers", [{"Access_Errors": "all"}, {"Content_Type": "text/plain"}])
def test_b20_a_header_that_is_not_understood_opens_nothing(scene: Scene, headers: dict[str, str]) -> None:
    assert scene.stream(**headers).status in {400, 415}


def test_b20_a_token_of_a_key_opens_one_stream_with_each_proof(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    hub = scene.served.hub
    keys = replace(hub.verifier, issuer=ISSUER, audience=AUDIENCE, keys=KeySet([KEY]), signed=SignedTokens(10))
    monkeypatch.setattr(hub, "verifier", keys)
    bearer = own_token(app="desk", person="clerk-1", cnf=bound_to())
    once = proof(bearer, f"http://127.0.0.1:{scene.served.port}/graphql")
    scene.write([("T3", "RECEIVED", "001")])

    def asked(**headers: str) -> dict[str, str]:
        return {"Access-Purpose": "event", **headers}

    desk = stream(scene.served.port, asked(Authorization=f"DPoP {bearer}", DPoP=once), {"query": DOCUMENT})
    assert desk.is_silent(), "it is checked again, without another proof"
    scene.write([("T3", "CLOSED", "001")])
    assert desk.next()["data"]["eventChanged"]["status"] == "CLOSED"
    desk.close()
    for headers in (
        asked(Authorization=f"DPoP {bearer}", DPoP=once),
        asked(Authorization=f"DPoP {bearer}"),
        asked(Authorization=f"Bearer {bearer}"),
    ):
        refused = stream(scene.served.port, headers, {"query": DOCUMENT})
        assert (refused.status, refused.code) == (401, "UNAUTHENTICATED")
