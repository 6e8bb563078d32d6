"""Finds the running hub of a home, and sends requests to that hub alone.

A command knows its hub by a key of the home (`keys/hub.key`), not by its port: whoever else listens there cannot answer
the challenge, and nothing but the challenge is sent to them. The proof names the port, so that it cannot be fetched
from the hub by a program on another port; the request goes over the connection on which the proof came.
"""

from __future__ import annotations

import fcntl
import hashlib
import hmac
import http.client
import json
import os
import re
import secrets
import socket
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from hub.home.seals import load_key
from hub.home.settings import Settings

PROOF_PATH: Final = "/proof"
ANSWER_SECONDS: Final = 60.0
CHALLENGE = re.compile(r"[0-9a-f]{64}\Z")
WAITING_CONNECTIONS: Final = 2_048
"""How many connections wait in the system until the hub takes them."""
MAX_ANSWER: Final = 64 * 1024 * 1024


class HubNotFound(RuntimeError):
    """There is no hub to ask, or what listens there is not the hub of this home; the text says what to do."""


class CannotServe(RuntimeError):
    """A hub cannot begin to serve here; the text says why, and what to do. Nothing has been changed."""


@dataclass(frozen=True, slots=True)
class HubAddress:
    """Where a hub listens."""

    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"


def listen(settings: Settings) -> socket.socket:
    """A socket that listens at the address of the settings; raises CannotServe if it cannot be had."""
    where = f"{settings.host} port {settings.port}"
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            settings.host, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
    except OSError:
        raise CannotServe(f"{settings.host} is no address of this machine; set SLUICEGATE_HOST to one") from None
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(WAITING_CONNECTIONS)
    except PermissionError:
        listener.close()
        raise CannotServe(f"this account may not listen at {where}; choose a port above 1023 with --port") from None
    except OSError:
        listener.close()
        raise CannotServe(
            f"{where} is in use, or is no address of this machine; stop what listens there, or choose another port "
            "with --port"
        ) from None
    return listener


@contextmanager
def only_hub(settings: Settings) -> Iterator[None]:
    """Inside this context no other hub serves in this home, and `hub.json` tells commands where this one listens.

    Raises CannotServe if one does already.
    """
    home = settings.prepare_home()
    with _held(home / "hub.lock", f"a hub serves in {home} already"):
        path = home / "hub.json"
        path.write_text(json.dumps({"pid": os.getpid(), "host": settings.host, "port": settings.port}), "utf-8")
        try:
            yield
        finally:
            path.unlink(missing_ok=True)


@contextmanager
def only_demo(settings: Settings) -> Iterator[None]:
    """Inside this context no other demo uses this home, and none of its files and processes is another's.

    Raises CannotServe if one does already, or if a hub serves in it.
    """
    home = settings.prepare_home()
    with _held(home / "demo.lock", f"a demo runs in {home} already"):
        with _held(home / "hub.lock", f"a hub serves in {home} already"):
            pass  # it is the demo's own hub that takes this lock
        yield


@contextmanager
def _held(path: Path, taken: str) -> Iterator[None]:
    """Inside this context the lock in a home is held; raises CannotServe where another process holds it."""
    with os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600), "r+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CannotServe(
                f"{taken}; stop it first, or use a home of its own: give --home, or set SLUICEGATE_HOME to a new folder"
            ) from None
        yield


def hub_address(settings: Settings, port: int | None) -> HubAddress:
    """Where the hub of this home listens: what it wrote into `hub.json`, unless a port is given; raises HubNotFound."""
    state = settings.home.absolute() / "hub.json"
    if port is None and state.exists():
        try:
            hub = json.loads(state.read_text("utf-8"))
            return HubAddress(str(hub["host"]), int(hub["port"]))
        except (OSError, ValueError, KeyError, TypeError):
            raise HubNotFound(f"{state} cannot be read; give --port") from None
    return HubAddress(settings.host, settings.port)


def hub_key(settings: Settings) -> bytes:
    """The key by which the commands of a home know its hub, made once; raises KeyRefused."""
    return load_key(settings.hub_key, replaceable=True)


def proof(key: bytes, challenge: str, port: int) -> str | None:
    """What the hub on `port` answers to a challenge; None for a text that is none."""
    if not CHALLENGE.match(challenge):
        return None
    return hmac.new(key, f"sluicegate hub\n{port}\n{challenge}".encode(), hashlib.sha256).hexdigest()


def post_to_hub(
    settings: Settings, address: HubAddress, headers: Mapping[str, str], body: Mapping[str, Any]
) -> tuple[int, dict[str, Any]]:
    """The status and answer of one query, sent once the hub has proved that it is this home's; raises HubNotFound."""
    sent = {"Accept": "application/graphql-response+json", **headers, "Content-Type": "application/json"}
    return _send(settings, address, "POST", "/graphql", sent, json.dumps(body).encode())


def get_from_hub(
    settings: Settings, address: HubAddress, path: str, headers: Mapping[str, str]
) -> tuple[int, dict[str, Any]]:
    """The status and answer of a GET, sent once the hub has proved that it is this home's; raises HubNotFound."""
    return _send(settings, address, "GET", path, headers, None)


def _send(
    settings: Settings, address: HubAddress, method: str, path: str, headers: Mapping[str, str], body: bytes | None
) -> tuple[int, dict[str, Any]]:
    # No proxy of the environment is asked: the token is for the hub alone.
    with closing(http.client.HTTPConnection(_reachable(address.host), address.port, timeout=ANSWER_SECONDS)) as wire:
        try:
            wire.connect()
            # From here on a lost connection is an error: on another one, somebody else might listen.
            wire.auto_open = 0
            _check_proof(settings, address, wire)
            wire.request(method, path, body, dict(headers))
            return _answer(wire)
        except (OSError, http.client.HTTPException, UnicodeEncodeError):
            raise HubNotFound(
                f"no hub answers at {address}; start one with `sluicegate serve` or `make demo`"
            ) from None
        except ValueError:
            raise HubNotFound(f"the server at {address} is not a hub") from None


def _check_proof(settings: Settings, address: HubAddress, wire: http.client.HTTPConnection) -> None:
    challenge = secrets.token_hex(32)
    wire.request("GET", f"{PROOF_PATH}?challenge={challenge}")
    try:
        status, answer = _answer(wire)
        given = answer.get("proof") if status == 200 else None
    except (ValueError, AttributeError):
        given = None
    expected = proof(hub_key(settings), challenge, address.port)
    if expected is None or not isinstance(given, str) or not hmac.compare_digest(given.encode(), expected.encode()):
        raise HubNotFound(
            f"what listens at {address} is not the hub of {settings.home.absolute()}, so no token was sent to it; "
            "start that hub, or name another home with --home"
        )


def _answer(wire: http.client.HTTPConnection) -> tuple[int, dict[str, Any]]:
    response = wire.getresponse()
    answer = json.loads(response.read(MAX_ANSWER))
    if not isinstance(answer, dict):
        raise ValueError("the answer is no object")
    return response.status, answer


def _reachable(host: str) -> str:
    """An address to connect to, for one to listen on."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - not bound here
