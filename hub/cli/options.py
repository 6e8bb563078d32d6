"""The options that commands share, and the one way in which a command refuses.

A refusal is one line on standard error that begins with `error: `, and exit code 1.
"""

from __future__ import annotations

import errno
import os
import shlex
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer
from typer.core import TyperCommand

from hub.terminal import escape_unprintable

if TYPE_CHECKING:
    from hub.home.settings import Settings

Home = Annotated[Path | None, typer.Option(help="Data folder of this hub (default: SLUICEGATE_HOME, or .sluicegate).")]
Port = Annotated[int | None, typer.Option(help="Port of the hub (default: SLUICEGATE_PORT, or 8600).")]
MAX_NUMBER = 2**63 - 1
"""The largest index of a record that a store of the log can be asked for."""
Json = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]

Data = Annotated[
    Path | None, typer.Option(help="Folder that ${DATA} stands for (default: the running demo's, or county).")
]
SourcesFolder = Annotated[
    Path | None,
    typer.Option("--sources", help="Folder of source files (default: the running demo's, or examples/county/sources)."),
]
Variables = Annotated[list[str] | None, typer.Option("--set", help="NAME=VALUE, for ${NAME} in a source file.")]
SOURCES = Path("examples/county/sources")


As = Annotated[
    str | None,
    typer.Option(
        "--as", help="An account of `stewards:`, believed without a sign-in only under SLUICEGATE_LOCAL_STEWARDS=1."
    ),
]


class NamesStrayArguments(TyperCommand):
    """A command that tells an argument that is too many also if an option is missing: it is meant for that option."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """As every command parses them."""
        given = list(args)
        try:
            return super().parse_args(ctx, args)
        except typer.BadParameter as wrong:
            options, stray, _ = self.make_parser(ctx).parse_args(args=given)
            if not stray or wrong.param is None or wrong.param.name in options:
                raise
            meant = shlex.join([wrong.param.opts[0], stray[0]])
            text = f"{wrong.format_message()} Too many arguments: {shlex.join(stray)}; did you mean {meant}?"
            cast("typer.Context", ctx).fail(escape_unprintable(text))


class Refused(RuntimeError):
    """A command cannot do what it was asked; the text is the line to show."""


def open_settings(home: Path | None = None, port: int | None = None) -> Settings:
    """The settings of the environment; what the command line gives comes first. Raises SettingsError."""
    from hub.home.settings import Settings

    given = {"home": home, "port": port}
    return Settings.load(**{name: value for name, value in given.items() if value is not None})


@dataclass(frozen=True, slots=True)
class Given:
    """What a command that pulls was given."""

    settings: Settings
    folder: Path
    data: Path
    variables: dict[str, str]


def given_pull(home: Path | None, folder: Path | None, data: Path | None, variables: Sequence[str] | None) -> Given:
    """What a command was given, with a running demo's; its secrets go into the environment. Raises Refused."""
    from hub.ingest.source_locations import read_source_locations

    settings = open_settings(home)
    demo = read_source_locations(settings)
    folder = folder or (Path(demo.sources) if demo else SOURCES)
    if not folder.is_dir():
        raise Refused(f"{folder} is no folder here; name that of your source files with --sources")
    for name, secret in (demo.secrets if demo else {}).items():
        os.environ.setdefault(name, secret)
    filled = {**(demo.variables if demo else {}), **dict(name_and_value(text) for text in variables or [])}
    return Given(settings, folder, data or Path(demo.data if demo else "county"), filled)


def check_sources(given: Given) -> None:
    """Load the source files, before anything is started for them; no variable and no secret of theirs is needed.

    Raises ManifestError, and YamlFileError for a slice.
    """
    from connectors.sources import NONE, load_sources
    from hub.home.catalogue import catalogue_of

    load_sources(given.folder, catalogue_of(given.settings), {}, NONE)


def name_and_value(text: str) -> tuple[str, str]:
    """What `NAME=VALUE` of an option says; raises typer.BadParameter."""
    name, separator, value = text.partition("=")
    if not separator or not name:
        raise typer.BadParameter("write NAME=VALUE")
    return name, value


