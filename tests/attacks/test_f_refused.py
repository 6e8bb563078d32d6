"""Group F, what comes over the wire: nobody asks without a trace, whatever is sent and whoever hangs up."""

from __future__ import annotations

import asyncio
import datetime as dt
import hashlib
import json
import re
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from typer.testing import CliRunner

from audit.index import Index
from audit.record import MAX_BYTES, Digester, Record, encode
from audit.search import Query, search
from audit.stores.open import open_reader
from hub.cli.main import app
from hub.request.caps.daily_caps import DailyCaps
from hub.request.plan_model import Planned
from tests.support.searched_log import LOCAL, as_auditor
from tests.support.serving import Served, code_of, serving

pytestmark = pytest.mark.attack

PERSON, PHONE = "140321195703129022", "19900000001"
DISTURBING = 'x\n{"kind":"admin"}\x1b[31m\u2028\u202e\u200b'


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("home"), body_limit=16 * 1024 * 1024) as hub:
        yield hub


def last(served: Served) -> Record:
    return served.records()[-1]


def digest_of(served: Served, body: bytes) -> str:
    return served.hub.digester.digest("request", hashlib.sha256(body).hexdigest())


def settled(served: Served, count: int) -> list[Record]:
    """The records, once there are `count`: a client that hung up does not see when its own is written."""
    while len(found := served.records()) < count:
        time.sleep(0.01)
    return found


REFUSED = [
    ({"query": "{ people("}, {}, (400, "VALIDATION")),
    ({"query": "{ nobody }"}, {}, (400, "VALIDATION")),
    ({"query": ""}, {}, (400, "BAD_REQUEST")),
    ({"extensions": {"persistedQuery": {"sha256Hash": "0" * 64}}}, {}, (403, "OPERATION_NOT_REGISTERED")),
    ([{"query": "{ __typename }"}], {}, (400, "BATCHING_DISABLED")),
    ({"query": "{ __typename }"}, {"Authorization": "Bearer x.y.z"}, (401, "UNAUTHENTICATED")),
    ({"query": "{ __typename }"}, {"Access-Purpose": "safety"}, (403, "PURPOSE_DENIED")),
    ({"query": "{ __typename }"}, {"Content-Type": "text/plain"}, (415, "UNSUPPORTED_MEDIA_TYPE")),
    ({"query": "{ people { edges { node { name } } } }"}, {}, (503, "GRAPH_UNAVAILABLE")),
]


@pytest.mark.parametrize(("body", "headers", "told"), REFUSED)
def test_f01_each_refusal_is_a_record(
    served: Served, body: object, headers: dict[str, str], told: tuple[int, str]
) -> None:
    sent = {
        "Authorization": f"Bearer {served.issuer.issue('fire-inspection', 'inspector-1')}",
        "Access-Purpose": "safety.fire.rental",
        "Content-Type": "application/json",
        **headers,
    }
    before, raw = len(served.records()), json.dumps(body).encode()
    answer = served.client.post("/graphql", content=raw, headers=sent)
    assert (answer.status_code, code_of(answer)) == told
    records = served.records()
    assert len(records) == before + 1
    assert (records[-1].kind, records[-1].http_status, records[-1].result) == ("refusal", *told)
    # The body of an unknown sender, or of another media type, is not read.
    assert records[-1].request_digest == digest_of(served, b"" if told[0] in {401, 415} else raw)


def test_f01_a_body_that_is_too_large(tmp_path: Path) -> None:
    with serving(tmp_path / "home", body_limit=1_024) as other:
        assert other.ask("{ __typename }" + " " * 2_000).status_code == 413
        assert (last(other).result, last(other).http_status) == ("TOO_LARGE", 413)


def half(served: Served, *, leave: bool) -> socket.socket:
    """A connection that sent half of a request; it leaves, or stays and waits."""
    wire = socket.create_connection(("127.0.0.1", served.port), timeout=30)
    known = f"Authorization: Bearer {served.issuer.issue('fire-inspection', 'inspector-1')}\r\n".encode()
    head = b"POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 99\r\n"
    wire.sendall(head + known + b"\r\n{")
    if leave:
        wire.close()
    return wire


