"""A token that is bound to purposes of queries delivers no events, and one that is bound to a key none without it."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from tests.push.pushing import sources_in
from tests.support.registered.county import county_with
from tests.support.registered.own_issuer import serving_own_issuer, token
from tests.support.registered.proofs import bound_to, proof
from tests.support.serving import Served, code_of

pytestmark = pytest.mark.attack
PURPOSES = [{"type": "sluicegate_purposes", "purposes": ["safety.fire"]}]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("push")
    with serving_own_issuer(folder, county_with(), sources=sources_in(folder / "sources")) as hub:
        yield hub


def deliver(hub: Served, *credentials: tuple[str, str]) -> httpx.Response:
    headers = [("Content-Type", "application/cloudevents-batch+json"), *credentials]
    return hub.client.post("/ingest/desk", content=b"[]", headers=headers)


def test_a_token_for_queries_delivers_nothing(served: Served) -> None:
    free = deliver(served, ("Authorization", f"Bearer {token()}"))
    assert free.status_code not in {401, 403}, free.text
    refused = deliver(served, ("Authorization", f"Bearer {token(authorization_details=PURPOSES)}"))
    assert (refused.status_code, code_of(refused)) == (403, "DELIVERY_DENIED")
    assert "bound to purposes" in refused.text


def test_a_token_of_a_key_delivers_with_its_key_alone(served: Served) -> None:
    bearer = token(cnf=bound_to())
    assert deliver(served, ("Authorization", f"Bearer {bearer}")).status_code == 401
    url = f"http://127.0.0.1:{served.port}/ingest/desk"
    shown = deliver(served, ("Authorization", f"DPoP {bearer}"), ("DPoP", proof(bearer, url)))
    assert shown.status_code not in {401, 403}, shown.text
