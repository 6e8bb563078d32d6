"""The files that pages refer to: read once, named by their content, so that a browser may keep them for good."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from starlette.responses import Response

FOLDER: Final = Path(__file__).with_name("files")
PREFIX: Final = "/console/assets/"
KINDS: Final = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
"""The media type of each kind of file; no other kind is served."""
FOR_GOOD: Final = "public, max-age=31536000, immutable"


class Assets:
    """All files of the folder, in memory."""

    def __init__(self) -> None:
        files = {path.name: path.read_bytes() for path in sorted(FOLDER.iterdir()) if path.suffix in KINDS}
        self._paths = {name: f"{_digest(content)}/{name}" for name, content in files.items()}
        self._integrity = {name: integrity_of(content) for name, content in files.items()}
        self._contents: Mapping[str, bytes] = {self._paths[name]: content for name, content in files.items()}

    def url(self, name: str) -> str:
        """Where a file is served; KeyError if there is none of this name."""
        return PREFIX + self._paths[name]

    def integrity(self, name: str) -> str:
        """What a browser is told to find in a file before it uses it (Subresource Integrity)."""
        return self._integrity[name]

    def response(self, path: str) -> Response | None:
        """The file at a path; None if there is none."""
        content = self._contents.get(path.removeprefix(PREFIX)) if path.startswith(PREFIX) else None
        if content is None:
            return None
        headers = {"Cache-Control": FOR_GOOD, "X-Content-Type-Options": "nosniff"}
        return Response(content, headers=headers, media_type=KINDS[Path(path).suffix])


def integrity_of(content: bytes) -> str:
    """The SHA-384 of a file, as an `integrity` attribute says it."""
    return f"sha384-{base64.b64encode(hashlib.sha384(content).digest()).decode()}"


def _digest(content: bytes) -> str:
    return hashlib.sha384(content).hexdigest()[:16]
