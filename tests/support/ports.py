"""Free loopback ports: none is given twice, to two workers, or from the range that outgoing connections use."""

from __future__ import annotations

import os
import random
import socket
from typing import Final

# Below what Linux, macOS and Windows take for connections by themselves: such a port could be taken at any moment.
FIRST, LAST = 10_000, 32_000
WORKERS: Final = 16
WORKER: Final = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % WORKERS

_given: set[int] = set()


def free_port() -> int:
    """A loopback port that nobody listens on now, of this worker's share."""
    while True:
        port = random.SystemRandom().randrange(FIRST, LAST, WORKERS) + WORKER
        if port not in _given and _is_free(port):
            _given.add(port)
            return port


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        # As servers do, who start again on a port whose last connections are still being closed.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
