"""A client of GraphQL over Server-Sent Events that does what a test says, over a real connection."""

from __future__ import annotations

import json
import queue
import socket
import threading
from collections.abc import Mapping
from contextlib import suppress
from http.client import HTTPConnection, HTTPException, HTTPResponse
from typing import Any

SECONDS = 15.0
"""How long a test waits for what must come."""
Event = tuple[str, str]
"""Its name and its data."""
END: Event = ("end", "")
"""What is put after the last event: the hub ended the answer, or the connection."""


class Stream:
    """One stream, or why it was not opened (`status` and `refusal`)."""

    def __init__(self, connection: HTTPConnection, response: HTTPResponse) -> None:
        self._connection = connection
        self.status, self.headers = response.status, {name.lower(): value for name, value in response.getheaders()}
        self.comments = 0
        self.was_cut = False
        self._events: queue.Queue[Event] = queue.Queue()
        self.refusal: dict[str, Any] = {}
        if self.headers["content-type"].startswith("text/event-stream"):
            threading.Thread(target=self._read, args=[response], daemon=True).start()
        else:
            self.refusal = json.loads(response.read())
            connection.close()

    def _read(self, response: HTTPResponse) -> None:
        name, data = "", ""
        try:
            while line := response.readline().decode():
                field, _, value = line.rstrip("\n").partition(":")
                if line == ":\n":
                    self.comments += 1
                elif field == "event":
                    name = value.strip()
                elif field == "data":
                    data = value.strip()
                elif not field and name:
                    self._events.put((name, data))
                    name, data = "", ""
        except (HTTPException, OSError, ValueError):
            self.was_cut = True
        finally:
            response.close()
            self._connection.close()
            self._events.put(END)

    def receive(self, seconds: float = SECONDS) -> Event:
        """The next event; raises TimeoutError."""
        try:
            return self._events.get(timeout=seconds)
        except queue.Empty:
            raise TimeoutError from None

    def next(self) -> dict[str, Any]:
        """What the next event tells."""
        name, data = self.receive()
        assert name == "next", (name, data)
        told: dict[str, Any] = json.loads(data)
        return told

    def code_of_end(self) -> str:
        """The code that the stream is ended with, after which it is complete and ends."""
        told = self.next()
        assert told.get("data") is None
        assert self.receive() == ("complete", "")
        assert self.receive() == END
        assert not self.was_cut
        code: str = told["errors"][0]["extensions"]["code"]
        return code

    @property
    def code(self) -> str:
        """The code that it was not opened with."""
        code: str = self.refusal["errors"][0]["extensions"]["code"]
        return code

    def is_silent(self, seconds: float = 2.5) -> bool:
        """Whether no event comes for so long, which is longer than the hub takes to tell a change."""
        try:
            self.receive(seconds)
        except TimeoutError:
            return True
        return False

    def close(self) -> None:
        """Close the connection, which wakes its reader."""
        connected = self._connection.sock
        if connected is not None:
            with suppress(OSError):
                connected.shutdown(socket.SHUT_RDWR)


def stream(port: int, headers: Mapping[str, str], body: Any, method: str = "POST") -> Stream:
    """What a hub answers to a request that accepts events; `body` is sent as JSON."""
    connection = HTTPConnection("127.0.0.1", port, timeout=None)
    sent = {"Accept": "text/event-stream", "Content-Type": "application/json", **headers}
    connection.request(method, "/graphql", json.dumps(body), sent)
    return Stream(connection, connection.getresponse())


def unread(port: int, headers: Mapping[str, str], body: Any) -> socket.socket:
    """The connection of a client that asks for events and reads none, with as little room for them as can be."""
    plain = socket.socket()
    plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1_024)
    plain.settimeout(SECONDS)
    plain.connect(("127.0.0.1", port))
    content = json.dumps(body).encode()
    sent = {
        "Host": f"127.0.0.1:{port}",
        "Accept": "text/event-stream",
        "Content-Type": "application/json",
        "Content-Length": str(len(content)),
        **headers,
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in sent.items())
    plain.sendall(f"POST /graphql HTTP/1.1\r\n{head}\r\n".encode() + content)
    return plain