def folder_named(folder: Path) -> Path:
    """The folder; Refused where a version is named in its place."""
    if not folder.is_dir() and (str(folder).casefold() == "current" or str(folder).isdecimal()):
        raise Refused(
            f"a folder is read here, and {folder} names a version; write its files into one first: "
            f"`sluicegate policy export {folder} --out FOLDER`"
        )
    return folder


def require_graph(settings: Settings) -> None:
    """Raise Refused in a folder without a graph: an answer about an empty one would be believed."""
    if settings.graph_url is None and not settings.graph_folder.exists():
        raise Refused(
            f"there is no graph in {settings.home}; name the home of your hub with --home or SLUICEGATE_HOME, or pull "
            "first"
        )


def json_object(text: str | None) -> dict[str, Any]:
    """The object that `--variables` holds, read as strictly as a request; raises Refused."""
    from hub.home.strict_json import NotStrict, loads

    try:
        value = loads(os.fsencode(text or "{}"))
    except NotStrict as wrong:
        raise Refused(f"--variables: {wrong}") from None
    if not isinstance(value, dict):
        raise Refused("--variables is not a JSON object")
    return value


@contextmanager
def exit_on_refusal() -> Iterator[None]:
    """End the command with its message and exit code 1 where an error has a text for the user; pass on all others.

    A file or folder that cannot be used is named with the system's reason.
    """
    try:
        yield
    except refusals() as refusal:
        for line in str(refusal).strip().splitlines() or [type(refusal).__name__]:
            typer.echo(f"error: {line}", err=True)
        raise typer.Exit(1) from None
    except OSError as failure:
        if failure.filename is None or failure.strerror is None:  # not about a file that was named
            raise
        typer.echo(f"error: {escape_unprintable(_describe(failure))}", err=True)
        raise typer.Exit(1) from None


def _describe(failure: OSError) -> str:
    """What the system refused, where, whose it is, and what to do."""
    from hub.home.settings import account_name

    text = f"{failure.filename}: {failure.strerror}"
    if isinstance(failure, PermissionError):
        owner = next((stat.st_uid for place in _and_above(failure.filename) if (stat := _stat(place))), None)
        whose = f"it belongs to {account_name(owner)}; " if owner is not None else ""
        return f"{text}; {whose}run the command as its owner, or name another folder"
    if failure.errno == errno.EROFS:
        return f"{text}; mount it for writing, or name another folder, such as with --home"
    if failure.errno in {errno.ENOSPC, errno.EDQUOT}:
        return f"{text}; free some room there"
    return text


def _and_above(name: object) -> list[Path]:
    path = Path(os.fsdecode(name)) if isinstance(name, str | bytes) else Path(str(name))
    return [path, *path.absolute().parents]


def _stat(path: Path) -> os.stat_result | None:
    try:
        return path.stat()
    except OSError:
        return None


def refusals() -> tuple[type[Exception], ...]:
    """The errors whose texts are written for the person at the keyboard."""
    from audit import checkpoint
    from audit.accept_loss import LossRefused
    from audit.log import AuditUnavailable
    from audit.record import RecordInvalid
    from connectors.base import ConnectorError
    from connectors.manifest import ManifestError
    from hub.errors import HubError
    from hub.graph.driver import GraphWriteError
    from hub.graph.jars import JarsUnavailable
    from hub.graph.loaded_catalogue import CatalogueMisfit
    from hub.graph.local import LocalGraphError
    from hub.home.audit_log import NoLog
    from hub.home.key_files import KeyRefused
    from hub.home.running_hub import CannotServe, HubNotFound
    from hub.home.settings import SettingsError
    from hub.home.sign_in import SignInRefused
    from hub.ingest.purging.recorded_purge import PurgeRefused
    from hub.request.auth import KeysRefused
    from hub.sample.generate import SampleRefused
    from policies.versions import PolicyStoreError
    from schema.strict_yaml import YamlFileError

    return (
        AuditUnavailable,
        CannotServe,
        CatalogueMisfit,
        ConnectorError,
        GraphWriteError,
        HubError,
        HubNotFound,
        JarsUnavailable,
        KeyRefused,
        KeysRefused,
        LocalGraphError,
        LossRefused,
        ManifestError,
        NoLog,
        YamlFileError,
        PolicyStoreError,
        PurgeRefused,
        RecordInvalid,
        SampleRefused,
        SettingsError,
        SignInRefused,
        Refused,
        checkpoint.KeyRefused,
    )
