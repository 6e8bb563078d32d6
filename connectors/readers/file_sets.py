"""The files of a source: one file, those of a folder, or those of a zip archive, in the order of their names.

A name leads nowhere but into the folder or archive: links, names with `..`, absolute names, archives within and
members that unpack to far more than they are packed in are refused, each with its name and a reason. Nothing is
unpacked to the disk.
"""

from __future__ import annotations

import os
import re
import stat
import zipfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath
from typing import IO

from connectors.base import ConnectorError
from connectors.quarantine import holds_number_of_person

MAX_FILES = 10_000
MAX_MEMBER_BYTES = 1 << 30
"""Largest member of an archive, unpacked."""
MAX_ARCHIVE_BYTES = 4 << 30
"""Most that all members of an archive unpack to."""
MAX_RATIO = 200
"""How many times its packed size a member may be, if it is larger than `SMALL`; registers are packed 5 to 30 times."""
SMALL = 1 << 20
_ARCHIVES = (".zip", ".rar", ".7z", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".zst")
_PACKED = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
_DRIVE = re.compile(r"[A-Za-z]:")
_UNLISTED = ("unlisted-folder", "the folder cannot be listed; see that the account of the pull may read it")
_UTF_8_NAME, _ENCRYPTED = 0x800, 0x1

