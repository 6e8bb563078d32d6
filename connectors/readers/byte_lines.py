"""Cuts the bytes of a text file into lines before they are decoded, so that a wrong byte costs its line alone.

Every byte of the file is in one line, in order. No byte of a character in UTF-8, GBK, GB 18030 or Big5 equals a line
end; of UTF-16 the two bytes of a line end are looked for.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

MAX_BYTES = 1 << 20
"""Longest line."""
_LONE = re.compile("[\udc80-\udcff]")
_LINE_ENDS = {"utf-16-le": b"\n\x00", "utf-16-be": b"\x00\n"}
_MULTIBYTE = frozenset({"gbk", "gb18030", "big5"})
CJK = re.compile("[\u2e80-\U0010ffff]")
"""A sign of Chinese writing, in whatever text it stands."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line: its number, the offset of its first byte, and its bytes; of one that is too long only the beginning."""

    number: int
    offset: int
    content: bytes
    whole: bool = True


def byte_lines(file: IO[bytes], encoding: str) -> Iterator[Line]:
    """The lines from where the file stands on."""
    offset, number = file.tell(), 0
    while content := _line(file, encoding):
        number += 1
        whole = len(content) < MAX_BYTES or _ends(content, encoding)
        yield Line(number, offset, content, whole)
        offset += len(content)
        while not whole and (content := _line(file, encoding)):
            offset += len(content)
            whole = len(content) < MAX_BYTES or _ends(content, encoding)


def _ends(content: bytes | bytearray, encoding: str) -> bool:
    return content.endswith(_LINE_ENDS.get(encoding, b"\n"))


def _line(file: IO[bytes], encoding: str) -> bytes:
    """The bytes up to the next line end, or the next `MAX_BYTES`."""
    if encoding not in _LINE_ENDS:
        return file.readline(MAX_BYTES)
    content = bytearray()
    while len(content) < MAX_BYTES:
        more = file.readline(MAX_BYTES - len(content))
        content += more
        if len(content) % 2:
            content += file.read(1)
        if not more or _ends(content, encoding):
            break
    return bytes(content)


def decode(content: bytes, encoding: str) -> str:
    """The text of some bytes; for each that is not in the encoding a lone surrogate stands there."""
    return content.decode(encoding, "lone-surrogate" if encoding in _LINE_ENDS else "surrogateescape")


def _lone_surrogate(error: UnicodeError) -> tuple[str, int]:
    """Stands in for bytes of UTF-16 that are none; `surrogateescape` refuses those below 128."""
    assert isinstance(error, UnicodeDecodeError)  # noqa: S101 - it is registered for decoding
    return "\udcff" * (error.end - error.start), error.end


codecs.register_error("lone-surrogate", _lone_surrogate)


def is_undecodable(cell: str) -> bool:
    """Whether a text holds something that was not in the encoding of its file."""
    return not cell.isascii() and _LONE.search(cell) is not None


def wrong_byte(content: bytes, offset: int, encoding: str) -> str:
    """Where bytes that begin at this offset of a file are not in its encoding, in words."""
    try:
        content.decode(encoding)
    except UnicodeDecodeError as error:
        return f"byte {offset + error.start} of the file is not {encoding}"
    return f"the row is not {encoding}"


def is_really_utf_8(content: bytes, encoding: str) -> bool:
    """Whether bytes that are said to be in a Chinese encoding are text in UTF-8.

    Most of UTF-8 is valid GBK too, with other characters. Chinese text in GBK is as good as never valid UTF-8.
    """
    if encoding not in _MULTIBYTE or content.isascii():
        return False
    try:
        return CJK.search(content.decode()) is not None
    except UnicodeDecodeError:
        return False
