"""What docs/subscriptions.md says: its program is told a change, and its table of bounds names those of the code."""

from __future__ import annotations

import json
import os
import re
import subprocess
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from hub.subscriptions import follower, operation, outbox, stream
from hub.subscriptions import socket as bounds
from tests.support.project import ROOT
from tests.support.subscribing.scene import DOCUMENT, Scene

pytestmark = pytest.mark.attack
PAGE = (ROOT / "docs" / "subscriptions.md").read_text("utf-8")


def program() -> Callable[..., Iterator[dict[str, Any]]]:
    """The program of the page."""
    (text,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    names: dict[str, Any] = {}
    exec(text, names)
    made: Callable[..., Iterator[dict[str, Any]]] = names["changes"]
    return made


def test_the_program_is_told_a_change(scene: Scene) -> None:
    scene.write([("P1", "RECEIVED", "001")])
    token = scene.served.issuer.issue("desk", "clerk-1")
    before = len(scene.records("query"))
    told = program()(f"ws://127.0.0.1:{scene.served.port}/graphql", token, "event", DOCUMENT)

    def change() -> None:
        scene.await_query(before)
        scene.write([("P1", "CLOSED", "001")])

    changing = threading.Thread(target=change)
    changing.start()
    assert next(told)["data"]["eventChanged"]["status"] == "CLOSED"
    told.close()  # type: ignore[attr-defined]
    changing.join()


def test_the_command_is_told_a_change(scene: Scene) -> None:
    scene.write([("P2", "RECEIVED", "001")])
    (command,) = re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)
    known = {"HUB": f"http://127.0.0.1:{scene.served.port}", "TOKEN": scene.served.issuer.issue("desk", "clerk-1")}
    before = len(scene.records("query"))
    with subprocess.Popen(
        ["bash", "-c", f"exec {command.replace('event.dispatch', 'event').strip()}"],
        env={**os.environ, **known, "NO_PROXY": "*"},
        stdout=subprocess.PIPE,
        text=True,
    ) as curl:
        scene.await_query(before)
        scene.write([("P2", "CLOSED", "001")])
        lines = (line for line in curl.stdout or () if line.startswith("data: {"))
        told = json.loads(next(lines).removeprefix("data: "))
        curl.kill()
    assert told["data"]["eventChanged"] == {"number": "P2", "status": "CLOSED"}


@pytest.mark.parametrize(
    ("row", "bound"),
    [
        ("`connection_init`", bounds.INIT_SECONDS),
        ("connections of one application", follower.CONNECTIONS),
        ("operations of one connection", bounds.OPERATIONS),
        ("a connection without an operation", bounds.IDLE_SECONDS),
        ("silence of a WebSocket", bounds.PING_SECONDS),
        ("silence of a stream", stream.KEEP_ALIVE_SECONDS),
        ("a message or event that the client does not read", outbox.SEND_SECONDS),
    ],
)
def test_the_bounds_of_the_page_are_those_of_the_hub(row: str, bound: float) -> None:
    (told,) = [line for line in PAGE.splitlines() if line.startswith(f"| {row}")]
    assert f" {bound:g} " in told.replace("|", " | ")


def test_the_page_says_how_many_nodes_may_wait() -> None:
    assert f"({operation.WAITING:,} nodes)" in PAGE
