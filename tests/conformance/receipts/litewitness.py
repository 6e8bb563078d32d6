"""Runs `litewitness`, a witness of other people's making, with the logs that it knows and a key of its own.

A witness keeps of each log the newest checkpoint that it signed, and signs no other that does not continue it. The
program asks an SSH agent to sign, which is here: it holds one key and speaks two messages. The program that tells a
witness of a log (`witnessctl`) wants a module that no proxy need have, so the log's two rows are written by hand.
"""

from __future__ import annotations

import base64
import hashlib
import os
import socket
import sqlite3
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from audit.checkpoint import Verifier
from audit.tree import EMPTY_ROOT
from tests.support.ports import free_port
from tests.support.waiting import until

NAME = "witness.example/city-archive"
_IDENTITIES, _HAS_IDENTITIES, _SIGN, _SIGNED = 11, 12, 13, 14


@dataclass(frozen=True)
class Witness:
    """A running witness: where it listens, and its key as other software takes it."""

    url: str
    key: str


@contextmanager
def running(program: Path, log: Verifier) -> Iterator[Witness]:
    """The witness, which knows one log, until the block ends."""
    key = Ed25519PrivateKey.generate()
    # The path of a socket has at most 107 bytes, too few for the folders of pytest.
    with tempfile.TemporaryDirectory(prefix="witness") as folder, _agent(Path(folder) / "agent", key):
        home, url = Path(folder), f"127.0.0.1:{free_port()}"
        fingerprint = base64.b64encode(hashlib.sha256(_blob(key)).digest()).decode().rstrip("=")
        command = [str(program), "-db", "witness.db", "-ssh-agent", "agent", "-name", NAME, "-listen", url]
        with (home / "told").open("wb") as told:
            process = subprocess.Popen([*command, "-key", f"SHA256:{fingerprint}"], cwd=home, stderr=told)
        try:
            until(lambda: process.poll() is None and _answers(url), (home / "told").read_text("utf-8"))
            _introduce(home / "witness.db", log)
            yield Witness(f"http://{url}", _verifier_key(key))
        finally:
            process.terminate()
            process.wait()


def _answers(url: str) -> bool:
    with suppress(httpx.TransportError):
        return httpx.get(f"http://{url}/", trust_env=False).status_code == 200
    return False


def _introduce(database: Path, log: Verifier) -> None:
    with closing(sqlite3.connect(database, timeout=30)) as connection, connection:
        empty = base64.b64encode(EMPTY_ROOT).decode()
        connection.execute("INSERT INTO log (origin, tree_size, tree_hash) VALUES (?, 0, ?)", (log.name, empty))
        connection.execute("INSERT INTO key (origin, key) VALUES (?, ?)", (log.name, log.text))


def _verifier_key(key: Ed25519PrivateKey) -> str:
    """C2SP tlog-cosignature: 0x04 stands for Ed25519 with a time."""
    coded = b"\x04" + key.public_key().public_bytes_raw()
    key_hash = hashlib.sha256(f"{NAME}\n".encode() + coded).hexdigest()[:8]
    return f"{NAME}+{key_hash}+{base64.b64encode(coded).decode()}"


@contextmanager
def _agent(path: Path, key: Ed25519PrivateKey) -> Iterator[None]:
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(os.fspath(path))
        listening.listen()
        thread = threading.Thread(target=_serve, args=(listening, key))
        thread.start()
        try:
            yield
        finally:
            listening.shutdown(socket.SHUT_RDWR)
            thread.join()


def _serve(listening: socket.socket, key: Ed25519PrivateKey) -> None:
    with suppress(OSError):
        connection, _ = listening.accept()
        with connection, connection.makefile("rwb") as wire:
            while size := int.from_bytes(wire.read(4), "big"):
                wire.write(_string(_reply(wire.read(size), key)))
                wire.flush()


def _reply(asked: bytes, key: Ed25519PrivateKey) -> bytes:
    if asked[0] == _IDENTITIES:
        return bytes([_HAS_IDENTITIES]) + (1).to_bytes(4, "big") + _string(_blob(key)) + _string(b"witness")
    assert asked[0] == _SIGN and asked[1:].startswith(_string(_blob(key)))
    rest = asked[1 + len(_string(_blob(key))) :]
    content = rest[4 : 4 + int.from_bytes(rest[:4], "big")]
    return bytes([_SIGNED]) + _string(_string(b"ssh-ed25519") + _string(key.sign(content)))


def _blob(key: Ed25519PrivateKey) -> bytes:
    return _string(b"ssh-ed25519") + _string(key.public_key().public_bytes_raw())


def _string(content: bytes) -> bytes:
    return len(content).to_bytes(4, "big") + content
