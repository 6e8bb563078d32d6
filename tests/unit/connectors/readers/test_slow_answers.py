"""A source that answers byte by byte is given up when the time for an answer has passed (`limits.timeout`, K08)."""

from __future__ import annotations

import socketserver
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import requests

from connectors.readers.guarded_session import GuardedSession

pytestmark = pytest.mark.unit

BEFORE: dict[str, bytes] = {
    "the status": b"HTTP/1.1 2",
    "the headers": b"HTTP/1.1 200 OK\r\nX-Long: ",
    "the body": b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n",
    "the size of a chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
    "a body that ends the connection": b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n",
}
"""What comes at once, before one byte comes every tenth of a second."""


@contextmanager
def dripping(before: bytes) -> Iterator[str]:
    """A server that never ends its answer."""

    class Dripping(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            self.request.recv(65_536)
            try:
                self.request.sendall(before)
                for _ in range(100):
                    time.sleep(0.1)
                    self.request.sendall(b"0")
            except OSError:
                return

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Dripping) as running:
        running.daemon_threads = True
        thread = threading.Thread(target=running.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{running.server_address[1]}/"
        finally:
            running.shutdown()
            thread.join()


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("before", BEFORE.values(), ids=BEFORE)
def test_k08_an_answer_that_drips_is_given_up_in_time(before: bytes, method: str) -> None:
    with dripping(before) as url:
        began = time.monotonic()
        with GuardedSession([url], 0.5) as session, pytest.raises(requests.exceptions.RequestException):
            session.request(method, url)
        assert 0.4 < time.monotonic() - began < 5


def test_each_answer_has_the_whole_time_anew() -> None:
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\n"
    with dripping(answer) as url, GuardedSession([url], 1.4) as session:
        assert [session.get(url).content for _ in range(3)] == [b"00000"] * 3
