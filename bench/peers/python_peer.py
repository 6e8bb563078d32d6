"""Serves a peer that is written in Python: routes of Starlette that share one driver on the graph.

The driver is open for as long as the peer serves, as `app.state.driver`. Environment: NEO4J_URL, NEO4J_USER,
NEO4J_PASSWORD, PORT, WORKERS.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import uvicorn
from neo4j import AsyncGraphDatabase
from starlette.applications import Starlette
from starlette.routing import Route


@asynccontextmanager
async def serving(app: Starlette) -> AsyncIterator[None]:
    """The driver is open while the application serves."""
    user, password = os.environ["NEO4J_USER"], os.environ["NEO4J_PASSWORD"]
    async with AsyncGraphDatabase.driver(os.environ["NEO4J_URL"], auth=(user, password)) as driver:
        app.state.driver = driver
        yield


def application(routes: Sequence[Route]) -> Starlette:
    """These routes, which find the driver as `request.app.state.driver`."""
    return Starlette(routes=routes, lifespan=serving)


def serve(name: str) -> None:
    """Serve the application of that name (`module:name`) on loopback until the process is stopped."""
    port, workers = int(os.environ["PORT"]), int(os.environ["WORKERS"])
    uvicorn.run(name, host="127.0.0.1", port=port, workers=workers, access_log=False, log_level="warning")
