"""A real HTTP server on loopback that gives the answers of a test, for the REST reader."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

Reply = tuple[int, dict[str, str], bytes]
Answer = Callable[[int, dict[str, str]], Reply]


@dataclass(frozen=True)
class Sent:
    """A request as the server got it: method, path with query, and headers by their names in small letters."""

    method: str
    path: str
    headers: dict[str, str]


JSON = {"Content-Type": "application/json; charset=utf-8"}


@contextmanager
def server(
    answer: Answer, context: ssl.SSLContext | None = None, sent: list[Sent] | None = None
) -> Iterator[tuple[str, list[str]]]:
    """A real HTTP server on loopback; `answer` gets the request's ordinal and its query.

    What is `sent` with each request is put into the list; a form that is posted is part of the query.
    """
    asked: list[str] = []

    class Quiet(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            form = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
            given = parse_qs(f"{urlsplit(self.path).query}&{form}")
            query = {name: values[0] for name, values in given.items()}
            if sent is not None:
                sent.append(Sent(self.command, self.path, {name.lower(): each for name, each in self.headers.items()}))
            status, headers, body = answer(len(asked), query)
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET

        def log_message(self, *_: Any) -> None:
            return

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: Any) -> None:
            return

    with Server(("127.0.0.1", 0), Quiet) as running:
        if context:
            running.socket = context.wrap_socket(running.socket, server_side=True)
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        try:
            yield f"http{'s' if context else ''}://127.0.0.1:{running.server_port}/items", asked
        finally:
            running.shutdown()
            thread.join()
