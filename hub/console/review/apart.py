"""Does long work of a page in a process of its own, one piece at a time and within a bounded time.

Neither a replay nor a graph that starts takes the interpreter of requests, and what has not ended in time is killed.
Only names and settings go in, only plain data comes out.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import signal
import sys
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any, Final, TypeVar

from audit.log import AuditUnavailable
from hub.console.refusals import PageRefused
from hub.graph.jars import JarsUnavailable
from hub.graph.local import LocalGraphError
from hub.log_lines import describe_exception
from hub.steward.preview import PreviewRefused
from policies.versions import ChangeRefused, StoreUnavailable
from schema.strict_yaml import YamlFileError

_spawn = multiprocessing.get_context("spawn")
END_SECONDS: Final = 10.0
"""How long a process may take to end after it has said what it found."""
Result = TypeVar("Result")


class NotDone(RuntimeError):
    """The work is not possible; the text says why, and what to do."""


class Apart:
    """One place for long work of one hub process; used on its event loop."""

    def __init__(self, seconds: float) -> None:
        self._seconds, self.is_busy = seconds, False

    async def do(self, work: Callable[..., Result], *arguments: Any) -> Result:
        """What `work`, a function of a module, returns for arguments that can be sent to another process.

        PageRefused if other work is under way, if it takes too long or breaks; NotDone if it says why it is impossible.
        """
        if self.is_busy:
            raise PageRefused("review_busy")
        self.is_busy = True
        try:
            return await _in_process(self._seconds, work, arguments)
        finally:
            self.is_busy = False


async def _in_process(seconds: float, work: Callable[..., Result], arguments: tuple[Any, ...]) -> Result:
    receiver, sender = _spawn.Pipe(duplex=False)
    process = _spawn.Process(target=_run, args=(sender, work, arguments), daemon=True)
    process.start()
    sender.close()
    loop, readable = asyncio.get_running_loop(), asyncio.Event()
    loop.add_reader(receiver.fileno(), readable.set)
    try:
        await asyncio.wait_for(readable.wait(), seconds)
        done, found = receiver.recv()
    except TimeoutError:
        raise PageRefused("review_late", seconds=f"{seconds:.0f}") from None
    except (EOFError, OSError):  # it died before, or in the midst of telling
        done, found = False, "failed"
    finally:
        loop.remove_reader(receiver.fileno())
        receiver.close()
        process.kill()
        process.join(END_SECONDS)
    match done, found:
        case True, _:
            result: Result = found
            return result
        case False, str(why):
            raise PageRefused(why)
        case _:
            raise found


def _run(sender: Connection, work: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    """Do the work and send what it gives, or the word of a refusal; a fault is told without what it was about."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the hub ends it
    try:
        sender.send((True, work(*arguments)))
    except (PreviewRefused, LocalGraphError, JarsUnavailable, ChangeRefused, YamlFileError) as refused:
        sender.send((None, NotDone(str(refused))))
    except (AuditUnavailable, StoreUnavailable):
        sender.send((False, "store"))
    except Exception as fault:
        print(f"beside a page: {describe_exception(fault)}", file=sys.stderr)
        sender.send((False, "failed"))
