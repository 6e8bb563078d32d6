"""No subscription goes past what binds queries: registered operations, the purposes of a token, its key."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from hub.subscriptions.as_query import as_query
from policies.operations.registered import document_id
from schema import SPINE
from tests.support.registered.county import RENTAL, TYPE_NAME, county_with, entry
from tests.support.registered.own_issuer import serving_own_issuer, token
from tests.support.registered.proofs import bound_to
from tests.support.serving import Served
from tests.support.subscribing.client import subscriber
from tests.support.subscribing.stream import Stream, stream

pytestmark = pytest.mark.attack
DOCUMENT, FIRE = "subscription { eventChanged { number } }", "safety.fire"
NAMED = "subscription Changes { eventChanged { number } }"


@pytest.fixture(scope="module")
def loose(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving_own_issuer(tmp_path_factory.mktemp("loose"), county_with(entry(TYPE_NAME))) as hub:
        yield hub


@pytest.fixture(scope="module")
def bound(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    entries = entry(TYPE_NAME), entry(as_query(NAMED, None, SPINE).text, FIRE)
    with serving_own_issuer(tmp_path_factory.mktemp("bound"), county_with(*entries, bound=True)) as hub:
        yield hub


def code_of(hub: Served, bearer: str, document: str | None = DOCUMENT, **members: str) -> str:
    """The code with which an operation ends, which nothing would be told of by these policies."""
    connection = subscriber(hub.port)
    connection.begin(bearer, FIRE)
    try:
        connection.send("subscribe", id="1", payload={"query": document, **members})
        return connection.code_of_error()
    finally:
        connection.close()


def test_a_bound_application_subscribes_to_nothing(loose: Served, bound: Served) -> None:
    assert code_of(loose, token()) == "FIELD_DENIED"
    assert code_of(bound, token()) == "OPERATION_NOT_REGISTERED"
    assert bound.records()[-1].result == "OPERATION_NOT_REGISTERED"
    assert code_of(loose, token(), None, documentId=document_id(TYPE_NAME)) == "VALIDATION"
    assert code_of(loose, token(), None, documentId=document_id("x")) == "OPERATION_NOT_REGISTERED"


def test_a_registered_query_is_no_leave_to_subscribe_to_what_it_asks(bound: Served) -> None:
    assert code_of(bound, token(), NAMED) == "OPERATION_NOT_REGISTERED"
    (query,) = (each.document for each in bound.hub.policy.operations.values() if each.document != TYPE_NAME)
    assert code_of(bound, token(), query) == "VALIDATION"
    assert code_of(bound, token(), None, documentId=document_id(query)) == "VALIDATION"


def test_the_purposes_of_a_token_hold_for_a_subscription(loose: Served) -> None:
    def for_purpose(purpose: str) -> str:
        return token(authorization_details=[{"type": "sluicegate_purposes", "purposes": [purpose]}])

    assert code_of(loose, for_purpose(FIRE)) == "FIELD_DENIED"
    assert code_of(loose, for_purpose("safety.fire.rental")) == "PURPOSE_DENIED"


def test_a_stream_is_bound_as_a_connection_is(loose: Served, bound: Served) -> None:
    def opened(hub: Served, purpose: str = FIRE, **members: str) -> Stream:
        return stream(hub.port, {"Authorization": f"Bearer {token()}", "Access-Purpose": purpose}, members)

    assert opened(loose, query=DOCUMENT).code_of_end() == "FIELD_DENIED"
    assert opened(bound, query=DOCUMENT).code == "OPERATION_NOT_REGISTERED"
    assert bound.records()[-1].result == "OPERATION_NOT_REGISTERED"
    assert opened(loose, documentId="sha256:0").code == "OPERATION_NOT_REGISTERED"
    for hub in (loose, bound):
        assert opened(hub, documentId=document_id(TYPE_NAME)).code == "PURPOSE_DENIED"
        asked = opened(hub, RENTAL, documentId=document_id(TYPE_NAME))
        assert asked.next()["data"] == {"__typename": "Query"}
        assert asked.receive() == ("complete", "")


@pytest.mark.parametrize("scheme", ["Bearer", "DPoP"])
def test_a_token_of_a_key_opens_no_connection(loose: Served, scheme: str) -> None:
    connection = subscriber(loose.port)
    stated = {"Authorization": f"{scheme} {token(cnf=bound_to())}", "Access-Purpose": FIRE}
    connection.send("connection_init", payload=stated)
    assert connection.closed() in {4401, 4403}
