"""The WebSocket protocol of the hub's connections: uvicorn's, with bounds on what a client may make it hold.

A client that sends pings or pieces of messages without end, or does not read, is cut. Messages are not compressed: a
small one could unpack to a large one. Source: RFC 6455.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Final

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame

LINGER_SECONDS: Final = 2.0
"""How long a client may take to read why it is cut."""
UNREAD_BYTES: Final = 65_536
"""How much may wait for a client that goes on sending pings."""
PIECES: Final = 256
"""Into how many frames one message may be cut."""


class UpgradedProtocol(WebSocketsSansIOProtocol):
    """One WebSocket."""

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        self.close_timeout = LINGER_SECONDS
        self._when_lost: Callable[[], None] = lambda: None

    def when_lost(self, call: Callable[[], None]) -> None:
        """Call this once the connection is gone."""
        self._when_lost = call

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        super().connection_lost(exc)
        self._when_lost()

    def handle_ping(self) -> None:
        """Answer a ping, unless the client reads no answer."""
        super().handle_ping()
        if self.transport.get_write_buffer_size() > UNREAD_BYTES:
            self.transport.abort()

    def handle_cont(self, event: Frame) -> None:
        """Add a piece to a message of few pieces."""
        super().handle_cont(event)
        if len(self.frames) > PIECES:
            self.transport.abort()

    async def run_asgi(self) -> None:
        """Run the application; when it ends, the connection ends, whether or not the client has read all."""
        await super().run_asgi()
        asyncio.get_running_loop().call_later(LINGER_SECONDS, self.transport.abort)
