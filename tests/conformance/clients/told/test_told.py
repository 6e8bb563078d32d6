"""Clients that others made subscribe with their defaults, or the setting of docs/clients.md, and are told changes."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from gql import Client, gql
from gql.transport.exceptions import TransportQueryError
from gql.transport.httpx import HTTPXAsyncTransport
from gql.transport.websockets import WebsocketsTransport

from hub.graph.local import GraphAddress
from hub.home.revocations import revoke
from tests.conformance.clients.test_clients import CLIENTS_PAGE, asked, operations_of, plain
from tests.conformance.clients.told.programs import Running, install_subscribers, running
from tests.support.county import County
from tests.support.project import ROOT
from tests.support.subscribing.scene import DOCUMENT, POLICY, Scene, scene_of

pytestmark = [pytest.mark.conformance, pytest.mark.slow, pytest.mark.wide]
REVOKED = POLICY.replace("to: {application: [desk, next-desk]}", "to: {application: [next-desk]}")
CLIENTS: dict[str, dict[str, Any]] = {
    "graphql_ws": {},
    "graphql_sse": {},
    "apollo_ws": {},
    "urql_ws": {},
    "urql_sse": {"fetchSubscriptions": True},
}
"""What has to be set; the rest is each client's default."""


@pytest.fixture(scope="module")
def scene(
    graph_address: GraphAddress, wipe: Callable[[], None], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Scene]:
    wipe()
    with scene_of(graph_address, tmp_path_factory.mktemp("told")) as made:
        yield made
    wipe()


@pytest.fixture
def as_granted(scene: Scene) -> Iterator[Scene]:
    yield scene
    scene.grant()


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return install_subscribers(tmp_path_factory.mktemp("programs"))


def told(scene: Scene, person: str, settings: Mapping[str, Any], purpose: str = "event") -> dict[str, Any]:
    """What a program is told: where the hub is, and what to subscribe to."""
    headers = {"Authorization": f"Bearer {scene.served.issuer.issue('desk', person)}", "Access-Purpose": purpose}
    where = f"127.0.0.1:{scene.served.port}/graphql"
    urls = {"url": f"http://{where}", "socketUrl": f"ws://{where}"}
    return {**urls, "document": DOCUMENT, "headers": headers, "settings": settings}


def code_of_end(client: Running) -> str:
    """The code with which a subscription ends, wherever its client puts it."""
    last = client.receive()
    errors: Any = last.get("error") or last.get("end")
    code: str = errors[0]["extensions"]["code"]
    return code


@pytest.mark.parametrize("end", ["POLICY_CHANGED", "UNAUTHENTICATED"])
@pytest.mark.parametrize("name", CLIENTS)
def test_a_client_is_told_a_change_and_an_end(as_granted: Scene, programs: Path, name: str, end: str) -> None:
    scene, person = as_granted, f"clerk of {name}"
    scene.write([("C1", "RECEIVED", "001")])
    before = len(scene.records("query"))
    with running(programs, name, told(scene, person, CLIENTS[name])) as client:
        scene.await_query(before)
        scene.write([("C1", "CLOSED", "001")])
        event = client.receive()["data"]["eventChanged"]
        assert plain(event) == {
            "number": "C1", "status": "CLOSED", "reporterPhone": "****9999", "reporterName": None,
        }  # fmt: skip
        if end == "POLICY_CHANGED":
            scene.grant(REVOKED)
        else:
            revoke(scene.served.hub.settings, None, person, None)
        assert code_of_end(client) == end


@pytest.mark.parametrize("name", CLIENTS)
def test_a_client_is_told_why_it_is_not_let_in(scene: Scene, programs: Path, name: str) -> None:
    settings = {**CLIENTS[name], **({"retryAttempts": 0} if name == "graphql_sse" else {})}
    with running(programs, name, told(scene, "clerk-1", settings, "stat")) as client:
        if name == "graphql_sse":
            # It gives the answer, whose body it does not read.
            assert client.receive()["status"] == 403
        else:
            assert code_of_end(client) == "PURPOSE_DENIED"


async def _gql_told(session: Any, person: str, scene: Scene) -> None:
    changes: AsyncIterator[dict[str, Any]] = session.subscribe(gql(DOCUMENT))
    before = len(scene.records("query"))
    first = asyncio.ensure_future(anext(changes))
    await asyncio.to_thread(scene.await_query, before)
    await asyncio.to_thread(scene.write, [("C2", "CLOSED", "001")])
    assert (await first)["eventChanged"]["number"] == "C2"
    revoke(scene.served.hub.settings, None, person, None)
    with pytest.raises(TransportQueryError) as ended:
        await anext(changes)
    assert (ended.value.errors or [])[0]["extensions"]["code"] == "UNAUTHENTICATED"


def test_gql_is_told_a_change_and_an_end(scene: Scene) -> None:
    scene.write([("C2", "RECEIVED", "001")])
    where = told(scene, "clerk of gql", {})

    async def run() -> None:
        transport = WebsocketsTransport(url=where["socketUrl"], init_payload=where["headers"])
        async with Client(transport=transport) as session:
            await _gql_told(session, "clerk of gql", scene)

    asyncio.run(run())


def test_gql_gets_whole_answers(county: County) -> None:
    async def run(operation: Mapping[str, Any]) -> dict[str, Any]:
        transport = HTTPXAsyncTransport(url=f"{county.hub.url}/graphql", headers=operation["headers"])
        async with Client(transport=transport) as session:
            request = gql(operation["document"])
            request.variable_values = operation["variables"]
            found: dict[str, Any] = await session.execute(request)
            return found

    for operation in operations_of(county):
        assert plain(asyncio.run(run(operation))) == plain(asked(county, operation)["data"])


def test_the_page_names_the_versions_that_are_tried() -> None:
    rows = CLIENTS_PAGE.partition("| subscriber |")[2].partition("\n\n")[0]
    named = dict(re.findall(r"`([@\w/-]+)` ([\d.]+)", rows))
    packages = ROOT / "tests" / "conformance" / "clients" / "package.json"
    tried = {**json.loads(packages.read_text("utf-8"))["dependencies"], "gql": version("gql")}
    assert named.keys() == {"graphql-ws", "graphql-sse", "@apollo/client", "@urql/core", "gql"}
    assert [name for name, each in named.items() if not f"{tried[name]}.".startswith(f"{each}.")] == []
