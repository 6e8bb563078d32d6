"""A proxy on loopback that drops connections in the middle of an answer."""

from __future__ import annotations

import contextlib
import socket
import threading


class CuttingProxy:
    """Passes connections on to `upstream`, and drops the first `cuts` (None: each) after so many bytes of answers.

    It listens on 127.0.0.1 at `port`.
    """

    def __init__(self, upstream: tuple[str, int], after_bytes: int, cuts: int | None = None) -> None:
        self._upstream = upstream
        self._after_bytes = after_bytes
        self._cuts = cuts
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self.cut = 0
        self._sockets: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def close(self) -> None:
        """Drop everything."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._threads[0].join()
        for each in self._sockets:
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        for each in [self._listener, *self._sockets]:
            each.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client = self._listener.accept()[0]
                upstream = socket.create_connection(self._upstream)
                self._sockets += [client, upstream]
                for source, sink, counts in ((client, upstream, False), (upstream, client, True)):
                    self._threads.append(threading.Thread(target=self._pump, args=(source, sink, counts)))
                    self._threads[-1].start()

    def _pump(self, source: socket.socket, sink: socket.socket, counts: bool) -> None:
        """Pass bytes on until they are too many, then end both connections."""
        passed = 0
        with contextlib.suppress(OSError):
            while chunk := source.recv(65_536):
                passed += len(chunk)
                if counts and passed > self._after_bytes and (self._cuts is None or self.cut < self._cuts):
                    self.cut += 1
                    break
                sink.sendall(chunk)
        for end in (source, sink):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
