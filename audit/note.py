"""Signed notes and the log's Ed25519 keys: makes, signs, writes and opens them.

A note that opens was signed by the key of that name, over exactly that text. Signatures of other keys, such as those of
witnesses, are ignored.

C2SP signed-note: a text that ends in a newline, a blank line, and signature lines `— name base64(key hash ‖
signature)`; the key hash is the first 4 bytes of SHA-256(name ‖ 0x0A ‖ 0x01 ‖ public key), where 0x01 means Ed25519.
Keys are written as Go's `sumdb/note` writes them.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import re
import secrets
import stat
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final, Literal

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from audit.durable_files import sync_folder, write_new_file

MAX_NOTE_BYTES: Final = 1_000_000
MAX_SIGNATURES: Final = 100

_ED25519: Final = b"\x01"
_KEY_HASH_BYTES: Final = 4
_SEED_BYTES: Final = 32
_MAX_KEY_FILE: Final = 4_096
_CONTROL: Final = re.compile("[\x00-\x09\x0b-\x1f]")

Why = Literal["malformed", "unsigned", "bad signature", "foreign"]


class NoteRefused(ValueError):
    """The note is not one of this log. `why`: malformed, unsigned (by this key), bad signature, foreign."""

    def __init__(self, why: Why) -> None:
        super().__init__(why)
        self.why = why


class KeyRefused(ValueError):
    """A key can't be used. The text names the file, if there is one, and the fault; never the key."""


class Verifier:
    """The public keys of the log `name`: the one of today, and others with which it has signed or will."""

    def __init__(self, name: str, key: Ed25519PublicKey, others: Sequence[Verifier] = ()) -> None:
        self.name = _checked_name(name)
        self._key = key
        self.key_hash = _key_hash(name, key)
        self._keys = {each.key_hash: each._key for each in others if each.name == name} | {self.key_hash: key}

    @classmethod
    def parse(cls, text: str) -> Verifier:
        """The key that is written `name+hash+base64`, or several, one a line, today's first; raises KeyRefused."""
        first, *others = [cls._parse(line) for line in text.split() or [""]]
        if any(each.name != first.name for each in others):
            raise KeyRefused("these are the public keys of different logs")
        return first.beside(others)

    def beside(self, others: Sequence[Verifier]) -> Verifier:
        """This key, with others of the log."""
        return Verifier(self.name, self._key, others)

    @classmethod
    def _parse(cls, text: str) -> Verifier:
        name, key_hash, coded = _parse_key(text)
        try:
            verifier = cls(name, Ed25519PublicKey.from_public_bytes(coded))
        except ValueError:
            raise KeyRefused("this is not the public key of a log") from None
        if verifier.key_hash != key_hash:
            raise KeyRefused("the key does not fit the hash that stands before it")
        return verifier

    @property
    def text(self) -> str:
        """The key as `name+hash+base64`, which Go's `note.NewVerifier` takes too."""
        return f"{self.name}+{self.key_hash.hex()}+{encode(_ED25519 + self._key.public_bytes_raw())}"

    @property
    def texts(self) -> str:
        """All the keys, one a line, today's first."""
        others = (Verifier(self.name, key).text for key_hash, key in self._keys.items() if key_hash != self.key_hash)
        return "\n".join((self.text, *others))

    def open(self, note: bytes) -> str:
        """The text of a note that one of the keys signed; raises NoteRefused. Signatures of others are ignored."""
        text, signatures = _split_note(note)
        signed = False
        for name, signature in signatures:
            key = self._keys.get(signature[:_KEY_HASH_BYTES]) if name == self.name else None
            if key is None:
                continue
            try:
                key.verify(signature[_KEY_HASH_BYTES:], text.encode())
            except InvalidSignature:
                raise NoteRefused("bad signature") from None
            signed = True
        if not signed:
            raise NoteRefused("unsigned")
        return text


