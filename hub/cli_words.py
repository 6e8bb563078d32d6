"""All commands name their common options alike, and end alike when refused: one line, exit code 1."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from connectors.base import Report
    from hub.settings import Settings

Home = Annotated[Path | None, typer.Option(help="Data folder of this hub (or SLUICEGATE_HOME; default .sluicegate).")]
Port = Annotated[int | None, typer.Option(help="Port of the hub (or SLUICEGATE_PORT; default 8600).")]
Json = Annotated[bool, typer.Option("--json", help="Machine output.")]


def open_settings(home: Path | None = None, port: int | None = None) -> Settings:
    """Settings of the environment, with what a command was given taking precedence."""
    from hub.settings import Settings

    given = {"home": home, "port": port}
    return Settings.load(**{name: value for name, value in given.items() if value is not None})


@contextmanager
def remedied() -> Iterator[None]:
    """End with one line and exit code 1 where something refuses in a way its text explains."""
    try:
        yield
    except _expected() as refusal:
        lines = str(refusal).strip().splitlines() or [type(refusal).__name__]
        for line in lines:
            typer.echo(f"error: {line}", err=True)
        raise typer.Exit(1) from None


def _expected() -> tuple[type[Exception], ...]:
    """Errors whose texts are written to be read by the person at the keyboard."""
    from audit import checkpoint
    from audit.log import AuditUnavailable
    from audit.publish import LossRefused
    from audit.record import RecordInvalid
    from connectors.base import ConnectorError
    from connectors.manifest import ManifestError
    from hub.auditing import NoLog
    from hub.auth import KeysRefused
    from hub.errors import HubError
    from hub.graph import GraphWriteError
    from hub.jars import JarsUnavailable
    from hub.keyfile import KeyRefused
    from hub.localgraph import LocalGraphError
    from hub.sample import SampleRefused
    from hub.settings import SettingsError
    from policies.source import PolicyFileError
    from policies.versions import PolicyStoreError

    return (
        AuditUnavailable,
        ConnectorError,
        GraphWriteError,
        HubError,
        JarsUnavailable,
        KeyRefused,
        KeysRefused,
        LocalGraphError,
        LossRefused,
        ManifestError,
        NoLog,
        PolicyFileError,
        PolicyStoreError,
        RecordInvalid,
        SampleRefused,
        SettingsError,
        Refused,
        checkpoint.KeyRefused,
    )


class Refused(RuntimeError):
    """A command cannot do what it was asked; the text is the line to show."""


@contextmanager
def progress_bar() -> Iterator[Callable[[str, int, int], None]]:
    """A call that shows (what, done, total) as a bar on a terminal, and as nothing elsewhere."""
    if not sys.stderr.isatty():
        yield lambda what, done, total: None
        return
    from rich.console import Console
    from rich.progress import Progress, TaskID

    with Progress(console=Console(stderr=True), transient=True) as bars:
        tasks: dict[str, TaskID] = {}

        def show(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = bars.add_task(what, total=total)
            bars.update(tasks[what], completed=done, total=total)

        yield show


@contextmanager
def row_counter() -> Iterator[Report]:
    """A call that shows (stream, rows so far) on a terminal, and nothing elsewhere."""
    with progress_bar() as show:

        def report(stream: str, rows: int) -> None:
            show(stream, rows, max(rows, 1))

        yield report


def json_object(text: str | None) -> dict[str, Any]:
    """The object that `--variables` holds, read as strictly as a request; raises Refused."""
    from hub.strict_json import NotStrict, loads

    try:
        found = loads((text or "{}").encode())
    except NotStrict as wrong:
        raise Refused(f"--variables: {wrong}") from None
    if not isinstance(found, dict):
        raise Refused("--variables is not a JSON object")
    return found
