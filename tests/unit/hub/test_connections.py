"""What a connection may send, hold and wait for, tried with plain sockets against a hub that serves."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import psutil
import pytest

from hub import connections
from tests.support.serving import Served, serving
from tests.support.waiting import until

pytestmark = pytest.mark.unit

START = b"POST /graphql HTTP/1.1\r\nHost: hub\r\n"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("connections") / "home", connections_per_address=20) as running:
        yield running


@pytest.fixture
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HEAD_SECONDS", "BODY_SECONDS", "IDLE_SECONDS", "WRITE_SECONDS", "LINGER_SECONDS"):
        monkeypatch.setattr(connections, name, 0.3)


def connected(served: Served) -> socket.socket:
    return socket.create_connection(("127.0.0.1", served.port), timeout=60)


def whole(client: socket.socket) -> bytes:
    """All that the hub sends until it closes the connection."""
    answer = b""
    try:
        while piece := client.recv(65_536):
            answer += piece
    except ConnectionResetError:
        pass
    return answer


def refused(served: Served, reason: str) -> float:
    name = "sluicegate_connections_refused_total"
    return served.hub.telemetry.registry.get_sample_value(name, {"reason": reason}) or 0.0


@pytest.mark.parametrize(
    "head",
    [
        START + b"X-Long: " + b"x" * 20_000,
        START + b"x" * 20_000,
        START + b"X: y\r\n" * 4_000,
        START + b"X: y\r\n" * 110 + b"\r\n",
        START + b"X-Long: " + b"x" * 17_000 + b"\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: hub\r\nCookie: " + b"x" * 20_000 + b"\r\n\r\n",
    ],
    ids=["value", "name", "many", "too-many", "complete", "other-path"],
)
def test_case_2_01_a_head_that_is_too_large_is_431(served: Served, head: bytes) -> None:
    with connected(served) as client:
        client.sendall(head)
        assert whole(client).startswith(b"HTTP/1.1 431 ")


def test_case_2_01_a_target_that_is_too_long_is_414(served: Served) -> None:
    with connected(served) as client:
        client.sendall(b"POST /" + b"x" * 20_000)
        assert whole(client).startswith(b"HTTP/1.1 414 ")


def test_case_2_01_an_endless_head_takes_no_memory(served: Served) -> None:
    process, piece = psutil.Process(), b"x" * 65_536
    with connected(served) as client:
        client.sendall(START + b"X-Long: ")
        before = process.memory_info().rss
        with pytest.raises(OSError):
            for _ in range(2_000):
                client.sendall(piece)
        assert process.memory_info().rss - before < 16 * 1024 * 1024
    assert served.client.get("/healthz").status_code == 200


@pytest.mark.parametrize("start", [b"P", START, START + b"X: y\r\n" * 10], ids=["letter", "line", "headers"])
@pytest.mark.usefixtures("short_waits")
def test_case_2_01_a_head_that_is_late_is_408(served: Served, start: bytes) -> None:
    before = refused(served, "head_time")
    with connected(served) as client:
        client.sendall(start)
        assert whole(client).startswith(b"HTTP/1.1 408 ")
    assert refused(served, "head_time") == before + 1


@pytest.mark.usefixtures("short_waits")
def test_case_2_01_silent_and_idle_connections_are_closed(served: Served) -> None:
    with connected(served) as silent, connected(served) as idle:
        idle.sendall(b"GET /healthz HTTP/1.1\r\nHost: hub\r\n\r\n")
        assert whole(silent) == b""
        answer = whole(idle)
        assert answer.startswith(b"HTTP/1.1 200 ")
        assert answer.endswith(b'{"alive":true}')


@pytest.mark.usefixtures("short_waits")
def test_case_2_01_a_body_that_never_ends_is_given_up(served: Served) -> None:
    head = START + b"Content-Type: application/json\r\nContent-Length: 9000\r\n\r\n{"
    with connected(served) as client:
        client.sendall(head)
        assert whole(client).startswith(b"HTTP/1.1 401 ")


@pytest.mark.parametrize(
    "rest",
    [
        b"1;" + b"x" * 400_000,
        b"1\r\nx\r\n0\r\nX-Trailer: " + b"x" * 400_000,
        b"100000\r\n" + b"x" * 1_048_576 + b"\r\n",
    ],
    ids=["extension", "trailer", "chunk"],
)
def test_case_2_01_a_chunked_body_is_bounded_with_its_signs(served: Served, rest: bytes) -> None:
    head = START + b"Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    before = refused(served, "body_size")
    with connected(served) as client:
        try:
            client.sendall(head)
            for _ in range(10):
                client.sendall(rest)
        except OSError:
            pass
        whole(client)
    until(lambda: refused(served, "body_size") > before or refused(served, "malformed") > 0)


@pytest.mark.parametrize(
    "junk", [b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"\x00" * 50]
)
def test_case_2_01_what_is_no_request_is_400(served: Served, junk: bytes, caplog: pytest.LogCaptureFixture) -> None:
    with connected(served) as client:
        client.sendall(junk)
        assert whole(client).startswith(b"HTTP/1.1 400 ")
    assert caplog.text == ""


@pytest.mark.parametrize(
    "head",
    [
        b"GET /healthz HTTP/1.1",
        b"GET /healthz HTTP/1.1\r\nHost: hub\r\nHost: hub",
        b"GET /healthz HTTP/1.1\r\nHost: hub\r\nhost: other",
        b"GET /healthz HTTP/1.0\r\nHost: hub\r\nHost: hub",
        b"GET /healthz HTTP/1.1\r\nHost: hub, other",
        b"GET /healthz HTTP/1.1\r\nHost: user@hub",
        b"GET /healthz HTTP/1.1\r\nHost:",
        b"GET http://hub/healthz HTTP/1.1\r\nHost: hub",
        b"GET http://other/healthz HTTP/1.1\r\nHost: hub",
        b"OPTIONS * HTTP/1.1\r\nHost: hub",
        b"CONNECT hub:443 HTTP/1.1\r\nHost: hub",
        b"GET /healthz",
        b"GET /healthz HTTP/0.9\r\nHost: hub",
        b"GET /healthz HTTP/2.0\r\nHost: hub",
    ],
)
def test_case_2_01_a_head_that_two_servers_could_read_in_two_ways_is_400(served: Served, head: bytes) -> None:
    with connected(served) as client:
        client.sendall(head + b"\r\n\r\n")
        answer = whole(client)
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"alive" not in answer


@pytest.mark.parametrize("host", [b"hub", b"127.0.0.1:8600", b"[::1]:8600", b"sluice_gate.city.gov.cn"])
def test_case_2_01_one_host_is_served(served: Served, host: bytes) -> None:
    with connected(served) as client:
        client.sendall(b"GET /healthz HTTP/1.1\r\nConnection: close\r\nHost: " + host + b"\r\n\r\n")
        assert whole(client).endswith(b'{"alive":true}')


def test_case_2_01_a_check_by_http_1_0_needs_no_host(served: Served) -> None:
    with connected(served) as client:
        client.sendall(b"GET /healthz HTTP/1.0\r\n\r\n")
        assert whole(client).endswith(b'{"alive":true}')


def test_case_2_01_who_pipelines_and_leaves_causes_no_error(served: Served, caplog: pytest.LogCaptureFixture) -> None:
    body = b'{"query":"{ __typename }"}'
    token = served.issuer.issue("fire-inspection", "inspector-1").encode()
    head = START + b"Content-Type: application/json\r\nAccess-Purpose: safety.fire.rental\r\n"
    one = head + b"Authorization: Bearer %s\r\nContent-Length: %d\r\n\r\n%s" % (token, len(body), body)
    before = len(served.records())
    for _ in range(20):
        with connected(served) as client:
            client.sendall(one * 5)
    # The first of each connection was begun, so it is in the log; what it sends then goes before the next answer.
    until(lambda: len(served.records()) >= before + 20)
    assert served.client.get("/healthz").status_code == 200
    assert caplog.text == ""


def test_case_2_01_one_address_may_not_hold_all_connections(served: Served) -> None:
    head = b"POST /graphql HTTP/1.1\r\nHost: hub\r\nX: "
    with ExitStack() as stack:
        honest = stack.enter_context(
            httpx.Client(base_url=f"http://127.0.0.1:{served.port}", trust_env=False, timeout=60)
        )
        assert honest.get("/healthz").status_code == 200
        held = [stack.enter_context(connected(served)) for _ in range(60)]
        for each in held:
            try:
                each.sendall(head)
            except OSError:
                continue
        until(lambda: refused(served, "too_many") >= 40)
        assert honest.get("/healthz").status_code == 200
        # The oldest were closed, the newest are open; a stranger to the address is not touched.
        assert whole(held[0]) == b""


def test_case_2_01_pipelined_requests_are_answered_in_turn(served: Served) -> None:
    one = b"GET /healthz HTTP/1.1\r\nHost: hub\r\n\r\n"
    with connected(served) as client:
        client.sendall(one * 20 + b"GET /healthz HTTP/1.1\r\nHost: hub\r\nConnection: close\r\n\r\n")
        assert whole(client).count(b'{"alive":true}') == 21


def test_case_2_01_heads_in_small_pieces_are_read(served: Served) -> None:
    with connected(served) as client:
        for at in b"GET /healthz HTTP/1.1\r\nHost: hub\r\nConnection: close\r\n\r\n":
            client.sendall(bytes((at,)))
        assert whole(client).endswith(b'{"alive":true}')


def test_case_6_05_descriptors_are_left_for_the_hub_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("resource.getrlimit", lambda _: (256, 256))
    assert connections.connections_that_fit(1_000) == 85
    assert connections.connections_that_fit(10) == 10


def test_case_2_01_trailers_are_no_headers(served: Served, tmp_path: Path) -> None:
    token = served.issuer.issue("fire-inspection", "inspector-1")
    body = b'{"query":"{ __typename }"}'
    head = START + b"Content-Type: application/json\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n"
    head += f"Authorization: Bearer {token}\r\n\r\n".encode()
    with connected(served) as client:
        client.sendall(head + b"%x\r\n%s\r\n0\r\nAccess-Purpose: safety.fire.rental\r\n\r\n" % (len(body), body))
        assert b"PURPOSE_REQUIRED" in whole(client)
