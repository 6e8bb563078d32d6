"""The server of a hub's application: it listens, takes connections within bounds, and says when it serves."""

from __future__ import annotations

import asyncio
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import cast

import uvicorn
from starlette.routing import BaseRoute

from hub.app import build_app
from hub.connections import BoundedProtocol, OpenConnections, connections_that_fit
from hub.home.running_hub import WAITING_CONNECTIONS
from hub.push.deliveries import Deliveries
from hub.request.running import Hub
from hub.siblings import ALONE, BEAT_SECONDS, Siblings
from hub.websockets import UpgradedProtocol


class _Server(uvicorn.Server):
    """A server that says when it listens; one of several goes on saying so, for whoever watches them."""

    def __init__(self, config: uvicorn.Config, serving: Callable[[], None], again: bool) -> None:
        super().__init__(config)
        self._serving, self._again, self._said = serving, again, time.monotonic()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, with room for as many waiting connections as ever, whatever is taken at a time."""
        await super().startup(sockets)
        for each in sockets or ():
            each.listen(WAITING_CONNECTIONS)
        self._serving()

    async def on_tick(self, counter: int) -> bool:
        """Called ten times a second while connections are taken, and less often when there is much to do."""
        now = time.monotonic()
        if self._again and now - self._said >= BEAT_SECONDS:
            self._said = now
            self._serving()
        return await super().on_tick(counter)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """As uvicorn does, but that an interrupt that was ignored stays so: a worker's are its supervisor's."""
        main = threading.current_thread() is threading.main_thread()
        ignored = main and signal.getsignal(signal.SIGINT) is signal.SIG_IGN
        with super().capture_signals():
            if ignored:
                signal.signal(signal.SIGINT, signal.SIG_IGN)
            yield


def make_server(
    hub: Hub,
    siblings: Siblings = ALONE,
    serving: Callable[[], None] = lambda: None,
    deliveries: Deliveries | None = None,
    more: Sequence[BaseRoute] = (),
) -> uvicorn.Server:
    """A server for a hub at the address in its settings: no access log (it would print URLs), no server header.

    It calls `serving` once it listens, and beside `siblings` every BEAT_SECONDS. Beside them it takes one waiting
    connection at a time, so that a worker that is busy leaves the next one to another.
    """
    settings = hub.settings
    most = connections_that_fit(settings.connections)
    all_open = OpenConnections(most, min(most, settings.connections_per_address), hub.telemetry.connection_refused)
    protocol = partial(BoundedProtocol, all_open=all_open, body_limit=settings.body_limit)
    config = uvicorn.Config(
        build_app(hub, siblings, deliveries, more),
        host=hub.settings.host,
        port=hub.settings.port,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        log_config=None,
        # Only ever called, so what makes a protocol does as well as its class.
        http=cast(type[asyncio.Protocol], protocol),
        ws=UpgradedProtocol,
        ws_max_size=settings.body_limit,
        ws_per_message_deflate=False,
        timeout_graceful_shutdown=10,
        backlog=1 if siblings.addresses else WAITING_CONNECTIONS,
    )
    return _Server(config, serving, again=bool(siblings.addresses))
