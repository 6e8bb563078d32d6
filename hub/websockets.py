"""The WebSocket protocol of the hub's connections: uvicorn's, with bounds on what a client may make it hold.

A client that sends more frames than anybody needs, or pieces of messages without end, or does not read, is cut. What
arrives is taken in small portions, so that others have their turn and a flood is seen before it is worked on. Messages
are not compressed: a small one could unpack to a large one. Source: RFC 6455.
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
PORTION: Final = 2_048
"""How many bytes of what has arrived are looked at together."""
BURST: Final = 600
"""How many frames a client may send at once."""
LEAK: Final = 60.0
"""How many of them are forgotten each second."""
LONGEST: Final = 256
"""As how many frames the longest message counts."""


class UpgradedProtocol(WebSocketsSansIOProtocol):
    """One WebSocket."""

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        self.close_timeout = LINGER_SECONDS
        self._when_lost: Callable[[], None] = lambda: None
        self._level, self._counted = 0.0, self.loop.time()
        self._bytes_of_one = self.config.ws_max_size / LONGEST

    def when_lost(self, call: Callable[[], None]) -> None:
        """Call this once the connection is gone."""
        self._when_lost = call

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        super().connection_lost(exc)
        self._when_lost()

    def data_received(self, data: bytes) -> None:
        """Take what has arrived, until the connection is cut."""
        for at in range(0, len(data), PORTION):
            portion = data[at : at + PORTION]
            self._count(len(portion) / self._bytes_of_one)
            if self.transport.is_closing():
                return
            super().data_received(portion)

    def handle_events(self) -> None:
        """Count the frames that a portion ended, then handle them."""
        self._count(len(self.conn.events))
        if not self.transport.is_closing():
            super().handle_events()

    def _count(self, frames: float) -> None:
        """Cut a client that has sent more than a leaky bucket holds."""
        now = self.loop.time()
        self._level = max(0.0, self._level - (now - self._counted) * LEAK) + frames
        self._counted = now
        if self._level > BURST:
            self.transport.abort()

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
