"""The one form of log lines: time in UTC, level, logger, message, on standard error.

They hold names, counts and times, and never the text of an exception, because it may quote data.
"""

from __future__ import annotations

import logging
import sys
import time
from types import TracebackType
from typing import Any

SILENT = ("graphql", "neo4j", "dlt", "httpx", "httpcore")
"""Loggers of libraries that print documents or values."""


def describe_exception(fault: BaseException) -> str:
    """The class and place of an exception (`ValueError at plan.py:120`), without its text."""
    last: TracebackType | None = fault.__traceback__
    while last is not None and last.tb_next is not None:
        last = last.tb_next
    if last is None:
        return type(fault).__name__
    return f"{type(fault).__name__} at {last.tb_frame.f_code.co_filename.rpartition('/')[2]}:{last.tb_lineno}"


class _PlainFormatter(logging.Formatter):
    """One line for each log record; of an exception only its class and place."""

    def format(self, record: logging.LogRecord) -> str:
        moment = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(record.created))
        if record.name == "asyncio":
            # asyncio would print the repr of tasks and exceptions, with their arguments.
            text = "a task failed"
        else:
            text = record.getMessage().splitlines()[0] if record.getMessage() else ""
        fault = record.exc_info[1] if record.exc_info else None
        suffix = f" ({describe_exception(fault)})" if fault is not None else ""
        return f"{moment} {record.levelname.lower()} {record.name}: {text}{suffix}"


def set_up_logging(stream: Any = None, level: int = logging.INFO) -> None:
    """Send our own log lines from `level` on and uvicorn's to standard error; silence loggers that print values."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(_PlainFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("sluicegate").setLevel(level)
    for name in SILENT:
        logger = logging.getLogger(name)
        logger.setLevel(logging.CRITICAL + 1)
        logger.propagate = False
