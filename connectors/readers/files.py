"""What all kinds of files have in common: where they lie, and which of them are read.

A source is one file, or with `files` those of a folder or a zip archive whose names fit. What is wrong with one file of
several costs that file: it stands in quarantine, the others are read, and the read does not count as a full one. Of a
growing folder only files that are new or changed are read.
"""

from __future__ import annotations

import hashlib
import lzma
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import IO

from pydantic import Field, model_validator

from connectors.base import FILE, Broken, ConnectorError, FileRead, Header, Item, Note, Row, Since
from connectors.readers.file_sets import FileSet, SourceFile, file_set, shown_name, single_file
from connectors.source_model import FaultAt, PulledSource, Stream

_DAMAGED = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, OSError)
_UNFORESEEN = (ValueError, ArithmeticError, LookupError, RecursionError)


class FilesSource(PulledSource):
    """Files of one kind, as a YAML file declares them."""

    files: str | None = Field(default=None, min_length=1, max_length=200)
    growing: bool = False

    @model_validator(mode="after")
    def _grows_by_files(self) -> FilesSource:
        if self.growing and self.files is None:
            raise FaultAt("a growing folder needs `files`, such as files: '*.csv'", "growing")
        for index, each in enumerate(self.records):
            if self.growing and each.updated is None:
                problem = "`growing: true` needs the `updated` column: of two files with one record the later row wins"
                raise FaultAt(problem, "records", index, "updated")
        return self

    def reader(self, stream: Stream) -> FilesReader:
        """Reads the files for one stream."""
        return FilesReader(self, stream)

    def items(self, name: str, stream: Stream, file: IO[bytes]) -> Iterator[Item]:
        """What one file gives; raises ConnectorError under `name` if it cannot be read."""
        raise NotImplementedError


class FilesReader:
    """Reads the files of a source, each from its beginning."""

    ordered = False

    def __init__(self, source: FilesSource, stream: Stream) -> None:
        self._source, self._stream = source, stream
        self._name = f"{source.name}/{stream.name}"
        self.full = not source.growing

    def read(self, since: Since) -> Iterator[Item]:
        """Every row of the files, or of those that are not known; raises ConnectorError."""
        where = Path(self._source.where)
        if self._source.files is None:
            if where.is_dir():
                raise ConnectorError(self._name, f"{where} is a folder; say which files of it, such as files: '*.csv'")
            with single_file(self._name, where) as file:
                yield from self._content(file)
            return
        with file_set(self._name, where, self._source.files) as found:
            yield from self._set(found, since)

    def _set(self, found: FileSet, since: Since) -> Iterator[Item]:
        columns: dict[str, None] = {}
        complete = not found.refused
        for ordinal, wrong in enumerate(found.refused, 1):
            yield Broken(ordinal, FILE, wrong.rule, wrong.reason, part=shown_name(wrong.name, ordinal))
        for ordinal, file in enumerate(found.files, len(found.refused) + 1):
            part = shown_name(file.name, ordinal)
            try:
                for item in self._file(file, since):
                    match item:
                        case Header():
                            columns.update(dict.fromkeys(item.columns))
                            complete = complete and item.complete
                        case Row() | Broken():
                            yield replace(item, part="/".join(each for each in (part, item.part) if each))
                        case _:
                            complete = complete and not (isinstance(item, FileRead) and item.known)
                            yield item
            except ConnectorError as wrong:
                complete = False
                yield Broken(ordinal, FILE, "unreadable-file", wrong.problem, part=part)
        yield Header(tuple(columns), complete)
        if found.others:
            yield Note(
                "other-files", "files have names that `files` does not ask for, and are passed over", found.others
            )

    def _file(self, file: SourceFile, since: Since) -> Iterator[Item]:
        """The rows of one file, if it has to be read; a damaged archive is noticed before its first row."""
        try:
            with file.open() as content:
                digest = _digest(file.name, content)
                if self._source.growing and not since.waiting and since.known(digest):
                    yield FileRead(digest, known=True)
                    return
                content.seek(0)
                yield from self._content(content)
        except _DAMAGED:
            raise ConnectorError(self._name, "it is damaged; pack or copy it again", terminal=False) from None
        if self._source.growing:
            yield FileRead(digest)

    def _content(self, file: IO[bytes]) -> Iterator[Item]:
        # Whoever writes the file chooses what stands in it: what no reader foresaw costs this file, and not the pull.
        # Only the class is told, for the text of the fault may hold a value.
        try:
            yield from self._source.items(self._name, self._stream, file)
        except _UNFORESEEN as wrong:
            kind = type(wrong).__name__
            raise ConnectorError(self._name, f"its content cannot be read ({kind}); export it again") from None


def _digest(name: str, file: IO[bytes]) -> str:
    """A digest of a file's name and content."""
    digest = hashlib.blake2b(name.encode("utf-8", "surrogatepass") + b"\0", digest_size=16)
    while chunk := file.read(1 << 20):
        digest.update(chunk)
    return digest.hexdigest()
