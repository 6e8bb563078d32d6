"""Buckets of what somebody may use: each holds so many units and is filled by so many a second.

The workers of one hub share them in memory, so that nobody gets more by asking several: in any time a bucket gives no
more than it holds and what fills it meanwhile. Two that are filled together may come to share one bucket where the
memory is full, which gives each less and never more. Times are those of a clock that no change of the date sets. Names
stand in the memory as keyed digests, and the key is made anew with it. The rule is the generic cell rate algorithm.
"""

from __future__ import annotations

import fcntl
import hashlib
import mmap
import os
import secrets
import struct
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing.reduction import DupFd
from typing import Any, Final, NamedTuple

SECOND: Final = 1_000_000_000
_KEY: Final = 16
_WAYS: Final = 8
"""How many buckets lie together: where a name may lie follows from its digest, so that it is found at once."""
_TIMES: Final = struct.Struct(f"={_WAYS}q")
_TIME: Final = struct.Struct("=q")
_KEYS: Final = _WAYS * _KEY
_SET: Final = _KEYS + _TIMES.size
REGIONS: Final = (512, 8_192, 65_536)
"""How many sets of buckets there are of applications, of persons, and of proofs that are used once: no number of the
later ones pushes out an earlier one. Memory is taken for those alone that are used."""
SIZE: Final = sum(REGIONS) * _SET


@dataclass(frozen=True, slots=True)
class Quota:
    """How much a bucket holds (`burst`, units) and by how much it is filled (`rate`, units a second)."""

    rate: int
    burst: int

    @property
    def window(self) -> int:
        """Seconds in which an empty bucket is full again, rounded up."""
        return -(-self.burst // self.rate)


class Bucket(NamedTuple):
    """One bucket: where it may lie in the memory, the digest of its name, units a second, nanoseconds to fill it."""

    place: int
    key: bytes
    rate: int
    depth: int


class Spent(NamedTuple):
    """What came of spending from several buckets: what each has left, in units.

    `waits` is empty if each had enough. Otherwise nothing was spent, and it says in how many nanoseconds each will
    have what is asked for; 0 or less for one that has it now.
    """

    left: tuple[int, ...]
    waits: tuple[int, ...] = ()


class Buckets:
    """All buckets of a hub; used on the event loop of each of its workers."""

    def __init__(
        self, file: int | None = None, secret: bytes = b"", now: Callable[[], int] = time.monotonic_ns
    ) -> None:
        """Of this process alone; those in the memory of `file`, if given. `now` gives nanoseconds."""
        self._file, self._now = file, now
        self._secret = secret or secrets.token_bytes(32)
        self._memory = mmap.mmap(-1 if file is None else file, SIZE)

    @classmethod
    def shared(cls) -> Buckets:
        """Full buckets that can be given to other processes as they are started; Linux only."""
        file = os.memfd_create("sluicegate-buckets")
        os.ftruncate(file, SIZE)
        return cls(file)

    def __reduce__(self) -> tuple[Any, ...]:
        if self._file is None:
            raise TypeError("these buckets are of one process")
        return _received, (DupFd(self._file), self._secret)

    def bucket(self, region: int, name: str, quota: Quota) -> Bucket:
        """The bucket of a name among those of applications (0), persons (1) or proofs (2); it is full if it is new.

        With another quota it is another bucket.
        """
        whole = f"{name} {quota.rate} {quota.burst}"
        digest = hashlib.blake2b(whole.encode(), digest_size=_KEY + 8, key=self._secret).digest()
        place = int.from_bytes(digest[_KEY:]) % REGIONS[region] + sum(REGIONS[:region])
        return Bucket(place * _SET, digest[:_KEY], quota.rate, -(-quota.burst * SECOND // quota.rate))

    def spend(self, buckets: Sequence[Bucket], units: int, again: int = 0) -> Spent:
        """Take units from each bucket, or from none if one of them has too few.

        The buckets are of different regions. `again` is how many units whoever is refused will ask for the next time;
        as many as now if it is 0.
        """
        if self._file is None:
            return self._spend(buckets, units, again or units)
        # One that ends while it has the lock gives it back.
        fcntl.lockf(self._file, fcntl.LOCK_EX)
        try:
            return self._spend(buckets, units, again or units)
        finally:
            fcntl.lockf(self._file, fcntl.LOCK_UN)

    def _spend(self, buckets: Sequence[Bucket], units: int, again: int) -> Spent:
        now, memory = self._now(), self._memory
        found: list[tuple[Bucket, int, int]] = []
        left: list[int] = []
        for bucket in buckets:
            at, full = self._find(bucket, now)
            full -= -units * SECOND // bucket.rate
            found.append((bucket, at, full))
            left.append((now + bucket.depth - full) * bucket.rate // SECOND)
        if min(left) < 0:
            return self._refused(found, now, units, again)
        for _, at, full in found:
            _TIME.pack_into(memory, at, full)
        return Spent(tuple(left))

    def _refused(self, found: Sequence[tuple[Bucket, int, int]], now: int, units: int, again: int) -> Spent:
        """What is there, and how long each bucket takes to have what is asked for `again`."""
        left, waits = [], []
        for bucket, _, spent in found:
            full = spent + -units * SECOND // bucket.rate
            left.append(max(0, (now + bucket.depth - full) * bucket.rate // SECOND))
            waits.append(full - (-again * SECOND // bucket.rate) - now - bucket.depth)
        return Spent(tuple(left), tuple(waits))

    def _find(self, bucket: Bucket, now: int) -> tuple[int, int]:
        """Where it is written when a bucket will be full, and when that is; not before now.

        A bucket that is not known takes the place of one that is full, about which there is nothing to know. Where
        none is, it shares the one that will be full first.
        """
        place, memory = bucket.place, self._memory
        known = memory.find(bucket.key, place, place + _KEYS)
        if known >= 0:
            at = place + _KEYS + (known - place >> 4 << 3)
            full: int = _TIME.unpack_from(memory, at)[0]
            return at, max(full, now)
        times = _TIMES.unpack_from(memory, place + _KEYS)
        way = min(range(_WAYS), key=times.__getitem__)
        if times[way] <= now:
            memory[place + way * _KEY : place + (way + 1) * _KEY] = bucket.key
        return place + _KEYS + way * _TIME.size, max(times[way], now)


def _received(file: Any, secret: bytes) -> Buckets:
    return Buckets(file.detach(), secret)