def test_f01_a_client_that_leaves_before_its_request_is_whole(served: Served) -> None:
    before = len(served.records())
    half(served, leave=True)
    found = settled(served, before + 1)[-1]
    assert (found.result, found.http_status, found.application) == ("CLIENT_GONE", 499, "fire-inspection")
    assert found.request_digest == digest_of(served, b"{")


def test_f01_a_client_that_never_finishes(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hub.request.endpoint.BODY_SECONDS", 0.1)
    before = len(served.records())
    with half(served, leave=False):
        found = settled(served, before + 1)[-1]
    assert (found.result, found.http_status) == ("BAD_REQUEST", 400)
    assert found.request_digest == digest_of(served, b"{")


def test_f01_a_flood_is_counted_and_each_of_it_waits_for_its_record(tmp_path: Path) -> None:
    with serving(tmp_path / "home") as other:
        other.hub.floods._meter._most = 20
        receipts: list[int] = []

        def knock() -> None:
            for _ in range(30):
                told = other.ask(token="x.y.z").json()["extensions"]["receipt"]
                receipts.append(told["index"])

        threads = [threading.Thread(target=knock) for _ in range(4)]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
        # Who has a token is not held up by who has none.
        assert other.ask().status_code == 200
        records = other.records()
    floods = [each for each in records if each.kind == "flood"]
    alone = [each for each in records if each.kind == "refusal"]
    assert floods and len(records) < 120
    assert len(alone) + sum(int(each.variables["count"]) for each in floods) == 120
    assert len(receipts) == 120
    assert {records[index].kind for index in receipts} == {"refusal", "flood"}
    assert {each.variables["source"] for each in floods} == {other.hub.digester.digest("source", "127.0.0.1")}
    assert not any("127.0.0.1" in encode(each).decode() for each in records)


class Waiting(DailyCaps):
    """Daily caps that are not counted before somebody says so: meanwhile the client can leave."""

    def __init__(self) -> None:
        super().__init__()
        self.reached, self.go = threading.Event(), threading.Event()

    async def spend(self, planned: Planned, now: dt.datetime) -> None:
        self.reached.set()
        await asyncio.to_thread(self.go.wait)


@pytest.mark.parametrize("leaves", [True, False])
def test_f02_a_client_that_leaves_before_the_answer_is_on_record(tmp_path: Path, leaves: bool) -> None:
    with serving(tmp_path / "home") as other:
        other.hub.caps = waiting = Waiting()
        body = json.dumps({"query": "{ __typename }"}).encode()
        head = (
            f"POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
            f"Authorization: Bearer {other.issuer.issue('fire-inspection', 'inspector-1')}\r\n"
            "Access-Purpose: safety.fire.rental\r\n\r\n"
        )
        with socket.create_connection(("127.0.0.1", other.port), timeout=30) as wire:
            wire.sendall(head.encode() + body)
            assert waiting.reached.wait(30)
            if leaves:
                port = wire.getsockname()[1]
                wire.close()
                while any(each.raddr and each.raddr.port == port for each in psutil.Process().net_connections()):
                    time.sleep(0.01)
            waiting.go.set()
            (found,) = settled(other, 1)
            shown = b"" if leaves else wire.recv(65_536)
    assert found.subject == other.hub.digester.digest("subject", "inspector-1")
    assert found.operation is not None
    if leaves:
        assert (found.kind, found.result, found.http_status) == ("refusal", "CLIENT_GONE", 499)
    else:
        assert (found.kind, found.result) == ("query", "OK")
        assert b"200 OK" in shown


def test_f02_an_answer_that_nobody_takes_is_on_record(served: Served) -> None:
    """Sent and hung up at once: whether the hub saw it in time or not, the record stands."""
    before = len(served.records())
    body = json.dumps({"query": "{ __typename }"}).encode()
    token = served.issuer.issue("fire-inspection", "inspector-1")
    for _ in range(10):
        with socket.create_connection(("127.0.0.1", served.port), timeout=30) as wire:
            wire.sendall(
                b"POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                + f"Content-Length: {len(body)}\r\nAuthorization: Bearer {token}\r\n".encode()
                + b"Access-Purpose: safety.fire.rental\r\n\r\n"
                + body
            )
    found = settled(served, before + 10)[before:]
    assert {each.result for each in found} <= {"OK", "CLIENT_GONE"}
    assert {each.request_digest for each in found} == {digest_of(served, body)}


@pytest.mark.parametrize(
    "query",
    [
        "{ " + " ".join(f"a{n}: __typename" for n in range(10_000)) + " }",
        '{ people(where: {name: {eq: "' + "x" * 5_000_000 + '"}}) { edges { node { name } } } }',
        "query " + "n" * 100_000 + " { __typename }",
        "query(" + " ".join(f"$v{n}: String" for n in range(3_000)) + ") { __typename }",
    ],
    ids=["10,000 aliases", "5 MB of literal", "a name of 100 kB", "3,000 variables"],
)
def test_f04_no_query_is_too_large_for_its_record(served: Served, query: str) -> None:
    before = len(served.records())
    served.ask(query)
    records = served.records()
    assert len(records) == before + 1
    assert records[-1].request_digest is not None
    assert len(encode(records[-1])) <= MAX_BYTES


def test_f05_what_is_logged_disturbs_no_terminal_and_no_line(served: Served) -> None:
    answer = served.ask(
        "query q { __typename }",
        operationName=DISTURBING,
        headers={"User-Agent": "x\x1b[31m", "Access-Purpose": "safety\x1b[2J.fire"},
    )
    assert answer.status_code in {400, 403}
    env = {**LOCAL, "SLUICEGATE_HOME": str(served.hub.settings.home)}
    for command in (["tail", "-n", "1"], ["tail", "-n", "3", "--json"], ["show", "0"]):
        shown = CliRunner().invoke(app, ["audit", *as_auditor(command)], env=env).output
        assert shown
        assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u200b]", shown)
    for record in served.records():
        raw = encode(record)
        assert raw.count(b"\n") == 0 and b'"kind":"admin"' not in raw


