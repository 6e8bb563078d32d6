"""What commands show on a terminal: the progress of long work, and text that came from outside.

Text from outside is escaped, so that it cannot control the terminal, and nothing in it is markup. A character that the
terminal's encoding (such as GBK) does not have is written as its escape. Progress bars appear only if standard error is
a terminal; where it is none, a pull writes a line there every few seconds.
"""

from __future__ import annotations

import codecs
import io
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from rich.console import Console

LINE_SECONDS = 5.0
"""How often a line tells the progress of a pull where there is no terminal."""


def make_printable(*streams: TextIO) -> None:
    r"""Let each stream write a character that its encoding lacks as `\uXXXX`, which is its escape in JSON too."""
    codecs.register_error("sluicegate", _escape_unencodable)
    for stream in streams:
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="sluicegate")


def _escape_unencodable(fault: UnicodeError) -> tuple[str, int]:
    if not isinstance(fault, UnicodeEncodeError):
        raise fault
    units = fault.object[fault.start : fault.end].encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2)), fault.end


def escape_unprintable(text: str) -> str:
    r"""`text` with every character that could control a terminal written as `\uXXXX`."""
    return "".join(each if each.isprintable() else f"\\u{ord(each):04x}" for each in text)


def text_console(
    width: int | None = None, *, highlight: bool = True, errors: bool = False, soft_wrap: bool = False
) -> Console:
    """A console on standard output, or `errors`, for which a text is a text: none of it is markup or an emoji's name.

    Where there is no terminal, lines have `width` columns (None: 80).
    """
    from rich.console import Console

    stream = sys.stderr if errors else sys.stdout
    return Console(
        width=None if stream.isatty() else width,
        stderr=errors,
        markup=False,
        emoji=False,
        highlight=highlight,
        soft_wrap=soft_wrap,
    )


@contextmanager
def progress_bar() -> Iterator[Callable[[str, int, int], None]]:
    """A function that shows (what, done, total) as a bar on a terminal, and nothing elsewhere."""
    if not sys.stderr.isatty():
        yield lambda what, done, total: None
        return
    from rich.markup import escape
    from rich.progress import Progress, TaskID

    with Progress(console=text_console(errors=True), transient=True) as bars:
        tasks: dict[str, TaskID] = {}

        def show(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = bars.add_task(escape(what), total=total)
            bars.update(tasks[what], completed=done, total=total)

        yield show


@contextmanager
def row_counter() -> Iterator[Callable[[str, int], None]]:
    """A function that shows (stream, rows so far): a counter on a terminal, elsewhere a line every few seconds."""
    if not sys.stderr.isatty():
        yield _row_lines()
        return
    with progress_bar() as show:

        def report(stream: str, rows: int) -> None:
            show(stream, rows, max(rows, 1))

        yield report


def _row_lines() -> Callable[[str, int], None]:
    due = time.monotonic() + LINE_SECONDS

    def report(stream: str, rows: int) -> None:
        nonlocal due
        if time.monotonic() >= due:
            due = time.monotonic() + LINE_SECONDS
            print(f"{escape_unprintable(stream)}: {rows:,} rows read", file=sys.stderr, flush=True)

    return report
