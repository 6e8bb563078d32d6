"""Serves an application of the sample on loopback while a block runs; the server logs nothing of a request.

The demo and the tests pull from such servers over HTTP, as they would from those of a city.
"""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import uvicorn
from starlette.applications import Starlette
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

_START_SECONDS: Final = 20.0


class ServerFailed(RuntimeError):
    """A server of the sample did not start; it is not running."""


class _QuietProtocol(HttpToolsProtocol):
    """HTTP without an access log, whatever another server in this process sets on uvicorn's loggers."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.access_log = False


@contextmanager
def serve(application: Starlette, name: str, port: int = 0) -> Iterator[str]:
    """Serve an application while the block runs; yields its base URL. Port 0 takes any free port.

    Raises `ServerFailed`, with the name, if the server does not come up, `OSError` if the port is taken.
    """
    config = uvicorn.Config(application, http=_QuietProtocol, log_config=None, lifespan="off", server_header=False)
    server = uvicorn.Server(config)
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        # Listen before the thread starts, so that an early client waits and is not refused.
        listener.listen()
        ended = threading.Event()
        thread = threading.Thread(target=_run, args=(server, listener, ended), name=name, daemon=True)
        thread.start()
        try:
            _await_start(server, ended, name)
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()


def _run(server: uvicorn.Server, listener: socket.socket, ended: threading.Event) -> None:
    try:
        server.run(sockets=[listener])
    finally:
        ended.set()


def _await_start(server: uvicorn.Server, ended: threading.Event, name: str) -> None:
    pause = 0.01
    for _ in range(int(_START_SECONDS / pause)):
        if server.started:
            return
        if ended.wait(pause):
            break
    raise ServerFailed(f"the server of the sample's {name} did not start")
