"""Computes the version of the detector from everything that decides what it finds.

It is a digest over the rules (the source files of this folder and `policies/detect.py`), the model, the libraries that
run them, and the department's word list. So spans are trusted only if the detector that is installed now found them,
and nobody has to raise a number by hand: a changed comment costs one pass over the texts, a forgotten number would
leave a name in one.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path

LIBRARIES = ("onnxruntime", "presidio-analyzer", "python-stdnum", "regex", "rjieba")
_ROOM = Path(__file__).parent


@lru_cache(maxsize=8)
def compute_version(words: str) -> str:
    """Sixteen hex characters; `words` is the digest of the word list. Does not load the model, only reads it."""
    digest = hashlib.sha256(words.encode())
    for library in LIBRARIES:
        digest.update(f"{library} {version(library)}\n".encode())
    for path in (_ROOM.parent / "detect.py", *sorted(_ROOM.rglob("*"))):
        if path.is_file() and path.suffix not in {".pyc", ".md"}:
            digest.update(f"{path.relative_to(_ROOM.parent)}\n".encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()[:16]
