"""Rotates the keys of a home while its hubs serve: a new key is made now, and used a little later.

Nothing that was made with the key before is refused in the time that it is still accepted for. The rotation is recorded
in the log: that it began before the key is made, and how it ended.
"""

from __future__ import annotations

import datetime as dt
import os
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Final

from audit.checkpoint import Signer
from hub.home.audit_log import begin_record, digester_of, end_record, open_log
from hub.home.issuer import LEEWAY_SECONDS, MAX_LIFETIME_SECONDS, new_issuer_key
from hub.home.key_files import KeyRefused, read_or_create
from hub.home.key_ring import Generation, KeyRing, add_generation, ring_of
from hub.home.seals import load_key
from hub.home.settings import Settings

AFTER_SECONDS: Final = 10
"""After how long a new key is used, at least: by then each process of the home knows it."""
KEEP_DAYS: Final = 90
"""For how long ids and cursors of the key before are opened, if the command does not say."""
NAME: Final = "keys rotate"


def rotate(settings: Settings, kind: str, after: int = AFTER_SECONDS, keep_days: int = KEEP_DAYS) -> Generation:
    """Make the next key of a kind, one of `key_ring.FILES`, which is used in `after` seconds.

    The one before stays accepted: the issuer's until the last token that it signed has expired, that of ids for
    `keep_days`, the others for good. Raises KeyRefused and AuditUnavailable.
    """
    now = time.time()
    ring = _ring_to_rotate(settings, kind, now)
    since = int(now) + 1 + after
    facts = {"key": kind, "number": str(len(ring.generations) + 1), "since": moment(since)}
    begun = begin_record(digester_of(settings), "admin", NAME, facts)
    with closing(open_log(settings)) as log:
        log.append_sync(begun)
        result = "FAILED"
        try:
            new = add_generation(ring, since, _former_until(kind, since, keep_days), _makers(settings)[kind])
            result = "OK"
        finally:
            log.append_sync(end_record(begun, NAME, facts, result))
    return new


def moment(seconds: int) -> str:
    """A time in seconds since 1970 as text, in UTC."""
    return dt.datetime.fromtimestamp(seconds, dt.UTC).isoformat().replace("+00:00", "Z")


def _ring_to_rotate(settings: Settings, kind: str, now: float) -> KeyRing:
    if kind == "issuer" and (settings.issuer_jwks is not None or settings.issuer_discovery):
        raise KeyRefused("this home's hub trusts another issuer than its own: rotate the keys there, hubs follow them")
    ring = ring_of(settings.keys_folder, kind)
    newest = ring.generations[-1]
    if newest.since > now:
        raise KeyRefused(f"the newest key of this kind is used since {moment(newest.since)}; rotate again after that")
    if not os.path.lexists(newest.file):
        raise KeyRefused(f"{newest.file} is not there; it is made when a hub first serves in this home")
    return ring


def _former_until(kind: str, since: int, keep_days: int) -> int | None:
    if kind == "issuer":
        return since + MAX_LIFETIME_SECONDS + LEEWAY_SECONDS
    return since + keep_days * 86_400 if kind == "ids" else None


def _makers(settings: Settings) -> Mapping[str, Callable[[Path], object]]:
    """By kind: makes a key in a file."""
    return {
        "issuer": lambda file: read_or_create(file, new_issuer_key, replaceable=True),
        "ids": load_key,
        "digests": load_key,
        "audit": lambda file: Signer.load(file, settings.audit_origin),
    }
