"""Keyed digests: what stands in a record in place of a personal value.

A digest can be searched for, and the value cannot be computed from it. With a new key, digests are made with that one;
what was recorded under a former key is found under it, so former keys are kept as long as their records.
"""

from __future__ import annotations

import base64
import hmac
from collections.abc import Iterable, Sequence
from typing import Final

DIGEST_LENGTH: Final = 22


class Digester:
    """Turns a personal value into a keyed digest."""

    __slots__ = ("_former", "_keyed")

    def __init__(self, key: bytes, others: Sequence[bytes] = ()) -> None:
        """`key` makes the digests, `others` may have made older ones; each holds at least 16 secret bytes.

        A shorter one raises ValueError.
        """
        if any(len(each) < 16 for each in (key, *others)):
            raise ValueError("the digest key is shorter than 16 bytes")
        # A copy of a keyed state takes 3 us where keying it takes 6, and does not give up the interpreter.
        self._keyed = hmac.new(key, digestmod="sha256")
        self._former = tuple(Digester(each) for each in others)

    def __repr__(self) -> str:
        return "Digester(…)"

    def digest(self, kind: str, value: str) -> str:
        """HMAC-SHA256 of `value` in the domain `kind`, cut to 128 bits: 22 characters of base64url."""
        return self.digests(kind, (value,))[0]

    def digests(self, kind: str, values: Iterable[str]) -> tuple[str, ...]:
        """As `digest`, of each of several values of one kind."""
        domain = kind.encode()
        # The length goes first so that no (kind, value) can be read as another pair.
        begun = self._keyed.copy()
        begun.update(len(domain).to_bytes(2, "big") + domain)
        digests = []
        for value in values:
            keyed = begun.copy()
            keyed.update(value.encode("utf-8", "surrogatepass"))
            digests.append(base64.urlsafe_b64encode(keyed.digest()[:16])[:DIGEST_LENGTH].decode())
        return tuple(digests)

    def every(self, kind: str, value: str) -> tuple[str, ...]:
        """The digests under which a value may stand in records: that of today's key first, then those of the others."""
        return (self.digest(kind, value), *(each.digest(kind, value) for each in self._former))
