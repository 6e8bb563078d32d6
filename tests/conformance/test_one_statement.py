"""One operation is at most one statement and just one record, however many root fields it has.

Where more are asked than the graph is given at once, applications take turns.
"""

import asyncio
import json
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from graphql import get_introspection_query

from audit.log import read, show
from hub.home.issuer import Issuer
from hub.processor import Processor
from hub.request.running import Hub
from tests.support.county import Answer, County, Gate, in_process

pytestmark = [pytest.mark.conformance, pytest.mark.slow]

Asked = tuple[str, str | None, str]
GRID = ("grid-desk", "event.dispatch")
STAT = ("statistics", "stat")

ONE = [
    "{ people(first: 2) { edges { node { id name } } } }",
    "{ people(first: 2) { edges { node { name dwellings { building { name grid { name } } residents { name } } } } } }",
    "{ a: people(first: 1) { edges { node { name } } } b: people(first: 1) { edges { node { phone } } } }",
    "{ people { pageInfo { hasNextPage } } events { edges { cursor } } regions { edges { node { code } } } "
    "buildings { edges { node { name dwellings { roomNo } } } } dwellings { edges { node { code } } } }",
    "{ __schema { queryType { name } } people(first: 1) { edges { node { name } } } }",
    "{ __type(name: \"Person\") { fields { name } } __typename events(first: 1) { edges { node { number } } } }",
    "query($no: Boolean = false) { people(first: 1) { edges { node { name phone @include(if: $no) } } } "
    "events(first: 1) @skip(if: $no) { edges { node { text } } } }",
    "{ people(first: 1) { edges { node { name idNumber registeredAddress } } } }",
    "{ events(first: 3, where: {status: {in: [RECEIVED, HANDLING]}}, orderBy: [{reportedAt: DESC}]) "
    "{ edges { node { number reporter { name } } } } }",
    "{ regions(where: {buildings: {some: {dwellings: {some: {usage: {eq: RENTED}}}}}}) { edges { node { code } } } }",
    'fragment p on Person { ...q dwellings { code } } fragment q on Person { name } '
    "{ people(first: 1) { edges { node { ...p ... on Node { id } } } } }",
]  # fmt: skip
COUNTS = [
    "{ peopleAggregate { count } }",
    "{ peopleAggregate(groupBy: [GENDER]) { gender count } dwellingsAggregate(groupBy: [USAGE]) { usage count } "
    "buildingsAggregate { count } }",
    "{ __schema { types { name } } peopleAggregate(groupBy: [AGE_BAND]) { ageBand count } }",
]
NONE = [
    "{ __typename }",
    "{ __schema { types { name fields { name } } } }",
    "{ people(first: 1) @skip(if: true) { edges { node { name } } } }",
]
DENIED = ["{ people { edges { node { id } } } }", "{ people { edges { cursor } } regions { pageInfo { endCursor } } }"]
REFUSED: list[tuple[str | None, str, str]] = [
    (None, ONE[0], "PURPOSE_REQUIRED"),
    ("welfare.elder", ONE[0], "PURPOSE_DENIED"),
    ("event.dispatch", "{ people { edges { node { nme } } } }", "VALIDATION"),
    ("event.dispatch", '{ people(where: {phone: {eq: "1"}}) { edges { cursor } } }', "FIELD_NOT_FILTERABLE"),
    ("event.dispatch", '{ people(after: "x") { edges { cursor } } }', "BAD_CURSOR"),
]
CORPUS: list[tuple[Asked, int, str]] = [
    *(((*GRID, document), 1, "OK") for document in ONE),
    *(((*STAT, document), 1, "OK") for document in COUNTS),
    *(((*GRID, document), 0, "OK") for document in [*NONE, get_introspection_query()]),
    *(((*STAT, document), 0, "OK") for document in DENIED),
    *((("grid-desk", purpose, document), 0, code) for purpose, document, code in REFUSED),
]


async def ask(hub: Hub, client: httpx.AsyncClient, asked: Asked) -> Answer:
    application, purpose, document = asked
    headers = {"Authorization": f"Bearer {Issuer(hub.settings).issue(application, 'tester')}"}
    if purpose is not None:
        headers["Access-Purpose"] = purpose
    response = await client.post("/graphql", headers=headers, json={"query": document})
    return Answer(response.status_code, response.headers, response.content)


async def walk(county: County, folder: Path) -> list[tuple[Answer, int, int, str]]:
    """Of each document in turn: the answer, its statements, its records, and the result that was recorded."""
    async with in_process(county, folder) as (hub, client):
        found = []
        for asked, _, _ in CORPUS:
            statements, records = hub.graph.statements, len(list(read(hub.settings.audit_file)))
            answer = await ask(hub, client, asked)
            logged, _ = show(hub.settings.audit_file, answer.receipt["index"])
            now = len(list(read(hub.settings.audit_file)))
            found.append((answer, hub.graph.statements - statements, now - records, logged.record.result))
        return found