class Signer:
    """The private key of the log `name`; it stands in no message."""

    def __init__(self, name: str, key: Ed25519PrivateKey, others: Sequence[Verifier] = ()) -> None:
        self.name = _checked_name(name)
        self._key = key
        self.verifier = Verifier(name, key.public_key(), others)

    def beside(self, others: Sequence[Verifier]) -> Signer:
        """This key, whose verifier knows others of the log too."""
        return Signer(self.name, self._key, others)

    @classmethod
    def load(cls, path: Path, name: str) -> Signer:
        """The key in the file `path`, made there (mode 0600) if there is none.

        The file holds one line as Go's `note.NewSigner` takes it. Raises KeyRefused for a file that others may
        read, that is no plain file, that can't be read or written, or that holds the key of another log.
        """
        if not os.path.lexists(path):
            _write_key_file(path, cls(name, Ed25519PrivateKey.generate())._secret)
        signer = cls._parse(_read_key_file(path), path)
        if signer.name != name:
            raise KeyRefused(f"{path} holds the key of another log")
        return signer

    @classmethod
    def _parse(cls, text: str, path: Path) -> Signer:
        marks, _, rest = text.strip().partition("+KEY+")
        try:
            name, key_hash, seed = _parse_key(rest)
            signer = cls(name, Ed25519PrivateKey.from_private_bytes(seed))
        except ValueError:
            raise KeyRefused(f"{path} does not hold the key of a log") from None
        if marks != "PRIVATE" or signer.verifier.key_hash != key_hash:
            raise KeyRefused(f"{path} does not hold the key of a log")
        return signer

    @property
    def _secret(self) -> str:
        coded = encode(_ED25519 + self._key.private_bytes_raw())
        return f"PRIVATE+KEY+{self.name}+{self.verifier.key_hash.hex()}+{coded}\n"

    def seal(self, text: str) -> bytes:
        """A signed note with `text`, which ends in a newline; ValueError for a text that no note can hold.

        A note whose first line is the log's name is read as a checkpoint: begin any other text with another line.
        """
        if not text.endswith("\n") or _CONTROL.search(text):
            raise ValueError("a note's text ends in a newline and has no control characters")
        signature = self.verifier.key_hash + self._key.sign(text.encode())
        note = f"{text}\n— {self.name} {encode(signature)}\n".encode()
        if len(note) > MAX_NOTE_BYTES:
            raise ValueError("the note is too long")
        return note

    def sign_structure(self, content: bytes) -> bytes:
        """The signature (64 bytes) over something that is no note; ValueError for what could be the text of one.

        The key signs in two forms, and a signature in one of them must never be good in the other.
        """
        with suppress(UnicodeDecodeError):
            content.decode()
            raise ValueError("this could be the text of a note")
        return self._key.sign(content)


def _split_note(note: bytes) -> tuple[str, list[tuple[str, bytes]]]:
    """The text of a note and its signatures: name, and key hash with signature."""
    if len(note) > MAX_NOTE_BYTES:
        raise NoteRefused("malformed")
    try:
        whole = note.decode()
    except UnicodeDecodeError:
        raise NoteRefused("malformed") from None
    text, blank, block = whole.rpartition("\n\n")
    lines = block.split("\n")
    # The block ends in a newline, so that nothing follows its last one.
    if not blank or _CONTROL.search(whole) or lines.pop() or not 1 <= len(lines) <= MAX_SIGNATURES:
        raise NoteRefused("malformed")
    return text + "\n", [_parse_signature(line) for line in lines]


def _parse_signature(line: str) -> tuple[str, bytes]:
    dash, name, coded = (*line.split(" "), "", "", "")[:3]
    signature = decode(coded)
    well_formed = line == f"— {name} {coded}" and dash == "—" and _is_name(name)
    if not well_formed or signature is None or len(signature) <= _KEY_HASH_BYTES:
        raise NoteRefused("malformed")
    return name, signature


def _parse_key(text: str) -> tuple[str, bytes, bytes]:
    """Name, key hash and the 32 bytes of a key that is written `name+hash+base64`."""
    name, key_hash, coded = (*text.split("+", 2), "", "")[:3]
    key = decode(coded)
    if not re.fullmatch("[0-9a-f]{8}", key_hash) or key is None or len(key) != 1 + _SEED_BYTES or key[:1] != _ED25519:
        raise KeyRefused("this is not the key of a log")
    return _checked_name(name), bytes.fromhex(key_hash), key[1:]


def _key_hash(name: str, key: Ed25519PublicKey) -> bytes:
    return hashlib.sha256(name.encode() + b"\n" + _ED25519 + key.public_bytes_raw()).digest()[:_KEY_HASH_BYTES]


def _is_name(name: str) -> bool:
    # A lone surrogate can't be written as UTF-8 at all.
    return bool(name) and "+" not in name and not any(c.isspace() or c < " " or "\ud800" <= c <= "\udfff" for c in name)


def _checked_name(name: str) -> str:
    if not _is_name(name):
        raise KeyRefused("the name of a log must not be empty or hold a blank or a +")
    return name


def encode(content: bytes) -> str:
    """Standard base64 with padding, RFC 4648 section 4."""
    return base64.b64encode(content).decode()


def decode(text: str) -> bytes | None:
    """The bytes, or None unless `text` is how standard base64 writes them."""
    try:
        content = base64.b64decode(text, validate=True)
    except (ValueError, binascii.Error):
        return None
    return content if encode(content) == text else None


def _read_key_file(path: Path) -> str:
    # O_NONBLOCK: a pipe of that name is refused at once; without it the read would wait.
    try:
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            content = file.read(_MAX_KEY_FILE).decode()
    except (OSError, UnicodeDecodeError):
        raise KeyRefused(f"{path} cannot be read as a plain file") from None
    if not stat.S_ISREG(mode) or stat.S_IMODE(mode) & 0o077:
        raise KeyRefused(f"{path} may be read by others; chmod 600 it, and replace it if it was exposed")
    return content


def _write_key_file(path: Path, content: str) -> None:
    # Written under another name, then linked: two processes that start agree on one key, and none reads half of it.
    draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_new_file(draft, content.encode())
        with suppress(FileExistsError):
            os.link(draft, path)
        draft.unlink()
        # A key that signed a checkpoint must not be gone after a power failure.
        sync_folder(path.parent)
    except OSError:
        with suppress(OSError):
            draft.unlink(missing_ok=True)
        raise KeyRefused(f"{path} cannot be written") from None
