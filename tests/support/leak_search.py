"""Searches bytes and files for values in every form they may have, and receives the spans that a hub exports."""

from __future__ import annotations

import base64
import gzip
import threading
import urllib.parse
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

Sought = Mapping[str, tuple[bytes, ...]]
"""Values by the bytes that would show them."""


def forms(value: str) -> Iterator[bytes]:
    """The bytes by which a value could stand in a file."""
    for encoding in ("utf-8", "utf-16-le", "utf-16-be", "gb18030"):
        yield value.encode(encoding)
    yield from escapes(value)
    for shift in range(3):
        # base64 of the value wherever it begins in what was encoded, without the letters that neighbours touch.
        whole = base64.b64encode(b"\0" * shift + value.encode()).rstrip(b"=")
        yield whole[(0, 2, 3)[shift] : len(whole) - 1]


def escapes(value: str) -> Iterator[bytes]:
    """The value in ASCII, as JSON, URLs and Python write it."""
    units = value.encode("utf-16-be").hex()
    escaped = "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))
    yield escaped.encode()
    yield escaped.upper().replace("\\U", "\\u").encode()
    yield urllib.parse.quote(value).encode()
    yield ascii(value)[1:-1].encode()
    yield repr(value.encode())[2:-1].encode()


def found(content: bytes, sought: Sought) -> set[str]:
    """The values that stand in some bytes."""
    return {value for value, shapes in sought.items() if any(shape in content for shape in shapes)}


def files(folder: Path, *, apart: Path) -> list[Path]:
    """All files of a folder, `apart` from one subfolder."""
    return sorted(path for path in folder.rglob("*") if path.is_file() and apart not in path.parents)


def leaks(paths: Iterable[Path], sought: Sought) -> dict[str, set[str]]:
    """By file, the values in it."""
    return {path.name: values for path in paths if (values := found(_content(path), sought))}


def _content(path: Path) -> bytes:
    """What a file holds; one that has taken the place of another since it was listed is read there."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        if path.suffix != ".new":
            raise
        return path.with_suffix("").read_bytes()


@dataclass
class Collector:
    """An OTLP receiver over HTTP that keeps what it is sent."""

    bodies: list[bytes] = field(default_factory=list)

    @contextmanager
    def serve(self) -> Iterator[str]:
        bodies = self.bodies

        class Receiver(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                bodies.append(gzip.decompress(body) if self.headers.get("content-encoding") == "gzip" else body)
                self.send_response(200)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:
                """Nothing is printed: the test's own output is not what is searched."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
            server.server_close()
