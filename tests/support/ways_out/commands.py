"""Runs the commands that let something out, in the home of the hub, and keeps what they print and write."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from typer.testing import CliRunner, Result

from hub.cli.main import app
from tests.support.serving import COUNTY
from tests.support.ways_out.coverage import COMMANDS, Command
from tests.support.ways_out.probes import Probes, operation
from tests.support.ways_out.rules import Asker
from tests.support.ways_out.scene import Scene

OF_AN_ASKER = ("query", "policy explain")
"""Commands that let out what an asker may see."""


@dataclass(frozen=True)
class Ran:
    """One run of a command: what it printed and what it wrote, or why it did not end well."""

    command: str
    code: int
    content: bytes


def run_all(scene: Scene, folder: Path) -> Iterator[Ran]:
    """Each command of the table that lets out nothing of the graph to anybody."""
    for name, each in COMMANDS.items():
        if isinstance(each, Command) and name not in OF_AN_ASKER:
            yield from run(scene, name, each, scene.askers[-1], folder)


def run(scene: Scene, name: str, command: Command, asker: Asker, folder: Path) -> Iterator[Ran]:
    """Each way of calling a command that the table names, for an asker."""
    known = _known(scene, asker)
    for number, arguments in enumerate(command.arguments):
        out = folder / f"{name.replace(' ', '-')}-{asker.purpose}-{number}"
        given = [each.format_map({**known, "out": str(out)}) for each in arguments]
        account = ["--as", command.account] if command.account else []
        words = [*name.split(), *given, *account]
        done = CliRunner().invoke(app, words, input=command.stdin.format_map(known), env=_environment(scene, asker))
        yield Ran(" ".join(words), done.exit_code, _printed(done) + _written(out))


def _known(scene: Scene, asker: Asker) -> Mapping[str, str]:
    person = scene.canaries.catalogue.entity("Person")
    whole = next(iter(Probes(scene.served.hub.schema, scene.canaries, asker).wholes()))
    return {
        "app": asker.application,
        "purpose": asker.purpose,
        "document": operation([whole])[0],
        "person": scene.canaries.value(person, "here", "idNumber"),
        "index": str(len(scene.served.records()) - 1),
        "size": scene.served.client.get("/audit/checkpoint").text.splitlines()[1],
        "sources": str(COUNTY.parent / "sources"),
        "policies": str(scene.policies),
        "url": f"http://127.0.0.1:{scene.served.port}",
    }


def _environment(scene: Scene, asker: Asker) -> Mapping[str, str]:
    settings = scene.served.hub.settings
    return {
        "SLUICEGATE_HOME": str(settings.home),
        "SLUICEGATE_PORT": str(settings.port),
        "SLUICEGATE_POLICIES": str(scene.policies),
        "SLUICEGATE_GRAPH_URL": scene.address.url,
        "SLUICEGATE_GRAPH_PASSWORD": scene.address.password,
        "SLUICEGATE_LOCAL_STEWARDS": "1",
        "SLUICEGATE_TOKEN": scene.headers(asker)["Authorization"].removeprefix("Bearer "),
    }


def _printed(done: Result) -> bytes:
    fault = repr(done.exception).encode() if done.exception is not None else b""
    return b"\n".join((done.stdout_bytes, done.stderr_bytes or b"", fault))


def _written(out: Path) -> bytes:
    files = sorted(each for each in (out, *out.rglob("*")) if each.is_file()) if out.exists() else []
    return b"\n".join(each.read_bytes() for each in files)
