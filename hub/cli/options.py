"""All commands name their common options alike, and end alike when refused: one line, exit code 1."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from hub.home.settings import Settings

Home = Annotated[Path | None, typer.Option(help="Data folder of this hub (or SLUICEGATE_HOME; default .sluicegate).")]
Port = Annotated[int | None, typer.Option(help="Port of the hub (or SLUICEGATE_PORT; default 8600).")]
Json = Annotated[bool, typer.Option("--json", help="Machine output.")]


def open_settings(home: Path | None = None, port: int | None = None) -> Settings:
    """Settings of the environment, with what a command was given taking precedence."""
    from hub.home.settings import Settings

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
    from hub.errors import HubError
    from hub.graph.driver import GraphWriteError
    from hub.graph.jars import JarsUnavailable
    from hub.graph.local import LocalGraphError
    from hub.home.audit_log import NoLog
    from hub.home.key_files import KeyRefused
    from hub.home.settings import SettingsError
    from hub.request.auth import KeysRefused
    from hub.sample import SampleRefused
    from policies.strict_yaml import PolicyFileError
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


def json_object(text: str | None) -> dict[str, Any]:
    """The object that `--variables` holds, read as strictly as a request; raises Refused."""
    from hub.home.strict_json import NotStrict, loads

    try:
        found = loads((text or "{}").encode())
    except NotStrict as wrong:
        raise Refused(f"--variables: {wrong}") from None
    if not isinstance(found, dict):
        raise Refused("--variables is not a JSON object")
    return found
