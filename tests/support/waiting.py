"""Waiting for what must come, so that no test depends on how fast the machine is."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from audit.log import AuditLog, AuditUnavailable, Receipt
from audit.record import Record

PATIENCE_SECONDS: Final = 120.0
"""A bound for what never comes; no test is about reaching it."""


def until(condition: Callable[[], bool], what: str = "it never came") -> None:
    """Return when `condition` holds; AssertionError `what` if it does not in PATIENCE_SECONDS."""
    end = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < end, what
        time.sleep(0.02)


def until_healthy(log: AuditLog) -> None:
    """Return when the log has found out by itself that it can be written again."""
    until(lambda: log.healthy, f"the log did not recover: {log.why}")


def append_at_last(log: AuditLog, record: Record) -> Receipt:
    """The receipt of a record that a log with a short deadline takes, after however many refusals."""
    end = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < end:
        with suppress(AuditUnavailable):
            return log.append_sync(record)
        time.sleep(0.02)
    raise AssertionError(f"the log took nothing: {log.why}")
