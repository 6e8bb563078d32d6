"""Compresses an answer with gzip (RFC 1952), in a length that is not always the same.

What an observer of the encrypted connection sees of an answer is its length, and compressed this depends on how its
parts resemble each other (BREACH). No text of a request but its response names stands in an answer, no cookie is taken,
and no other origin may ask, so that nobody can try texts beside a secret from a browser. Who writes into a register,
and watches how long the answers about it are, could; therefore the file name in the header of the compressed data,
which nobody reads, is of a random length.
"""

from __future__ import annotations

import secrets
import struct
import zlib
from typing import Final

SMALL: Final = 1_400
"""Bytes of an answer that is not compressed: it is one packet either way."""
LARGE: Final = 65_536
"""Bytes of an answer that is compressed beside the event loop: it takes more than a millisecond."""
PADDING: Final = 100
"""Bytes that the compressed answer is longer at most."""
LEVEL: Final = 4
_HEAD: Final = struct.pack("<BBBBLBB", 0x1F, 0x8B, zlib.DEFLATED, 0x08, 0, 0, 0xFF)
"""With a file name, without a time, of no operating system."""


def compress(content: bytes) -> bytes:
    """`content` as gzip; the same content has another length each time."""
    squeezed = zlib.compressobj(LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
    padding = b"-" * secrets.randbelow(PADDING + 1) + b"\0"
    tail = struct.pack("<LL", zlib.crc32(content), len(content) & 0xFFFFFFFF)
    return b"".join((_HEAD, padding, squeezed.compress(content), squeezed.flush(), tail))