def test_f05_even_a_word_of_the_policy_is_escaped() -> None:
    record = Record(kind="query", request_id="r", result="OK", http_status=200, application=DISTURBING)
    raw = encode(record).decode()
    assert raw.isprintable()
    assert json.loads(raw)["application"] == DISTURBING


def test_f06_a_literal_is_a_digest_that_can_be_searched(served: Served, tmp_path: Path) -> None:
    query = f'{{ people(where: {{idNumber: {{eq: "{PERSON}"}}}}) {{ edges {{ node {{ name }} }} }} }}'
    served.ask(query)
    by_literal = served.records()[-1]
    served.ask(
        "query($v: String!) { people(where: {idNumber: {eq: $v}}) { edges { node { name } } } }",
        variables={"v": PERSON},
        headers={"Case-Reference": PHONE},
    )
    by_variable = served.records()[-1]
    digester: Digester = served.hub.digester
    for record in (by_literal, by_variable):
        raw = encode(record).decode()
        assert PERSON not in raw and PHONE not in raw
        assert digester.digest("value", PERSON) in record.variables.values()
    index = Index.open(tmp_path / "index.db")
    reader = open_reader(served.hub.settings.audit_log)
    try:
        index.follow(reader)
        found = search(index, Query(value=digester.digest("value", PERSON)))
        size = len(served.records())
        assert {size - 1, size - 2} <= set(found.indexes)
        assert search(index, Query(value=digester.digest("value", "another"))).total == 0
    finally:
        reader.close()
        index.close()
    texts = served.hub.settings.audit_file.read_bytes()
    assert PERSON.encode() not in texts and PHONE.encode() not in texts