@pytest.fixture(scope="module")
def walked(county: County, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[tuple[Answer, int, int, str]]]:
    yield asyncio.run(walk(county, tmp_path_factory.mktemp("one-statement")))


@pytest.mark.parametrize("at", range(len(CORPUS)), ids=[asked[2][:60] for asked, _, _ in CORPUS])
def test_one_operation_is_one_statement_and_one_record(walked: list[tuple[Answer, int, int, str]], at: int) -> None:
    _, wanted, result = CORPUS[at]
    answer, statements, records, recorded = walked[at]
    assert (statements, records, recorded) == (wanted, 1, result), answer.body
    assert ("data" in answer.body) == (result == "OK")


def test_data_stands_beside_introspection(walked: list[tuple[Answer, int, int, str]]) -> None:
    at = next(at for at, (asked, _, _) in enumerate(CORPUS) if asked[2].startswith("{ __schema { queryType"))
    data = walked[at][0].data
    assert data["__schema"] == {"queryType": {"name": "Query"}}
    assert len(data["people"]["edges"]) == 1
    assert list(data) == ["__schema", "people"]


def test_requests_at_once_are_one_statement_and_one_record_each(county: County, tmp_path: Path) -> None:
    async def at_once() -> tuple[int, list[Answer], Path]:
        # Each is prepared from its text: what is kept of one could go to the graph together with another.
        async with in_process(county, tmp_path, plain=True) as (hub, client):
            asked = [ask(hub, client, (*GRID, document)) for document in ONE for _ in range(5)]
            answers = await asyncio.gather(*asked)
            return hub.graph.statements, list(answers), hub.settings.audit_file

    statements, answers, path = asyncio.run(at_once())
    assert statements == len(answers) == 5 * len(ONE)
    told = {(answer.receipt["index"], answer.body["extensions"]["requestId"]) for answer in answers}
    assert told == {(each.index, each.record.request_id) for each in read(path)}
    assert json.dumps([answer.data for answer in answers[:5]]) == json.dumps([answers[0].data] * 5)


def test_two_applications_take_turns_at_the_graph(
    county: County, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def at_once() -> tuple[list[str], list[Answer]]:
        async with in_process(county, tmp_path, graph_statements=1, plain=True) as (hub, client):
            gate = Gate(hub, monkeypatch)
            greedy = [asyncio.create_task(ask(hub, client, (*GRID, ONE[0]))) for _ in range(4)]
            await gate.until_waiting(3)
            modest = [asyncio.create_task(ask(hub, client, (*STAT, COUNTS[0]))) for _ in range(3)]
            await gate.until_waiting(6)
            assert len(gate.texts) == 1
            gate.opened.set()
            return gate.texts, await asyncio.gather(*greedy, *modest)

    texts, answers = asyncio.run(at_once())
    assert [answer.status for answer in answers] == [200] * 7
    assert len({answer.raw.partition(b'"extensions"')[0] for answer in answers}) == 2
    greedy, modest = texts[:2]
    assert greedy != modest
    assert texts == [greedy, modest] * 3 + [greedy]


def test_a_turn_that_does_not_come_is_a_recorded_refusal_that_asks_nothing_of_the_graph(
    county: County, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def beside_a_slow_one() -> tuple[Answer, Answer, list[str], Path]:
        async with in_process(county, tmp_path, graph_statements=1, plain=True) as (hub, client):
            gate = Gate(hub, monkeypatch)
            slow = asyncio.create_task(ask(hub, client, (*GRID, ONE[0])))
            while not gate.texts:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
            hub.round_trips.seconds = 0.01
            refused = await ask(hub, client, (*STAT, COUNTS[0]))
            gate.opened.set()
            return await slow, refused, gate.texts, hub.settings.audit_file

    slow, refused, texts, log = asyncio.run(beside_a_slow_one())
    assert (slow.status, len(texts)) == (200, 1)
    assert (refused.status, refused.codes, "data" in refused.body) == (429, ["TOO_MANY_REQUESTS"], False)
    assert refused.headers["Retry-After"] == "1"
    logged, _ = show(log, refused.receipt["index"])
    assert (logged.record.result, logged.record.http_status) == ("TOO_MANY_REQUESTS", 429)


def test_metrics_that_do_not_get_their_turn_are_refused(county: County, tmp_path: Path) -> None:
    async def beside_long_work() -> httpx.Response:
        async with in_process(county, tmp_path) as (hub, client):
            hub.processor = Processor(0.01)
            begun, let_go = threading.Event(), threading.Event()

            def hold() -> None:
                begun.set()
                let_go.wait()

            holding = asyncio.create_task(hub.processor.do(("", "", ""), hold, long=True))
            await asyncio.to_thread(begun.wait)
            answer = await client.get("/metrics")
            let_go.set()
            await holding
            return answer

    answer = asyncio.run(beside_long_work())
    assert answer.status_code == 429
    assert "the hub is busy" in answer.json()["error"]
