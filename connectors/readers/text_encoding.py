"""Finds in which encoding a text file is: the declared one, or with `detect` the one in which every byte is valid.

Nothing is guessed from likelihood: a file that is mixed, or in no encoding of the list, is refused with the place of
the first wrong byte.
"""

from __future__ import annotations

import codecs
from dataclasses import dataclass
from typing import IO, Literal

from connectors.base import ConnectorError, Note
from connectors.readers.byte_lines import CJK, byte_lines, is_really_utf_8

Encoding = Literal["utf-8", "utf-8-sig", "gbk", "gb18030", "big5", "utf-16", "utf-16-le", "utf-16-be", "detect"]
_CHUNK = 1 << 20
_MARKS = {codecs.BOM_UTF8: "utf-8", codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}


@dataclass(frozen=True, slots=True)
class TextForm:
    """How a file is to be decoded: its encoding, how many bytes of a byte order mark precede it, and what to tell."""

    encoding: str
    mark: int = 0
    note: Note | None = None


def text_form(name: str, declared: Encoding, file: IO[bytes]) -> TextForm:
    """The form of a file, which stands at the beginning of its text then; ConnectorError if it is not as declared."""
    start = file.read(3)
    file.seek(0)
    mark = next((each for each in _MARKS if start.startswith(each)), b"")
    marked = _MARKS.get(mark)
    if declared == "detect":
        encoding = marked or _detect(name, file)
        note = Note(f"encoding {encoding}", f"the encoding was found to be {encoding}")
    else:
        encoding, note = _declared(name, declared, marked), None
    form = TextForm(encoding, len(mark) if encoding == marked else 0, note)
    if declared == "detect" and marked is not None:
        file.seek(form.mark)
        fault = _first_fault(file, encoding)
        if fault is not None:
            raise ConnectorError(name, f"the file has the byte order mark of {encoding}, and byte {fault} is not so")
    file.seek(form.mark)
    return form


def _declared(name: str, declared: str, marked: str | None) -> str:
    """The encoding that is declared, made exact; ConnectorError if the byte order mark is of another."""
    encoding = "utf-8" if declared == "utf-8-sig" else declared
    if encoding == "utf-16":
        if marked not in {"utf-16-le", "utf-16-be"}:
            raise ConnectorError(name, "the file has no byte order mark of UTF-16; declare utf-16-le or utf-16-be")
        return marked
    if marked is None or marked == encoding:
        return encoding
    if marked == "utf-8":
        raise ConnectorError(name, f"the file starts with the byte order mark of UTF-8, and {encoding} is declared")
    raise ConnectorError(name, f"the file is UTF-16, and {encoding} is declared; declare `encoding: utf-16`")


def _detect(name: str, file: IO[bytes]) -> str:
    """The first encoding in which the whole file is valid text."""
    faults = {}
    for encoding in ("utf-8", "gb18030", *_utf_16(file)):
        fault = _first_fault(file, encoding)
        if fault is None:
            return encoding
        faults[encoding] = fault
        if encoding == "utf-8" and _is_chinese_before(file, fault):
            raise ConnectorError(name, f"the file is UTF-8 up to byte {fault}, which is not; {_ADVICE}")
    told = ", ".join(f"byte {fault} is not {encoding}" for encoding, fault in faults.items())
    raise ConnectorError(name, f"no encoding fits the whole file: {told}; {_ADVICE}")


@dataclass(frozen=True, slots=True)
class WrongLines:
    """Lines whose bytes are not in an encoding: how many of how many, and the number and byte of the first one."""

    count: int
    lines: int
    first: int
    byte: int


def wrong_lines(file: IO[bytes], encoding: str) -> WrongLines:
    """The lines of a file that a reader would refuse under an encoding; byte order marks are not looked at."""
    file.seek(0)
    count = lines = first = byte = 0
    for line in byte_lines(file, encoding):
        lines += 1
        at = _wrong_at(line.content, encoding)
        if at is not None:
            count += 1
            first, byte = (first, byte) if count > 1 else (line.number, line.offset + at)
    file.seek(0)
    return WrongLines(count, lines, first, byte)


def _wrong_at(content: bytes, encoding: str) -> int | None:
    try:
        content.decode(encoding)
    except UnicodeDecodeError as error:
        return error.start
    return 0 if is_really_utf_8(content, encoding) else None


_ADVICE = "export it again, or declare its `encoding`: then only the rows with wrong bytes are refused"


def _first_fault(file: IO[bytes], encoding: str) -> int | None:
    """The offset of the first byte that is no text in this encoding, from where the file stands on; None if all is.

    A zero character is no text: it is what UTF-16 looks like in another encoding.
    """
    decoder, offset = codecs.getincrementaldecoder(encoding)(), file.tell()
    done = False
    while not done:
        chunk = file.read(_CHUNK)
        done = not chunk
        kept = len(decoder.getstate()[0])
        try:
            text = decoder.decode(chunk, final=done)
        except UnicodeDecodeError as error:
            file.seek(0)
            return offset - kept + error.start
        if "\x00" in text:
            file.seek(0)
            return offset + max(chunk.find(b"\x00"), 0)
        offset += len(chunk)
    file.seek(0)
    return None


def _is_chinese_before(file: IO[bytes], fault: int) -> bool:
    """Whether text that is surely UTF-8 precedes the first byte that is not."""
    file.seek(0)
    start = file.read(min(fault, _CHUNK))
    file.seek(0)
    return CJK.search(start.decode("utf-8", "ignore")) is not None


def _utf_16(file: IO[bytes]) -> tuple[str, ...]:
    """The order of bytes in which the beginning has the most ASCII characters, as each line of a table has some."""
    start = file.read(65_536)
    file.seek(0)
    if b"\x00" not in start:
        return ()
    little, big = (sum(part == 0 for part in start[at::2]) for at in (1, 0))
    return ("utf-16-le",) if little >= big else ("utf-16-be",)