Open = Callable[[], AbstractContextManager[IO[bytes]]]
Fault = tuple[str, str]
"""The rule by which a file is refused, and the reason."""


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One file: its name in folder or archive, and how it is opened."""

    name: str
    open: Open


@dataclass(frozen=True, slots=True)
class RefusedFile:
    """A file that is not opened, and why."""

    name: str
    rule: str
    reason: str


@dataclass(frozen=True, slots=True)
class FileSet:
    """The files to read, those refused, and how many have names that are not asked for."""

    files: tuple[SourceFile, ...]
    refused: tuple[RefusedFile, ...] = ()
    others: int = 0


def shown_name(name: str, ordinal: int, what: str = "file") -> str:
    """The name of a file or sheet as it may be told: not if it is unreadable, very long or holds a personal number."""
    if name.isprintable() and len(name) <= 200 and not holds_number_of_person(name):
        return name
    return f"{what} {ordinal}"


@contextmanager
def single_file(source: str, path: Path) -> Iterator[IO[bytes]]:
    """The only file of a source; ConnectorError if it cannot be read, or was changed while it was."""
    if not path.is_file():
        raise ConnectorError(
            source, f"{path} does not exist or cannot be read; correct `where:` of the source, or give --data"
        )
    with _unchanged(source, path) as file:
        yield file


@contextmanager
def file_set(source: str, where: Path, pattern: str) -> Iterator[FileSet]:
    """The files of a folder or zip archive whose names fit a pattern; ConnectorError if there is neither."""
    if where.is_dir():
        yield _counted(source, _of_folder(source, where, pattern))
    elif where.suffix.lower() == ".zip":
        with single_file(source, where) as file:
            try:
                archive = zipfile.ZipFile(file)
            except (zipfile.BadZipFile, OSError, ValueError):
                raise ConnectorError(source, "it is no whole zip archive; pack it again", terminal=False) from None
            with archive:
                yield _counted(source, _of_archive(archive, pattern))
    else:
        problem = f"{where} is no folder and no .zip archive; correct `where:`, or leave `files:` out for a single file"
        raise ConnectorError(source, problem)


def _counted(source: str, found: FileSet) -> FileSet:
    if len(found.files) + len(found.refused) > MAX_FILES:
        raise ConnectorError(source, f"there are more than {MAX_FILES:,} files; put old ones elsewhere")
    if not found.files and not found.refused:
        raise ConnectorError(source, f"there is no file whose name fits `files`, and {found.others:,} other files")
    return found


@contextmanager
def _unchanged(source: str, path: Path, flags: int = 0) -> Iterator[IO[bytes]]:
    """A file, open; ConnectorError if it is no plain file, or somebody wrote to it while it was read."""
    try:
        file = os.fdopen(os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | flags), "rb")
    except OSError:
        raise ConnectorError(source, "it cannot be opened; see that the account of the pull may read it") from None
    with file:
        before = os.fstat(file.fileno())
        if not stat.S_ISREG(before.st_mode):
            raise ConnectorError(source, "it is no plain file")
        yield file
        after = os.fstat(file.fileno())
        if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
            raise ConnectorError(source, "it was written to while it was read; pull again", terminal=False)


def _of_folder(source: str, folder: Path, pattern: str) -> FileSet:
    files, refused, others, unlisted = [], [], 0, list[OSError]()
    for path in sorted(_walk(folder, unlisted), key=lambda each: each.relative_to(folder).as_posix()):
        name = path.relative_to(folder).as_posix()
        if _is_link(path):
            refused.append(RefusedFile(name, "link", "a link may lead anywhere; put the file itself into the folder"))
        elif not _is_asked_for(name, pattern):
            others += 1
        elif fault := _archive_fault(name):
            refused.append(RefusedFile(name, *fault))
        else:
            files.append(SourceFile(name, lambda path=path: _unchanged(source, path, os.O_NOFOLLOW)))  # type: ignore[misc]
    for place in (Path(each.filename) for each in unlisted):
        if place == folder:
            raise ConnectorError(source, f"{folder} cannot be listed; see that the account of the pull may read it")
        refused.append(RefusedFile(place.relative_to(folder).as_posix(), *_UNLISTED))
    return FileSet(tuple(files), tuple(refused), others)


def _walk(folder: Path, unlisted: list[OSError]) -> Iterator[Path]:
    """All that is in a folder but folders; links to folders are not followed. Folders that fail go to `unlisted`."""
    for root, folders, names in os.walk(folder, onerror=unlisted.append):
        yield from (Path(root, each) for each in names)
        yield from (path for each in folders if _is_link(path := Path(root, each)))


def _is_link(path: Path) -> bool:
    """Whether a path is a link; one that cannot be looked at is none, and is refused when it is opened or listed."""
    try:
        return path.is_symlink()
    except OSError:
        return False


def _of_archive(archive: zipfile.ZipFile, pattern: str) -> FileSet:
    members = sorted(((_member_name(each), each) for each in archive.infolist()), key=lambda each: each[0])
    files, refused, others, names, total = [], [], 0, set[str](), 0
    for name, member in members:
        fault = _member_fault(name, member) or _total_fault(name in names, total + member.file_size)
        if fault:
            refused.append(RefusedFile(name, *fault))
        elif member.is_dir():
            continue
        elif not _is_asked_for(name, pattern):
            others += 1
        elif fault := _archive_fault(name):
            refused.append(RefusedFile(name, *fault))
        else:
            total += member.file_size
            files.append(SourceFile(name, lambda member=member: archive.open(member)))  # type: ignore[misc]
        names.add(name)
    return FileSet(tuple(files), tuple(refused), others)


def _member_name(member: zipfile.ZipInfo) -> str:
    """The name of a member; without the mark of UTF-8 it is in the encoding of whoever packed it."""
    name = member.orig_filename
    if member.flag_bits & _UTF_8_NAME or name.isascii():
        return name
    packed = name.encode("cp437", "replace")
    for encoding in ("utf-8", "gb18030"):
        try:
            return packed.decode(encoding)
        except UnicodeDecodeError:
            continue
    return name


def _member_fault(name: str, member: zipfile.ZipInfo) -> Fault | None:
    if not _is_within(name):
        return "unsafe-name", "the name leads out of the archive, or holds signs that no file's name has"
    if stat.S_IFMT(member.external_attr >> 16) not in {0, stat.S_IFREG, stat.S_IFDIR}:
        return "link", "a link or a device stands in the archive; pack the file itself"
    if member.flag_bits & _ENCRYPTED:
        return "encrypted", "it is packed with a password; pack it without one"
    if member.compress_type not in _PACKED:
        return "unknown-packing", "it is packed by a method that is not read; pack it as a plain zip"
    if member.file_size > MAX_MEMBER_BYTES:
        return "too-large", f"it unpacks to more than {MAX_MEMBER_BYTES:,} bytes"
    if member.file_size > SMALL and member.file_size > MAX_RATIO * max(member.compress_size, 1):
        return "too-large", f"it unpacks to more than {MAX_RATIO} times its size"
    return None


def _total_fault(is_again: bool, total: int) -> Fault | None:
    if is_again:
        return "name-twice", "the archive holds another file of this name"
    if total > MAX_ARCHIVE_BYTES:
        return "too-large", f"the files of the archive unpack to more than {MAX_ARCHIVE_BYTES:,} bytes in all"
    return None


def _is_within(name: str) -> bool:
    """Whether a name stays below where it is, on any system."""
    parts = PurePosixPath(name).parts
    return bool(
        parts and name.isprintable() and "\\" not in name and name[0] != "/" and ".." not in parts
        and not _DRIVE.match(name)
    )  # fmt: skip


def _archive_fault(name: str) -> Fault | None:
    if name.lower().endswith(_ARCHIVES):
        return "archive-within", "an archive within is not opened; unpack it, or make it a source of its own"
    return None


def _is_asked_for(name: str, pattern: str) -> bool:
    """Whether a name fits; what a spreadsheet or an editor leaves beside a file does not."""
    return not PurePosixPath(name).name.startswith((".", "~$")) and fnmatchcase(name, pattern)
