"""Seals and opens the ids and cursors that leave the hub, and derives the keys of pseudonyms and of the order of lists.

An id opens only for the department and purpose that it was sealed for, a cursor only for its query; any other text
opens as None, so that a forged id and a missing one look the same. Ids are
`base64url(key version ‖ AES-SIV(HKDF(department, purpose, "id"), type tag ‖ surrogate))`: deterministic, so that an
application may keep them, and different for every purpose, so that answers cannot be joined. Cursors are sealed under
another key, with the query's binding as associated data. Design §5; AES-SIV is RFC 5297, HKDF RFC 5869.
"""

from __future__ import annotations

import base64
import hashlib
import os
import re
import secrets
import time
from collections.abc import Mapping
from copy import copy
from functools import lru_cache
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCMSIV, AESSIV
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from hub.home.key_files import KeyRefused, read_or_create
from hub.home.key_ring import ring_of
from hub.home.settings import Settings
from schema.declarations import TAG_BYTES

KEY_BYTES: Final = 32
SID_BYTES: Final = 16
NONCE_BYTES: Final = 12
CURSOR_BLOCK: Final = 128
"""Cursor payloads are padded to a multiple of this, so that the size of a cursor tells little about its content."""
MAX_CURSOR_TEXT: Final = 4_096
SIV_BYTES: Final = 16
ID_BYTES: Final = 1 + SIV_BYTES + TAG_BYTES + SID_BYTES
ID_CHARACTERS: Final = -(-ID_BYTES * 4 // 3)
ORDER_PRIME: Final = 1_518_500_213
"""The places of a list are residues of this prime: cubing permutes them, and (2p)² still fits in 63 bits."""
ORDER_ROUNDS: Final = 4

_ID_FORM = re.compile(rf"[A-Za-z0-9_-]{{{ID_CHARACTERS}}}=*\Z")
_BASE64URL = re.compile(r"[A-Za-z0-9_-]*\Z")


class _Key:
    """One master key, and what is derived from it."""

    def __init__(self, key: bytes) -> None:
        if len(key) != KEY_BYTES:
            raise ValueError("the sealing key is not 32 bytes")
        self._key = key
        # Bounded, although pairs of department and purpose are few: nothing may grow without limit with requests.
        self.cipher = lru_cache(maxsize=1_024)(self._derive_cipher)
        self.order_key = lru_cache(maxsize=1_024)(self._derive_order_key)
        self.cursors = AESGCMSIV(_derive(key, ("cursor",), 32))

    def _derive_cipher(self, department: str, purpose: str) -> AESSIV:
        return AESSIV(_derive(self._key, ("id", department, purpose), 64))

    def _derive_order_key(self, department: str, purpose: str) -> tuple[int, ...]:
        raw = _derive(self._key, ("order", department, purpose), 8 * ORDER_ROUNDS)
        return tuple(int.from_bytes(raw[at : at + 8], "big") % ORDER_PRIME for at in range(0, len(raw), 8))

    def pseudonym_key(self, department: str, purpose: str) -> bytes:
        return _derive(self._key, ("pseudonym", department, purpose), 32)


class Seals:
    """Seals ids and cursors under one master key, and opens those that were sealed under it or under others.

    Each request has seals of its own (`of_request`): a list that began in the order of a former key goes on in it.
    """

    def __init__(self, key: bytes, version: int = 1, others: Mapping[int, bytes] | None = None) -> None:
        """`key` is 32 secret bytes, `version` its number (1 to 255), `others` other keys by theirs; else ValueError."""
        self._version = version
        self._keys = {number: _Key(each) for number, each in ((version, key), *(others or {}).items())}
        self._continued: int | None = None

    def __repr__(self) -> str:
        return "Seals(…)"

    def of_request(self) -> Seals:
        """The same seals, for one request."""
        own = copy(self)
        own._continued = None
        return own

    @property
    def order_version(self) -> int:
        """The number of the key of the order in which this request is shown lists."""
        return self._version if self._continued is None else self._continued

    def seal_id(self, department: str, purpose: str, tag: int, sid: str) -> str:
        """The id of a node for this department and purpose.

        `tag` is the type's (4 bytes), `sid` 32 hex characters (16 bytes).
        """
        raw = bytes.fromhex(sid)
        if len(raw) != SID_BYTES:
            raise ValueError("a surrogate is not 16 bytes")
        version = self._version.to_bytes()
        cipher = self._keys[self._version].cipher(department, purpose)
        return _encode(version + cipher.encrypt(tag.to_bytes(TAG_BYTES, "big") + raw, [version]))

    def pseudonym_key(self, department: str, purpose: str) -> bytes:
        """The key of pseudonyms for this department and purpose: two departments cannot join their answers by them."""
        return self._keys[self._version].pseudonym_key(department, purpose)

    def order_key(self, department: str, purpose: str) -> tuple[int, ...]:
        """The key of the order of lists for this department and purpose: no other has the same order."""
        return self._keys[self.order_version].order_key(department, purpose)

    def is_id(self, text: str) -> bool:
        """Whether a text has the form of an id, whoever's it may be, forged or not; this depends on no key."""
        return bool(_ID_FORM.match(text))

    def open_id(self, department: str, purpose: str, text: str) -> tuple[int, str] | None:
        """(tag, sid) of an id sealed for this department and purpose; None for any other text."""
        raw = _decode(text, ID_BYTES)
        key = self._keys.get(raw[0]) if raw else None
        if raw is None or len(raw) != ID_BYTES or key is None:
            return None
        try:
            clear = key.cipher(department, purpose).decrypt(raw[1:], [raw[:1]])
        except InvalidTag:
            return None
        return int.from_bytes(clear[:TAG_BYTES], "big"), clear[TAG_BYTES:].hex()

    def seal_cursor(self, binding: bytes, payload: bytes) -> str:
        """A cursor that opens only with the same `binding`; different each time, of a size in blocks."""
        padded = len(payload).to_bytes(2, "big") + payload
        padded += bytes(-len(padded) % CURSOR_BLOCK)
        nonce = os.urandom(NONCE_BYTES)
        sealed = self._keys[self.order_version].cursors.encrypt(nonce, padded, _associated_data(binding))
        return _encode(self.order_version.to_bytes() + nonce + sealed)

    def open_cursor(self, binding: bytes, text: str) -> bytes | None:
        """The payload of a cursor sealed with this binding; None for any other text.

        Lists of one request have one order, so a cursor of another key than one before it is not opened either.
        """
        raw = _decode(text, MAX_CURSOR_TEXT)
        key = self._keys.get(raw[0]) if raw else None
        if raw is None or key is None or len(raw) < 1 + NONCE_BYTES + 16 or self._continued not in {None, raw[0]}:
            return None
        nonce, sealed = raw[1 : 1 + NONCE_BYTES], raw[1 + NONCE_BYTES :]
        try:
            padded = key.cursors.decrypt(nonce, sealed, _associated_data(binding))
        except InvalidTag:
            return None
        self._continued = raw[0]
        size = int.from_bytes(padded[:2], "big")
        return padded[2 : 2 + size] if size <= len(padded) - 2 else None


def seals_of(settings: Settings) -> Seals:
    """The seals of a home, whose key is made if there is none; raises KeyRefused."""
    ring, now = ring_of(settings.keys_folder, "ids"), time.time()
    keys = {each.number: load_key(each.file) for each in ring.accepted(now)}
    current = ring.current(now).number
    return Seals(keys.pop(current), current, keys)


def load_key(path: Path, *, replaceable: bool = False) -> bytes:
    """The 32 random bytes in `path`, created once; raises KeyRefused as `read_or_create`, or for another size."""
    key = read_or_create(path, lambda: secrets.token_bytes(KEY_BYTES), replaceable=replaceable)
    if len(key) != KEY_BYTES:
        raise KeyRefused(f"{path} is not a key of {KEY_BYTES} bytes; restore it from its backup")
    return key


def _derive(key: bytes, context: tuple[str, ...], size: int) -> bytes:
    # Lengths first, so that ("a", "bc") and ("ab", "c") are different keys.
    parts = [part.encode("utf-8", "surrogatepass") for part in context]
    info = b"sluicegate/1" + b"".join(len(part).to_bytes(4, "big") + part for part in parts)
    return HKDF(SHA256(), size, None, info).derive(key)


def _associated_data(binding: bytes) -> bytes:
    return hashlib.sha256(binding).digest()


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _decode(text: str, max_bytes: int) -> bytes | None:
    """The bytes of a base64url text; strict, so that each byte string has one text (no padding, no stray last bits)."""
    if not text or len(text) > max_bytes * 4 // 3 + 4 or not _BASE64URL.match(text) or len(text) % 4 == 1:
        return None
    raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    return raw if _encode(raw) == text else None
